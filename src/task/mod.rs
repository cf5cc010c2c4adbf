//! One subtask: its input gate, barrier alignment, chain of operators and snapshots.
//!
//! Decides what an element or a message means for the subtask, and asks for what follows through `TaskEffects`. Has no
//! clock, no queue and no file; does not know when it is given something nor how its sends travel.

mod aligner;
mod callbacks;
mod cancellation;
mod chain;
mod context;
mod generator;
mod increments;
mod lifecycle;
mod output;
mod overtake;
mod passage;
mod standing;
mod stop;
mod time;
mod tracker;
mod valve;

pub use aligner::{Aligner, Alignment, Overtaking};
use chain::Stem;
pub use chain::{Chain, Link, SourceInput, Target};
pub use output::{Output, Outputs};
pub use standing::{Standing, had_finished_at, holds_back_for, reads_nothing_at_all};
pub use tracker::Tracker;
pub use valve::{Advance, Valve};

use cancellation::decline_failed_snapshot;
use increments::Increments;
use lifecycle::is_closing;
use overtake::announce;
use stop::{Stopping, awaits_stop, note_stop};

use crate::effect::{InFlightOrder, ReaderEvent, TaskEffects, ToJob};
use crate::job::{
    Attempt, Barrier, BarrierAlignment, ChannelId, CheckpointConfig, CheckpointId, CheckpointKind,
    CheckpointMode, Element, InputId, Record, StateBackend, TaskId,
};
use crate::kernel::SimTime;
use crate::operator::{InputLog, Inputs, Poll, Subtask};
use crate::rules::Rules;
use crate::trace::{AbortReason, SourcePosition, TaskEvent};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where a subtask is in the life of one attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Deployed, restoring its state; elements wait in the channels.
    Starting,
    /// At work.
    Running,
    /// Its data has ended and its operators are finished; it waits for its final checkpoint, or for the last of its
    /// senders to go.
    Draining,
    /// Finished, canceled or failed.
    Ended,
}

/// What does not change while an attempt lives.
#[derive(Clone, Debug)]
pub struct Identity {
    /// In the world's numbering.
    pub task: TaskId,
    /// Which subtask of its chain, and which life of it.
    pub(crate) subtask: Subtask,
    /// What there is to read, by name.
    pub inputs: Inputs,
    /// The policies in force.
    pub rules: Arc<Rules>,
    /// How its job is checkpointed.
    pub checkpoint: CheckpointConfig,
    /// Whether barriers may overtake records on the way to it.
    pub takes_unaligned: bool,
    /// Whether a newer attempt has taken its place without its knowing.
    pub is_superseded: bool,
}

/// Which checkpoints still mean anything to a subtask.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// No barrier up to this one means anything any more.
    last: CheckpointId,
    /// The newest that it has told its receivers to be off.
    canceled: CheckpointId,
    /// Newer ones that are off already, although their barriers may still come.
    aborted: BTreeSet<CheckpointId>,
}

impl Seen {
    /// Whether a barrier of this checkpoint still means anything.
    fn is_news(&self, checkpoint: CheckpointId) -> bool {
        checkpoint > self.last && !self.aborted.contains(&checkpoint)
    }
}

/// Tells the job manager that a task does not take part in a checkpoint.
fn decline(checkpoint: CheckpointId, why: AbortReason, effects: &mut TaskEffects) {
    effects.events.push(TaskEvent::DeclineSent { checkpoint });
    effects.messages.push(ToJob::Decline(checkpoint, why));
}

/// One attempt of a subtask.
#[derive(Clone)]
pub struct Task {
    phase: Phase,
    channels: Vec<ChannelId>,
    /// Which of the operator's inputs each channel feeds.
    inputs: Vec<u8>,
    data_ended: Vec<bool>,
    aligner: Aligner,
    /// Counts barriers instead of aligning them, in at-least-once mode.
    tracker: Option<Tracker>,
    /// The watermarks of its channels, once any has told one.
    valve: Option<Box<Valve>>,
    /// The newest barrier that has arrived and may yet overtake what is before it.
    announced: Option<Barrier>,
    chain: Chain,
    awaits_final_checkpoint: bool,
    finished_on_restore: bool,
    /// The first checkpoint whose barrier came after the end of data.
    final_checkpoint: Option<CheckpointId>,
    /// Whether that one has completed.
    is_settled: bool,
    /// The savepoint that the job stops with, once this task has taken it.
    stops_with: Option<CheckpointId>,
    /// What it does meanwhile and after it.
    stopping: Stopping,
    /// Whether it is a source that was told to stop.
    is_stopped: bool,
    /// The checkpoints whose snapshots it is uploading, or has not acked.
    uploads: BTreeSet<CheckpointId>,
    /// Which checkpoints still mean anything to it.
    seen: Seen,
    /// The shared files of its incremental checkpoints.
    increments: Increments,
}

