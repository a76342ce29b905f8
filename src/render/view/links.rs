//! From a place to an address a browser can open, and to how sure the scan is of it; what was there before a change.

use std::collections::{BTreeSet, HashMap};

use crate::facts::Locus;
use crate::facts::code::Confidence;
use crate::render::RenderOptions;
use crate::render::escape::is_web;
use crate::scorecard::Scorecard;

/// Knows repository and commit, and the calls the scan found.
pub(crate) struct Links {
    pattern: Option<String>,
    confidence: HashMap<(String, u32), Confidence>,
    known: BTreeSet<String>,
}

impl Links {
    /// Without a repository address or without the commit that was scanned there are no links: a link to a
    /// moving branch would show other lines than the ones reported.
    pub fn new(card: &Scorecard, options: &RenderOptions) -> Self {
        let commit = card.inventory.code.value().and_then(|c| c.repository.commit.as_deref());
        let pattern = options.repo_url.as_deref().filter(|url| is_web(url)).zip(commit).map(|(url, commit)| {
            let url = url.trim_end_matches('/').trim_end_matches(".git");
            let pattern = if url.contains("{path}") {
                url.to_owned()
            } else if url.contains("gitlab") {
                format!("{url}/-/blob/{{commit}}/{{path}}#L{{line}}")
            } else {
                format!("{url}/blob/{{commit}}/{{path}}#L{{line}}")
            };
            pattern.replace("{commit}", &encode(commit))
        });
        let sites = card.inventory.code.value().into_iter().flat_map(|code| &code.sites);
        // Where a line holds several calls, the least sure one counts.
        let mut confidence = HashMap::new();
        for site in sites {
            let known = confidence.entry((site.path.clone(), site.line)).or_insert(site.confidence);
            *known = site.confidence.max(*known);
        }
        let known = card.baseline.as_ref().map(|b| b.known.clone()).unwrap_or_default();
        Self { pattern, confidence, known }
    }

    /// The address of a line.
    pub fn code(&self, path: &str, line: u32) -> Option<String> {
        let pattern = self.pattern.as_deref()?;
        // The line first: a path may hold any text, `{line}` among it.
        Some(pattern.replace("{line}", &line.max(1).to_string()).replace("{path}", &encode(path)))
    }

    /// Whether a finding was there before the change that is judged.
    pub fn was_there(&self, fingerprint: &str) -> bool {
        self.known.contains(fingerprint)
    }

    /// What makes a statement about this place credible, in words.
    pub fn confidence(&self, locus: &Locus) -> Option<&'static str> {
        match locus {
            Locus::Source { path, line, .. } => {
                self.confidence.get(&(path.clone(), *line)).map(|confidence| match confidence {
                    Confidence::Proven => "proven: the call is the SDK’s",
                    Confidence::Likely => "likely: the call and the imports fit, its type is not known",
                    Confidence::Possible => "possible: only the name of the call fits",
                })
            }
            Locus::File { .. } => None,
            Locus::Live { .. } => Some("read from the cluster"),
            Locus::Attested { .. } => Some("a person’s word"),
        }
    }

    /// The address of a place, when it has one.
    pub fn locus(&self, locus: &Locus) -> Option<String> {
        match locus {
            Locus::Source { path, line, .. } => self.code(path, *line),
            Locus::Attested { link: Some(link), .. } if is_web(link) => Some(link.clone()),
            _ => None,
        }
    }
}

/// Percent-encode a path, `/` kept.
pub(in crate::render) fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
