//! The inventory of a scan on one screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::RenderOptions;
use super::page::Page;
use super::text::{list, number, one_line, plural};
use super::view::{Mark, code};
use crate::facts::code::{CodeFacts, Kind, Site};

/// Lines per list; `-o json` has all.
const LINES: usize = 12;

/// What a scan found: connections and factories, starters (outside a factory first), messages, wrappers,
/// hazards, and what was looked at.
pub fn scan_text(code: &CodeFacts, options: &RenderOptions) -> String {
    let mut page = Page::new(options, OfScan);
    page.head(code);
    page.factories(code);
    page.sites(code, "Connections", Site::is_connection, connection);
    page.sites(code, "Starters", |s| s.kind.starts(), starter);
    page.sites(code, "Signals, queries, updates, cancellations", |s| s.kind.messages(), message);
    page.wrappers(code);
    page.hazards(code);
    page.rest(code);
    page.coverage(code);
    page.out
}

/// A page about a scan.
struct OfScan;

/// A line of a list: mark, place, words.
struct Line {
    mark: Mark,
    place: String,
    words: String,
}

fn place(path: &str, line: u32) -> String {
    format!("{}:{line}", one_line(path))
}

/// The first names of a list, and how many more there are.
fn first(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.map(|name| one_line(&name).into_owned()).collect();
    let mut shown: Vec<String> = names.iter().take(3).cloned().collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more, see Coverage and -o json", names.len() - shown.len()));
    }
    list(&shown)
}

/// ` · entered by HTTP POST /orders`, when it is known.
fn entered(site: &Site) -> String {
    let Some((first, _)) = code::entered_by(site) else { return String::new() };
    let more = match site.entries.len() - 1 {
        0 => String::new(),
        more => format!(" and {}", plural(more, "other way")),
    };
    format!(" · entered by {first}{more}")
}

fn connection(site: &Site) -> Line {
    let mut words = site.address.clone().unwrap_or_else(|| "address not set here".to_owned());
    if let Some(namespace) = &site.namespace {
        let _ = write!(words, ", namespace {namespace}");
    }
    Line { mark: Mark::None, place: place(&site.path, site.line), words }
}

fn starter(site: &Site) -> Line {
    let (mark, word, from) = code::origin(site);
    let what = site.workflow_type.as_deref().unwrap_or("type not fixed in the code");
    let cron = site.cron.as_deref().map_or_else(String::new, |c| format!(" cron {c}"));
    let from = if from.is_empty() { String::new() } else { format!(" ({from})") };
    let kind =
        if site.kind == Kind::Start { String::new() } else { format!("{} ", site.kind.name().replace('_', " ")) };
    Line {
        mark,
        place: place(&site.path, site.line),
        words: format!("{kind}{what}{cron} · {word}{from}{}", entered(site)),
    }
}

fn message(site: &Site) -> Line {
    let (mark, word, _) = code::origin(site);
    let (route, how) = code::routing(site);
    let name = site.message_name.as_deref().map_or_else(String::new, |n| format!(" {n}"));
    Line {
        mark: if mark == Mark::Ok { route } else { mark },
        place: place(&site.path, site.line),
        words: format!("{}{name} · {how} · {word}{}", site.kind.name(), entered(site)),
    }
}

impl Page<OfScan> {
    fn head(&mut self, code: &CodeFacts) {
        let commit = code.repository.commit.as_deref().map_or_else(String::new, |c| {
            let short: String = c.chars().take(12).collect();
            format!(" at {short}")
        });
        let root = one_line(&code.repository.root).into_owned();
        let title = self.paint.bold(&root);
        self.line(&format!("{title}{commit}"));
        let main = |f: &dyn Fn(&Site) -> bool| code.sites.iter().filter(|s| s.scope.is_production() && f(s)).count();
        let starters = main(&|s| s.kind.starts());
        let outside = main(&|s| s.kind.starts() && code::origin(s).0 == Mark::Failed);
        let open = main(&|s| s.kind.starts() && matches!(code::origin(s).0, Mark::Attention | Mark::Unknown));
        let open = if open == 0 { String::new() } else { format!(", {open} with an unknown connection") };
        let messages = main(&|s| s.kind.messages());
        self.wrapped(
            &format!(
                "{} in production code, {outside} of them outside a connection factory{open}; {}; {}.",
                plural(starters, "starter"),
                plural(messages, "message"),
                plural(main(&Site::is_connection), "connection"),
            ),
            0,
        );
        self.unread(code);
    }

