//! How soon things happen that no checkpoint waits for, and why.

use super::*;
use crate::job::{SourceTime, StateBackend, WatermarkStatus};
use crate::rules::{Failover, Release};
use crate::trace::{AbortReason, DurableWrite, EndOfTask, StorageFault};

const BOUNDS: CheckName = CheckName::ConfiguredBounds;
const FIRST: CheckpointId = CheckpointId::new(1);

impl World {
    fn of(&mut self, name: &str, event: TaskEvent) {
        let task = self.task(0, name);
        self.tell(event.of(task, Attempt::new(0)));
    }

    /// Nothing happens for so many milliseconds.
    fn wait(&mut self, millis: u64) {
        self.number += millis;
    }

    /// The channel from a subtask of `lines` to `counts/0`.
    fn channel(&self, from: &str) -> ChannelId {
        let (from, layout) = (self.task(0, from), &self.layouts[0]);
        let mut inputs = layout.inputs(self.task(0, "counts/0"));
        inputs.find(|channel| layout.ends(*channel).0 == from).expect("all send to all")
    }

    fn arrives(&mut self, from: &str, blocked: bool) {
        let (channel, checkpoint) = (self.channel(from), FIRST);
        self.of("counts/0", TaskEvent::BarrierArrived { channel, checkpoint, blocked });
    }
}

#[test]
fn what_is_restarted_restarts_nothing_once_more() {
    let restarted = |goes_on: bool| {
        let mut world = World::limited(|job| {
            let delay = SimTime::from_millis(1);
            job.restart = Some(RestartStrategy::FixedDelay { attempts: 9, delay });
            job.failover = Some(Failover::Full);
        });
        world.status(0, JobStatus::Restarting);
        if goes_on {
            let (attempt, restored) = (Attempt::new(1), None);
            world.tell(JobEvent::AttemptStarted { attempt, restored }.of(RunId::new(0)));
        }
        world.status(0, JobStatus::Restarting);
        world
    };
    restarted(true).holds();
    restarted(false).breaks(BOUNDS, "it restarts once more because of what is canceled");
}

#[test]
fn a_barrier_that_may_overtake_is_taken_when_it_is_there() {
    let taken = |unaligned, after| {
        let mut world = World::limited(|job| job.checkpoint.unaligned = unaligned);
        world.of("counts/0", TaskEvent::Running);
        world.trigger(0, 1, CheckpointKind::Checkpoint);
        world.of("lines/0", TaskEvent::BarrierEmitted { checkpoint: FIRST });
        world.wait(after);
        world.arrives("lines/0", false);
        world
    };
    taken(true, 1).holds();
    taken(false, 100).holds();
    taken(true, 100).breaks(BOUNDS, "counts/0 takes the barrier from lines/0 ");
}

#[test]
fn a_state_that_is_too_large_is_not_taken() {
    let taken = |bytes| {
        let mut world = World::limited(|job| {
            job.checkpoint.backend = StateBackend::JobManager { max_state_size: 10 };
        });
        world.trigger(0, 1, CheckpointKind::Savepoint);
        let (received, sent, windows) = (Arc::default(), Arc::default(), Arc::default());
        let (checkpoint, lists) = (FIRST, Arc::default());
        let taken = TaskEvent::SnapshotTaken { checkpoint, received, sent, windows, lists, bytes };
        world.of("counts/0", taken);
        world.of("counts/0", TaskEvent::SnapshotDurable { checkpoint });
        world
    };
    taken(10).holds();
    taken(11).breaks(BOUNDS, "a state of 11 bytes and more was taken, which is too large");
}

#[test]
fn storage_does_what_it_says_and_no_more() {
    let disturbed = |fault, is_written: bool| {
        let mut world = World::limited(|_| {});
        world.trigger(0, 1, CheckpointKind::Savepoint);
        let (task, write) = (None, DurableWrite::Metadata);
        let event = CheckpointEvent::WriteDisturbed { task, write, fault };
        world.tell(event.of(RunId::new(0), FIRST));
        if is_written {
            world.tell(CheckpointEvent::MetadataWritten.of(RunId::new(0), FIRST));
        }
        world.wait(500);
        world.status(0, JobStatus::Running);
        world
    };
    let wrong = "the metadata of checkpoint 1 was";
    disturbed(StorageFault::ReplyLost, true).says_not(wrong);
    disturbed(StorageFault::Lost, false).says_not(wrong);
    let text = "the metadata of checkpoint 1 was not written, though only the reply was lost";
    disturbed(StorageFault::ReplyLost, false).says(text);
    let text = "the metadata of checkpoint 1 was written, and storage had not taken it";
    disturbed(StorageFault::Torn, true).says(text);
}

