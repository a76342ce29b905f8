//! Which client a call talks through: where it was built, and what tells it from others that are built there.
//!
//! One factory called with `"cloud"` and with `"onprem"` gives two clients, called twice with `"cloud"` one.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet as HashSet;

use crate::scan::index::{At, FnAt, strip};
use crate::scan::program::*;
use crate::scan::resolve::{Folded, Found, Frames, Mark, Resolver, TraceEnd, Ty};
use crate::scan::sites::SiteDraft;

/// Steps one question about the clients of a call may take, with the words for what tells them apart.
const STEPS: usize = 8000;

/// How the words for an object begin that holds a client, or of which a method gives it.
const OBJECT: &str = "of ";

/// One client: the construction, and the arguments, objects and keys that led to it, in words.
type Way = (String, Vec<String>);

/// The clients a call may talk through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clients {
    ways: BTreeSet<Way>,
    /// Some way to its client was not followed to a construction.
    open: bool,
    /// The receiver as written.
    text: String,
}

/// The clients of all calls that were asked about.
#[derive(Default)]
pub(super) struct Known {
    /// Asked without any calls before: the answer, and the functions whose callers it rests on.
    anyhow: BTreeMap<At, (Clients, HashSet<FnAt>)>,
}

impl Known {
    /// The clients of a call, when its function was entered by these calls. Most answers do not depend on them.
    pub fn of(&mut self, r: &Resolver<'_>, draft: &SiteDraft<'_>, frames: &Frames) -> Clients {
        let (clients, by_callers) = self.anyhow.entry(draft.call.at).or_insert_with(|| {
            r.by_callers.borrow_mut().clear();
            let clients = asked(r, draft, &Frames::default());
            (clients, r.by_callers.take())
        });
        if frames.enter(by_callers) { asked(r, draft, frames) } else { clients.clone() }
    }
}

fn asked(r: &Resolver<'_>, draft: &SiteDraft<'_>, frames: &Frames) -> Clients {
    r.budget.ask(STEPS, || {
        let clients = looked_for(r, draft, frames);
        // What was not seen to its end may be anything.
        Clients { open: clients.open || r.budget.is_cut(), ..clients }
    })
}

fn looked_for(r: &Resolver<'_>, draft: &SiteDraft<'_>, frames: &Frames) -> Clients {
    let Some((at, method)) = receiver(r, draft) else { return Clients { open: true, ..Clients::default() } };
    let found = r.client_ways(at, method.as_deref(), frames);
    let mut clients = Clients { text: root(r, at), ..Clients::default() };
    for one in &found {
        let place = match &one.end {
            TraceEnd::Sdk(call, _) => r.index.place(*call) + &format!(":{}", call.expr.0),
            TraceEnd::External(at) => {
                clients.open = true;
                outside(r, *at)
            }
            TraceEnd::Open(reason, text) if !matches!(*reason, "only_tests_call" | "never_assigned") => {
                clients.open = true;
                format!("{reason} {text}")
            }
            TraceEnd::Open(..) => continue,
            TraceEnd::Instance(name) => {
                clients.open = true;
                name.to_string()
            }
            TraceEnd::Value(_) | TraceEnd::Function(_) | TraceEnd::Setting(_) => continue,
        };
        clients.ways.insert((place, marks(r, one)));
    }
    clients.open |= clients.ways.is_empty();
    clients
}

/// Where the client of a call stands.
fn receiver(r: &Resolver<'_>, draft: &SiteDraft<'_>) -> Option<(At, Option<String>)> {
    if draft.call.as_value {
        return None;
    }
    r.client_place(draft.call.at, draft.call.api.client())
}

/// The object a handle was taken from, as written: `client` of `client.getHandle(id)`.
fn root(r: &Resolver<'_>, mut at: At) -> String {
    let unit = r.index.unit(at.unit);
    while let ExprKind::Call { callee, .. } = unit.expr(strip(unit, at.expr)).kind
        && let ExprKind::Member { base, .. } = unit.expr(callee).kind
        && r.callees(At { unit: at.unit, expr: strip(unit, at.expr) }).is_empty()
    {
        at.expr = base;
    }
    unit.text_of(at.expr).to_owned()
}

impl Clients {
    /// Whether two calls talk through different clients, as far as can be told.
    pub fn differ(&self, other: &Clients) -> bool {
        // Objects that hold one client lead to one cluster, however many there are.
        if self.one_client().is_some_and(|one| Some(one) == other.one_client()) {
            return false;
        }
        if self.ways == other.ways {
            // The same construction with the same arguments is the same cluster, whatever its variables are called.
            return !self.is_told() && self.text != other.text;
        }
        self.ways.is_disjoint(&other.ways) || self.text != other.text
    }