    /// What the numbers above leave out, because it was not read.
    fn unread(&mut self, code: &CodeFacts) {
        let c = &code.coverage;
        let mut parts: Vec<String> = Vec::new();
        for (language, files) in &c.not_analysed {
            parts.push(format!("{} of {language} ({})", plural(files.len(), "file"), first(files.iter().cloned())));
        }
        let beyond: Vec<String> =
            c.beyond.iter().filter(|b| b.scope.is_production()).map(|b| format!("{}:{}", b.path, b.line)).collect();
        if !beyond.is_empty() {
            let what = plural(beyond.len(), "command, HTTP call or manifest");
            parts.push(format!("{what} ({})", first(beyond.into_iter())));
        }
        if !c.files_with_syntax_errors.is_empty() {
            let files = &c.files_with_syntax_errors;
            parts.push(format!(
                "{} with syntax errors ({})",
                plural(files.len(), "file"),
                first(files.iter().cloned())
            ));
        }
        let gaps: Vec<String> =
            c.skipped.iter().filter(|s| !s.on_purpose() || s.is_excluded()).map(|s| s.path.clone()).collect();
        if !gaps.is_empty() {
            parts.push(format!("{} ({})", plural(gaps.len(), "path"), first(gaps.into_iter())));
        }
        if !parts.is_empty() {
            let text = format!("Not read, or not wholly, and not among these numbers: {}.", parts.join("; "));
            self.wrapped(&text, 0);
        }
    }

    fn factories(&mut self, code: &CodeFacts) {
        self.heading(&format!("Factories ({})", code.factories.len()));
        if code.factories.is_empty() {
            self.wrapped("None. Name them in preflight.yaml under code.factories, as path:function.", 1);
        }
        for f in code.factories.iter().take(LINES) {
            let (mark, word) = match (f.found, f.configured) {
                (false, _) => (Mark::Failed, "configured, not found"),
                (true, true) => (Mark::Ok, "configured"),
                (true, false) => (Mark::Ok, "proposed from the code"),
            };
            self.entry(&Line {
                mark,
                place: if f.path.is_empty() { "outside of this tree".to_owned() } else { place(&f.path, f.line) },
                words: format!("{} · {word} · {}", f.function, plural(f.sites, "site")),
            });
        }
        self.more(code.factories.len());
    }

    fn sites(&mut self, code: &CodeFacts, title: &str, wanted: impl Fn(&Site) -> bool, show: fn(&Site) -> Line) {
        let all: Vec<&Site> = code.sites.iter().filter(|s| wanted(s)).collect();
        let mut main: Vec<&Site> = all.iter().copied().filter(|s| s.scope.is_production()).collect();
        main.sort_by_key(|s| code::worry(s));
        let others = all.len() - main.len();
        let note = if others > 0 { format!(", and {others} in tests, docs or generated code") } else { String::new() };
        self.heading(&format!("{title} ({}{note})", main.len()));
        for site in main.iter().take(LINES) {
            self.entry(&show(site));
        }
        self.more(main.len());
    }

    fn entry(&mut self, entry: &Line) {
        let mark = self.paint.mark(entry.mark, entry.mark.glyph());
        let place = self.paint.code(&entry.place);
        let words = one_line(&entry.words).into_owned();
        let room = self.width.saturating_sub(entry.place.chars().count() + 5);
        if words.chars().count() <= room {
            self.line(&format!(" {mark} {place}  {words}"));
        } else {
            self.line(&format!(" {mark} {place}"));
            self.wrapped(&words, 5);
        }
    }

    fn more(&mut self, total: usize) {
        if let Some(more) = total.checked_sub(LINES).filter(|m| *m > 0) {
            let text = self.paint.dim(&format!("   and {more} more; -o json has all"));
            self.line(&text);
        }
    }

    fn wrappers(&mut self, code: &CodeFacts) {
        if code.wrappers.is_empty() {
            return;
        }
        self.heading(&format!("Wrappers ({})", code.wrappers.len()));
        for w in code.wrappers.iter().take(LINES) {
            self.entry(&Line {
                mark: Mark::None,
                place: place(&w.path, w.line),
                words: format!(
                    "{} · {} · {}",
                    w.name,
                    w.kind.name().replace('_', " "),
                    plural(w.calls.len(), "caller")
                ),
            });
        }
        self.more(code.wrappers.len());
    }

