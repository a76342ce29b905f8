//! One candidate: a call with a name of the SDK, and what its receiver says.

use super::{Verdict, imports_sdk, in_workflow};
use crate::facts::code::{Confidence, Scope};
use crate::scan::catalogue::{ApiRef, Catalogue, SdkType, Slot};
use crate::scan::index::{At, join};
use crate::scan::program::*;
use crate::scan::resolve::{Found, PLAIN_VALUE, Resolver, SEARCH_LIMIT, TraceEnd, TraceQuery, Ty, What};

/// Reason codes of ways that add no value of their own.
const IDLE: [&str; 2] = ["only_tests_call", "never_assigned"];

/// A call, or a method handed on as a value, that has a name of the SDK.
pub(super) struct Candidate<'r, 'a> {
    pub r: &'r Resolver<'a>,
    /// What is called or handed on.
    pub callee: At,
    /// The name it ends in.
    pub name: &'a str,
    /// The call; none for a method handed on as a value.
    pub call: Option<At>,
    /// The function around it.
    pub function: Option<FuncId>,
    /// The method of the SDK that the name alone tells.
    pub telling: Option<ApiRef<'a>>,
}

impl<'r, 'a> Candidate<'r, 'a> {
    pub fn new(r: &'r Resolver<'a>, callee: At, name: &'a str, call: Option<At>, function: Option<FuncId>) -> Self {
        Self { r, callee, name, call, function, telling: r.shaped(callee) }
    }

