//! The script of the GitHub Action, end to end: a checked-out repository, GitHub's variables, an API on loopback.

#![cfg(unix)]

use crate::check::git;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use git::Repo;
use serde_json::{Value, json};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/ci/action.sh");

/// A GitHub that knows the comments of one pull request.
struct Api {
    url: String,
    comments: Arc<Mutex<Vec<(u64, String)>>>,
    /// Method and path of every request, and whether the token came along.
    seen: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Api {
    /// `refuses`: answers every request with 403, as to a pull request from a fork.
    fn start(refuses: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Comments of people, more than one page of them.
        let people = (1..=130).map(|id| (id, format!("looks good {id}"))).collect();
        let api = Self { url, comments: Arc::new(Mutex::new(people)), seen: Arc::default() };
        let (comments, seen) = (Arc::clone(&api.comments), Arc::clone(&api.seen));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut reader = BufReader::new(stream.unwrap());
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let (mut length, mut token) = (0, false);
                loop {
                    let mut header = String::new();
                    reader.read_line(&mut header).unwrap();
                    let header = header.trim().to_ascii_lowercase();
                    if header.is_empty() {
                        break;
                    }
                    token |= header == "authorization: bearer s3cret";
                    if let Some(n) = header.strip_prefix("content-length: ") {
                        length = n.parse().unwrap();
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let mut words = line.split(' ');
                let (method, path) = (words.next().unwrap(), words.next().unwrap());
                seen.lock().unwrap().push((format!("{method} {path}"), token));
                let answer = (!refuses).then(|| respond(method, path, &body, &mut comments.lock().unwrap()));
                let (status, text) = match answer {
                    Some(value) => ("200 OK", value.to_string()),
                    None => ("403 Forbidden", "{}".to_owned()),
                };
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
                reader.get_mut().write_all((head + &text).as_bytes()).unwrap();
            }
        });
        api
    }

    /// Bodies of the tool's comments.
    fn ours(&self) -> Vec<String> {
        let comments = self.comments.lock().unwrap();
        comments.iter().filter(|(id, _)| *id > 130).map(|(_, body)| body.clone()).collect()
    }
}

fn respond(method: &str, path: &str, body: &[u8], comments: &mut Vec<(u64, String)>) -> Value {
    let given = || serde_json::from_slice::<Value>(body).unwrap()["body"].as_str().unwrap().to_owned();
    match method {
        "GET" => {
            assert!(path.starts_with("/repos/acme/pay/issues/7/comments?"), "{path}");
            let page: usize = path.rsplit("page=").next().unwrap().parse().unwrap();
            let all = comments.iter().skip((page - 1) * 100).take(100);
            all.map(|(id, body)| json!({"id": id, "body": body})).collect()
        }
        "POST" => {
            assert_eq!(path, "/repos/acme/pay/issues/7/comments");
            let id = comments.len() as u64 + 1000;
            comments.push((id, given()));
            json!({"id": id})
        }
        "PATCH" => {
            let id: u64 = path.strip_prefix("/repos/acme/pay/issues/comments/").unwrap().parse().unwrap();
            comments.iter_mut().find(|(i, _)| *i == id).unwrap().1 = given();
            json!({"id": id})
        }
        other => panic!("{other}"),
    }
}

/// A job on a runner.
struct Job {
    temp: tempfile::TempDir,
    checkout: Repo,
    event: &'static str,
    payload: Value,
}

impl Job {
    fn new(checkout: Repo, event: &'static str, payload: Value) -> Self {
        Self { temp: tempfile::tempdir().unwrap(), checkout, event, payload }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// Run one step.
    fn step(&self, step: &str, with: &[(&str, &str)]) -> Output {
        std::fs::write(self.file("event.json"), self.payload.to_string()).unwrap();
        let mut command = Command::new("bash");
        command.arg(SCRIPT).arg(step).current_dir(self.checkout.path()).env_clear();
        for name in ["PATH", "HOME", "TMPDIR"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("RUNNER_TEMP", self.temp.path())
            .env("GITHUB_ACTIONS", "true")
            .env("CI", "true")
            .env("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR"))
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_REPOSITORY", "acme/pay")
            .env("GITHUB_EVENT_NAME", self.event)
            .env("GITHUB_EVENT_PATH", self.file("event.json"))
            .env("GITHUB_REF", "refs/pull/7/merge")
            .env("GITHUB_OUTPUT", self.file("output"))
            .env("GITHUB_STEP_SUMMARY", self.file("summary.md"))
            .env("INPUT_BINARY", assert_cmd::cargo::cargo_bin("temporal-preflight"))
            .envs(with.iter().copied())
            .output()
            .unwrap()
    }

    /// What the steps have written as outputs.
    fn output(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.file("output")).unwrap_or_default();
        let last = text.lines().rev().find_map(|line| line.strip_prefix(&format!("{name}=")));
        last.unwrap_or_default().to_owned()
    }

