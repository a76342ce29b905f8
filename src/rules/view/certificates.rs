//! Certificates and keys against the end of the dual-run window and the rules of Temporal Cloud.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

mod compliance;
mod credentials;

use schemars::JsonSchema;
use serde::Serialize;

use super::limits::{self, Limits};
use super::plan::{window, window_over};
use super::{Context, Fact, FactPath, FactView, words};
use crate::compare::live;
use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, Credential};
use crate::facts::{Known, Locus, Side, Why};

const EXPIRY: Fact<Vec<ExpiringCertificate>> = Fact::new(
    "certificates.expiry",
    "client and CA certificates of both connections and of the configuration, against the end of the window",
);
const ENDPOINTS: Fact<Vec<EndpointCertificate>> = Fact::new(
    "certificates.endpoints",
    "certificates that endpoints the team runs present, against the end of the window",
);
const COMPLIANCE: Fact<Vec<compliance::NonCompliant>> =
    Fact::new("certificates.compliance", "certificates that break a rule of Temporal Cloud");
const KEYS: Fact<Vec<compliance::UnusableKey>> = Fact::new("certificates.keys", "private keys that cannot be used");
const API_KEYS: Fact<Vec<credentials::ExpiringKey>> = Fact::new(
    "certificates.api_keys",
    "API keys of the target that workers and starters may use, against the end of the window",
);
const AHEAD: Fact<Vec<Ahead>> = Fact::new(
    "certificates.ahead",
    "client and CA certificates and API keys of the target, against the instant that is judged for",
);
const ACCEPTED: Fact<Vec<credentials::NotAccepted>> =
    Fact::new("certificates.accepted", "target namespaces that do not accept what workers and starters present");

pub(super) const PATHS: &[FactPath] = &[
    EXPIRY.entry(),
    ENDPOINTS.entry(),
    COMPLIANCE.entry(),
    KEYS.entry(),
    API_KEYS.entry(),
    AHEAD.entry(),
    ACCEPTED.entry(),
];

/// When a validity ends, against the end of the window.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ExpiryVerdict {
    /// Before the window is over, or too shortly after.
    InWindow,
    /// Soon after the window.
    SoonAfter,
    /// Long after.
    Fine,
}

/// A certificate of a connection, of the configuration, or accepted by a target namespace.
#[derive(Serialize, JsonSchema)]
struct ExpiringCertificate {
    /// When it ends.
    verdict: ExpiryVerdict,
    /// Distinguished name.
    subject: String,
    /// The file it was read from.
    file: String,
    /// Whose it is: `source`, `target`, `configuration`.
    side: &'static str,
    /// Day on which it ends, UTC.
    expires: String,
    /// Whole days from the end of the window to the end of its validity; negative when it ends before.
    days_after_window: i64,
    /// The same as a sentence.
    when: String,
    /// SHA-256 of the certificate.
    fingerprint: String,
    /// The target namespace whose CA is renewed with it.
    target_namespace: String,
    /// Whether the team verifies it, not Temporal Cloud.
    ours: bool,
    /// Whether `openssl` can read the file: it is no part of another file and no answer of an API.
    on_disk: bool,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// A certificate that an endpoint of the team presents.
#[derive(Serialize, JsonSchema)]
struct EndpointCertificate {
    /// When it ends.
    verdict: ExpiryVerdict,
    /// Distinguished name.
    subject: String,
    /// The side the endpoint belongs to.
    side: Side,
    /// Address of the endpoint, `host:port`.
    address: String,
    /// Day on which it ends, UTC.
    expires: String,
    /// Whole days from the end of the window to the end of its validity; negative when it ends before.
    days_after_window: i64,
    /// The same as a sentence.
    when: String,
    /// SHA-256 of the certificate.
    fingerprint: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// How long something is valid from the instant that is judged for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum AheadVerdict {
    /// It has ended.
    Expired,
    /// It ends soon.
    Short,
    /// It is valid long enough.
    Fine,
}

/// A certificate or key of the target, against the instant that is judged for.
#[derive(Serialize, JsonSchema)]
struct Ahead {
    /// How long it is valid.
    verdict: AheadVerdict,
    /// What it is: `certificate CN=worker`, `API key ci`.
    what: String,
    /// Day on which it ends, UTC.
    expires: String,
    /// Whole days that are left; negative when it has ended.
    days_left: i64,
    /// The same as a sentence.
    when: String,
    /// Fingerprint of the certificate, or id of the key.
    key: String,
    /// Where it was seen.
    loci: Vec<Locus>,
}

/// Whether something is wrong, or may be.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Proof {
    /// It is wrong.
    Broken,
    /// It may be wrong; a person has to look.
    Unclear,
}

