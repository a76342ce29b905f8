//! Command lines of the CLI: a group and a verb, as one command with the name of the program, as a list of words, or
//! with options only this CLI has.

use super::Seen;
use super::forms::Form;
use super::words::{self, Word};
use crate::facts::code::BeyondBy;

/// What a verb does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Starts,
    Messages,
    Both,
}

/// Group, verb, what it does. Verbs that only read are not here.
const VERBS: [(&str, &str, Does); 31] = [
    ("workflow", "start", Does::Starts),
    ("workflow", "execute", Does::Starts),
    ("workflow", "run", Does::Starts),
    ("workflow", "signal-with-start", Does::Both),
    ("workflow", "signalwithstart", Does::Both),
    ("workflow", "start-update-with-start", Does::Both),
    ("workflow", "execute-update-with-start", Does::Both),
    ("workflow", "update-with-start", Does::Both),
    ("workflow", "signal", Does::Messages),
    ("workflow", "update", Does::Messages),
    ("workflow", "query", Does::Messages),
    ("workflow", "cancel", Does::Messages),
    ("workflow", "terminate", Does::Messages),
    ("workflow", "term", Does::Messages),
    ("workflow", "delete", Does::Messages),
    ("workflow", "reset", Does::Messages),
    ("workflow", "reset-batch", Does::Messages),
    ("workflow", "pause", Does::Messages),
    ("workflow", "unpause", Does::Messages),
    ("schedule", "create", Does::Starts),
    ("schedule", "update", Does::Starts),
    ("schedule", "trigger", Does::Starts),
    ("schedule", "backfill", Does::Starts),
    ("schedule", "toggle", Does::Starts),
    ("schedule", "delete", Does::Messages),
    ("activity", "start", Does::Starts),
    ("activity", "execute", Does::Starts),
    ("activity", "complete", Does::Messages),
    ("activity", "fail", Does::Messages),
    ("operation", "start", Does::Starts),
    ("operation", "execute", Does::Starts),
];

/// Options of the CLI that few other programs have.
const OPTIONS: [&str; 14] = [
    "--task-queue",
    "--taskqueue",
    "--tq",
    "--workflow-id",
    "--workflow_id",
    "--workflow-type",
    "--workflow_type",
    "--wid",
    "--wt",
    "--schedule-id",
    "--signal-name",
    "--overlap-policy",
    "--id-reuse-policy",
    "--id-conflict-policy",
];

/// Programs of others with a group of this name.
const OTHERS: [&str; 12] =
    ["gh", "hub", "cadence", "argo", "conductor", "glab", "az", "gcloud", "aws", "prefect", "dagster", "flyte"];

/// Words a program starts processes with, or hands a text to a shell.
const SPAWNS: [&str; 40] = [
    "subprocess",
    "os.system",
    "popen",
    "check_output",
    "check_call",
    "execsync",
    "execfile",
    "child_process",
    "spawn",
    "execa",
    "exec.command",
    "command::new",
    "processbuilder",
    "getruntime",
    "process.start",
    "processstartinfo",
    "shell_exec",
    "proc_open",
    "passthru",
    "open3",
    "system(",
    "zx",
    "bun.$",
    "deno.command",
    "invoke",
    "fabric",
    "paramiko",
    "exec_run",
    "exec_command",
    "bashoperator",
    "sshoperator",
    "kubernetespodoperator",
    "local.command",
    "sh(",
    "sh '",
    "sh \"",
    "sh\"",
    "exec(",
    "shell(",
    "kubectl",
];

/// What prints its words instead of running them.
const PRINTS: [&str; 22] = [
    "echo",
    "printf",
    "print",
    "say",
    "log",
    "info",
    "warn",
    "error",
    "die",
    "fail",
    "usage",
    "note",
    "hint",
    "Write-Host",
    "Write-Output",
    "console.log",
    "description:",
    "description",
    "summary",
    "help",
    "title",
    "#",
];

/// How many words after a command are looked at.
const AHEAD: usize = 40;

/// How many lines apart the words of a manifest may stand.
const LINES: u32 = 30;

