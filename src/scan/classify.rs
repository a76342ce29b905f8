//! Which calls are calls of the SDK, and how sure that is.
//!
//! A candidate is dropped only on positive evidence: its receiver is something else, the code runs inside a
//! workflow, the arguments cannot fit. What is dropped is counted by reason; everything else is reported
//! with its doubt.

use std::collections::{BTreeMap, HashSet};

use super::catalogue::{ApiRef, Catalogue, SdkType, Slot};
use super::index::{At, FnAt, join, package_part};
use super::program::*;
use super::resolve::{Ask, End, Resolver, Ty, What};
use crate::facts::code::{Confidence, Kind};

/// A call of the SDK.
#[derive(Debug, Clone, Copy)]
pub struct ApiCall<'a> {
    /// The call; for a method used as a value, the member.
    pub at: At,
    /// The expression that names the method: its place is the site's place.
    pub name_at: At,
    /// What is called.
    pub api: ApiRef<'a>,
    /// What the arguments make of it, when it is not its usual kind.
    pub kind: Option<Kind>,
    /// How sure.
    pub confidence: Confidence,
    /// Function around it.
    pub function: Option<FuncId>,
    /// Block around it.
    pub block: BlockId,
    /// Handed on as a value, not called.
    pub as_value: bool,
}

impl ApiCall<'_> {
    /// The kinds of sites this call is.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.kind.or(self.api.api.kind).into_iter().chain(self.api.api.also)
    }
}

/// Calls of the SDK, and candidates dropped by reason.
#[derive(Default)]
pub struct Classified<'a> {
    /// In order of files and places.
    pub calls: Vec<ApiCall<'a>>,
    /// Reason code → candidates.
    pub dropped: BTreeMap<String, u64>,
}

/// What becomes of a candidate.
enum Verdict<'a> {
    Is(ApiRef<'a>, Confidence),
    Dropped(String),
    /// Not even a candidate: an ordinary call that shares a plain name.
    Nothing,
}

/// Classify every call of the tree.
pub fn classify<'a>(r: &Resolver<'a>) -> Classified<'a> {
    let catalogue = r.index.catalogue;
    let names: HashSet<&str> = catalogue
        .types
        .values()
        .flat_map(|t| t.methods.keys())
        .map(String::as_str)
        .chain(catalogue.functions.keys().filter_map(|f| f.rsplit('.').next()))
        .chain(r.other_names())
        .collect();
    let mut out = Classified::default();
    for (n, unit) in r.index.units.iter().enumerate() {
        let sdk_itself = r.index.is_sdk_itself(n as u32);
        for place in &unit.calls {
            let at = At { unit: n as u32, expr: place.expr };
            let Some((callee, args)) = r.call(at) else { continue };
            let Some(name) = r.index.meant_name(n as u32, unit, callee.expr).filter(|name| names.contains(name)) else {
                continue;
            };
            let spread = matches!(r.index.kind(at), ExprKind::Call { spread: true, .. });
            match judge(r, callee, name, Some((args, spread)), Some(at), place.function) {
                Verdict::Is(..) if sdk_itself => *out.dropped.entry("sdk-itself".to_owned()).or_default() += 1,
                Verdict::Is(api, confidence) => out.calls.push(ApiCall {
                    at,
                    name_at: callee,
                    api,
                    kind: api.api.given.as_ref().filter(|g| r.has_argument(at, &g.slot)).map(|g| g.kind),
                    confidence,
                    function: place.function,
                    block: place.block,
                    as_value: false,
                }),
                Verdict::Dropped(reason) => *out.dropped.entry(reason).or_default() += 1,
                Verdict::Nothing => {}
            }
        }
        for reference in &unit.references {
            let at = At { unit: n as u32, expr: reference.expr };
            let Some(name) = r.index.meant_name(n as u32, unit, reference.expr).filter(|name| names.contains(name))
            else {
                continue;
            };
            // A method handed on as a value is a site only when the type proves it.
            if let Verdict::Is(api, Confidence::Proven) = judge(r, at, name, None, None, reference.function)
                && api.api.kind.is_some()
                && !sdk_itself
                && !r.names_type(at)
            {
                out.calls.push(ApiCall {
                    at,
                    name_at: at,
                    api,
                    kind: None,
                    confidence: Confidence::Proven,
                    function: reference.function,
                    block: reference.block,
                    as_value: true,
                });
            }
        }
    }
    // A name for a function of the SDK is no call of it; the calls under that name are.
    let named: HashSet<At> = out.calls.iter().filter(|c| !c.as_value).filter_map(|c| r.naming(c.name_at)).collect();
    out.calls.retain(|call| !call.as_value || !named.contains(&call.at));
    out
}

