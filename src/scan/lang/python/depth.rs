//! How deep the lines of a file are indented, measured before the grammar sees it.
//!
//! The grammar's scanner stores two bytes for each open indentation and one for each open string in 1024 bytes, and
//! ends the process when they do not fit.

/// Levels of indentation that are parsed: with the strings that may be open at once they fit into the scanner's memory.
const MOST: usize = 300;

/// Why a file cannot be given to the grammar.
pub(super) fn too_deep(text: &str) -> Option<String> {
    (indentation(text) > MOST).then(|| format!("nesting deeper than {MOST} levels of indentation"))
}

/// An upper bound of the levels that are open at once: lines inside of strings and brackets are counted, too.
fn indentation(text: &str) -> usize {
    let (mut levels, mut most) = (vec![0usize], 0);
    let mut bytes = text.bytes().peekable();
    'line: while bytes.peek().is_some() {
        let mut width = 0usize;
        loop {
            match bytes.next() {
                Some(b' ') => width += 1,
                Some(b'\t') => width += 8,
                Some(b'\r' | b'\x0c' | b'\n') => width = 0,
                // A line that goes on in the next one keeps the width it has.
                Some(b'\\') => while bytes.next_if(|byte| matches!(byte, b'\r' | b'\n')).is_some() {},
                Some(b'#') => {
                    bytes.by_ref().find(|byte| *byte == b'\n');
                    continue 'line;
                }
                Some(_) => break,
                None => break 'line,
            }
        }
        while levels.last().is_some_and(|top| *top > width) {
            levels.pop();
        }
        if levels.last().is_none_or(|top| *top < width) {
            levels.push(width);
        }
        most = most.max(levels.len());
        bytes.by_ref().find(|byte| *byte == b'\n');
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stairs(levels: usize, step: &str, line: &str) -> String {
        (0..levels).map(|level| format!("{}{line}\n", step.repeat(level))).collect()
    }

    #[test]
    fn levels_are_counted_however_they_are_written() {
        assert_eq!(indentation(&stairs(400, " ", "if c:")), 400);
        assert_eq!(indentation(&stairs(400, "\t", "if c:")), 400);
        assert_eq!(indentation(&stairs(400, " ", "if c:\r")), 400);
        let continued: String =
            (0..400).map(|level| format!("{}\\\n{}if c:\n", " ".repeat(level), " ".repeat(level))).collect();
        assert_eq!(indentation(&continued), 400);
        assert!(too_deep(&stairs(301, " ", "if c:")).is_some() && too_deep(&stairs(300, " ", "if c:")).is_none());
    }

    #[test]
    fn ordinary_code_is_shallow() {
        let code = "class A:\n    def f(self):\n        return g(\n                      1)\n\n    # note\n    x = 1\n";
        assert_eq!(indentation(code), 4);
        assert_eq!(indentation(&"def f():\n    pass\n".repeat(1000)), 2);
        assert_eq!(indentation(""), 0);
    }
}