/// All commands in a text.
pub(super) fn find(text: &str, form: Form) -> Vec<Seen> {
    let words = words::split(text);
    let mut found = vec![];
    let spawns = form != Form::Code || {
        let lower = text.to_ascii_lowercase();
        SPAWNS.iter().any(|word| lower.contains(word))
    };
    let names_program = words.iter().any(|w| is_program(w, form) || is_image(w));
    let printed = printed_lines(text, form);
    for (at, word) in words.iter().enumerate() {
        let group = match word.text {
            "workflow" | "wf" => "workflow",
            "schedule" | "activity" | "operation" => word.text,
            _ => continue,
        };
        let Some((verb_at, does)) = verb(&words, at, group, form) else { continue };
        if printed.contains(&word.line) {
            continue;
        }
        let candidate = Candidate { words: &words, at, verb: verb_at, form };
        if candidate.holds(spawns, names_program) {
            let verb = words.get(verb_at).map_or("", |w| w.text);
            let program =
                candidate.program().map_or("temporal", |w| if w.text.contains("tctl") { "tctl" } else { "temporal" });
            found.push(Seen {
                line: word.line,
                by: BeyondBy::Command,
                seen: format!("{program} {group} {verb}"),
                starts: does != Does::Messages,
                messages: does != Does::Starts,
            });
        }
    }
    found
}

/// The verb of a group: the first word after it that is no option and no value of one.
fn verb(words: &[Word<'_>], group_at: usize, group: &str, form: Form) -> Option<(usize, Does)> {
    let mut value = false;
    for at in group_at + 1..group_at + 13 {
        let (before, word) = (words.get(at - 1)?, words.get(at)?);
        if !joined(before, word, form) {
            return None;
        }
        if let Some((.., does)) = VERBS.iter().find(|(g, verb, _)| *g == group && *verb == word.text) {
            return Some((at, *does));
        }
        match (word.text.starts_with('-'), value) {
            (true, _) => value = true,
            (false, true) => value = false,
            (false, false) => return None,
        }
    }
    None
}

/// Whether a word goes on with the command of the word before it.
fn joined(before: &Word<'_>, word: &Word<'_>, form: Form) -> bool {
    if word.after_break {
        return false;
    }
    if before.line == word.line || word.continued {
        return true;
    }
    let gap = word.line.saturating_sub(before.line);
    match form {
        Form::Script => false,
        // An option at the beginning of a line goes on with a text that is folded.
        Form::Data => {
            let goes_on = word.open_before || word.indent > before.indent || word.text.starts_with("--");
            gap <= 3 && (word.element || word.opens_quote || goes_on)
        }
        Form::Code => gap <= 3,
    }
}

/// Whether a word is the program, or what a variable with its name holds.
fn is_program(word: &Word<'_>, form: Form) -> bool {
    let base = word.text.rsplit(['/', '\\']).next().unwrap_or(word.text);
    let base = base.strip_suffix(".exe").unwrap_or(base).trim_start_matches(['@', '-', '!', '$']);
    if matches!(base, "temporal" | "tctl" | "tctl-v2") {
        return true;
    }
    let lower = base.to_ascii_lowercase();
    let named = lower.contains("tctl") || lower.contains("temporal");
    let variable =
        word.expanded || word.text.starts_with(['$', '%']) || form == Form::Code && word.element && !word.opens_quote;
    named && variable && !lower.contains("address") && !lower.contains("namespace")
}

/// Whether a word is an image whose program this is.
fn is_image(word: &Word<'_>) -> bool {
    word.text.contains("temporalio/") && !word.text.starts_with('@')
        || word.text.contains("admin-tools")
        || word.text.contains("admintools")
}

/// A group with its verb.
struct Candidate<'w, 't> {
    words: &'w [Word<'t>],
    at: usize,
    verb: usize,
    form: Form,
}

