//! Configured bounds: each limit by itself, kept and exceeded by one.

use super::*;
use crate::job::CheckpointKind::{Checkpoint, Savepoint};
use crate::trace::{AbortReason, CheckName};

const COUNT: (&str, &str) = ("aggregate", "count");
const BOUNDS: CheckName = CheckName::ConfiguredBounds;

impl World {
    /// One run of a word count that runs, with other limits.
    pub(super) fn limited(change: impl FnOnce(&mut JobConfig)) -> Self {
        let mut setup = setup(vec![word_count("two-phase", COUNT, 2)]);
        change(&mut Arc::make_mut(&mut setup.scenario).jobs[0]);
        let mut world = Self::new(Vec::new());
        world.checks = Checks::new(setup).without_output();
        world.submit(0, None);
        world.status(0, JobStatus::Running);
        world
    }

    fn abort(&mut self, id: u64, kind: CheckpointKind, reason: AbortReason) {
        let event = CheckpointEvent::Aborted { kind, reason };
        self.tell(event.of(RunId::new(0), CheckpointId::new(id)));
    }

    fn whole(&mut self, id: u64) {
        self.trigger(0, id, Checkpoint);
        self.complete(0, id, Checkpoint);
    }

    fn subsume(&mut self, id: u64) {
        self.tell(CheckpointEvent::Subsumed.of(RunId::new(0), CheckpointId::new(id)));
    }
}

#[test]
fn no_more_checkpoints_are_pending_than_may_be() {
    let two_pending = || {
        let mut world = World::limited(|job| job.checkpoint.max_concurrent = 2);
        world.trigger(0, 1, Checkpoint);
        world.trigger(0, 2, Checkpoint);
        world
    };
    two_pending().holds();
    let mut world = two_pending();
    world.trigger(0, 3, Savepoint);
    world.holds();
    let mut world = two_pending();
    world.trigger(0, 3, Checkpoint);
    world.breaks(BOUNDS, "a checkpoint was triggered while 2 were pending, and 2 may be");
}

#[test]
fn a_pause_is_kept_after_a_completion() {
    let paused = |pause| {
        let mut world = World::limited(|job| {
            (job.checkpoint.min_pause, job.checkpoint.retained) = (SimTime::from_millis(pause), 9);
        });
        world.whole(1);
        world.trigger(0, 2, Checkpoint);
        world
    };
    paused(1).holds();
    paused(2).breaks(BOUNDS, "a checkpoint was triggered before its pause was over");
}

#[test]
fn a_checkpoint_expires_at_its_time() {
    let timed = |timeout| {
        let mut world =
            World::limited(|job| job.checkpoint.timeout = SimTime::from_millis(timeout));
        world.trigger(0, 1, Savepoint);
        world
    };
    timed(2_000).holds();
    timed(10).breaks(BOUNDS, "checkpoint 1 is pending, and should have expired at");
    let expired = |timeout| {
        let mut world = timed(timeout);
        world.abort(1, Savepoint, AbortReason::Expired);
        world
    };
    expired(1).holds();
    expired(2).breaks(BOUNDS, "checkpoint 1 expired before its time");
}

#[test]
fn the_oldest_goes_when_too_many_are_kept() {
    let mut world = World::limited(|_| {});
    world.whole(1);
    world.whole(2);
    world.subsume(1);
    world.whole(3);
    world.subsume(2);
    world.trigger(0, 4, Savepoint);
    world.holds();
    let mut world = World::limited(|_| {});
    world.whole(1);
    world.whole(2);
    world.trigger(0, 3, Savepoint);
    world.breaks(BOUNDS, "2 completed checkpoints are kept, and 1 may be");
    let mut world = World::limited(|job| job.checkpoint.retained = 2);
    (1..=3).for_each(|id| world.whole(id));
    world.subsume(2);
    world.breaks(BOUNDS, "checkpoint 2 was subsumed, and older ones are kept");
}

#[test]
fn a_job_fails_when_more_checkpoints_failed_than_it_tolerates() {
    let failed = |tolerable_failures| {
        let mut world = World::limited(|job| {
            job.checkpoint.tolerable_failures = tolerable_failures;
            let delay = SimTime::from_millis(1);
            job.restart = Some(RestartStrategy::FixedDelay { attempts: 3, delay });
        });
        world.trigger(0, 1, Checkpoint);
        world.abort(1, Checkpoint, AbortReason::FinalizeFailed);
        world
    };
    let restarted = |tolerable| {
        let mut world = failed(tolerable);
        world.status(0, JobStatus::Restarting);
        world
    };
    let goes_on = |tolerable| {
        let mut world = failed(tolerable);
        world.trigger(0, 2, Checkpoint);
        world
    };
    restarted(0).holds();
    goes_on(1).holds();
    goes_on(0).breaks(BOUNDS, "it goes on after more failed checkpoints than it tolerates");
    restarted(1).breaks(BOUNDS, "it fails because of checkpoint 1, and tolerates 1 failures");
}

#[test]
fn a_job_restarts_as_often_as_it_may() {
    let restarted = |times: u32, end| {
        let mut world = World::limited(|job| {
            let delay = SimTime::from_millis(1);
            job.restart = Some(RestartStrategy::FixedDelay { attempts: 2, delay });
        });
        (0..times).for_each(|_| world.status(0, JobStatus::Restarting));
        world.status(0, end);
        world
    };
    restarted(2, JobStatus::Failed).holds();
    restarted(1, JobStatus::Running).holds();
    restarted(1, JobStatus::Failed).breaks(BOUNDS, "it failed after 1 of 2 restarts");
    restarted(3, JobStatus::Running).breaks(BOUNDS, "it restarts 3 times, and may 2 times");
}

#[test]
fn channels_hold_no_more_than_their_capacity_back() {
    let aligned = |held| {
        let mut world = World::limited(|_| {});
        let (task, checkpoint) = (world.task(0, "counts/1"), CheckpointId::new(1));
        world.trigger(0, 1, Savepoint);
        world.tell(TaskEvent::AlignmentCompleted { checkpoint, held }.of(task, Attempt::new(0)));
        world
    };
    aligned(32).holds();
    aligned(33).breaks(BOUNDS, "counts/1 holds 33 records back in 1 channels of 32 each");
}

#[test]
fn a_job_that_is_canceled_counts_no_acks() {
    let mut world = World::limited(|_| {});
    world.trigger(0, 1, Checkpoint);
    world.status(0, JobStatus::Canceling);
    let (task, checkpoint) = (world.task(0, "counts/1"), CheckpointId::new(1));
    let verdict = AckVerdict::Accepted;
    world.tell(TaskEvent::AckHandled { checkpoint, verdict }.of(task, Attempt::new(0)));
    world.breaks(BOUNDS, "an ack of checkpoint 1 counted of a job that is canceled");
}
