//! Whether a namespace has been empty for 48 hours, decided from one look.
//!
//! Every execution that was open at any time in the last 48 hours is open now or closed in that time. So nothing open now
//! and no closing since prove the hold by what the server itself wrote, and nobody has to have looked meanwhile. What this
//! cannot see are executions that were deleted, and what retention has removed: where retention is shorter than the hold,
//! nothing is proved. Samples that were stored meanwhile can contradict, never prove.

use jiff::{SignedDuration, Timestamp};

use crate::facts::cluster::{OpenSample, Rest};
use crate::facts::{Known, Why};

/// So long a source must have been empty before it counts as drained.
pub const HOLD: SignedDuration = SignedDuration::from_hours(48);
/// Visibility must reach back further than the hold by this.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);
/// Times of one server may lie so far apart.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// What one look at a namespace told.
#[derive(Debug, Clone)]
pub struct Look<'a> {
    /// The moment of the look by the clock of the cluster; nothing when the cluster told no time.
    pub at: Option<Timestamp>,
    /// Open executions.
    pub open: Known<u64>,
    /// What closed lately.
    pub rest: Known<&'a Rest>,
    /// Schedules that can still start executions.
    pub schedules: Known<u64>,
    /// How long closed executions are kept, in seconds.
    pub retention: Known<u64>,
    /// Tasks that came lately, as tasks an hour; nothing where the server does not tell.
    pub tasks_an_hour: Option<u64>,
    /// Earlier looks at the same namespace.
    pub earlier: Vec<&'a OpenSample>,
}

/// What became of the hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// Nothing has been open since.
    Held {
        /// When the last execution closed; the end of retention when none is kept.
        since: Timestamp,
    },
    /// It is not: what was or is open.
    Broken(String),
    /// Nobody can say.
    Untold(Why),
}

/// Decide it. What breaks the hold breaks it whatever else is not known.
pub fn decide(look: &Look<'_>) -> Hold {
    if let Some(problem) = open_now(look).or_else(|| closed_lately(look)).or_else(|| seen_open(look)) {
        return Hold::Broken(problem);
    }
    match proof(look) {
        Ok(since) => Hold::Held { since },
        Err(why) => Hold::Untold(why),
    }
}

/// Something is open or comes to life at the moment of the look.
fn open_now(look: &Look<'_>) -> Option<String> {
    let rest = look.rest.value();
    let several = |n: u64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    match (look.open.value(), look.schedules.value(), rest.map(|rest| rest.batch_jobs), look.tasks_an_hour) {
        (Some(open @ 1..), _, _, _) => {
            Some(format!("it still has {}", several(*open, "open execution", "open executions")))
        }
        (_, Some(active @ 1..), _, _) => {
            Some(format!("{} can still start executions", several(*active, "schedule", "schedules")))
        }
        (_, _, Some(jobs @ 1..), _) => {
            Some(format!("{} ran within 48 hours", several(jobs, "batch job", "batch jobs")))
        }
        (_, _, _, Some(1..)) => Some("tasks still come to its task queues".to_owned()),
        _ => None,
    }
}

/// Something closed within the hold.
fn closed_lately(look: &Look<'_>) -> Option<String> {
    let rest = look.rest.value()?;
    if let (Some(at), Some(last)) = (look.at, rest.last_closed)
        && at.duration_since(last) >= -SKEW
        && at.duration_since(last) < HOLD
    {
        return Some(format!("its last execution closed on {}, less than 48 hours before the look", minute(last)));
    }
    let beside = [(rest.activities, "standalone activities"), (rest.nexus_operations, "Nexus operations")];
    let (n, what) = beside.into_iter().find_map(|(n, what)| n.filter(|n| *n > 0).map(|n| (n, what)))?;
    Some(format!("{what} ({n}) closed within 48 hours"))
}

/// A stored sample shows what the server no longer does.
fn seen_open(look: &Look<'_>) -> Option<String> {
    let at = look.at?;
    let lately = |sample: &&&OpenSample| {
        let ago = at.duration_since(sample.taken_at);
        sample.open > 0 && ago < HOLD && ago > -SKEW
    };
    let last = look.earlier.iter().filter(lately).map(|sample| sample.taken_at).max()?;
    Some(format!("it had open executions on {}, less than 48 hours before the last look", minute(last)))
}

