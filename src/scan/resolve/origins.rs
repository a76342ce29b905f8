//! From a receiver back to the place where its client was built.

use super::trace::{Found, Frames, TraceEnd, TraceQuery};
use super::{Resolver, SEARCH_LIMIT, What};
use crate::facts::code::{ClientOrigin, Kind, Origin, OriginStatus, OutsideCall, Scope};
use crate::scan::catalogue::{ClientAt, SlotStep};
use crate::scan::index::At;
use crate::scan::program::ExprKind;

/// Steps a search for a client may take.
const STEPS: usize = 6000;

/// Characters of an expression that are shown; a mark says that there is more.
const WRITTEN: usize = 120;

/// Steps a search may take that tells ways apart.
const WAYS: usize = 1000;

/// Steps of the path that are worth printing.
const PRINTED: usize = 12;

/// Functions nobody calls in production and fields nobody sets add no client of their own.
const IDLE: [&str; 3] = ["only_tests_call", "never_assigned", "not_a_client"];

/// Whether a way ends before a client was found, and anything may stand there.
fn is_open(end: &TraceEnd<'_>) -> bool {
    match end {
        TraceEnd::Open(reason, _) => !IDLE.contains(reason),
        TraceEnd::External(_) | TraceEnd::Instance(_) => true,
        TraceEnd::Sdk(..) | TraceEnd::Value(_) | TraceEnd::Function(_) | TraceEnd::Setting(_) => false,
    }
}

impl<'a> Resolver<'a> {
    /// Where the client at `at` comes from; `method` is what is called on it, when something is.
    pub fn client_origin(&self, at: At, method: Option<&str>) -> ClientOrigin {
        let key = (at, method.is_some());
        if let Some(known) = self.origins.borrow().get(&key) {
            return known.clone();
        }
        let origin = self.origin_of(&self.client_ends(at, method), at.unit);
        self.origins.borrow_mut().insert(key, origin.clone());
        origin
    }

