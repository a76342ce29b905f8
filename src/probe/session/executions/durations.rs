//! How long closed executions run: the median, the ninth tenth, all but one in a hundred, and the longest.

use std::collections::BTreeMap;

use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;

use super::super::failure::Failure;
use super::super::query;
use super::super::time;
use super::extremes::{Extreme, ROWS};
use super::{Field, Visibility, each, of_type, seen};
use crate::facts::cluster::{Durations, ExecutionSample, WorkflowType};
use crate::facts::{Known, Why};

/// Share of executions that took no longer, and how many more of all may have, so that the answer is never too short.
const QUANTILES: [(f64, f64); 3] = [(0.5, 0.06), (0.9, 0.03), (0.99, 0.006)];
/// A quantile is also near enough when it is known to this ratio.
const RATIO: f64 = 1.1;
/// Calls the durations of one type take, most of the time.
const COUNTS: f64 = 10.0;
/// Counts for one quantile; those before it make the next one cheaper.
const STEPS: usize = 12;

impl Visibility<'_> {
    /// Durations of the namespace, and of every type that has closed executions.
    ///
    /// Types with few executions share a list of them; for the others durations are counted, for as many types as half
    /// of the time left is enough for, those with most open executions first.
    pub(super) async fn durations(
        &self,
        closed: &Result<u64, Failure>,
        longest: &Known<Option<ExecutionSample>>,
        types: &mut [WorkflowType],
    ) -> Known<Option<Durations>> {
        let all = match (closed, longest) {
            (Ok(0), _) => return Known::Known(None),
            (Ok(closed), Known::Known(Some(longest)) | Known::Partial { value: Some(longest), .. }) => {
                self.quantiles("", *closed, longest.seconds).await
            }
            (Ok(_), Known::Unknown(why)) => return Known::Unknown(why.clone()),
            (Ok(_), _) => return Known::unknown("the closed executions were deleted while they were looked for"),
            (Err(failure), _) => return Known::Unknown(failure.why()),
        };
        let all = match all {
            Ok(all) => Some(all),
            Err(failure) => return Known::Unknown(failure.why()),
        };
        let mut whys = Vec::new();
        let mut found = self.of_small_types(types).await;
        let mut large: Vec<&WorkflowType> =
            types.iter().filter(|t| t.ended() > 0 && !found.contains_key(&t.name)).collect();
        large.sort_by_key(|t| std::cmp::Reverse(t.open));
        let affordable = self.client().left().as_secs_f64() / 2.0 * self.options.rps / COUNTS;
        if large.len() as f64 > affordable {
            let number = affordable as usize;
            whys.push(Why::with_remedy(
                format!(
                    "durations of {number} workflow types were counted, of {}: the time did not allow more",
                    large.len()
                ),
                "allow more time (--probe-timeout) or more requests (--source-rps, --target-rps)",
            ));
            large.truncate(number);
        }
        let number = large.len();
        let counted = each(large.into_iter().enumerate(), |(index, t)| async move {
            self.say(&format!("durations of workflow type {} of {number}", index + 1));
            let is = query::equals(Field::WorkflowType.name(), &t.name);
            let longest = t.longest_closed.as_ref().map_or(0, |sample| sample.seconds);
            (t.name.clone(), self.quantiles(&is, t.ended(), longest).await)
        });
        for (name, answer) in counted.await {
            match answer {
                Ok(durations) => drop(found.insert(name, durations)),
                Err(failure) => whys.push(of_type(&name, &failure)),
            }
        }
        for t in types {
            t.durations = found.remove(&t.name);
        }
        seen(all, &whys)
    }

    /// Types with few closed executions, as many to a list as fit. What cannot be listed is left to be counted.
    async fn of_small_types(&self, types: &[WorkflowType]) -> BTreeMap<String, Durations> {
        let room = ROWS as u64;
        let mut small: Vec<&WorkflowType> = types.iter().filter(|t| (1..=room).contains(&t.ended())).collect();
        small.sort_by_key(|t| t.ended());
        let mut lists: Vec<(Vec<&str>, u64)> = Vec::new();
        for t in small {
            match lists.last_mut() {
                Some((names, taken)) if *taken + t.ended() <= room => {
                    names.push(&t.name);
                    *taken += t.ended();
                }
                _ => lists.push((vec![&t.name], t.ended())),
            }
        }
        let listed = each(&lists, |(names, _)| async move {
            let is = query::one_of(Field::WorkflowType.name(), names.iter().copied());
            self.page(&query::all([self.ended(), &is]), ROWS, Vec::new()).await
        });
        let mut seconds: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for page in listed.await.into_iter().flatten().filter(|page| page.last) {
            for row in &page.rows {
                seconds.entry(Field::WorkflowType.of(row)).or_default().extend(ran(row));
            }
        }
        seconds.into_iter().filter_map(|(name, all)| Some((name, exact(all)?))).collect()
    }

    /// Durations of the closed executions that match, of which there are `closed` and the longest took `longest`.
    async fn quantiles(&self, filter: &str, closed: u64, longest: u64) -> Result<Durations, Failure> {
        let all = query::all([self.ended(), filter]);
        let mut search = Quantiles::new(closed, longest);
        let mut found = [0; 3];
        for (slot, (share, near)) in found.iter_mut().zip(QUANTILES) {
            for _ in 0..STEPS {
                let Some(seconds) = search.next(share, near) else { break };
                let Some(longer) = self.at_least(Extreme::LongestClosed, seconds) else { break };
                let n = self.count(&query::all([all.as_str(), &longer])).await?;
                search.learn(seconds, n);
            }
            *slot = search.answer(share, near);
        }
        let [p50, p90, p99] = found.map(|seconds| seconds.min(longest));
        Ok(Durations { p50, p90: p90.max(p50), p99: p99.max(p90).max(p50), max: longest })
    }
}

