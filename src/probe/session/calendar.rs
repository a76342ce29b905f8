//! Calendars, cron strings and intervals of a schedule as sets of values.
//!
//! A server compiles cron strings and calendars when a schedule is created, and two servers may keep the same
//! meaning in different ranges. Here every form becomes the set of seconds, minutes … it matches, written in
//! one way. Source of the grammar: the comments of `temporal/api/schedule/v1/message.proto` and the server's
//! `service/worker/scheduler`.

use std::collections::BTreeSet;

use temporalio_protos::temporal::api::schedule::v1::{CalendarSpec, Range, StructuredCalendarSpec};

/// One field of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    Year,
    DayOfWeek,
}

impl Unit {
    /// Smallest and largest value a schedule may name. Sunday may be written 7.
    fn bounds(self) -> (i32, i32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::Year => (2000, 2100),
            Self::DayOfWeek => (0, 7),
        }
    }

    fn default(self) -> &'static str {
        match self {
            Self::Second | Self::Minute | Self::Hour => "0",
            _ => "*",
        }
    }

    /// Names with their first value, and how many letters are enough.
    fn names(self) -> (&'static [&'static str], i32, usize) {
        const MONTHS: &[&str] = &[
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        const DAYS: &[&str] = &["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
        match self {
            Self::Month => (MONTHS, 1, 3),
            Self::DayOfWeek => (DAYS, 0, 2),
            _ => (&[], 0, usize::MAX),
        }
    }
}

/// What one cron string stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cron {
    /// A calendar in canonical form.
    Calendar(String),
    /// `@every`: interval and phase in seconds.
    Interval(u64, u64),
}

/// Canonical form of a structured calendar: `sec min hour dom month year dow`.
pub(super) fn structured(calendar: &StructuredCalendarSpec) -> String {
    let year =
        if calendar.year.is_empty() { "*".to_owned() } else { set(Unit::Year, ranges(Unit::Year, &calendar.year)) };
    [
        set(Unit::Second, ranges(Unit::Second, &calendar.second)),
        set(Unit::Minute, ranges(Unit::Minute, &calendar.minute)),
        set(Unit::Hour, ranges(Unit::Hour, &calendar.hour)),
        set(Unit::DayOfMonth, ranges(Unit::DayOfMonth, &calendar.day_of_month)),
        set(Unit::Month, ranges(Unit::Month, &calendar.month)),
        year,
        set(Unit::DayOfWeek, ranges(Unit::DayOfWeek, &calendar.day_of_week)),
    ]
    .join(" ")
}

/// Canonical form of a calendar of expressions.
pub(super) fn expressions(calendar: &CalendarSpec) -> Result<String, String> {
    Ok([
        field(Unit::Second, &calendar.second)?,
        field(Unit::Minute, &calendar.minute)?,
        field(Unit::Hour, &calendar.hour)?,
        field(Unit::DayOfMonth, &calendar.day_of_month)?,
        field(Unit::Month, &calendar.month)?,
        field(Unit::Year, &calendar.year)?,
        field(Unit::DayOfWeek, &calendar.day_of_week)?,
    ]
    .join(" "))
}

/// A cron string, and the time zone it names.
pub(super) fn cron(text: &str) -> Result<(Cron, Option<String>), String> {
    let malformed = || format!("malformed cron string `{text}`");
    let text_without_comment = text.split('#').next().unwrap_or("").trim();
    let mut rest = text_without_comment;
    let mut zone = None;
    if let Some(after) = rest.strip_prefix("CRON_TZ=").or_else(|| rest.strip_prefix("TZ=")) {
        let (name, spec) = after.split_once(char::is_whitespace).ok_or_else(malformed)?;
        (zone, rest) = (Some(name.to_owned()), spec.trim());
    }
    if let Some(every) = rest.strip_prefix("@every") {
        let (interval, phase) = every.trim().split_once('/').unwrap_or((every.trim(), "0s"));
        let interval = duration(interval).filter(|&s| s > 0).ok_or_else(malformed)?;
        return Ok((Cron::Interval(interval, duration(phase).ok_or_else(malformed)?), zone));
    }
    let expanded = match rest {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    };
    let fields: Vec<&str> = expanded.split_whitespace().collect();
    let (second, minute, hour, dom, month, dow, year) = match fields.as_slice() {
        [minute, hour, dom, month, dow] => ("0", *minute, *hour, *dom, *month, *dow, "*"),
        [minute, hour, dom, month, dow, year] => ("0", *minute, *hour, *dom, *month, *dow, *year),
        [second, minute, hour, dom, month, dow, year] => (*second, *minute, *hour, *dom, *month, *dow, *year),
        _ => return Err(malformed()),
    };
    let calendar = CalendarSpec {
        second: second.to_owned(),
        minute: minute.to_owned(),
        hour: hour.to_owned(),
        day_of_month: dom.to_owned(),
        month: month.to_owned(),
        year: year.to_owned(),
        day_of_week: dow.to_owned(),
        comment: String::new(),
    };
    Ok((Cron::Calendar(expressions(&calendar)?), zone))
}

