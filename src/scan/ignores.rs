//! Comments that accept findings: `preflight: ignore[rule-id] until=2026-12-31 -- reason`.
//!
//! They are found by their text and not by grammar, so that every file costs one search and a file that cannot be
//! parsed keeps its comments. At the end of a line of code a comment speaks of that line; on a line of its own, of the
//! next line of code. A call that goes on over several lines is meant as a whole.

use super::lang::FrontEnd;
use super::scope;
use crate::facts::code::InlineIgnore;

/// The word every such comment holds.
const WORD: &str = "preflight:";

/// How far a call over several lines is followed.
const LINES: usize = 30;

/// The comments of a file.
pub fn find(path: &str, bytes: &[u8], front: &dyn FrontEnd) -> Vec<InlineIgnore> {
    if memchr::memmem::find(bytes, WORD.as_bytes()).is_none() {
        return vec![];
    }
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let kind = scope::classify(path, &text, Some(front));
    let mut found = vec![];
    for (at, line) in lines.iter().enumerate() {
        let Some((code, comment)) = comment(line, front.language() == "python") else { continue };
        let Some(rest) = wanted(comment) else { continue };
        let target = match code.trim().is_empty() {
            false => Some(at),
            true => (at + 1..lines.len()).find(|i| lines.get(*i).is_some_and(|l| is_code(l))),
        };
        let (first, last) = target.map_or((0, 0), |first| (number(first), number(end(&lines, first))));
        let mut ignore = InlineIgnore {
            path: path.to_owned(),
            line: number(at),
            first,
            last,
            rules: vec![],
            until: None,
            owner: None,
            reason: None,
            flaw: None,
            scope: kind,
        };
        read(rest, &mut ignore);
        found.push(ignore);
    }
    found
}

fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// The code of a line and its comment, when that is about to ignore something.
fn comment(line: &str, hash: bool) -> Option<(&str, &str)> {
    let at = line.find(WORD)?;
    let (before, comment) = line.split_at(at);
    let before = before.trim_end().trim_end_matches("temporal-").trim_end();
    let opening: &[&str] = if hash { &["#"] } else { &["//", "///", "//!", "/*", "/**"] };
    let code = opening.iter().filter_map(|open| before.strip_suffix(open)).min_by_key(|code| code.len());
    let code = code.or_else(|| before.strip_suffix('*').filter(|rest| !hash && rest.trim().is_empty()))?;
    // An odd number of quotes before it: it stands in a string.
    let inside = ['"', '`', '\''].iter().any(|quote| code.matches(*quote).count() % 2 == 1);
    (!inside).then_some((code.trim_end_matches('{'), comment))
}

/// What follows `preflight: ignore`, without the end of the comment.
fn wanted(comment: &str) -> Option<&str> {
    let rest = comment.strip_prefix(WORD)?.trim_start().strip_prefix("ignore")?;
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let rest = rest.split("*/").next().unwrap_or(rest);
    Some(rest.trim())
}

fn read(rest: &str, ignore: &mut InlineIgnore) {
    let Some((rules, rest)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        ignore.flaw = Some("it names no rule in brackets, as in `ignore[rule-id]`".to_owned());
        return;
    };
    ignore.rules = rules.split(',').map(str::trim).filter(|r| !r.is_empty()).map(str::to_owned).collect();
    let (head, reason) =
        match [" -- ", " — ", " – "].iter().find_map(|dash| format!("{rest} ").find(dash).map(|at| (at, dash))) {
            Some((at, dash)) => (rest.get(..at).unwrap_or(rest), rest.get(at + dash.len()..).unwrap_or_default()),
            None => (rest, ""),
        };
    ignore.reason = Some(reason.trim().to_owned()).filter(|r| !r.is_empty());
    for word in head.split_whitespace() {
        match word.split_once('=') {
            Some(("until", date)) => match date.parse() {
                Ok(date) => ignore.until = Some(date),
                Err(_) => ignore.flaw = Some(format!("`{date}` is no day; write until=2026-12-31")),
            },
            Some(("owner", owner)) if !owner.is_empty() => ignore.owner = Some(owner.to_owned()),
            _ => ignore.flaw = Some(format!("`{word}` is not understood; the reason stands behind ` -- `")),
        }
    }
}

/// Whether a line is more than a comment or an empty one.
fn is_code(line: &str) -> bool {
    let line = line.trim_start();
    let comment = ["//", "#", "/*", "* ", "*/", "{/*"].iter().any(|open| line.starts_with(open)) || line == "*";
    // An attribute of Rust begins like a comment of Python.
    !line.is_empty() && (!comment || line.starts_with("#["))
}

