//! What a reader of a report sees: every format on every kind of scorecard.

mod account;
use crate::cards;
mod command;
mod formats;
mod page;
mod theme;
mod trend;

use std::collections::BTreeSet;
use std::str::FromStr as _;

use cards::{HOSTILE, all, card, change, hostile, many, starters};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use temporal_preflight::facts::Known;
use temporal_preflight::facts::code::{ClientOrigin, Origin, OriginStatus};
use temporal_preflight::render::{self, Format, RenderOptions};
use temporal_preflight::scorecard::Scorecard;
use unicode_width::UnicodeWidthStr as _;

fn options() -> RenderOptions {
    RenderOptions { repo_url: Some("https://github.com/meridian/payments".to_owned()), ..RenderOptions::default() }
}

fn text(card: &Scorecard, format: Format) -> String {
    String::from_utf8(render::render(card, format, &options()).unwrap_or_else(|e| panic!("{e}"))).unwrap()
}

#[test]
fn every_format_says_the_same_verdict_and_the_same_bytes_twice() {
    for (name, card) in all() {
        for &format in Format::ALL {
            let report = text(&card, format);
            assert_eq!(report, text(&card, format), "{name} as {format} is not reproducible");
            // A list of issues is all GitLab takes.
            if !matches!(format, Format::Json | Format::Csv | Format::Gitlab) {
                assert!(report.contains(card.verdict.label()), "{name} as {format} hides the verdict");
            }
        }
    }
}

#[test]
fn the_verdict_is_not_said_twice_in_a_row() {
    let mut card = card("no-go");
    card.summary = format!("{} for {}: 2 blockers failed.", card.verdict.label(), card.gate);
    for format in [Format::Text, Format::Markdown, Format::Html] {
        let report = text(&card, format);
        assert!(report.contains("2 blockers failed.") && !report.contains(&card.summary), "{format}");
    }
}

#[test]
fn counts_of_markdown_end_without_a_separator() {
    for (name, card) in all() {
        let report = text(&card, Format::Markdown);
        assert!(!report.lines().any(|l| l.trim_end().ends_with('·')), "{name}\n{report}");
    }
}

#[test]
fn json_is_the_scorecard_itself() {
    for (name, card) in all() {
        let back: Scorecard = serde_json::from_str(&text(&card, Format::Json)).unwrap();
        assert_eq!(back, card, "{name}");
    }
}

#[test]
fn formats_are_named_as_people_type_them() {
    for &format in Format::ALL {
        assert_eq!(Format::from_str(format.name()).unwrap(), format);
    }
    assert_eq!(Format::from_str("MD").unwrap(), Format::Markdown);
    let problem = Format::from_str("pdf").unwrap_err();
    assert_eq!(problem.code, 2);
    assert!(problem.to_string().contains("text, markdown, html, json, csv"), "{problem}");
}

// ---- terminal

#[test]
fn a_terminal_shows_the_verdict_first_and_last_in_eighty_columns() {
    for name in ["no-go", "go", "undecided", "empty"] {
        let card = card(name);
        let report = text(&card, Format::Text);
        let first = report.lines().next().unwrap();
        assert!(first.starts_with(card.verdict.label()) && first.contains(card.gate.name()), "{first}");
        assert_eq!(report.lines().last().unwrap(), format!("{} at the gate {}", card.verdict.label(), card.gate));
        for line in report.lines() {
            assert!(line.width() <= 80, "{name}: {} columns: {line}", line.width());
        }
    }
}

#[test]
fn a_narrow_terminal_breaks_lines_between_words() {
    // Hidden characters in names are written out: the hostile card does not show them as they are.
    for (name, card) in all().into_iter().filter(|(name, _)| *name != "hostile") {
        let options = RenderOptions { width: 60, ..options() };
        let report = String::from_utf8(render::render(&card, Format::Text, &options).unwrap()).unwrap();
        let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
        for gate in &card.gates {
            if let Some(rule) = gate.blocked_by.first() {
                assert!(flat.contains(rule.as_str()), "{name} breaks {rule}\n{report}");
            }
        }
        for item in &card.checklist {
            assert!(flat.contains(item.title.as_str()), "{name} breaks `{}`\n{report}", item.title);
        }
    }
}

