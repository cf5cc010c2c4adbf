//! What a sink of a run must hold when the world is over, as a total pure function of what became of the run.

use crate::check::segments::Stop;
use crate::job::CheckpointId;

/// Which rows of the reference a sink must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::check) struct Owed {
    /// All rows up to there must be there,
    pub(in crate::check) least: Stop,
    /// and none from behind this,
    pub(in crate::check) most: Stop,
    /// but for those up to the cuts of abandoned timelines that a later run restored, and with them their transactions.
    pub(in crate::check) besides: Vec<CheckpointId>,
    pub(in crate::check) times: Times,
    pub(in crate::check) order: Order,
}

/// How often a row that may be there may be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::check) enum Times {
    /// As often as the reference writes it.
    Once,
    /// More often, too: records were replayed.
    AtLeastOnce,
}

/// Whether the last row of a key was written last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::check) enum Order {
    Kept,
    /// Somebody else may have written an older one after it.
    Lost,
}

/// What became of one sink of one run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Case {
    pub(super) ending: Ending,
    pub(super) attempts: Attempts,
    pub(super) cuts: Cuts,
    /// How often a record counts, by what the job promises.
    pub(super) promised: Times,
    pub(super) shown: Shown,
    pub(super) order: Order,
}

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// It failed, was canceled, or the world ended first.
    Unfinished,
    /// It read everything, and its tasks waited for a final checkpoint.
    Finished,
    /// It read everything, and its tasks waited for nothing (before FLIP-147, or without periodic checkpoints).
    FinishedAtOnce,
    /// It stopped with a savepoint.
    Stopped(CheckpointId),
    /// It stopped with a savepoint, and its sources went on behind it until they heard that it was complete.
    StoppedBehind(CheckpointId),
}

/// How often a run was deployed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempts {
    One,
    /// One that failed may have read further than the one that came to the end.
    Several,
}

/// What the snapshots of a run hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cuts {
    /// What had been read before them.
    Exact,
    /// Perhaps some of what came after, too (at-least-once).
    Beyond,
}

/// When the rows of a sink are seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Shown {
    /// When they are written. Up to the newest completed checkpoint with nothing in flight they were.
    AtOnce { completed: Stop },
    /// When they are committed.
    OnCommit(Commits),
}

/// How far the transactions of a sink were committed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Commits {
    /// By every subtask, as far as nothing was in flight.
    pub(super) by_all: Stop,
    /// By any subtask.
    pub(super) by_any: Stop,
    /// By runs that started from this one and came as far as a checkpoint of their own: less what was in flight, and all.
    pub(super) by_children: (Stop, Stop),
    /// Cuts of abandoned timelines whose transactions a later run committed.
    pub(super) besides: Vec<CheckpointId>,
}

