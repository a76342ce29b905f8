//! The page in a real browser. Needs Chromium and npm, so it runs by a command of its own:
//!
//! `cargo test --test browser -- --ignored`
//!
//! Pictures of every page and the measured figures are left in `browser/` of the target folder, to be looked at.

mod axe;
#[path = "../report/render/cards.rs"]
mod cards;
mod chromium;

use std::path::PathBuf;

use base64::Engine as _;
use cards::{all, card, change, hostile, many, starters};
use chromium::Browser;
use serde_json::json;
use temporal_preflight::judge::trend;
use temporal_preflight::render::{self, Format, RenderOptions};
use temporal_preflight::scorecard::Scorecard;

/// Where pages and pictures go.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A page as a file.
fn page(name: &str, card: &Scorecard) -> PathBuf {
    let repo_url = Some("https://github.com/meridian/payments".to_owned());
    let options = RenderOptions { repo_url, ..RenderOptions::default() };
    let path = folder().join(format!("{name}.html"));
    std::fs::write(&path, render::render(card, Format::Html, &options).unwrap()).unwrap();
    path
}

/// The no-go page with what changed since the undecided one.
fn changed() -> Scorecard {
    let mut now = card("no-go");
    now.trend = Some(trend::since(&card("undecided"), &now));
    now
}

fn pages() -> Vec<(&'static str, Scorecard)> {
    let mut pages = all();
    pages.extend([
        ("many-3", many(3)),
        ("many-50", many(50)),
        ("starters-500", starters(500)),
        ("change", change()),
        ("trend", changed()),
    ]);
    pages
}

#[test]
#[ignore = "needs Chromium"]
fn a_page_from_disk_asks_nobody_and_complains_of_nothing() {
    let mut browser = Browser::start();
    for (name, card) in pages() {
        let path = page(name, &card);
        browser.open(&path);
        for event in &browser.events {
            match event["method"].as_str().unwrap() {
                "Network.requestWillBeSent" => {
                    let url = event["params"]["request"]["url"].as_str().unwrap();
                    assert!(url.starts_with("file://") && url.ends_with(".html"), "{name} asked for {url}");
                }
                "Runtime.exceptionThrown" => panic!("{name}: {}", event["params"]),
                "Runtime.consoleAPICalled" => panic!("{name} wrote to the console: {}", event["params"]),
                "Log.entryAdded" => panic!("{name}: {}", event["params"]["entry"]["text"]),
                "Page.javascriptDialogOpening" => panic!("{name} opened a dialog"),
                _ => {}
            }
        }
        assert_eq!(browser.evaluate("document.getElementById('verdict-title').textContent.includes(' ')"), true);
    }
}

/// Checks of the list that can be seen.
const SHOWN: &str = "[...document.querySelectorAll('#checks .check')].filter(c => c.checkVisibility()).length";
/// Findings of the list that can be seen, folded ones too.
const FINDINGS: &str = "[...document.querySelectorAll('#checks .check:not([hidden]) .finding:not([hidden])')].length";