fn judge<'a>(
    r: &Resolver<'a>,
    callee: At,
    name: &str,
    arguments: Option<(&[ExprId], bool)>,
    call: Option<At>,
    function: Option<FuncId>,
) -> Verdict<'a> {
    let catalogue = r.index.catalogue;
    let distinctive = r.shaped(callee);
    // Only names that are telling by themselves are counted when they turn out to be something else.
    let drop = |reason: &str| match distinctive {
        Some(_) if arguments.is_some() => Verdict::Dropped(reason.to_owned()),
        _ => Verdict::Nothing,
    };
    let lacks = |slot: &Slot| call.is_some_and(|call| r.slot_argument(call, slot).is_none());
    let fits = |api: &ApiRef<'_>| match (api.api.args, arguments) {
        _ if api.api.needs.as_ref().is_some_and(lacks) => false,
        (Some(arity), Some((args, spread))) => arity.allows(args.len(), spread) || is_multi_value(r, callee.unit, args),
        _ => true,
    };
    let ExprKind::Member { base, .. } = r.index.kind(callee) else {
        return match r.api_named(callee) {
            Some(api) => Verdict::Is(api, Confidence::Proven),
            None => Verdict::Nothing,
        };
    };
    let base = At { unit: callee.unit, expr: *base };
    if let Some(package) = r.index.package_at(base) {
        return match r.function_of_sdk(&join(&package, name)) {
            Some(api) => Verdict::Is(api, Confidence::Proven),
            None => drop(catalogue.lookalike(&package).unwrap_or("function-of-another-package")),
        };
    }
    if expects(r, base) {
        return drop("mock");
    }
    let ty = r.type_of(base);
    match r.member(&ty, name).what {
        What::Sdk(api) if fits(&api) => Verdict::Is(api, Confidence::Proven),
        What::Sdk(_) => drop("impossible-arguments"),
        What::Method(_) => drop("own-method"),
        What::Field { .. } => drop("own-field"),
        What::Part(_) | What::Builder(_) => Verdict::Nothing,
        What::Foreign(full) => foreign(r, &full, distinctive, fits, drop),
        What::Abstract { unit, method, .. } => abstracted(r, base, name, unit, method, distinctive, fits, drop),
        What::Unknown => {
            // A type of the tree whose methods are known does not hide an SDK method.
            if matches!(ty, Ty::Named(_)) {
                return drop("own-type");
            }
            untyped(r, base, name, arguments, function, distinctive, fits, drop)
        }
    }
}

/// The receiver records expectations of a mock: `client.EXPECT().ExecuteWorkflow(…)`.
fn expects(r: &Resolver<'_>, base: At) -> bool {
    let Some((callee, _)) = r.call(base) else { return false };
    let name = r.index.last_name(r.index.unit(callee.unit), callee.expr).unwrap_or_default();
    r.index.catalogue.expectations.iter().any(|e| e == name)
}

/// A single argument that is a call with several results fills several parameters.
fn is_multi_value(r: &Resolver<'_>, unit: u32, args: &[ExprId]) -> bool {
    match args {
        [only] => matches!(r.type_of(At { unit, expr: *only }), Ty::Tuple(_)),
        _ => false,
    }
}

/// The receiver's type belongs to another package.
fn foreign<'a>(
    r: &Resolver<'a>,
    full: &str,
    distinctive: Option<ApiRef<'a>>,
    fits: impl Fn(&ApiRef<'_>) -> bool,
    drop: impl Fn(&str) -> Verdict<'a>,
) -> Verdict<'a> {
    let package = package_part(full);
    if let Some(reason) = r.index.catalogue.lookalike(full) {
        return drop(reason);
    }
    // A private library around the SDK is outside this tree, and may be anything.
    match distinctive {
        Some(api) if package.to_ascii_lowercase().contains("temporal") && fits(&api) => {
            Verdict::Is(api, Confidence::Possible)
        }
        _ => drop("type-of-another-package"),
    }
}

