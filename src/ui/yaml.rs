//! YAML the user wrote, with errors that point at the place.

use serde::de::DeserializeOwned;
use serde_saphyr::Location;

use super::{Place, Problem};

/// Parse `text`; an error is a usage problem with a caret in `path`.
pub fn parse<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Problem> {
    serde_saphyr::from_str(text).map_err(|error| refusal(path, text, &error))
}

/// Like [`parse`], for files that hold untyped values: `y`, `no`, `on`, `007` and `1_000` are text there (YAML 1.2).
pub fn parse_strict<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Problem> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| refusal(path, text, &error))
}

fn refusal(path: &str, text: &str, error: &serde_saphyr::Error) -> Problem {
    let said = error.without_snippet().to_string();
    let said = said.split(" at line ").next().unwrap_or(&said).trim_end_matches(',').to_owned();
    let problem = Problem::usage(format!("{path} is not valid"));
    match error.location() {
        Some(location) => problem.at(place(path, text, &location, said)),
        None => problem.note(said),
    }
}

/// A place in `text` for a value that was read with [`serde_saphyr::Spanned`].
pub fn place(path: &str, text: &str, location: &Location, label: impl Into<String>) -> Place {
    let span = location.span();
    let start = span.byte_offset().map_or_else(|| line_start(text, location.line()), |b| b as usize).min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    // A caret under a whole block is unreadable: the first line of it says enough.
    let line = rest.split('\n').next().map_or(0, str::len);
    let len = span.byte_len().map_or(1, |l| l as usize).clamp(1, line.max(1));
    Place { path: path.to_owned(), source: text.to_owned(), span: start..start + len, label: label.into() }
}

/// 1-based line as the facts store it.
pub fn line(location: &Location) -> u32 {
    u32::try_from(location.line()).unwrap_or(0)
}

fn line_start(text: &str, line: u64) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code)]
        window: Option<String>,
    }

    #[test]
    fn an_unknown_key_is_shown_with_a_caret() {
        let problem = parse::<Sample>("preflight.yaml", "# plan\nwindw: x\n").unwrap_err();
        assert_eq!(problem.code, 2);
        let shown = problem.to_string();
        assert!(shown.contains("preflight.yaml:2:1"), "{shown}");
        assert!(shown.contains("windw") && shown.contains('^'), "{shown}");
    }

    #[test]
    fn broken_syntax_is_shown_with_a_caret() {
        let shown = parse::<Sample>("preflight.yaml", "window: [1, 2\nx: }").unwrap_err().to_string();
        assert!(shown.contains("preflight.yaml:") && shown.contains('^'), "{shown}");
    }
}
