//! Cut consistency, ownership partition, mapping totality, and what happened at least once.

use super::*;
use crate::job::CheckpointKind::{Checkpoint, Savepoint};
use crate::job::{OperatorId, TaskManagerId};
use crate::trace::{
    AbortReason, CheckName, EndOfTask, Fault, Renamed, RestoreReport, Sometimes, StateKind,
    StateSum, StateUnit, WorldEvent,
};

const COUNT: (&str, &str) = ("aggregate", "count");

/// A completed checkpoint. `lines/0` feeds the subtasks of `counts` through channels 0 and 1, `lines/1` through 2 and 3.
fn one_checkpoint(received: &[ChannelMark], with_sender: bool) -> World {
    let mut world = World::of_one("two-phase", COUNT);
    world.trigger(0, 1, Checkpoint);
    let (sender, receiver) = (world.task(0, "lines/0"), world.task(0, "counts/1"));
    if with_sender {
        world.snapshot(sender, 1, &[], &[mark(0, 4, 40), mark(1, 17, 170)]);
    }
    world.snapshot(receiver, 1, received, &[]);
    world.complete(0, 1, Checkpoint);
    world
}

#[test]
fn a_cut_is_consistent_if_both_ends_agree_or_the_sender_had_finished() {
    one_checkpoint(&[mark(1, 17, 170)], true).holds();
    one_checkpoint(&[mark(1, 17, 170), mark(3, 9, 90)], true).holds();
    one_checkpoint(&[mark(1, 19, 190)], false).holds();
}

#[test]
fn a_record_behind_the_barrier_breaks_the_cut() {
    let text = "checkpoint 1: lines/0 sent 17 records to counts/1 before its barrier, the snapshot of counts/1 holds 18 of them";
    one_checkpoint(&[mark(1, 18, 180)], true).breaks(CheckName::CutConsistency, text);
    let text = "holds 17 records, too, but others or in another order";
    one_checkpoint(&[mark(1, 17, 171)], true).breaks(CheckName::CutConsistency, text);
}

#[test]
fn a_violation_says_for_programs_what_it_is_about() {
    let world = one_checkpoint(&[mark(1, 18, 180)], true);
    let tasks = vec![world.task(0, "lines/0"), world.task(0, "counts/1")];
    let verdict = world.finish();
    let evidence = &verdict.violations().next().expect("a record too many is held").evidence;
    let id = Some(CheckpointId::new(1));
    assert_eq!((evidence.checkpoint, evidence.channel), (id, Some(ChannelId::new(1))));
    assert_eq!((evidence.sent, evidence.held), (Some(17), Some(18)));
    assert_eq!(evidence.tasks, tasks);
}

fn unit(operator: OperatorId, name: &str, kind: StateKind) -> StateUnit {
    StateUnit { operator, name: name.into(), kind }
}

fn sum(unit: &StateUnit, entries: u64, sum: u64, groups: Option<(u16, u16)>) -> StateSum {
    StateSum { unit: unit.clone(), entries, sum, groups }
}

/// A restore of the word count at four instead of two subtasks of `counts`; unchanged, as it must be.
struct Restored {
    world: World,
    report: RestoreReport,
    /// By subtask of `counts`, what it holds.
    counts: [StateSum; 4],
    /// What `out/0` holds.
    list: StateSum,
}

impl Restored {
    fn new() -> Self {
        let jobs = vec![word_count("two-phase", COUNT, 2), word_count("two-phase", COUNT, 4)];
        let mut world = World::new(jobs);
        world.submit(0, None);
        world.checkpoint(0, 1, [1, 1], Savepoint);
        world.status(0, JobStatus::Canceled);
        world.submit(1, Some(SnapshotSource::Run(RunId::new(0), CheckpointId::new(1))));
        let ids = &world.layouts[1].plan.operator_ids;
        let positions = unit(ids[0], "positions", StateKind::Split);
        let counts = unit(ids[2], "count", StateKind::Keyed);
        let transactions = unit(ids[3], "transactions", StateKind::Split);
        let list = sum(&transactions, 2, 20, None);
        let report = RestoreReport {
            snapshot: vec![
                sum(&positions, 0, 0, None),
                sum(&counts, 10, 100, Some((0, 127))),
                list.clone(),
            ],
            mapped: vec![positions, counts.clone(), transactions],
            dropped: Vec::new(),
            starts_empty: Vec::new(),
            renamed: Renamed::default(),
            operators: vec![(ids[0], 0, 2), (ids[1], 0, 2), (ids[2], 128, 4), (ids[3], 0, 1)],
            dropped_in_flight: 0,
        };
        let counts = [
            sum(&counts, 1, 10, Some((0, 31))),
            sum(&counts, 2, 20, Some((32, 63))),
            sum(&counts, 3, 30, Some((64, 95))),
            sum(&counts, 4, 40, Some((96, 127))),
        ];
        Self { world, report, counts, list }
    }

