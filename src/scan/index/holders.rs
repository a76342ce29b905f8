//! Other names of functions: variables, fields and keys that hold one, and functions that hand one out.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap as HashMap;

use super::{At, Index};
use crate::scan::program::*;

/// Through how many operators and branches a value is looked at.
const INSIDE: usize = 8;

/// What holds a value, by the names it is known under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder<'a> {
    /// A variable of one function.
    Local(&'a str),
    /// A variable of a package, a field or a key: other files may use it.
    Shared(&'a str),
    /// A function that returns it.
    Returned(&'a str),
}

/// Who holds what.
#[derive(Default)]
pub struct Holders<'a> {
    /// Name of a function or member → where it is used as a value, and what holds that.
    values: HashMap<&'a str, Vec<(At, Holder<'a>)>>,
    /// Name of a variable → what is given its value.
    variables: HashMap<&'a str, BTreeSet<Holder<'a>>>,
    /// Name of a function → what is given its result.
    results: HashMap<&'a str, BTreeSet<Holder<'a>>>,
    /// Name → the files that hand it on under another name, and that name.
    renamed: HashMap<&'a str, Vec<(u32, &'a str)>>,
    /// Name of a function → calls of its result in the place: `pick()(x)`.
    called: HashMap<&'a str, Vec<At>>,
}

impl<'a> Holders<'a> {
    /// Look through every file.
    pub fn new(index: &Index<'a>) -> Self {
        let mut all = Self::default();
        for (n, unit) in index.units.iter().enumerate() {
            let n = n as u32;
            let imports = unit.imports.iter().filter_map(|i| Some((i.member.as_deref()?, i.alias.as_deref()?)));
            let exports = unit.exports.iter().map(|(out, own)| (own.as_str(), out.as_str()));
            for (own, other) in imports.chain(exports).filter(|(own, other)| own != other) {
                all.renamed.entry(own).or_default().push((n, other));
            }
            for var in &unit.vars {
                let name = var.name.as_str();
                let holder = if var.function.is_some() { Holder::Local(name) } else { Holder::Shared(name) };
                for source in &var.sources {
                    all.note(index, n, source.value, holder, INSIDE);
                }
            }
            for write in &unit.writes {
                if let Some(name) = index.last_name(unit, write.target) {
                    all.note(index, n, write.source.value, Holder::Shared(name), INSIDE);
                }
            }
            for function in unit.functions.iter().filter(|f| !f.name.is_empty()) {
                for value in function.returns.iter().flat_map(|given| &given.values) {
                    all.note(index, n, *value, Holder::Returned(&function.name), INSIDE);
                }
            }
            for expr in &unit.exprs {
                let ExprKind::Composite { parts, .. } = &expr.kind else { continue };
                for part in parts {
                    if let Some(Key::Name(key)) = &part.key {
                        all.note(index, n, part.value, Holder::Shared(key), INSIDE);
                    }
                }
            }
            for call in &unit.calls {
                if let ExprKind::Call { callee, .. } = unit.expr(call.expr).kind
                    && let ExprKind::Call { callee: inner, .. } = unit.expr(callee).kind
                    && let Some(name) = index.last_name(unit, inner)
                {
                    all.called.entry(name).or_default().push(At { unit: n, expr: call.expr });
                }
            }
        }
        all
    }

    fn note(&mut self, index: &Index<'a>, n: u32, value: ExprId, holder: Holder<'a>, depth: usize) {
        let unit = index.unit(n);
        let Some(depth) = depth.checked_sub(1) else { return };
        match &unit.expr(value).kind {
            ExprKind::Member { .. } | ExprKind::Free(_) => {
                if let Some(name) = index.meant_name(n, unit, value) {
                    self.values.entry(name).or_default().push((At { unit: n, expr: value }, holder));
                }
            }
            ExprKind::Var(var) => {
                self.variables.entry(&unit.var(*var).name).or_default().insert(holder);
            }
            ExprKind::Call { callee, .. } => {
                if let Some(name) = index.last_name(unit, *callee) {
                    self.results.entry(name).or_default().insert(holder);
                }
            }
            ExprKind::Same(inner) | ExprKind::Cast { value: inner, .. } => {
                self.note(index, n, *inner, holder, depth);
            }
            ExprKind::Binary { op, left, right } if op == "||" => {
                self.note(index, n, *left, holder, depth);
                self.note(index, n, *right, holder, depth);
            }
            ExprKind::Choice { then, otherwise, .. } => {
                self.note(index, n, *then, holder, depth);
                self.note(index, n, *otherwise, holder, depth);
            }
            _ => {}
        }
    }

    /// Where a name is used as a value, and what holds that.
    pub fn of(&self, name: &str) -> &[(At, Holder<'a>)] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The files that hand a name on under another one, and that name.
    pub fn renamed(&self, name: &str) -> &[(u32, &'a str)] {
        self.renamed.get(name).map_or(&[], Vec::as_slice)
    }

    /// What is given the value of something that holds it.
    pub fn behind(&self, holder: Holder<'a>) -> impl Iterator<Item = Holder<'a>> + '_ {
        let next = match holder {
            Holder::Local(name) | Holder::Shared(name) => self.variables.get(name),
            Holder::Returned(name) => self.results.get(name),
        };
        next.into_iter().flatten().copied()
    }

    /// Calls that call what a function returned, in the place.
    pub fn called_results(&self, function: &str) -> &[At] {
        self.called.get(function).map_or(&[], Vec::as_slice)
    }
}