#[test]
fn commands_on_a_terminal_can_be_pasted() {
    let card = card("no-go");
    let report = text(&card, Format::Text).replace(" \\\n", " ");
    let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
    let blocked = &card.gates.iter().find(|g| g.gate == card.gate).unwrap().blocked_by;
    let mut seen = 0;
    for check in card.checks.iter().filter(|c| blocked.contains(&c.rule)) {
        for command in check.findings.iter().flat_map(|f| &f.remedy).filter_map(|s| s.command.as_ref()) {
            assert!(flat.contains(command.as_str()), "{command}");
            seen += 1;
        }
    }
    assert!(seen >= 4);
}

#[test]
fn colour_only_when_wanted_and_never_from_the_data() {
    let plain = text(&hostile(), Format::Text);
    assert!(!plain.contains('\u{1b}') && !plain.contains('\u{202e}'));
    assert!(plain.contains("\\u{1b}"), "a hidden character must show");
    let color = RenderOptions { color: true, ..options() };
    let coloured = String::from_utf8(render::render(&card("no-go"), Format::Text, &color).unwrap()).unwrap();
    assert!(coloured.contains("\u{1b}["));
    assert!(!coloured.contains("\u{1b}[31m{{"), "the data brought colour of its own");
}

#[test]
fn what_is_not_known_is_said_with_its_reason_everywhere() {
    let card = card("undecided");
    for format in [Format::Text, Format::Markdown, Format::Html] {
        let report = text(&card, format);
        let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("the target could not be reached: TLS handshake failed"), "{format}");
        assert!(flat.contains("tls_server_name"), "{format} does not say what would make it known");
    }
}

#[test]
fn other_reports_of_the_run_are_named() {
    let options = RenderOptions { written: vec!["out/report.html".to_owned()], ..options() };
    let report = String::from_utf8(render::render(&card("go"), Format::Text, &options).unwrap()).unwrap();
    assert!(report.contains("Report: out/report.html"));
}

// ---- HTML

#[test]
fn the_page_is_well_formed_whatever_the_names_are() {
    let allowed = page::attribute_names(&page::parse(&text(&card("no-go"), Format::Html)));
    for (name, card) in all() {
        let tags = page::parse(&text(&card, Format::Html));
        let more: Vec<_> = page::attribute_names(&tags).difference(&allowed).cloned().collect();
        let known = ["hidden", "data-outcome", "class", "text-anchor", "open", "aria-current"];
        assert!(more.iter().all(|a| known.contains(&a.as_str())), "{name} brought attributes: {more:?}");
        assert!(tags.iter().all(|t| t.name != "img" && t.name != "iframe"), "{name}");
        assert_eq!(tags.iter().filter(|t| t.name == "script").count(), 1, "{name}");
    }
}

#[test]
fn nothing_is_loaded_and_links_lead_somewhere() {
    for (name, card) in all() {
        let report = text(&card, Format::Html);
        let tags = page::parse(&report);
        let ids = page::ids(&tags);
        assert!(!report.contains("@import") && !report.contains("url("), "{name}");
        for tag in &tags {
            assert!(tag.attribute("src").is_none() && tag.name != "link", "{name} loads {tag:?}");
            match tag.attribute("href") {
                Some(href) if href.starts_with('#') => {
                    assert!(ids.contains(&href[1..]), "{name}: {href} leads nowhere");
                }
                Some(href) => assert!(href.starts_with("https://"), "{name}: {href}"),
                None => {}
            }
            if let Some(label) = tag.attribute("aria-labelledby") {
                assert!(ids.contains(label), "{name}: label {label} is missing");
            }
        }
    }
}

#[test]
fn what_was_there_before_a_change_is_marked_and_comes_last() {
    let report = text(&change(), Format::Html);
    assert!(report.contains("Compared with main at 1a2b3c4: 1 finding was there before and does not"), "{report}");
    assert!(report.contains("1 finding is gone. 1 file that names <code>Temporal</code> could not be read."));
    let (old, new) = ("was there before</span>", "<code>reopenDispute</code> starts");
    let check = report.split("id=\"check-forgotten-starter\"").nth(1).unwrap();
    let place = |text: &str| check.find(text).unwrap_or_else(|| panic!("{text} in {check}"));
    assert!(place(new) < place(old), "{check}");
}

