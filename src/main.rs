//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    temporal_preflight::cli::main()
}
