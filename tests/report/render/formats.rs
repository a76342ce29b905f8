//! What other tools read: the JSON document with its schema, and the inventory for spreadsheets.

use temporal_preflight::render::{self, Format, RenderOptions};
use temporal_preflight::scorecard::Scorecard;

use super::cards::{all, card, hostile};

const SCHEMA: &str = "templates/scorecard-v1.schema.json";

/// `UPDATE=1 cargo test --test report schema` writes the file anew.
#[test]
fn the_published_schema_is_that_of_the_types() {
    let now = serde_json::to_string_pretty(&render::schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(SCHEMA, &now).unwrap();
    }
    let published = std::fs::read_to_string(SCHEMA).unwrap();
    assert!(published == now, "{SCHEMA} is stale: UPDATE=1 cargo test --test report schema");
}

#[test]
fn every_report_is_valid_against_the_published_schema() {
    let schema = serde_json::from_str(&std::fs::read_to_string(SCHEMA).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for (name, card) in all() {
        let bytes = render::render(&card, Format::Json, &RenderOptions::default()).unwrap();
        let value = serde_json::from_slice(&bytes).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(&value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
    let mut other = serde_json::to_value(card("go")).unwrap();
    for (place, wrong) in [("/verdict", "PERHAPS"), ("/schema", "temporal-preflight/scorecard/v2"), ("/at", "noon")] {
        let right = std::mem::replace(other.pointer_mut(place).unwrap(), wrong.into());
        assert!(!validator.is_valid(&other), "{place} may be {wrong}");
        *other.pointer_mut(place).unwrap() = right;
    }
}

/// The rows of a CSV file, read as RFC 4180 says.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(chars.next(), Some('\n'), "a line ends without a line feed");
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(!quoted && row.is_empty() && cell.is_empty(), "the last line is not ended");
    rows
}

fn csv(card: &Scorecard) -> Vec<Vec<String>> {
    let bytes = render::render(card, Format::Csv, &RenderOptions::default()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    rows(text.strip_prefix('\u{feff}').expect("spreadsheets need the mark to read UTF-8"))
}

#[test]
fn the_inventory_is_a_table_whatever_the_names_are() {
    for (name, card) in all() {
        let rows = csv(&card);
        let columns = rows[0].len();
        assert!(rows.iter().all(|row| row.len() == columns), "{name} has rows of different length");
        for cell in rows.iter().flatten() {
            let runs = cell.trim_start().starts_with(['=', '+', '-', '@']);
            assert!(!runs, "{name}: a spreadsheet would run {cell:?}");
            assert!(!cell.contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{name}: {cell:?}");
        }
    }
    assert_eq!(csv(&hostile()).len(), csv(&card("no-go")).len(), "a name made a row of its own");
}

#[test]
fn the_inventory_holds_every_thing_and_what_could_not_be_seen() {
    let card = card("no-go");
    let rows = csv(&card);
    let column = |name: &str| rows[0].iter().position(|head| head == name).unwrap();
    let count = |what: &str| rows.iter().filter(|row| row[0] == what).count();
    let code = card.inventory.code.value().unwrap();
    assert_eq!(count("starter"), code.sites.iter().filter(|s| s.kind.starts()).count());
    assert_eq!(count("message"), code.sites.iter().filter(|s| s.kind.messages()).count());
    let schedules: usize = [&card.inventory.source, &card.inventory.target]
        .iter()
        .flat_map(|side| &side.value().unwrap().namespaces)
        .map(|n| n.schedules.value().map_or(0, Vec::len))
        .sum();
    let seen = rows.iter().filter(|row| row[0] == "schedule" && !row[column("name")].is_empty()).count();
    assert!(schedules > 0 && seen == schedules, "{seen} of {schedules} schedules");
    let starter = rows.iter().find(|row| row[column("path")] == "cmd/nightly-settlement/main.go").unwrap();
    assert_eq!(starter[column("line")], "41");
    assert_eq!(starter[column("state")], "own connection");
    assert_eq!(starter[column("owner")], "");
    let mut owned = card.clone();
    let path = "cmd/nightly-settlement/main.go".to_owned();
    owned.inventory.code.value_mut().unwrap().owners = [(path, "ops@example.com".to_owned())].into();
    let of = |row: &&Vec<String>| row[column("path")] == "cmd/nightly-settlement/main.go";
    assert!(csv(&owned).iter().filter(of).all(|row| row[column("owner")] == "ops@example.com"));

    let undecided = csv(&super::card("undecided"));
    let missing = undecided.iter().find(|row| row[0] == "cluster" && row[column("side")] == "target").unwrap();
    assert_eq!(missing[column("state")], "unknown");
    assert!(missing[column("detail")].contains("TLS handshake failed"), "{missing:?}");
}
