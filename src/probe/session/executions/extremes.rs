//! The oldest open and the longest closed execution, of the namespace and of every type.
//!
//! The thin end of all ages is found with counts and listed; the types seen there are done with. The end of what is left
//! is found next, and so on: types whose executions run alike share the calls.

use std::collections::BTreeMap;

use temporalio_protos::temporal::api::workflow::v1::WorkflowExecutionInfo;

use super::super::failure::Failure;
use super::super::query;
use super::{Field, Visibility, known, of_type};
use crate::facts::cluster::ExecutionSample;
use crate::facts::{Known, Why};

/// Ages and durations between one second and twenty years are looked for.
pub(super) const LONGEST_SECONDS: f64 = 20.0 * 365.0 * 86_400.0;
/// So many executions are listed at once; an end that has no more is known exactly.
pub(super) const ROWS: i32 = 100;
/// Where more than that lie this close together, the extreme is known to this ratio.
const RATIO: f64 = 1.003;
/// Names in one condition; a query has a limit too.
const NAMES: usize = 200;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extreme {
    OldestOpen,
    LongestClosed,
}

/// The extreme of the namespace and of its types.
pub(super) struct Extremes {
    pub(super) overall: Known<Option<ExecutionSample>>,
    pub(super) of_types: BTreeMap<String, ExecutionSample>,
    pub(super) whys: Vec<Why>,
}

/// The executions at the end of age or duration.
struct End {
    rows: Vec<ExecutionSample>,
    /// Nothing that was left out reaches so many seconds.
    below: f64,
}

impl Visibility<'_> {
    /// The oldest open or longest closed execution in all and of each type that has some: type → how many.
    ///
    /// Age and duration are those of one run: continuing as new begins a run, and its time, anew.
    /// Exact when at most [`ROWS`] executions are within 0.3 % of the extreme, else within that.
    pub(super) async fn extremes(
        &self,
        extreme: Extreme,
        all: &Result<u64, Failure>,
        types: &BTreeMap<String, u64>,
    ) -> Extremes {
        let mut found = Extremes { overall: Known::Known(None), of_types: BTreeMap::new(), whys: Vec::new() };
        let count = match all {
            Ok(0) => return found,
            Ok(count) => *count,
            Err(failure) => {
                found.overall = Known::Unknown(failure.why());
                return found;
            }
        };
        let first = self.end(extreme, "", count, LONGEST_SECONDS).await;
        let mut ceiling = first.as_ref().map_or(LONGEST_SECONDS, |end| end.below);
        let mut left: Vec<(&String, u64)> = types.iter().map(|(name, n)| (name, *n)).collect();
        if let Ok(end) = &first {
            found.absorb(&end.rows, &mut left);
        }
        while !left.is_empty() {
            self.say(&match extreme {
                Extreme::OldestOpen => format!("oldest executions, {} types to go", left.len()),
                Extreme::LongestClosed => format!("longest executions, {} types to go", left.len()),
            });
            let now: Vec<(&String, u64)> = left.iter().take(NAMES).copied().collect();
            let filter = query::one_of(Field::WorkflowType.name(), now.iter().map(|(name, _)| name.as_str()));
            let end = self.end(extreme, &filter, now.iter().map(|(_, n)| n).sum(), ceiling).await;
            match end {
                Ok(end) => {
                    let before = left.len();
                    found.absorb(&end.rows, &mut left);
                    if left.len() == before {
                        // They closed, or ran out of retention, since they were counted.
                        left.retain(|(name, _)| !now.iter().any(|(asked, _)| asked == name));
                    }
                    // Beyond the first names others may be older.
                    ceiling = if types.len() > NAMES { LONGEST_SECONDS } else { end.below };
                }
                Err(failure) => {
                    found.whys.push(match now.as_slice() {
                        [(name, _)] => of_type(name, &failure),
                        _ => failure.why(),
                    });
                    break;
                }
            }
        }
        let types = found.of_types.values().cloned().map(Some).collect::<Vec<_>>();
        found.overall = known(first.map(|end| {
            let rows: Vec<_> = end.rows.into_iter().map(Some).collect();
            greatest(rows.iter().chain(&types))
        }));
        found
    }

    /// The executions at the end: at most [`ROWS`] of them, found on a logarithmic scale so that the number of steps
    /// depends on how long executions run and not on how many there are.
    async fn end(&self, extreme: Extreme, filter: &str, count: u64, ceiling: f64) -> Result<End, Failure> {
        let phase = match extreme {
            Extreme::OldestOpen => self.phases.open,
            Extreme::LongestClosed => self.ended(),
        };
        let all = query::all([phase, filter]);
        let samples = |rows: &[WorkflowExecutionInfo]| {
            rows.iter().filter_map(|row| self.sample(row, extreme)).collect::<Vec<_>>()
        };
        if count <= ROWS as u64 {
            let page = self.page(&all, ROWS, Vec::new()).await?;
            if page.last {
                return Ok(End { rows: samples(&page.rows), below: 0.0 });
            }
        }
        let mut search = Search::new(count, ceiling.max(2.0));
        let mut densest = None;
        while let Some(seconds) = search.next() {
            let Some(longer) = self.at_least(extreme, seconds) else { break };
            let query = query::all([all.as_str(), &longer]);
            let n = self.count(&query).await?;
            if (1..=ROWS as u64).contains(&n) {
                let page = self.page(&query, ROWS, Vec::new()).await?;
                if !page.rows.is_empty() {
                    let below = if page.last { seconds } else { search.high };
                    return Ok(End { rows: samples(&page.rows), below });
                }
                // They closed, or ran out of retention, between the count and the list.
                search.learn(seconds, 0);
                continue;
            }
            if n > 0 {
                densest = Some(query);
            }
            search.learn(seconds, n);
        }
        // Too many lie together to list them all, or none reaches a second: some of them stand for all.
        let rows = self.rows(densest.as_deref().unwrap_or(&all), ROWS).await?;
        Ok(End { rows: samples(&rows), below: search.high })
    }

    /// The condition that an execution is open or ran for at least so many seconds.
    pub(super) fn at_least(&self, extreme: Extreme, seconds: f64) -> Option<String> {
        match extreme {
            Extreme::OldestOpen => {
                let age = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
                let start = self.options.at.checked_sub(age).ok()?;
                Some(format!("StartTime <= '{start:.6}'"))
            }
            Extreme::LongestClosed => Some(format!("ExecutionDuration >= '{seconds:.6}s'")),
        }
    }
}