/// The last line of what begins in a line: while brackets are open, or the next line goes on.
fn end(lines: &[&str], first: usize) -> usize {
    let mut depth = 0_i64;
    let mut last = first;
    for (i, line) in lines.iter().enumerate().skip(first).take(LINES) {
        let count = |open: char, close: char| line.matches(open).count() as i64 - line.matches(close).count() as i64;
        depth += count('(', ')') + count('[', ']');
        last = i;
        let trimmed = line.trim_end();
        let goes_on = depth > 0
            || trimmed.ends_with(['.', '\\', '=', ','])
            || lines.get(i + 1).is_some_and(|next| next.trim_start().starts_with(['.', '?']));
        if !goes_on {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::lang;

    fn found(path: &str, text: &str) -> Vec<InlineIgnore> {
        find(path, text.as_bytes(), lang::for_path(path).unwrap())
    }

    #[test]
    fn a_comment_of_every_language_says_what_it_accepts() {
        const SAID: &str = "preflight: ignore[starter-outside-factory] until=2026-12-31 -- retired in OPS-812";
        for (path, text) in [
            ("jobs/a.go", format!("// {SAID}\nrun()\n")),
            ("jobs/a.go", format!("/* {SAID} */\nrun()\n")),
            ("src/a.ts", format!("{{/* {SAID} */}}\nrun()\n")),
            ("src/a.rs", format!("/// {SAID}\nrun();\n")),
            ("src/a.rs", format!("/*\n * {SAID}\n */\nrun();\n")),
            ("src/a.py", format!("# {SAID}\nrun()\n")),
            ("src/a.py", format!("# temporal-{SAID}\nrun()\n")),
        ] {
            let ignores = found(path, &text);
            let [ignore] = ignores.as_slice() else { panic!("{text}: {ignores:?}") };
            assert_eq!(ignore.rules, ["starter-outside-factory"], "{text}");
            assert_eq!(ignore.until, Some(jiff::civil::date(2026, 12, 31)), "{text}");
            assert_eq!(ignore.reason.as_deref(), Some("retired in OPS-812"), "{text}");
            assert_eq!(ignore.flaw, None, "{text}");
            let code = text.lines().position(|l| l.starts_with("run")).unwrap() as u32 + 1;
            assert_eq!((ignore.first, ignore.last), (code, code), "{text}");
        }
    }

    #[test]
    fn it_speaks_of_its_line_or_of_the_next_call_as_a_whole() {
        let own = "preflight: ignore[r] until=2026-12-31 -- x";
        for (text, lines) in [
            (format!("a()\nb() // {own}\nc()\n"), (2, 2)),
            (format!("// {own}\n\n// more\nx, err := c.\n\tExecuteWorkflow(ctx,\n\t\to)\nd()\n"), (4, 6)),
            (format!("// {own}\nif err := f(); err != nil {{\n\tg()\n}}\n"), (2, 2)),
            (format!("// {own}\nclient\n  .workflow\n  .start()\nd()\n"), (2, 4)),
            (format!("// {own}\n"), (0, 0)),
        ] {
            let ignore = found("src/a.ts", &text).pop().unwrap();
            assert_eq!((ignore.first, ignore.last), lines, "{text}");
        }
    }

    #[test]
    fn what_it_lacks_is_said_and_strings_are_no_comments() {
        for (said, flaw) in [
            ("ignore", Some("names no rule")),
            ("ignore[r] until=tomorrow -- x", Some("is no day")),
            ("ignore[r] because of OPS-1", Some("is not understood")),
            ("ignore[r, s] owner=ann until=2026-12-31 — why not", None),
        ] {
            let ignore = found("src/a.ts", &format!("a() // preflight: {said}\n")).pop().unwrap();
            assert_eq!(ignore.flaw.is_some(), flaw.is_some(), "{said}: {ignore:?}");
            assert!(flaw.is_none_or(|f| ignore.flaw.as_ref().unwrap().contains(f)), "{ignore:?}");
        }
        for text in [
            "let a = \"// preflight: ignore[r]\";\n",
            "// the word preflight: ignored things\n",
            "// see preflight: ignore[r]\n",
            "a.preflight: ignore[r]\n",
        ] {
            assert_eq!(found("src/a.ts", text), [], "{text}");
        }
    }
}