/// `3600+60`: every hour, one minute past; the phase is less than the interval.
pub(super) fn interval(every: u64, phase: u64) -> String {
    let every = every.max(1);
    format!("{every}+{}", phase % every)
}

fn ranges(unit: Unit, ranges: &[Range]) -> BTreeSet<i32> {
    let (min, max) = unit.bounds();
    let mut values = BTreeSet::new();
    for range in ranges {
        let end = range.end.max(range.start).min(max);
        let step = usize::try_from(range.step).unwrap_or(1).max(1);
        values.extend((range.start.max(min)..=end).step_by(step));
    }
    values
}

fn field(unit: Unit, text: &str) -> Result<String, String> {
    let text = text.trim();
    let text = if text.is_empty() { unit.default() } else { text };
    let malformed = || format!("malformed expression `{text}`");
    let (min, max) = unit.bounds();
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|&s| s > 0).ok_or_else(malformed)?)),
            None => (part, None),
        };
        let (start, end) = match (range, range.split_once('-')) {
            ("*", _) => (min, max),
            (_, Some((from, to))) => (value(unit, from).ok_or_else(malformed)?, value(unit, to).ok_or_else(malformed)?),
            (single, None) => {
                let start = value(unit, single).ok_or_else(malformed)?;
                (start, if step.is_some() { max } else { start })
            }
        };
        if end < start {
            return Err(malformed());
        }
        values.extend((start..=end).step_by(step.unwrap_or(1)));
    }
    Ok(set(unit, values))
}

fn value(unit: Unit, text: &str) -> Option<i32> {
    let (names, first, enough) = unit.names();
    let lower = text.to_ascii_lowercase();
    let named = names.iter().position(|name| lower.len() >= enough && name.starts_with(&lower));
    let value = match named {
        Some(index) => first + i32::try_from(index).ok()?,
        None => text.parse().ok()?,
    };
    let (min, max) = unit.bounds();
    (min..=max).contains(&value).then_some(value)
}

