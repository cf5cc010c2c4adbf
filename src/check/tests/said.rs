//! What tasks and their job manager say to one another, and what is left behind of what they did.

use super::*;
use crate::job::CheckpointKind::{Checkpoint, Savepoint};
use crate::job::{FileId, TaskManagerId};
use crate::trace::{AbortReason, DurableWrite, StorageFault};

const COUNT: (&str, &str) = ("aggregate", "count");
const FENCING: CheckName = CheckName::ParticipantsAndFencing;

/// What the sink does, in a world with a checkpoint on its way.
fn sink_does(events: &[TaskEvent]) -> World {
    let mut world = World::of_one("two-phase", COUNT);
    let task = world.task(0, "out/0");
    for event in events {
        world.tell(event.clone().of(task, Attempt::new(0)));
    }
    world
}

fn id(number: u64) -> CheckpointId {
    CheckpointId::new(number)
}

#[test]
fn a_job_runs_when_each_of_its_tasks_has_said_so() {
    let running = |has_said: bool| {
        let manager = TaskManagerId::new(0);
        let said = has_said.then_some(TaskEvent::Running);
        let events: Vec<_> = [TaskEvent::Deployed { manager }].into_iter().chain(said).collect();
        let mut world = sink_does(&events);
        world.status(0, JobStatus::Running);
        world
    };
    running(true).holds();
    running(false).breaks(FENCING, "count#0 runs, and 1 of its tasks have not said so");
}

#[test]
fn nobody_acks_what_they_declined() {
    let [one, two] = [id(1), id(2)];
    let says = |declined, acked| {
        let events = [
            TaskEvent::DeclineSent { checkpoint: declined },
            TaskEvent::SnapshotDurable { checkpoint: acked },
            TaskEvent::AckSent { checkpoint: acked },
        ];
        sink_does(&events)
    };
    says(one, two).holds();
    says(one, one).breaks(FENCING, "checkpoint 1 was declined and acked");
}

#[test]
fn acks_are_heard_in_the_order_in_which_they_were_sent() {
    let heard = |first, second| {
        let durable = [1, 2].map(|number| TaskEvent::SnapshotDurable { checkpoint: id(number) });
        let sent = [1, 2].map(|number| TaskEvent::AckSent { checkpoint: id(number) });
        let verdict = AckVerdict::Late;
        let heard =
            [first, second].map(|number| TaskEvent::AckHandled { checkpoint: id(number), verdict });
        sink_does(&[durable, sent, heard].concat())
    };
    heard(1, 2).holds();
    heard(2, 1).breaks(FENCING, "an ack of checkpoint 2 overtook that of 1");
}

#[test]
fn checkpoints_are_told_in_the_order_in_which_they_completed() {
    let told = |order: [u64; 2]| {
        let mut world = World::of_one("two-phase", COUNT);
        for number in [1, 2] {
            world.checkpoint(0, number, [1, 1], Checkpoint);
        }
        let task = world.task(0, "out/0");
        for number in order {
            let checkpoint = id(number);
            world.tell(TaskEvent::NotifyHandled { checkpoint }.of(task, Attempt::new(0)));
        }
        world
    };
    told([1, 2]).holds();
    told([2, 1]).breaks(FENCING, "a task was told of checkpoint 1 after 2, which completed later");
}

#[test]
fn what_storage_did_not_take_is_not_durable() {
    let written = |fault| {
        let mut world = World::of_one("two-phase", COUNT);
        world.trigger(0, 1, Checkpoint);
        let task = world.task(0, "out/0");
        let (checkpoint, write) = (id(1), DurableWrite::State);
        let disturbed = CheckpointEvent::WriteDisturbed { task: Some(task), write, fault };
        world.tell(disturbed.of(RunId::new(0), checkpoint));
        world.tell(TaskEvent::SnapshotDurable { checkpoint }.of(task, Attempt::new(0)));
        world
    };
    written(StorageFault::ReplyLost).holds();
    written(StorageFault::Refused).breaks(FENCING, "is durable, and storage did not take it");
}

#[test]
fn a_savepoint_is_subsumed_by_no_checkpoint() {
    let subsumed = |by| {
        let mut world = World::of_one("two-phase", COUNT);
        world.trigger(0, 1, Savepoint);
        world.checkpoint(0, 2, [1, 1], by);
        let (kind, reason) = (Savepoint, AbortReason::Subsumed);
        world.tell(CheckpointEvent::Aborted { kind, reason }.of(RunId::new(0), id(1)));
        world
    };
    subsumed(Savepoint).holds();
    let verdict = subsumed(Checkpoint).finish();
    let mut texts = verdict.violations().map(|violation| violation.text.as_str());
    assert!(texts.any(|text| text == "savepoint 1 was subsumed by checkpoint 2"));
}

#[test]
fn nobody_takes_part_in_what_they_know_is_off() {
    let mut world = World::of_one("two-phase", COUNT);
    world.trigger(0, 1, Checkpoint);
    let (kind, reason) = (Checkpoint, AbortReason::Declined);
    world.tell(CheckpointEvent::Aborted { kind, reason }.of(RunId::new(0), id(1)));
    let task = world.task(0, "out/0");
    let latency = world.checks.setup.scenario.network.message_latency.1;
    world.number += latency.nanos() / 1_000_000 + 1;
    world.snapshot(task, 1, &[], &[]);
    world.breaks(FENCING, "out/0 takes part in checkpoint 1, which is off since");
}

#[test]
fn what_is_over_is_not_left_behind() {
    let mut kept = World::of_one("two-phase", COUNT);
    kept.checkpoint(0, 1, [4, 4], Checkpoint);
    kept.leftovers.retained = vec![(RunId::new(0), vec![id(1)])];
    kept.status(0, JobStatus::Finished);
    let verdict = kept.finish();
    let mut texts = verdict.violations().map(|violation| violation.text.as_str());
    assert!(texts.any(|text| text == "count#0 has finished, and its checkpoint 1 is kept"));

    let mut deleted = World::of_one("two-phase", COUNT);
    deleted.leftovers.files = vec![FileId::of(7)];
    deleted.breaks(CheckName::ReferenceSafety, "is there, and was deleted");

    let asked = |times| {
        let mut world = World::of_one("two-phase", COUNT);
        let transaction = TransactionId { job: key(0), subtask: 0, attempt: 0, number: 0 };
        world.leftovers.commits = vec![(ExternalId::new(0), transaction, times)];
        world
    };
    asked(1).holds();
    asked(2).breaks(CheckName::TransactionHygiene, "was asked 2 times to commit a transaction");
}

#[test]
fn a_transaction_that_was_aborted_holds_nothing() {
    let open = |is_aborted: bool| {
        let mut world = World::of_one("two-phase", COUNT);
        let transaction = TransactionId { job: key(0), subtask: 0, attempt: 0, number: 0 };
        let (external, attempt) = (ExternalId::new(0), Attempt::new(0));
        let task = world.task(0, "out/0");
        let aborted = is_aborted.then_some(TransactionEvent::Aborted);
        for event in [TransactionEvent::Begun].into_iter().chain(aborted) {
            world.tell(TraceEvent::Transaction { external, transaction, task, attempt, event });
        }
        world.externals[0].open.insert(transaction, Vec::new());
        world
    };
    open(false).holds();
    open(true).breaks(CheckName::TransactionHygiene, "holds a transaction that is over");
}
