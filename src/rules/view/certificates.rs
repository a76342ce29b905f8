//! Certificates and keys against the end of the dual-run window and the rules of Temporal Cloud.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

mod compliance;
mod credentials;

use super::limits::{self, Limits};
use super::plan::{window, window_over};
use super::{Context, FactPath, FactView, words};
use crate::compare::live;
use crate::facts::certificate::{Certificate, CertificateFile, CertificateRole};
use crate::facts::cluster::{ClusterKind, ClusterSnapshot, Credential};
use crate::facts::{Known, Locus, Why};

pub(super) const PATHS: &[FactPath] = &[
    FactPath::untyped(
        "certificates.expiry",
        "client and CA certificates of both connections and of the configuration, against the end of the window",
    ), /* fields: verdict (in-window | soon-after | fine), subject, file, side, expires, days_after_window, when, fingerprint, target_namespace, ours (not verified by Temporal Cloud), on_disk */
    FactPath::untyped(
        "certificates.endpoints",
        "certificates that endpoints the team runs present, against the end of the window",
    ), /* fields: verdict (in-window | soon-after | fine), subject, side, address, expires, days_after_window, when, fingerprint */
    FactPath::untyped("certificates.compliance", "certificates that break a rule of Temporal Cloud"), /* fields: verdict (broken | unclear), subject, file, problem, fingerprint */
    FactPath::untyped("certificates.keys", "private keys that cannot be used"), /* fields: verdict (broken | unclear), file, problem */
    FactPath::untyped(
        "certificates.api_keys",
        "API keys of the target that workers and starters may use, against the end of the window",
    ), /* fields: verdict (in-window | soon-after | fine), name, id, owner, expires, days_after_window, when, renewed (name of a new one), owner_flags */
    FactPath::untyped(
        "certificates.ahead",
        "client and CA certificates and API keys of the target, against the instant that is judged for",
    ), /* fields: verdict (expired | short | fine), what, expires, days_left, when, key */
    FactPath::untyped(
        "certificates.accepted",
        "target namespaces that do not accept what workers and starters present",
    ), /* fields: verdict (refused | unclear), target_namespace, credential, problem, mend_flags */
];

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
    view.put_untyped("certificates.ahead", today.and_then(|measure| ahead(context, &measure, presented)));
    let expiring = Known::concat([files.clone(), accepted]);
    view.put_untyped("certificates.expiry", measure.clone().zip(expiring).map(|(m, files)| expiry(&m, &files)));
    view.put_untyped("certificates.endpoints", measure.clone().and_then(|m| endpoints(context, &m)));
    let target_files = files.clone().map(of_target);
    view.put_untyped(
        "certificates.compliance",
        limits.zip(target_files.clone()).map(|(limits, files)| compliance::problems(context, limits, &files)),
    );
    view.put_untyped("certificates.keys", files.map(|files| compliance::keys(context, &files)));
    view.put_untyped("certificates.api_keys", measure.and_then(|m| credentials::api_keys(context, &m)));
    view.put_untyped("certificates.accepted", credentials::accepted(context, target_files));
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
    fn judge(&self, not_after: Timestamp) -> (&'static str, i64, String) {
        let days = (not_after.as_second() - self.over.as_second()).div_euclid(86_400);
        let allowed = &self.limits.certificate_days;
        let verdict = if days < allowed.blocker {
            "in-window"
        } else if days < allowed.major {
            "soon-after"
        } else {
            "fine"
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

fn expiry(measure: &Measure<'_>, files: &[Used<'_>]) -> Vec<Value> {
    let mut seen: BTreeMap<&str, Value> = BTreeMap::new();
    for used in files.iter().filter(|u| !is_trust_store(u.file, measure.limits)) {
        for certificate in &used.file.chain {
            let locus = used.locus.clone();
            if let Some(loci) = seen.get_mut(certificate.fingerprint.as_str()).and_then(|v| v.get_mut("loci")) {
                if let (Some(loci), Ok(locus)) = (loci.as_array_mut(), serde_json::to_value(&locus))
                    && !loci.iter().any(|seen| same_file(seen, &used.file.path))
                {
                    loci.push(locus);
                }
                continue;
            }
            let (verdict, days, when) = measure.judge(certificate.not_after);
            let ours = used.side == "source" || !measure.cloud;
            let value = json!({
                "verdict": verdict, "subject": certificate.subject, "file": used.file.path, "side": used.side,
                "expires": date(certificate.not_after), "days_after_window": days, "when": when,
                "fingerprint": certificate.fingerprint, "target_namespace": measure.target_namespace, "ours": ours,
                "on_disk": is_file(used),
                "loci": [locus],
            });
            seen.insert(&certificate.fingerprint, value);
        }
    }
    seen.into_values().collect()
}

/// What the target connection presents and its namespaces accept, measured from the instant that is judged for: the target
/// has to work on while the source is drained and switched off.
fn ahead(context: &Context<'_>, measure: &Measure<'_>, files: Known<Vec<Used<'_>>>) -> Known<Vec<Value>> {
    let certificates = files.map(|files| expiry(measure, &files));
    let keys = match context.target.value().map(|target| target.credential) {
        Some(Credential::ApiKey) => credentials::api_keys(context, measure),
        _ => Known::Known(vec![]),
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let judged = |value: Value| {
        let days = value.get("days_after_window").and_then(Value::as_i64).unwrap_or(0);
        let expires = text(&value, "expires");
        let (verdict, when) = match days {
            ..0 => ("expired", format!("expired on {expires}")),
            days => {
                let verdict = if days < measure.limits.certificate_days.major { "short" } else { "fine" };
                (verdict, format!("expires on {expires}, in {}", words::count(days.unsigned_abs(), "day")))
            }
        };
        let (what, key) = match value.get("subject") {
            Some(_) => (format!("certificate {}", text(&value, "subject")), text(&value, "fingerprint")),
            None => (format!("API key {}", text(&value, "name")), text(&value, "id")),
        };
        json!({"verdict": verdict, "what": what, "expires": expires, "days_left": days, "when": when, "key": key,
               "loci": value.get("loci")})
    };
    Known::concat([certificates, keys]).map(|all| all.into_iter().map(judged).collect())
}

/// Whether `openssl` can read it: not a part of another file, and not at the end of an API.
fn is_file(used: &Used<'_>) -> bool {
    let inside = [": profile ", ": Secret "].iter().any(|part| used.file.path.contains(part));
    matches!(used.locus, Locus::File { .. }) && !inside
}

/// One file may be named by a relative path of the plan and by its full path.
fn same_file(locus: &Value, path: &str) -> bool {
    let seen = locus.get("path").and_then(Value::as_str).unwrap_or_default();
    let ends =
        |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    ends(seen, path) || ends(path, seen)
}

/// The endpoint of Temporal Cloud is renewed by Temporal; every other one is the team's.
fn endpoints(context: &Context<'_>, measure: &Measure<'_>) -> Known<Vec<Value>> {
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

fn endpoint(measure: &Measure<'_>, cluster: &ClusterSnapshot, certificate: &Certificate) -> Value {
    let (verdict, days, when) = measure.judge(certificate.not_after);
    json!({
        "verdict": verdict, "subject": certificate.subject, "side": cluster.side, "address": cluster.address,
        "expires": date(certificate.not_after), "days_after_window": days, "when": when,
        "fingerprint": certificate.fingerprint,
        "loci": [live(cluster, None, format!("certificate {}", certificate.subject), "tls")],
    })
}
