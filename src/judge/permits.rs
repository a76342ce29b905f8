//! What passing a gate permits, for the migration that is judged.

use crate::facts::plan::{NamespaceMapping, Plan, TargetKind};
use crate::scorecard::{Check, Gate, Outcome, Rehearsal, Severity};

/// What passing the gate permits, in words: of a rehearsal never more than the rehearsal, and of a source on which a
/// namespace stays never that it may be switched off.
pub fn permits(gate: Gate, plan: &Plan, cohort: Option<&str>) -> String {
    let staying: Vec<&NamespaceMapping> = plan.staying().collect();
    let permitted = match staying.first() {
        Some(first) if gate == Gate::Decommission => {
            let reason = first.exclude.as_deref().unwrap_or("it is still in use");
            let more = match staying.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            format!(
                "the moved namespaces of the source may be retired, and the cluster stays for `{}` ({reason}){more}",
                first.source
            )
        }
        _ => gate.permits().to_owned(),
    };
    let permitted = match cohort {
        Some(cohort) => format!("for the cohort `{cohort}`, {permitted}"),
        None => permitted,
    };
    match plan.target_kind {
        TargetKind::Cloud => permitted,
        TargetKind::Rehearsal => format!("in this rehearsal, {permitted}"),
    }
}

/// The rules about Temporal Cloud that a rehearsal does not ask; none when the target is Temporal Cloud.
pub(super) fn rehearsal(plan: &Plan, checks: &[Check]) -> Option<Rehearsal> {
    if plan.target_kind == TargetKind::Cloud {
        return None;
    }
    let unasked = || checks.iter().filter(|check| check.cloud_only && check.outcome == Outcome::NotApplicable);
    Some(Rehearsal {
        not_asked: unasked().map(|check| check.rule.clone()).collect(),
        blockers: unasked().filter(|check| check.severity == Severity::Blocker).count(),
    })
}