/// Since when nothing has been open, or what is missing to say so.
fn proof(look: &Look<'_>) -> Result<Timestamp, Why> {
    let whole = |why: Option<&Why>| why.map_or(Ok(()), |why| Err(why.clone()));
    whole(look.open.why())?;
    whole(look.rest.why())?;
    whole(look.schedules.why())?;
    whole(look.retention.why())?;
    let (Some(rest), Some(retention)) = (look.rest.value(), look.retention.value()) else {
        return Err(Why::new("it was not looked at"));
    };
    let again = "probe the source again";
    let Some(at) = look.at else {
        return Err(Why::with_remedy(
            "the cluster told no time, and the clock of the machine that probed may be wrong",
            "compare the clocks of the cluster's hosts and of this machine, and attest it; a date in the answers (a proxy \
             adds one) or a worker that polls would tell the time of the cluster",
        ));
    };
    let kept = SignedDuration::from_secs(i64::try_from(*retention).unwrap_or(i64::MAX));
    if kept < HOLD + MARGIN {
        return Err(Why::with_remedy(
            format!("closed executions are kept for {} hours, and the hold takes 48", kept.as_hours()),
            "raise the retention of the namespace to three days or more, wait for 48 hours, and probe again",
        ));
    }
    let Some(last) = rest.last_closed else {
        // Nothing is kept: nothing has closed for as long as it would be.
        let since = at.checked_sub(kept).unwrap_or(at);
        return if rest.closed == 0 { Ok(since) } else { Err(Why::with_remedy("counts and lists contradict", again)) };
    };
    if at.duration_since(last) < -SKEW {
        let reason = format!("its last execution closed on {}, after the moment of the look", minute(last));
        return Err(Why::with_remedy(reason, "set the clocks right, and probe the source again"));
    }
    if rest.closed > 0 {
        let reason = format!(
            "{} executions closed within 48 hours by the clock of the machine that probed, and the last one on {} by \
             that of the cluster",
            rest.closed,
            minute(last)
        );
        return Err(Why::with_remedy(reason, "set the clocks right, and probe the source again"));
    }
    Ok(last)
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: &str = "2026-12-20T08:00:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A look so many hours after the last execution closed.
    fn after(hours: i64, rest: &Rest) -> Look<'_> {
        Look {
            at: time(CLOSED).checked_add(SignedDuration::from_hours(hours)).ok(),
            open: Known::Known(0),
            rest: Known::Known(rest),
            schedules: Known::Known(0),
            retention: Known::Known(72 * 3_600),
            tasks_an_hour: Some(0),
            earlier: vec![],
        }
    }

    fn quiet() -> Rest {
        Rest {
            since: time(CLOSED),
            closed: 0,
            last_closed: Some(time(CLOSED)),
            batch_jobs: 0,
            activities: None,
            nexus_operations: Some(0),
        }
    }

    #[test]
    fn forty_eight_hours_after_the_last_end_it_is_held() {
        let rest = quiet();
        assert!(matches!(decide(&after(47, &rest)), Hold::Broken(problem) if problem.contains("2026-12-20 08:00 UTC")));
        assert_eq!(decide(&after(49, &rest)), Hold::Held { since: time(CLOSED) });
    }

    #[test]
    fn a_clock_that_goes_backwards_proves_nothing() {
        let rest = quiet();
        let Hold::Untold(why) = decide(&after(-3, &rest)) else { panic!("untold") };
        assert!(why.reason.contains("after the moment of the look"), "{why:?}");
        let Hold::Untold(why) = decide(&Look { at: None, ..after(49, &rest) }) else { panic!("untold") };
        assert!(why.reason.contains("told no time") && why.remedy.is_some(), "{why:?}");
        // The machine that probed counted closings that the cluster's clock puts before the hold.
        let counted = Rest { closed: 2, ..quiet() };
        assert!(matches!(decide(&after(49, &counted)), Hold::Untold(_)));
    }

    #[test]
    fn retention_shorter_than_the_hold_hides_what_closed() {
        let rest = Rest { last_closed: None, ..quiet() };
        let kept = |hours: u64| decide(&Look { retention: Known::Known(hours * 3_600), ..after(100, &rest) });
        assert!(matches!(kept(24), Hold::Untold(why) if why.reason.contains("kept for 24 hours")));
        assert!(matches!(kept(48), Hold::Untold(_)));
        assert!(matches!(kept(49), Hold::Held { .. }), "nothing closed for as long as it would be kept");
    }

    #[test]
    fn whatever_lives_breaks_it() {
        let rest = quiet();
        let broken = |look: Look<'_>| matches!(decide(&look), Hold::Broken(_));
        assert!(broken(Look { open: Known::Known(1), ..after(49, &rest) }));
        assert!(broken(Look { schedules: Known::Known(1), ..after(49, &rest) }));
        assert!(broken(Look { tasks_an_hour: Some(3), ..after(49, &rest) }));
        for other in [
            Rest { batch_jobs: 1, ..quiet() },
            Rest { activities: Some(2), ..quiet() },
            Rest { nexus_operations: Some(2), ..quiet() },
        ] {
            assert!(broken(after(49, &other)), "{other:?}");
        }
        // What is broken is broken, whatever else is not known.
        assert!(broken(Look { open: Known::Known(1), at: None, retention: Known::unknown("x"), ..after(49, &rest) }));
    }

    #[test]
    fn stored_samples_contradict_and_never_prove() {
        let rest = Rest { last_closed: None, ..quiet() };
        let sample = |hours: i64, open: u64| OpenSample {
            namespace: "payments".into(),
            taken_at: time(CLOSED).checked_add(SignedDuration::from_hours(hours)).unwrap(),
            open,
            backlogs: Default::default(),
            queues: Default::default(),
        };
        let (filled, long_ago, empty) = (sample(30, 1), sample(-30, 1), sample(30, 0));
        let with = |earlier: Vec<&OpenSample>| {
            let owned: Vec<OpenSample> = earlier.into_iter().cloned().collect();
            decide(&Look { earlier: owned.iter().collect(), ..after(49, &rest) })
        };
        assert!(matches!(with(vec![&filled]), Hold::Broken(_)), "it was deleted since");
        assert!(matches!(with(vec![&long_ago, &empty]), Hold::Held { .. }));
        let look = Look { rest: Known::unknown("not asked"), earlier: vec![&empty], ..after(49, &rest) };
        assert!(matches!(decide(&look), Hold::Untold(_)));
    }
}
