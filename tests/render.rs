//! What a reader of a report sees: every format on every kind of scorecard.

use temporal_preflight::judge::Scorecard;
use temporal_preflight::render::{self, Format, RenderOptions};

fn card(name: &str) -> Scorecard {
    let path = format!("{}/fixtures/scorecards/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn options() -> RenderOptions {
    RenderOptions {
        repo_url: Some("https://github.com/meridian/payments".to_owned()),
        written: vec!["report.html".to_owned()],
        ..RenderOptions::default()
    }
}

fn text(card: &Scorecard, format: Format) -> String {
    String::from_utf8(render::render(card, format, &options()).unwrap_or_else(|e| panic!("{e}"))).unwrap()
}

/// Writes every report to a folder, to be looked at: `RENDER_OUT=/tmp/x cargo test --test render look`.
#[test]
fn look() {
    let Ok(folder) = std::env::var("RENDER_OUT") else { return };
    for name in ["no-go", "go", "undecided", "empty"] {
        for format in Format::ALL {
            let path = format!("{folder}/{name}.{format}");
            std::fs::write(path, text(&card(name), format)).unwrap();
        }
    }
    let no_go = card("no-go");
    let color = RenderOptions { color: true, ..options() };
    std::fs::write(format!("{folder}/no-go.color"), render::render(&no_go, Format::Text, &color).unwrap()).unwrap();
    let inventory = &no_go.inventory;
    std::fs::write(format!("{folder}/scan.text"), render::scan_text(inventory.code.value().unwrap(), &options()))
        .unwrap();
    for (name, side) in [("source", &inventory.source), ("target", &inventory.target)] {
        std::fs::write(format!("{folder}/{name}.text"), render::snapshot_text(side.value().unwrap(), &options()))
            .unwrap();
    }
}