    /// The check, and the comment after it.
    fn check_and_comment(&self, api: &Api) -> (Output, Output) {
        let check = self.step("check", &[]);
        let (markdown, verdict) = (self.output("markdown"), self.output("verdict"));
        let with = [
            ("MARKDOWN", markdown.as_str()),
            ("VERDICT", &verdict),
            ("INPUT_TOKEN", "s3cret"),
            ("GITHUB_API_URL", &api.url),
        ];
        let comment = self.step("comment", &with);
        (check, comment)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

const DIALS: &str = r#"import { Client, Connection } from "@temporalio/client";

export async function weekly() {
  const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS });
  const client = new Client({ connection });
  await client.workflow.start("WeeklyWorkflow", { taskQueue: "pay", workflowId: "weekly" });
}
"#;

/// What GitHub keeps of a repository with an open pull request: `main`, the branch, and a merge of both.
fn upstream(adds: bool) -> Repo {
    let repo = Repo::new();
    repo.write("package.json", "{\"dependencies\": {\"@temporalio/client\": \"1.13.0\"}}\n");
    repo.write("src/nightly.ts", &DIALS.replace("weekly", "nightly").replace("Weekly", "Nightly"));
    repo.commit("before");
    repo.branch("change");
    repo.write("README.md", "# Pay\n");
    if adds {
        repo.write("src/weekly.ts", DIALS);
    }
    repo.commit("change");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.write("docs.md", "on main\n");
    repo.commit("main goes on");
    repo.git(&["checkout", "--quiet", "-b", "merge"]);
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "Merge change into main", "change"]);
    repo.git(&["update-ref", "refs/pull/7/merge", "HEAD"]);
    repo.git(&["checkout", "--quiet", "main"]);
    repo
}

/// A checkout of the merge with one commit of history, as actions/checkout makes it.
fn pull_request(upstream: &Repo) -> Job {
    let checkout = Repo::new();
    checkout.git(&["remote", "add", "origin", &format!("file://{}", upstream.path().display())]);
    checkout.git(&["fetch", "--quiet", "--depth=1", "origin", "refs/pull/7/merge:refs/remotes/pull/7/merge"]);
    checkout.git(&["checkout", "--quiet", "--detach", "refs/remotes/pull/7/merge"]);
    let base = upstream.git(&["rev-parse", "main"]).trim().to_owned();
    Job::new(checkout, "pull_request", json!({"pull_request": {"number": 7, "base": {"sha": base}}}))
}

