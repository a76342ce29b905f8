//! The command line: arguments → plan. One file per command; no logic.

use std::process::ExitCode;

/// Parse the arguments, run the command, print the problem if there is one.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