/// The receiver is an interface of the tree: what objects stand behind it?
#[allow(clippy::too_many_arguments)]
fn abstracted<'a>(
    r: &Resolver<'a>,
    base: At,
    name: &str,
    unit: u32,
    method: &Method,
    distinctive: Option<ApiRef<'a>>,
    fits: impl Fn(&ApiRef<'_>) -> bool,
    drop: impl Fn(&str) -> Verdict<'a>,
) -> Verdict<'a> {
    // A plain name (Create, Get) on an interface that never mentions the SDK is the tree's own affair.
    if distinctive.is_none() && sdk_method_like(r, name, method, unit).is_none() {
        return Verdict::Nothing;
    }
    let (mut clients, mut own) = (None, false);
    for found in r.client_ends(base, Some(name)) {
        match &found.end {
            End::Sdk(..) => clients = clients.or(api_behind(r, &found.end, name, method, unit)),
            End::Instance(_) => own = true,
            _ => {}
        }
    }
    if let Some(api) = clients.filter(|api| fits(api)) {
        return Verdict::Is(api, Confidence::Proven);
    }
    if own {
        return drop("own-method");
    }
    // The interface speaks in SDK types: only the SDK, or a stand-in for it, has such a method.
    if let Some(api) = sdk_method_like(r, name, method, unit).filter(|api| fits(api)) {
        if r.implementers_known(method, name, base) {
            return drop("own-method");
        }
        return Verdict::Is(api, Confidence::Likely);
    }
    match distinctive {
        Some(api) if fits(&api) && !r.implementers_known(method, name, base) => Verdict::Is(api, Confidence::Possible),
        _ => drop("own-interface"),
    }
}

/// The SDK method an interface of the tree stands for, when an SDK object is behind it.
fn api_behind<'a>(r: &Resolver<'a>, end: &End<'a>, name: &str, method: &Method, unit: u32) -> Option<ApiRef<'a>> {
    let End::Sdk(_, api) = end else { return None };
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

/// Nothing is known of the receiver's type: follow its value, then look at the shape of the call.
#[allow(clippy::too_many_arguments)]
fn untyped<'a>(
    r: &Resolver<'a>,
    base: At,
    name: &str,
    arguments: Option<(&[ExprId], bool)>,
    function: Option<FuncId>,
    distinctive: Option<ApiRef<'a>>,
    fits: impl Fn(&ApiRef<'_>) -> bool,
    drop: impl Fn(&str) -> Verdict<'a>,
) -> Verdict<'a> {
    let known_name =
        distinctive.or_else(|| r.index.catalogue.types.keys().find_map(|ty| r.index.catalogue.method(ty, name)));
    let Some(api) = known_name else { return Verdict::Nothing };
    // Plain names (Create, Update, Start) are looked at only where clients are at hand.
    if distinctive.is_none() && !imports_sdk(r, base.unit) {
        return Verdict::Nothing;
    }
    let ends = r.client_ends(base, Some(name));
    if ends.is_empty() && has_own_method(r, base, name) {
        return drop("own-method");
    }
    let (mut other, mut own) = (None, false);
    for found in &ends {
        match &found.end {
            End::Sdk(_, source) => {
                let result = source.api.result.as_deref().unwrap_or_default();
                let catalogue = r.index.catalogue;
                // A client made from a connection is told by where the connection was made.
                let of_clients = || catalogue.is_client(result).then(|| client_method(catalogue, name))?;
                let method = catalogue.method(result, name).or(distinctive).or_else(of_clients);
                if let Some(api) = method.filter(|api| fits(api)) {
                    return Verdict::Is(api, Confidence::Proven);
                }
            }
            End::Instance(_) | End::Value(_) => own = true,
            // What the tree has put into an object of another package is not of that package.
            End::External(_) if found.within && imports_sdk(r, base.unit) => {}
            End::External(call) => other = other.or(r.outside_owner(*call)),
            _ => {}
        }
    }
    // What ends outside the SDK for certain cannot have come out of one of its calls.
    let open = ends.iter().any(|found| matches!(found.end, End::Sdk(..) | End::Open(..)));
    if open && let Some(api) = handle_method(r, base, name).filter(|api| fits(api)) {
        return Verdict::Is(api, Confidence::Proven);
    }
    if distinctive.is_none() {
        return Verdict::Nothing;
    }
    if own {
        return drop("own-type");
    }
    if let Some(name) = other {
        return drop(r.index.catalogue.lookalike(package_part(&name)).unwrap_or("value-of-another-package"));
    }
    if in_workflow(r, base.unit, function) {
        return drop("in-workflow");
    }
    if !fits(&api) {
        return drop("impossible-arguments");
    }
    if arguments.is_none() {
        return Verdict::Nothing;
    }
    if imports_lookalike(r, base.unit) && !imports_sdk(r, base.unit) {
        return drop("look-alike-import");
    }
    // What a path of plain names tells is confirmed by the options of the call.
    if !api.api.distinctive && !confirmed(r, base, &api, arguments) {
        return Verdict::Nothing;
    }
    Verdict::Is(api, if imports_sdk(r, base.unit) { Confidence::Likely } else { Confidence::Possible })
}