    /// The only construction, with what its functions were given: no matter through which objects it came.
    fn one_client(&self) -> Option<(&str, Vec<&str>)> {
        let mut clients: BTreeSet<(&str, Vec<&str>)> = BTreeSet::new();
        for (place, marks) in &self.ways {
            let chosen = marks.iter().map(String::as_str).filter(|mark| !mark.starts_with(OBJECT));
            clients.insert((place, chosen.collect()));
        }
        let only = clients.pop_first().filter(|_| clients.is_empty() && !self.open)?;
        only.1.iter().all(|mark| !mark.contains('~')).then_some(only)
    }

    /// Whether it is known which of the clients it is: there is one, or constants choose among those of a factory.
    fn is_told(&self) -> bool {
        let chosen = |way: &Way| way.1.iter().any(|mark| !mark.contains('~'));
        self.ways.len() == 1 || (!self.ways.is_empty() && self.ways.iter().all(chosen))
    }
}

/// A call of another package: it is told by what it is given.
fn outside(r: &Resolver<'_>, at: At) -> String {
    let unit = r.index.unit(at.unit);
    let Some((callee, _)) = r.call(at) else { return unit.text_of(at.expr).to_owned() };
    let mut words = vec![unit.text_of(callee.expr).to_owned()];
    words.extend(r.arguments(at).filter(|at| !is_context(r, *at)).map(|at| value(r, at, &Frames::default())));
    words.join(" ")
}

/// What tells a client from others that are built in the same place, from the construction outwards.
fn marks(r: &Resolver<'_>, found: &Found<'_>) -> Vec<String> {
    let mut words = vec![];
    for mark in found.marks.iter() {
        match mark {
            Mark::Of(at) => words.push(format!("{OBJECT}{}", value(r, *at, &Frames::default()))),
            Mark::Under(at) => words.push(value(r, *at, &Frames::default())),
            Mark::Call(function, call, frames) => words.extend(given(r, *function, *call, frames)),
        }
    }
    words
}

/// What a call gives to the parameters of a function, and the object it is called on.
fn given(r: &Resolver<'_>, function: FnAt, call: At, frames: &Frames) -> Vec<String> {
    let declared = r.index.function(function);
    let unit = r.index.unit(function.unit);
    let mut words = vec![];
    if let Some((callee, _)) = r.call(call)
        && let ExprKind::Member { base, .. } = r.index.kind(callee)
    {
        let base = At { unit: callee.unit, expr: strip(r.index.unit(callee.unit), *base) };
        let is_type = matches!(r.type_of(base), Ty::Meta(_));
        if r.index.package_at(base).is_none() && !is_type && !is_own_object(r, base) && declared.owner.is_some() {
            words.push(format!("{OBJECT}{}", r.index.unit(base.unit).text_of(base.expr)));
        }
    }
    for (position, param) in declared.params.iter().enumerate() {
        let var = unit.var(*param);
        let said = match r.argument(call, function, position) {
            Some((at, steps)) if steps.is_empty() && !is_context(r, at) => Some(value(r, at, frames)),
            Some(_) => None,
            // Not given: its default.
            None => var.sources.first().map(|source| value(r, At { unit: function.unit, expr: source.value }, frames)),
        };
        words.extend(said.map(|said| format!("{}={said}", var.name)));
    }
    words
}

/// A value in words: what it folds to, or as it is written.
fn value(r: &Resolver<'_>, at: At, frames: &Frames) -> String {
    match r.fold_along(at, frames) {
        Folded::Dynamic | Folded::Function(_) => format!("~{}", r.index.unit(at.unit).text_of(at.expr)),
        folded => folded.words(),
    }
}

fn is_own_object(r: &Resolver<'_>, at: At) -> bool {
    let unit = r.index.unit(at.unit);
    matches!(unit.expr(at.expr).kind, ExprKind::Var(var) if unit.var(var).role == Role::Receiver)
}

/// Deadlines and cancellation travel with every call and choose nothing.
fn is_context(r: &Resolver<'_>, at: At) -> bool {
    let text = r.index.unit(at.unit).text_of(at.expr);
    text == "ctx" || text.starts_with("context.") || text.ends_with(".Context()") || text.ends_with(".ctx")
}
