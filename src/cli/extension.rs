//! The command line as `temporal` hands it to an extension.

use std::ffi::OsString;

/// Global options of the official CLI (`temporal options`, 1.9) that have a value. When it runs an extension it
/// puts them first, wherever they were written: `temporal preflight check -o json` arrives as `-o json check`.
const WITH_VALUE: [&str; 12] = [
    "--client-connect-timeout",
    "--color",
    "--command-timeout",
    "--config-file",
    "--env",
    "--env-file",
    "--log-format",
    "--log-level",
    "--output",
    "-o",
    "--profile",
    "--time-format",
];

/// Such options back behind the command they belong to.
pub(super) fn in_order(mut words: Vec<OsString>) -> Vec<OsString> {
    let mut moved = vec![];
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()).filter(|word| word.starts_with('-')) {
        let (name, has_value) = word.split_once('=').map_or((word, false), |(name, _)| (name, true));
        if !WITH_VALUE.contains(&name) {
            at += 1;
            continue;
        }
        let end = if has_value { at + 1 } else { (at + 2).min(words.len()) };
        moved.extend(words.drain(at..end));
    }
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, moved);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_official_cli_puts_first_goes_behind_the_command() {
        let ordered = |line: &str| {
            let words = in_order(line.split(' ').map(OsString::from).collect());
            words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        };
        for (given, expected) in [
            ("tp -o json --color=never check . --report sarif=x", "tp check . --report sarif=x -o json --color=never"),
            ("tp --output csv rules list", "tp rules list --output csv"),
            ("tp --config-file scan scan", "tp scan --config-file scan"),
            ("tp -q -o json check -- -odd", "tp -q check -o json -- -odd"),
            ("tp check -o json", "tp check -o json"),
            ("tp --version", "tp --version"),
            ("tp --color", "tp --color"),
            ("tp", "tp"),
        ] {
            assert_eq!(ordered(given), expected);
        }
    }
}
