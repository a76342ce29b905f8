//! SDK calls → sites of the scan document.

use super::catalogue::{ApiRef, ClientAt, Slot, SlotStep};
use super::classify::{ApiCall, Classified};
use super::fingerprint::Fingerprints;
use super::index::At;
use super::program::*;
use super::resolve::{Folded, Resolver, TraceEnd};
use crate::facts::code::*;

/// A site with the call it was made from.
pub struct SiteDraft<'a> {
    /// The call.
    pub call: ApiCall<'a>,
    /// The site.
    pub site: Site,
}

/// Build all sites, sorted by path, line, column and kind.
pub fn build<'a>(r: &Resolver<'a>, classified: &Classified<'a>) -> Vec<SiteDraft<'a>> {
    let mut drafts: Vec<SiteDraft<'a>> = vec![];
    for call in &classified.calls {
        for kind in call.kinds() {
            drafts.push(SiteDraft { call: *call, site: site(r, call, kind) });
        }
    }
    drafts.sort_by(|a, b| {
        let key = |d: &SiteDraft<'_>| (d.site.line, d.site.column, d.site.kind);
        a.site.path.cmp(&b.site.path).then_with(|| key(a).cmp(&key(b)))
    });
    let mut prints = Fingerprints::default();
    for draft in &mut drafts {
        let site = &mut draft.site;
        let text = r.index.unit(draft.call.at.unit).text_of(draft.call.at.expr);
        let text: String = text.chars().take(2000).collect();
        site.fingerprint = prints.next(&site.path, site.kind.name(), site.function.as_deref(), &text);
    }
    drafts
}

fn site<'a>(r: &Resolver<'a>, call: &ApiCall<'a>, kind: Kind) -> Site {
    let unit = r.index.unit(call.at.unit);
    let name = unit.expr(call.name_at.expr);
    let api = call.api;
    let fold = |slot: &Option<Slot>| match (slot, call.as_value) {
        (Some(slot), false) => r.fold_slot(call.at, slot),
        _ => None,
    };
    let text = |slot: &Option<Slot>| fold(slot).and_then(|f| f.text().map(str::to_owned)).filter(|t| !t.is_empty());
    let connects = kind == Kind::Connect;
    let task_queue = inner_slot(r, call, |api| &api.api.queue).or_else(|| text(&api.api.queue));
    let has_queue = task_queue.is_none() && (kind == Kind::Worker || kind.starts());
    Site {
        standing: Standing::default(),
        path: unit.path.clone(),
        line: name.line,
        column: name.column,
        kind,
        api: api.display(),
        language: unit.language.to_owned(),
        scope: unit.scope,
        function: unit.name_around(call.function).map(str::to_owned),
        workflow_type: workflow_type(r, call.at, &api, call.as_value).filter(|t| !t.is_empty()),
        workflow_id: workflow_id(r, call, kind),
        task_queue,
        task_queue_from: has_queue.then(|| where_to(r, call, &api.api.queue, None)).flatten(),
        cron: cron(r, call),
        message_name: message_name(r, call),
        confidence: call.confidence,
        fingerprint: String::new(),
        client: client(r, call, kind),
        wrapper: None,
        step_of: None,
        built_on: vec![],
        routing: Routing::default(),
        snippet: unit.line(name.line),
        address: connects.then(|| where_to(r, call, &api.api.address, api.api.default_address.as_deref())).flatten(),
        namespace: connects
            .then(|| where_to(r, call, &api.api.namespace, api.api.default_namespace.as_deref()))
            .flatten(),
        entries: vec![],
    }
}

/// The workflow type of a start: a constant, a function's name, or that of the operation handed in.
pub fn workflow_type<'a>(r: &Resolver<'a>, at: At, api: &ApiRef<'a>, as_value: bool) -> Option<String> {
    if as_value {
        return None;
    }
    let slot = api.api.workflow.as_ref()?;
    let ask = super::resolve::TraceQuery { production: false, clients: false, steps: 200 };
    if let Some(found) = r.trace_argument(at, slot, ask)
        && let [only] = found.as_slice()
        && let TraceEnd::Sdk(operation, inner) = &only.end
    {
        let slot = inner.api.workflow.as_ref()?;
        return r.fold_slot(*operation, slot)?.text().map(str::to_owned);
    }
    r.fold_slot(at, slot)?.text().map(str::to_owned)
}