#[test]
fn a_pull_request_that_adds_a_forgotten_starter_fails_with_annotation_summary_reports_and_comment() {
    let upstream = upstream(true);
    let job = pull_request(&upstream);
    let api = Api::start(false);
    let (check, comment) = job.check_and_comment(&api);
    assert_eq!(check.status.code(), Some(0), "the verdict is told by the last step\n{}", said(&check));
    assert_eq!((job.output("exit-code"), job.output("verdict")), ("1".into(), "NO-GO".into()), "{}", said(&check));
    let log = said(&check);
    assert!(log.contains("::error file=src/weekly.ts,line=6,"), "{log}");
    assert!(!log.contains("nightly.ts"), "what stood on main is not annotated\n{log}");
    let summary = std::fs::read_to_string(job.file("summary.md")).unwrap();
    assert!(summary.contains("NO-GO") && summary.contains("src/weekly.ts:6") && summary.contains("**fix"), "{summary}");
    let sarif: Value = serde_json::from_slice(&std::fs::read(job.output("sarif")).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(
        results.iter().any(|r| r["baselineState"] == "new")
            && results.iter().any(|r| r["baselineState"] == "unchanged")
    );
    assert_eq!(comment.status.code(), Some(0), "{}", said(&comment));
    let [ours] = &api.ours()[..] else { panic!("{:?}", api.ours()) };
    assert!(ours.starts_with("<!-- temporal-preflight -->\n## ✗ NO-GO") && ours.contains("src/weekly.ts"), "{ours}");
    assert!(api.seen.lock().unwrap().iter().all(|(_, token)| *token));
    assert!(!said(&comment).contains("s3cret") && !said(&check).contains("s3cret"));
    let verdict = job.step("verdict", &[("EXIT_CODE", "1")]);
    assert_eq!(verdict.status.code(), Some(1));
}

#[test]
fn the_comment_of_a_former_run_is_updated() {
    let repo = upstream(true);
    let api = Api::start(false);
    pull_request(&repo).check_and_comment(&api);
    let fixed = upstream(false);
    let job = pull_request(&fixed);
    let (check, _) = job.check_and_comment(&api);
    assert_eq!(job.output("verdict"), "GO", "{}", said(&check));
    let [ours] = &api.ours()[..] else { panic!("{:?}", api.ours()) };
    assert!(ours.contains("✓ GO") && !ours.contains("weekly"), "{ours}");
    assert!(api.seen.lock().unwrap().iter().any(|(request, _)| request.starts_with("PATCH ")));
}

#[test]
fn a_change_that_is_fine_gets_no_comment() {
    let repo = upstream(false);
    let api = Api::start(false);
    pull_request(&repo).check_and_comment(&api);
    assert!(api.ours().is_empty());
}

#[test]
fn a_pull_request_from_a_fork_is_checked_all_the_same() {
    let repo = upstream(true);
    let job = pull_request(&repo);
    let api = Api::start(true);
    let (_, comment) = job.check_and_comment(&api);
    assert_eq!(comment.status.code(), Some(0), "{}", said(&comment));
    assert!(
        said(&comment).contains("::warning") && said(&comment).contains("pull-requests: write"),
        "{}",
        said(&comment)
    );
    assert_eq!(job.output("exit-code"), "1");
}

#[test]
fn a_push_is_compared_with_what_was_there_before_it() {
    let repo = upstream(true);
    let before = repo.git(&["rev-parse", "change~1"]).trim().to_owned();
    let clone = repo.shallow_clone("change");
    let job = Job::new(clone, "push", json!({"before": before}));
    let check = job.step("check", &[]);
    assert_eq!(job.output("exit-code"), "1", "{}", said(&check));
    assert!(!said(&check).contains("nightly.ts"), "{}", said(&check));
    // A new branch has nothing before it: the whole tree is judged. So it is on request.
    let job = Job::new(repo.shallow_clone("main"), "push", json!({"before": "0".repeat(40)}));
    let check = job.step("check", &[]);
    assert!(said(&check).contains("::error file=src/nightly.ts"), "{}", said(&check));
    let check =
        job.step("check", &[("INPUT_BASELINE_REF", "none"), ("INPUT_ROOTS", "src"), ("INPUT_ARGS", "--no-ignores")]);
    assert!(said(&check).contains("::error file=src/nightly.ts"), "{}", said(&check));
}

#[test]
fn the_last_step_answers_with_the_exit_code() {
    let repo = upstream(false);
    let job = Job::new(repo, "workflow_dispatch", json!({}));
    for (code, undecided, expected) in
        [("0", "fail", 0), ("1", "pass", 1), ("2", "pass", 2), ("3", "fail", 3), ("3", "pass", 0), ("4", "pass", 4)]
    {
        let output = job.step("verdict", &[("EXIT_CODE", code), ("INPUT_UNDECIDED", undecided)]);
        assert_eq!(output.status.code(), Some(expected), "{code} {undecided}");
    }
    assert_eq!(job.step("elsewhere", &[]).status.code(), Some(2));
    let output = job.step("check", &[("INPUT_ARGS", "--no-such-flag")]);
    assert_eq!(job.output("exit-code"), "2", "{}", said(&output));
    assert_eq!(job.output("sarif"), "", "nothing is uploaded of a run that did not happen");
    job.step("key", &[]);
    assert_eq!(job.output("key").len(), 40);
}

/// Variables the script reads from `env:` of the action, and inputs the action declares.
#[test]
fn every_input_of_the_action_is_used_and_every_step_is_one_of_the_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let action = std::fs::read_to_string(root.join("action.yml")).unwrap();
    let script = std::fs::read_to_string(SCRIPT).unwrap();
    let inputs = action.split("\ninputs:\n").nth(1).unwrap().split("\noutputs:\n").next().unwrap();
    let names: Vec<&str> = inputs.lines().filter(|l| l.starts_with("  ") && !l.starts_with("   ")).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names.iter().map(|n| n.trim().trim_end_matches(':')) {
        assert!(action.contains(&format!("inputs.{name}")), "the input {name} does nothing");
    }
    for line in action.lines().filter(|l| l.trim_start().starts_with("INPUT_")) {
        let name = line.trim().split(':').next().unwrap();
        assert!(script.contains(name), "{name} is not read");
    }
    for step in action.lines().filter_map(|l| l.split("action.sh\" ").nth(1)) {
        assert!(script.contains(&format!("\n{step}() {{")), "{step}");
    }
    // An input inside a script would be run by the shell.
    for line in action.lines().filter(|l| l.trim_start().starts_with("run:")) {
        assert!(!line.contains("${{"), "{line}");
    }
}