#[test]
#[ignore = "needs Chromium"]
fn checks_and_findings_can_be_searched_filtered_and_folded() {
    let mut browser = Browser::start();
    browser.size(1400, 1000);
    browser.open(&page("search", &many(50)));
    let total = browser.evaluate(SHOWN).as_u64().unwrap();
    assert!(total > 10);

    // The key for searching, then letters from the keyboard.
    browser.key("/", "/", &[]);
    assert_eq!(browser.evaluate("document.activeElement.id"), "search");
    browser.call("Input.insertText", json!({"text": "START0017 nightly"}));
    browser.until(&format!("{SHOWN} === 1"));
    assert_eq!(browser.evaluate(FINDINGS), 1, "one finding of fifty");
    assert_eq!(browser.evaluate("document.querySelector('#checks .check:not([hidden])').open"), true);
    assert_eq!(
        browser.evaluate("document.getElementById('found').textContent").as_str().unwrap(),
        format!("1 of {total} checks, 1 entry")
    );

    // Nothing fits: said, with a way back.
    browser.call("Input.insertText", json!({"text": " nowhere-to-be-found"}));
    browser.until(&format!("{SHOWN} === 0"));
    assert_eq!(browser.evaluate("document.getElementById('nothing').checkVisibility()"), true);
    browser.click("#clear");
    browser.until(&format!("{SHOWN} === {total}"));

    let choose = |id: &str, value: &str| {
        format!(
            "(() => {{ const e = document.getElementById('{id}'); e.value = '{value}'; e.dispatchEvent(new Event('change')); }})()"
        )
    };
    for (id, value, data) in
        [("outcome", "fail", "outcome"), ("severity", "blocker", "severity"), ("gate", "route", "gates")]
    {
        browser.evaluate(&choose(id, value));
        let wrong = format!(
            "[...document.querySelectorAll('#checks .check:not([hidden])')].filter(c => !c.dataset.{data}.includes('{value}')).length"
        );
        assert_eq!(browser.evaluate(&wrong), 0, "{id}");
    }
    let narrowed = browser.evaluate(SHOWN).as_u64().unwrap();
    assert!(narrowed > 0 && narrowed < total, "{narrowed} of {total}");

    let open = "[...document.querySelectorAll('#checks .check')].filter(c => c.open).length";
    browser.click("#unfold");
    browser.until(&format!("{open} === {total}"));
    browser.click("#fold");
    browser.until(&format!("{open} === 0"));

    // A link to a check that is filtered away shows it all the same.
    let hidden = "document.querySelector('#checks .check[hidden]')";
    let id = browser.evaluate(&format!("{hidden}.id")).as_str().unwrap().to_owned();
    browser.evaluate(&format!("location.hash = '{id}'"));
    browser
        .until(&format!("document.getElementById('{id}').checkVisibility() && document.getElementById('{id}').open"));
}

#[test]
#[ignore = "needs Chromium"]
fn a_command_is_copied_whole() {
    let mut browser = Browser::start();
    browser.size(1400, 1000);
    browser.open(&page("copy", &card("no-go")));
    let command = browser.evaluate("document.querySelector('pre.command').textContent");
    browser.click(".with-copy .copy");
    browser.until("document.querySelector('.with-copy .copy').textContent === 'Copied'");
    browser.evaluate("document.getElementById('search').focus()");
    browser.key("v", "", &["paste"]);
    browser.until("document.getElementById('search').value !== ''");
    // A search field is one line.
    let pasted = browser.evaluate("document.getElementById('search').value");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(flat(pasted.as_str().unwrap()), flat(command.as_str().unwrap()));
}

#[test]
#[ignore = "needs Chromium"]
fn everything_can_be_reached_and_opened_by_keyboard() {
    let mut browser = Browser::start();
    browser.size(1400, 1000);
    browser.open(&page("keyboard", &card("no-go")));
    browser.key("Tab", "", &[]);
    assert_eq!(browser.evaluate("document.activeElement.className"), "skip", "first the way past the contents");
    let reached = "(() => { const seen = new Set(); for (const e of document.querySelectorAll('a[href], button, summary, input, select, [tabindex]')) \
                   if (e.checkVisibility() && e.tabIndex < 0) seen.add(e.outerHTML.slice(0, 80)); return [...seen]; })()";
    assert_eq!(browser.evaluate(reached), json!([]), "cannot be reached");
    browser.evaluate("document.querySelector('#checks .check:not([open]) > summary').focus()");
    let closed = browser.evaluate("document.activeElement.parentElement.id").as_str().unwrap().to_owned();
    browser.key("Enter", "\r", &[]);
    browser.until(&format!("document.getElementById('{closed}').open"));
}

