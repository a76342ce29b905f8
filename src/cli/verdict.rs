//! From facts to a scorecard, to reports, to the exit code.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::ci;
use super::former;
use super::output::{self, Look, Report};
use crate::config::{self, ATTESTATIONS_FILE};
use crate::facts::plan::Cohort;
use crate::facts::{Facts, Known};
use crate::judge::{self, BaselineFacts, JudgeInput, SettingChange, trend};
use crate::render::Format;
use crate::rules;
use crate::scorecard::Waiver;
use crate::scorecard::{Gate, Scorecard};
use crate::ui::Problem;

const RULES: &str = "Rules and reports";

/// Flags of every command that judges a migration.
#[derive(Debug, Clone, Args)]
pub struct VerdictFlags {
    /// The gate whose verdict becomes the exit code [default: `gate` of the file, else route]
    #[arg(long, value_enum, value_name = "GATE")]
    pub gate: Option<GateName>,
    /// Answer for one cohort of the plan: what concerns other cohorts only does not count
    #[arg(long, value_name = "NAME")]
    pub cohort: Option<String>,
    /// A former JSON report: show what changed since
    #[arg(long, value_name = "REPORT", help_heading = RULES)]
    pub previous: Option<PathBuf>,
    #[command(flatten)]
    pub reports: ReportFlags,
}

/// Flags of every command that judges.
#[derive(Debug, Clone, Args)]
pub struct ReportFlags {
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    pub output: Format,
    /// Write a report beside it, such as html=report.html; formats as for --output; may be repeated
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<Report>,
    /// Judge as if it were then: a date or a timestamp [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Judge as if nobody had accepted anything: neither ignore comments nor the waivers file count
    #[arg(long)]
    pub no_ignores: bool,
    /// Further rule pack: a folder of <area>/<id>.yaml and .md; may be repeated
    #[arg(long, value_name = "DIR", help_heading = RULES)]
    pub rules: Vec<PathBuf>,
    #[command(flatten)]
    pub look: Look,
}

/// `--gate`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GateName {
    /// A change of the code
    Pr,
    /// The plan is complete
    Plan,
    /// The target is ready
    Provision,
    /// Workers run on both clusters
    DualRun,
    /// New executions start on the target
    Route,
    /// The source is empty
    Drain,
    /// The source may be switched off
    Decommission,
}

impl From<GateName> for Gate {
    fn from(name: GateName) -> Gate {
        match name {
            GateName::Pr => Gate::Pr,
            GateName::Plan => Gate::Plan,
            GateName::Provision => Gate::Provision,
            GateName::DualRun => Gate::DualRun,
            GateName::Route => Gate::Route,
            GateName::Drain => Gate::Drain,
            GateName::Decommission => Gate::Decommission,
        }
    }
}

/// Judge, print, write the reports, and answer with the gate's exit code.
pub fn deliver(facts: &Facts, gate: Option<Gate>, waivers: Option<&PathBuf>, flags: &VerdictFlags) -> super::Done {
    // Before the work: a report that cannot be read should not cost a judgement.
    let previous = flags.previous.as_deref().map(former::read).transpose()?;
    let run = RuleRun::new(&flags.reports, waivers)?;
    let mut card = run.card(facts, chosen(flags, gate), None, cohort(facts, flags)?);
    card.trend = previous.map(|then| trend::since(&then, &card));
    run.hand_over(&card, &flags.reports)
}

/// Evaluate the rules of the flags and judge.
pub fn judged(
    facts: &Facts,
    gate: Option<Gate>,
    waivers: Option<&PathBuf>,
    flags: &VerdictFlags,
) -> Result<Scorecard, super::Failure> {
    Ok(RuleRun::new(&flags.reports, waivers)?.card(facts, chosen(flags, gate), None, cohort(facts, flags)?))
}

/// The gate that decides: of the flag, else of the file, else the one at which new executions start on the target.
fn chosen(flags: &VerdictFlags, gate: Option<Gate>) -> Gate {
    flags.gate.map(Gate::from).or(gate).unwrap_or(Gate::Route)
}

/// The cohort of `--cohort`.
fn cohort<'f>(facts: &'f Facts, flags: &VerdictFlags) -> Result<Option<&'f Cohort>, Problem> {
    let Some(name) = &flags.cohort else { return Ok(None) };
    let cohorts = &facts.plan.cohorts;
    let names: Vec<&str> = cohorts.iter().map(|cohort| cohort.name.as_str()).collect();
    cohorts.iter().find(|cohort| cohort.name == *name).map(Some).ok_or_else(|| {
        let there = if names.is_empty() { "the plan has none".to_owned() } else { names.join(", ") };
        Problem::usage(format!("the plan has no cohort `{name}`")).help(format!("cohorts of the plan: {there}"))
    })
}