impl Task {
    /// A subtask that is about to start. `inputs` tells, by channel, which of the operator's inputs it feeds.
    pub fn new(channels: Vec<ChannelId>, inputs: Vec<u8>, chain: Chain) -> Self {
        assert_eq!(channels.len(), inputs.len(), "every channel feeds an input");
        let is_source = chain.input().is_some();
        let id = chain.identity.task;
        assert!(is_source == channels.is_empty(), "{id:?} has nothing to read from");
        Self {
            aligner: Aligner::new(channels.len()),
            tracker: match chain.identity.checkpoint.handling() {
                CheckpointMode::ExactlyOnce => None,
                CheckpointMode::AtLeastOnce => Some(Tracker::default()),
            },
            valve: None,
            announced: None,
            data_ended: vec![false; channels.len()],
            phase: Phase::Starting,
            awaits_final_checkpoint: false,
            finished_on_restore: false,
            final_checkpoint: None,
            is_settled: false,
            stops_with: None,
            stopping: Stopping::default(),
            is_stopped: false,
            uploads: BTreeSet::new(),
            seen: Seen::default(),
            increments: Increments::default(),
            channels,
            inputs,
            chain,
        }
    }

    /// Which task it is.
    pub const fn id(&self) -> TaskId {
        self.chain.identity.task
    }

    /// Which attempt.
    pub const fn attempt(&self) -> Attempt {
        self.chain.identity.subtask.attempt
    }

    /// A newer attempt takes its place: faults of the user's code aim at that one from now on.
    pub const fn supersede(&mut self) {
        self.chain.identity.is_superseded = true;
    }

    /// Where it is in its life.
    #[inline]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the channel at this input channel is held back by a barrier, or until the job has stopped.
    #[inline]
    pub fn is_blocked(&self, input_channel: usize) -> bool {
        self.stopping.holds || self.aligner.is_blocked(input_channel)
    }

    /// Takes the next element of the channel at this input channel.
    #[inline]
    pub fn on_element(
        &mut self,
        input_channel: usize,
        element: Element,
        effects: &mut TaskEffects,
    ) {
        match element {
            Element::Record(record) => self.on_record(input_channel, record, effects),
            Element::Barrier(barrier) => self.on_barrier(input_channel, barrier, effects),
            Element::Cancellation(checkpoint) => {
                self.on_cancellation(input_channel, checkpoint, effects)
            }
            Element::Watermark(time) => self.on_watermark(input_channel, time, effects),
            Element::Status(status) => self.on_status(input_channel, status, effects),
            Element::EndOfData => self.on_end_of_data(input_channel, effects),
            Element::EndOfPartition => self.on_end_of_partition(input_channel, effects),
        }
    }