/// `*` for everything, `-` for nothing, else the values with commas.
fn set(unit: Unit, mut values: BTreeSet<i32>) -> String {
    let (min, mut max) = unit.bounds();
    if unit == Unit::DayOfWeek {
        if values.remove(&7) {
            values.insert(0);
        }
        max = 6;
    }
    if (min..=max).all(|v| values.contains(&v)) {
        return "*".to_owned();
    }
    if values.is_empty() {
        return "-".to_owned();
    }
    values.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

/// `1h30m` in seconds; the units are those of the server: s, m, h, d, and smaller ones that count nothing.
fn duration(text: &str) -> Option<u64> {
    let mut nanos: u128 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let scale = match unit {
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            _ => return None,
        };
        nanos += (number.parse::<f64>().ok()? * scale) as u128;
        rest = next;
    }
    u64::try_from(nanos / 1_000_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar_of(text: &str) -> String {
        match cron(text) {
            Ok((Cron::Calendar(calendar), _)) => calendar,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn cron_strings_become_value_sets() {
        for (text, expected) in [
            // sec min hour dom month year dow
            ("0 2 * * *", "0 0 2 * * * *"),
            ("*/15 * * * *", "0 0,15,30,45 * * * * *"),
            ("0 9-17/4 * * mon-fri", "0 0 9,13,17 * * * 1,2,3,4,5"),
            ("0 0 1,15 * *", "0 0 0 1,15 * * *"),
            ("30 6 * jan,JULY *", "0 30 6 * 1,7 * *"),
            ("0 12 * * 7", "0 0 12 * * * 0"),
            ("0 12 * * 0-6", "0 0 12 * * * *"),
            ("0 12 * * sunday", "0 0 12 * * * 0"),
            ("5/20 * * * *", "0 5,25,45 * * * * *"),
            ("0 0 * * * 2027", "0 0 0 * * 2027 *"),
            ("10 0 0 * * * 2026-2028", "10 0 0 * * 2026,2027,2028 *"),
            ("@daily", "0 0 0 * * * *"),
            ("@midnight # nightly settlement", "0 0 0 * * * *"),
            ("@hourly", "0 0 * * * * *"),
            ("@weekly", "0 0 0 * * * 0"),
            ("@monthly", "0 0 0 1 * * *"),
            ("@annually", "0 0 0 1 1 * *"),
            ("  0   2 * *   * ", "0 0 2 * * * *"),
        ] {
            assert_eq!(calendar_of(text), expected, "{text}");
        }
    }

    #[test]
    fn cron_strings_may_name_a_zone_or_an_interval() {
        let (calendar, zone) = cron("CRON_TZ=Europe/Berlin 0 2 * * *").unwrap();
        assert_eq!((calendar, zone.as_deref()), (Cron::Calendar("0 0 2 * * * *".into()), Some("Europe/Berlin")));
        assert_eq!(cron("TZ=UTC @daily").unwrap().1.as_deref(), Some("UTC"));
        assert_eq!(cron("@every 6h/5h").unwrap().0, Cron::Interval(21_600, 18_000));
        assert_eq!(cron("@every 1h30m").unwrap().0, Cron::Interval(5_400, 0));
        assert_eq!(cron("@every 2d").unwrap().0, Cron::Interval(172_800, 0));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "* * * *",
            "* * * * * * * *",
            "60 * * * *",
            "0 24 * * *",
            "0 0 32 * *",
            "0 0 * 13 *",
            "0 0 * * 8",
            "0 0 * * m",
            "5-1 * * * *",
            "*/0 * * * *",
            "*/x * * * *",
            "1/2/3 * * * *",
            "TZ=UTC",
            "@every",
            "@every 0s",
            "@every 5",
            "@fortnightly",
            "0 0 * * * 1999",
        ] {
            assert!(cron(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_and_expressions_with_one_meaning_have_one_form() {
        let range = |start, end, step| Range { start, end, step };
        let by_ranges = StructuredCalendarSpec {
            second: vec![range(0, 0, 0)],
            minute: vec![range(0, 59, 30)],
            hour: vec![range(2, 0, 0), range(8, 10, 1), range(9, 9, 0)],
            day_of_month: vec![range(1, 31, 1)],
            month: vec![range(1, 12, 0)],
            year: vec![],
            day_of_week: vec![range(1, 5, 0), range(7, 7, 0)],
            comment: "not compared".into(),
        };
        let by_text = CalendarSpec {
            minute: "*/30".into(),
            hour: "2,8-10".into(),
            day_of_week: "mon-fri,su".into(),
            ..Default::default()
        };
        assert_eq!(structured(&by_ranges), "0 0,30 2,8,9,10 * * * 0,1,2,3,4,5");
        assert_eq!(structured(&by_ranges), expressions(&by_text).unwrap());
    }

    #[test]
    fn a_structured_calendar_without_hours_never_fires_while_an_empty_expression_has_a_default() {
        assert_eq!(structured(&StructuredCalendarSpec::default()), "- - - - - * -");
        assert_eq!(expressions(&CalendarSpec::default()).unwrap(), "0 0 0 * * * *");
    }

    #[test]
    fn hostile_ranges_are_bounded() {
        let range = |start, end, step| Range { start, end, step };
        let calendar = StructuredCalendarSpec {
            second: vec![range(i32::MIN, i32::MAX, 0)],
            minute: vec![range(5, i32::MAX, -3)],
            year: vec![range(2099, i32::MAX, 1)],
            ..Default::default()
        };
        assert!(structured(&calendar).starts_with("* 5,6,7,"), "{}", structured(&calendar));
        assert!(structured(&calendar).contains("2099,2100"));
    }

    #[test]
    fn the_phase_lies_within_the_interval() {
        assert_eq!(interval(3600, 0), "3600+0");
        assert_eq!(interval(3600, 3660), "3600+60");
        assert_eq!(interval(0, 5), "1+0");
    }
}
