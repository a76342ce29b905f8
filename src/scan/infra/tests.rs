//! What counts and what does not, in files as people write them.

use super::{look, readable};
use crate::facts::code::{Beyond, Scope};

fn seen(path: &str, text: &str) -> Vec<Beyond> {
    let name = path.rsplit('/').next().unwrap();
    readable(name, text.as_bytes()).map(|text| look(path, &text, Scope::Main)).unwrap_or_default()
}

#[track_caller]
fn found(path: &str, text: &str, line: u32, what: &str) {
    let all = seen(path, text);
    assert!(all.iter().any(|b| b.line == line && b.seen == what), "{path}: {text}\n{all:#?}");
}

#[track_caller]
fn nothing(path: &str, text: &str) {
    assert_eq!(seen(path, text), [], "{path}: {text}");
}

#[test]
fn commands_of_shells_with_anything_between() {
    for text in [
        "temporal workflow start --type W --task-queue q\n",
        "temporal --address x:7233 --namespace n workflow start --type W\n",
        "temporal workflow --address x:7233 start --type W\n",
        "temporal \\\n  --address x:7233 \\\n  workflow start --type W\n",
        "kubectl -n temporal exec deploy/temporal-admintools -- temporal workflow start --type W\n",
        "sudo docker exec -it temporal-admin-tools temporal workflow start -t q\n",
        "/usr/local/bin/temporal workflow start --type W\n",
        "\"$TEMPORAL_CLI\" workflow start --type W --task-queue q\n",
        "${TEMPORAL:-temporal} workflow start --type W\n",
        "id=$(temporal workflow start --type W -o json)\n",
        "echo '{}' | temporal workflow start --type W --input-file -\n",
        "fleet workflow start --type W --task-queue q --workflow-id w # temporal\n",
        "temporal workflow start $ARGS\n",
    ] {
        found("run.sh", text, seen("run.sh", text).first().map_or(0, |b| b.line), "temporal workflow start");
    }
    found("run.sh", "tctl --ns n wf run --wt W --tq q\n", 1, "tctl workflow run");
    found("Makefile", "go:\n\t$(TEMPORAL) schedule create --schedule-id s\n", 2, "temporal schedule create");
    found("x", "#!/bin/sh\ntemporal workflow signal -w w --name n\n", 2, "temporal workflow signal");
}

#[test]
fn commands_of_manifests_in_every_form() {
    for (path, text, line) in [
        ("ci.yml", "jobs:\n  a:\n    steps:\n      - run: temporal workflow start --type W\n", 4),
        ("job.yaml", "command: [temporal]\nargs: [workflow, start, --type, W]\n", 2),
        ("job.yaml", "command: [\"temporal\"]\nargs:\n  - workflow\n  - start\n  - --type\n  - W\n", 3),
        ("job.yaml", "args: [\"workflow\", \"start\", \"--type\", \"W\"]\ncommand: [\"temporal\"]\n", 1),
        ("job.yaml", "image: temporalio/temporal:1.5\nargs: [\"workflow\", \"start\", \"--type\", \"W\"]\n", 2),
        ("job.yaml", "args:\n  - >\n    temporal workflow start\n    --type W\n", 3),
        ("job.yaml", "command: [sh, -c, 'temporal workflow start --type W']\n", 1),
        ("package.json", "{\"scripts\": {\"sweep\": \"temporal workflow start --type W\"}}\n", 1),
        ("main.tf", "provisioner \"local-exec\" {\n  command = \"temporal workflow start --type W\"\n}\n", 2),
        ("cron.service", "[Service]\nExecStart=/usr/bin/temporal workflow start --type W\n", 2),
        ("Dockerfile", "CMD [\"temporal\", \"workflow\", \"start\", \"--type\", \"W\"]\n", 1),
        ("bundle.yaml", "juju: tctl args=\"workflow start --workflow_type W\"\n", 1),
    ] {
        let all = seen(path, text);
        let start = |b: &Beyond| b.line == line && b.seen.ends_with("workflow start") && b.starts;
        assert!(all.iter().any(start), "{path}: {text}\n{all:#?}");
    }
}

#[test]
fn processes_of_programs() {
    for (path, text, line) in [
        ("a.py", "import subprocess\nsubprocess.run([\"temporal\", \"workflow\", \"start\", \"--type\", \"W\"])\n", 2),
        (
            "a.py",
            "CLI = [\"temporal\", \"--address\", A]\nrun([*CLI,\n     \"workflow\", \"start\", \"--type\", t])\n",
            3,
        ),
        ("a.py", "os.system(f\"temporal workflow start --type {t}\")\n", 1),
        ("a.ts", "execFileSync('temporal', ['workflow', 'start', '--type', 'W']);\n", 1),
        ("a.ts", "await execa`temporal workflow start --type ${t}`;\n", 1),
        ("a.go", "exec.Command(\"temporal\", \"workflow\", \"start\", \"--type\", t)\n", 1),
        ("a.go", "exec.CommandContext(ctx, temporalPath, \"workflow\", \"start\", \"--task-queue\", q)\n", 1),
        ("a.rs", "Command::new(\"temporal\").args([\"workflow\", \"start\", \"--type\", t])\n", 1),
        ("A.java", "new ProcessBuilder(\"temporal\", \"workflow\", \"start\", \"--type\", t)\n", 1),
        ("a.rb", "system(\"temporal workflow start --type #{t}\")\n", 1),
        ("Jenkinsfile", "node { sh 'temporal workflow start --type W' }\n", 1),
        ("a.ipynb", "{\"source\": [\"!temporal workflow start --type W\\n\"]}\n", 1),
    ] {
        found(path, text, line, "temporal workflow start");
    }
}

