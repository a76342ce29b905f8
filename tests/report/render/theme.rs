//! A brand on the page, and what is refused.

use std::path::Path;

use temporal_preflight::render::{self, Format, RenderOptions, Theme};
use temporal_preflight::ui::Problem;

use super::{card, page};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and the rest";

fn load(folder: &Path, text: &str) -> Result<Theme, Problem> {
    let path = folder.join("theme.yaml");
    std::fs::write(&path, text).unwrap();
    Theme::load(&path)
}

fn rendered(theme: Theme) -> String {
    let options = RenderOptions { theme: Some(theme), ..RenderOptions::default() };
    String::from_utf8(render::render(&card("no-go"), Format::Html, &options).unwrap()).unwrap()
}

#[test]
fn a_report_carries_the_brand_and_still_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("logo.png"), PNG).unwrap();
    let theme = "name: Northwind <Advisory>\nlogo: logo.png\nfooter: Confidential.\n\
                 colors: {accent: \"#0b5d8f\", accent_dark: \"#9cf\", header: \"#0b2540\"}\n";
    let report = rendered(load(folder.path(), theme).unwrap());
    for part in [
        "Northwind &lt;Advisory&gt; · Temporal Cloud migration readiness",
        "<p>Confidential.</p>",
        "src=\"data:image/png;base64,iVBORw0KGgog",
        "--accent:#0b5d8f;",
        "--accent:#99ccff;",
        "--head:#0b2540;--head-ink:#ffffff;",
        "img-src data:",
    ] {
        assert!(report.contains(part), "{part} is missing");
    }
    let images = page::parse(&report).into_iter().filter(|t| t.name == "img").collect::<Vec<_>>();
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].attribute("alt"), Some("Northwind &lt;Advisory&gt;"));
}

#[test]
fn without_a_logo_no_image_may_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    let report = rendered(load(folder.path(), "name: Northwind").unwrap());
    assert!(report.contains("Northwind ·") && !report.contains("img-src") && !report.contains("<img"));
}

#[test]
fn what_cannot_be_used_is_refused_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("logo.txt"), "not an image").unwrap();
    std::fs::write(folder.path().join("page.html"), "<html><svg onload=alert(1)></svg></html>").unwrap();
    std::fs::write(folder.path().join("large.png"), [PNG, &vec![0; 300_000]].concat()).unwrap();
    for (theme, line, said) in [
        ("name: ' '", 1, "has no name"),
        ("logo: logo.svg", 1, "name"),
        ("name: N\ncolours: {}", 2, "colours"),
        ("name: N\ncolors:\n  accent: blue", 3, "blue is not a colour"),
        ("name: N\ncolors:\n  accent: \"#12345é\"", 3, "is not a colour"),
        ("name: N\ncolors:\n  accent: \"#9cf\"", 3, "cannot be read on the light page"),
        ("name: N\ncolors:\n  accent_dark: \"#003\"", 3, "choose a lighter colour"),
        ("name: N\ncolors: {header: \"#888\", header_text: \"#999\"}", 2, "cannot be read on the header"),
        ("name: N\ncolors: {header_text: \"#999\"}", 2, "no colors.header"),
        ("name: N\nlogo: nowhere.svg", 2, "cannot read the logo"),
        ("name: N\nlogo: logo.txt", 2, "is not an image"),
        ("name: N\nlogo: page.html", 2, "is not an image"),
        ("name: N\nlogo: large.png", 2, "too large"),
    ] {
        let problem = load(folder.path(), theme).unwrap_err();
        let text = problem.to_string();
        assert_eq!(problem.code, 2, "{theme}: {text}");
        assert!(text.contains(said), "{theme}: {text}");
        let place = problem.place.unwrap_or_else(|| panic!("{theme} has no place"));
        let at = place.source[..place.span.start].matches('\n').count() + 1;
        assert_eq!(at, line, "{theme}: {text}");
    }
    let missing = Theme::load(&folder.path().join("other.yaml")).unwrap_err();
    assert!(missing.to_string().contains("cannot read the theme"), "{missing}");
}