#[test]
fn only_the_reports_own_script_may_run() {
    let report = text(&hostile(), Format::Html);
    let script = report.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
    assert_eq!(script, include_str!("../../../templates/report.js"));
    let policy = report.split("Content-Security-Policy").nth(1).unwrap().split('>').next().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"), "{policy}");
    assert!(!policy.split("script-src").nth(1).unwrap().split(';').next().unwrap().contains("unsafe"), "{policy}");
    assert!(!report.contains('\u{202e}') && !report.contains('\u{1b}'));
    assert!(!report.contains(">49<"), "a name was run as a template");
}

#[test]
fn headings_never_skip_a_level() {
    for (name, card) in all() {
        let mut last = 0;
        for tag in page::parse(&text(&card, Format::Html)) {
            let Some(level) = tag.name.strip_prefix('h').and_then(|l| l.parse::<u8>().ok()) else { continue };
            assert!(level <= last + 1, "{name}: h{level} after h{last}");
            last = level;
        }
        assert!(last > 0);
    }
}

#[test]
fn a_thousand_findings_stay_below_a_megabyte_and_all_are_there() {
    let report = text(&many(1000), Format::Html);
    assert!(report.len() <= 1_000_000, "{} bytes", report.len());
    for i in 0..1000 {
        assert!(report.contains(&format!("<code>Start{i:04}</code>")), "finding {i} is missing");
    }
}

#[test]
fn every_colour_can_be_read() {
    let css = include_str!("../../../templates/report.css");
    let dark = css.split("prefers-color-scheme: dark").nth(1).unwrap();
    let print = css.split("@media print").nth(1).unwrap();
    for (scheme, css) in [("light", css), ("dark", dark), ("print", print)] {
        let color = |name: &str| {
            let value = css.split(&format!("--{name}: #")).nth(1).unwrap_or_else(|| panic!("{scheme} has no {name}"));
            u32::from_str_radix(&value[..6], 16).unwrap()
        };
        let mut pairs = vec![
            ("ink", "surface"),
            ("ink", "bg"),
            ("soft", "surface"),
            ("soft", "bg"),
            ("soft", "sunk"),
            ("accent", "surface"),
        ];
        let states = ["fail", "attention", "unknown", "ok", "waived", "none"];
        let grounds: Vec<String> = states.iter().map(|s| format!("{s}-bg")).collect();
        pairs.extend(states.iter().copied().zip(grounds.iter().map(String::as_str)));
        pairs.extend(states.iter().map(|s| (*s, "surface")));
        for (front, back) in pairs {
            let ratio = contrast(color(front), color(back));
            assert!(ratio >= 4.5, "{scheme}: {front} on {back} has a contrast of {ratio:.1}");
        }
        for state in states {
            let ratio = contrast(0xffffff, color(&format!("{state}-solid")));
            assert!(ratio >= 4.5, "{scheme}: white on {state}-solid has a contrast of {ratio:.1}");
        }
    }
}

