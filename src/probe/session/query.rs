//! Visibility queries: safe literals and the filters the probe is made of.

/// A string literal of the list-filter language. Names come from users, so quotes and backslashes are escaped.
///
/// Servers with SQLite or PostgreSQL visibility hand what is escaped with a backslash to the database as it is,
/// so a name with one of these characters is never found there (server 1.32); see [`matchable_prefix`].
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// `field = 'value'`.
pub(super) fn equals(field: &str, value: &str) -> String {
    format!("{field} = {}", literal(value))
}

/// `field NOT IN ('a', 'b')`, or nothing when there is nothing to exclude.
pub(super) fn none_of<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let list: Vec<String> = values.into_iter().map(literal).collect();
    (!list.is_empty()).then(|| format!("{field} NOT IN ({})", list.join(", ")))
}

/// `field IN ('a', 'b')`.
pub(super) fn one_of<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let list: Vec<String> = values.into_iter().map(literal).collect();
    match list.as_slice() {
        [only] => format!("{field} = {only}"),
        list => format!("{field} IN ({})", list.join(", ")),
    }
}

/// The part of a name every visibility store can match.
pub(super) fn matchable_prefix(name: &str) -> &str {
    let end = name.find(|c: char| matches!(c, '\\' | '"') || c.is_control()).unwrap_or(name.len());
    // Servers also take quotes off both ends of a value.
    let prefix = name.get(..end).unwrap_or_default().trim_end_matches('\'');
    if prefix.starts_with('\'') { "" } else { prefix }
}

/// `field NOT STARTS_WITH 'prefix'` (since server 1.23).
pub(super) fn not_starting_with(field: &str, prefix: &str) -> String {
    format!("{field} NOT STARTS_WITH {}", literal(prefix))
}

/// All the given conditions; empty ones are left out.
pub(super) fn all<'a>(conditions: impl IntoIterator<Item = &'a str>) -> String {
    conditions.into_iter().filter(|c| !c.is_empty()).collect::<Vec<_>>().join(" AND ")
}

/// How open and closed executions are told apart on one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phases {
    /// Matches open executions.
    pub open: &'static str,
    /// Matches closed executions.
    pub closed: &'static str,
    /// Matches closed executions that did not continue as new.
    pub ended: &'static str,
}

impl Phases {
    /// By close time: also right for statuses a later server may add.
    pub(super) const BY_CLOSE_TIME: Self = Self {
        open: "CloseTime IS NULL",
        closed: "CloseTime IS NOT NULL",
        ended: "CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'",
    };

    /// By status, for visibility stores that refuse `IS NULL`. `Paused` exists since server 1.30 and older
    /// servers refuse the unknown status.
    pub(super) fn by_status(version: (u32, u32)) -> Self {
        if version >= (1, 30) {
            Self {
                open: "ExecutionStatus IN ('Running', 'Paused')",
                closed: "ExecutionStatus NOT IN ('Running', 'Paused')",
                ended: "ExecutionStatus NOT IN ('Running', 'Paused', 'ContinuedAsNew')",
            }
        } else {
            Self {
                open: "ExecutionStatus = 'Running'",
                closed: "ExecutionStatus != 'Running'",
                ended: "ExecutionStatus NOT IN ('Running', 'ContinuedAsNew')",
            }
        }
    }
}

/// Major and minor number of `1.32.0`; `(0, 0)` when the text is no version.
pub(super) fn version(text: &str) -> (u32, u32) {
    let mut parts = text.trim_start_matches('v').split('.').map(|p| {
        let digits = p.find(|c: char| !c.is_ascii_digit()).map_or(p, |end| p.get(..end).unwrap_or_default());
        digits.parse::<u32>().unwrap_or(0)
    });
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_a_literal() {
        for (name, expected) in [
            ("Order", "'Order'"),
            ("it's", "'it''s'"),
            (r"a\b", r"'a\\b'"),
            (r"\' OR 1=1 --", r"'\\'' OR 1=1 --'"),
            ("\"quoted\" %_`", "'\"quoted\" %_`'"),
            ("two\nlines", r"'two\nlines'"),
            ("Ünï-日本", "'Ünï-日本'"),
        ] {
            assert_eq!(literal(name), expected, "{name}");
        }
    }

    #[test]
    fn an_empty_exclusion_is_no_condition() {
        assert_eq!(none_of("WorkflowType", []), None);
        assert_eq!(none_of("WorkflowType", ["a", "b'c"]).as_deref(), Some("WorkflowType NOT IN ('a', 'b''c')"));
        assert_eq!(all(["", "A = 1", "", "B = 2"]), "A = 1 AND B = 2");
    }

    #[test]
    fn a_name_is_matchable_up_to_what_stores_escape_differently() {
        for (name, prefix) in [
            ("Order's", "Order's"),
            ("App\\Order", "App"),
            ("\"x\"", ""),
            ("a\nb", "a"),
            ("a'", "a"),
            ("'a'", ""),
            ("日本\\", "日本"),
        ] {
            assert_eq!(matchable_prefix(name), prefix);
        }
    }

    #[test]
    fn paused_is_only_named_where_the_server_knows_it() {
        assert_eq!(version("1.32.0"), (1, 32));
        assert_eq!(version("v1.9.2-rc1"), (1, 9));
        assert_eq!(version("unknown"), (0, 0));
        assert!(!Phases::by_status((1, 29)).open.contains("Paused"));
        assert!(Phases::by_status((1, 30)).open.contains("Paused"));
    }
}