/// The id of the execution a call begins or talks to, as far as it is fixed.
fn workflow_id<'a>(r: &Resolver<'a>, call: &ApiCall<'a>, kind: Kind) -> Option<String> {
    let begins = matches!(kind, Kind::Start | Kind::SignalWithStart | Kind::UpdateWithStart);
    if !begins && !kind.messages() {
        return None;
    }
    r.id_form(call.at, call.api.api.id.as_ref().filter(|_| !call.as_value)?)
}

/// The name of the signal, query or update: a constant, or the method that handles it.
fn message_name<'a>(r: &Resolver<'a>, call: &ApiCall<'a>) -> Option<String> {
    let slot = call.api.api.message.as_ref().filter(|_| !call.as_value)?;
    let ask = super::resolve::TraceQuery { production: false, clients: false, steps: 200 };
    let found = r.trace_argument(call.at, slot, ask)?;
    let folded = match found.as_slice() {
        [only] => match &only.end {
            TraceEnd::Function(at) if r.index.function(*at).owner.is_some() => Some(r.message_of(*at)),
            TraceEnd::Sdk(made, inner) => inner.api.message.as_ref().and_then(|slot| r.fold_slot(*made, slot)),
            _ => r.fold_slot(call.at, slot),
        },
        _ => r.fold_slot(call.at, slot),
    };
    folded.and_then(|f| f.text().map(str::to_owned)).filter(|t| !t.is_empty())
}

/// A slot of the operation an update-with-start is given.
fn inner_slot<'a>(
    r: &Resolver<'a>,
    call: &ApiCall<'a>,
    slot: impl Fn(&ApiRef<'a>) -> &'a Option<Slot>,
) -> Option<String> {
    let workflow = call.api.api.workflow.as_ref().filter(|_| !call.as_value)?;
    let ask = super::resolve::TraceQuery { production: false, clients: false, steps: 200 };
    let found = r.trace_argument(call.at, workflow, ask)?;
    let [only] = found.as_slice() else { return None };
    let TraceEnd::Sdk(operation, inner) = &only.end else { return None };
    r.fold_slot(*operation, slot(inner).as_ref()?)?.text().map(str::to_owned)
}

/// The cron expression; `(dynamic)` when one is given that is no constant.
fn cron<'a>(r: &Resolver<'a>, call: &ApiCall<'a>) -> Option<String> {
    let slot = call.api.api.cron.as_ref().filter(|_| !call.as_value)?;
    match r.fold_slot(call.at, slot)? {
        Folded::Text(text) if text.is_empty() => None,
        Folded::Text(text) => Some(text),
        Folded::Dynamic if !is_given(r, call.at, slot) => None,
        _ => Some("(dynamic)".to_owned()),
    }
}

/// Whether the object a slot is a field of was written with that field.
fn is_given(r: &Resolver<'_>, call: At, slot: &Slot) -> bool {
    let fields: Vec<&str> = slot
        .steps
        .iter()
        .filter_map(|s| match s {
            SlotStep::Field(name) => Some(name.as_str()),
            SlotStep::Element => None,
        })
        .collect();
    let Some(last) = fields.last() else { return true };
    let steps: Vec<SlotStep> = fields.iter().take(fields.len() - 1).map(|f| SlotStep::Field((*f).to_owned())).collect();
    let ask = super::resolve::TraceQuery { production: false, clients: false, steps: 200 };
    let outer = Slot { steps, ..slot.clone() };
    let literal = r.trace_argument(call, &outer, ask).unwrap_or_default().iter().any(|found| match &found.end {
        TraceEnd::Value(at) => match r.index.kind(*at) {
            ExprKind::Composite { parts, .. } => {
                parts.iter().any(|p| matches!(&p.key, Some(Key::Name(name)) if name == last))
            }
            _ => false,
        },
        _ => false,
    });
    literal || r.index.field_writes(last).iter().any(|(unit, _)| *unit == call.unit)
}

