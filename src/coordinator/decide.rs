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

/// Whether a failed checkpoint counts against the tolerable failures (`CheckpointFailureManager`). That the metadata of a
/// savepoint could not be written never does.
pub const fn counts_as_failure(reason: AbortReason, kind: CheckpointKind, rules: &Rules) -> bool {
    let is_checkpoint = matches!(kind, CheckpointKind::Checkpoint);
    match reason {
        AbortReason::Expired => {
            rules.tolerance_counts_expired && (is_checkpoint || rules.tolerance_counts_savepoints)
        }
        AbortReason::FinalizeFailed => is_checkpoint && rules.tolerance_counts_finalize,
        AbortReason::FolderFailed => is_checkpoint && rules.tolerance_counts_folder,
        AbortReason::AsyncFailed => rules.tolerance_counts_async,
        AbortReason::SyncFailed => true,
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
        | AbortReason::UnionPartlyFinished
        | AbortReason::MinimumPause
        | AbortReason::JobNotRunning => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        assert!(!counts(AbortReason::FinalizeFailed, CheckpointKind::Savepoint));
        assert!(counts(AbortReason::AsyncFailed, CheckpointKind::Savepoint));
        assert!(!counts(AbortReason::Declined, CheckpointKind::Checkpoint));
    }

    /// What may happen between two requests, in milliseconds and answers.
    #[derive(Clone, Copy, Debug)]
    enum Happens {
        Passes(u64),
        Asks { is_forced: bool, is_periodic: bool },
        Completes,
        Aborts,
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            (1..900_u64).prop_map(Happens::Passes),
            any::<(bool, bool)>()
                .prop_map(|(is_forced, is_periodic)| Happens::Asks { is_forced, is_periodic }),
            Just(Happens::Completes),
            Just(Happens::Aborts),
        ]
    }

    proptest! {
        #[test]
        fn the_limit_and_the_pause_are_kept_whatever_happens(
            max_concurrent in 1..4_u32,
            pause in 0..2_000_u64,
            all in prop::collection::vec(happens(), 0..60),
        ) {
            let min_pause = SimTime::from_millis(pause);
            let config = CheckpointConfig { max_concurrent, min_pause, ..CheckpointConfig::default() };
            let (mut now, mut situation) = (SimTime::ZERO, CALM);
            for one in all {
                match one {
                    Happens::Passes(millis) => now = now.plus(SimTime::from_millis(millis)),
                    Happens::Completes if situation.pending > 0 => {
                        situation.pending -= 1;
                        situation.last_completion = Some(now);
                    }
                    Happens::Aborts => situation.pending = situation.pending.saturating_sub(1),
                    Happens::Completes => {}
                    Happens::Asks { is_forced, is_periodic } => {
                        let asked = Situation { is_forced, is_periodic, ..situation };
                        let is_over =
                            |at| situation.last_completion.is_none_or(|last| at >= last.plus(min_pause));
                        match decide_trigger(asked, &config, now) {
                            TriggerDecision::Trigger => {
                                prop_assert!(is_forced || situation.pending < max_concurrent);
                                prop_assert!(is_forced || !is_periodic || is_over(now));
                                situation.pending += 1;
                            }
                            TriggerDecision::TooMany => {
                                prop_assert!(!is_forced && situation.pending >= max_concurrent);
                            }
                            TriggerDecision::TooSoon(wait) => {
                                prop_assert!(is_periodic && !is_forced && !is_over(now));
                                prop_assert!(is_over(now.plus(wait)), "{wait} is too short");
                                prop_assert!(!is_over(SimTime::from_nanos(now.plus(wait).nanos() - 1)));
                            }
                            TriggerDecision::Refuse(reason) => prop_assert!(false, "{reason}"),
                        }
                    }
                }
            }
        }

        #[test]
        fn only_what_cannot_take_part_is_refused(
            (all_running, lacks_finished, is_forced, is_periodic) in any::<(bool, bool, bool, bool)>(),
            pending in any::<u32>(),
            last_completion in prop::option::of(0..=u64::MAX),
            (max_concurrent, pause, now) in any::<(u32, u64, u64)>(),
        ) {
            let last_completion = last_completion.map(SimTime::from_nanos);
            let situation = Situation {
                all_running, lacks_finished, pending, last_completion, is_forced, is_periodic,
            };
            let min_pause = SimTime::from_nanos(pause);
            let config = CheckpointConfig { max_concurrent, min_pause, ..CheckpointConfig::default() };
            let decision = decide_trigger(situation, &config, SimTime::from_nanos(now));
            let is_refused = matches!(decision, TriggerDecision::Refuse(_));
            prop_assert_eq!(is_refused, lacks_finished || !all_running);
        }
    }
}