    /// All ends of the search for the client at `at`.
    pub fn client_ends(&self, at: At, method: Option<&str>) -> Vec<Found<'a>> {
        let ask = TraceQuery { production: self.in_production(at.unit), clients: true, steps: STEPS };
        let mut found = self.all_clients(|| match method.map(|m| self.member(&self.type_of(at), m)) {
            Some(member) if !member.path.is_empty() => match member.path.last() {
                Some((owner, field)) => self.trace_field(owner, field, ask),
                None => vec![],
            },
            _ => self.trace(at, ask),
        });
        // The method of an interface of the tree may be the tree's own: then the object is no client.
        if let Some(method) = method {
            found.retain(|f| match &f.end {
                TraceEnd::Instance(ty) => {
                    !matches!(self.member(&super::Ty::Named(ty.clone()), method).what, What::Method(_))
                }
                _ => true,
            });
        }
        found
    }

    /// All ends of the search for the client in a part of the value at `at`.
    pub fn client_ends_in(&self, at: At, steps: &[SlotStep]) -> Vec<Found<'a>> {
        let ask = TraceQuery { production: self.in_production(at.unit), clients: true, steps: STEPS };
        self.all_clients(|| self.trace_slot(at, steps, ask))
    }

    /// Whether a value is what a method of a client returned: a handle or a result, which is not the client.
    pub fn is_answer(&self, at: At) -> bool {
        let ask = TraceQuery { production: self.in_production(at.unit), clients: false, steps: STEPS };
        let found = self.budget.ask(STEPS, || self.trace(at, ask));
        let is_answer = |end: &TraceEnd<'_>| match end {
            TraceEnd::Sdk(_, api) if api.client() == Some(ClientAt::Receiver) => {
                !api.api.result.as_deref().is_some_and(|ty| self.index.catalogue.is_client(ty))
            }
            _ => false,
        };
        !found.is_empty() && found.iter().all(|one| is_answer(&one.end))
    }

    /// Whether a value is, on every way, the handle that a start returned.
    pub fn is_started_here(&self, at: At) -> bool {
        let ask = TraceQuery { production: self.in_production(at.unit), clients: false, steps: STEPS };
        let (found, cut) = self.budget.ask(STEPS, || (self.trace(at, ask), self.budget.cut()));
        let starts = |end: &TraceEnd<'a>| {
            let api = match end {
                TraceEnd::Sdk(_, api) => Some(*api),
                TraceEnd::External(call) | TraceEnd::Value(call) => {
                    self.call(*call).and_then(|(callee, _)| self.shaped(callee))
                }
                _ => None,
            };
            api.and_then(|api| api.api.kind).is_some_and(Kind::starts)
        };
        cut.is_none() && !found.is_empty() && found.iter().all(|one| starts(&one.end))
    }

    /// All ends of the search for the client at `at`, reached by these calls, with what tells those of one place apart.
    pub fn client_ways(&self, at: At, method: Option<&str>, frames: &Frames) -> Vec<Found<'a>> {
        let ask = TraceQuery { production: self.in_production(at.unit), clients: true, steps: WAYS };
        let member = method.map(|m| self.member(&self.type_of(at), m));
        let field = member.as_ref().and_then(|member| member.path.last());
        self.all_clients(|| self.trace_ways(at, field.map(|(owner, field)| (owner, field.as_str())), frames, ask))
    }

    /// One question about a client. Where it ended early, wherever that was, one of the ends says so.
    fn all_clients(&self, question: impl FnOnce() -> Vec<Found<'a>>) -> Vec<Found<'a>> {
        let (mut found, cut) = self.budget.ask(4 * STEPS, || (question(), self.budget.cut()));
        if let Some((unit, line)) = cut
            && !found.iter().any(|one| matches!(one.end, TraceEnd::Open(SEARCH_LIMIT, _)))
        {
            let place = format!("{}:{line}", self.index.unit(unit).path);
            let text =
                format!("a search that this one rests on was given up at {place}, after as many steps as it may take");
            let end = TraceEnd::Open(SEARCH_LIMIT, text);
            found.push(Found {
                end,
                steps: Default::default(),
                within: false,
                marks: Default::default(),
                frames: Default::default(),
            });
        }
        found
    }

    /// Ends → origin, as seen from a file.
    pub fn origin_of(&self, found: &[Found<'a>], unit: u32) -> ClientOrigin {
        let in_test = !self.in_production(unit);
        let (mut origins, mut via, mut open) = (Vec::<Origin>::new(), None, Vec::<(&str, String)>::new());
        let (mut inherited, mut outside, mut servers) = (false, vec![], vec![]);
        let mut open_within: Option<Vec<String>> = None;
        for one in found {
            if is_open(&one.end) {
                let functions = self.through(one, 0);
                match &mut open_within {
                    Some(known) => known.retain(|function| functions.contains(function)),
                    None => open_within = Some(functions),
                }
            }
            match &one.end {
                TraceEnd::Sdk(call, api) => match api.client() {
                    Some(ClientAt::Context) => {
                        inherited = true;
                        via.get_or_insert_with(|| one.steps.list());
                    }
                    Some(ClientAt::Builds | ClientAt::Server) => {
                        let origin = Origin { through: self.through(one, 1), ..self.origin_at(*call) };
                        via.get_or_insert_with(|| one.steps.list());
                        servers.extend(matches!(api.client(), Some(ClientAt::Server)).then(|| origin.place()));
                        match origins.iter_mut().find(|known| known.place() == origin.place()) {
                            Some(known) => known.through.retain(|function| origin.through.contains(function)),
                            None => origins.push(origin),
                        }
                    }
                    _ => open.push(("not_a_client", format!("the result of {}", api.display()))),
                },
                TraceEnd::Open(reason, text) => open.push((reason, text.clone())),
                TraceEnd::External(call) => {
                    outside.extend(self.outside_call(*call));
                    open.push(("external_module", format!("{} is outside this tree", self.what(*call))));
                }
                TraceEnd::Instance(ty) => {
                    let short = crate::scan::index::name_part(ty);
                    open.push(("unknown_interface", format!("an object of type {short} that holds no client")));
                }
                TraceEnd::Value(_) | TraceEnd::Function(_) | TraceEnd::Setting(_) => {
                    open.push(("function_value", "a value that is no client".to_owned()));
                }
            }
        }
        if in_test && origins.iter().any(|o| self.is_test_path(&o.path)) {
            // A test that hands in its own client does not run against the production one.
            origins.retain(|o| self.is_test_path(&o.path));
        }
        // A server in the process is none that is migrated.
        if !in_test && origins.iter().any(|origin| !servers.contains(&origin.place())) {
            origins.retain(|origin| !servers.contains(&origin.place()));
        }
        origins.sort();
        let idle = |reason: &str| IDLE.contains(&reason);
        let limit = open.iter().find(|(reason, _)| *reason == SEARCH_LIMIT);
        let doubts = limit.or_else(|| open.iter().find(|(reason, _)| !idle(reason))).or_else(|| open.first());
        let decisive = open.iter().any(|(reason, _)| !idle(reason));
        let status = match (origins.len(), inherited) {
            (0, true) => OriginStatus::Inherited,
            (0, false) => OriginStatus::Unresolved,
            (1, false) if !decisive => OriginStatus::Resolved,
            _ => OriginStatus::Ambiguous,
        };
        let reason = match status {
            OriginStatus::Resolved | OriginStatus::Inherited => None,
            _ if !decisive && origins.len() > 1 => {
                Some(format!("several_constructions: {} places build this client", origins.len()))
            }
            _ => Some(match doubts {
                Some((code, text)) => format!("{code}: {text}"),
                None if inherited => "several_constructions: the worker's client, or another one".to_owned(),
                None => "no_path: no value reaches this receiver".to_owned(),
            }),
        };
        let mut via = via.unwrap_or_default();
        if via.len() > PRINTED {
            let more = via.len() - PRINTED;
            via.truncate(PRINTED);
            via.push(format!("and {more} more steps"));
        }
        // Where something else is open, too, no name of a function answers the question.
        let others = open.iter().any(|(code, _)| !idle(code) && *code != "external_module");
        let calls = open.iter().filter(|(code, _)| *code == "external_module").count();
        if others || outside.len() != calls {
            outside.clear();
        }
        outside.sort();
        outside.dedup();
        ClientOrigin { status, origins, via, reason, outside, open_within: open_within.unwrap_or_default() }
    }

    /// The functions out of which a client came, the innermost first, without as many of them.
    fn through(&self, found: &Found<'a>, without: usize) -> Vec<String> {
        let functions = found.frames.functions().skip(without).filter(|at| !self.index.function(*at).name.is_empty());
        functions.map(|at| format!("{}:{}", self.index.unit(at.unit).path, self.index.function(at).name)).collect()
    }

    /// The function of another package that is called.
    fn outside_call(&self, call: At) -> Option<OutsideCall> {
        let (callee, _) = self.call(call)?;
        let name = self.outside_name(callee)?;
        let unit = self.index.unit(call.unit);
        let called = unit.expr(callee.expr);
        Some(OutsideCall { name, path: unit.path.clone(), line: called.line, column: called.column })
    }

    /// The place of a construction.
    pub fn origin_at(&self, call: At) -> Origin {
        let unit = self.index.unit(call.unit);
        let name = unit.expr(self.call(call).map_or(call.expr, |(callee, _)| callee.expr));
        let function = self.index.call_place(call).and_then(|p| unit.name_around(p.function)).map(str::to_owned);
        Origin {
            path: unit.path.clone(),
            line: name.line,
            column: name.column,
            function,
            factory: false,
            through: vec![],
        }
    }

    fn is_test_path(&self, path: &str) -> bool {
        self.index.units.iter().any(|u| u.path == path && u.scope == Scope::Test)
    }

    /// A short text for an expression.
    fn what(&self, at: At) -> String {
        let unit = self.index.unit(at.unit);
        let expr = match self.call(at) {
            Some((callee, _)) => callee.expr,
            None => at.expr,
        };
        let text: String = unit.text_of(expr).chars().filter(|c| !c.is_whitespace()).take(WRITTEN + 1).collect();
        match text.char_indices().nth(WRITTEN) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    /// Where the client of an SDK call stands: the receiver or an argument, with the method's name.
    pub fn client_place(&self, call: At, at: Option<ClientAt>) -> Option<(At, Option<String>)> {
        let (callee, _) = self.call(call)?;
        match at? {
            ClientAt::Receiver => match self.index.kind(callee) {
                ExprKind::Member { base, name } => Some((At { unit: call.unit, expr: *base }, Some(name.clone()))),
                _ => None,
            },
            ClientAt::Slot(slot) => self.slot_argument(call, &slot).map(|(at, _)| (at, None)),
            ClientAt::Builds | ClientAt::Context | ClientAt::Server => None,
        }
    }

    /// Whether a call of this kind makes the client itself.
    pub fn builds(kind: Kind) -> bool {
        kind == Kind::Connect
    }
}
