//! The one place where the clock enters.

use jiff::Timestamp;

use crate::ui::Problem;

/// Now, or the instant `--at` names: a timestamp, or a date (its first instant in UTC).
pub fn at(given: Option<&str>) -> Result<Timestamp, Problem> {
    let Some(text) = given else { return Ok(now()) };
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    text.parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|zoned| zoned.timestamp())
        .ok_or_else(|| {
            Problem::usage(format!("`--at {text}` is not a time"))
                .help("give a date such as 2026-12-01 or a timestamp such as 2026-12-01T08:00:00Z")
        })
}

/// The wall clock.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
