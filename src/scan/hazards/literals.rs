//! String literals that matter: addresses, keys, command lines.

use std::collections::HashSet;

use crate::scan::catalogue::HazardRule;
use crate::scan::index::At;
use crate::scan::program::*;
use crate::scan::resolve::{Folded, Resolver};

/// Whether a literal holds what a rule looks for.
pub(super) fn has(rule: &HazardRule, text: &str) -> bool {
    rule.literals.iter().any(|literal| text.contains(literal.as_str()))
}

/// Literals that stand in only when a setting is absent: `getenv("X", "…")`, `process.env.X || "…"`, a flag's default.
pub(super) fn defaults(r: &Resolver<'_>, n: u32) -> HashSet<ExprId> {
    let unit = r.index.unit(n);
    // Only where a literal is at stake: to look behind every call would cost more than the rest of the scan.
    let rules: Vec<&HazardRule> = r.index.catalogue.hazards.iter().filter(|rule| rule.defaults).collect();
    let is_text = |expr: &ExprId| match &unit.expr(*expr).kind {
        ExprKind::Text(text) => rules.iter().any(|rule| has(rule, text)),
        _ => false,
    };
    let mut found = HashSet::new();
    for (i, expr) in unit.exprs.iter().enumerate() {
        let at = At { unit: n, expr: ExprId(i as u32) };
        match &expr.kind {
            ExprKind::Call { callee, args, named, .. } => {
                let values: Vec<ExprId> = args.iter().copied().chain(named.iter().map(|p| p.value)).collect();
                if values.iter().any(is_text) && takes_defaults(r, at, *callee) {
                    found.extend(values);
                }
            }
            // `&cli.StringFlag{Value: "…"}`
            ExprKind::Composite { ty: TypeExpr::Named { name, .. }, parts }
                if r.index.catalogue.takes_defaults.contains(name) =>
            {
                found.extend(parts.iter().map(|part| part.value));
            }
            ExprKind::Binary { op, left, right }
                if op == "||" && is_text(right) && names_setting(&r.fold(At { unit: n, expr: *left })) =>
            {
                found.insert(*right);
            }
            ExprKind::Choice { condition, then, otherwise }
                if (is_text(otherwise) || is_text(then))
                    && names_setting(&r.fold(At { unit: n, expr: *condition })) =>
            {
                found.extend([*then, *otherwise]);
            }
            _ => {}
        }
    }
    let written = unit.writes.iter().filter(|write| is_text(&write.source.value));
    found.extend(written.filter(|write| r.is_settings_default(n, write)).map(|write| write.source.value));
    found
}

/// Whether a call reads a setting, or declares one with its default.
fn takes_defaults(r: &Resolver<'_>, call: At, callee: ExprId) -> bool {
    let catalogue = r.index.catalogue;
    let name = r.index.last_name(r.index.unit(call.unit), callee);
    let declares = |name: &str| catalogue.takes_defaults.iter().chain(&catalogue.flag_binders).any(|n| n == name);
    name.is_some_and(declares) || begins_with_setting(r, call) || names_setting(&r.fold(call))
}

/// `config.get('TEMPORAL_ADDRESS', default)`: the first argument is the name of a variable of the environment.
fn begins_with_setting(r: &Resolver<'_>, call: At) -> bool {
    let Some((_, [first, _, ..])) = r.call(call) else { return false };
    let ExprKind::Text(text) = &r.index.unit(call.unit).expr(*first).kind else { return false };
    text.len() > 2
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn names_setting(folded: &Folded) -> bool {
    match folded {
        Folded::Setting(_) => true,
        Folded::Many(all) => all.iter().any(names_setting),
        _ => false,
    }
}

/// The words a call gives to another program, when its arguments begin with constants: `tctl --ns x namespace list`.
pub(super) fn command(r: &Resolver<'_>, call: At) -> Option<String> {
    let unit = r.index.unit(call.unit);
    let (_, args) = r.call(call)?;
    let mut words = vec![];
    for arg in args {
        match &unit.expr(*arg).kind {
            ExprKind::Text(text) => words.push(text.as_str()),
            ExprKind::Composite { parts, .. } => {
                let texts = parts.iter().filter(|p| p.key.is_none()).filter_map(|p| match &unit.expr(p.value).kind {
                    ExprKind::Text(text) => Some(text.as_str()),
                    _ => None,
                });
                words.extend(texts);
            }
            _ => {}
        }
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether a line runs one of the commands: its program first, its other words in order, flags between them.
pub(super) fn starts(commands: &[String], line: &str) -> bool {
    let mut words = line.split_whitespace();
    let Some(program) = words.next().and_then(|w| w.rsplit('/').next()) else { return false };
    let rest: Vec<&str> = words.collect();
    commands.iter().any(|command| {
        let mut wanted = command.split(' ');
        if wanted.next() != Some(program) {
            return false;
        }
        let mut left = rest.iter();
        wanted.all(|word| left.any(|w| *w == word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_by_their_words() {
        let commands = ["tctl".to_owned(), "temporal operator namespace create".to_owned()];
        for line in ["tctl", "tctl workflow list", "/usr/bin/tctl adm", "temporal --env x operator namespace create y"]
        {
            assert!(starts(&commands, line), "{line}");
        }
        for line in ["", "tctlx", "use tctl", "temporal workflow list", "temporal operator namespace describe"] {
            assert!(!starts(&commands, line), "{line}");
        }
    }
}
