//! Peaks against limits, and what is measured where.

use temporal_preflight::facts::cluster::Metrics;
use temporal_preflight::facts::cluster::cloud::{CloudNamespace, CloudNamespaceSettings, CloudOps};
use temporal_preflight::facts::cluster::metrics::NamespaceMetrics;

use super::*;

fn measured(cluster: &mut ClusterSnapshot) -> &mut NamespaceMetrics {
    match &mut cluster.metrics {
        Known::Known(Metrics { namespaces: Known::Known(namespaces), .. }) => &mut namespaces[0],
        other => panic!("{other:?}"),
    }
}

/// The healthy migration with this peak, seen for so many hours, and this limit told by the control plane.
fn with(id: &str, rate: Option<f64>, hours: u64, limit: Option<i32>) -> Facts {
    let mut facts = healthy();
    let Known::Known(peaks) = &mut measured(source(&mut facts)).peaks else { panic!("known") };
    let peak = peaks.iter_mut().find(|peak| peak.id == id).expect("the peak");
    (peak.per_second, peak.hours) = (rate, hours);
    if limit.is_some() {
        let unknown = || Known::unknown("not asked");
        target(&mut facts).cloud = Known::Known(CloudOps {
            address: "saas-api.tmprl.cloud:443".into(),
            api_version: "v0.17.0".into(),
            connection: vec![],
            identity: Known::unknown("not asked"),
            namespace_names: Known::unknown("not asked"),
            namespaces: vec![CloudNamespace {
                name: "payments-prod.a1b2c".into(),
                exists: Some(true),
                settings: Known::Known(CloudNamespaceSettings {
                    actions_per_second: limit,
                    ..CloudNamespaceSettings::default()
                }),
                capacity: Known::unknown("not asked"),
                export_sinks: Known::unknown("not asked"),
                service_accounts: Known::unknown("not asked"),
            }],
            api_keys: unknown(),
            service_accounts: Known::unknown("not asked"),
            connectivity_rules: Known::unknown("not asked"),
            nexus_endpoints: Known::unknown("not asked"),
        });
    }
    facts
}

#[test]
fn twice_the_peak_must_fit_into_what_the_target_allows() {
    for (rate, hours, limit, expected) in [
        // 500 actions a second are every namespace's.
        (Some(250.0), 168, None, Outcome::Pass),
        (Some(251.0), 168, None, Outcome::Unknown),
        (Some(251.0), 168, Some(500), Outcome::Fail),
        (Some(900.0), 168, Some(2_000), Outcome::Pass),
        (Some(1_100.0), 168, Some(2_000), Outcome::Fail),
        // An hour of samples can prove too much, and never enough.
        (Some(1_100.0), 1, Some(2_000), Outcome::Fail),
        (Some(1.0), 1, Some(2_000), Outcome::Unknown),
        (None, 0, Some(2_000), Outcome::Unknown),
    ] {
        let facts = with("actions", rate, hours, limit);
        assert_eq!(outcome(&facts, "actions-near-limit"), expected, "{rate:?} {hours} h {limit:?}");
    }
}

#[test]
fn thirty_visibility_calls_are_the_most() {
    assert_eq!(outcome(&with("visibility", Some(30.0), 168, None), "visibility-rate"), Outcome::Pass);
    assert_eq!(outcome(&with("visibility", Some(30.5), 168, None), "visibility-rate"), Outcome::Fail);
    let mut facts = healthy();
    source(&mut facts).metrics = Known::unknown("no Prometheus is configured");
    assert_eq!(outcome(&facts, "visibility-rate"), Outcome::Unknown);
}

#[test]
fn a_signal_without_a_reading_is_named_with_its_side() {
    let mut facts = healthy();
    let Known::Known(signals) = &mut measured(target(&mut facts)).signals else { panic!("known") };
    signals[0].readings.clear();
    assert_eq!(outcome(&facts, "signals-measured"), Outcome::Fail);
    let found = list(&facts, "metrics.unmeasured");
    assert_eq!((found.len(), found[0]["side"].as_str()), (1, Some("target")));
    assert_eq!(found[0]["signals"], "open-workflows");
    // The source has no such metric, and is not asked for it.
    let mut facts = healthy();
    let Known::Known(signals) = &mut measured(source(&mut facts)).signals else { panic!("known") };
    signals[0].readings.clear();
    assert_eq!(outcome(&facts, "signals-measured"), Outcome::Pass);
}
