//! Words of a POSIX shell command line.

/// One argument: as it is when harmless, else quoted, so that a schedule named `$(reboot)` stays a name.
///
/// Characters that would move a cursor or break the line are written as escapes that `printf` turns back, so that the
/// pasted command means the same name. A NUL, which no argument can hold, becomes `?`.
pub fn word(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_@%+=:,./".contains(c);
    if text.contains(char::is_control) {
        let mut escaped = String::new();
        for c in text.chars() {
            match c {
                '\0' => escaped.push('?'),
                '\\' => escaped.push_str(r"\\"),
                c if c.is_control() || c == '\'' => {
                    let mut bytes = [0; 4];
                    for byte in c.encode_utf8(&mut bytes).bytes() {
                        escaped.push_str(&format!("\\0{byte:03o}"));
                    }
                }
                c => escaped.push(c),
            }
        }
        format!("\"$(printf '%b' '{escaped}')\"")
    } else if !text.is_empty() && text.chars().all(harmless) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_a_name() {
        for (name, expected) in [
            ("nightly-settlement", "nightly-settlement"),
            ("$(reboot)", "'$(reboot)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a b", "'a b'"),
            ("a\u{1b}[2J", r#""$(printf '%b' 'a\0033[2J')""#),
        ] {
            assert_eq!(word(name), expected);
        }
    }

    /// The real judge is a shell.
    #[test]
    fn a_shell_reads_the_same_name() {
        for name in [
            "plain",
            "it's \"q\" $(x) `y` \\n 😀",
            "new\nline",
            "tab\tquote' back\\ 100%",
            "\u{85}x",
            "-dash",
            "*",
            "~",
            "#x",
            "!e",
        ] {
            let script = format!("printf '%s' {}", word(name));
            let ran = std::process::Command::new("sh").args(["-c", &script]).output().expect("sh");
            assert_eq!(String::from_utf8_lossy(&ran.stdout), name, "{script}");
        }
    }
}
