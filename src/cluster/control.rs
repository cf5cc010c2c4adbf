//! What is on the agenda, packed into 24 bits: a channel's head, a task's turn, a source's next read, or a control.
//!
//! Controls are everything that is rare: messages, timers, storage, steps. They wait in a table with free places.

use crate::cluster::ids::WireId;
use crate::effect::{Deployment, JobTimer, ToJob, ToTask};
use crate::job::{Attempt, CheckpointId, RunId, TaskId, TaskManagerId};
use crate::kernel::SimTime;
use crate::state::{CompletedCheckpoint, OperatorSnapshot};
use std::sync::Arc;

/// A kind of event; the upper 2 bits of what is on the agenda.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The head of a channel arrives.
    Head,
    /// A task that had work waiting is free.
    Turn,
    /// A source may read on.
    Read,
    /// A control falls due.
    Control,
}

const INDEX_BITS: u32 = 22;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// Packs an event. Panics if the world has 2^22 of that kind of thing.
#[inline]
pub(crate) fn pack(kind: Kind, index: usize) -> u32 {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    assert!(index <= INDEX_MASK, "a world holds at most {INDEX_MASK} channels, tasks or controls");
    let kind = match kind {
        Kind::Head => 0,
        Kind::Turn => 1,
        Kind::Read => 2,
        Kind::Control => 3,
    };
    kind << INDEX_BITS | index
}

/// Unpacks an event.
#[inline]
#[expect(clippy::as_conversions, reason = "a widening conversion that must inline")]
pub(crate) const fn unpack(what: u32) -> (Kind, usize) {
    let kind = match what >> INDEX_BITS {
        0 => Kind::Head,
        1 => Kind::Turn,
        2 => Kind::Read,
        _ => Kind::Control,
    };
    (kind, (what & INDEX_MASK) as usize)
}

/// Something rare that falls due.
#[derive(Clone, Debug)]
pub(crate) enum Control {
    /// Something falls due for an attempt of a task, wherever it lives by then.
    Task { task: TaskId, attempt: Attempt, what: ForTask },
    /// A message reaches a job manager.
    ToJob { task: TaskId, attempt: Attempt, message: ToJob },
    /// A barrier that may overtake records arrives.
    BarrierArrives { wire: WireId, attempt: Attempt, checkpoint: CheckpointId },
    /// Something reaches a job manager, if it still leads.
    ToLeader { run: RunId, leader: u32, news: News },
    /// The store that survives the job manager points to a checkpoint.
    Pointer { run: RunId, leader: u32, checkpoint: Arc<CompletedCheckpoint>, is_heard: bool },
    /// Another job manager takes over what a dead one had.
    TakeOver(RunId),
    /// The new job manager has the task managers it needs.
    Recover(RunId),
    /// A step of the scenario is carried out.
    Step(usize),
    /// A new task manager takes the place of a lost one.
    Replaced(TaskManagerId),
    /// The job manager has not heard of a task manager for too long, which is cut off since then.
    TaskManagerSilent { manager: TaskManagerId, since: SimTime },
    /// Nor has that heard of the job manager.
    JobManagerSilent { manager: TaskManagerId, since: SimTime },
    /// A task manager is not cut off any more.
    NetworkWhole { manager: TaskManagerId, since: SimTime },
    /// The world ends here at the latest.
    Until,
    /// The world ends if nothing has happened since: the activity counter then.
    Quiet(u64),
}

/// What falls due for a task.
#[derive(Clone, Debug)]
pub(crate) enum ForTask {
    /// A message reaches it.
    Message(ToTask),
    /// It has been deployed, and restores its state.
    Started(Box<Deployment>),
    /// Its snapshot has been uploaded.
    Durable(CheckpointId, Vec<Arc<OperatorSnapshot>>),
    /// It notices that its snapshot is durable, and sends its ack.
    SendAck(CheckpointId, Vec<Arc<OperatorSnapshot>>),
    /// Its snapshot could not be uploaded.
    UploadFailed(CheckpointId),
    /// The aligned time of a checkpoint is over for it.
    AlignmentTimer(CheckpointId),
    /// Something is due in time.
    Wake(SimTime),
    /// Its task manager hears that its attempt is over.
    Disowned,
    /// What keeps it busy is over.
    Unblock,
}

impl ForTask {
    /// For this attempt of a task.
    pub(crate) const fn of(self, task: TaskId, attempt: Attempt) -> Control {
        Control::Task { task, attempt, what: self }
    }
}

/// What reaches a job manager.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    /// One of its timers.
    Timer(JobTimer),
    /// The metadata of a checkpoint is durable. Of a writer that died half a file is left, which nobody takes for one.
    Metadata(CheckpointId),
    /// The storer's reply about it.
    MetadataStored(CheckpointId),
    /// The metadata of a checkpoint is durable, but the job manager does not hear of it.
    MetadataUnheard(CheckpointId),
    /// The metadata of a checkpoint was refused, or never answered for.
    MetadataFailed(CheckpointId),
    /// The reply of the store that survives the job manager, about a pointer.
    PointerStored(CheckpointId),
    /// A pointer was refused, or never answered for.
    PointerFailed(CheckpointId),
}

/// Controls that have not fallen due, each with the trace entry that caused it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Controls {
    places: Vec<Option<(Control, Option<u64>)>>,
    free: Vec<usize>,
}

impl Controls {
    pub(crate) fn put(&mut self, control: Control, cause: Option<u64>) -> usize {
        match self.free.pop() {
            Some(place) => {
                let before = self.places[place].replace((control, cause));
                assert!(before.is_none(), "a control takes the place of {before:?}");
                place
            }
            None => {
                self.places.push(Some((control, cause)));
                self.places.len() - 1
            }
        }
    }

    /// One that has not fallen due, without taking it.
    pub(crate) fn peek(&self, place: usize) -> Option<&Control> {
        self.places.get(place)?.as_ref().map(|(control, _)| control)
    }

    /// The steps that have not fallen due.
    pub(crate) fn steps(&self) -> impl Iterator<Item = usize> {
        self.places.iter().filter_map(|place| match place {
            Some((Control::Step(step), _)) => Some(*step),
            Some(_) | None => None,
        })
    }

    pub(crate) fn take(&mut self, place: usize) -> (Control, Option<u64>) {
        self.free.push(place);
        self.places[place].take().expect("a control falls due once")
    }
}
