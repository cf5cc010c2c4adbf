//! What a snapshot keeps, and how it comes back: records in flight, shared files, open transactions.

use super::*;
use crate::job::CheckpointKind::Checkpoint;
use crate::job::{FileId, SharedFile};
use crate::trace::{ChannelEnd, CheckName, EndOfTask};

const COUNT: (&str, &str) = ("aggregate", "count");

/// Records that were in flight on channel 1 at checkpoint 1 come back in this order.
fn restored_in_flight(back: &[Origin]) -> World {
    let mut world = World::of_one("two-phase", COUNT);
    let (task, checkpoint, channel) =
        (world.task(0, "counts/1"), CheckpointId::new(1), ChannelId::new(1));
    world.trigger(0, 1, Checkpoint);
    for (end, offsets) in [(ChannelEnd::Receiver, [1, 2]), (ChannelEnd::Sender, [3, 4])] {
        let origins = offsets.map(|offset| origin(0, offset, 0)).into();
        let persisted = TaskEvent::InFlightPersisted { checkpoint, channel, end, origins };
        world.tell(persisted.of(task, Attempt::new(0)));
    }
    world.complete(0, 1, Checkpoint);
    let (attempt, restored) = (Attempt::new(1), Some(checkpoint));
    world.tell(JobEvent::AttemptStarted { attempt, restored }.of(RunId::new(0)));
    let (origins, records) = (back.into(), u64::try_from(back.len()).expect("few"));
    let back = TaskEvent::InFlightRestored { checkpoint, channel, records, sum: 0, origins };
    world.tell(back.of(task, attempt));
    world
}

#[test]
fn records_in_flight_come_back_in_their_order() {
    let [one, two, three, four] = [1, 2, 3, 4].map(|offset| origin(0, offset, 0));
    restored_in_flight(&[one, two, three, four]).holds();
    // Others share the channel now, and some have gone elsewhere.
    restored_in_flight(&[one, origin(1, 7, 0), three]).holds();
    let text = "the records in flight at checkpoint 1 came back in another order";
    restored_in_flight(&[two, one, three, four]).breaks(CheckName::CutConsistency, text);
    // Where some came elsewhere nothing can be said.
    restored_in_flight(&[three, one]).holds();
}

#[test]
fn a_shared_file_holds_the_state_of_its_checkpoint() {
    let refers = |held: u64, last: u16| {
        let mut world = World::of_one("two-phase", COUNT);
        let (task, checkpoint) = (world.task(0, "counts/1"), CheckpointId::new(1));
        world.trigger(0, 1, Checkpoint);
        let file = SharedFile { id: FileId::of(7), groups: (0, last), number: 0, content: 70 };
        let created = TaskEvent::FileCreated { checkpoint, file: file.id, content: 70 };
        world.tell(created.of(task, Attempt::new(0)));
        world.complete(0, 1, Checkpoint);
        let (files, held) = ([file].into(), [held].into());
        let refers = CheckpointEvent::FilesReferred { files, held };
        world.tell(refers.of(RunId::new(0), checkpoint));
        world
    };
    refers(70, 7).holds();
    let text = "which holds 9 key groups, and 8 are written together at most";
    refers(70, 8).breaks(CheckName::ReferenceSafety, text);
    refers(71, 7).breaks(CheckName::ReferenceSafety, "which does not hold its state");
}

#[test]
fn no_savepoint_is_stored_where_another_is() {
    let stored = |paths: [&str; 2]| {
        let mut world = World::of_one("two-phase", COUNT);
        for (path, id) in paths.into_iter().zip(1..) {
            let (label, path) = ("kept".into(), path.into());
            let event = CheckpointEvent::SavepointStored { label, path };
            world.tell(event.of(RunId::new(0), CheckpointId::new(id)));
        }
        world
    };
    stored(["savepoints/one", "savepoints/two"]).holds();
    let text = "savepoints/one is the place of 1, and now of another";
    stored(["savepoints/one", "savepoints/one"]).breaks(CheckName::ReferenceSafety, text);
}

/// A sink begins a transaction before or after it draws its state for checkpoint 1, and another attempt is restored from
/// that.
fn begun(before: bool) -> World {
    let mut world = World::of_one("two-phase", COUNT);
    let (task, attempt) = (world.task(0, "out/0"), Attempt::new(0));
    let begin = |world: &mut World| {
        let transaction = TransactionId { job: key(0), subtask: 0, attempt: 0, number: 0 };
        let (external, event) = (ExternalId::new(0), TransactionEvent::Begun);
        world.tell(TraceEvent::Transaction { external, transaction, task, attempt, event });
    };
    world.trigger(0, 1, Checkpoint);
    if before {
        begin(&mut world);
    }
    world.snapshot(task, 1, &[], &[]);
    if !before {
        begin(&mut world);
    }
    world.complete(0, 1, Checkpoint);
    let (next, restored) = (Attempt::new(1), Some(CheckpointId::new(1)));
    world.tell(JobEvent::AttemptStarted { attempt: next, restored }.of(RunId::new(0)));
    world.tell(
        TaskEvent::Initialized {
            restored,
            state: Arc::default(),
            declared: None,
            lists: Arc::default(),
        }
        .of(task, next),
    );
    world
}

#[test]
fn a_transaction_that_a_restored_snapshot_tells_of_comes_to_an_end() {
    begun(false).holds();
    let text = "a transaction is open in the end, although its sink was restored from checkpoint 1";
    begun(true).breaks(CheckName::TransactionHygiene, text);
}

#[test]
fn a_sink_that_closes_leaves_no_transaction_open() {
    let ended = |how| {
        let mut world = begun(false);
        let task = world.task(0, "out/0");
        world.tell(TaskEvent::Ended { how }.of(task, Attempt::new(0)));
        world
    };
    ended(EndOfTask::Failed).holds();
    let text = "a transaction is open in the end, although its sink was closed";
    ended(EndOfTask::Canceled).breaks(CheckName::TransactionHygiene, text);
}
