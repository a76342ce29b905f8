//! Hand-made facts of a healthy migration, for tests to spoil.

#![allow(dead_code)]

use jiff::Timestamp;
use temporal_preflight::facts::certificate::{Certificate, CertificateFile, CertificateRole};
use temporal_preflight::facts::cluster::cloud::{
    CloudAssignment, CloudCapacity, CloudNamespace, CloudNamespaceSettings, CloudOps, CloudServiceAccount,
};
use temporal_preflight::facts::cluster::metrics::{Metrics, NamespaceMetrics, Peak, Reading, Signal};
use temporal_preflight::facts::cluster::*;
use temporal_preflight::facts::code::*;
use temporal_preflight::facts::plan::{IdentityOwner, NamespaceMapping, Plan, Window};
use temporal_preflight::facts::{Facts, Known, Side};

pub const NOW: &str = "2026-11-21T09:00:00Z";

pub fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

pub fn attribute(name: &str, value_type: &str) -> SearchAttribute {
    SearchAttribute { name: name.into(), value_type: value_type.into() }
}

pub fn schedule(id: &str, paused: bool) -> Schedule {
    Schedule {
        id: id.into(),
        spec: ScheduleSpec { calendars: vec!["0 0 2 * * * *".into()], ..Default::default() },
        action: ScheduleAction {
            workflow_type: "NightlySettlement".into(),
            workflow_id: id.into(),
            task_queue: "settlement".into(),
            ..Default::default()
        },
        policies: SchedulePolicies { overlap: "Skip".into(), catchup_seconds: 31_536_000, ..Default::default() },
        paused,
        notes: String::new(),
        remaining_actions: None,
        memo: Default::default(),
        search_attributes: Default::default(),
        next_times: vec![],
        running: vec![],
        last_action: None,
        skipped: Known::Known(MatchingTimes::default()),
        ..Schedule::default()
    }
}

pub fn queue(name: &str, open: u64, polled: bool) -> TaskQueue {
    let poller = Poller { identity: "1@payments-worker-7@".into(), build_id: Some("4f2a".into()), ..Poller::default() };
    let pollers = if polled { vec![poller] } else { vec![] };
    TaskQueue {
        name: name.into(),
        open_executions: Some(open),
        workflow_pollers: pollers.clone(),
        activity_pollers: pollers,
        workflow_backlog: Some(0),
        activity_backlog: Some(0),
        workflow_tasks_an_hour: Some(0),
        activity_tasks_an_hour: Some(0),
        ..TaskQueue::default()
    }
}

pub fn execution(workflow_type: &str, seconds: u64) -> ExecutionSample {
    ExecutionSample {
        workflow_id: format!("{workflow_type}-1"),
        run_id: "6f1c".into(),
        workflow_type: workflow_type.into(),
        task_queue: "payments".into(),
        start_time: time("2026-11-01T00:00:00Z"),
        seconds,
    }
}

/// Executions nobody starts any more, without anything that keeps them.
pub fn executions() -> ExecutionFacts {
    ExecutionFacts {
        statuses: Known::Known([("Running".to_owned(), 4), ("Completed".to_owned(), 900)].into()),
        open_ages: Known::Known(vec![AgeBucket { from_seconds: 0, to_seconds: None, open: 4 }]),
        durations: Known::Known(Some(Durations { p50: 60, p90: 600, p99: 3_600, max: 7_200 })),
        recent: Known::Known(RecentStarts {
            since: time("2026-11-20T09:00:00Z"),
            roots: 0,
            by_schedules: 0,
            types: vec![],
        }),
        cron: Known::Known(vec![]),
        scheduled: Known::Known(ScheduledRuns::default()),
        stuck: Known::Known(Stuck::default()),
        samples: Known::Known(vec![described("PaymentSaga", 40)]),
        beside: Known::Known(BesideWork::default()),
        also_open: Known::Known(AlsoOpen { asked: 4, of: 4, open: vec![] }),
        open_ids: Known::unknown("not asked"),
        rest: Known::Known(at_rest()),
        listed: None,
    }
}

/// Nothing has closed for 50 hours.
pub fn at_rest() -> Rest {
    Rest {
        since: time(NOW) - jiff::SignedDuration::from_hours(48),
        closed: 0,
        last_closed: Some(time(NOW) - jiff::SignedDuration::from_hours(50)),
        batch_jobs: 0,
        activities: None,
        nexus_operations: None,
    }
}

