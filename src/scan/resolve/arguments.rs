//! What a call is given, by place, by name or inside an options value.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::trace::{TraceEnd, TraceQuery};
use super::{Resolver, Ty, What};
use crate::scan::catalogue::{Slot, SlotStep};
use crate::scan::index::{At, FnAt, Name};
use crate::scan::program::*;

/// Type of the tree → calls that make an object of it.
pub(super) type Makers = BTreeMap<Name, Vec<At>>;

/// An argument, and the steps from it to the value that is meant.
pub type Argument = (At, Vec<SlotStep>);

impl<'a> Resolver<'a> {
    /// All arguments of a call, given by place or by name.
    pub fn arguments(&self, call: At) -> impl Iterator<Item = At> {
        let (args, named): (&'a [ExprId], &'a [Part]) = match self.index.kind(call) {
            ExprKind::Call { args, named, .. } => (args, named),
            _ => (&[], &[]),
        };
        let values = args.iter().copied().chain(named.iter().map(|part| part.value));
        values.map(move |expr| At { unit: call.unit, expr })
    }

    /// The argument a call gives to the n-th parameter of a function.
    pub fn argument(&self, call: At, function: FnAt, position: usize) -> Option<Argument> {
        let (callee, args) = self.call(call)?;
        let declared = self.index.function(function);
        // `Type.Method(object, …)`: the object comes first.
        let shift = usize::from(
            declared.owner.is_some()
                && !declared.of_type
                && matches!(self.index.kind(callee), ExprKind::Member { base, .. }
                    if matches!(self.type_of(At { unit: callee.unit, expr: *base }), Ty::Meta(_))),
        );
        let by_name_only = declared.named_from.is_some_and(|from| position >= from);
        if let Some(expr) = args.get(position + shift).filter(|_| !by_name_only) {
            return Some((At { unit: call.unit, expr: *expr }, vec![]));
        }
        let name = &self.index.unit(function.unit).var(*declared.params.get(position)?).name;
        self.named_argument(call, name)
    }

    /// Calls that make an object of a type without a constructor of its own, and what they give to a field.
    pub fn constructions(&self, owner: &Name, field: &str, position: Option<usize>) -> Vec<(At, At, Vec<SlotStep>)> {
        let plain = |ty: &Name| !matches!(self.member(&Ty::Named(ty.clone()), CONSTRUCTOR).what, What::Method(_));
        let Some((_, decl)) = self.index.type_decl(owner) else { return vec![] };
        if !self.index.names_arguments() || !decl.made_by_call || !plain(owner) {
            return vec![];
        }
        let mut names = vec![decl.name.as_str()];
        names.extend(self.index.derived_names(&decl.name));
        let mut found = vec![];
        for name in names {
            let makers = self.makers(name);
            let fitting = makers.iter().filter(|(made, _)| *made == owner || self.inherits(made, owner));
            for (made, call) in fitting.flat_map(|(made, calls)| calls.iter().map(move |call| (made, *call))) {
                let Some((_, args)) = self.call(call) else { continue };
                let by_position = position.filter(|_| made == owner).and_then(|n| args.get(n));
                if let Some(expr) = by_position {
                    found.push((call, At { unit: call.unit, expr: *expr }, vec![]));
                } else if let Some((at, steps)) = self.named_argument(call, field) {
                    found.push((call, at, steps));
                }
            }
        }
        found
    }

    /// The calls of this name that make an object, by the type they make; worked out once for all types of the name.
    fn makers(&self, name: &str) -> Rc<Makers> {
        let known = self.makers.borrow().get(name).cloned();
        if let Some(known) = known {
            return known.unwrap_or_default();
        }
        self.makers.borrow_mut().insert(name.to_owned(), None);
        let mut makers = Makers::default();
        for call in self.index.calls_named(name) {
            let Some((callee, _)) = self.call(call) else { continue };
            let Ty::Meta(ty) = self.type_of(callee) else { continue };
            if let Ty::Named(made) = &*ty {
                makers.entry(made.clone()).or_default().push(call);
            }
        }
        let makers = Rc::new(makers);
        self.makers.borrow_mut().insert(name.to_owned(), Some(makers.clone()));
        makers
    }

    /// Whether a type of the tree inherits from another.
    pub fn inherits(&self, ty: &Name, base: &Name) -> bool {
        self.ancestors(ty).iter().any(|found| matches!(found, Ty::Named(found) if found == base))
    }

    pub(super) fn named_count(&self, call: At) -> usize {
        match self.index.kind(call) {
            // Types given to a generic function are no arguments.
            ExprKind::Call { named, .. } => {
                named.iter().filter(|part| !matches!(&part.key, Some(Key::Name(name)) if name.starts_with('<'))).count()
            }
            _ => 0,
        }
    }

    /// An argument given by name, or the map it may stand in.
    pub fn named_argument(&self, call: At, name: &str) -> Option<Argument> {
        let ExprKind::Call { named, .. } = self.index.kind(call) else { return None };
        let here = |part: &Part| At { unit: call.unit, expr: part.value };
        let is = |part: &&Part| matches!(&part.key, Some(Key::Name(key)) if key == name);
        if let Some(part) = named.iter().find(is) {
            return Some((here(part), vec![]));
        }
        let spread = named.iter().find(|part| matches!(part.key, Some(Key::Spread)))?;
        Some((here(spread), vec![SlotStep::Field(name.to_owned())]))
    }

    /// The argument a slot means, and the steps from it to the value.
    pub fn slot_argument(&self, call: At, slot: &Slot) -> Option<Argument> {
        let (_, args) = self.call(call)?;
        if let Some(expr) = slot.argument.and_then(|n| args.get(n)) {
            return Some((At { unit: call.unit, expr: *expr }, slot.steps.clone()));
        }
        let keyword = slot.keyword.as_deref()?;
        if keyword == "self" {
            let (callee, _) = self.call(call)?;
            let ExprKind::Member { base, .. } = self.index.kind(callee) else { return None };
            return Some((At { unit: call.unit, expr: *base }, slot.steps.clone()));
        }
        let (at, mut steps) = self.named_argument(call, keyword)?;
        steps.extend(slot.steps.iter().cloned());
        Some((at, steps))
    }

    /// Whether an argument is there: written out, or an entry of a map that can be followed.
    pub fn has_argument(&self, call: At, slot: &Slot) -> bool {
        let ask = TraceQuery { production: false, clients: false, steps: 300 };
        self.is_given(call, slot)
            || self
                .trace_argument(call, slot, ask)
                .is_some_and(|found| found.iter().any(|f| matches!(f.end, TraceEnd::Value(_) | TraceEnd::Function(_))))
    }

    /// Whether an argument is written out, not hidden in a map.
    pub fn is_given(&self, call: At, slot: &Slot) -> bool {
        let Some((_, args)) = self.call(call) else { return false };
        let ExprKind::Call { named, .. } = self.index.kind(call) else { return false };
        let is = |part: &Part| matches!(&part.key, Some(Key::Name(key)) if Some(key) == slot.keyword.as_ref());
        slot.argument.is_some_and(|n| n < args.len()) || named.iter().any(is)
    }
}
