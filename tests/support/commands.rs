//! Whether a command a report prints would run: read by a real shell, and by the parser of the program it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use super::{Skip, ensure_temporal};

/// Program → subcommand → its flags, as `fixtures/commands/programs.yaml` explains.
type Programs = BTreeMap<String, BTreeMap<String, Vec<String>>>;

static PROGRAMS: LazyLock<Programs> = LazyLock::new(|| {
    let text = std::fs::read_to_string("fixtures/commands/programs.yaml").expect("the table of programs");
    serde_saphyr::from_str(&text).expect("a table")
});

/// Reads command lines without running what they name.
pub struct Reader {
    temporal: PathBuf,
    folder: tempfile::TempDir,
    /// On loopback; nobody listens.
    address: String,
}

impl Reader {
    /// With the real `temporal` CLI.
    pub fn new() -> Result<Self, Skip> {
        let temporal = ensure_temporal()?;
        let folder = tempfile::tempdir().expect("a folder");
        let shims = folder.path().join("bin");
        std::fs::create_dir(&shims).expect("a folder");
        let own = ["temporal".to_owned(), "temporal-preflight".to_owned()];
        for program in PROGRAMS.keys().chain(&own) {
            let path = shims.join(program);
            let script = "#!/bin/sh\n{ printf '%s\\0' \"${0##*/}\" \"$@\"; printf '\\n\\0'; } >> \"$CAPTURED\"\n";
            std::fs::write(&path, script).expect("a script");
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        Ok(Self { temporal, folder, address: format!("127.0.0.1:{port}") })
    }

    /// Why it would not run; nothing when it would.
    pub fn refusal(&self, command: &str) -> Option<String> {
        let calls = match self.calls(command) {
            Ok(calls) => calls,
            Err(why) => return Some(why),
        };
        if calls.is_empty() {
            return Some("it calls no program of the table".to_owned());
        }
        calls.iter().find_map(|words| self.refused(words))
    }

    /// What a shell calls.
    fn calls(&self, command: &str) -> Result<Vec<Vec<String>>, String> {
        let captured = self.folder.path().join("captured");
        std::fs::write(&captured, "").expect("a file");
        let path =
            format!("{}:{}", self.folder.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
        // Unset variables and failing commands are mistakes of the command.
        let ran = Command::new("sh")
            .args(["-ec", command])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("CAPTURED", &captured)
            .output()
            .expect("sh");
        if !ran.status.success() {
            return Err(format!("the shell says: {}", String::from_utf8_lossy(&ran.stderr).trim()));
        }
        let text = std::fs::read_to_string(&captured).expect("what was captured");
        let words = |call: &str| call.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>();
        Ok(text.split("\n\0").filter(|call| !call.is_empty()).map(words).collect())
    }

    fn refused(&self, words: &[String]) -> Option<String> {
        let (program, arguments) = words.split_first()?;
        match program.as_str() {
            "temporal" => self.temporal(arguments),
            "temporal-preflight" => own(self.folder.path(), arguments),
            program => by_table(program, arguments),
        }
    }

    /// The real CLI is let off to dial nobody: where it gets that far, it has understood everything.
    fn temporal(&self, arguments: &[String]) -> Option<String> {
        let profiles = arguments.windows(2).filter(|pair| pair[0] == "--profile").map(|pair| &pair[1]);
        let profiles: String = profiles.map(|name| format!("[profile.{name:?}]\naddress = \"x\"\n")).collect();
        let config = self.folder.path().join("temporal.toml");
        std::fs::write(&config, profiles).expect("a file");
        // Files of certificates are a person's: they become empty flags, which the CLI takes for none.
        let mut without_files = arguments.to_vec();
        for at in 1..without_files.len() {
            if matches!(without_files[at - 1].as_str(), "--tls-cert-path" | "--tls-key-path" | "--tls-ca-path") {
                without_files[at].clear();
            }
        }
        let mut command = Command::new(&self.temporal);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TEMPORAL_")) {
            command.env_remove(name);
        }
        let ran = command
            .args(&without_files)
            .args(["--address", &self.address])
            .env("TEMPORAL_CONFIG_FILE", &config)
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path())
            .output()
            .expect("the temporal CLI");
        let said = said(&ran);
        let dialled = said.contains("failed connecting to Temporal server at 127.0.0.1:")
            || said.contains("failed reaching server")
            || said.contains("connection refused");
        (!dialled).then(|| format!("temporal says: {}", said.lines().next().unwrap_or_default()))
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// This tool, in an empty folder: it may find nothing there, but must understand what it was asked.
fn own(folder: &Path, arguments: &[String]) -> Option<String> {
    let mut command = assert_cmd::Command::cargo_bin("temporal-preflight").expect("the binary");
    let ran = command.args(arguments).env("HOME", folder).current_dir(folder).output().expect("a run");
    let said = said(&ran);
    let misread = ["unexpected argument", "unrecognized subcommand", "invalid value", "required arguments"];
    misread.iter().any(|word| said.contains(word)).then_some(said)
}

/// Flags of programs that are not there.
fn by_table(program: &str, arguments: &[String]) -> Option<String> {
    let Some(commands) = PROGRAMS.get(program) else { return Some(format!("{program} is not in the table")) };
    // The longest subcommand that fits: `namespace export s3 create`.
    let fits = |name: &&String| name.split(' ').eq(arguments.iter().take(name.split(' ').count()).map(String::as_str));
    let Some(name) = commands.keys().filter(fits).max_by_key(|name| name.len()) else {
        return Some(format!("{program} has no command `{}`", arguments.join(" ")));
    };
    let flags: Vec<Flag> = commands[name].iter().map(|text| Flag::read(text)).collect();
    let mut given = BTreeSet::new();
    let mut rest = arguments.iter().skip(name.split(' ').count());
    while let Some(word) = rest.next() {
        let Some(written) = word.strip_prefix('-') else {
            return Some(format!("{program} {name}: `{word}` is no flag"));
        };
        let written = written.strip_prefix('-').unwrap_or(written);
        let Some(flag) = flags.iter().find(|flag| flag.names.iter().any(|n| n == written)) else {
            return Some(format!("{program} {name} has no flag `{word}`"));
        };
        given.insert(flag.names[0].clone());
        if flag.switch {
            continue;
        }
        let Some(value) = rest.next() else { return Some(format!("{program} {name}: `{word}` takes a value")) };
        let checked = if flag.pair { value.split_once('=').map(|(_, right)| right) } else { Some(value.as_str()) };
        if !flag.values.is_empty() && !checked.is_some_and(|v| flag.values.iter().any(|known| known == v)) {
            return Some(format!("{program} {name} {word} does not take `{value}`"));
        }
    }
    let missing = flags.iter().find(|flag| flag.required && !given.contains(&flag.names[0]));
    missing.map(|flag| format!("{program} {name} needs --{}", flag.names[0]))
}

struct Flag {
    names: Vec<String>,
    required: bool,
    switch: bool,
    pair: bool,
    values: Vec<String>,
}

impl Flag {
    fn read(text: &str) -> Self {
        let (names, values) = text.split_once('=').unwrap_or((text, ""));
        let bare = names.trim_end_matches(['!', '?']);
        let (pair, values) = match values.strip_prefix("k=") {
            Some(values) => (true, values),
            None => (false, values),
        };
        Self {
            names: bare.split('|').map(str::to_owned).collect(),
            required: names.ends_with('!'),
            switch: names.ends_with('?'),
            pair,
            values: values.split(',').filter(|v| !v.is_empty()).map(str::to_owned).collect(),
        }
    }
}