/// The oldest open execution of a type with so many events.
pub fn described(workflow_type: &str, events: u64) -> DescribedExecution {
    DescribedExecution {
        execution: execution(workflow_type, 3_600),
        history_length: events,
        history_bytes: events * 300,
        pending_activities: 1,
        pending_children: 0,
        pending_nexus_operations: 0,
        callbacks: 0,
        workflow_task_attempt: 0,
        activity_attempt: 1,
        memo_bytes: 0,
        search_attributes: [("MerchantId".to_owned(), AttributeShape { bytes: 8, values: None })].into(),
        expires: None,
        chain_started: None,
    }
}

/// A namespace with one type, one queue that is polled, and no schedule.
pub fn namespace(name: &str) -> NamespaceSnapshot {
    NamespaceSnapshot {
        name: name.into(),
        exists: Some(true),
        config: Known::Known(NamespaceConfig {
            id: "n".into(),
            state: "Registered".into(),
            retention_seconds: 30 * 86_400,
            blob_size_limit_error: Some(2_097_152),
            memo_size_limit_error: Some(2_097_152),
            ..Default::default()
        }),
        search_attributes: Known::Known(vec![attribute("MerchantId", "Keyword")]),
        schedules: Known::Known(vec![]),
        workflow_types: Known::Known(vec![WorkflowType {
            name: "PaymentSaga".into(),
            open: 4,
            closed: 900,
            oldest_open: Some(execution("PaymentSaga", 3_600)),
            longest_closed: Some(execution("PaymentSaga", 7_200)),
            paused: Some(0),
            durations: Some(Durations { p50: 60, p90: 600, p99: 3_600, max: 7_200 }),
            continued: Some(0),
            terminated: Some(0),
            overdue: None,
        }]),
        open: Known::Known(0),
        closed: Known::Known(900),
        oldest_open: Known::Known(Some(execution("PaymentSaga", 3_600))),
        longest_closed: Known::Known(Some(execution("PaymentSaga", 7_200))),
        task_queues: Known::Known(vec![queue("payments", 4, true)]),
        executions: executions(),
        deployments: Known::Known(vec![]),
        attribute_use: Known::Known(vec![AttributeUse {
            name: "MerchantId".into(),
            executions: 904,
            sampled: 20,
            ..Default::default()
        }]),
        ..NamespaceSnapshot::default()
    }
}

pub fn cluster(side: Side, namespaces: Vec<NamespaceSnapshot>) -> ClusterSnapshot {
    let cloud = side == Side::Target;
    let (address, flags) = match side {
        Side::Source => ("10.0.1.50:7233", "--profile onprem"),
        Side::Target => ("payments-prod.a1b2c.tmprl.cloud:7233", "--profile cloud"),
    };
    let names: Vec<String> = namespaces.iter().map(|n| n.name.clone()).collect();
    ClusterSnapshot {
        schema: SNAPSHOT_SCHEMA.into(),
        tool_version: "0.1.0".into(),
        side,
        address: address.into(),
        taken_at: time(NOW),
        cli_flags: flags.into(),
        kind: if cloud { ClusterKind::Cloud } else { ClusterKind::SelfHosted },
        connection: vec![LadderStep { step: "tcp".into(), ok: true, detail: "connected".into(), remedy: None, ms: 3 }],
        endpoint_chain: Known::Known(vec![]),
        certificate_files: if cloud { vec![client_certificate("2028-01-01T00:00:00Z")] } else { vec![] },
        credential: if cloud { Credential::Mtls } else { Credential::None },
        api_key_expires: Known::unknown("no API key is presented"),
        api_key_id: None,
        clock_ahead_seconds: Known::Known(0),
        cloud: Known::unknown("the Cloud Ops API was not asked"),
        metrics: metrics(&names.iter().map(String::as_str).collect::<Vec<_>>()),
        system: Known::Known(SystemInfo {
            server_version: "1.32.0".into(),
            capabilities: vec![],
            cluster: (!cloud).then(|| ClusterInfo { id: "c1".into(), ..Default::default() }),
        }),
        namespace_names: if cloud {
            Known::unknown("Temporal Cloud does not list namespaces")
        } else {
            Known::Known(names.clone())
        },
        namespaces,
        probed_from: "laptop-7".into(),
        vantages: vec![],
        earlier: vec![],
        redacted_with: None,
        rpcs: Default::default(),
        elapsed_ms: 80,
    }
}

