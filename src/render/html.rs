//! The report to hand over: one file, readable without network and without scripts.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{RenderOptions, templates, view::Report};
use crate::judge::Scorecard;
use crate::ui::Problem;

/// The report, and the one script that may run in it.
#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    report: Report,
    script: String,
    /// `sha256-…` for the content security policy: whatever a name in the report contains, no other script runs.
    script_hash: String,
}

/// Render the HTML report.
pub(super) fn render(card: &Scorecard, options: &RenderOptions) -> Result<String, Problem> {
    let folder = options.template_dir.as_deref();
    let script = templates::text("report.js", folder)?;
    let script_hash = format!("sha256-{}", base64(&Sha256::digest(script.as_bytes())));
    templates::render("report.html", &Page { report: Report::new(card, options), script, script_hash }, folder)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, i| bits << 8 | chunk.get(i).map_or(0, |b| usize::from(*b)));
        for i in 0..4 {
            let letter = ALPHABET.get(bits >> (18 - 6 * i) & 63).copied().unwrap_or(b'=');
            out.push(if i <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_of_the_standard() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