    fn hazards(&mut self, code: &CodeFacts) {
        let hazards: Vec<_> = code.hazards.iter().filter(|h| h.scope.is_production()).collect();
        if hazards.is_empty() {
            return;
        }
        self.heading(&format!("Hazards ({})", hazards.len()));
        for h in hazards.iter().take(LINES) {
            self.entry(&Line {
                mark: Mark::Attention,
                place: place(&h.path, h.line),
                words: format!("{}: {}", h.id, h.detail),
            });
        }
        self.more(hazards.len());
    }

    /// What has no list of its own, counted.
    fn rest(&mut self, code: &CodeFacts) {
        let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
        for s in code.sites.iter().filter(|s| s.scope.is_production()) {
            if !s.kind.starts() && !s.kind.messages() && s.kind != Kind::Connect {
                *kinds.entry(s.kind).or_default() += 1;
            }
        }
        let mut parts: Vec<String> =
            kinds.into_iter().map(|(k, n)| format!("{} {}", number(n as u64), k.name().replace('_', " "))).collect();
        if !code.workflow_types.is_empty() {
            parts.push(plural(code.workflow_types.len(), "workflow definition"));
        }
        if !code.search_attributes.is_empty() {
            parts.push(plural(code.search_attributes.len(), "search attribute use"));
        }
        let mut features: BTreeMap<&str, usize> = BTreeMap::new();
        for used in code.features.iter().filter(|f| f.scope.is_production()) {
            *features.entry(&used.what).or_default() += 1;
        }
        parts.extend(features.into_iter().map(|(what, n)| plural(n, what)));
        let mut versions: Vec<String> = code.sdks.iter().map(|s| format!("{} {}", s.package, s.in_words())).collect();
        versions.sort();
        versions.dedup();
        parts.extend(versions);
        if !parts.is_empty() {
            self.heading("Also");
            self.wrapped(&parts.join(" · "), 1);
        }
    }

    fn coverage(&mut self, code: &CodeFacts) {
        let c = &code.coverage;
        self.heading("Coverage");
        self.wrapped(
            &format!(
                "{} seen, {} of known languages, {} parsed.",
                plural(usize::try_from(c.files_seen).unwrap_or(usize::MAX), "file"),
                number(c.files_of_known_languages),
                number(c.files_parsed)
            ),
            1,
        );
        let mut gaps = Vec::new();
        for (language, files) in &c.not_analysed {
            gaps.push(format!(
                "{} of {language} not analysed, though Temporal is named there",
                plural(files.len(), "file")
            ));
        }
        for b in c.beyond.iter().filter(|b| b.scope.is_production()) {
            gaps.push(format!("{}:{}: {}, not followed", one_line(&b.path), b.line, b.seen));
        }
        if !c.files_with_syntax_errors.is_empty() {
            gaps.push(format!("{} read in part (syntax errors)", plural(c.files_with_syntax_errors.len(), "file")));
        }
        if !c.broken_apart.is_empty() {
            gaps.push(format!(
                "{} with syntax errors in tests, docs or parts that name nothing of Temporal",
                plural(c.broken_apart.len(), "file")
            ));
        }
        for (reason, n) in tally(c.skipped.iter().map(|s| s.reason.as_str())) {
            gaps.push(format!("{} skipped: {reason}", number(n as u64)));
        }
        if !c.dropped.is_empty() {
            let dropped: u64 = c.dropped.values().sum();
            let reasons: Vec<String> = c.dropped.iter().map(|(reason, n)| format!("{reason} {}", number(*n))).collect();
            gaps.push(format!("{} look-alikes dropped: {}; -v names each", number(dropped), reasons.join(", ")));
        }
        for gap in gaps.iter().take(LINES) {
            self.wrapped(&format!("– {gap}"), 1);
        }
        self.more(gaps.len());
    }
}

/// Reasons by frequency.
fn tally<'a>(reasons: impl Iterator<Item = &'a str>) -> Vec<(&'a str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason).or_default() += 1;
    }
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    all
}
