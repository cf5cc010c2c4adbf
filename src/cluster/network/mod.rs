//! The network: channels with credit, the mailboxes of tasks that read and fill them, and messages to and from job managers.
//!
//! Knows neither what a task does with an element nor where it runs.

pub(crate) mod channel;
pub(crate) mod channel_state;
pub(crate) mod mailbox;
pub(crate) mod messages;

mod buffering;
mod credit;
mod flow;
mod overtaking;
mod waking;

#[cfg(test)]
mod tests;

use crate::cluster::ids::{PlaceId, WireId};
use crate::job::{Attempt, ChannelId, CheckpointId, LocalTaskId, RunLayout, TaskId};
use crate::kernel::{SimTime, Stream};
use crate::scenario::{Aim, Network as Settings, Scenario};
use crate::state::FixedHasher;
use crate::trace::ChannelMark;
use channel::{Channel, ChannelNotes, Tally, barrier_of};
use mailbox::{Connections, Mailbox};
use messages::Befalls;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

/// Channels, mailboxes and messages. What every element touches is kept apart from what few do.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// The scenario's latencies and capacity.
    pub(crate) settings: Settings,
    /// By `InputId`, what stands for the input's name in the draws of its records.
    salts: Arc<[u64]>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) notes: Vec<ChannelNotes>,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) connections: Vec<Connections>,
    /// Faults that wait for a message that fits.
    disturbances: Vec<(Aim, Befalls)>,
    /// Whether a sender ever waited for credit: told at the end, in no entry.
    pub(crate) had_backpressure: bool,
}

impl Network {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            settings: scenario.network,
            salts: scenario.inputs.iter().map(|input| salt(&input.name)).collect(),
            channels: Vec::new(),
            notes: Vec::new(),
            mailboxes: Vec::new(),
            connections: Vec::new(),
            disturbances: Vec::new(),
            had_backpressure: false,
        }
    }

    /// Adds what a task of a run needs, with the draws of its messages.
    pub(crate) fn add_task(&mut self, layout: &RunLayout, task: TaskId, messages: Stream) {
        let inputs = layout.inputs(task).map(WireId::of).collect();
        let outputs = layout.outputs(task).map(WireId::of).collect();
        self.mailboxes.push(Mailbox { task, ..Mailbox::default() });
        self.connections.push(Connections::new(inputs, outputs, messages));
    }

    /// Adds the channels of a run.
    pub(crate) fn add_channels(&mut self, layout: &RunLayout, latencies: Vec<Stream>) {
        let channels = &layout.plan.channels;
        assert_eq!(latencies.len(), channels.len(), "{}: a latency a channel", layout.label);
        for (planned, latency) in channels.iter().zip(latencies) {
            let place = |task: LocalTaskId| PlaceId::of(layout.task(task));
            let (from, to) = (place(planned.from), place(planned.to));
            self.notes.push(ChannelNotes::new(ChannelId::new(self.channels.len())));
            self.channels.push(Channel::new(from, to, planned.input_channel, latency));
        }
    }

    /// Empties the channels into a task for a new attempt.
    pub(crate) fn reset_inputs(&mut self, place: PlaceId, latency: impl Fn(ChannelId) -> Stream) {
        for wire in &self.connections[place].inputs {
            self.channels[*wire].reset(latency(self.notes[*wire].id));
            self.notes[*wire].reset();
        }
    }

    /// Nothing that a dead task wanted is done any more. What waits for it waits until somebody drops it.
    pub(crate) fn clear(&mut self, place: PlaceId, now: SimTime) {
        self.mailboxes[place].clear(now);
        self.connections[place].overtaken.clear();
        self.connections[place].writers.clear();
    }

    /// The task at a place, under which the trace knows it, and its attempt.
    pub(crate) fn occupant(&self, place: PlaceId) -> (TaskId, Attempt) {
        let mailbox = &self.mailboxes[place];
        (mailbox.task, mailbox.attempt)
    }

    /// The channels into a task.
    pub(crate) fn into(&self, place: PlaceId) -> impl Iterator<Item = &Channel> {
        self.connections[place].inputs.iter().map(|wire| &self.channels[*wire])
    }

    /// What a task has taken from its inputs and put into its outputs.
    pub(crate) fn marks(&self, place: PlaceId) -> (Arc<[ChannelMark]>, Arc<[ChannelMark]>) {
        let Connections { inputs, outputs, .. } = &self.connections[place];
        let mark = |wire: &WireId, tally: fn(&Channel) -> Tally| {
            let tally = tally(&self.channels[*wire]);
            let channel = self.notes[*wire].id;
            ChannelMark { channel, records: tally.records, hash: tally.hash }
        };
        let received = inputs.iter().map(|wire| mark(wire, |channel| channel.taken));
        let sent = outputs.iter().map(|wire| mark(wire, |channel| channel.sent));
        (received.collect(), sent.collect())
    }

    /// The checkpoints whose barriers are in a channel, in order.
    pub(crate) fn barriers_on(&self, wire: WireId) -> Vec<CheckpointId> {
        let queue = self.channels[wire].queue.iter();
        queue.filter_map(|queued| Some(barrier_of(&queued.element)?.checkpoint)).collect()
    }
}

/// A number for the name of an input: its place in the file must not matter.
fn salt(name: &str) -> u64 {
    let mut hasher = FixedHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}
