//! Decisions as total pure functions: whether a checkpoint may be triggered now.

use crate::job::{CheckpointConfig, CheckpointKind, Retention};
use crate::kernel::SimTime;
use crate::rules::Rules;
use crate::trace::{AbortReason, JobStatus};

/// What a trigger decision depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Situation {
    /// Whether every task that must take part runs.
    pub all_running: bool,
    /// Whether tasks have finished, in a release that takes no checkpoint from then on (FLIP-147).
    pub lacks_finished: bool,
    /// How many checkpoints and savepoints are pending: a savepoint is never held back, but holds others back
    /// (recorded, 2.3.0).
    pub pending: u32,
    /// When the last checkpoint completed.
    pub last_completion: Option<SimTime>,
    /// Whether it is a savepoint: then no limit holds it back.
    pub is_forced: bool,
    /// Whether the schedule asks: then the minimum pause counts.
    pub is_periodic: bool,
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

/// Whether a checkpoint may be triggered (`CheckpointRequestDecider`).
pub fn decide_trigger(
    situation: Situation,
    config: &CheckpointConfig,
    now: SimTime,
) -> TriggerDecision {
    if situation.lacks_finished {
        return TriggerDecision::Refuse(AbortReason::TasksFinished);
    }
    if !situation.all_running {
        return TriggerDecision::Refuse(AbortReason::NotAllTasksRunning);
    }
    if situation.is_forced {
        return TriggerDecision::Trigger;
    }
    if situation.pending >= config.max_concurrent {
        return TriggerDecision::TooMany;
    }
    if !situation.is_periodic {
        return TriggerDecision::Trigger;
    }
    match situation.last_completion.map(|at| at.plus(config.min_pause)) {
        Some(pause_over) if pause_over > now => TriggerDecision::TooSoon(pause_over.since(now)),
        Some(_) | None => TriggerDecision::Trigger,
    }
}

/// Whether the completed checkpoints of a job stay when it has ended so (`CheckpointProperties`).
pub const fn outlives(retention: Retention, end: JobStatus) -> bool {
    match retention {
        Retention::None => false,
        Retention::DeleteOnCancellation => matches!(end, JobStatus::Failed),
        Retention::RetainOnCancellation => matches!(end, JobStatus::Failed | JobStatus::Canceled),
    }
}

/// Whether a failed checkpoint counts against the tolerable failures (`CheckpointFailureManager`). What the job manager
/// does to a savepoint never does.
pub const fn counts_as_failure(reason: AbortReason, kind: CheckpointKind, rules: &Rules) -> bool {
    let is_checkpoint = matches!(kind, CheckpointKind::Checkpoint);
    match reason {
        AbortReason::Expired => is_checkpoint && rules.tolerance_counts_expired,
        AbortReason::FinalizeFailed => is_checkpoint && rules.tolerance_counts_finalize,
        AbortReason::AsyncFailed => rules.tolerance_counts_async,
        AbortReason::Declined
        | AbortReason::Subsumed
        | AbortReason::CoordinatorSuspended
        | AbortReason::NotAllTasksRunning
        | AbortReason::TooManyConcurrent
        | AbortReason::TooManyRequests
        | AbortReason::Canceled
        | AbortReason::AlignmentLimit
        | AbortReason::CheckpointingDisabled
        | AbortReason::TasksFinished
        | AbortReason::MinimumPause
        | AbortReason::JobNotRunning => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Situation = Situation {
        all_running: true,
        lacks_finished: false,
        pending: 0,
        last_completion: None,
        is_forced: false,
        is_periodic: true,
    };

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
            (
                Situation { lacks_finished: true, is_forced: true, ..CALM },
                TriggerDecision::Refuse(AbortReason::TasksFinished),
            ),
            (Situation { pending: 1, ..CALM }, TriggerDecision::TooMany),
            (Situation { pending: 1, is_forced: true, ..CALM }, TriggerDecision::Trigger),
            (Situation { last_completion: just_now, ..CALM }, too_soon),
            (
                Situation { last_completion: just_now, is_periodic: false, ..CALM },
                TriggerDecision::Trigger,
            ),
            (Situation { pending: 1, is_periodic: false, ..CALM }, TriggerDecision::TooMany),
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
    fn checkpoints_outlive_their_job_as_the_table_says() {
        let ends = [JobStatus::Finished, JobStatus::Canceled, JobStatus::Failed];
        let table = [
            (Retention::None, [false, false, false]),
            (Retention::DeleteOnCancellation, [false, false, true]),
            (Retention::RetainOnCancellation, [false, true, true]),
        ];
        for (retention, expected) in table {
            assert_eq!(ends.map(|end| outlives(retention, end)), expected, "{retention:?}");
        }
    }

    #[test]
    fn what_the_job_manager_does_to_a_savepoint_is_no_failure() {
        let rules = crate::rules::Release::V2.rules();
        let counts = |reason, kind| counts_as_failure(reason, kind, &rules);
        assert!(counts(AbortReason::Expired, CheckpointKind::Checkpoint));
        assert!(!counts(AbortReason::Expired, CheckpointKind::Savepoint));
        assert!(counts(AbortReason::AsyncFailed, CheckpointKind::Savepoint));
        assert!(!counts(AbortReason::Declined, CheckpointKind::Checkpoint));
    }
}