    /// Makes the state of `counts` one of another kind, of ten entries and the sum 100.
    fn with_counts(kind: StateKind, held: [(u64, u64); 4]) -> Self {
        let mut restored = Self::new();
        let unit = StateUnit { kind, ..restored.counts[0].unit.clone() };
        restored.report.mapped[1] = unit.clone();
        restored.report.snapshot[1] = sum(&unit, 10, 100, None);
        restored.counts = held.map(|(entries, hash)| sum(&unit, entries, hash, None));
        restored
    }

    fn play(self) -> World {
        let Self { mut world, report, counts, list } = self;
        let (run, attempt, checkpoint) = (RunId::new(1), Attempt::new(0), CheckpointId::new(1));
        let report = Arc::new(report);
        world.tell(CheckpointEvent::RestoreMapped { attempt, report }.of(run, checkpoint));
        let mut initialize = |name: &str, state: &[StateSum]| {
            let (task, restored) = (world.task(1, name), Some(checkpoint));
            let state = state.into();
            world.tell(
                TaskEvent::Initialized { restored, state, declared: None, lists: Arc::default() }
                    .of(task, attempt),
            );
        };
        initialize("lines/0", &[]);
        initialize("lines/1", &[]);
        for (subtask, state) in counts.iter().enumerate() {
            initialize(&format!("counts/{subtask}"), std::slice::from_ref(state));
        }
        initialize("out/0", &[list]);
        world
    }
}

#[test]
fn only_a_sink_in_transactions_leaves_transactions_behind() {
    // What a state is called says nothing.
    for (operator, name, is_left) in [(2, "transactions", false), (3, "pending", true)] {
        let mut restored = Restored::new();
        let id = restored.world.layouts[1].plan.operator_ids[operator];
        restored.report.dropped = vec![unit(id, name, StateKind::Split)];
        let world = restored.play();
        let story = world.checks.history.run(RunId::new(1)).expect("it was submitted");
        assert_eq!(story.left_transactions, is_left, "{name}");
    }
}

#[test]
fn a_restore_that_deals_everything_once_holds() {
    let verdict = Restored::new().play().holds();
    for name in [
        Sometimes::Restored,
        Sometimes::RestoredAtAnotherParallelism,
        Sometimes::RescaledKeyedState,
    ] {
        assert!(verdict.sometimes.contains(&name), "{name}: {:?}", verdict.sometimes);
    }
    assert_eq!(verdict.coverage.rescaled_keyed_state, 1);
    assert_eq!(verdict.coverage.restored_midway, 1);
}

#[test]
fn key_groups_without_an_owner_are_missed() {
    let mut restored = Restored::new();
    restored.counts[3] = sum(&restored.counts[3].unit, 3, 25, Some((96, 126)));
    let text = "state `count` of `counts`, restored from checkpoint 1: the snapshot holds 10 entries, its subtasks 9";
    restored.play().breaks(CheckName::OwnershipPartition, text);
}

#[test]
fn entries_at_another_subtask_than_their_owner_are_noticed() {
    let mut restored = Restored::new();
    restored.counts[0].groups = Some((0, 32));
    let text = "counts/0 owns key groups 0 to 31 and holds entries of 0 to 32";
    restored.play().breaks(CheckName::OwnershipPartition, text);
}

#[test]
fn a_list_that_lost_an_item_is_noticed() {
    let cases =
        [(1, 10, "state `transactions` of `out`"), (2, 21, "but not those of the snapshot")];
    for (entries, hash, text) in cases {
        let mut restored = Restored::new();
        restored.list = sum(&restored.list.unit, entries, hash, None);
        restored.play().breaks(CheckName::OwnershipPartition, text);
    }
}

#[test]
fn a_union_must_be_whole_on_every_subtask() {
    let restored = |last| {
        let whole = (10, 100);
        Restored::with_counts(StateKind::Union, [whole, whole, whole, last]).play()
    };
    restored((10, 100)).holds();
    let text = "counts/3 holds 5 items of a union of 10";
    restored((5, 50)).breaks(CheckName::OwnershipPartition, text);
}

#[test]
fn broadcast_copies_must_be_equal() {
    let restored = |last| {
        let copy = (5, 50);
        Restored::with_counts(StateKind::Broadcast, [copy, copy, copy, last]).play()
    };
    restored((5, 50)).holds();
    let text = "counts/0 and counts/3 hold different copies";
    restored((5, 51)).breaks(CheckName::OwnershipPartition, text);
}

#[test]
fn a_unit_that_nobody_tells_about_is_a_violation() {
    let mut restored = Restored::new();
    restored.report.mapped.remove(0);
    restored.report.starts_empty = vec![(restored.report.operators[0].0, "lines".into())];
    let text = "state `positions` of `lines` was neither mapped nor dropped";
    restored.play().breaks(CheckName::MappingTotality, text);
    let mut restored = Restored::new();
    restored.report.dropped.push(restored.report.mapped[2].clone());
    restored.play().breaks(CheckName::MappingTotality, "was mapped 1 times and dropped 1 times");
}

