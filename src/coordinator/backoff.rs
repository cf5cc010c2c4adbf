//! Whether and when a job that failed starts again (`RestartBackoffTimeStrategy`).
//!
//! Remembers what its strategy needs of earlier failures. Draws nothing: a delay that is to vary says by how much.

use crate::job::RestartStrategy;
use crate::kernel::SimTime;
use std::collections::VecDeque;

/// How long a job waits before it starts again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Delay {
    /// The middle of the range.
    pub(super) span: SimTime,
    /// How much shorter or longer it may be.
    pub(super) jitter: SimTime,
}

/// A strategy and what it remembers.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    strategy: RestartStrategy,
    restarts: u32,
    /// Of a failure rate: the failures that still count.
    failures: VecDeque<SimTime>,
    /// Of an exponential delay: the next one.
    next: Option<SimTime>,
    last_failure: Option<SimTime>,
}

impl Backoff {
    /// Of a job that has not failed.
    pub(super) const fn new(strategy: RestartStrategy) -> Self {
        let failures = VecDeque::new();
        Self { strategy, restarts: 0, failures, next: None, last_failure: None }
    }

    /// A failure: after how long the job starts again; `None` if it does not.
    pub(super) fn on_failure(&mut self, now: SimTime) -> Option<Delay> {
        let is_later = self.last_failure.is_none_or(|last| last <= now);
        assert!(is_later, "a failure at {now} came before the last one");
        let plain = |span| Delay { span, jitter: SimTime::ZERO };
        let delay = match self.strategy {
            RestartStrategy::None => None,
            RestartStrategy::FixedDelay { attempts, delay } => {
                (self.restarts < attempts).then(|| plain(delay))
            }
            RestartStrategy::FailureRate { failures, per, delay } => {
                self.is_rate_kept(failures, per, now).then(|| plain(delay))
            }
            RestartStrategy::ExponentialDelay {
                initial,
                multiplier,
                most,
                reset_after,
                jitter,
            } => {
                let is_calm = self.last_failure.is_some_and(|last| now.since(last) > reset_after);
                let span = self.next.filter(|_| !is_calm).unwrap_or(initial).min(most);
                self.next = Some(part(span, multiplier, 1_000).min(most));
                Some(Delay { span, jitter: part(span, jitter, 100) })
            }
        };
        self.last_failure = Some(now);
        self.restarts += u32::from(delay.is_some());
        let is_around = delay.is_none_or(|delay| delay.jitter <= delay.span);
        assert!(is_around, "a job may start again before it has failed: {delay:?}");
        delay
    }

    /// Whether fewer than so many failures came before this one within the interval
    /// (`FailureRateRestartBackoffTimeStrategy`).
    fn is_rate_kept(&mut self, failures: u32, per: SimTime, now: SimTime) -> bool {
        let is_later = self.failures.back().is_none_or(|last| *last <= now);
        assert!(is_later, "a failure came before the one before it, at {now}");
        while self.failures.front().is_some_and(|first| now.since(*first) > per) {
            self.failures.pop_front();
        }
        let before = u32::try_from(self.failures.len()).unwrap_or(u32::MAX);
        self.failures.push_back(now);
        before < failures
    }
}

/// So many parts of a span.
fn part(span: SimTime, parts: u32, of: u64) -> SimTime {
    assert!(of > 0, "{span} was divided into no parts");
    let nanos = u128::from(span.nanos()) * u128::from(parts) / u128::from(of);
    SimTime::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: SimTime = SimTime::from_secs(1);

    fn spans(backoff: &mut Backoff, failures: &[u64]) -> Vec<Option<u64>> {
        let seconds = |at: &u64| Some(backoff.on_failure(SimTime::from_secs(*at))?.span.nanos());
        failures.iter().map(seconds).map(|nanos| Some(nanos? / 1_000_000)).collect()
    }

    #[test]
    fn a_fixed_delay_allows_so_many_restarts() {
        let strategy = RestartStrategy::FixedDelay { attempts: 2, delay: SECOND };
        let told = spans(&mut Backoff::new(strategy), &[1, 2, 3]);
        assert_eq!(told, [Some(1_000), Some(1_000), None]);
        assert_eq!(Backoff::new(RestartStrategy::None).on_failure(SECOND), None);
    }

    #[test]
    fn a_failure_rate_counts_only_what_is_recent() {
        let per = SimTime::from_secs(60);
        let strategy = RestartStrategy::FailureRate { failures: 2, per, delay: SECOND };
        let once = Some(1_000);
        let told = spans(&mut Backoff::new(strategy), &[1, 2, 62, 123, 124, 125]);
        assert_eq!(told, [once, once, once, once, once, None]);
    }

    #[test]
    fn an_exponential_delay_grows_to_its_most_and_begins_again_after_a_calm_hour() {
        let strategy = RestartStrategy::ExponentialDelay {
            initial: SECOND,
            multiplier: 1_500,
            most: SimTime::from_secs(2),
            reset_after: SimTime::from_secs(3_600),
            jitter: 10,
        };
        let mut backoff = Backoff::new(strategy);
        let told = spans(&mut backoff, &[1, 5, 9, 13, 10_000]);
        assert_eq!(told, [Some(1_000), Some(1_500), Some(2_000), Some(2_000), Some(1_000)]);
        let delay = backoff.on_failure(SimTime::from_secs(10_001)).expect("it restarts for ever");
        assert_eq!(delay.jitter, SimTime::from_millis(150));
    }
}