/// An account in which everything is as it should be.
pub fn account(names: &[String]) -> Known<CloudOps> {
    let Certificate { issuer, .. } = client_certificate("2028-01-01T00:00:00Z").chain.remove(0);
    let authority = Certificate {
        subject: issuer.clone(),
        issuer,
        is_ca: true,
        ..client_certificate("2031-01-01T00:00:00Z").chain.remove(0)
    };
    let accepted = CertificateFile {
        role: CertificateRole::Authority,
        chain: vec![authority],
        ..client_certificate("2031-01-01T00:00:00Z")
    };
    let namespace = |name: &String| CloudNamespace {
        name: name.clone(),
        exists: Some(true),
        settings: Known::Known(CloudNamespaceSettings {
            state: "active".into(),
            active_region: "aws-eu-central-1".into(),
            regions: vec!["aws-eu-central-1".into()],
            retention_days: 30,
            api_keys: true,
            mtls: true,
            delete_protection: true,
            accepted_cas: Some(accepted.clone()),
            ..CloudNamespaceSettings::default()
        }),
        capacity: Known::Known(CloudCapacity::default()),
        export_sinks: Known::Known(vec![]),
        service_accounts: Known::Known(vec![CloudAssignment {
            id: "sa-1".into(),
            name: "workers".into(),
            permission: "write".into(),
        }]),
    };
    Known::Known(CloudOps {
        address: "saas-api.tmprl.cloud:443".into(),
        api_version: "v0.18.0".into(),
        connection: vec![],
        identity: Known::unknown("not asked"),
        namespace_names: Known::Known(names.to_vec()),
        namespaces: names.iter().map(namespace).collect(),
        api_keys: Known::Known(vec![]),
        service_accounts: Known::Known(vec![CloudServiceAccount {
            id: "sa-1".into(),
            name: "workers".into(),
            account_role: None,
            namespaces: vec![],
            state: "active".into(),
        }]),
        connectivity_rules: Known::Known(vec![]),
        nexus_endpoints: Known::Known(vec![]),
    })
}

/// A Prometheus that measures everything of these namespaces, for a week, and nothing near a limit.
pub fn metrics(names: &[&str]) -> Known<Metrics> {
    let signal = |id: &str| Signal {
        id: id.into(),
        title: id.into(),
        unit: "per second".into(),
        readings: ["sdk", "cloud"]
            .map(|family| Reading { family: family.into(), metric: "m".into(), series: 4, value: Some(0.0) })
            .into(),
    };
    let peak = |id: &str| Peak {
        id: id.into(),
        title: id.into(),
        metric: Some("m".into()),
        per_second: Some(12.0),
        hours: 168,
    };
    let namespace = |name: &&str| NamespaceMetrics {
        name: (*name).into(),
        signals: Known::Known(["open-workflows", "starts", "failures"].map(signal).into()),
        peaks: Known::Known(vec![peak("actions"), peak("visibility")]),
    };
    Known::Known(Metrics {
        url: "http://prometheus:9090".into(),
        version: Some("2.53.0".into()),
        namespaces: Known::Known(names.iter().map(namespace).collect()),
    })
}

pub fn client_certificate(not_after: &str) -> CertificateFile {
    let leaf = Certificate {
        subject: "CN=payments-worker".into(),
        issuer: "CN=payments-ca".into(),
        serial: "01".into(),
        not_before: time("2026-01-01T00:00:00Z"),
        not_after: time(not_after),
        version: 3,
        is_ca: false,
        key_algorithm: "ECDSA".into(),
        signature_algorithm: "ecdsa-with-SHA256".into(),
        digital_signature: Some(true),
        names: vec![],
        fingerprint: format!("fp-{not_after}"),
        ..Default::default()
    };
    CertificateFile {
        path: "certs/worker.pem".into(),
        role: CertificateRole::Client,
        chain: vec![leaf],
        size_bytes: 800,
        key_matches: Some(true),
        key_format: Some("pkcs8".into()),
        problem: None,
    }
}

pub fn mapped() -> Plan {
    Plan {
        name: "payments".into(),
        window: Some(Window { start: "2026-12-01".parse().expect("date"), end: "2026-12-28".parse().expect("date") }),
        namespaces: vec![NamespaceMapping {
            source: "payments-prod".into(),
            target: Some("payments-prod.a1b2c".into()),
            line: 5,
            ..Default::default()
        }],
        identities: vec![IdentityOwner {
            identity: "*@payments-worker-*".into(),
            owner: "payments platform".into(),
            line: 20,
        }],
        ..Default::default()
    }
}

