//! The cohorts of the plan, against what must move together and how long each of them is watched.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use schemars::JsonSchema;
use serde::Serialize;

use super::coverage::{About, gap_about};
use super::{Context, Fact, FactPath, FactView, plan, words};
use crate::compare::cohorts::{Tie, TieKind, TypeFacts, ties, types};
use crate::facts::plan::Cohort;
use crate::facts::{Known, Locus, Why};

const COHORTS: Fact<Vec<PlannedCohort>> = Fact::new("plan.cohorts", "the cohorts of the plan");
const COHORT_TYPES: Fact<Vec<CohortType>> = Fact::new(
    "plan.cohort_types",
    "workflow types of code and source that are in no cohort, and of cohorts that nobody has seen",
);
const COHORT_REPEATS: Fact<Vec<CohortRepeat>> =
    Fact::new("plan.cohort_repeats", "workflow types that the plan names in several cohorts, or twice in one");
const COHORT_TIES: Fact<Vec<CohortTie>> = Fact::new(
    "plan.cohort_ties",
    "children, signals, cancels and shared ids between workflow types, with the cohorts of both",
);
const COHORT_QUEUES: Fact<Vec<SharedQueue>> =
    Fact::new("plan.cohort_queues", "task queues whose workers serve workflow types of several cohorts");
const COHORT_PERIODS: Fact<Vec<PeriodProblem>> =
    Fact::new("plan.cohort_periods", "cohorts that are not watched for long enough before the next one follows");
const COHORT_ROLLBACKS: Fact<Vec<NoRollback>> =
    Fact::new("plan.cohort_rollbacks", "cohorts of which the plan does not say how their starts are turned back");

pub(super) const PATHS: &[FactPath] = &[
    COHORTS.entry(),
    COHORT_TYPES.entry(),
    COHORT_REPEATS.entry(),
    COHORT_TIES.entry(),
    COHORT_QUEUES.entry(),
    COHORT_PERIODS.entry(),
    COHORT_ROLLBACKS.entry(),
];