pub(super) fn put(context: &Context<'_>, view: &mut FactView) {
    let limits = limits::limits();
    let cloud = context.target_kind == ClusterKind::Cloud;
    let mut targets = context.facts.plan.namespaces.iter().filter_map(|m| m.target.clone());
    let target_namespace = targets.next().unwrap_or_else(|| "<namespace>.<account>".to_owned());
    let measure = window(context).zip(limits.clone()).and_then(|(window, limits)| match window_over(window) {
        Some(over) => Known::Known(Measure {
            over,
            at: context.facts.at,
            end: window.end,
            limits,
            cloud,
            target_namespace: target_namespace.clone(),
        }),
        None => Known::unknown("the dual-run window is outside of the calendar"),
    });
    let files = files(context);
    let accepted = accepted_authorities(context);
    let today = limits.clone().map(|limits| Measure {
        over: context.facts.at,
        at: context.facts.at,
        end: day(context.facts.at),
        limits,
        cloud,
        target_namespace: target_namespace.clone(),
    });
    let presented = Known::concat([files.clone(), accepted.clone()]).map(of_target);
    view.put(&AHEAD, today.and_then(|measure| ahead(context, &measure, presented)));
    let expiring = Known::concat([files.clone(), accepted]);
    view.put(&EXPIRY, measure.clone().zip(expiring).map(|(m, files)| expiry(&m, &files)));
    view.put(&ENDPOINTS, measure.clone().and_then(|m| endpoints(context, &m)));
    let target_files = files.clone().map(of_target);
    view.put(
        &COMPLIANCE,
        limits.zip(target_files.clone()).map(|(limits, files)| compliance::problems(context, limits, &files)),
    );
    view.put(&KEYS, files.map(|files| compliance::keys(context, &files)));
    view.put(&API_KEYS, measure.and_then(|m| credentials::api_keys(context, &m)));
    view.put(&ACCEPTED, credentials::accepted(context, target_files));
}

/// Those that the target connection uses or the configuration names.
fn of_target(files: Vec<Used<'_>>) -> Vec<Used<'_>> {
    files.into_iter().filter(|used| used.side != "source").collect()
}

/// A file and the side whose connection uses it; `configuration` for files of `certificates:`.
#[derive(Clone)]
struct Used<'a> {
    file: &'a CertificateFile,
    side: &'static str,
    /// Where it can be seen.
    locus: Locus,
}

/// The CA certificates the target namespaces of the plan accept client certificates of, as the Cloud Ops API told.
/// Where it was not asked they are none: the files of the team are what there is.
fn accepted_authorities<'a>(context: &Context<'a>) -> Known<Vec<Used<'a>>> {
    let Some(target) = context.facts.target.value() else { return Known::Known(vec![]) };
    let Some(cloud) = target.cloud.value() else { return Known::Known(vec![]) };
    let at = context.facts.at;
    Known::concat(planned(context).map(|name| {
        let Some(namespace) = cloud.namespace(name) else { return Known::Known(vec![]) };
        namespace.settings.as_ref().and_then(|settings| {
            let Some(file) = settings.accepted_cas.as_ref().filter(|_| settings.mtls) else {
                return Known::Known(vec![]);
            };
            // An expired CA beside others is a leftover: nobody can depend on it.
            if file.problem.is_none() && file.chain.iter().all(|ca| ca.not_after <= at) {
                return Known::unknown(format!("every CA certificate of namespace {name} has expired"));
            }
            let locus = live(target, Some(name), "accepted client CAs", "GetNamespace");
            used(file, "target").map(|files| files.into_iter().map(|u| Used { locus: locus.clone(), ..u }).collect())
        })
    }))
}