#[test]
fn a_mapped_list_that_arrives_nowhere_is_a_violation() {
    let mut restored = Restored::new();
    restored.list = sum(&restored.list.unit, 0, 0, None);
    let text =
        "state `transactions` of `out` of checkpoint 1 was mapped, but no subtask holds any of it";
    restored.play().breaks(CheckName::MappingTotality, text);
}

#[test]
fn what_starts_empty_must_be_listed() {
    let without_list = || {
        let mut restored = Restored::new();
        restored.report.snapshot.pop();
        restored.report.mapped.pop();
        restored.list = sum(&restored.list.unit, 0, 0, None);
        restored
    };
    without_list()
        .play()
        .breaks(CheckName::MappingTotality, "`out` starts empty and is not listed so");
    let mut restored = without_list();
    restored.report.starts_empty = vec![(restored.report.operators[3].0, "out".into())];
    restored.play().holds();
}

#[test]
fn what_happened_is_told_by_name() {
    let mut world = World::limited(|job| job.checkpoint.timeout = SimTime::from_millis(1));
    let (task, attempt) = (world.task(0, "counts/0"), Attempt::new(0));
    let (channel, checkpoint) = (ChannelId::new(0), CheckpointId::new(1));
    world.trigger(0, 1, Checkpoint);
    world.tell(TaskEvent::BarrierArrived { channel, checkpoint, blocked: true }.of(task, attempt));
    world.tell(TaskEvent::AlignmentCompleted { checkpoint, held: 3 }.of(task, attempt));
    world.tell(TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::TaskKilled(task) }));
    let (run, kind, reason) = (RunId::new(0), Checkpoint, AbortReason::Expired);
    world.tell(CheckpointEvent::Aborted { kind, reason }.of(run, checkpoint));
    let verdict = world.holds();
    let seen: Vec<_> = verdict.sometimes.iter().copied().collect();
    let names = [
        Sometimes::ChannelBlocked,
        Sometimes::CheckpointAborted,
        Sometimes::CheckpointExpired,
        Sometimes::HeldInFlight,
        Sometimes::TaskKilled,
    ];
    assert_eq!(seen, names);
    assert_eq!(verdict.coverage.held_at_a_cut, 0, "the checkpoint did not complete");
    assert_eq!(verdict.coverage.ended_before_first_checkpoint, 1);
}

/// A world whose `out/0` is deployed on a task manager, and then again in another attempt.
fn deployed_twice(between: impl FnOnce(&mut World, TaskId)) -> World {
    let mut world = World::of_one("two-phase", COUNT);
    let task = world.task(0, "out/0");
    let manager = TaskManagerId::new(0);
    world.tell(TaskEvent::Deployed { manager }.of(task, Attempt::new(0)));
    between(&mut world, task);
    let (run, attempt, restored) = (RunId::new(0), Attempt::new(1), None);
    world.tell(JobEvent::AttemptStarted { attempt, restored }.of(run));
    let manager = TaskManagerId::new(1);
    world.tell(TaskEvent::Deployed { manager }.of(task, attempt));
    world
}

#[test]
fn a_task_is_deployed_again_when_it_has_ended_or_was_given_up() {
    let text = "attempt 1 was deployed while attempt 0 lived";
    deployed_twice(|_, _| ()).breaks(CheckName::ParticipantsAndFencing, text);
    let lost = |number| {
        TraceEvent::World(WorldEvent::TaskManagerLost { manager: TaskManagerId::new(number) })
    };
    deployed_twice(|world, _| world.tell(lost(0))).holds();
    deployed_twice(|world, _| world.tell(lost(1))).breaks(CheckName::ParticipantsAndFencing, text);
    let (attempt, how) = (Attempt::new(0), EndOfTask::Failed);
    deployed_twice(|world, task| world.tell(TaskEvent::Ended { how }.of(task, attempt))).holds();
}

#[test]
fn an_ack_of_a_zombie_must_not_count() {
    let zombie = |verdict| {
        let lost =
            TraceEvent::World(WorldEvent::TaskManagerLost { manager: TaskManagerId::new(0) });
        let mut world = deployed_twice(|world, _| world.tell(lost));
        world.trigger(0, 2, Checkpoint);
        let (task, attempt) = (world.task(0, "out/0"), Attempt::new(0));
        let checkpoint = CheckpointId::new(2);
        world.tell(TaskEvent::AckHandled { checkpoint, verdict }.of(task, attempt));
        world
    };
    zombie(AckVerdict::Foreign).holds();
    let text = "an ack of checkpoint 2 counted, of an attempt that is over";
    zombie(AckVerdict::Accepted).breaks(CheckName::ParticipantsAndFencing, text);
}