/// What a judgement needs beside the facts: the rules of the run, and what people accepted.
pub struct RuleRun {
    catalogue: rules::Catalogue,
    waivers: Vec<Waiver>,
    /// Rules that are not asked in this run, and the attestations they ask for.
    others: BTreeSet<String>,
    /// Whether comments in the code accept findings.
    comments: bool,
    /// What a change edits of the configuration it would be judged by; none when that was not looked at.
    setting_changes: Option<Vec<SettingChange>>,
}

impl RuleRun {
    /// Load the rule packs and the waivers.
    pub fn new(flags: &ReportFlags, waivers: Option<&PathBuf>) -> Result<Self, super::Failure> {
        let waivers = waivers.map(|path| config::waivers::load(path)).transpose()?.unwrap_or_default();
        Self::with(flags, waivers)
    }

    /// Load the rule packs, and take waivers that were read already.
    pub fn with(flags: &ReportFlags, mut waivers: Vec<Waiver>) -> Result<Self, super::Failure> {
        let catalogue = rules::load(&flags.rules)?;
        if flags.no_ignores {
            waivers.clear();
        }
        let (others, comments) = (BTreeSet::new(), !flags.no_ignores);
        Ok(Self { catalogue, waivers, others, comments, setting_changes: None })
    }

    /// Tell what the change edits of the configuration it would be judged by.
    pub fn telling(mut self, changes: Option<Vec<SettingChange>>) -> Self {
        self.setting_changes = changes;
        self
    }

    /// Ask the rules of one gate only. Waivers and attestations of the others have nothing to say in such a run.
    pub fn only(mut self, gate: Gate) -> Self {
        let (kept, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.catalogue.rules).into_iter().partition(|rule| rule.gates.contains(&gate));
        let asked: BTreeSet<&str> = kept.iter().filter_map(|r| r.attested.as_ref()).map(|a| a.id.as_str()).collect();
        self.others = others
            .iter()
            .flat_map(|rule| [Some(rule.id.clone()), rule.attested.as_ref().map(|a| a.id.clone())])
            .flatten()
            .filter(|id| !asked.contains(id.as_str()))
            .collect();
        self.catalogue.rules = kept;
        self
    }

    /// Evaluate the rules and judge, what a change adds when there is something to compare with.
    pub fn card(
        &self,
        facts: &Facts,
        gate: Gate,
        former: Option<&BaselineFacts>,
        cohort: Option<&Cohort>,
    ) -> Scorecard {
        let facts = &self.concerned(facts);
        let context = rules::Context {
            at: facts.at,
            strategy: facts.plan.main_strategy(),
            attestations: &facts.attestations,
            attestations_path: ATTESTATIONS_FILE,
        };
        let checks = rules::evaluate(&self.catalogue, &rules::view::build(facts), &context);
        let unwaivable = self.catalogue.unwaivable();
        let waivers: Vec<Waiver> =
            self.waivers.iter().filter(|waiver| !self.others.contains(&waiver.rule)).cloned().collect();
        let setting_changes = self.setting_changes.as_deref();
        let input =
            JudgeInput { facts, gate, waivers: &waivers, unwaivable: &unwaivable, former, setting_changes, cohort };
        judge::judge(checks, input)
    }

    /// The facts without what people said about rules that are not asked, and without comments when they do not count.
    fn concerned<'f>(&self, facts: &'f Facts) -> Cow<'f, Facts> {
        if self.others.is_empty() && self.comments {
            return Cow::Borrowed(facts);
        }
        let mut facts = facts.clone();
        if let Known::Known(words) | Known::Partial { value: words, .. } = &mut facts.attestations {
            words.retain(|word| !self.others.contains(&word.id));
        }
        if let Known::Known(code) | Known::Partial { value: code, .. } = &mut facts.code {
            if !self.comments {
                code.ignores.clear();
            }
            // A comment that names no rule any more was about others only.
            code.ignores.retain_mut(|ignore| {
                let named = !ignore.rules.is_empty();
                ignore.rules.retain(|rule| !self.others.contains(rule));
                !(named && ignore.rules.is_empty())
            });
        }
        Cow::Owned(facts)
    }

    /// Print, write the reports, and answer with the gate's exit code; with 2 when a rule of a pack could not be read,
    /// because a verdict without it is not the one that was asked for.
    pub fn hand_over(&self, card: &Scorecard, flags: &ReportFlags) -> super::Done {
        let mut options = flags.look.options()?;
        (options.code_folder, options.file_folder) = ci::folders(card);
        output::reports(card, &flags.report, &options)?;
        if flags.output == Format::Text {
            // On a long page the place of the reports is named at its end.
            options.written = flags.report.iter().map(|r| r.path().display().to_string()).collect();
        } else {
            output::wrote(&flags.report);
        }
        if flags.output == Format::Github {
            ci::summary(card, &options)?;
        }
        output::print(card, flags.output, &options)?;
        let broken = output::problems(&self.catalogue.problems());
        Ok(broken.unwrap_or_else(|| ExitCode::from(card.verdict.exit_code())))
    }
}
