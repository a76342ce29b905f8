//! Work that Ctrl-C ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::ui::Problem;

/// The exit code shells give a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Run to the end, or to Ctrl-C: nothing was written yet, and nothing will be.
pub fn until_interrupted<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    runtime()?.block_on(async {
        tokio::select! {
            done = work => done,
            () = interrupted() => Err(Problem { code: INTERRUPTED, ..Problem::tool("interrupted") }
                .note("nothing was written, and nothing was changed on a cluster")),
        }
    })
}

/// Ctrl-C, or the request to end that a CI runner sends.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Do work that takes its time on a thread of its own, to the end or to Ctrl-C; it is asked to stop then, and given a
/// moment to do so.
pub fn interruptible<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let (done, finished) = tokio::sync::oneshot::channel();
    let worker = std::thread::spawn(move || {
        // Nobody listens any more after an interruption.
        let _ = done.send(work(&asked));
    });
    let result = until_interrupted(async {
        finished
            .await
            .map_err(|_| Problem::tool("the work broke down").help("report the tree, and what was asked of it"))?
    });
    stop.store(true, Ordering::Relaxed);
    for _ in 0..20 {
        if worker.is_finished() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    result
}

/// A runtime for the commands that wait for something.
fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Problem::tool("cannot start the runtime").note(e.to_string()))
}
