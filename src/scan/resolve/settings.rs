//! Classes whose fields are read from the environment: what is written for a field is no more than a default.

use super::trace::TraceQuery;
use super::{Resolver, Ty};
use crate::scan::catalogue::{SettingsClasses, SlotStep};
use crate::scan::index::At;
use crate::scan::program::*;

/// The options of such a class are written in it: a search for them is short.
const NEAR: TraceQuery = TraceQuery { production: false, clients: false, steps: 50 };

impl<'a> Resolver<'a> {
    /// The settings a field of a class is read from, in words (`env TEMPORAL_HOST`); none for ordinary classes.
    pub fn settings_of_field(&self, owner: &str, field: &str) -> Vec<String> {
        let Some(rule) = &self.index.catalogue.settings_classes else { return vec![] };
        let private = rule.private.as_deref().is_some_and(|mark| field.starts_with(mark));
        if private || rule.options.iter().any(|o| o == field) || !self.reads_settings(rule, owner) {
            return vec![];
        }
        let mut names = match self.in_body(owner, &[], field) {
            Some(default) => self.own_names(rule, default),
            None => vec![],
        };
        if names.is_empty() {
            let prefix = self.option(rule, owner, &rule.prefix);
            let prefix = prefix.and_then(|at| self.fold(at).text().map(str::to_owned)).unwrap_or_default();
            names.push(format!("{prefix}{field}"));
        }
        let exact = self.option(rule, owner, &rule.exact_case);
        let exact = exact.is_some_and(|at| matches!(self.index.kind(at), ExprKind::Truth(true)));
        let shown = |name: String| if exact { name } else { name.to_uppercase() };
        names.into_iter().map(|name| format!("{} {}", rule.words, shown(name))).collect()
    }

    /// Whether an assignment is the default of such a field, in the body of its class.
    pub fn is_settings_default(&self, unit: u32, write: &Write) -> bool {
        let file = self.index.unit(unit);
        match in_class_body(file, write) {
            Some((class, field)) => {
                let owner = self.index.full_name(unit, None, class);
                !self.settings_of_field(&owner, field).is_empty()
            }
            None => false,
        }
    }

    fn reads_settings(&self, rule: &SettingsClasses, class: &str) -> bool {
        let is_listed = |base: &Ty| matches!(base, Ty::Foreign(full) if rule.bases.iter().any(|b| **b == **full));
        self.ancestors(class).iter().any(is_listed)
    }

    /// The variables a field names itself: `Field(validation_alias="X")`, several when it gives a choice.
    fn own_names(&self, rule: &SettingsClasses, default: At) -> Vec<String> {
        let given = rule.names.iter().find_map(|name| self.named_argument(default, name));
        let Some((value, _)) = given else { return vec![] };
        let here = |expr: &ExprId| At { unit: value.unit, expr: *expr };
        let choices: Vec<At> = match self.index.kind(value) {
            ExprKind::Call { args, .. } => args.iter().map(here).collect(),
            ExprKind::Composite { parts, .. } => parts.iter().map(|part| here(&part.value)).collect(),
            _ => vec![value],
        };
        choices.into_iter().filter_map(|at| self.fold(at).text().map(str::to_owned)).collect()
    }

    /// The value of an option of such a class, its own or that of a class it inherits from.
    fn option(&self, rule: &SettingsClasses, class: &str, option: &str) -> Option<At> {
        let above = self.ancestors(class).into_iter().filter_map(|base| match base {
            Ty::Named(full) => Some(full),
            _ => None,
        });
        std::iter::once(class.into()).chain(above).find_map(|class| self.own_option(rule, &class, option))
    }

    fn own_option(&self, rule: &SettingsClasses, class: &str, option: &str) -> Option<At> {
        rule.options.iter().find_map(|options| {
            // `model_config = SettingsConfigDict(env_prefix="…")`
            let step = [SlotStep::Field(option.to_owned())];
            let value = self.in_body(class, &[], options).and_then(|at| {
                self.trace_slot(at, &step, NEAR).into_iter().find_map(|found| match found.end {
                    super::TraceEnd::Value(at) => Some(at),
                    _ => None,
                })
            });
            // `class Config: env_prefix = "…"`
            value.or_else(|| self.in_body(class, &[options], option))
        })
    }

    /// The value the body of a class, or of a class written inside it, gives to a name.
    fn in_body(&self, class: &str, inner: &[&String], name: &str) -> Option<At> {
        let (unit, decl) = self.index.type_decl(class)?;
        let file = self.index.unit(unit);
        let inside = |name: &str| inner.iter().any(|i| *i == name);
        let end = file.types.iter().filter(|t| t.line > decl.line && !inside(&t.name)).map(|t| t.line).min();
        let write = file.writes.iter().find(|write| {
            let line = file.expr(write.target).line;
            line >= decl.line
                && end.is_none_or(|end| line < end || inner.is_empty())
                && in_class_body(file, write).is_some_and(|(body, field)| {
                    field == name && if inner.is_empty() { body == decl.name } else { inside(body) }
                })
        })?;
        Some(At { unit, expr: write.source.value })
    }
}

/// The class and the name of an assignment that stands in the body of a class.
fn in_class_body<'u>(file: &'u Unit, write: &Write) -> Option<(&'u str, &'u str)> {
    let target = file.expr(write.target);
    let ExprKind::Member { base, name } = &target.kind else { return None };
    let base = file.expr(*base);
    match &base.kind {
        // No object is written before the name.
        ExprKind::Free(class) if base.start == target.start => Some((class, name)),
        _ => None,
    }
}
