//! Durable storage at its worst: writes that it refuses, tears, loses, or does without ever saying so.
//!
//! A fault waits for a write that fits. What a failed write does to its checkpoint is not decided here.

use crate::cluster::control::{Control, News};
use crate::cluster::ids::PlaceId;
use crate::cluster::journal::Journal;
use crate::cluster::storage::Storage;
use crate::cluster::world::World;
use crate::effect::ToTask;
use crate::job::{CheckpointId, LocalTaskId, RunId};
use crate::kernel::SimTime;
use crate::scenario::{DisturbedWrite, StorageFailing, TaskName};
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckpointEvent, DurableWrite, StorageFault};
use std::sync::Arc;

/// How long a job manager waits for storage to answer; then it takes the write for failed. Longer than any write takes.
const PATIENCE: SimTime = SimTime::from_secs(1);

impl Storage {
    /// Lets a write to come go wrong.
    pub(crate) fn disturb_write(&mut self, failing: StorageFailing) {
        self.failing_writes.push(failing);
    }

    /// What goes wrong with a write of a checkpoint, if a fault waits for one like it, which is used up then.
    fn meets_fault(
        &mut self,
        write: DurableWrite,
        checkpoint: CheckpointId,
        is_of: impl Fn(&DisturbedWrite) -> bool,
    ) -> Option<StorageFault> {
        let fits = |failing: &StorageFailing| {
            let kind = match failing.write {
                DisturbedWrite::State(_) => DurableWrite::State,
                DisturbedWrite::Metadata(_) => DurableWrite::Metadata,
                DisturbedWrite::Pointer(_) => DurableWrite::Pointer,
                DisturbedWrite::Folder(_) => DurableWrite::Folder,
            };
            let is_it = failing.checkpoint.is_none_or(|wanted| checkpoint.number() == wanted);
            kind == write && is_it && is_of(&failing.write)
        };
        let number = self.failing_writes.iter().position(fits)?;
        let failing = &mut self.failing_writes[number];
        let fault = failing.fault;
        assert!(failing.times > 0, "a fault waits for {write:?} that is used up");
        failing.times -= 1;
        if failing.times == 0 {
            self.failing_writes.remove(number);
        }
        Some(fault)
    }
}

/// What goes wrong with a write of a run, or of the task at a place.
pub(crate) fn meets_fault(
    world: &mut World,
    write: DurableWrite,
    run: RunId,
    place: Option<PlaceId>,
    checkpoint: CheckpointId,
) -> Option<StorageFault> {
    let is_named = |name: &TaskName| place.is_some_and(|id| world.leaders.is_named(id, name));
    let fault = world.storage.meets_fault(write, checkpoint, |disturbed| match disturbed {
        DisturbedWrite::State(name) => is_named(name),
        DisturbedWrite::Metadata(job)
        | DisturbedWrite::Pointer(job)
        | DisturbedWrite::Folder(job) => world.leaders[run].name() == job,
    })?;
    let task = place.map(|place| world.hosts.places[place].id);
    world.journal.tell(CheckpointEvent::WriteDisturbed { task, write, fault }.of(run, checkpoint));
    Some(fault)
}

/// Takes the triggers of a checkpoint back for which no folder can be made; whether that is so.
pub(crate) fn lacks_folder(
    world: &mut World,
    run: RunId,
    checkpoint: CheckpointId,
    messages: &mut Vec<(LocalTaskId, ToTask)>,
) -> bool {
    let fault = meets_fault(world, DurableWrite::Folder, run, None, checkpoint);
    assert!(fault.is_none_or(|fault| fault == StorageFault::Refused), "a folder is {fault:?}");
    if fault.is_some() {
        messages.retain(|(_, message)| {
            !matches!(message, ToTask::Trigger(barrier) if barrier.checkpoint == checkpoint)
        });
    }
    fault.is_some()
}

/// Writes the metadata of a checkpoint.
pub(crate) fn write_metadata(world: &mut World, run: RunId, checkpoint: CheckpointId) {
    let (low, high) = world.network.settings.metadata_write;
    let took = world.leaders[run].metadata.span(checkpoint.number() << 1, low, high);
    let leader = world.leaders[run].leader;
    let news = |news: News| Control::ToLeader { run, leader, news };
    let fault = meets_fault(world, DurableWrite::Metadata, run, None, checkpoint);
    let done = match fault == Some(StorageFault::ReplyLost) {
        true => News::MetadataUnheard(checkpoint),
        false => News::Metadata(checkpoint),
    };
    let failed = news(News::MetadataFailed(checkpoint));
    write(&mut world.journal, fault, took, (news(done), failed));
}

/// The metadata of a checkpoint is durable; the job manager hears of it a little later.
pub(crate) fn on_metadata(world: &mut World, run: RunId, checkpoint: CheckpointId) {
    world.journal.tell(CheckpointEvent::MetadataWritten.of(run, checkpoint));
    let (low, high) = world.network.settings.message_latency;
    let draw = checkpoint.number() << 1 | 1;
    let at = world.journal.now.plus(world.leaders[run].metadata.span(draw, low, high));
    world.send_news(run, at, News::MetadataStored(checkpoint));
}

/// Has the store point to a checkpoint.
pub(crate) fn write_pointer(world: &mut World, run: RunId, checkpoint: Arc<CompletedCheckpoint>) {
    let (id, leader) = (checkpoint.properties().id, world.leaders[run].leader);
    let (latency, choices) = (world.network.settings.message_latency, &world.given.choices);
    let took = world.leaders[run].pointer_span(id, "write", latency, choices);
    let fault = meets_fault(world, DurableWrite::Pointer, run, None, id);
    let is_heard = fault.is_none();
    let done = Control::Pointer { run, leader, checkpoint, is_heard };
    let failed = Control::ToLeader { run, leader, news: News::PointerFailed(id) };
    write(&mut world.journal, fault, took, (done, failed));
}

/// A write takes so long, and is done or has failed. What was never answered is given up.
fn write(
    journal: &mut Journal,
    fault: Option<StorageFault>,
    took: SimTime,
    (done, failed): (Control, Control),
) {
    let now = journal.now;
    let (answered, given_up) = (now.plus(took), now.plus(PATIENCE.max(took)));
    match fault {
        None => journal.schedule(answered, done),
        Some(StorageFault::Refused) => journal.schedule(answered, failed),
        Some(StorageFault::Torn | StorageFault::Lost) => {
            journal.schedule(given_up, failed);
        }
        Some(StorageFault::ReplyLost) => {
            journal.schedule(answered, done);
            journal.schedule(given_up, failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::tests::copy_job;

    #[test]
    fn a_fault_of_storage_meets_the_writes_it_aims_at_and_is_used_up() {
        let mut storage = Storage::new(&copy_job().0);
        storage.disturb_write(StorageFailing {
            write: DisturbedWrite::Metadata("copy".to_owned()),
            fault: StorageFault::Torn,
            checkpoint: Some(2),
            times: 2,
        });
        let mut meets =
            |write, checkpoint| storage.meets_fault(write, CheckpointId::new(checkpoint), |_| true);
        assert_eq!(meets(DurableWrite::Metadata, 1), None);
        assert_eq!(meets(DurableWrite::Pointer, 2), None);
        assert_eq!(meets(DurableWrite::Metadata, 2), Some(StorageFault::Torn));
        assert_eq!(meets(DurableWrite::Metadata, 2), Some(StorageFault::Torn));
        assert_eq!(meets(DurableWrite::Metadata, 2), None);
    }
}