/// The method of this name of a client.
fn client_method<'a>(catalogue: &'a Catalogue, name: &str) -> Option<ApiRef<'a>> {
    catalogue.types.keys().filter(|ty| catalogue.is_client(ty)).find_map(|ty| catalogue.method(ty, name))
}

/// Whether the values that reach a receiver are objects of the tree that bring the method themselves.
fn has_own_method(r: &Resolver<'_>, base: At, name: &str) -> bool {
    r.trace(base, Ask { production: false, clients: true, steps: 1000 }).iter().any(|found| match &found.end {
        End::Instance(ty) => matches!(r.member(&Ty::Named(ty.clone()), name).what, What::Method(_)),
        _ => false,
    })
}

/// The method of this name of what an SDK call handed out, when such a value reaches the receiver.
fn handle_method<'a>(r: &Resolver<'a>, base: At, name: &str) -> Option<ApiRef<'a>> {
    let catalogue = r.index.catalogue;
    let on_handles = |ty: &SdkType| ty.role == "handle" && ty.methods.contains_key(name);
    if !catalogue.types.values().any(on_handles) {
        return None;
    }
    r.trace(base, Ask { production: false, clients: false, steps: 1000 }).iter().find_map(|found| match &found.end {
        End::Sdk(_, source) => catalogue.method(source.api.result.as_deref()?, name),
        _ => None,
    })
}

/// Whether the options of a call are those of the SDK method, or the receiver is a handle.
fn confirmed(r: &Resolver<'_>, base: At, api: &ApiRef<'_>, arguments: Option<(&[ExprId], bool)>) -> bool {
    if r.index.catalogue.sdk_type(api.owner).is_some_and(|(_, ty)| ty.role == "handle") {
        return true;
    }
    let Some((args, _)) = arguments else { return false };
    [&api.api.id, &api.api.queue].into_iter().flatten().any(|slot| {
        let Some(expr) = slot.argument.and_then(|n| args.get(n)) else { return false };
        let ask = Ask { production: false, clients: false, steps: 200 };
        !slot.steps.is_empty() && !r.trace_slot(At { unit: base.unit, expr: *expr }, &slot.steps, ask).is_empty()
    })
}

/// Whether a file imports the SDK.
pub fn imports_sdk(r: &Resolver<'_>, unit: u32) -> bool {
    let catalogue = r.index.catalogue;
    // Crates are imported with underscores for the hyphens of their names.
    let (written, imported) = (&catalogue.dependency, catalogue.dependency.replace('-', "_"));
    let sdk = |path: &str| path.starts_with(written.as_str()) || path.starts_with(&imported);
    let imports = &r.index.unit(unit).imports;
    imports.iter().any(|i| sdk(&i.path) || sdk(&catalogue.current_name(&i.path)))
}

fn imports_lookalike(r: &Resolver<'_>, unit: u32) -> bool {
    r.index.unit(unit).imports.iter().any(|i| r.index.catalogue.lookalike(&i.path).is_some())
}

/// Whether the code runs inside a workflow: a function around it takes the workflow context first.
pub fn in_workflow(r: &Resolver<'_>, unit: u32, function: Option<FuncId>) -> bool {
    let mut at = function;
    while let Some(func) = at {
        if is_workflow_code(r, FnAt { unit, func }) {
            return true;
        }
        at = r.index.unit(unit).function(func).parent;
    }
    false
}

/// Whether a function's first parameter is the workflow context.
pub fn is_workflow_code(r: &Resolver<'_>, at: FnAt) -> bool {
    let unit = r.index.unit(at.unit);
    if r.index.owner(at).is_some_and(|owner| r.definition(&owner).is_some()) {
        return true;
    }
    let Some(first) = r.index.function(at).params.first() else { return false };
    match r.ty(at.unit, &unit.var(*first).ty) {
        Ty::Foreign(full) | Ty::Named(full) => r.index.catalogue.workflow_context.iter().any(|c| **c == *full),
        _ => false,
    }
}

impl<'a> Resolver<'a> {
    /// Whether the tree has production types behind the interface of `base` that bring this method themselves.
    fn implementers_known(&self, method: &Method, name: &str, base: At) -> bool {
        let Ty::Named(interface) = self.type_of(base) else { return false };
        let implementers = self.implementers(&interface, name);
        implementers.iter().any(|at| {
            self.index.unit(at.unit).scope != crate::facts::code::Scope::Test
                && self.index.function(*at).params.len() == method.params.len()
        })
    }
}