pub fn site(kind: Kind, path: &str, line: u32) -> Site {
    Site {
        path: path.into(),
        line,
        column: 9,
        kind,
        api: format!("client.Client.{}", kind.name()),
        language: "go".into(),
        scope: Scope::Main,
        function: Some("Handle".into()),
        workflow_type: Some("PaymentSaga".into()),
        workflow_id: None,
        task_queue_from: None,
        task_queue: Some("payments".into()),
        cron: None,
        message_name: None,
        confidence: Confidence::Proven,
        fingerprint: format!("{}-{path}-{line}", kind.name()),
        client: origin(OriginStatus::Resolved, &[true]),
        standing: Default::default(),
        wrapper: None,
        step_of: None,
        built_on: vec![],
        routing: Default::default(),
        snippet: "c.Do(ctx)".into(),
        address: None,
        namespace: None,
        entries: vec![],
    }
}

/// An origin per flag, inside (`true`) or outside of the factory.
pub fn origin(status: OriginStatus, factories: &[bool]) -> ClientOrigin {
    let origins = factories.iter().map(|factory| match factory {
        true => Origin {
            path: "worker/connection.go".into(),
            line: 20,
            column: 0,
            function: Some("NewTemporalClient".into()),
            factory: true,
            through: vec![],
        },
        false => Origin {
            path: "jobs/nightly.go".into(),
            line: 12,
            column: 0,
            function: Some("main".into()),
            factory: false,
            through: vec![],
        },
    });
    ClientOrigin { status, origins: origins.collect(), ..ClientOrigin::default() }
}

pub fn code(sites: Vec<Site>) -> CodeFacts {
    CodeFacts {
        schema: CODE_SCHEMA.into(),
        tool_version: "0.1.0".into(),
        repository: Repository { root: ".".into(), commit: None },
        sites,
        wrappers: vec![],
        factories: vec![Factory {
            path: "worker/connection.go".into(),
            line: 15,
            function: "NewTemporalClient".into(),
            configured: true,
            found: true,
            sites: 2,
        }],
        workflow_types: vec![WorkflowDefinition {
            name: "PaymentSaga".into(),
            path: "workflows/saga.go".into(),
            line: 8,
            role: "registered".into(),
            task_queue: Some("payments".into()),
            scope: Scope::Main,
        }],
        search_attributes: vec![SearchAttributeUse {
            name: "MerchantId".into(),
            value_type: Some("Keyword".into()),
            role: "set".into(),
            path: "starter/payment.go".into(),
            line: 30,
            scope: Scope::Main,
        }],
        hazards: vec![],
        features: vec![FeatureUse {
            feature: "replay-test".into(),
            what: "replay of histories".into(),
            name: None,
            path: "workflows/saga_test.go".into(),
            line: 12,
            scope: Scope::Test,
        }],
        links: Known::Known(vec![]),
        sdks: vec![],
        ignores: vec![],
        owners: Default::default(),
        coverage: Coverage { files_seen: 12, files_of_known_languages: 9, files_parsed: 7, ..Default::default() },
    }
}

/// A migration in which every rule that facts decide passes or does not apply.
pub fn healthy() -> Facts {
    let routed = Routing { role: RoutingRole::Fallback, fallback_on: Some(FallbackOn::NotFound), ..Default::default() };
    let sites = vec![
        Site { function: Some("NewTemporalClient".into()), ..site(Kind::Connect, "worker/connection.go", 20) },
        Site {
            routing: Routing { flag: Some("payments-on-cloud".into()), ..Default::default() },
            ..site(Kind::Start, "starter/payment.go", 42)
        },
        Site { routing: routed, ..site(Kind::Signal, "webhook/approval.go", 28) },
    ];
    let mut source = namespace("payments-prod");
    source.schedules = Known::Known(vec![schedule("nightly-settlement", true)]);
    source.task_queues = Known::Known(vec![queue("payments", 4, true), queue("settlement", 0, true)]);
    source.executions.also_open = Known::unknown("ids of the other side were not looked for here");
    let mut target = namespace("payments-prod.a1b2c");
    target.schedules = Known::Known(vec![schedule("nightly-settlement", true)]);
    target.task_queues = Known::Known(vec![queue("payments", 0, true), queue("settlement", 0, true)]);
    let settled = ExecutionSample { task_queue: "settlement".into(), ..execution("NightlySettlement", 9_000) };
    target.longest_closed = Known::Known(Some(settled));
    Facts {
        at: time(NOW),
        plan: mapped(),
        code: Known::Known(code(sites)),
        source: Known::Known(cluster(Side::Source, vec![source])),
        target: Known::Known(cluster(Side::Target, vec![target])),
        certificates: Known::Known(vec![]),
        attestations: Known::Known(vec![]),
    }
}

/// Facts with what the scan works out at its end.
pub fn settled(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    if let Known::Known(code) | Known::Partial { value: code, .. } = &mut facts.code {
        code.judge_standings();
    }
    facts
}