/// How long a closed execution ran, in seconds.
fn ran(row: &WorkflowExecutionInfo) -> Option<f64> {
    let (start, close) = (time::timestamp(row.start_time.as_ref())?, time::timestamp(row.close_time.as_ref())?);
    Some(close.duration_since(start).as_secs_f64().max(0.0))
}

fn exact(mut seconds: Vec<f64>) -> Option<Durations> {
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let rank = (share * seconds.len() as f64).ceil() as usize;
        seconds.get(rank.saturating_sub(1)).map(|s| *s as u64)
    };
    Some(Durations { p50: at(0.5)?, p90: at(0.9)?, p99: at(0.99)?, max: at(1.0)? })
}

/// Durations for which the number of executions that reach them is known, in order.
struct Quantiles {
    all: f64,
    points: Vec<(f64, f64)>,
    steps: usize,
}

impl Quantiles {
    fn new(closed: u64, longest: u64) -> Self {
        let all = closed as f64;
        // None took longer than the longest; before the first count, all may have taken a second.
        Self { all, points: vec![(1.0, all), ((longest as f64 + 1.0).max(1.0), 0.0)], steps: 0 }
    }

    /// The neighbours of the duration that this many executions reach.
    fn around(&self, reach: f64) -> ((f64, f64), (f64, f64)) {
        let low = self.points.iter().rev().find(|(_, n)| *n >= reach).copied().unwrap_or((1.0, self.all));
        let high = self.points.iter().find(|(s, n)| *n < reach && *s >= low.0).copied().unwrap_or(low);
        (low, high)
    }

    /// The duration that is long enough for the share, and not much too long.
    fn near(&self, reach: f64, near: f64) -> Option<f64> {
        let (_, high) = self.around(reach);
        // The first point is an assumption, not a count.
        (high.0 > 1.0 && reach - high.1 <= near * self.all).then_some(high.0)
    }

    /// The next duration to count at; none when the quantile is known well enough.
    fn next(&mut self, share: f64, near: f64) -> Option<f64> {
        let reach = (1.0 - share) * self.all;
        let (low, high) = self.around(reach);
        if self.near(reach, near).is_some() || high.0 / low.0 <= RATIO {
            return None;
        }
        self.steps += 1;
        let part = if self.steps.is_multiple_of(3) {
            // Whatever the durations look like, the search comes to an end.
            0.5
        } else {
            // Durations mostly lie so that the odds of taking longer fall evenly on logarithmic scales.
            let odds = |n: f64| {
                let n = n.clamp(0.5, self.all - 0.5);
                (n / (self.all - n)).ln()
            };
            let aim = reach - near * self.all / 2.0;
            ((odds(low.1) - odds(aim)) / (odds(low.1) - odds(high.1))).clamp(0.1, 0.9)
        };
        Some(low.0 * (high.0 / low.0).powf(part))
    }

    fn learn(&mut self, seconds: f64, reached: u64) {
        let at = self.points.partition_point(|(s, _)| *s < seconds);
        self.points.insert(at, (seconds, reached as f64));
    }

    fn answer(&self, share: f64, near: f64) -> u64 {
        let reach = (1.0 - share) * self.all;
        self.near(reach, near).unwrap_or_else(|| self.around(reach).1.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(seconds: &[f64]) -> (Durations, usize) {
        let longest = seconds.iter().copied().fold(0.0, f64::max) as u64;
        let mut search = Quantiles::new(seconds.len() as u64, longest);
        let mut counts = 0;
        let found = QUANTILES.map(|(share, near)| {
            for _ in 0..STEPS {
                let Some(at) = search.next(share, near) else { break };
                search.learn(at, seconds.iter().filter(|s| **s >= at).count() as u64);
                counts += 1;
            }
            search.answer(share, near)
        });
        (Durations { p50: found[0], p90: found[1], p99: found[2], max: longest }, counts)
    }

    /// Each found value lies between the true value and the one a little above.
    fn check(seconds: &[f64], most: usize) {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted[((share * sorted.len() as f64) as usize).min(sorted.len() - 1)];
        let (found, counts) = find(seconds);
        for ((share, near), value) in QUANTILES.into_iter().zip([found.p50, found.p90, found.p99]) {
            let (low, high) = (at(share) - 1.0, at((share + near).min(1.0)) * RATIO + 1.0);
            assert!((low..=high).contains(&(value as f64)), "p{share}: {value} is not within {low} and {high}");
        }
        assert!(counts <= most, "{counts} counts, {found:?}");
    }

    #[test]
    fn quantiles_are_found_in_few_counts() {
        let n = 100_000;
        let part = |i: usize| (i as f64 + 0.5) / n as f64;
        check(&(0..n).map(|i| part(i) * 86_400.0).collect::<Vec<_>>(), 14);
        check(&(0..n).map(|i| 30.0 / (1.0 - part(i)).powf(1.5)).collect::<Vec<_>>(), 12);
        check(&(0..n).map(|i| 60.0 * (part(i) / (1.0 - part(i))).powf(0.7)).collect::<Vec<_>>(), 8);
        check(&vec![3_600.0; n], 18);
        let mixed: Vec<f64> = (0..n).map(|i| if i % 20 == 0 { 2_592_000.0 } else { 2.0 }).collect();
        check(&mixed, 24);
        check(&vec![0.2; n], 3);
    }

    #[test]
    fn few_are_told_exactly() {
        let found = exact((1..=100).map(f64::from).collect());
        assert_eq!(found, Some(Durations { p50: 50, p90: 90, p99: 99, max: 100 }));
        assert_eq!(exact(vec![]), None);
    }
}
