//! What the scan found.

use super::{Row, gap};
use crate::facts::code::{CodeFacts, Confidence, Kind, Scope, Site};
use crate::render::view::code::{entered_by, origin, routing, worry};
use crate::scorecard::Scorecard;

/// Starters, messages, connections and workers, then what else the code holds.
pub(super) fn rows(card: &Scorecard) -> Vec<Row> {
    let code = &card.inventory.code;
    let mut rows: Vec<Row> = gap("code", "", "", code).into_iter().collect();
    if let Some(code) = code.value() {
        let mut sites: Vec<&Site> = code.sites.iter().collect();
        sites.sort_by_key(|s| (order(s.kind), worry(s)));
        rows.extend(sites.into_iter().map(site));
        rows.extend(others(code));
        for row in &mut rows {
            row.owner = code.owners.get(&row.path).cloned().unwrap_or_default();
        }
    }
    rows
}

/// What a site is called, and where it stands among the others.
fn order(kind: Kind) -> (u8, &'static str) {
    match kind {
        k if k.starts() => (0, "starter"),
        k if k.messages() => (1, "message"),
        Kind::Connect | Kind::ConnectConfig => (2, "connection"),
        Kind::Worker => (3, "worker"),
        _ => (4, "other call"),
    }
}

fn site(s: &Site) -> Row {
    let client = || {
        let (_, word, from) = origin(s);
        (word.to_owned(), from)
    };
    let (state, from) = match order(s.kind).0 {
        0 | 1 => client(),
        _ => (String::new(), s.address.clone().unwrap_or_default()),
    };
    let mut detail: Vec<String> = Vec::new();
    if s.kind.messages() {
        detail.push(routing(s).1.to_owned());
    }
    detail.extend(s.cron.as_ref().map(|cron| format!("cron {cron}")));
    if let Some((first, others)) = entered_by(s) {
        let others = if others.is_empty() { String::new() } else { format!(", {others}") };
        detail.push(format!("entered by {first}{others}"));
    }
    detail.extend(s.wrapper.as_ref().map(|wrapper| format!("wrapper {wrapper}")));
    Row {
        what: order(s.kind).1,
        namespace: s.namespace.clone().unwrap_or_default(),
        name: s.message_name.clone().unwrap_or_else(|| s.api.clone()),
        kind: s.kind.name().to_owned(),
        state,
        workflow_type: s.workflow_type.clone().unwrap_or_default(),
        task_queue: s.task_queue.clone().or_else(|| s.task_queue_from.clone()).unwrap_or_default(),
        function: s.function.clone().unwrap_or_default(),
        language: s.language.clone(),
        confidence: confidence(s.confidence).to_owned(),
        origin: from,
        detail: detail.join("; "),
        ..placed(&s.path, s.line, s.scope)
    }
}

/// How sure the scan is of a call, in a word.
fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Proven => "proven",
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
    }
}

fn placed(path: &str, line: u32, scope: Scope) -> Row {
    Row { path: path.to_owned(), line: Some(line), scope: scope.words().to_owned(), ..Row::default() }
}

fn others(code: &CodeFacts) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(code.factories.iter().map(|f| Row {
        what: "factory",
        name: f.function.clone(),
        function: f.function.clone(),
        kind: if f.configured { "configured" } else { "proposed" }.to_owned(),
        state: if f.found { "" } else { "not found" }.to_owned(),
        uses: Some(f.sites as u64),
        ..placed(&f.path, f.line, Scope::Main)
    }));
    for w in &code.wrappers {
        rows.push(Row {
            what: "wrapper",
            name: w.name.clone(),
            function: w.name.clone(),
            kind: w.kind.name().to_owned(),
            uses: Some(w.calls.len() as u64),
            ..placed(&w.path, w.line, Scope::Main)
        });
        rows.extend(w.calls.iter().map(|c| Row {
            what: "wrapper call",
            name: w.name.clone(),
            kind: w.kind.name().to_owned(),
            workflow_type: c.workflow_type.clone().unwrap_or_default(),
            function: c.function.clone().unwrap_or_default(),
            ..placed(&c.path, c.line, c.scope)
        }));
    }
    rows.extend(code.workflow_types.iter().map(|t| Row {
        what: "workflow definition",
        name: t.name.clone(),
        kind: t.role.clone(),
        workflow_type: t.name.clone(),
        task_queue: t.task_queue.clone().unwrap_or_default(),
        ..placed(&t.path, t.line, t.scope)
    }));
    rows.extend(code.search_attributes.iter().map(|a| Row {
        what: "search attribute in code",
        name: a.name.clone(),
        kind: a.value_type.clone().unwrap_or_default(),
        detail: a.role.clone(),
        ..placed(&a.path, a.line, a.scope)
    }));
    rows.extend(code.hazards.iter().map(|h| Row {
        what: "hazard",
        name: h.id.clone(),
        detail: h.detail.clone(),
        ..placed(&h.path, h.line, h.scope)
    }));
    rows.extend(code.features.iter().map(|f| Row {
        what: "feature",
        name: f.name.clone().unwrap_or_else(|| f.feature.clone()),
        kind: f.feature.clone(),
        detail: f.what.clone(),
        ..placed(&f.path, f.line, f.scope)
    }));
    rows.extend(code.sdks.iter().map(|s| Row {
        what: "sdk",
        name: s.package.clone(),
        language: s.language.clone(),
        detail: s.in_words(),
        ..placed(&s.path, s.line, s.scope)
    }));
    rows.extend(code.coverage.skipped.iter().map(|s| Row {
        what: "skipped",
        path: s.path.clone(),
        state: "not looked at".to_owned(),
        detail: s.reason.clone(),
        ..Row::default()
    }));
    rows.extend(code.coverage.beyond.iter().map(|b| Row {
        what: "skipped",
        name: b.seen.clone(),
        state: "not followed".to_owned(),
        detail: "starts or signals without code that is analysed".to_owned(),
        ..placed(&b.path, b.line, b.scope)
    }));
    for (language, files) in &code.coverage.not_analysed {
        rows.extend(files.iter().map(|f| Row {
            what: "skipped",
            path: f.clone(),
            language: language.clone(),
            state: "not analysed".to_owned(),
            detail: format!("names Temporal; {language} is not understood"),
            ..Row::default()
        }));
    }
    rows
}