#[test]
fn what_only_names_temporal_does_not_count() {
    for (path, text) in [
        ("a.sh", "pip install temporalio\ndocker pull temporalio/auto-setup\n"),
        ("a.sh", "# temporal workflow start --type W\n"),
        ("a.sh", "echo \"run: temporal workflow start --type W\"\n"),
        ("a.sh", "cat <<EOF\nUsage:\n  temporal workflow start --type W\nEOF\n"),
        ("a.sh", "temporal workflow list --query x\ntemporal workflow describe -w w\ntemporal server start-dev\n"),
        ("a.sh", "temporal operator namespace create n\ngh workflow run deploy.yml -f env=temporal\n"),
        ("a.sh", "cadence --do d workflow start --tl q --wt W # temporal\n"),
        ("a.yml", "# temporal workflow start --type W\nimage: temporalio/admin-tools\nenv: {TEMPORAL_ADDRESS: x}\n"),
        ("a.yml", "test: [\"CMD\", \"tctl\", \"--address\", \"x\", \"cluster\", \"health\"]\n"),
        ("a.yml", "description: temporal workflow start --type W\n"),
        ("a.go", "// temporal workflow start --type W\nlog.Print(\"temporal workflow start failed\")\n"),
        ("a.py", "\"\"\"Start it with\n\ntemporal workflow start --type W\n\"\"\"\nimport subprocess\n"),
        ("a.ts", "const url = `${UI}/namespaces/${ns}/workflows/${id}`; // temporal\n"),
        ("a.ts", "k8s('/apis/argoproj.io/v1alpha1/namespaces/x/workflows/y'); // temporal\n"),
        ("a.json", "{\"openapi\": \"3\", \"paths\": {\"/api/v1/namespaces/{n}/workflows/{w}\": {}}}\n"),
        ("a.ts", "get('/api/v1/namespaces/default/pods/x'); get('/api/v1/namespaces/default/workflows?query=x');\n"),
    ] {
        nothing(path, text);
    }
}

#[test]
fn calls_of_the_http_api_and_of_the_service() {
    for (path, text, starts, messages) in [
        ("a.py", "httpx.post(f\"{B}/api/v1/namespaces/shop/workflows/refund-{o}\")\n", true, false),
        ("a.py", "post(f\"{B}/api/v1/namespaces/shop/workflows/r/signal/approve\")\n", false, true),
        ("a.ts", "fetch(base + '/api/v1/namespaces/' + ns + '/workflows/' + id)\n", true, false),
        ("a.sh", "curl -X POST \"$T/api/v1/namespaces/n/workflows/w/signal-with-start/s\"\n", true, true),
        ("a.rs", "format!(\"{base}/namespaces/{ns}/workflows/{id}/signal/{name}\")\n", false, true),
        ("a.go", "url.JoinPath(base, \"api/v1/namespaces\", ns, \"workflows\", id)\n", true, false),
        ("a.http", "POST https://t/api/v1/namespaces/n/schedules/s\n", true, false),
        (
            "a.sh",
            "grpcurl -d @ t:7233 temporal.api.workflowservice.v1.WorkflowService/StartWorkflowExecution\n",
            true,
            false,
        ),
        ("a.yaml", "apiVersion: temporal.example.com/v1alpha1\nkind: TemporalSchedule\n", true, false),
    ] {
        let all = seen(path, text);
        let [one] = all.as_slice() else { panic!("{path}: {text}\n{all:#?}") };
        assert_eq!((one.starts, one.messages), (starts, messages), "{path}: {text}");
    }
}

#[test]
fn sdks_of_other_languages() {
    let uses = |language: &str, name: &str, text: &str| {
        readable(name, text.as_bytes()).is_some_and(|text| super::uses_sdk(language, &text))
    };
    for (language, name, text) in [
        ("java", "A.java", "import io.temporal.client.WorkflowClient;\n"),
        ("csharp", "A.cs", "class S(ITemporalClient c) { }\n"),
        ("ruby", "a.rb", "Temporal.start_workflow(W)\n"),
        ("php", "A.php", "use Keepsuit\\LaravelTemporal\\Facade\\Temporal;\n"),
        ("elixir", "a.ex", "Temporalex.Client.start_workflow(W, [])\n"),
        ("swift", "a.swift", "import Temporal\n"),
        ("clojure", "a.clj", "(:require [temporal.client.core :as c])\n"),
        ("dart", "a.dart", "await temporalBridge.startWorkflow('W');\n"),
        ("notebook", "a.ipynb", "{\"source\": [\"from temporalio.client import Client\\n\"]}\n"),
    ] {
        assert!(uses(language, name, text), "{language}: {text}");
    }
    for (language, name, text) in [
        ("java", "A.java", "import java.time.temporal.ChronoUnit;\nvoid createSchedule() {}\n"),
        ("java", "A.java", "// io.temporal.client\n"),
        ("ruby", "a.rb", "# Temporalio\nputs 1\n"),
        ("c++", "a.cpp", "// temporal start_workflow\nint temporal = 1;\n"),
    ] {
        assert!(!uses(language, name, text), "{language}: {text}");
    }
}
