//! A real Prometheus that scrapes a real dev server, and a page with the names of the SDKs.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use temporal_preflight::config::PrometheusSettings;
use temporal_preflight::devserver::DevServer;
use temporal_preflight::facts::cluster::ClusterSnapshot;
use temporal_preflight::facts::cluster::metrics::{Metrics, NamespaceMetrics, Signal};
use temporal_preflight::facts::{Known, Side};
use temporal_preflight::probe::{self, ProbeOptions};

use super::fake::Fake;
use super::support::prometheus::{Page, Prometheus, ensure_prometheus};
use super::support::{self, workers::Pollers};
use super::{at, options, run};

const NAMESPACE: &str = "payments-prod";

/// What workers of two SDK families would expose; no worker of ours is behind it.
const SDK_PAGE: &str = "\
# TYPE temporal_workflow_failed_total counter
temporal_workflow_failed_total{namespace=\"payments-prod\",workflow_type=\"Order\"} {n}
# TYPE temporal_workflow_failed counter
temporal_workflow_failed{namespace=\"payments-prod\",workflow_type=\"Refund\"} {n}
temporal_workflow_failed{namespace=\"other\",workflow_type=\"Refund\"} {n}
# TYPE temporal_num_pollers gauge
temporal_num_pollers{namespace=\"payments-prod\",poller_type=\"workflow_task\"} 5
temporal_num_pollers{namespace=\"payments-prod\",poller_type=\"activity_task\"} 3
# TYPE temporal_activity_schedule_to_start_latency histogram
temporal_activity_schedule_to_start_latency_bucket{namespace=\"payments-prod\",le=\"100\"} {n}
temporal_activity_schedule_to_start_latency_bucket{namespace=\"payments-prod\",le=\"+Inf\"} {n}
temporal_activity_schedule_to_start_latency_sum{namespace=\"payments-prod\"} {n}
temporal_activity_schedule_to_start_latency_count{namespace=\"payments-prod\"} {n}
";

fn asking(url: &str, names: &[&str]) -> ProbeOptions {
    let settings = PrometheusSettings { prometheus: url.into(), ..Default::default() };
    let prometheus = probe::settings::prometheus::resolve(Side::Source, &settings, &|_| None).expect("usable settings");
    ProbeOptions { metrics: Known::Known(prometheus), ..options(names) }
}

fn told(snapshot: &ClusterSnapshot) -> &Metrics {
    snapshot.metrics.value().expect("a Prometheus was asked")
}

fn of<'a>(metrics: &'a Metrics, name: &str) -> &'a NamespaceMetrics {
    metrics.namespaces.value().and_then(|all| all.iter().find(|n| n.name == name)).expect("the namespace")
}

fn signal<'a>(namespace: &'a NamespaceMetrics, id: &str) -> &'a Signal {
    namespace.signals.value().and_then(|all| all.iter().find(|s| s.id == id)).expect("the signal")
}

#[test]
fn the_signals_and_peaks_of_a_real_server_are_read() {
    let Ok(cli) = support::ensure_temporal() else { return };
    let Ok(binary) = ensure_prometheus() else { return };
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let server =
        DevServer::start_with(&cli, &[NAMESPACE], &["--metrics-port", &port.to_string()]).expect("a dev server");
    let page = Page::start(SDK_PAGE);
    let prometheus = Prometheus::start(&binary, &[format!("127.0.0.1:{port}"), page.address.to_string()]);
    let _pollers = Pollers::start(server.address(), NAMESPACE, &["orders"]);
    prometheus.wait_for("sum(up)%3D%3D2");
    // Work over some seconds, so that there are rates.
    for n in 0..6 {
        let id = format!("order-{n}");
        let start = ["workflow", "start", "--type", "Order", "--task-queue", "orders", "--workflow-id", &id];
        server.cli(&[&start[..], &["--namespace", NAMESPACE]].concat()).expect("a start");
        server.cli(&["workflow", "list", "--namespace", NAMESPACE]).expect("a list");
        std::thread::sleep(Duration::from_millis(700));
    }
    for metric in ["action", "temporal_workflow_failed", "service_requests"] {
        prometheus.wait_for(&format!("sum(rate({metric}%7Bnamespace%3D~%22payments.prod%22%7D%5B5m%5D))%3E0"));
    }

    let begin = Instant::now();
    let snapshot = run(at(server.address()), &asking(&prometheus.url, &[NAMESPACE]));
    let metrics = told(&snapshot);
    assert!(metrics.is_whole(), "{metrics:#?}");
    assert!(metrics.version.as_deref().is_some_and(|v| v.starts_with('2') || v.starts_with('3')), "{metrics:#?}");
    let namespace = of(metrics, NAMESPACE);
    let families = |id: &str| -> Vec<&str> {
        signal(namespace, id).readings.iter().map(|reading| reading.family.as_str()).collect()
    };
    assert_eq!(families("starts"), ["server"], "a server writes payments_prod");
    assert_eq!(families("failures"), ["sdk", "core"]);
    assert_eq!(families("schedule-to-start"), ["core"]);
    assert_eq!(families("pollers"), ["sdk"]);
    assert_eq!(families("open-workflows"), [""; 0], "no self-hosted server counts them");
    let pollers = &signal(namespace, "pollers").readings[0];
    assert_eq!((pollers.series, pollers.value), (2, Some(8.0)));
    let latency = signal(namespace, "schedule-to-start").readings[0].value.expect("a percentile");
    assert!(latency > 0.0 && latency <= 0.1, "milliseconds became seconds: {latency}");
    assert!(signal(namespace, "failures").readings.iter().all(|r| r.value.is_some_and(|v| v > 0.0)));
    let peaks = namespace.peaks.value().expect("peaks");
    let peak = |id: &str| peaks.iter().find(|p| p.id == id).expect("the peak");
    assert_eq!(peak("actions").metric.as_deref(), Some("action"));
    assert!(peak("actions").per_second.is_some_and(|rate| rate > 0.0), "{peaks:#?}");
    assert!(peak("visibility").per_second.is_some_and(|rate| rate > 0.0), "{peaks:#?}");
    assert!(begin.elapsed() < Duration::from_secs(30));
    let text = temporal_preflight::render::snapshot_text(&snapshot, &Default::default());
    for said in ["Metrics http://127.0.0.1", "failed workflows", "nothing measures it", "actions, peak"] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    // A namespace nobody measures has no readings; that is not the same as zero.
    let quiet = run(at(server.address()), &asking(&prometheus.url, &["default"]));
    assert!(signal(of(told(&quiet), "default"), "failures").readings.is_empty());
    // The whole snapshot survives its file.
    let json = serde_json::to_string(&snapshot).expect("JSON");
    assert_eq!(serde_json::from_str::<ClusterSnapshot>(&json).expect("a snapshot"), snapshot);
}

#[test]
fn what_is_no_prometheus_is_said_and_the_cluster_is_probed_all_the_same() {
    let cluster = Fake::start(|method, _| super::partial::empty(method));
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let page = Page::start("# a page, but not an API\n");
    for (url, said) in [
        (format!("http://{free}"), "cannot be reached"),
        (format!("http://{}", page.address), "is no Prometheus"),
        (format!("https://{}", page.address), "TLS failed"),
        ("http://no-such-host.invalid:9090".to_owned(), "cannot be reached"),
    ] {
        let snapshot = run(at(&cluster.address.to_string()), &asking(&url, &[NAMESPACE]));
        let why = told(&snapshot).namespaces.why().unwrap_or_else(|| panic!("{url}"));
        assert!(why.reason.contains(said) && why.remedy.is_some(), "{url}: {why:?}");
        assert!(!snapshot.is_whole() && snapshot.connection.iter().all(|step| step.ok));
    }
}