/// Target namespaces of the plan.
fn planned<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a str> {
    context.facts.plan.namespaces.iter().filter_map(|mapping| mapping.target.as_deref())
}

/// Client and CA files: those of both connections and those the configuration names. Partial when one could not
/// be read or a connection presents a certificate that was not seen.
fn files<'a>(context: &Context<'a>) -> Known<Vec<Used<'a>>> {
    let facts = context.facts;
    let configured =
        facts.certificates.as_ref().and_then(|files| Known::concat(files.iter().map(|f| used(f, "configuration"))));
    let of = |cluster: &Known<&'a ClusterSnapshot>, side: &'static str| {
        cluster.clone().and_then(|cluster| {
            let clients = cluster.certificate_files.iter().any(|f| f.role == CertificateRole::Client);
            let files = Known::concat(cluster.certificate_files.iter().map(|f| used(f, side)));
            if cluster.credential == Credential::Mtls && !clients {
                let why = Why::with_remedy(
                    format!("the client certificate of the {side} connection was not read"),
                    "name it under `certificates:` in preflight.yaml",
                );
                return Known::concat([files, Known::Unknown(why)]);
            }
            files
        })
    };
    // Without a probe of the target nothing is known about its credentials; the source is a bonus.
    let source = match of(&context.source, "source") {
        Known::Unknown(_) if context.source.value().is_none() => Known::Known(vec![]),
        known => known,
    };
    let target = of(&context.target, "target");
    Known::concat([target, configured, source])
}

fn used<'a>(file: &'a CertificateFile, side: &'static str) -> Known<Vec<Used<'a>>> {
    match &file.problem {
        Some(problem) => Known::unknown(format!("{} could not be read: {problem}", file.path)),
        None if file.role == CertificateRole::Server => Known::Known(vec![]),
        None => {
            let locus = Locus::File { path: file.path.clone(), line: 0 };
            Known::Known(vec![Used { file, side, locus }])
        }
    }
}

/// What expiry is measured against.
#[derive(Clone)]
struct Measure<'a> {
    over: Timestamp,
    at: Timestamp,
    end: jiff::civil::Date,
    limits: &'a Limits,
    cloud: bool,
    /// For the command that uploads a new CA.
    target_namespace: String,
}

impl Measure<'_> {
    /// Verdict, whole days after the window (negative before its end), and the relation in words.
    fn judge(&self, not_after: Timestamp) -> (ExpiryVerdict, i64, String) {
        let days = (not_after.as_second() - self.over.as_second()).div_euclid(86_400);
        let allowed = &self.limits.certificate_days;
        let verdict = if days < allowed.blocker {
            ExpiryVerdict::InWindow
        } else if days < allowed.major {
            ExpiryVerdict::SoonAfter
        } else {
            ExpiryVerdict::Fine
        };
        // A reader counts from date to date.
        let expires = day(not_after);
        let apart = expires.since(self.end).map_or(days, |span| i64::from(span.get_days()));
        let amount = words::count(apart.unsigned_abs(), "day");
        let when = if not_after <= self.at {
            format!("expired on {expires}")
        } else if apart < 0 {
            format!("expires on {expires}, {amount} before the window is over ({})", self.end)
        } else if apart == 0 {
            format!("expires on {expires}, the last day of the window")
        } else {
            format!("expires on {expires}, {amount} after the end of the window ({})", self.end)
        };
        (verdict, days, when)
    }
}

fn day(time: Timestamp) -> jiff::civil::Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn date(time: Timestamp) -> String {
    day(time).to_string()
}

/// A file with many more certificates than a namespace takes is a trust store of the operating system.
fn is_trust_store(file: &CertificateFile, limits: &Limits) -> bool {
    file.role == CertificateRole::Authority && file.chain.len() > 4 * limits.ca_certificates
}