/// A source that reads rows which tell time, at its snapshots so far; and what it told of time between the last two.
fn reads(nexts: [u32; 3], watermark: Option<i64>) -> World {
    let mut setup = setup(vec![word_count("two-phase", ("aggregate", "count"), 2)]);
    let rows: Vec<Value> = (0..400).map(|at| Value::row([Value::Int(at)])).collect();
    setup.inputs =
        [Arc::new(Log::new(InputId::new(0), 2, SimTime::from_millis(2), rows.into()))].into();
    let job = &mut Arc::make_mut(&mut setup.scenario).jobs[0];
    let interval = SimTime::from_millis(50);
    job.graph.operators[0].options.time =
        Some(SourceTime { column: Some(0), out_of_orderness: 0, idle_after: None, interval });
    let mut world = World::new(Vec::new());
    world.checks = Checks::new(setup).without_output();
    world.submit(0, None);
    world.status(0, JobStatus::Running);
    for (id, next) in [0].into_iter().chain(nexts).enumerate() {
        let id = u64::try_from(id).expect("a few") + 1;
        world.trigger(0, id, CheckpointKind::Savepoint);
        let (checkpoint, input) = (Some(CheckpointId::new(id)), InputId::new(0));
        let positions = [SourcePosition { input, partition: 0, next }].into();
        world.of("lines/0", TaskEvent::SourcePositions { checkpoint, positions });
        world.wait(100);
        if let Some(watermark) = watermark.filter(|_| id == 3) {
            let watermark = crate::job::EventTime::from_millis(watermark);
            world.of("lines/0", TaskEvent::WatermarkEmitted { watermark });
        }
    }
    world
}

#[test]
fn a_source_reads_what_is_there() {
    reads([60, 110, 160], Some(117)).says_not("lines/0 has read");
    reads([60, 60, 160], Some(117)).says("lines/0 has read 0 records in");
}

#[test]
fn a_source_tells_how_far_it_has_come() {
    let late = "lines/0 tells watermark";
    reads([60, 110, 160], Some(117)).says_not(late);
    reads([60, 110, 160], Some(116)).says("lines/0 tells watermark 116, and had come to 117");
    reads([60, 110, 160], None).says("lines/0 tells watermark min, and had come to 117");
    reads([60, 110, 110], None).says_not(late);
}

#[test]
fn a_task_is_as_far_as_its_senders_were_at_a_barrier() {
    let taken = |own: i64, have_woken: bool| {
        let watermark = |millis| crate::job::EventTime::from_millis(millis);
        let mut world = World::limited(|_| {});
        world.trigger(0, 1, CheckpointKind::Savepoint);
        for (name, told) in [("lines/0", 50), ("lines/1", 60), ("counts/0", own)] {
            world.of(name, TaskEvent::WatermarkEmitted { watermark: watermark(told) });
            for status in [WatermarkStatus::Idle, WatermarkStatus::Active] {
                if have_woken {
                    world.of(name, TaskEvent::WatermarkStatusChanged { status });
                }
            }
            let task = world.task(0, name);
            world.snapshot(task, 1, &[], &[]);
        }
        world
    };
    let behind = "counts/0 has come to 49 at the barrier of checkpoint 1";
    taken(50, false).says_not("at the barrier of checkpoint 1");
    taken(49, true).says_not(behind);
    taken(49, false).says(behind);
}

#[test]
fn nobody_waits_for_a_barrier_that_will_not_come() {
    let waits = |flink: Release, gives_up: bool| {
        let mut setup = setup(vec![word_count("two-phase", ("aggregate", "count"), 2)]);
        Arc::make_mut(&mut setup.scenario).flink = flink;
        let mut world = World::new(Vec::new());
        world.checks = Checks::new(setup).without_output();
        world.submit(0, None);
        world.status(0, JobStatus::Running);
        world.trigger(0, 1, CheckpointKind::Savepoint);
        world.arrives("lines/0", true);
        world.of("lines/1", TaskEvent::Ended { how: EndOfTask::Finished });
        if gives_up {
            world.of("counts/0", TaskEvent::DeclineSent { checkpoint: FIRST });
        }
        world
    };
    let in_vain = "for a barrier of checkpoint 1 that will not come";
    waits(Release::V1_8, true).says_not(in_vain);
    waits(Release::V1_20, false).says_not(in_vain);
    waits(Release::V1_8, false).says(in_vain);
}

#[test]
fn a_marker_comes_before_the_notice_that_a_checkpoint_is_off() {
    let off = |comes: bool| {
        let mut world = World::limited(|_| {});
        world.trigger(0, 1, CheckpointKind::Savepoint);
        world.arrives("lines/0", true);
        let (channel, checkpoint) = (world.channel("lines/1"), FIRST);
        let hears = TaskEvent::CancellationArrived { channel, checkpoint };
        world.of("lines/1", hears.clone());
        if comes {
            world.of("counts/0", hears);
        }
        world.wait(5);
        let (kind, reason) = (CheckpointKind::Savepoint, AbortReason::Canceled);
        world.tell(CheckpointEvent::Aborted { kind, reason }.of(RunId::new(0), FIRST));
        world
    };
    let in_vain = "for a barrier of checkpoint 1 that will not come";
    off(true).says_not(in_vain);
    off(false).says(in_vain);
}

#[test]
fn who_is_to_be_deployed_is() {
    let waits = "waits for slots";
    let mut world = World::limited(|_| {});
    let manager = crate::job::TaskManagerId::new(0);
    world.of("lines/0", TaskEvent::Deployed { manager });
    world.says_not(waits);
    World::limited(|_| {}).says(waits);
}