#[test]
#[ignore = "needs Chromium and npm"]
fn axe_finds_nothing_to_object_to() {
    let axe = axe::script(&folder());
    let mut browser = Browser::start();
    browser.call("Page.setBypassCSP", json!({"enabled": true}));
    let mut found = Vec::new();
    for (name, card) in pages() {
        let path = page(name, &card);
        for (scheme, width) in [("light", 1400), ("dark", 1400), ("light", 390)] {
            // One page for each thing a page can hold; the same in other numbers would cost minutes.
            if ["many", "go", "undecided"].contains(&name) || ((scheme, width) != ("light", 1400) && name != "trend") {
                continue;
            }
            browser.media("screen", scheme);
            browser.size(width, 1000);
            browser.open(&path);
            browser.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = d.open || d.closest('.area') === null; })");
            browser.evaluate(&format!("{axe};true"));
            let run = "axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})\
                       .then((r) => r.violations.map((v) => `${v.impact} ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' … ')}`))";
            let wrong = browser.evaluate(run);
            found.extend(wrong.as_array().unwrap().iter().map(|w| format!("{name} {scheme} {width}: {w}")));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
#[ignore = "needs Chromium"]
fn pages_fit_every_width_and_print_cleanly() {
    let mut browser = Browser::start();
    let decode = |answer: &serde_json::Value| {
        base64::engine::general_purpose::STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    };
    for (name, card) in pages() {
        let path = page(name, &card);
        for (media, scheme, width) in [
            ("screen", "light", 1400),
            ("screen", "dark", 1400),
            ("screen", "light", 820),
            ("screen", "light", 390),
            ("print", "light", 700),
        ] {
            browser.media(media, scheme);
            browser.size(width, 1000);
            browser.open(&path);
            let wide = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
            if wide > u64::from(width) {
                let culprits = format!(
                    "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > {width} && !e.closest('.scroll, svg')) \
                     .map(e => `${{e.tagName}} ${{e.className}} ${{e.textContent.trim().slice(0, 60)}}`).slice(-5)"
                );
                let culprits = browser.evaluate(&culprits);
                panic!("{name}, {media} {scheme}: {wide} pixels in a window of {width}, because of {culprits}");
            }
            let height = browser.evaluate("document.documentElement.scrollHeight").as_u64().unwrap().min(6000);
            let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
            let shot = browser.call("Page.captureScreenshot", json!({"clip": clip, "captureBeyondViewport": true}));
            std::fs::write(folder().join(format!("{name}-{media}-{scheme}-{width}.png")), decode(&shot)).unwrap();
        }
        if !["no-go", "many-50"].contains(&name) {
            continue;
        }
        browser.media("", "light");
        browser.call("Emulation.clearDeviceMetricsOverride", json!({}));
        for (paper, width, height) in [("a4", 8.27, 11.69), ("letter", 8.5, 11.0)] {
            let options = json!({"paperWidth": width, "paperHeight": height, "printBackground": true, "preferCSSPageSize": false});
            let pdf = decode(&browser.call("Page.printToPDF", options));
            assert!(pdf.starts_with(b"%PDF"), "{name} on {paper}");
            std::fs::write(folder().join(format!("{name}-{paper}.pdf")), pdf).unwrap();
        }
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_thousand_findings_open_and_filter_at_once() {
    let path = page("thousand", &many(1000));
    let size = std::fs::metadata(&path).unwrap().len();
    let mut browser = Browser::start();
    browser.size(1400, 1000);
    let measure = |browser: &mut Browser| {
        browser.open(&path);
        browser.until("performance.getEntriesByType('navigation')[0].loadEventEnd > 0");
        browser.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd").as_f64().unwrap()
    };
    // The machine may be busy with something else: the best of three is what the page itself takes.
    let loaded = (0..3).map(|_| measure(&mut browser)).fold(f64::MAX, f64::min);
    let filter = "(() => { const s = document.getElementById('search'); const at = performance.now(); s.value = 'start0999'; \
                  s.dispatchEvent(new Event('input')); document.body.offsetHeight; return performance.now() - at; })()";
    let filtered = browser.evaluate(filter).as_f64().unwrap();
    assert_eq!(browser.evaluate(FINDINGS), 1);
    let figures = format!("1,000 findings: {size} bytes, loaded in {loaded:.0} ms, filtered in {filtered:.0} ms\n");
    std::fs::write(folder().join("figures.txt"), &figures).unwrap();
    assert!(size <= 1_000_000 && loaded < 1000.0 && filtered < 300.0, "{figures}");
}

#[test]
#[ignore = "needs Chromium"]
fn without_scripts_nothing_is_missing() {
    let mut browser = Browser::start();
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&page("no-script", &hostile()));
    let tree = browser.call("DOMSnapshot.captureSnapshot", json!({"computedStyles": []}));
    let text = tree["strings"].to_string();
    for part in ["What stands in the way", "All checks", "Coverage: what was seen, and how", "Inventory"] {
        assert!(text.contains(part), "{part}");
    }
    let document = browser.call("DOM.getDocument", json!({"depth": 1}));
    let tools =
        browser.call("DOM.querySelector", json!({"nodeId": document["root"]["nodeId"], "selector": "#tools[hidden]"}));
    assert!(tools["nodeId"].as_u64().unwrap() > 0, "buttons that could do nothing are not shown");
}