/// WCAG 2 contrast ratio.
fn contrast(a: u32, b: u32) -> f64 {
    let luminance = |c: u32| {
        let part = |shift: u32| {
            let x = f64::from(c >> shift & 0xff) / 255.0;
            if x <= 0.03928 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    };
    let (high, low) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
    (high + 0.05) / (low + 0.05)
}

#[test]
fn places_become_links_only_when_the_commit_is_known() {
    let link = |card: &Scorecard, url: &str| {
        let options = RenderOptions { repo_url: Some(url.to_owned()), ..RenderOptions::default() };
        String::from_utf8(render::render(card, Format::Html, &options).unwrap()).unwrap()
    };
    let no_go = card("no-go");
    let commit = "4f9a1c07be2d8e61a35d0c4be7f1a9902c6d5e83";
    for (url, expected) in [
        (
            "https://github.com/a/b.git",
            format!("https://github.com/a/b/blob/{commit}/cmd/nightly-settlement/main.go#L41"),
        ),
        (
            "https://gitlab.example.com/a/b/",
            format!("https://gitlab.example.com/a/b/-/blob/{commit}/cmd/nightly-settlement/main.go#L41"),
        ),
        (
            "https://code.example.com/{commit}?f={path}&l={line}",
            format!("https://code.example.com/{commit}?f=cmd/nightly-settlement/main.go&amp;l=41"),
        ),
    ] {
        assert!(link(&no_go, url).contains(&format!("href=\"{expected}\"")), "{url}");
    }
    assert!(!link(&no_go, "javascript:alert(1)//").contains("javascript:"));
    let mut moving = no_go;
    if let Known::Known(code) = &mut moving.inventory.code {
        code.repository.commit = None;
    }
    assert!(!link(&moving, "https://github.com/a/b").contains("https://github.com/a/b"));
}

#[test]
fn a_certificate_only_the_configuration_names_is_drawn_too() {
    let mut card = card("undecided");
    let drawn = text(&card, Format::Html);
    assert!(drawn.contains("1 certificate ends before the window does"));
    card.inventory.certificates = Known::unknown("certs is not readable");
    let drawn = text(&card, Format::Html);
    assert!(drawn.contains("No certificate was seen") && drawn.contains("certs is not readable"));
}

#[test]
fn a_folder_replaces_single_templates() {
    let folder = tempfile::tempdir().unwrap();
    let options = RenderOptions { template_dir: Some(folder.path().to_owned()), ..RenderOptions::default() };
    std::fs::write(folder.path().join("report.css"), "body { color: rebeccapurple }").unwrap();
    let report = String::from_utf8(render::render(&card("go"), Format::Html, &options).unwrap()).unwrap();
    assert!(report.contains("rebeccapurple") && report.contains("All checks"));

    std::fs::write(folder.path().join("report.html"), "<p>{{ verdict.lable }}</p>").unwrap();
    let problem = render::render(&card("go"), Format::Html, &options).unwrap_err();
    assert_eq!(problem.code, 2);
    assert!(problem.to_string().contains("report.html") && problem.to_string().contains("lable"), "{problem}");
}

// ---- Markdown

#[test]
fn markdown_keeps_its_shape_whatever_the_names_are() {
    let tables = |report: &str| {
        Parser::new_ext(report, Options::ENABLE_TABLES).filter(|e| matches!(e, Event::Start(Tag::TableRow))).count()
    };
    let (calm, wild) = (text(&card("no-go"), Format::Markdown), text(&hostile(), Format::Markdown));
    assert_eq!(tables(&calm), tables(&wild), "a name broke a table");
    let own = ["<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>"];
    let mut headings = BTreeSet::new();
    let mut inside = false;
    for event in Parser::new_ext(&wild, Options::ENABLE_TABLES) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                let rest = own.iter().fold(html.to_string(), |rest, tag| rest.replace(tag, ""));
                assert!(!rest.contains('<'), "raw HTML: {html}");
            }
            Event::Start(Tag::Link { dest_url, .. }) => assert!(dest_url.starts_with("https://"), "{dest_url}"),
            Event::Start(Tag::Image { .. }) => panic!("an image"),
            Event::Start(Tag::Heading { .. }) => inside = true,
            Event::End(TagEnd::Heading(_)) => inside = false,
            Event::Text(text) if inside => drop(headings.insert(text.to_string())),
            _ => {}
        }
    }
    for heading in ["What stands in the way", "Checklist", "Gates", "Conditions"] {
        assert!(headings.contains(heading), "{heading} is gone: {headings:?}");
    }
}

