//! Which calls reach a function.

use std::rc::Rc;

use super::calls::DEFAULT;
use super::{Resolver, Ty};
use crate::scan::index::{At, FnAt, join, package_part};
use crate::scan::prefilter::Reach;
use crate::scan::program::*;

impl<'a> Resolver<'a> {
    /// Calls that reach a function of the tree.
    pub fn callers(&self, function: FnAt) -> Rc<Vec<At>> {
        self.ask_for_callers(function);
        if let Some(known) = self.callers.borrow().get(&function) {
            return known.clone();
        }
        self.callers.borrow_mut().insert(function, Rc::default());
        let found = Rc::new(self.find_callers(function));
        self.callers.borrow_mut().insert(function, found.clone());
        found
    }

    /// Ask for the files that may call a function.
    fn ask_for_callers(&self, function: FnAt) {
        let declared = self.index.function(function);
        let package = &self.index.unit(function.unit).package;
        match &declared.owner {
            _ if declared.name.is_empty() => {}
            None => self.index.want(package, &declared.name, Reach::Importers),
            // An object is made by naming its type.
            Some(owner) if declared.name == CONSTRUCTOR => self.index.want(package, owner, Reach::Importers),
            Some(owner) => {
                // Who calls test code is test code that knows it.
                let reach = if self.in_production(function.unit) { Reach::Anywhere } else { Reach::Importers };
                self.index.want(package, &declared.name, reach);
                self.ask_for_users_of_bases(&join(package, owner), &declared.name, 0);
            }
        }
    }

    /// A method is also called by those who only know what its type inherits from.
    fn ask_for_users_of_bases(&self, owner: &str, method: &str, depth: usize) {
        if depth > 4 {
            return;
        }
        let Some((unit, TypeDecl { kind: TypeKind::Record { fields, bases, .. }, made_by_call: true, .. })) =
            self.index.type_decl(owner)
        else {
            return;
        };
        let embedded = fields.iter().filter(|f| f.embedded).map(|f| &f.ty);
        for base in bases.iter().chain(embedded) {
            if let Ty::Named(base) = self.ty(unit, base) {
                self.index.want(package_part(&base), method, Reach::Importers);
                self.ask_for_users_of_bases(&base, method, depth + 1);
            }
        }
    }

    fn find_callers(&self, at: FnAt) -> Vec<At> {
        let function = self.index.function(at);
        if function.name.is_empty() {
            return self.lambda_callers(at);
        }
        let mut names = vec![function.name.as_str()];
        if let Some(owner) = function.owner.as_deref().filter(|_| function.name == CONSTRUCTOR) {
            names.extend([owner, DEFAULT]);
            names.extend(self.index.derived_names(owner));
        }
        let calls = names.into_iter().flat_map(|name| self.index.calls_named(name));
        let mut found: Vec<At> = calls.filter(|call| self.callees(*call).contains(&at)).collect();
        for (unit, reference) in self.index.references_named(&function.name) {
            let value = At { unit, expr: reference.expr };
            if reference.argument_of.is_some() && self.functions_in(value).contains(&at) {
                found.extend(self.calls_of_argument(value));
            }
        }
        found
    }

    /// Calls of the parameter as which a value is given to a function of the tree.
    fn calls_of_argument(&self, value: At) -> Vec<At> {
        let Some((call, position)) = self.index.argument_of(value) else { return vec![] };
        self.callees(call).iter().flat_map(|callee| self.calls_of_param(*callee, position)).collect()
    }

    /// Calls of a lambda: through the variable it is bound to, or through the parameter it is given as.
    fn lambda_callers(&self, at: FnAt) -> Vec<At> {
        let Some(lambda) = self.index.lambda_at(at) else { return vec![] };
        let unit = self.index.unit(at.unit);
        let mut found = vec![];
        for call in &unit.calls {
            let ExprKind::Call { callee, args, .. } = &unit.expr(call.expr).kind else { continue };
            let bound = |expr: ExprId| match &unit.expr(expr).kind {
                ExprKind::Var(var) => unit.var(*var).sources.iter().any(|s| s.value == lambda.expr),
                _ => false,
            };
            if bound(*callee) || matches!(unit.expr(*callee).kind, ExprKind::Lambda(func) if func == at.func) {
                found.push(At { unit: at.unit, expr: call.expr });
            }
            for argument in args.iter().filter(|a| bound(**a)) {
                found.extend(self.calls_of_argument(At { unit: at.unit, expr: *argument }));
            }
        }
        found.extend(self.literal_callers(at));
        found.extend(self.calls_of_argument(lambda));
        found
    }

    /// Calls of a function's parameter inside that function.
    fn calls_of_param(&self, function: FnAt, position: usize) -> Vec<At> {
        let Some(param) = self.index.function(function).params.get(position) else { return vec![] };
        let unit = self.index.unit(function.unit);
        unit.calls
            .iter()
            .filter(|call| match &unit.expr(call.expr).kind {
                ExprKind::Call { callee, .. } => {
                    matches!(unit.expr(*callee).kind, ExprKind::Var(var) if var == *param)
                }
                _ => false,
            })
            .map(|call| At { unit: function.unit, expr: call.expr })
            .collect()
    }
}