    /// Decide about it.
    pub fn judge(&self) -> Verdict<'a> {
        let r = self.r;
        let ExprKind::Member { base, .. } = r.index.kind(self.callee) else {
            return match r.api_named(self.callee) {
                Some(api) => Verdict::Is(api, Confidence::Proven),
                None => Verdict::Nothing,
            };
        };
        let base = At { unit: self.callee.unit, expr: *base };
        if let Some(package) = r.index.package_at(base) {
            return match r.function_of_sdk(&join(&package, self.name)) {
                Some(api) => Verdict::Is(api, Confidence::Proven),
                None => self.drop(r.index.catalogue.lookalike(&package).unwrap_or("function-of-another-package")),
            };
        }
        if self.expects(base) {
            return self.drop("mock");
        }
        let ty = r.type_of(base);
        match r.member(&ty, self.name).what {
            What::Sdk(api) if self.fits(&api) => Verdict::Is(api, Confidence::Proven),
            What::Sdk(_) => self.drop("impossible-arguments"),
            What::Method(_) => self.drop("own-method"),
            What::Field { .. } => self.drop("own-field"),
            What::Part(_) | What::Builder(_) => Verdict::Nothing,
            What::Foreign(full) => self.foreign(base, &full),
            What::Abstract { unit, method, .. } => self.abstracted(base, unit, method),
            // A type of the tree whose methods are known does not hide an SDK method.
            What::Unknown if matches!(ty, Ty::Named(_)) => self.drop("own-type"),
            What::Unknown => self.untyped(base),
        }
    }

    /// What is known of the type of the receiver, for a reader.
    pub fn receiver_in_words(&self) -> String {
        let ExprKind::Member { base, .. } = self.r.index.kind(self.callee) else { return "none".to_owned() };
        match self.r.type_of(At { unit: self.callee.unit, expr: *base }) {
            Ty::Named(full) => format!("of type {full}"),
            Ty::Foreign(full) => format!("of type {full}, outside of this tree"),
            Ty::Meta(_) => "is a type".to_owned(),
            Ty::Unknown => "of unknown type".to_owned(),
            Ty::Plain | Ty::List(_) | Ty::Map(_) | Ty::Function(_) | Ty::Tuple(_) => "is a plain value".to_owned(),
        }
    }

    /// Only names that are telling by themselves are named when they turn out to be something else.
    fn drop(&self, reason: &str) -> Verdict<'a> {
        match self.telling {
            Some(_) if self.call.is_some() => Verdict::Dropped(reason.to_owned()),
            _ => Verdict::Nothing,
        }
    }

    /// Whether the arguments can be those of the SDK's function.
    fn fits(&self, api: &ApiRef<'_>) -> bool {
        let Some(call) = self.call else { return true };
        let ExprKind::Call { args, spread, .. } = self.r.index.kind(call) else { return true };
        if api.api.needs.as_ref().is_some_and(|slot| self.r.slot_argument(call, slot).is_none()) {
            return false;
        }
        api.api.args.is_none_or(|arity| arity.allows(args.len(), *spread) || self.is_multi_value(args))
    }

    /// A single argument that is a call with several results fills several parameters.
    fn is_multi_value(&self, args: &[ExprId]) -> bool {
        match args {
            [only] => matches!(self.r.type_of(At { unit: self.callee.unit, expr: *only }), Ty::Tuple(_)),
            _ => false,
        }
    }

    /// The receiver records expectations of a mock: `client.EXPECT().ExecuteWorkflow(…)`.
    fn expects(&self, base: At) -> bool {
        let Some((callee, _)) = self.r.call(base) else { return false };
        let name = self.r.index.last_name(self.r.index.unit(callee.unit), callee.expr).unwrap_or_default();
        self.r.index.catalogue.records(name)
    }

    /// The receiver's type belongs to another package.
    fn foreign(&self, base: At, full: &str) -> Verdict<'a> {
        let catalogue = self.r.index.catalogue;
        if let Some(reason) = catalogue.lookalike(full) {
            return self.drop(reason);
        }
        if full == PLAIN_VALUE {
            return self.drop("plain-value");
        }
        // What the SDK has that is not in the catalogue talks to no cluster.
        if is_of_sdk(catalogue, full) {
            return self.drop("other-type-of-the-sdk");
        }
        // A library around the SDK that is outside of this tree may be anything: its client is open.
        match self.telling {
            Some(api) if self.fits(&api) => self.open(base, api),
            Some(_) => self.drop("impossible-arguments"),
            None => Verdict::Nothing,
        }
    }

    /// Nothing speaks against it: how sure it is follows from what speaks for the SDK.
    fn open(&self, base: At, api: ApiRef<'a>) -> Verdict<'a> {
        if self.call.is_none() {
            return Verdict::Nothing;
        }
        // What a path of plain names tells is confirmed by the options of the call.
        let confirmed = self.is_confirmed(&api);
        if !api.api.distinctive && !confirmed && !self.is_handle(&api) {
            return Verdict::Nothing;
        }
        let sure = imports_sdk(self.r, base.unit);
        Verdict::Is(api, if sure { Confidence::Likely } else { Confidence::Possible })
    }

    /// The receiver is an interface of the tree: what objects stand behind it?
    fn abstracted(&self, base: At, unit: u32, method: &Method) -> Verdict<'a> {
        let (r, name) = (self.r, self.name);
        // A plain name (Create, Get) on an interface that never mentions the SDK is the tree's own affair.
        if self.telling.is_none() && sdk_method_like(r, name, method, unit).is_none() {
            return Verdict::Nothing;
        }
        let ends = r.client_ends(base, Some(name));
        let behind = |found: &Found<'a>| api_behind(r, &found.end, name, method, unit).filter(|api| self.fits(api));
        if let Some(api) = ends.iter().find_map(behind) {
            return Verdict::Is(api, Confidence::Proven);
        }
        let known = r.implementers_known(method, name, base);
        if ends.iter().any(|found| matches!(found.end, TraceEnd::Instance(_))) && (known || !has_open_way(&ends)) {
            return self.drop("own-method");
        }
        // The interface speaks in SDK types: only the SDK, or a stand-in for it, has such a method.
        if let Some(api) = sdk_method_like(r, name, method, unit).filter(|api| self.fits(api)) {
            return if known { self.drop("own-method") } else { Verdict::Is(api, Confidence::Likely) };
        }
        match self.telling {
            Some(api) if self.fits(&api) && !known => Verdict::Is(api, Confidence::Possible),
            _ => self.drop("own-interface"),
        }
    }

    /// Nothing is known of the receiver's type: follow its value, then look at the shape of the call.
    fn untyped(&self, base: At) -> Verdict<'a> {
        let (r, name, catalogue) = (self.r, self.name, self.r.index.catalogue);
        let known_name = self.telling.or_else(|| catalogue.types.keys().find_map(|ty| catalogue.method(ty, name)));
        let Some(api) = known_name else { return Verdict::Nothing };
        // Plain names (Create, Update, Start) are looked at only where clients are at hand, or where a handle may be:
        // code that is given one needs no import.
        if self.telling.is_none() && !imports_sdk(r, base.unit) {
            return match self.handle_method(base).filter(|api| self.fits(api)) {
                Some(api) => Verdict::Is(api, Confidence::Proven),
                None => Verdict::Nothing,
            };
        }
        let ends = r.client_ends(base, Some(name));
        if ends.is_empty() && self.has_own_method(base) {
            return self.drop("own-method");
        }
        if let Some(api) = ends.iter().find_map(|found| self.of_client(&found.end)) {
            return Verdict::Is(api, Confidence::Proven);
        }
        // What ends outside the SDK for certain cannot have come out of one of its calls.
        let may_be_handle = ends.iter().any(|found| matches!(found.end, TraceEnd::Sdk(..) | TraceEnd::Open(..)));
        if may_be_handle && let Some(api) = self.handle_method(base).filter(|api| self.fits(api)) {
            return Verdict::Is(api, Confidence::Proven);
        }
        if self.telling.is_none() {
            self.note_limit(&ends);
            return Verdict::Nothing;
        }
        if let Some(reason) = self.evidence_against(&ends) {
            return self.drop(reason);
        }
        if in_workflow(r, base.unit, self.function) {
            return self.drop("in-workflow");
        }
        if !self.fits(&api) {
            return self.drop("impossible-arguments");
        }
        if self.imports_rival(base.unit) && !imports_sdk(r, base.unit) {
            return self.drop("look-alike-import");
        }
        self.open(base, api)
    }

    /// A plain name is no site where its receiver could not be followed: say so, when the call might have reached an
    /// execution.
    fn note_limit(&self, ends: &[Found<'a>]) {
        let limit = ends.iter().any(|found| matches!(found.end, TraceEnd::Open(SEARCH_LIMIT, _)));
        let types = self.r.index.catalogue.types.values();
        let mut meant = types.filter_map(|ty| ty.methods.get(self.name)?.kind);
        if limit && meant.any(|kind| kind.starts() || kind.messages()) {
            let line = self.r.index.unit(self.callee.unit).expr(self.callee.expr).line;
            self.r.budget.note(self.callee.unit, line);
        }
    }

    /// The method of the client, or of what a client handed out, that an end is.
    fn of_client(&self, end: &TraceEnd<'a>) -> Option<ApiRef<'a>> {
        let TraceEnd::Sdk(_, source) = end else { return None };
        let result = source.api.result.as_deref().unwrap_or_default();
        let catalogue = self.r.index.catalogue;
        // A client made from a connection is told by where the connection was made.
        let of_clients = || catalogue.is_client(result).then(|| client_method(catalogue, self.name))?;
        catalogue.method(result, self.name).or(self.telling).or_else(of_clients).filter(|api| self.fits(api))
    }

    /// What says that the receiver is something else, on every way that has an end.
    fn evidence_against(&self, ends: &[Found<'a>]) -> Option<&'a str> {
        if has_open_way(ends) {
            return None;
        }
        let catalogue = self.r.index.catalogue;
        let mut reason = None;
        for found in ends {
            match &found.end {
                TraceEnd::Instance(_) | TraceEnd::Value(_) => reason = Some("own-type"),
                // What the tree has put into an object of another package is not of that package.
                TraceEnd::External(_) if found.within => return None,
                TraceEnd::External(at) => {
                    let owner = self.r.outside_owner(*at).or_else(|| self.r.outside_name(*at))?;
                    reason = Some(catalogue.lookalike(&owner)?);
                }
                TraceEnd::Open(..) | TraceEnd::Function(_) | TraceEnd::Setting(_) | TraceEnd::Sdk(..) => {}
            }
        }
        reason
    }

    /// Whether the values that reach a receiver are objects of the tree that bring the method themselves.
    fn has_own_method(&self, base: At) -> bool {
        let ask = TraceQuery { production: false, clients: true, steps: 1000 };
        self.r.trace(base, ask).iter().any(|found| match &found.end {
            TraceEnd::Instance(ty) => matches!(self.r.member(&Ty::Named(ty.clone()), self.name).what, What::Method(_)),
            _ => false,
        })
    }

    /// The method of this name of what an SDK call handed out, when such a value reaches the receiver.
    fn handle_method(&self, base: At) -> Option<ApiRef<'a>> {
        let catalogue = self.r.index.catalogue;
        let on_handles = |ty: &SdkType| ty.role == "handle" && ty.methods.contains_key(self.name);
        if !catalogue.types.values().any(on_handles) {
            return None;
        }
        let ask = TraceQuery { production: false, clients: false, steps: 1000 };
        self.r.trace(base, ask).iter().find_map(|found| {
            let source = match &found.end {
                TraceEnd::Sdk(_, source) => *source,
                // A call of a client without a type, told by its name.
                TraceEnd::External(at) | TraceEnd::Value(at) => self.r.shaped(self.r.call(*at)?.0)?,
                _ => return None,
            };
            catalogue.method(source.api.result.as_deref()?, self.name)
        })
    }

    /// Whether the options of a call are those of the SDK method.
    fn is_confirmed(&self, api: &ApiRef<'_>) -> bool {
        let Some(call) = self.call else { return false };
        let ask = TraceQuery { production: false, clients: false, steps: 200 };
        let given = |slot: &Slot| match self.r.slot_argument(call, slot) {
            Some((at, steps)) if !steps.is_empty() => !self.r.trace_slot(at, &steps, ask).is_empty(),
            Some(_) => slot.keyword.is_some(),
            None => false,
        };
        [&api.api.id, &api.api.queue].into_iter().flatten().any(given)
    }

    fn is_handle(&self, api: &ApiRef<'_>) -> bool {
        self.r.index.catalogue.sdk_type(api.owner).is_some_and(|(_, ty)| ty.role == "handle")
    }

    /// Whether a file imports something else whose calls have the same names; in tests, whatever stands in for it.
    fn imports_rival(&self, unit: u32) -> bool {
        let (unit, catalogue) = (self.r.index.unit(unit), self.r.index.catalogue);
        let stands_in = |path: &str| unit.scope == Scope::Test && catalogue.lookalike(path).is_some();
        unit.imports.iter().any(|i| catalogue.is_rival(&i.path) || stands_in(&i.path))
    }
}

/// Whether a way to the receiver was not followed to its end, so that anything may stand there.
fn has_open_way(ends: &[Found<'_>]) -> bool {
    ends.iter().any(|found| matches!(&found.end, TraceEnd::Open(reason, _) if !IDLE.contains(reason)))
}

/// Whether a name is one of the SDK's own packages.
fn is_of_sdk(catalogue: &Catalogue, full: &str) -> bool {
    let written = catalogue.dependency.as_str();
    full.starts_with(written) || full.starts_with(&written.replace('-', "_"))
}

/// The method of this name of a client.
fn client_method<'a>(catalogue: &'a Catalogue, name: &str) -> Option<ApiRef<'a>> {
    catalogue.types.keys().filter(|ty| catalogue.is_client(ty)).find_map(|ty| catalogue.method(ty, name))
}

/// The SDK method an interface of the tree stands for, when an SDK object is behind it.
fn api_behind<'a>(r: &Resolver<'a>, end: &TraceEnd<'a>, name: &str, method: &Method, unit: u32) -> Option<ApiRef<'a>> {
    let TraceEnd::Sdk(_, api) = end else { return None };
    let own = api.api.result.as_deref().and_then(|result| r.index.catalogue.method(result, name));
    own.or_else(|| sdk_method_like(r, name, method, unit)).or_else(|| r.index.catalogue.distinctive(name))
}

/// An SDK method of this name, when the interface method mentions SDK types in its signature.
fn sdk_method_like<'a>(r: &Resolver<'a>, name: &str, method: &Method, unit: u32) -> Option<ApiRef<'a>> {
    let mentions = method
        .params
        .iter()
        .chain(&method.results)
        .any(|ty| matches!(r.ty(unit, ty), Ty::Named(full) if r.index.catalogue.types.contains_key(&*full)));
    if !mentions {
        return None;
    }
    r.index.catalogue.types.keys().find_map(|ty| {
        let api = r.index.catalogue.method(ty, name)?;
        let arity = api.api.args.is_none_or(|a| a.allows(method.params.len(), false));
        (r.index.catalogue.is_client(ty) && arity).then_some(api)
    })
}

impl<'a> Resolver<'a> {
    /// Whether the tree has production types behind the interface of `base` that bring this method themselves.
    fn implementers_known(&self, method: &Method, name: &str, base: At) -> bool {
        let Ty::Named(interface) = self.type_of(base) else { return false };
        let implementers = self.implementers(&interface, name);
        implementers.iter().any(|at| {
            self.index.unit(at.unit).scope != Scope::Test
                && self.index.function(*at).params.len() == method.params.len()
        })
    }
}