fn expiry(measure: &Measure<'_>, files: &[Used<'_>]) -> Vec<ExpiringCertificate> {
    let mut seen: BTreeMap<&str, ExpiringCertificate> = BTreeMap::new();
    for used in files.iter().filter(|u| !is_trust_store(u.file, measure.limits)) {
        for certificate in &used.file.chain {
            let locus = used.locus.clone();
            if let Some(known) = seen.get_mut(certificate.fingerprint.as_str()) {
                if !known.loci.iter().any(|seen| same_file(seen, &used.file.path)) {
                    known.loci.push(locus);
                }
                continue;
            }
            let (verdict, days, when) = measure.judge(certificate.not_after);
            let ours = used.side == "source" || !measure.cloud;
            let value = ExpiringCertificate {
                subject: certificate.subject.clone(),
                file: used.file.path.clone(),
                side: used.side,
                expires: date(certificate.not_after),
                days_after_window: days,
                fingerprint: certificate.fingerprint.clone(),
                target_namespace: measure.target_namespace.clone(),
                on_disk: is_file(used),
                loci: vec![locus],
                verdict,
                when,
                ours,
            };
            seen.insert(&certificate.fingerprint, value);
        }
    }
    seen.into_values().collect()
}

/// What the target connection presents and its namespaces accept, measured from the instant that is judged for: the target
/// has to work on while the source is drained and switched off.
fn ahead(context: &Context<'_>, measure: &Measure<'_>, files: Known<Vec<Used<'_>>>) -> Known<Vec<Ahead>> {
    let judged = |what: String, key: String, expires: String, days_left: i64, loci: Vec<Locus>| {
        let (verdict, when) = match days_left {
            ..0 => (AheadVerdict::Expired, format!("expired on {expires}")),
            days => {
                let short = days < measure.limits.certificate_days.major;
                let verdict = if short { AheadVerdict::Short } else { AheadVerdict::Fine };
                (verdict, format!("expires on {expires}, in {}", words::count(days.unsigned_abs(), "day")))
            }
        };
        Ahead { verdict, what, expires, days_left, when, key, loci }
    };
    let certificates = files.map(|files| {
        let each = expiry(measure, &files).into_iter();
        each.map(|c| {
            judged(format!("certificate {}", c.subject), c.fingerprint, c.expires, c.days_after_window, c.loci)
        })
        .collect()
    });
    let keys = match context.target.value().map(|target| target.credential) {
        Some(Credential::ApiKey) => credentials::api_keys(context, measure).map(|keys| {
            let each = keys.into_iter();
            each.map(|k| judged(format!("API key {}", k.name), k.id, k.expires, k.days_after_window, k.loci)).collect()
        }),
        _ => Known::Known(vec![]),
    };
    Known::concat([certificates, keys])
}

/// Whether `openssl` can read it: not a part of another file, and not at the end of an API.
fn is_file(used: &Used<'_>) -> bool {
    let inside = [": profile ", ": Secret "].iter().any(|part| used.file.path.contains(part));
    matches!(used.locus, Locus::File { .. }) && !inside
}

/// One file may be named by a relative path of the plan and by its full path.
fn same_file(locus: &Locus, path: &str) -> bool {
    let seen = match locus {
        Locus::File { path, .. } | Locus::Source { path, .. } => path.as_str(),
        _ => "",
    };
    let ends =
        |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    ends(seen, path) || ends(path, seen)
}

/// The endpoint of Temporal Cloud is renewed by Temporal; every other one is the team's.
fn endpoints(context: &Context<'_>, measure: &Measure<'_>) -> Known<Vec<EndpointCertificate>> {
    let of = |cluster: Known<&ClusterSnapshot>| {
        cluster.and_then(|cluster| {
            if cluster.kind == ClusterKind::Cloud {
                return Known::Known(vec![]);
            }
            cluster
                .endpoint_chain
                .as_ref()
                .map(|chain| chain.iter().map(|certificate| endpoint(measure, cluster, certificate)).collect())
        })
    };
    Known::concat([of(context.source.clone()), of(context.target.clone())])
}

fn endpoint(measure: &Measure<'_>, cluster: &ClusterSnapshot, certificate: &Certificate) -> EndpointCertificate {
    let (verdict, days, when) = measure.judge(certificate.not_after);
    EndpointCertificate {
        subject: certificate.subject.clone(),
        side: cluster.side,
        address: cluster.address.clone(),
        expires: date(certificate.not_after),
        days_after_window: days,
        fingerprint: certificate.fingerprint.clone(),
        loci: vec![live(cluster, None, format!("certificate {}", certificate.subject), "tls")],
        verdict,
        when,
    }
}