/// A cohort of the plan.
#[derive(Serialize, JsonSchema)]
struct PlannedCohort {
    /// Its name.
    name: String,
    /// Its risk, as the plan says.
    risk: Option<String>,
    /// How long it is watched, as the plan says: `3d`.
    validation: Option<String>,
    /// Its workflow types.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A workflow type in no cohort, or in one although nobody has seen it.
#[derive(Serialize, JsonSchema)]
struct CohortType {
    /// Which of the two.
    verdict: Membership,
    /// Workflow type.
    workflow_type: String,
    /// The cohorts that name it, at most five.
    cohorts: String,
    /// Where it was seen, as a sentence; empty when nowhere.
    seen: String,
    /// The workflow types concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What is wrong with the cohort of a workflow type.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Membership {
    /// No cohort names it.
    None,
    /// A cohort names it, and neither code nor source has it.
    Unseen,
}

/// A workflow type that the plan names in several cohorts, or twice in one.
#[derive(Serialize, JsonSchema)]
struct CohortRepeat {
    /// Workflow type.
    workflow_type: String,
    /// The cohorts, at most five.
    cohorts: String,
    /// The workflow types concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// What ties two workflow types to each other.
#[derive(Serialize, JsonSchema)]
struct CohortTie {
    /// Whether both move together.
    verdict: TieVerdict,
    /// The tie as a verb: `begins`, `signals or cancels`, `continues as`, `has ids of the same form as`.
    kind: &'static str,
    /// The workflow type the tie begins at.
    from: String,
    /// The workflow type it leads to.
    to: String,
    /// Cohort of the first.
    from_cohort: String,
    /// Cohort of the second.
    to_cohort: String,
    /// What the code does.
    what: String,
    /// Place of the tie.
    place: String,
    /// The workflow types concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Whether two tied workflow types move together.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TieVerdict {
    /// Both are in one cohort.
    Together,
    /// They are in different cohorts.
    Apart,
    /// One of the types is not known.
    Unclear,
}

/// A task queue whose workers serve workflow types of several cohorts.
#[derive(Serialize, JsonSchema)]
struct SharedQueue {
    /// Task queue.
    task_queue: String,
    /// The cohorts, at most five.
    cohorts: String,
    /// The workflow types, at most five.
    types: String,
    /// The workflow types.
    workflow_types: BTreeSet<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A cohort that is not watched for long enough.
#[derive(Serialize, JsonSchema)]
struct PeriodProblem {
    /// Its name.
    cohort: String,
    /// What is wrong, as the end of a sentence.
    problem: String,
    /// What to do, as a sentence.
    advice: String,
    /// The workflow types concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A cohort of which the plan does not say how its starts are turned back.
#[derive(Serialize, JsonSchema)]
struct NoRollback {
    /// Its name.
    cohort: String,
    /// The workflow types concerned.
    workflow_types: Vec<String>,
    /// Where it was seen.
    loci: Vec<Locus>,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let cohorts = &context.facts.plan.cohorts;
    let object = |c: &Cohort| PlannedCohort {
        name: c.name.clone(),
        risk: c.risk.clone(),
        validation: c.validation.clone(),
        workflow_types: c.workflow_types.clone(),
        loci: vec![context.plan_locus(c.line)],
    };
    view.put(&COHORTS, Known::Known(cohorts.iter().map(object).collect::<Vec<_>>()));
    view.put(&COHORT_TYPES, members(context));
    view.put(&COHORT_REPEATS, Known::Known(repeats(context)));
    view.put(&COHORT_TIES, tied(context));
    view.put(&COHORT_QUEUES, queues(context));
    view.put(&COHORT_PERIODS, Known::Known(periods(context)));
    let open = cohorts.iter().filter(|c| c.rollback.is_none());
    let open = open.map(|c| NoRollback {
        cohort: c.name.clone(),
        workflow_types: c.workflow_types.clone(),
        loci: vec![context.plan_locus(c.line)],
    });
    view.put(&COHORT_ROLLBACKS, Known::Known(open.collect::<Vec<_>>()));
}

/// The cohorts a workflow type is in.
fn cohorts_of<'a>(context: &Context<'a>, name: &str) -> Vec<&'a Cohort> {
    let mut found: Vec<&Cohort> = vec![];
    for cohort in &context.facts.plan.cohorts {
        // A type that is written twice in one list is in it twice.
        found.extend(cohort.workflow_types.iter().filter(|t| *t == name).map(|_| cohort));
    }
    found
}

/// What is known of every workflow type; partial where code or source are.
fn known_types(context: &Context<'_>) -> Known<BTreeMap<String, TypeFacts>> {
    let plan = &context.facts.plan;
    let both = context.code.clone().zip(context.source.clone());
    let whole = both.and_then(|(code, source)| {
        let found = types(Some(code), Some(source), plan);
        let live = super::namespaces::per_moved_namespace(context, &|half| {
            half.known("workflow types", &half.namespace.workflow_types).map(|_| Vec::<()>::new())
        });
        match gap_about(code, About::Any).or_else(|| live.why().cloned()) {
            Some(why) => Known::Partial { value: found, why },
            None => Known::Known(found),
        }
    });
    match whole {
        Known::Unknown(why) => {
            // What one side shows is shown, whatever the other one would add.
            let found = types(context.code.value().copied(), context.source.value().copied(), plan);
            if found.is_empty() { Known::Unknown(why) } else { Known::Partial { value: found, why } }
        }
        known => known,
    }
}

/// Types in no cohort, and in one although nobody has seen them.
fn members(context: &Context<'_>) -> Known<Vec<CohortType>> {
    let known = known_types(context);
    let whole = known.is_known();
    known.map(|types| members_of(context, &types, whole))
}

/// The plan alone decides this.
fn repeats(context: &Context<'_>) -> Vec<CohortRepeat> {
    let planned: BTreeSet<&String> = context.facts.plan.cohorts.iter().flat_map(|c| &c.workflow_types).collect();
    let several = planned.into_iter().map(|name| (name, cohorts_of(context, name))).filter(|(_, c)| c.len() > 1);
    let object = |(name, cohorts): (&String, Vec<&Cohort>)| {
        let loci: Vec<Locus> = cohorts.iter().map(|c| context.plan_locus(c.line)).collect();
        CohortRepeat {
            workflow_type: name.clone(),
            cohorts: quoted(&cohorts),
            workflow_types: vec![name.clone()],
            loci,
        }
    };
    several.map(object).collect()
}

fn quoted(cohorts: &[&Cohort]) -> String {
    words::list(&cohorts.iter().map(|c| format!("`{}`", c.name)).collect::<Vec<_>>(), 5)
}

fn members_of(context: &Context<'_>, types: &BTreeMap<String, TypeFacts>, whole: bool) -> Vec<CohortType> {
    let mut found = vec![];
    let planned = context.facts.plan.cohorts.iter().flat_map(|c| &c.workflow_types);
    let names: BTreeSet<&String> = types.keys().chain(planned).collect();
    for name in names {
        let cohorts = cohorts_of(context, name);
        let seen = types.get(name);
        let verdict = match (cohorts.len(), seen) {
            // What runs in namespaces that move otherwise only is no concern of these cohorts.
            (0, Some(t)) if t.namespaces.is_empty() && runs_elsewhere(context, name) => continue,
            (0, _) => Membership::None,
            (_, None) if whole => Membership::Unseen,
            _ => continue,
        };
        let mut loci: Vec<Locus> = cohorts.iter().map(|c| context.plan_locus(c.line)).collect();
        loci.extend(seen.and_then(|t| t.code.clone()));
        loci.extend(seen.into_iter().flat_map(|t| &t.namespaces).filter_map(|namespace| {
            let resource = format!("workflow type {name}");
            Some(crate::compare::live(context.source.value()?, Some(namespace), resource, "CountWorkflowExecutions"))
        }));
        found.push(CohortType {
            workflow_type: name.clone(),
            cohorts: quoted(&cohorts),
            seen: seen.map_or_else(String::new, in_words),
            workflow_types: vec![name.clone()],
            verdict,
            loci,
        });
    }
    found
}

fn runs_elsewhere(context: &Context<'_>, name: &str) -> bool {
    let namespaces = context.source.value().into_iter().flat_map(|source| &source.namespaces);
    let mut types = namespaces.filter_map(|n| n.workflow_types.value()).flatten();
    types.any(|t| t.name == name)
}

fn in_words(t: &TypeFacts) -> String {
    match (t.open + t.closed, &t.code) {
        (0, _) => "it is in the code".to_owned(),
        (n, _) => format!("it has {} on the source, {} of them open", words::count(n, "execution"), t.open),
    }
}

fn tied(context: &Context<'_>) -> Known<Vec<CohortTie>> {
    let plan = &context.facts.plan;
    context.code.clone().and_then(|code| {
        let found = ties(code, context.source.value().copied(), plan);
        let found = found.map(|ties| ties.iter().map(|tie| tie_object(context, tie)).collect::<Vec<_>>());
        match gap_about(code, About::Any) {
            Some(why) => found.and_then(|value| Known::Partial { value, why }),
            None => found,
        }
    })
}

fn tie_object(context: &Context<'_>, tie: &Tie) -> CohortTie {
    let name = |name: &str| cohorts_of(context, name).first().map(|c| c.name.clone());
    let (from, to) = (name(&tie.from), tie.to.as_deref().and_then(name));
    let known = !tie.from.is_empty() && tie.to.is_some();
    let verdict = match (&from, &to) {
        _ if !known => TieVerdict::Unclear,
        (Some(a), Some(b)) if a == b => TieVerdict::Together,
        // A type that no cohort names is the concern of another rule, and moves with neither.
        _ => TieVerdict::Apart,
    };
    let kind = match tie.kind {
        TieKind::Child => "begins",
        TieKind::Message => "signals or cancels",
        TieKind::Continue => "continues as",
        TieKind::Id => "has ids of the same form as",
    };
    let none = || "no cohort".to_owned();
    let quoted = |name: Option<String>| name.map_or_else(none, |n| format!("cohort `{n}`"));
    let place = tie.loci.first().map(Locus::to_string).unwrap_or_default();
    let types: Vec<&str> =
        [Some(tie.from.as_str()), tie.to.as_deref()].into_iter().flatten().filter(|t| !t.is_empty()).collect();
    let from_name = if tie.from.is_empty() { "an unknown workflow" } else { tie.from.as_str() };
    CohortTie {
        from: from_name.to_owned(),
        to: tie.to.clone().unwrap_or_else(|| "another workflow".to_owned()),
        from_cohort: quoted(from),
        to_cohort: quoted(to),
        what: tie.what.clone(),
        workflow_types: types.into_iter().map(str::to_owned).collect(),
        loci: tie.loci.clone(),
        verdict,
        kind,
        place,
    }
}

fn queues(context: &Context<'_>) -> Known<Vec<SharedQueue>> {
    known_types(context).and_then(|types| {
        let mut untold = vec![];
        let mut by_queue: BTreeMap<&String, BTreeMap<&str, Vec<&String>>> = BTreeMap::new();
        for (name, known) in &types {
            let Some(cohort) = cohorts_of(context, name).first().copied() else { continue };
            if known.queues.is_empty() {
                untold.push(format!("`{name}`"));
            }
            for queue in &known.queues {
                by_queue.entry(queue).or_default().entry(&cohort.name).or_default().push(name);
            }
        }
        let shared = by_queue.into_iter().filter(|(_, cohorts)| cohorts.len() > 1);
        let shared = shared.map(|(queue, cohorts)| {
            let all: BTreeSet<&String> = cohorts.values().flatten().copied().collect();
            let quoted = |names: Vec<String>| words::list(&names, 5);
            let lines = context.facts.plan.cohorts.iter().filter(|c| cohorts.contains_key(c.name.as_str()));
            let loci: Vec<Locus> = lines.map(|c| context.plan_locus(c.line)).collect();
            SharedQueue {
                task_queue: queue.clone(),
                workflow_types: all.iter().map(|t| (*t).clone()).collect(),
                cohorts: quoted(cohorts.keys().map(|c| format!("`{c}`")).collect()),
                types: quoted(all.iter().map(|t| format!("`{t}`")).collect()),
                loci,
            }
        });
        let shared = shared.collect();
        // With one cohort there is nothing to share.
        if untold.is_empty() || context.facts.plan.cohorts.len() < 2 {
            return Known::Known(shared);
        }
        let why = Why::with_remedy(
            format!("neither code nor executions tell the task queue of {}", words::list(&untold, 5)),
            "look up which workers register these workflow types, and whether another cohort needs them too",
        );
        Known::Partial { value: shared, why }
    })
}

/// Validation periods that are missing, cut short, or do not fit into the window.
fn periods(context: &Context<'_>) -> Vec<PeriodProblem> {
    let plan = &context.facts.plan;
    let mut found = vec![];
    let mut problem = |cohort: &Cohort, problem: String, advice: String| {
        found.push(PeriodProblem {
            cohort: cohort.name.clone(),
            workflow_types: cohort.workflow_types.clone(),
            loci: vec![context.plan_locus(cohort.line)],
            problem,
            advice,
        });
    };
    for cohort in plan.cohorts.iter().filter(|c| c.validation_seconds().is_none()) {
        let advice = "Add `validation: 3d` (hours, days or weeks) to the cohort: how long it runs on the target before the next one follows.";
        problem(cohort, "has no validation period".to_owned(), advice.to_owned());
    }
    let mut routed: Vec<(&Cohort, jiff::Timestamp)> =
        plan.cohorts.iter().filter_map(|c| Some((c, c.routed?))).collect();
    routed.sort_by_key(|(_, at)| *at);
    let over = |(cohort, at): (&Cohort, jiff::Timestamp)| {
        let seconds = i64::try_from(cohort.validation_seconds()?).ok()?;
        at.checked_add(SignedDuration::from_secs(seconds)).ok()
    };
    for pair in routed.windows(2) {
        let [earlier, (next, at)] = pair else { continue };
        if let Some(until) = over(*earlier).filter(|until| at < until) {
            let text = format!(
                "was routed on {}, while cohort `{}` was to be watched until {}",
                words::minute(*at),
                earlier.0.name,
                words::minute(until)
            );
            let advice = "Look at failures and latencies of both cohorts now, and let the next cohort wait for the end of this one's period.";
            problem(next, text, advice.to_owned());
        }
    }
    if let Some((last, until)) = routed.last().and_then(|last| Some((last.0, over(*last)?)))
        && until > context.facts.at
    {
        for next in plan.cohorts.iter().filter(|c| c.routed.is_none()) {
            let text = format!("waits: cohort `{}` is watched until {}", last.name, words::minute(until));
            problem(next, text, format!("Route it after {}.", words::minute(until)));
        }
    }
    if let Some((window, last)) = plan.window.zip(plan.cohorts.last())
        && let Some((start, end)) = plan::midnight(window.start).zip(plan::window_over(window))
    {
        let needed: u64 = plan.cohorts.iter().filter_map(Cohort::validation_seconds).sum();
        let length = u64::try_from(end.as_second() - start.as_second()).unwrap_or(0);
        if needed > length {
            let text = format!(
                "cannot be watched to its end: the validation periods of all cohorts take {}, the window {}",
                words::duration(needed),
                words::duration(length)
            );
            problem(last, text, "Extend `window.end`, or shorten the periods of cohorts of low risk.".to_owned());
        }
    }
    found
}
