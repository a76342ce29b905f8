//! The one place where the clock enters.

use jiff::Timestamp;

use crate::ui::Problem;

/// Now, or the instant `--at` names: a timestamp, or a date (its first instant in UTC).
pub fn at(given: Option<&str>) -> Result<Timestamp, Problem> {
    match given {
        None => Ok(now()),
        Some(text) => instant(text).map_err(|form| Problem::usage(format!("`--at {text}` is not a time")).help(form)),
    }
}

/// A timestamp, or a date (its first instant in UTC); else how to write one.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let date = |text: &str| text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| date(text).map(|zoned| zoned.timestamp()))
        .ok_or_else(|| "give a date such as 2026-12-01 or a timestamp such as 2026-12-01T08:00:00Z".to_owned())
}

/// The wall clock.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
