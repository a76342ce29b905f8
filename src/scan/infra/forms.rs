//! What files of a name are like: where their comments are, and how a command stands in them.

use super::comments::Style;

/// How a command stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Lines are commands.
    Script,
    /// Values hold commands: manifests of deployments, workflows of CI, settings.
    Data,
    /// A program: it starts processes with lists of words, or with one text.
    Code,
}

/// The ending of a name in small letters; of `values.yaml.gotmpl`, `yaml`.
fn ending(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let mut rest = lower.as_str();
    for template in [".tmpl", ".tpl", ".gotmpl", ".j2", ".jinja", ".jinja2", ".erb", ".template", ".in", ".example"] {
        rest = rest.strip_suffix(template).unwrap_or(rest);
    }
    rest.rsplit_once('.').map_or("", |(_, ending)| ending).to_owned()
}

/// How a command stands in a file of this name.
pub fn form_of(name: &str) -> Form {
    let stem = name.split('.').next().unwrap_or(name);
    if matches!(
        stem,
        "Makefile" | "makefile" | "GNUmakefile" | "justfile" | "Justfile" | "Dockerfile" | "Containerfile"
    ) {
        return Form::Script;
    }
    match ending(name).as_str() {
        "" | "sh" | "bash" | "zsh" | "ksh" | "fish" | "mk" | "mak" | "just" | "dockerfile" | "containerfile"
        | "ps1" | "psm1" | "cmd" | "bat" | "awk" | "cron" | "crontab" => {
            // A name without an ending may be a script, or one of CI in a language of its own.
            if matches!(stem, "Jenkinsfile" | "Rakefile" | "Vagrantfile" | "Fastfile" | "Gemfile") {
                Form::Code
            } else {
                Form::Script
            }
        }
        "yaml" | "yml" | "json" | "jsonc" | "json5" | "toml" | "tf" | "tfvars" | "hcl" | "nomad" | "xml" | "ini"
        | "cfg" | "conf" | "service" | "timer" | "env" | "properties" | "nix" | "plist" | "txt" | "http" | "rest"
        | "bru" | "cue" | "dhall" | "jsonnet" | "libsonnet" | "pkl" | "ipynb" | "bicep" | "html" | "sql" => Form::Data,
        _ => Form::Code,
    }
}

/// How comments are written in a file of this name.
pub fn comments_of(name: &str) -> Style {
    let stem = name.split('.').next().unwrap_or(name);
    if matches!(stem, "Jenkinsfile") {
        return Style::Slashes;
    }
    match ending(name).as_str() {
        "go" | "ts" | "tsx" | "mts" | "cts" | "js" | "jsx" | "mjs" | "cjs" | "vue" | "svelte" | "astro" | "java"
        | "kt" | "kts" | "scala" | "sc" | "groovy" | "gradle" | "cs" | "fs" | "fsx" | "swift" | "rs" | "c" | "h"
        | "cc" | "cpp" | "cxx" | "hpp" | "m" | "mm" | "dart" | "proto" | "zig" | "jsonc" | "json5" | "jsonnet"
        | "libsonnet" | "cue" | "bicep" | "razor" => Style::Slashes,
        "php" | "tf" | "tfvars" | "hcl" | "nomad" => Style::Both,
        "json" | "ipynb" | "txt" | "html" | "xml" | "plist" => Style::None,
        "sql" | "lua" | "hs" => Style::Dashes,
        "clj" | "cljs" | "cljc" => Style::Semicolons,
        "erl" | "hrl" => Style::Percent,
        "bat" | "cmd" => Style::Rem,
        _ => Style::Hash,
    }
}