impl Extremes {
    fn absorb(&mut self, rows: &[ExecutionSample], left: &mut Vec<(&String, u64)>) {
        left.retain(|(name, _)| {
            let of_type: Vec<_> = rows.iter().filter(|row| row.workflow_type == **name).cloned().map(Some).collect();
            match greatest(of_type.iter()) {
                Some(sample) => {
                    self.of_types.insert((*name).clone(), sample);
                    false
                }
                None => true,
            }
        });
    }
}

/// The greatest of all; of equal ones, that which began first.
fn greatest<'a>(samples: impl Iterator<Item = &'a Option<ExecutionSample>>) -> Option<ExecutionSample> {
    samples.flatten().max_by_key(|sample| (sample.seconds, std::cmp::Reverse(sample.start_time))).cloned()
}

/// Looks for the number of seconds that few executions reach.
///
/// Guesses by the counts seen so far, as if their logarithm fell evenly, and halves what is left every other time so
/// that the end comes whatever the counts are.
struct Search {
    low: f64,
    low_count: f64,
    high: f64,
    guess: bool,
}

impl Search {
    fn new(count: u64, ceiling: f64) -> Self {
        Self { low: 1.0, low_count: (count as f64).max(1.0), high: ceiling, guess: false }
    }

    fn next(&mut self) -> Option<f64> {
        if self.high / self.low <= RATIO {
            return None;
        }
        self.guess = !self.guess;
        let share = if self.guess {
            // Of the way from many executions to none, where half a page of them is left.
            let (many, few, none) = (self.low_count.ln(), (f64::from(ROWS) / 2.0).ln(), 0.5f64.ln());
            ((many - few) / (many - none)).clamp(0.2, 0.8)
        } else {
            0.5
        };
        Some(self.low * (self.high / self.low).powf(share))
    }

    fn learn(&mut self, seconds: f64, count: u64) {
        if count == 0 {
            self.high = seconds;
        } else {
            (self.low, self.low_count) = (seconds, count as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(mut search: Search, count: impl Fn(f64) -> u64) -> (u32, f64) {
        let mut steps = 0;
        while let Some(seconds) = search.next() {
            steps += 1;
            let n = count(seconds);
            if (1..=ROWS as u64).contains(&n) {
                return (steps, seconds);
            }
            search.learn(seconds, n);
        }
        (steps, search.high)
    }

    #[test]
    fn the_thin_end_is_found_in_a_few_counts_whatever_the_number() {
        for executions in [1_000.0, 1e5, 1e8] {
            // Ages spread evenly over 40 days.
            let days = |seconds: f64| (executions * (1.0 - seconds / (40.0 * 86_400.0))).max(0.0) as u64;
            let (taken, _) = steps(Search::new(executions as u64, LONGEST_SECONDS), days);
            assert!(taken <= 30, "{executions}: {taken}");
            // Durations that fall like a power.
            let tail = |seconds: f64| (executions / seconds) as u64;
            let (taken, _) = steps(Search::new(executions as u64, LONGEST_SECONDS), tail);
            assert!(taken <= 8, "{executions}: {taken}");
        }
    }

    #[test]
    fn all_at_one_moment_are_told_from_none() {
        let burst = |seconds: f64| if seconds <= 5_000.0 { 10_000 } else { 0 };
        let (taken, high) = steps(Search::new(10_000, LONGEST_SECONDS), burst);
        assert!((5_000.0..5_000.0 * RATIO).contains(&high) && taken < 40, "{high} after {taken}");
    }
}
