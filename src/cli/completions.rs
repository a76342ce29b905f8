//! `completions` and `man`: what a shell and a reader of manuals know of the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use super::output;
use crate::ui::Problem;

/// The name of the binary, in scripts and pages.
const NAME: &str = "temporal-preflight";

/// Print the completions of a shell
///
/// Bash: `temporal-preflight completions bash > ~/.local/share/bash-completion/completions/temporal-preflight`.
/// zsh: a file `_temporal-preflight` in a folder of $fpath. fish: ~/.config/fish/completions/temporal-preflight.fish.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

/// Run it.
pub fn run(args: &Args, mut command: clap::Command) -> super::Done {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut command, NAME, &mut script);
    output::result(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Print the manual page, or write those of all commands
///
/// `temporal-preflight man | man -l -` shows it; `--out ~/.local/share/man/man1` installs all pages.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Run it.
pub fn man(args: &ManArgs, command: clap::Command) -> super::Done {
    let failed = |e: std::io::Error| Problem::tool("the manual pages cannot be written").note(e.to_string());
    match &args.out {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(command, folder).map_err(failed)?;
            output::say(&format!("wrote {}", output::file_uri(folder)));
        }
        None => {
            let mut page = vec![];
            clap_mangen::Man::new(command).render(&mut page).map_err(failed)?;
            output::result(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
