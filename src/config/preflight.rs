//! `preflight.yaml`: one file describes one migration, and every part of it is optional.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::{ConnectionSettings, PrometheusSettings};
use crate::facts::plan::{
    self, CodeExclusion, Cohort, IdentityOwner, NamespaceMapping, Plan, PlanPlace, Strategy, SwitchOff, WayOut, Window,
};
use crate::scorecard::Gate;
use crate::ui::{Problem, yaml};

/// The file, validated. Paths are resolved against the folder the file is in.
#[derive(Debug, Clone, Default)]
pub struct Preflight {
    /// What the rules see.
    pub plan: Plan,
    /// Connection of the source.
    pub source: ConnectionSettings,
    /// Connection of the target.
    pub target: ConnectionSettings,
    /// Source trees to scan.
    pub roots: Vec<PathBuf>,
    /// Certificate files and folders.
    pub certificates: Vec<PathBuf>,
    /// Gate to answer when no flag says so.
    pub gate: Option<Gate>,
    /// The attestations file.
    pub attestations: Option<PathBuf>,
    /// The waivers file.
    pub waivers: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: Spanned<u32>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    strategy: Option<Spanned<Strategy>>,
    #[serde(default)]
    gate: Option<Gate>,
    #[serde(default)]
    window: Option<Spanned<RawWindow>>,
    #[serde(default)]
    source: Option<Spanned<ConnectionSettings>>,
    #[serde(default)]
    target: Option<Spanned<ConnectionSettings>>,
    #[serde(default)]
    namespaces: Vec<Spanned<RawMapping>>,
    #[serde(default)]
    code: Option<Spanned<RawCode>>,
    #[serde(default)]
    cohorts: Vec<Spanned<RawCohort>>,
    #[serde(default)]
    ways_out: Vec<Spanned<RawWayOut>>,
    #[serde(default)]
    identities: Vec<Spanned<RawIdentity>>,
    #[serde(default)]
    switch_off: Option<Spanned<RawSwitchOff>>,
    #[serde(default)]
    certificates: Vec<Spanned<String>>,
    #[serde(default)]
    metrics: Option<RawMetrics>,
    #[serde(default)]
    attestations: Option<Spanned<String>>,
    #[serde(default)]
    waivers: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMetrics {
    #[serde(default)]
    source: Option<PrometheusSettings>,
    #[serde(default)]
    target: Option<PrometheusSettings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWindow {
    start: jiff::civil::Date,
    end: jiff::civil::Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    source: String,
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    exclude: Option<String>,
    #[serde(default)]
    stays: Option<String>,
    #[serde(default)]
    strategy: Option<Strategy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCode {
    #[serde(default)]
    roots: Vec<String>,
    #[serde(default)]
    factories: Vec<Spanned<String>>,
    #[serde(default)]
    exclude: Vec<Spanned<RawExclusion>>,
}

/// A glob, or a glob with the reason.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawExclusion {
    Glob(String),
    Reasoned(RawReasoned),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReasoned {
    glob: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct RawSwitchOff {
    workers_stopped: Option<jiff::civil::Date>,
    frontend_until: Option<jiff::civil::Date>,
    archived: Option<jiff::civil::Date>,
    teardown: Option<jiff::civil::Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCohort {
    name: String,
    #[serde(default)]
    risk: Option<String>,
    workflow_types: Vec<String>,
    #[serde(default)]
    routed: Option<Spanned<String>>,
    #[serde(default)]
    validation: Option<Spanned<String>>,
    #[serde(default)]
    rollback: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWayOut {
    workflow_type: String,
    how: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    identity: String,
    owner: String,
}

/// Read and validate the file.
pub fn load(path: &Path) -> Result<Preflight, Problem> {
    let text = super::read(path, "the migration")?;
    parse(path, &text)
}

/// Validate the text of the file at `path`.
pub fn parse(path: &Path, text: &str) -> Result<Preflight, Problem> {
    let name = path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let document: Document = yaml::parse(&name, text)?;
    let problem = |title: &str, location: &Location, label: String| {
        Problem::usage(format!("{name}: {title}")).at(yaml::place(&name, text, location, label))
    };
    refuse(&document, &problem)?;
    let lines = lines(&document);
    let code = read_code(document.code, &folder, &problem)?;
    let target_kind = document.target.as_ref().and_then(|target| target.value.kind).unwrap_or_default();
    let (of_source, of_target) = document.metrics.map_or((None, None), |metrics| (metrics.source, metrics.target));
    Ok(Preflight {
        source: side(document.source, of_source, &folder),
        target: side(document.target, of_target, &folder),
        roots: code.roots,
        certificates: document.certificates.iter().map(|c| join(&folder, &c.value)).collect(),
        gate: document.gate,
        attestations: document.attestations.map(|a| join(&folder, &a.value)),
        waivers: document.waivers.map(|w| join(&folder, &w.value)),
        plan: Plan {
            name: document.name.unwrap_or_else(|| super::folder_name(&folder)),
            strategy: document.strategy.map(|s| s.value).unwrap_or_default(),
            window: document.window.map(|w| Window { start: w.value.start, end: w.value.end }),
            namespaces: read_namespaces(document.namespaces, &problem)?,
            factories: code.factories,
            cohorts: read_cohorts(document.cohorts, &problem)?,
            ways_out: read_ways_out(document.ways_out, &problem)?,
            identities: document.identities.into_iter().map(read_identity).collect(),
            code_exclusions: code.exclusions,
            switch_off: document.switch_off.map(read_switch_off),
            target_kind,
            place: Some(PlanPlace { path: name.clone(), lines }),
        },
    })
}

/// Says what is wrong at a place of the file: title and label.
type AtPlace<'a> = &'a dyn Fn(&str, &Location, String) -> Problem;

/// What no part of the file may say.
fn refuse(document: &Document, problem: AtPlace<'_>) -> Result<(), Problem> {
    if document.version.value != 1 {
        let label = "this tool reads version 1".into();
        return Err(problem("this version of the file is not known", &document.version.referenced, label));
    }
    if let Some(source) = document.source.as_ref().filter(|source| source.value.cloud_ops.is_some()) {
        let label = "`cloud_ops` belongs under `target`".into();
        return Err(problem("only the target has a Cloud Ops API", &source.referenced, label));
    }
    if let Some(source) = document.source.as_ref().filter(|source| source.value.kind.is_some()) {
        let label = "`kind` belongs under `target`".into();
        return Err(problem("the source is the self-hosted cluster", &source.referenced, label));
    }
    if let Some(window) = document.window.as_ref().filter(|window| window.value.end < window.value.start) {
        let label = format!("{} is before {}", window.value.end, window.value.start);
        return Err(problem("the window ends before it starts", &window.referenced, label));
    }
    Ok(())
}

/// The line of each top-level key; of a list, that of its first entry.
fn lines(document: &Document) -> BTreeMap<String, u32> {
    let places = [
        ("version", Some(&document.version.referenced)),
        ("strategy", document.strategy.as_ref().map(|s| &s.referenced)),
        ("window", document.window.as_ref().map(|s| &s.referenced)),
        ("source", document.source.as_ref().map(|s| &s.referenced)),
        ("target", document.target.as_ref().map(|s| &s.referenced)),
        ("namespaces", document.namespaces.first().map(|s| &s.referenced)),
        ("code", document.code.as_ref().map(|s| &s.referenced)),
        ("cohorts", document.cohorts.first().map(|s| &s.referenced)),
        ("ways_out", document.ways_out.first().map(|s| &s.referenced)),
        ("identities", document.identities.first().map(|s| &s.referenced)),
        ("switch_off", document.switch_off.as_ref().map(|s| &s.referenced)),
        ("certificates", document.certificates.first().map(|s| &s.referenced)),
        ("attestations", document.attestations.as_ref().map(|s| &s.referenced)),
        ("waivers", document.waivers.as_ref().map(|s| &s.referenced)),
    ];
    places.into_iter().filter_map(|(key, place)| Some((key.to_owned(), yaml::line(place?)))).collect()
}

/// What `code` says.
#[derive(Default)]
struct Code {
    roots: Vec<PathBuf>,
    factories: Vec<String>,
    exclusions: Vec<CodeExclusion>,
}

fn read_code(code: Option<Spanned<RawCode>>, folder: &Path, problem: AtPlace<'_>) -> Result<Code, Problem> {
    let Some(code) = code.map(|code| code.value) else { return Ok(Code::default()) };
    let mut factories = vec![];
    for factory in code.factories {
        // A function of the tree by its file, one of another package by its full name.
        let parts = factory.value.rsplit_once(':').or_else(|| factory.value.rsplit_once('.'));
        if !parts.is_some_and(|(home, function)| !home.is_empty() && !function.is_empty()) {
            return Err(problem(
                "a factory is named as path:function, or as package.function when it is not in the tree",
                &factory.referenced,
                "such as worker/connection.go:NewTemporalClient, or git.example.org/platform/temporalkit.Connect"
                    .into(),
            ));
        }
        factories.push(factory.value);
    }
    let roots = code.roots.iter().map(|root| join(folder, root)).collect();
    Ok(Code { roots, factories, exclusions: code.exclude.into_iter().map(read_exclusion).collect() })
}

fn read_namespaces(mappings: Vec<Spanned<RawMapping>>, problem: AtPlace<'_>) -> Result<Vec<NamespaceMapping>, Problem> {
    let mut namespaces: Vec<NamespaceMapping> = Vec::new();
    for mapping in mappings {
        let (place, mapping) = read_mapping(mapping, problem)?;
        if let Some(first) = namespaces.iter().find(|n| n.source == mapping.source) {
            let label = format!("first mapped on line {}", first.line);
            return Err(problem("a source namespace is mapped twice", &place, label));
        }
        namespaces.push(mapping);
    }
    Ok(namespaces)
}

fn read_cohorts(raw: Vec<Spanned<RawCohort>>, problem: AtPlace<'_>) -> Result<Vec<Cohort>, Problem> {
    let mut cohorts: Vec<Cohort> = Vec::new();
    for cohort in raw {
        let (place, cohort) = read_cohort(cohort, problem)?;
        if let Some(first) = cohorts.iter().find(|c| c.name == cohort.name) {
            let label = format!("first named on line {}", first.line);
            return Err(problem("two cohorts have the same name", &place, label));
        }
        cohorts.push(cohort);
    }
    Ok(cohorts)
}

fn read_ways_out(raw: Vec<Spanned<RawWayOut>>, problem: AtPlace<'_>) -> Result<Vec<WayOut>, Problem> {
    let read = |way: Spanned<RawWayOut>| {
        let line = yaml::line(&way.referenced);
        if way.value.how.trim().is_empty() {
            return Err(problem("a way out needs words", &way.referenced, "`how` is empty".into()));
        }
        Ok(WayOut { workflow_type: way.value.workflow_type, how: way.value.how, line })
    };
    raw.into_iter().map(read).collect()
}

fn read_identity(entry: Spanned<RawIdentity>) -> IdentityOwner {
    let RawIdentity { identity, owner } = entry.value;
    IdentityOwner { identity, owner, line: yaml::line(&entry.referenced) }
}

fn read_switch_off(stages: Spanned<RawSwitchOff>) -> SwitchOff {
    let RawSwitchOff { workers_stopped, frontend_until, archived, teardown } = stages.value;
    SwitchOff { workers_stopped, frontend_until, archived, teardown, line: yaml::line(&stages.referenced) }
}

/// The connection of a side, with its paths below the folder of the file.
fn side(
    settings: Option<Spanned<ConnectionSettings>>,
    metrics: Option<PrometheusSettings>,
    folder: &Path,
) -> ConnectionSettings {
    let mut settings = settings.map(|s| s.value).unwrap_or_default();
    settings.metrics = metrics;
    let paths = [
        settings.metrics.as_mut().and_then(|metrics| metrics.tls_ca_path.as_mut()),
        settings.cloud_ops.as_mut().and_then(|cloud| cloud.tls_ca_path.as_mut()),
        settings.config_file.as_mut(),
        settings.tls_cert_path.as_mut(),
        settings.tls_key_path.as_mut(),
        settings.tls_ca_path.as_mut(),
    ];
    for path in paths.into_iter().flatten() {
        *path = join(folder, path).display().to_string();
    }
    settings
}

/// A line of the namespace map with its place in the file.
fn read_mapping(mapping: Spanned<RawMapping>, problem: AtPlace<'_>) -> Result<(Location, NamespaceMapping), Problem> {
    let (place, line) = (mapping.referenced, yaml::line(&mapping.referenced));
    let RawMapping { source, target, exclude, stays, strategy } = mapping.value;
    let given: Vec<&str> = [("target", target.is_some()), ("exclude", exclude.is_some()), ("stays", stays.is_some())]
        .into_iter()
        .filter_map(|(key, given)| given.then_some(key))
        .collect();
    let refuse = |title: &str, label: String| Err(problem(title, &place, label));
    match given.as_slice() {
        [] => {
            let title = "a namespace needs a `target`, or `exclude` or `stays` with the reason";
            return refuse(title, "none of them is given".into());
        }
        [_] => {}
        [first, second, ..] => {
            let title = "a namespace moves, is excluded, or stays";
            return refuse(title, format!("both `{first}` and `{second}` are given"));
        }
    }
    if target.is_none() && strategy.is_some() {
        let label = format!("both `{}` and `strategy` are given", given.first().copied().unwrap_or_default());
        return refuse("a namespace that does not move has no strategy", label);
    }
    let in_use = stays.is_some();
    let reason = exclude.or(stays);
    if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        let title = format!("`{}` needs a reason", given.first().copied().unwrap_or_default());
        return refuse(&title, "it is empty".into());
    }
    Ok((place, NamespaceMapping { source, target, exclude: reason, stays: in_use, strategy, line }))
}

fn read_exclusion(entry: Spanned<RawExclusion>) -> CodeExclusion {
    let line = yaml::line(&entry.referenced);
    match entry.value {
        RawExclusion::Glob(glob) => CodeExclusion { glob, reason: None, line },
        RawExclusion::Reasoned(RawReasoned { glob, reason }) => {
            CodeExclusion { glob, reason: Some(reason).filter(|text| !text.trim().is_empty()), line }
        }
    }
}

/// A cohort with its place in the file.
fn read_cohort(cohort: Spanned<RawCohort>, problem: AtPlace<'_>) -> Result<(Location, Cohort), Problem> {
    let (place, line) = (cohort.referenced, yaml::line(&cohort.referenced));
    let RawCohort { name, risk, workflow_types, routed, validation, rollback } = cohort.value;
    if workflow_types.is_empty() {
        return Err(problem("a cohort moves workflow types", &place, "`workflow_types` is empty".into()));
    }
    let routed = match &routed {
        None => None,
        Some(text) => Some(instant(&text.value).ok_or_else(|| {
            let form = "a date such as 2026-12-05 or a timestamp such as 2026-12-05T10:00:00Z";
            problem("since when a cohort is routed is an instant", &text.referenced, form.into())
        })?),
    };
    let validation = match validation {
        Some(text) if plan::seconds(&text.value).is_none() => {
            let form = "hours, days or weeks, such as 12h, 3d or 1w";
            return Err(problem("a validation period is a duration", &text.referenced, form.into()));
        }
        other => other.map(|text| text.value),
    };
    let rollback = rollback.filter(|text| !text.trim().is_empty());
    Ok((place, Cohort { name, risk, workflow_types, routed, validation, rollback, line }))
}

fn join(folder: &Path, path: &str) -> PathBuf {
    if folder.as_os_str().is_empty() { PathBuf::from(path) } else { folder.join(path) }
}

/// A timestamp, or the first instant of a day in UTC.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse().ok().or_else(|| day().map(|zoned| zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let problem = parse(Path::new("preflight.yaml"), text).unwrap_err();
        assert_eq!(problem.code, 2);
        problem.to_string()
    }

    #[test]
    fn the_example_of_the_design_is_read() {
        let text = "version: 1\nstrategy: manual\nwindow: {start: 2026-12-01, end: 2026-12-28}\nsource: {profile: onprem}\n\
                    target: {profile: cloud, tls_cert_path: certs/a.pem}\nnamespaces:\n  - {source: payments-prod, target: payments-prod.a1b2c}\n  \
                    - {source: legacy-batch, exclude: \"no workflow since 2024\"}\ncode:\n  roots: [.]\n  factories: [\"worker/connection.go:NewTemporalClient\"]\n\
                    cohorts:\n  - {name: internal-tools, risk: low, workflow_types: [ReconciliationWorkflow], routed: 2026-12-05, validation: 3d}\n\
                    certificates: [certs/]\nmetrics: {source: {prometheus: \"http://prometheus:9090\", tls_ca_path: ca.pem}}\nattestations: attestations.yaml\nwaivers: waivers.yaml\n";
        let read = parse(Path::new("deploy/preflight.yaml"), text).unwrap();
        assert_eq!(read.plan.namespaces[1].exclude.as_deref(), Some("no workflow since 2024"));
        assert_eq!(read.plan.namespaces[0].line, 7);
        assert_eq!(read.target.tls_cert_path.as_deref(), Some("deploy/certs/a.pem"));
        assert_eq!(read.roots, [PathBuf::from("deploy/.")]);
        let metrics = read.source.metrics.unwrap();
        assert_eq!(metrics.prometheus, "http://prometheus:9090");
        assert_eq!(metrics.tls_ca_path.as_deref(), Some("deploy/ca.pem"));
        assert_eq!(read.plan.place.unwrap().lines["window"], 3);
        assert_eq!(read.plan.cohorts[0].routed.unwrap().to_string(), "2026-12-05T00:00:00Z");
    }

    #[test]
    fn a_mistake_beside_a_password_does_not_repeat_it() {
        let shown = refused("version: 1\nmetrics:\n  source: {prometheus: \"http://ann:s3cret@x\", bogus: 1}\n");
        assert!(shown.contains("bogus") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        for (text, says, at) in [
            ("version: 2\n", "version 1", "preflight.yaml:1:10"),
            ("version: 1\nwindow: {start: 2026-12-28, end: 2026-12-01}\n", "before it starts", ":2:9"),
            (
                "version: 1\ncohorts:\n  - {name: a, workflow_types: [A], routed: soon}\n",
                "2026-12-05T10:00:00Z",
                ":3:44",
            ),
            ("version: 1\ncohorts:\n  - {name: a, workflow_types: []}\n", "`workflow_types` is empty", ":3:5"),
            ("version: 1\ncohorts:\n  - {name: a, workflow_types: [A], validation: long}\n", "3d or 1w", ":3:48"),
            (
                "version: 1\ncohorts:\n  - {name: a, workflow_types: [A]}\n  - {name: a, workflow_types: [B]}\n",
                "first named on line 3",
                ":4:5",
            ),
            ("version: 1\nways_out:\n  - {workflow_type: A, how: ''}\n", "`how` is empty", ":3:5"),
            (
                "version: 1\nnamespaces:\n  - {source: a, exclude: empty, strategy: manual}\n",
                "both `exclude` and `strategy`",
                ":3:5",
            ),
            ("version: 1\nnamespaces:\n  - {source: a}\n", "none of them is given", ":3:5"),
            ("version: 1\nnamespaces:\n  - {source: a, target: b, stays: x}\n", "both `target` and `stays`", ":3:5"),
            ("version: 1\nnamespaces:\n  - {source: a, stays: ' '}\n", "`stays` needs a reason", ":3:5"),
            ("version: 1\nsource: {kind: rehearsal}\n", "belongs under `target`", ":2:9"),
            (
                "version: 1\nnamespaces:\n  - {source: a, target: b}\n  - {source: a, target: c}\n",
                "mapped on line 3",
                ":4:5",
            ),
            ("version: 1\ncode: {factories: [NewClient]}\n", "path:function", ":2:"),
            ("version: 1\nstrategie: manual\n", "strategie", ":2:1"),
            ("version: 1\nwindow: {start: 2026-13-28, end: 2026-12-01}\n", "not valid", ":2:"),
            ("version: 1\nsource: {adress: x}\n", "adress", ":2:"),
            ("version: 1\nsource: {cloud_ops: {api_key_env: X}}\n", "belongs under `target`", ":2:9"),
            ("version: 1\ntarget: {cloud_ops: {key: X}}\n", "key", ":2:"),
        ] {
            let shown = refused(text);
            assert!(shown.contains(says) && shown.contains(at), "{text}\n{shown}");
        }
    }
}
