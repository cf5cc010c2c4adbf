//! How an attempt of a subtask starts, and how it comes to its end: end of data, final checkpoint, end of partition.

use super::increments::Increments;
use super::stop::{end_behind_savepoint, finish_after_stop};
use super::{Alignment, Phase, Task, decline};
use crate::effect::{Deployment, TaskEffects, ToJob};
use crate::job::{CheckpointId, Element, EventTime};
use crate::rules::FinalCheckpoint;
use crate::state::CommitPermit;
use crate::trace::{AbortReason, EndOfTask, TaskEvent};
use std::sync::Arc;

impl Task {
    /// Initializes and opens the operators, from restored state or from none, and reports.
    pub fn start(&mut self, deployment: Deployment, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Starting, "{:?} started twice", self.id());
        assert!(effects.failure.is_none(), "{:?} failed before it started", self.id());
        let is_fresh = self.stops_with.is_none() && !self.is_settled;
        assert!(is_fresh, "{:?} starts where another attempt left off", self.id());
        self.phase = Phase::Running;
        self.awaits_final_checkpoint = deployment.awaits_final_checkpoint;
        let mut restored = deployment.restored;
        if let Some(why) = restored.as_mut().and_then(|restored| restored.unreadable.take()) {
            effects.failure = Some(why);
            return;
        }
        if let Some(restored) = &mut restored {
            let base = restored.operators.iter_mut().map(|operator| {
                operator.as_mut().map_or_else(Vec::new, |state| std::mem::take(&mut state.shared))
            });
            self.increments = Increments::restored(restored.permit.checkpoint(), base.collect());
        }
        let checkpoint = restored.as_ref().map(|restored| restored.permit.checkpoint());
        self.seen.last = checkpoint.unwrap_or_default();
        self.finished_on_restore = restored.as_ref().is_some_and(|restored| restored.finished);
        let mut state = Vec::new();
        if !self.finished_on_restore {
            state = self.chain.start(restored, effects);
        }
        if effects.failure.is_some() {
            return;
        }
        let declared = checkpoint.and_then(|_| self.chain.declared()).map(Arc::new);
        let (restored, state) = (checkpoint, state.into());
        let lists = self.chain.lists_restored();
        effects.events.push(TaskEvent::Initialized { restored, state, declared, lists });
        effects.events.push(TaskEvent::Running);
        effects.messages.push(ToJob::Running);
        if self.finished_on_restore {
            self.start_finished(effects);
        } else {
            // Time begins: timers may have been restored, and a source tells watermarks from now on.
            if let Some(generator) = &mut self.chain.watermarks {
                generator.begin(effects.now);
            }
            self.ask_to_wake(effects);
        }
    }

    /// A chain that had finished before the checkpoint only passes the news on.
    fn start_finished(&mut self, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Running, "{:?} passes on an end that came", self.id());
        self.phase = Phase::Draining;
        self.chain.outputs.broadcast(&Element::EndOfData, effects);
        if self.channels.is_empty() {
            self.leave(effects);
        }
    }

    /// A bounded source has read everything.
    pub fn on_source_ended(&mut self, effects: &mut TaskEffects) {
        assert!(self.channels.is_empty(), "{:?}: only a source ends by itself", self.id());
        assert!(!self.is_stopped, "{:?}: a source that was stopped read to its end", self.id());
        self.tell_positions(None, effects);
        self.end_of_data(effects);
    }

    /// The data of a source has ended, and with it its time.
    pub(super) fn end_of_data(&mut self, effects: &mut TaskEffects) {
        assert!(self.channels.is_empty(), "{:?} ends before its senders", self.id());
        if effects.failure.is_none() {
            self.end_event_time(effects);
        }
        if effects.failure.is_none() {
            self.finish_data(effects);
        }
    }

    pub(super) fn end_event_time(&mut self, effects: &mut TaskEffects) {
        assert!(!self.finished_on_restore, "{:?} ends the time of nothing", self.id());
        self.chain.on_watermark(EventTime::MAX, effects);
    }

    /// Whether it is a source that was told to stop.
    pub const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    pub(super) fn on_end_of_data(&mut self, input_channel: usize, effects: &mut TaskEffects) {
        assert!(!self.data_ended[input_channel], "{:?}: data ended twice on a channel", self.id());
        assert!(self.phase != Phase::Ended, "{:?}: data ended after the task", self.id());
        self.data_ended[input_channel] = true;
        if self.finished_on_restore {
            return;
        }
        let input = self.inputs[input_channel];
        let mut channels = self.inputs.iter().zip(&self.data_ended);
        let is_input_over = channels.all(|(of, ended)| *of != input || *ended);
        if self.data_ended.iter().all(|ended| *ended) {
            self.end_event_time(effects);
        } else {
            self.end_time_of(input_channel, effects);
        }
        if effects.failure.is_some() {
            return;
        }
        if is_input_over {
            self.chain.end_input(input, effects);
        }
        if effects.failure.is_none() && self.data_ended.iter().all(|ended| *ended) {
            self.finish_data(effects);
        }
    }

    /// Finishes the operators, passes the end of data on, and waits for the final checkpoint, which commits the tail.
    /// Without periodic checkpoints there will be none, and the task ends at once.
    fn finish_data(&mut self, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Running, "{:?}: data ended twice", self.id());
        assert!(!self.finished_on_restore, "{:?} finishes what had finished", self.id());
        self.chain.finish(true, effects);
        if effects.failure.is_some() {
            return;
        }
        self.phase = Phase::Draining;
        self.chain.outputs.broadcast(&Element::EndOfData, effects);
        effects.events.push(TaskEvent::DataEnded);
        let tells = self.chain.identity.rules.final_checkpoint == FinalCheckpoint::AtOnce;
        if tells && self.awaits_final_checkpoint && !self.is_stopped {
            effects.messages.push(ToJob::DataEnded);
        }
        self.leave_if_alone(effects);
    }

    pub(super) fn on_end_of_partition(&mut self, input_channel: usize, effects: &mut TaskEffects) {
        assert!(
            self.data_ended[input_channel] || self.stops_with.is_some(),
            "{:?}: a partition ended before its data",
            self.id()
        );
        assert!(!self.is_blocked(input_channel), "{:?}: a blocked channel ended", self.id());
        self.aligner.end_in_flight(input_channel, effects);
        self.give_up_at_end(effects);
        let closed = self.aligner.close(input_channel);
        let alignment = match &mut self.tracker {
            Some(tracker) => tracker.on_closed(self.aligner.closed()),
            None => closed,
        };
        match alignment {
            Alignment::Waiting | Alignment::Superseding(_) => {}
            Alignment::Complete(barrier) if self.chain.identity.rules.ended_channels_counted => {
                self.complete(barrier, effects);
            }
            Alignment::Complete(_) => {}
        }
        if self.aligner.all_closed() {
            finish_after_stop(self, effects);
        }
        if self.phase == Phase::Draining && effects.failure.is_none() {
            self.leave_if_alone(effects);
        }
    }

    /// A channel ends. In releases that take no checkpoint after a task has finished, what is being aligned is off
    /// (`BarrierBuffer.processEndOfPartition`, statement D5).
    fn give_up_at_end(&mut self, effects: &mut TaskEffects) {
        let Some(checkpoint) = self.aligner.collecting() else { return };
        if self.chain.identity.rules.checkpoints_after_tasks_finish || self.stops_with.is_some() {
            return;
        }
        self.aligner.discard_overtaken(effects);
        self.aligner.give_up();
        effects.released = true;
        self.seen.last = self.seen.last.max(checkpoint);
        assert!(self.aligner.collecting().is_none(), "{checkpoint} was given up and goes on");
        decline(checkpoint, AbortReason::Declined, effects);
        self.send_cancellation(checkpoint, effects);
    }

    /// A checkpoint completed: sinks commit, and a task that waited for it ends.
    pub fn on_complete(&mut self, permit: CommitPermit, effects: &mut TaskEffects) {
        if self.phase == Phase::Ended || self.phase == Phase::Starting {
            return;
        }
        effects.events.push(TaskEvent::NotifyHandled { checkpoint: permit.checkpoint() });
        let rules = &self.chain.identity.rules;
        self.increments.on_complete(permit.checkpoint(), rules);
        self.uploads.retain(|checkpoint| *checkpoint > permit.checkpoint());
        if !self.finished_on_restore {
            self.chain.checkpoint_complete(permit, effects);
        }
        let is_final = |own: CheckpointId| own <= permit.checkpoint();
        self.assert_sound();
        let stops = self.stops_with == Some(permit.checkpoint());
        if effects.failure.is_some() {
            return;
        }
        if stops && self.stopping.reads_on() {
            return end_behind_savepoint(self, effects);
        }
        if stops {
            effects.released |= std::mem::take(&mut self.stopping.holds);
            self.phase = Phase::Draining;
        }
        // A task that takes part in a stop waits for that savepoint, even if a checkpoint asked for later is first.
        let is_settled = match self.stops_with {
            Some(_) => stops,
            None => self.final_checkpoint.is_some_and(is_final),
        };
        if self.phase == Phase::Draining && is_settled {
            self.is_settled = true;
            self.leave_if_alone(effects);
        }
    }

    /// An operator threw: all are closed, as far as the task was open.
    pub fn close_after_failure(&mut self, effects: &mut TaskEffects) {
        if self.finished_on_restore {
            return;
        }
        self.chain.cancel_source(effects);
        self.chain.close(effects);
    }

    /// The job manager cancels the attempt: its operators are closed, and nothing more comes of it.
    pub fn cancel(&mut self, effects: &mut TaskEffects) {
        assert!(self.phase != Phase::Ended, "{:?} was canceled after its end", self.id());
        let is_open = matches!(self.phase, Phase::Running | Phase::Draining);
        if is_open && !self.finished_on_restore {
            self.chain.cancel_source(effects);
            self.close(effects);
            // Of one that fails while it is canceled, Flink says so in its log and goes on.
            if effects.of_user.as_ref().is_some_and(|failure| !failure.ends_the_play) {
                (effects.failure, effects.of_user) = (None, None);
            }
        }
        self.end();
        effects.events.push(TaskEvent::Ended { how: EndOfTask::Canceled });
        effects.messages.push(ToJob::Ended(EndOfTask::Canceled));
    }

    fn close(&mut self, effects: &mut TaskEffects) {
        assert!(!self.finished_on_restore, "{:?} closes what it never opened", self.id());
        self.chain.close(effects);
    }

    /// A snapshot is acked, or comes to nothing. A task that had nothing else to do leaves.
    pub fn on_uploaded(&mut self, checkpoint: CheckpointId, effects: &mut TaskEffects) {
        let was_there = self.uploads.remove(&checkpoint);
        if was_there && self.phase == Phase::Draining {
            self.leave_if_alone(effects);
        }
    }

    /// Ends, once no sender is left, nothing waits for a final checkpoint and no snapshot is being uploaded: a task never ends
    /// before its senders (`StreamTask` waits for the end of input and for its termination conditions), nor with a snapshot
    /// that nobody would ack (`SubtaskCheckpointCoordinatorImpl.waitForPendingCheckpoints`, since 1.14).
    pub(super) fn leave_if_alone(&mut self, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Draining, "{:?} leaves before its data ended", self.id());
        let awaits = self.awaits_final_checkpoint || self.is_stopped || self.stops_with.is_some();
        let uploads =
            (self.awaits_final_checkpoint || self.stopping.reads_on()) && !self.uploads.is_empty();
        let waits = uploads || (awaits && !self.is_settled && !self.finished_on_restore);
        if self.aligner.all_closed() && !waits {
            if !self.finished_on_restore {
                self.close(effects);
            }
            if effects.of_user.is_some() {
                return;
            }
            self.leave(effects);
        }
    }

    fn leave(&mut self, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Draining, "{:?} left before its data ended", self.id());
        self.phase = Phase::Ended;
        assert!(self.aligner.all_closed(), "{:?} left before its senders", self.id());
        self.chain.outputs.broadcast(&Element::EndOfPartition, effects);
        effects.released = true;
        effects.events.push(TaskEvent::Ended { how: EndOfTask::Finished });
        effects.messages.push(ToJob::Ended(EndOfTask::Finished));
    }
}

/// Whether nothing but its own uploads keeps a task any more: it has closed its mailbox, and takes no part in what is triggered
/// from then on (`StreamTask.afterInvoke`, which waits for pending checkpoints after `prepareClose`).
pub(super) fn is_closing(task: &Task) -> bool {
    task.phase == Phase::Draining && task.is_settled && task.aligner.all_closed()
}
