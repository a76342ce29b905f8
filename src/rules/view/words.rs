//! Numbers, names and command lines as a person reads them.

use crate::facts::cluster::ClusterSnapshot;
use crate::rules::shell;

/// A duration in at most two units: `34 days`, `2 days 5 hours`, `40 seconds`.
pub fn duration(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
    let (minutes, rest) = (seconds % 3_600 / 60, seconds % 60);
    let two = |a: String, b: u64, unit: &str| if b == 0 { a } else { format!("{a} {}", count(b, unit)) };
    if days >= 14 {
        count(days, "day")
    } else if days > 0 {
        two(count(days, "day"), hours, "hour")
    } else if hours > 0 {
        two(count(hours, "hour"), minutes, "minute")
    } else if minutes > 0 {
        two(count(minutes, "minute"), rest, "second")
    } else {
        count(rest, "second")
    }
}

/// `2026-11-21 09:05 UTC`.
pub fn minute(time: jiff::Timestamp) -> String {
    time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `1 day`, `2 days`.
pub fn count(n: u64, unit: &str) -> String {
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}

/// `a`, `a and b`, `a, b and c`; at most `limit` of them, then `and 4 more`.
pub fn list(items: &[String], limit: usize) -> String {
    let mut shown: Vec<String> = items.iter().take(limit).cloned().collect();
    if items.len() > shown.len() {
        shown.push(format!("{} more", items.len() - shown.len()));
    }
    match shown.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The flags of the `temporal` CLI that reach a namespace: `--profile onprem --namespace payments-prod`.
pub fn cli(cluster: Option<&ClusterSnapshot>, namespace: &str) -> String {
    let flags = cluster.map(|c| c.cli_flags.trim()).unwrap_or_default();
    let space = if flags.is_empty() { "" } else { " " };
    format!("{flags}{space}--namespace {}", shell::word(namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_naturally() {
        assert_eq!(duration(0), "0 seconds");
        assert_eq!(duration(61), "1 minute 1 second");
        assert_eq!(duration(3 * 3600), "3 hours");
        assert_eq!(duration(34 * 86_400 + 5), "34 days");
        assert_eq!(duration(2 * 86_400 + 5 * 3600), "2 days 5 hours");
    }

    #[test]
    fn long_lists_are_cut() {
        let items: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(list(&items, 2), "a, b and 2 more");
        assert_eq!(list(&items[..2], 5), "a and b");
        assert_eq!(list(&[], 5), "");
    }
}
