//! A command as a whole process: wall time, CPU time, the highest resident memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run cost.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From start to end.
    pub wall: Duration,
    /// Of all threads; none where the system does not tell.
    pub cpu: Option<Duration>,
    /// KiB; none where the system does not tell.
    pub peak: Option<u64>,
    /// Exit code; none after a signal.
    pub exit: Option<i32>,
}

/// Run a command to its end; what it prints goes where `command` says, complaints nowhere.
pub fn run(command: &mut Command) -> Cost {
    let before = children();
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("the command starts");
    let mut peak = None;
    let status = loop {
        peak = resident(child.id()).max(peak);
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    Cost {
        wall: began.elapsed(),
        cpu: children().zip(before).map(|(after, before)| after.saturating_sub(before)),
        peak,
        exit: status.code(),
    }
}

/// Highest resident memory of a process so far; only Linux tells it.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// CPU time of the children that have ended; only Linux tells it (proc(5), a hundred ticks a second).
fn children() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().skip(13).take(2).filter_map(|n| n.parse().ok()).collect();
    Some(Duration::from_millis(fields.iter().sum::<u64>() * 10))
}
