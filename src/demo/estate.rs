//! The source tree, plan and certificates of the example company.

use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};
use jiff::civil::{Date, date};

use super::certificates;
use super::files::{cannot_write, edit};
use crate::ui::Problem;

static ESTATE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/estate");

/// The day the files were written for: ten days before their migration window opens.
pub const REFERENCE_DAY: Date = date(2026, 11, 20);

/// Write the estate into a folder. With a `today` other than [`REFERENCE_DAY`] every date in plan, attestations and
/// certificates moves with it, so that the story stays the same: the window opens in ten days, and the client
/// certificate ends inside it.
///
/// # Errors
/// When the folder cannot be written.
pub fn unpack(folder: &Path, today: Date) -> Result<(), Problem> {
    std::fs::create_dir_all(folder).map_err(|e| cannot_write(folder, &e))?;
    write(&ESTATE, folder)?;
    let days = (today - REFERENCE_DAY).get_days();
    if days == 0 {
        return Ok(());
    }
    for name in ["preflight.yaml", "attestations.yaml"] {
        edit(&folder.join(name), |text| Ok(shift_dates(text, days)))?;
    }
    certificates::reissue(&folder.join("certs"), days)
}

fn write(from: &Dir<'_>, folder: &Path) -> Result<(), Problem> {
    for entry in from.entries() {
        let place = folder.join(entry.path());
        match entry {
            DirEntry::Dir(inner) => {
                std::fs::create_dir_all(&place).map_err(|e| cannot_write(&place, &e))?;
                write(inner, folder)?;
            }
            DirEntry::File(file) => std::fs::write(&place, file.contents()).map_err(|e| cannot_write(&place, &e))?,
        }
    }
    Ok(())
}

/// Move every `YYYY-MM-DD` that stands alone by a number of days.
pub fn shift_dates(text: &str, days: i32) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut shifted = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(word);
        let moved = (part.len() == 10)
            .then(|| part.parse::<Date>().ok())
            .flatten()
            .and_then(|day| day.checked_add(jiff::Span::new().days(days)).ok());
        match moved {
            Some(day) => shifted.push_str(&day.to_string()),
            None => shifted.push_str(part),
        }
        let gap = after.find(is_part).unwrap_or(after.len());
        let (between, next) = after.split_at(gap);
        shifted.push_str(between);
        rest = next;
    }
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn only_whole_dates_move() {
        let text = "window: {start: 2026-12-01, end: 2026-12-28} # OPS-1187, 2026-08, x2026-12-01\n";
        assert_eq!(
            shift_dates(text, 31),
            "window: {start: 2027-01-01, end: 2027-01-28} # OPS-1187, 2026-08, x2026-12-01\n"
        );
    }

    #[test]
    fn the_story_is_the_same_on_every_day() {
        for today in [REFERENCE_DAY, date(2031, 3, 1)] {
            let folder = tempfile::tempdir().unwrap();
            unpack(folder.path(), today).unwrap();
            let plan = config::preflight::load(&folder.path().join("preflight.yaml")).unwrap();
            let window = plan.plan.window.unwrap();
            assert_eq!((window.start - today).get_days(), 11, "on {today}");
            let leaf = std::fs::read(folder.path().join("certs/payments-worker.pem")).unwrap();
            let (_, pem) = x509_parser::pem::parse_x509_pem(&leaf).unwrap();
            let ends = pem.parse_x509().unwrap().validity().not_after.timestamp();
            let ends = jiff::Timestamp::from_second(ends).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
            assert!(window.start < ends && ends < window.end, "{ends} on {today}");
            let said = config::attestations::load(&folder.path().join("attestations.yaml")).unwrap();
            assert!(said.iter().any(|a| a.valid_until >= window.end), "on {today}");
            assert!(said.iter().any(|a| a.valid_until < today), "one word has lapsed on {today}");
        }
    }
}
