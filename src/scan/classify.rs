//! Which calls are calls of the SDK, and how sure that is.
//!
//! A candidate is dropped only on positive evidence: its receiver is something else, the code runs inside a
//! workflow, the arguments cannot fit. What is dropped is counted by reason; everything else is reported
//! with its doubt.

mod candidate;

use std::collections::HashSet;

use super::catalogue::ApiRef;
use super::index::{At, FnAt};
use super::program::*;
use super::resolve::{Resolver, Ty};
use crate::facts::code::{Confidence, DroppedCandidate, Kind};
use candidate::Candidate;

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
    /// Candidates that are something else.
    pub dropped: Vec<DroppedCandidate>,
}

/// What becomes of a candidate.
pub(super) enum Verdict<'a> {
    Is(ApiRef<'a>, Confidence),
    Dropped(String),
    /// Not even a candidate: an ordinary call that shares a plain name.
    Nothing,
}

/// Classify every call of the tree.
pub fn classify<'a>(r: &Resolver<'a>) -> Classified<'a> {
    let names = names(r);
    let mut out = Classified::default();
    for (n, unit) in r.index.units.iter().enumerate() {
        for place in &unit.calls {
            called(r, &names, At { unit: n as u32, expr: place.expr }, place, &mut out);
        }
        for reference in &unit.references {
            handed_on(r, &names, At { unit: n as u32, expr: reference.expr }, reference, &mut out);
        }
    }
    // A name for a function of the SDK is no call of it; the calls under that name are.
    let named: HashSet<At> = out.calls.iter().filter(|c| !c.as_value).filter_map(|c| r.naming(c.name_at)).collect();
    out.calls.retain(|call| !call.as_value || !named.contains(&call.at));
    out
}

/// The names of the SDK, and those the tree gives to its functions.
fn names<'a>(r: &Resolver<'a>) -> HashSet<&'a str> {
    let catalogue = r.index.catalogue;
    let methods = catalogue.types.values().flat_map(|t| t.methods.keys()).map(String::as_str);
    let functions = catalogue.functions.keys().filter_map(|f| f.rsplit('.').next());
    methods.chain(functions).chain(r.other_names()).collect()
}

/// What became of the calls on a line that have a name of the SDK, in words.
pub fn candidates_of(r: &Resolver<'_>, n: u32, line: u32) -> Vec<String> {
    let (unit, names) = (r.index.unit(n), names(r));
    let mut said = vec![];
    for place in &unit.calls {
        let Some((callee, _)) = r.call(At { unit: n, expr: place.expr }) else { continue };
        let name = r.index.meant_name(n, unit, callee.expr).filter(|name| names.contains(name));
        let Some(name) = name.filter(|_| unit.expr(callee.expr).line == line) else { continue };
        let candidate = Candidate::new(r, callee, name, Some(At { unit: n, expr: place.expr }), place.function);
        let found = match candidate.judge() {
            Verdict::Is(api, confidence) => format!("{confidence:?} call of {}", api.display()).to_lowercase(),
            Verdict::Dropped(reason) => format!("dropped: {reason}"),
            Verdict::Nothing => {
                "no candidate: the name is a plain one, and the receiver is no object of the SDK".to_owned()
            }
        };
        said.push(format!("candidate {}: receiver {}; {found}", shown(r, callee), candidate.receiver_in_words()));
    }
    said
}

impl Classified<'_> {
    fn drop(&mut self, r: &Resolver<'_>, at: At, name: &str, reason: String) {
        let unit = r.index.unit(at.unit);
        let line = unit.expr(at.expr).line;
        self.dropped.push(DroppedCandidate { path: unit.path.clone(), line, name: name.to_owned(), reason });
    }
}

/// A call.
fn called<'a>(r: &Resolver<'a>, names: &HashSet<&str>, at: At, place: &CallPlace, out: &mut Classified<'a>) {
    let Some((callee, _)) = r.call(at) else { return };
    let name = r.index.meant_name(at.unit, r.index.unit(at.unit), callee.expr);
    let Some(name) = name.filter(|name| names.contains(name)) else { return };
    match Candidate::new(r, callee, name, Some(at), place.function).judge() {
        Verdict::Is(..) if r.index.is_sdk_itself(at.unit) => out.drop(r, callee, name, "sdk-itself".to_owned()),
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
        Verdict::Dropped(reason) => out.drop(r, callee, name, reason),
        Verdict::Nothing => {}
    }
}

/// A method handed on as a value is a site only when the type proves it.
fn handed_on<'a>(r: &Resolver<'a>, names: &HashSet<&str>, at: At, value: &Reference, out: &mut Classified<'a>) {
    let name = r.index.meant_name(at.unit, r.index.unit(at.unit), at.expr);
    let Some(name) = name.filter(|name| names.contains(name)) else { return };
    let verdict = Candidate::new(r, at, name, None, value.function).judge();
    let Verdict::Is(api, Confidence::Proven) = verdict else { return };
    // What a variable holds was looked at where it was given the value.
    let is_variable = matches!(r.index.kind(at), ExprKind::Var(_) | ExprKind::Free(_)) && r.naming(at).is_some();
    if api.api.kind.is_none() || r.index.is_sdk_itself(at.unit) || r.names_type(at) || is_variable {
        return;
    }
    if is_expected(r, at, value) {
        return out.drop(r, at, name, "expectation".to_owned());
    }
    out.calls.push(ApiCall {
        at,
        name_at: at,
        api,
        kind: None,
        confidence: Confidence::Proven,
        function: value.function,
        block: value.block,
        as_value: true,
    });
}

/// Whether a method is only named to say what a test expects of it: `expect(Worker.create).toHaveBeenCalled()`. A
/// helper that is given it calls it for sure only where its code is in the tree.
fn is_expected(r: &Resolver<'_>, at: At, value: &Reference) -> bool {
    let Some(call) = value.argument_of.map(|expr| At { unit: at.unit, expr }) else { return false };
    let Some((callee, _)) = r.call(call) else { return false };
    let name = r.index.last_name(r.index.unit(callee.unit), callee.expr).unwrap_or_default();
    r.index.catalogue.expects(name) && r.callees(call).is_empty()
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

/// The calls of a line, for a reader.
pub(super) fn shown(r: &Resolver<'_>, at: At) -> String {
    let unit = r.index.unit(at.unit);
    format!("`{}` (column {})", unit.text_of(at.expr), unit.expr(at.expr).column)
}
