//! Private keys in the tree: in key files and in source text, whether or not anything else is asked of the file.

use memchr::memmem;

use super::lang::FrontEnd;
use super::scope;
use crate::facts::code::Hazard;

/// The hazard found here, as rules name it.
pub const HAZARD: &str = "private-key";

/// What the first line of a private key in PEM form ends with.
const MARKER: &[u8] = b"PRIVATE KEY-----";

/// What that line begins with.
const BEGIN: &[u8] = b"-----BEGIN ";

/// The longest algorithm that may stand between the two, `ENCRYPTED ` and `OPENSSH ` among them.
const ALGORITHM: usize = 16;

/// So many characters of Base64 in a row are no word of a program. Lines of a key have 64.
const BASE64: usize = 32;

/// A file that is there for keys and certificates: the marker is enough.
pub fn in_key_file(path: &str, bytes: &[u8]) -> Option<Hazard> {
    memmem::find(bytes, MARKER).map(|_| hazard(path, 1, "", None))
}

/// Keys written into source text. A marker alone, which code that reads keys has, is none.
pub fn in_source(path: &str, bytes: &[u8], front: Option<&dyn FrontEnd>) -> Vec<Hazard> {
    let starts = memmem::find_iter(bytes, MARKER).filter(|at| begins_key(bytes, *at));
    let lines: Vec<u32> = starts.map(|at| 1 + memchr::memchr_iter(b'\n', before(bytes, at)).count() as u32).collect();
    if lines.is_empty() {
        return vec![];
    }
    let text = String::from_utf8_lossy(bytes);
    lines.into_iter().map(|line| hazard(path, line, &text, front)).collect()
}

/// A key never reaches a report, not even as a snippet.
fn hazard(path: &str, line: u32, text: &str, front: Option<&dyn FrontEnd>) -> Hazard {
    Hazard {
        id: HAZARD.into(),
        detail: "a private key is in the tree".into(),
        path: path.to_owned(),
        line,
        scope: scope::classify(path, text, front),
        snippet: None,
    }
}

fn before(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(..at).unwrap_or_default()
}

/// Whether the marker at `at` opens a key, and something of the key follows.
fn begins_key(bytes: &[u8], at: usize) -> bool {
    let head = before(bytes, at);
    let head = head.get(head.len().saturating_sub(BEGIN.len() + ALGORITHM)..).unwrap_or_default();
    let Some(begin) = memmem::rfind(head, BEGIN) else { return false };
    let algorithm = head.get(begin + BEGIN.len()..).unwrap_or_default();
    if !algorithm.iter().all(|b| b.is_ascii_uppercase() || *b == b' ') {
        return false;
    }
    let mut rest = bytes.get(at + MARKER.len()..).unwrap_or_default();
    while let Some(after) = rest.strip_prefix(b"\\n").or_else(|| rest.strip_prefix(b"\\r")) {
        rest = after;
    }
    // In the same literal, right behind the marker.
    if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return true;
    }
    // On the next line, or in the next of several literals.
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b'n' | b'r', after @ ..]) => after,
            (b'\\' | b'"' | b'\'' | b'`' | b'+' | b',' | b'.' | b'#' | b'/' | b'*', _) => after,
            (space, _) if space.is_ascii_whitespace() => after,
            _ => break,
        };
    }
    let base64 = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).count();
    base64 >= BASE64 || rest.starts_with(b"Proc-Type:")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";

    fn lines(text: &str) -> Vec<u32> {
        in_source("a.go", text.as_bytes(), None).iter().map(|h| h.line).collect()
    }

    #[test]
    fn a_key_is_found_however_it_is_written() {
        for text in [
            format!("x\nkey = `-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----`"),
            format!("x\nkey = \"\"\"-----BEGIN RSA PRIVATE KEY-----\r\n    {BODY}"),
            format!("x\nkey = \"-----BEGIN EC PRIVATE KEY-----\\n{BODY}\\n-----END\""),
            format!("x\nkey = \"-----BEGIN PRIVATE KEY-----\\n\" +\n  \"{BODY}\\n\""),
            format!("x\n[\"-----BEGIN PRIVATE KEY-----\", \"{BODY}\"].join(\"\\n\")"),
            "x\n\"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n".to_owned(),
            "x\n\"-----BEGIN PRIVATE KEY-----s3cr3t\"".to_owned(),
        ] {
            assert_eq!(lines(&text), [2], "{text}");
        }
        let two = format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n");
        assert_eq!(lines(&two.repeat(2)), [1, 4]);
    }

    #[test]
    fn a_marker_alone_is_no_key() {
        for text in [
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\n",
            "-----END PRIVATE KEY-----s3cr3t",
            "strings.Contains(text, \"PRIVATE KEY-----\")",
            "if text.startswith(\"-----BEGIN PRIVATE KEY-----\"):\n    return True",
            "const begin = \"-----BEGIN PRIVATE KEY-----\"\nconst end = \"-----END PRIVATE KEY-----\"",
            "// A line of -----BEGIN PRIVATE KEY----- opens it\nfunc f() {}",
            "f\"-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----\"",
            "fmt.Sprintf(\"-----BEGIN PRIVATE KEY-----\\n%s\", body)",
            "`-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----`",
        ] {
            assert!(lines(text).is_empty(), "{text}");
        }
    }
}
