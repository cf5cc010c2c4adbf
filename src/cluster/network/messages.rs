//! Messages between job managers and tasks: how long they take, and what befalls them.

use crate::cluster::ids::PlaceId;
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::effect::{ToJob, ToTask};
use crate::job::{Attempt, CheckpointId};
use crate::kernel::SimTime;
use crate::scenario::{Aim, TaskName};
use crate::trace::{Message, MessageFate, TaskEvent};

/// A message, and which way it goes.
#[derive(Clone, Debug)]
pub(crate) enum Letter {
    /// From a job manager to a task.
    ToTask(ToTask),
    /// From a task to its job manager.
    ToJob(ToJob),
}

impl Letter {
    fn kind(&self) -> (Message, Option<CheckpointId>) {
        match self {
            Self::ToTask(message) => message.kind(),
            Self::ToJob(message) => message.kind(),
        }
    }
}

/// What befalls a message: it is lost, or late by so much, or arrives again so much later.
pub(crate) type Befalls = (MessageFate, SimTime);

/// When a message arrives, and when again, if it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: SimTime,
    pub(crate) again: Option<SimTime>,
}

impl Network {
    /// Lets something befall a message to come.
    pub(crate) fn disturb(&mut self, aim: Aim, befalls: Befalls) {
        self.disturbances.push((aim, befalls));
    }

    /// Sends a message of an attempt; it departs at this time. `None` if it is lost. Messages of one direction keep their
    /// order, but for one that a fault delays.
    pub(crate) fn arrival(
        &mut self,
        place: PlaceId,
        attempt: Attempt,
        letter: &Letter,
        departs: SimTime,
        met: Option<Befalls>,
    ) -> Option<Arrival> {
        let by = |wanted| met.filter(|(fate, _)| *fate == wanted).map(|(_, by)| by);
        if by(MessageFate::Lost).is_some() {
            return None;
        }
        let delay = by(MessageFate::Delayed).unwrap_or_default();
        let (low, high) = self.settings.message_latency;
        let connections = &mut self.connections[place];
        let latency = connections.messages.span(draw_index(letter, attempt), low, high);
        let arrives = departs.plus(latency).plus(delay);
        let last = match letter {
            Letter::ToTask(_) => &mut connections.last_in,
            Letter::ToJob(_) => &mut connections.last_out,
        };
        let at = arrives.max(*last);
        if delay == SimTime::ZERO {
            *last = at;
        }
        let again = by(MessageFate::Repeated).map(|by| at.plus(by));
        Some(Arrival { at, again })
    }

    /// What befalls a message, if a fault waits for one like it, which is used up then. `is_named` tells whether the scenario
    /// means this task by a name.
    pub(crate) fn meets_disturbance(
        &mut self,
        place: PlaceId,
        letter: &Letter,
        is_named: impl Fn(&TaskName) -> bool,
        journal: &mut Journal,
    ) -> Option<Befalls> {
        let (message, checkpoint) = letter.kind();
        let fits = |(aim, _): &(Aim, Befalls)| {
            let about = |wanted| checkpoint.is_some_and(|id| id.number() == wanted);
            aim.message == message && aim.checkpoint.is_none_or(about) && is_named(&aim.task)
        };
        let number = self.disturbances.iter().position(fits)?;
        let (_, (fate, by)) = self.disturbances.remove(number);
        let told = TaskEvent::MessageDisturbed { message, checkpoint, fate };
        journal.tell_of(self.occupant(place), told);
        Some((fate, by))
    }

    /// When a task that is sent word at a time that its attempt is over hears it.
    pub(crate) fn hears_of_end(&self, place: PlaceId, attempt: Attempt, sent: SimTime) -> SimTime {
        let (low, high) = self.settings.message_latency;
        let draw = u64::from(attempt.number()) << 32 | 1 << 62;
        sent.plus(self.connections[place].messages.span(draw, low, high))
    }

    /// What waits for a task that is cut off does not keep those waiting that are for its successor elsewhere.
    pub(crate) fn forget_order(&mut self, place: PlaceId) {
        let connections = &mut self.connections[place];
        (connections.last_in, connections.last_out) = (SimTime::ZERO, SimTime::ZERO);
    }
}

/// Which draw of the message stream a message is.
fn draw_index(letter: &Letter, attempt: Attempt) -> u64 {
    let (kind, checkpoint) = letter.kind();
    let kind: u64 = match kind {
        Message::Deploy => 0,
        Message::Cancel => 1,
        Message::Trigger => 2,
        Message::Ack => 3,
        Message::Decline => 4,
        Message::NotifyComplete => 5,
        Message::NotifyAborted => 6,
        Message::Status => 7,
        Message::Split => 8,
        Message::ReaderEvent => 9,
    };
    let checkpoint = checkpoint.map_or(0, CheckpointId::number);
    kind << 56 | u64::from(attempt.number()) << 36 | checkpoint
}