#[test]
fn markdown_reads_verdict_first_and_folds_the_details() {
    let report = text(&card("no-go"), Format::Markdown);
    assert!(report.starts_with("## ✗ NO-GO at the gate dual-run"), "{report}");
    let order = ["### What stands in the way", "### Checklist", "### Gates", "### Conditions", "<details>"];
    let places: Vec<_> = order.iter().map(|part| report.find(part).unwrap_or_else(|| panic!("{part}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(!report.contains("\n\n\n"));
}

// ---- scan and snapshot

#[test]
fn a_scan_names_forgotten_starters_first() {
    let no_go = card("no-go");
    let report = render::scan_text(no_go.inventory.code.value().unwrap(), &options());
    let place = |text: &str| report.find(text).unwrap_or_else(|| panic!("{text} in {report}"));
    assert!(place("✗ cmd/nightly-settlement/main.go:41") < place("✓ internal/payments/start.go:71"));
    let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("2 of them outside a connection factory, 1 with an unknown connection"), "{report}");
    assert!(report.contains("scripts") || report.contains("1 file of python not analysed"));
    assert!(report.lines().all(|l| l.width() <= 80), "{report}");
}

/// The inventory and the verdict must not disagree: one way past the factories is enough for both.
#[test]
fn a_starter_that_several_programs_hand_their_own_client_is_outside_of_every_factory() {
    let mut no_go = card("no-go");
    let Known::Known(code) = &mut no_go.inventory.code else { panic!("scanned") };
    let open = code.sites.iter_mut().find(|s| s.kind.starts() && s.client.status == OriginStatus::Unresolved);
    let site = open.expect("a starter with an unknown connection");
    let program = |path: &str| Origin {
        path: path.into(),
        line: 9,
        column: 5,
        function: Some("main".into()),
        factory: false,
        through: vec![],
    };
    site.client = ClientOrigin {
        status: OriginStatus::Ambiguous,
        origins: vec![program("cmd/a/main.go"), program("cmd/b/main.go")],
        via: vec![],
        reason: Some("several_constructions: 2 places build this client".into()),
        ..ClientOrigin::default()
    };
    code.judge_standings();
    let report = render::scan_text(code, &options());
    let flat = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("3 of them outside a connection factory;"), "{report}");
    assert!(flat.contains("own connection (cmd/a/main.go:9 and 1 other place)"), "{report}");
}

#[test]
fn a_snapshot_says_what_it_saw_and_what_not() {
    let no_go = card("no-go");
    let target = render::snapshot_text(no_go.inventory.target.value().unwrap(), &options());
    let flat = target.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "· Temporal Cloud client certificate ·",
        "MerchantId Text",
        "ListSchedules 2 (1 error)",
        "unknown: permission denied",
    ] {
        assert!(flat.contains(part), "{part} in {target}");
    }
    assert!(target.lines().all(|l| l.width() <= 80), "{target}");
    let wild = hostile();
    let name = HOSTILE.split(" | ").next().unwrap();
    for report in [
        render::snapshot_text(wild.inventory.source.value().unwrap(), &options()),
        render::scan_text(wild.inventory.code.value().unwrap(), &options()),
    ] {
        assert!(!report.contains('\u{1b}') && !report.contains('\u{202e}'));
        assert!(report.contains(name), "names are shown as they are: {report}");
    }
}

/// Writes every report to a folder, to be looked at: `RENDER_OUT=folder cargo test --test report look`.
#[test]
#[ignore = "for the eye"]
fn look() {
    let folder = std::env::var("RENDER_OUT").expect("RENDER_OUT names a folder");
    let more =
        [("many-3", many(3)), ("many-50", many(50)), ("starters-5", starters(5)), ("starters-500", starters(500))];
    for (name, card) in all().into_iter().chain(more) {
        for &format in Format::ALL {
            std::fs::write(format!("{folder}/{name}.{format}"), text(&card, format)).unwrap();
        }
        let color = RenderOptions { color: true, ..options() };
        std::fs::write(format!("{folder}/{name}.color"), render::render(&card, Format::Text, &color).unwrap()).unwrap();
        if let Some(code) = card.inventory.code.value() {
            std::fs::write(format!("{folder}/{name}.scan"), render::scan_text(code, &options())).unwrap();
        }
        for (side, snapshot) in [("source", &card.inventory.source), ("target", &card.inventory.target)] {
            if let Some(snapshot) = snapshot.value() {
                let text = render::snapshot_text(snapshot, &options());
                std::fs::write(format!("{folder}/{name}.{side}"), text).unwrap();
            }
        }
    }
}