/// What is owed.
///
/// 1. A run that finished after its final checkpoint owes everything, one that stopped all up to there. 2. Rows that are
///    seen at once are there up to the newest completed checkpoint, and more if there was more to read. 3. Of rows that are
///    seen when they are committed each subtask has committed up to the checkpoint that its last commit was for. They need
///    not agree: notifications may have been on their way when the run ended. 4. A later run that started from a savepoint
///    has committed what that covers.
pub(super) fn what_is_owed(case: Case) -> Owed {
    let Case { ending, attempts, cuts, promised, shown, order } = case;
    let (least, most) = match (ending, &shown) {
        (Ending::Finished, _) | (Ending::FinishedAtOnce, Shown::AtOnce { .. }) => {
            (Stop::End, Stop::End)
        }
        (Ending::Stopped(end), shown) => match (attempts, cuts, shown) {
            (Attempts::One, ..) | (Attempts::Several, Cuts::Exact, Shown::OnCommit(_)) => {
                (Stop::At(end), Stop::At(end))
            }
            (Attempts::Several, Cuts::Beyond, _) | (Attempts::Several, _, Shown::AtOnce { .. }) => {
                (Stop::At(end), Stop::End)
            }
        },
        (Ending::StoppedBehind(end), shown) => match (cuts, shown) {
            // A savepoint that somebody else took meanwhile may have been committed, too.
            (Cuts::Exact, Shown::OnCommit(commits)) => {
                (Stop::At(end), Stop::At(end).max(commits.by_any))
            }
            (Cuts::Beyond, _) | (_, Shown::AtOnce { .. }) => (Stop::At(end), Stop::End),
        },
        (Ending::Unfinished, Shown::AtOnce { completed }) => (*completed, Stop::End),
        (Ending::Unfinished | Ending::FinishedAtOnce, Shown::OnCommit(commits)) => {
            let least = commits.by_all.max(commits.by_children.0);
            match cuts {
                Cuts::Exact => (least, least.max(commits.by_any).max(commits.by_children.1)),
                Cuts::Beyond => (least, Stop::End),
            }
        }
    };
    let (times, besides) = match (attempts, shown) {
        (Attempts::Several, Shown::AtOnce { .. }) => (Times::AtLeastOnce, Vec::new()),
        (Attempts::One, Shown::AtOnce { .. }) => (promised, Vec::new()),
        // Who restarts aborts what it had not committed.
        (_, Shown::OnCommit(commits)) => (promised, commits.besides),
    };
    Owed { least, most, besides, times, order }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Stop {
        Stop::At(CheckpointId::new(number))
    }

    /// A run in one attempt that a checkpoint of each kind was completed in; rows show at once.
    fn at_once(ending: Ending) -> Case {
        Case {
            ending,
            attempts: Attempts::One,
            cuts: Cuts::Exact,
            promised: Times::Once,
            shown: Shown::AtOnce { completed: at(3) },
            order: Order::Kept,
        }
    }

    /// The same of a sink whose subtasks have committed up to 2 and 4.
    fn on_commit(ending: Ending) -> Case {
        Case { shown: Shown::OnCommit(commits()), ..at_once(ending) }
    }

    fn commits() -> Commits {
        let by_children = (Stop::Start, Stop::Start);
        Commits { by_all: at(2), by_any: at(4), by_children, besides: Vec::new() }
    }

    #[track_caller]
    fn owes(case: Case, least: Stop, most: Stop) {
        let owed = what_is_owed(case);
        assert_eq!((owed.least, owed.most), (least, most));
    }

    const STOPPED: Ending = Ending::Stopped(CheckpointId::new(5));

    #[test]
    fn a_run_that_finished_owes_everything() {
        owes(at_once(Ending::Finished), Stop::End, Stop::End);
        owes(on_commit(Ending::Finished), Stop::End, Stop::End);
        owes(Case { cuts: Cuts::Beyond, ..on_commit(Ending::Finished) }, Stop::End, Stop::End);
    }

    #[test]
    fn a_run_that_waits_for_no_final_checkpoint_owes_what_it_committed() {
        owes(at_once(Ending::FinishedAtOnce), Stop::End, Stop::End);
        owes(on_commit(Ending::FinishedAtOnce), at(2), at(4));
    }

    #[test]
    fn a_run_that_stopped_owes_what_its_savepoint_covers() {
        owes(at_once(STOPPED), at(5), at(5));
        owes(on_commit(STOPPED), at(5), at(5));
    }

    #[test]
    fn a_run_whose_sources_went_on_behind_its_savepoint_may_have_shown_more() {
        let behind = Ending::StoppedBehind(CheckpointId::new(5));
        owes(at_once(behind), at(5), Stop::End);
        owes(on_commit(behind), at(5), at(5));
        owes(Case { cuts: Cuts::Beyond, ..on_commit(behind) }, at(5), Stop::End);
    }

    #[test]
    fn an_attempt_before_the_one_that_stopped_may_have_shown_more() {
        let several = |case: Case| Case { attempts: Attempts::Several, ..case };
        owes(several(at_once(STOPPED)), at(5), Stop::End);
        owes(several(on_commit(STOPPED)), at(5), at(5));
        // A snapshot that held records beyond its cut, and was restored, has shown them.
        let beyond = Case { cuts: Cuts::Beyond, ..on_commit(STOPPED) };
        owes(several(beyond.clone()), at(5), Stop::End);
        owes(beyond, at(5), at(5));
    }

    #[test]
    fn rows_that_are_seen_at_once_are_there_up_to_the_last_checkpoint_and_perhaps_beyond() {
        owes(at_once(Ending::Unfinished), at(3), Stop::End);
    }

    #[test]
    fn rows_that_are_seen_when_they_are_committed_are_there_as_far_as_subtasks_committed() {
        owes(on_commit(Ending::Unfinished), at(2), at(4));
        let beyond = Case { cuts: Cuts::Beyond, ..on_commit(Ending::Unfinished) };
        owes(beyond, at(2), Stop::End);
    }

    #[test]
    fn what_a_later_run_took_over_is_committed() {
        let of = |by_children| {
            let shown = Shown::OnCommit(Commits { by_children, ..commits() });
            Case { shown, ..on_commit(Ending::Unfinished) }
        };
        owes(of((at(3), at(6))), at(3), at(6));
        owes(of((at(1), at(1))), at(2), at(4));
        owes(of((at(7), at(7))), at(7), at(7));
    }

    #[test]
    fn rows_come_again_where_records_do_unless_an_abort_takes_them_back() {
        let times = |case: Case| what_is_owed(case).times;
        let several = |case: Case| Case { attempts: Attempts::Several, ..case };
        assert_eq!(times(at_once(Ending::Finished)), Times::Once);
        assert_eq!(times(several(at_once(Ending::Finished))), Times::AtLeastOnce);
        assert_eq!(times(several(on_commit(Ending::Finished))), Times::Once);
        let relaxed = Case { promised: Times::AtLeastOnce, ..on_commit(Ending::Finished) };
        assert_eq!(times(relaxed), Times::AtLeastOnce);
    }
}
