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
    let mut label: String = label.into();
    let source = redact(text);
    if source.get(start..start + rest.split('\n').next().map_or(0, str::len)) != rest.split('\n').next() {
        // What is wrong with a secret is said without repeating it.
        label = without_value(&label);
    }
    Place { path: path.to_owned(), source, span: start..start + len, label }
}

/// The same text with the values of keys blanked that hold secrets in some tool's configuration: it is shown in an
/// error, and errors end up in logs. Byte offsets stay as they are.
fn redact(text: &str) -> String {
    const SECRET: [&str; 10] = [
        "api_key",
        "api-key",
        "apikey",
        "grpc_meta",
        "authorization",
        "token",
        "password",
        "key_data",
        // An address that may hold a password, and headers.
        "prometheus",
        "headers",
    ];
    let mut out = String::with_capacity(text.len());
    // Lines that are indented further than a secret key belong to its value.
    let mut below: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if below.is_some_and(|of| indent <= of && !line.trim().is_empty()) {
            below = None;
        }
        let lower = line.to_ascii_lowercase();
        // `api_key_env` names a variable, and no secret.
        let named = SECRET.iter().flat_map(|key| lower.match_indices(key).map(|(at, key)| at + key.len()));
        let after = named.filter(|end| !lower.get(*end..).is_some_and(|rest| rest.starts_with("_env"))).min();
        let from = match (below, after) {
            (Some(_), _) => 0,
            (None, Some(end)) => {
                below = Some(indent);
                end + line.get(end..).and_then(|rest| rest.find([':', '='])).map_or(0, |colon| colon + 1)
            }
            (None, None) => line.len(),
        };
        for (at, c) in line.char_indices() {
            if at < from || c.is_whitespace() {
                out.push(c);
            } else {
                out.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
        }
    }
    out
}

/// `invalid type: string "s3cret", expected …` without the value.
pub fn without_value(text: &str) -> String {
    if !text.starts_with("invalid ") {
        return text.to_owned();
    }
    let value = text.find(['"', '`']).zip(text.rfind(", expected")).filter(|(from, to)| from < to);
    match value.and_then(|(from, to)| text.get(..from).zip(text.get(to..))) {
        Some((head, tail)) => format!("{head}…{tail}"),
        None => text.to_owned(),
    }
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
    fn a_secret_in_the_file_is_not_shown() {
        for text in [
            "source:\n  api_key: s3cret\n",
            "source: {address: x, api_key: s3cret}\n",
            "source: {grpc_meta: {authorization: \"Bearer s3cret\"}, adress: x}\n",
            "grpc_meta:\n  x-auth: s3cret\nwindw: x\n",
            "api_key: |\n  s3cret\n  more\n",
            "window: [\ntoken: s3cret\n",
        ] {
            let shown = parse::<Sample>("preflight.yaml", text).unwrap_err().to_string();
            assert!(!shown.contains("s3cret"), "{shown}");
            assert!(shown.contains("preflight.yaml"), "{shown}");
        }
        #[derive(Debug, serde::Deserialize)]
        struct Meta {
            #[allow(dead_code)]
            grpc_meta: std::collections::BTreeMap<String, String>,
        }
        let shown = parse::<Meta>("preflight.yaml", "grpc_meta: s3cret\n").unwrap_err().to_string();
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(
            without_value("invalid type: integer `42`, expected a string"),
            "invalid type: integer …, expected a string"
        );
        assert_eq!(
            without_value("unknown field `adress`, expected `address`"),
            "unknown field `adress`, expected `address`"
        );
        let same = "source: {address: x, api_key_env: NAME}\n";
        assert_eq!(redact(same), same);
    }

    #[test]
    fn broken_syntax_is_shown_with_a_caret() {
        let shown = parse::<Sample>("preflight.yaml", "window: [1, 2\nx: }").unwrap_err().to_string();
        assert!(shown.contains("preflight.yaml:") && shown.contains('^'), "{shown}");
    }
}