impl<'w, 't> Candidate<'w, 't> {
    /// Whether it is a command that is run, and of this CLI.
    fn holds(&self, spawns: bool, names_program: bool) -> bool {
        let Some(group) = self.words.get(self.at) else { return false };
        let listed = group.element && self.words.get(self.verb).is_some_and(|verb| verb.element);
        let program = self.program();
        let options = self.options();
        if self.of_another_program() {
            return false;
        }
        // A list of words is no sentence: the program stands before it, or near it in a manifest.
        if listed {
            return program.is_some() || names_program && (options > 0 || self.near_program());
        }
        let given = self.given() || options > 0;
        match program {
            Some(program) => given && spawns || self.form == Form::Script && self.begins_line(program),
            None => options > 0 && spawns && (names_program || options > 1),
        }
    }

    /// The program before the group in the same command.
    fn program(&self) -> Option<&'w Word<'t>> {
        let mut at = self.at;
        for _ in 0..AHEAD {
            let word = self.words.get(at)?;
            let before = self.words.get(at.checked_sub(1)?)?;
            if !joined(before, word, self.form) {
                return None;
            }
            if is_program(before, self.form) || is_image(before) {
                return Some(before);
            }
            at -= 1;
        }
        None
    }

    /// A program of others right before the group, options apart.
    fn of_another_program(&self) -> bool {
        let mut at = self.at;
        while let Some(before) = at.checked_sub(1).and_then(|i| self.words.get(i)) {
            if !self.words.get(at).is_some_and(|word| joined(before, word, self.form)) || is_program(before, self.form)
            {
                return false;
            }
            let base = before.text.rsplit('/').next().unwrap_or(before.text);
            if OTHERS.contains(&base) {
                return true;
            }
            if self.at - at > 8 {
                return false;
            }
            at -= 1;
        }
        false
    }

    /// The rest of the command.
    fn rest(&self) -> impl Iterator<Item = &'w Word<'t>> {
        let form = self.form;
        let words = self.words.get(self.verb..).unwrap_or_default();
        words.windows(2).take(AHEAD).take_while(move |pair| joined(&pair[0], &pair[1], form)).map(|pair| &pair[1])
    }

    /// How many options of this CLI it has.
    fn options(&self) -> usize {
        self.rest().filter(|word| OPTIONS.contains(&word.text)).count()
    }

    /// Whether it is given anything: an option, or what a variable holds.
    fn given(&self) -> bool {
        self.rest().any(|word| {
            word.text.starts_with("--")
                || word.text.len() == 2 && word.text.starts_with('-')
                || word.expanded
                || word.text.starts_with(['$', '%'])
        })
    }

    /// Whether the program is the first word of its line or command.
    fn begins_line(&self, program: &Word<'_>) -> bool {
        let at = self.words.iter().position(|w| w.at == program.at).unwrap_or_default();
        let before = at.checked_sub(1).and_then(|i| self.words.get(i));
        program.after_break || before.is_none_or(|before| before.line != program.line)
    }

    /// In a manifest: the program, or an image that runs it, stands in the lines around.
    fn near_program(&self) -> bool {
        let Some(group) = self.words.get(self.at) else { return false };
        self.words.iter().any(|word| {
            word.line.abs_diff(group.line) <= LINES && (is_program(word, self.form) && word.element || is_image(word))
        })
    }
}

/// Lines that are printed: what stands behind `echo`, and what `cat` shows.
fn printed_lines(text: &str, form: Form) -> std::collections::BTreeSet<u32> {
    let mut printed = std::collections::BTreeSet::new();
    let mut until: Option<String> = None;
    for (at, line) in (1_u32..).zip(text.lines()) {
        if let Some(end) = &until {
            if line.trim() == end {
                until = None;
            } else {
                printed.insert(at);
            }
            continue;
        }
        let start = line.trim_start().trim_start_matches(['@', '-', '"']).trim_start();
        let first =
            start.split(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '\'')).next().unwrap_or_default();
        let first = first.trim_end_matches(':');
        let runs = [" | ", "&&", ";"].iter().any(|more| line.contains(more));
        if PRINTS.contains(&first) && !runs {
            printed.insert(at);
        }
        if form == Form::Script && first == "cat" && !line.contains('>') {
            until = line.split_once("<<").map(|(_, end)| end.trim_matches(|c: char| "-'\"\\ ".contains(c)).to_owned());
        }
    }
    printed
}