    #[inline]
    fn on_record(&mut self, input_channel: usize, record: Record, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Running, "{:?}: a record after the end of data", self.id());
        debug_assert!(!awaits_stop(self), "{:?}: a record while the job stops", self.id());
        let input = self.inputs[input_channel];
        self.chain.process(input, record, effects);
    }

    fn on_barrier(&mut self, input_channel: usize, barrier: Barrier, effects: &mut TaskEffects) {
        let is_open = matches!(self.phase, Phase::Running | Phase::Draining);
        assert!(is_open, "{:?} took a barrier in while {:?}", self.id(), self.phase);
        if self.overtakes(barrier, effects.now) {
            self.overtake(input_channel, barrier, effects);
            return;
        }
        if !self.chain.identity.rules.timed_barriers_overtake_outputs {
            announce(self, barrier, effects);
        }
        if !self.seen.is_news(barrier.checkpoint) {
            self.cancel_aborted(barrier.checkpoint, effects);
            return;
        }
        self.aligner.discard_overtaken(effects);
        let holds = self.chain.identity.rules.barrier_blocks_channel && self.channels.len() > 1;
        let alignment = match &mut self.tracker {
            Some(tracker) => tracker.on_barrier(input_channel, barrier, self.aligner.closed()),
            None => self.aligner.on_barrier(input_channel, barrier, holds),
        };
        effects.events.push(TaskEvent::BarrierArrived {
            channel: self.channels[input_channel],
            checkpoint: barrier.checkpoint,
            blocked: self.aligner.is_blocked(input_channel),
        });
        match alignment {
            Alignment::Waiting => {}
            Alignment::Superseding(old) => {
                self.seen.last = old;
                decline(old, AbortReason::Declined, effects);
                self.send_cancellation(old, effects);
                effects.released = true;
            }
            Alignment::Complete(barrier) => self.complete(barrier, effects),
        }
    }

    fn complete(&mut self, barrier: Barrier, effects: &mut TaskEffects) {
        let aligned = self.aligner.collecting();
        assert!(aligned.is_none(), "{:?} is done and still aligns {aligned:?}", self.id());
        effects.released = true;
        self.take_snapshot(barrier, effects);
    }

    /// Takes a snapshot: one step with respect to records (`SubtaskCheckpointCoordinatorImpl.checkpointState`).
    ///
    /// 1. The operators may emit a last time before the barrier. 2. The barrier goes into every output. 3. The state
    ///    is drawn. What makes it durable and acks it comes later.
    fn take_snapshot(&mut self, barrier: Barrier, effects: &mut TaskEffects) {
        assert!(barrier.checkpoint > self.seen.last, "{:?}: a stale barrier", self.id());
        let is_open = matches!(self.phase, Phase::Running | Phase::Draining);
        assert!(is_open, "{:?} took a snapshot while {:?}", self.id(), self.phase);
        self.seen.last = barrier.checkpoint;
        self.seen.aborted = self.seen.aborted.split_off(&barrier.checkpoint);
        if self.phase == Phase::Draining {
            self.final_checkpoint.get_or_insert(barrier.checkpoint);
        }
        self.chain.prepare_snapshot(barrier.checkpoint, effects);
        if effects.failure.is_some() {
            return;
        }
        let resumed = self.chain.identity.checkpoint.alignment(barrier.kind);
        self.chain.outputs.emit_barrier(barrier, resumed, effects);
        if barrier.alignment != BarrierAlignment::Aligned {
            let checkpoint = barrier.checkpoint;
            let overtaken = self.aligner.overtaken().is_some();
            let open = if overtaken { self.aligner.open() } else { Vec::new() };
            effects.in_flight.push(InFlightOrder::Begin { checkpoint, open, overtaken });
        }
        effects.events.push(TaskEvent::BarrierEmitted { checkpoint: barrier.checkpoint });
        self.tell_positions(Some(barrier.checkpoint), effects);
        if effects.failure.is_some() {
            return;
        }
        note_stop(self, barrier);
        self.assert_sound();
        let mut snapshots = self.chain.snapshot(barrier.checkpoint, effects);
        if snapshots.is_none() && !barrier.stop.is_stop() {
            decline_failed_snapshot(self, barrier.checkpoint, effects);
        }
        if let Some(snapshots) = &mut snapshots
            && self.chain.identity.checkpoint.backend == StateBackend::Incremental
            && barrier.kind == CheckpointKind::Checkpoint
        {
            self.increments.share(barrier.checkpoint, snapshots, &self.chain);
        }
        assert!(effects.snapshot.is_none(), "{:?} took two snapshots in one step", self.id());
        if snapshots.is_some() {
            self.uploads.insert(barrier.checkpoint);
        }
        effects.snapshot = snapshots.map(|snapshots| (barrier.checkpoint, snapshots));
        if self.chain.reads_splits() {
            effects.messages.push(ToJob::Reader(ReaderEvent::Passed(barrier.checkpoint)));
        }
    }

    fn tell_positions(&mut self, checkpoint: Option<CheckpointId>, effects: &mut TaskEffects) {
        if self.chain.input().is_none() {
            return;
        }
        let positions = self.chain.positions(effects).into();
        if effects.failure.is_some() {
            return;
        }
        let event = TaskEvent::SourcePositions { checkpoint, positions };
        effects.events.push(event);
    }

    /// The split enumerator gives it a split, or says that none are left. It acknowledges what it takes, at the end of its data,
    /// too (`Task.deliverOperatorEvent`).
    pub fn on_split(
        &mut self,
        number: u64,
        split: Option<SourcePosition>,
        effects: &mut TaskEffects,
    ) {
        if !matches!(self.phase, Phase::Running | Phase::Draining) {
            return;
        }
        self.chain.take_split(split, effects);
        effects.messages.push(ToJob::Reader(ReaderEvent::Received(number)));
    }

    /// Reads on, if this is a source. `Ended` is told once; what it means depends on the source's `then`.
    #[inline]
    pub fn poll(&mut self, log: &dyn InputLog, effects: &mut TaskEffects) -> Poll {
        debug_assert!(self.phase == Phase::Running, "{:?} reads while {:?}", self.id(), self.phase);
        self.chain.poll(log, effects)
    }

    /// When the next record of a source is there, if it knows.
    #[inline]
    pub fn due(&self, log: &dyn InputLog, effects: &mut TaskEffects) -> Option<SimTime> {
        self.chain.due(log, effects)
    }

    /// Which input it reads, if it is a source.
    #[inline]
    pub const fn input(&self) -> Option<InputId> {
        self.chain.input()
    }

    /// The job manager asks for a barrier: of a source, or of a task whose senders have all finished.
    pub fn on_trigger(&mut self, barrier: Barrier, effects: &mut TaskEffects) {
        match self.phase {
            // Its mailbox is closed (`StreamTask.afterInvoke`): it only waits for what it is uploading.
            Phase::Draining if is_closing(self) => {
                decline(barrier.checkpoint, AbortReason::Declined, effects)
            }
            Phase::Running | Phase::Draining if self.seen.is_news(barrier.checkpoint) => {
                self.aligner.discard_overtaken(effects);
                effects.released |= self.aligner.give_up();
                self.stop_source(barrier.stop, effects);
                if effects.failure.is_some() {
                    return;
                }
                if let Some(tracker) = &mut self.tracker {
                    tracker.forget_up_to(barrier.checkpoint);
                }
                // Channels of senders that stopped with a savepoint end without a word on their data.
                let data_has_ended = self.data_ended.iter().all(|ended| *ended);
                if data_has_ended || self.aligner.all_closed() {
                    self.take_snapshot(barrier, effects);
                } else {
                    self.trigger_before_ends(barrier, effects);
                }
            }
            Phase::Running | Phase::Draining => self.cancel_aborted(barrier.checkpoint, effects),
            Phase::Starting | Phase::Ended => {
                decline(barrier.checkpoint, AbortReason::Declined, effects)
            }
        }
    }

    /// What holds between two calls, whatever came in.
    fn assert_sound(&self) {
        let (id, last) = (self.id(), self.seen.last);
        assert!(self.stops_with <= Some(last), "{id:?} stops with a savepoint it has not taken");
        assert!(self.final_checkpoint <= Some(last), "{id:?} waits for a checkpoint to come");
        let waited = self.final_checkpoint.is_some() || self.stops_with.is_some();
        assert!(waited || !self.is_settled, "{id:?} was committed by no checkpoint");
    }

    /// The checkpoint is off: channels that its barrier holds back are released.
    pub fn on_aborted(&mut self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        if self.phase == Phase::Ended || self.phase == Phase::Starting {
            return;
        }
        if self.stops_with == Some(checkpoint) {
            effects.failure = Some("stop with savepoint failed".into());
            return;
        }
        if self.aligner.overtaken() == Some(checkpoint) {
            self.aligner.discard_overtaken(effects);
        }
        if self.aligner.abort(checkpoint) {
            effects.released = true;
        }
        if let Some(tracker) = &mut self.tracker {
            tracker.forget(checkpoint);
        }
        if checkpoint > self.seen.last {
            self.seen.aborted.insert(checkpoint);
        }
        self.assert_sound();
        if self.finished_on_restore {
            return;
        }
        self.increments.on_aborted(checkpoint);
        self.chain.checkpoint_aborted(checkpoint, effects);
        if effects.failure.is_none() {
            self.on_uploaded(checkpoint, effects);
        }
    }

    /// The attempt ends from outside: it was canceled, or crashed.
    pub fn end(&mut self) {
        self.phase = Phase::Ended;
    }

    /// Virtual time one element takes.
    #[inline]
    pub const fn takes(&self) -> SimTime {
        self.chain.takes()
    }
}