/// Where the client of a call comes from.
fn client<'a>(r: &Resolver<'a>, call: &ApiCall<'a>, kind: Kind) -> ClientOrigin {
    if let (Some(ClientAt::Slot(slot)), false) = (call.api.client(), call.as_value)
        && !slot.steps.is_empty()
    {
        return client_in_slot(r, call, &slot);
    }
    if matches!(kind, Kind::Connect | Kind::ConnectConfig | Kind::Worker) && call.api.client() == Some(ClientAt::Builds)
    {
        return ClientOrigin {
            status: OriginStatus::Resolved,
            origins: vec![r.origin_at(if call.as_value { call.name_at } else { call.at })],
            ..ClientOrigin::default()
        };
    }
    let place = match (call.as_value, call.api.client()) {
        (_, Some(ClientAt::Context)) => {
            return ClientOrigin { status: OriginStatus::Inherited, ..ClientOrigin::default() };
        }
        (true, _) => match r.index.kind(call.at) {
            ExprKind::Member { base, name } => Some((At { unit: call.at.unit, expr: *base }, Some(name.clone()))),
            _ => None,
        },
        (false, at) => r.client_place(call.at, at),
    };
    match place {
        Some((at, method)) => r.client_origin(at, method.as_deref()),
        None => {
            ClientOrigin { reason: Some("no_receiver: the call names no client".into()), ..ClientOrigin::default() }
        }
    }
}

/// The client in a field of an argument; a call that is given none may make its own.
fn client_in_slot<'a>(r: &Resolver<'a>, call: &ApiCall<'a>, slot: &Slot) -> ClientOrigin {
    let argument = r.slot_argument(call.at, slot).map(|(at, _)| at);
    let without = match argument.map(|at| r.index.kind(at)) {
        None => true,
        Some(ExprKind::Composite { parts, .. }) => parts.iter().all(|part| match &part.key {
            Some(Key::Name(name)) => !slot.steps.contains(&SlotStep::Field(name.clone())),
            _ => false,
        }),
        Some(_) => false,
    };
    if without && call.api.api.default_address.is_some() {
        return ClientOrigin {
            status: OriginStatus::Resolved,
            origins: vec![r.origin_at(call.at)],
            ..ClientOrigin::default()
        };
    }
    match argument {
        Some(at) => r.origin_of(&r.client_ends_in(at, &slot.steps), call.at.unit),
        None => {
            ClientOrigin { reason: Some("no_receiver: the call names no client".into()), ..ClientOrigin::default() }
        }
    }
}

/// Address or namespace of a connection, or the queue of a worker, in words.
fn where_to<'a>(r: &Resolver<'a>, call: &ApiCall<'a>, slot: &Option<Slot>, default: Option<&str>) -> Option<String> {
    if let Some(words) = &call.api.api.words {
        return Some(words.clone());
    }
    let slot = slot.as_ref().filter(|_| !call.as_value)?;
    let by_default = || default.map(|d| format!("default {d}"));
    let folded = match r.fold_slot(call.at, slot) {
        None => return by_default(),
        Some(folded) => folded,
    };
    if folded == Folded::Text(String::new()) {
        return by_default();
    }
    let words = folded.words();
    if !words.contains("unresolved") {
        return Some(words);
    }
    // Not a constant: at least the flag it is bound to, or the expression as written.
    let expr = written(r, call.at, slot)?;
    if let Some(flag) = r.flag_of(expr) {
        return Some(flag);
    }
    let text = r.index.unit(expr.unit).text_of(expr.expr);
    let plain = text.len() <= 60 && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '(' | ')'));
    Some(if plain { format!("unresolved ({text})") } else { "unresolved".to_owned() })
}

/// The expression written for a field of an object literal near the call.
fn written(r: &Resolver<'_>, call: At, slot: &Slot) -> Option<At> {
    let (argument, _) = r.slot_argument(call, slot)?;
    let Some(SlotStep::Field(field)) = slot.steps.first() else { return Some(argument) };
    let ask = super::resolve::TraceQuery { production: false, clients: false, steps: 200 };
    r.trace(argument, ask).iter().find_map(|found| match &found.end {
        TraceEnd::Value(at) => match r.index.kind(*at) {
            ExprKind::Composite { parts, .. } => parts.iter().find_map(|p| match &p.key {
                Some(Key::Name(name)) if name == field => Some(At { unit: at.unit, expr: p.value }),
                _ => None,
            }),
            _ => None,
        },
        _ => None,
    })
}
