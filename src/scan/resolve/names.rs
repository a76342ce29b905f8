//! What a name says of the SDK when no type does: other names for its functions, and telling paths.

use super::Resolver;
use crate::scan::catalogue::ApiRef;
use crate::scan::index::{At, join};
use crate::scan::program::*;

/// How many names may stand one behind the other.
const NAMES: usize = 6;

impl<'a> Resolver<'a> {
    /// The SDK function of this full name, or the one it is another name for: `var Connect = client.Dial`,
    /// `export { Client as TemporalClient } from …`.
    pub fn function_of_sdk(&self, full: &str) -> Option<ApiRef<'a>> {
        self.behind(&self.index.canonical(full), 0)
    }

    /// Where the tree gives the name by which a callee means a function of the SDK.
    pub fn naming(&self, callee: At) -> Option<At> {
        let full = self.index.canonical(&self.written_name(callee)?);
        match self.index.globals(&full) {
            [global] => {
                let [source] = self.index.var(*global).sources.as_slice() else { return None };
                Some(At { unit: global.unit, expr: source.value })
            }
            _ => None,
        }
    }

    fn behind(&self, full: &str, depth: usize) -> Option<ApiRef<'a>> {
        if let Some(api) = self.index.catalogue.function(full) {
            return Some(api);
        }
        let [global] = self.index.globals(full) else { return None };
        let [Source { value, take: Projection::Whole, .. }] = self.index.var(*global).sources.as_slice() else {
            return None;
        };
        if depth > NAMES {
            return None;
        }
        let full = self.written_name(At { unit: global.unit, expr: *value })?;
        self.behind(&self.index.canonical(&full), depth + 1)
    }

    /// The full name an expression is, when it is nothing but a name.
    pub(super) fn written_name(&self, at: At) -> Option<String> {
        match self.index.kind(at) {
            ExprKind::Var(var) => {
                let var = self.index.unit(at.unit).var(*var);
                (var.role == Role::Global).then(|| join(&self.index.unit(at.unit).package, &var.name))
            }
            ExprKind::Free(name) => Some(self.index.free_name(at.unit, name)),
            ExprKind::Member { base, name } => {
                Some(join(&self.index.package_at(At { unit: at.unit, expr: *base })?, name))
            }
            _ => None,
        }
    }

    /// Names the tree gives to functions of the SDK.
    pub fn other_names(&self) -> Vec<&'a str> {
        let mut names = vec![];
        for unit in self.index.units {
            for global in &unit.globals {
                let var = unit.var(*global);
                if self.function_of_sdk(&join(&unit.package, &var.name)).is_some() {
                    names.push(var.name.as_str());
                }
            }
        }
        names
    }

    /// The SDK method that a callee's name tells, or the path of plain names it ends in, whatever stands at the
    /// head: `….start_workflow`, `….workflow.start`.
    pub fn shaped(&self, callee: At) -> Option<ApiRef<'a>> {
        let name = self.index.last_name(self.index.unit(callee.unit), callee.expr)?;
        self.index.catalogue.distinctive(name).or_else(|| self.shaped_at(callee, 0))
    }

    fn shaped_at(&self, callee: At, depth: usize) -> Option<ApiRef<'a>> {
        let catalogue = self.index.catalogue;
        if depth > NAMES || catalogue.well_known_members.is_empty() {
            return None;
        }
        let ExprKind::Member { base, name } = self.index.kind(callee) else { return None };
        let ty = self.shaped_type(At { unit: callee.unit, expr: *base }, depth)?;
        catalogue.method(&ty, name)
    }

    fn shaped_type(&self, at: At, depth: usize) -> Option<String> {
        let catalogue = self.index.catalogue;
        if depth > NAMES {
            return None;
        }
        let here = |expr: ExprId| At { unit: at.unit, expr };
        match self.index.kind(at) {
            ExprKind::Same(inner) => self.shaped_type(here(*inner), depth + 1),
            ExprKind::Member { base, name } if catalogue.well_known_members.contains(name) => {
                // A package is no client.
                if self.index.package_at(here(*base)).is_some() {
                    return None;
                }
                catalogue.types.values().find_map(|ty| ty.parts.get(name)).cloned()
            }
            ExprKind::Call { callee, .. } => self.shaped_at(here(*callee), depth + 1)?.api.result.clone(),
            ExprKind::Var(var) => {
                let var = self.index.unit(at.unit).var(*var);
                let [only] = var.sources.as_slice() else { return None };
                (only.take == Projection::Whole && !matches!(var.role, Role::Param(_)))
                    .then(|| self.shaped_type(here(only.value), depth + 1))?
            }
            _ => None,
        }
    }
}
