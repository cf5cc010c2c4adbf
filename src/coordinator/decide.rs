//! Decisions as total pure functions: whether a checkpoint may be triggered now, whether a job restarts.

use crate::job::{CheckpointConfig, RestartStrategy};
use crate::kernel::SimTime;
use crate::trace::AbortReason;

/// What a trigger decision depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Situation {
    /// Whether every task that must take part runs.
    pub all_running: bool,
    /// How many periodic checkpoints are pending; savepoints do not count (recorded, 2.3.0).
    pub pending: u32,
    /// When the last checkpoint completed.
    pub last_completion: Option<SimTime>,
    /// Whether somebody asked for it: then the limits do not hold it back.
    pub is_forced: bool,
}

/// Whether a checkpoint is triggered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TriggerDecision {
    /// Now.
    Trigger,
    /// Not before this long: the minimum pause is not over.
    TooSoon(SimTime),
    /// When a pending one is over.
    TooMany,
    /// Not at all.
    Refuse(AbortReason),
}

/// Whether a checkpoint may be triggered (SEMANTICS §4.2).
pub fn decide_trigger(
    situation: Situation,
    config: &CheckpointConfig,
    now: SimTime,
) -> TriggerDecision {
    if !situation.all_running {
        return TriggerDecision::Refuse(AbortReason::NotAllTasksRunning);
    }
    if situation.is_forced {
        return TriggerDecision::Trigger;
    }
    if situation.pending >= config.max_concurrent {
        return TriggerDecision::TooMany;
    }
    match situation.last_completion.map(|at| at.plus(config.min_pause)) {
        Some(pause_over) if pause_over > now => TriggerDecision::TooSoon(pause_over.since(now)),
        Some(_) | None => TriggerDecision::Trigger,
    }
}

/// After which delay a job restarts that has restarted so often; `None`: it fails.
pub const fn decide_restart(strategy: RestartStrategy, restarts: u32) -> Option<SimTime> {
    match strategy {
        RestartStrategy::FixedDelay { attempts, delay } if restarts < attempts => Some(delay),
        RestartStrategy::FixedDelay { .. } | RestartStrategy::None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Situation =
        Situation { all_running: true, pending: 0, last_completion: None, is_forced: false };

    #[test]
    fn triggers_follow_the_table() {
        let second = SimTime::from_secs(1);
        let config = CheckpointConfig { min_pause: second, ..CheckpointConfig::default() };
        let now = SimTime::from_secs(10);
        let just_now = Some(SimTime::from_millis(9_400));
        let refused = TriggerDecision::Refuse(AbortReason::NotAllTasksRunning);
        let too_soon = TriggerDecision::TooSoon(SimTime::from_millis(400));
        let table = [
            (CALM, TriggerDecision::Trigger),
            (Situation { all_running: false, is_forced: true, ..CALM }, refused),
            (Situation { pending: 1, ..CALM }, TriggerDecision::TooMany),
            (Situation { pending: 1, is_forced: true, ..CALM }, TriggerDecision::Trigger),
            (Situation { last_completion: just_now, ..CALM }, too_soon),
            (
                Situation { last_completion: just_now, is_forced: true, ..CALM },
                TriggerDecision::Trigger,
            ),
            (Situation { last_completion: Some(second), ..CALM }, TriggerDecision::Trigger),
        ];
        for (situation, expected) in table {
            assert_eq!(decide_trigger(situation, &config, now), expected, "{situation:?}");
        }
    }

    #[test]
    fn a_fixed_delay_allows_so_many_restarts() {
        let delay = SimTime::from_secs(1);
        let strategy = RestartStrategy::FixedDelay { attempts: 2, delay };
        assert_eq!(decide_restart(strategy, 1), Some(delay));
        assert_eq!(decide_restart(strategy, 2), None);
        assert_eq!(decide_restart(RestartStrategy::None, 0), None);
    }
}
