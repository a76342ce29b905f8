//! What parts of a program leave for each other in an object of a library: `app.state.temporal`, `req.app.locals.temporal`.
//!
//! Which object it is does not matter: a program has one application, and what is left in it is found by its name.

use super::{Resolver, Ty};
use crate::scan::index::{At, strip};
use crate::scan::program::*;

impl<'a> Resolver<'a> {
    /// Which shared object an expression is, by the names libraries give it.
    pub(super) fn shared_object(&self, at: At) -> Option<&'a str> {
        let unit = self.index.unit(at.unit);
        let at = At { expr: strip(unit, at.expr), ..at };
        // What has a type of the tree has its own fields.
        if matches!(self.index.kind(at), ExprKind::Var(_)) && matches!(self.type_of(at), Ty::Named(_)) {
            return None;
        }
        let name = self.index.last_name(unit, at.expr)?;
        let holder = match self.index.kind(at) {
            ExprKind::Member { base, .. } => self.index.last_name(unit, strip(unit, *base)),
            _ => None,
        };
        let is = |shared: &&String| match shared.split_once('.') {
            Some((first, last)) => last == name && holder == Some(first),
            None => *shared == name,
        };
        self.index.catalogue.shared_state.iter().find(is).map(String::as_str)
    }

    /// Every assignment to a name in a shared object: file and assignment.
    pub(super) fn shared_writes(&self, object: &str, name: &str) -> impl Iterator<Item = (u32, &'a Write)> {
        let writes = self.index.field_writes(name).iter();
        writes.filter_map(move |(unit, i)| {
            let write = self.index.unit(*unit).writes.get(*i)?;
            let ExprKind::Member { base, .. } = self.index.unit(*unit).expr(write.target).kind else { return None };
            (self.shared_object(At { unit: *unit, expr: base }) == Some(object)).then_some((*unit, write))
        })
    }

    /// The type of what is left under a name in a shared object, when every assignment agrees.
    pub(super) fn shared_type(&self, base: At, name: &str) -> Ty {
        let Some(object) = self.shared_object(base) else { return Ty::Unknown };
        let mut found = Ty::Unknown;
        for (unit, write) in
            self.shared_writes(object, name).filter(|(_, write)| write.source.take == Projection::Whole)
        {
            match self.type_of(At { unit, expr: write.source.value }) {
                // `app.state.temporal = None`, before there is one.
                Ty::Unknown | Ty::Plain => {}
                ty if found == Ty::Unknown || ty == found => found = ty,
                _ => return Ty::Unknown,
            }
        }
        found
    }
}
