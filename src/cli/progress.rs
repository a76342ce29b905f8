//! What the tool is doing, for who waits for it: one moving line on a terminal, lines with `-v`, nothing in CI.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use clap::{ArgAction, Args};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How much is said beside the result.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Verbosity {
    /// Say nothing but the result and errors
    #[arg(short, long, global = true, action = ArgAction::SetTrue, conflicts_with = "verbose", display_order = 898)]
    quiet: bool,
    /// Say every step with the time it began
    #[arg(short, long, global = true, action = ArgAction::SetTrue, display_order = 899)]
    verbose: bool,
}

const NORMAL: u8 = 0;
const QUIET: u8 = 1;
const VERBOSE: u8 = 2;

static LEVEL: AtomicU8 = AtomicU8::new(NORMAL);
static BEGAN: OnceLock<Instant> = OnceLock::new();
static LINE: Mutex<Option<ProgressBar>> = Mutex::new(None);

impl Verbosity {
    /// Make the choice known to everything that speaks.
    pub fn apply(self) {
        let level = if self.quiet { QUIET } else { u8::from(self.verbose) * VERBOSE };
        LEVEL.store(level, Ordering::Relaxed);
        BEGAN.get_or_init(Instant::now);
    }
}

/// Whether only the result and errors are said.
pub fn is_quiet() -> bool {
    LEVEL.load(Ordering::Relaxed) == QUIET
}

/// Whether every step is said.
pub fn is_verbose() -> bool {
    LEVEL.load(Ordering::Relaxed) == VERBOSE
}

/// Say what is being done now.
pub fn step(text: &str) {
    match LEVEL.load(Ordering::Relaxed) {
        QUIET => {}
        VERBOSE => {
            let seconds = BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64();
            // Told on a line of its own: there is no moving line then.
            let _ = writeln!(anstream::stderr(), "{seconds:7.1} s  {text}");
        }
        _ if moves() => {
            let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
            line.get_or_insert_with(start).set_message(text.to_owned());
        }
        _ => {}
    }
}

/// Take the moving line away: something else is printed, or the run ends.
pub fn clear() {
    if let Some(line) = LINE.lock().unwrap_or_else(PoisonError::into_inner).take() {
        line.finish_and_clear();
    }
}

/// Called with a short line that says what is being done.
pub type Teller = Arc<dyn Fn(&str) + Send + Sync>;

/// For rooms that tell what they do.
pub fn teller() -> Option<Teller> {
    let heard = LEVEL.load(Ordering::Relaxed) == VERBOSE || (!is_quiet() && moves());
    heard.then(|| -> Teller { Arc::new(step) })
}

/// Whether somebody watches: a terminal that can move its cursor, and no CI system behind it.
fn moves() -> bool {
    static MOVES: OnceLock<bool> = OnceLock::new();
    *MOVES.get_or_init(|| {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        std::io::stderr().is_terminal() && !set("CI") && !dumb
    })
}

fn start() -> ProgressBar {
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // Without colour, so that NO_COLOR has nothing to forbid; wide_msg keeps to one line.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
        line.set_style(style);
    }
    line.enable_steady_tick(Duration::from_millis(120));
    line
}
