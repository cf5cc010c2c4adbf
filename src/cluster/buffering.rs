//! Buffered alignment, as before 1.11: a receiver reads a channel on that a barrier holds back, into its own buffers.
//!
//! The elements stay in their channel, where the first `buffered` of them have no credit any more, so that nothing backs
//! up to the sender. When the channel is released they come first, in order (`BarrierBuffer` and its spilled
//! sequences). What a buffered barrier means is decided when it is taken, not when it is buffered.

use super::channel::{Channel, Head};
use super::control::{Kind, pack};
use super::world::World;
use crate::job::{ChannelId, TaskId};
use crate::kernel::Agenda;

impl World {
    /// The head of a channel that is held back has come: it is buffered, and the next one travels. A receiver whose
    /// buffers are full gives the checkpoint up.
    #[cold]
    pub(super) fn read_on(&mut self, id: ChannelId, agenda: &mut Agenda) {
        let channel = &mut self.channels[id.index()];
        let to = channel.to;
        if channel.is_read_on || channel.buffered == 0 {
            channel.buffered += 1;
        }
        channel.is_read_on = true;
        if let Some(next) = channel.queue.get(channel.buffered) {
            channel.head = Head::Travelling;
            channel.ticket = agenda.push(next.at.max(self.now), pack(Kind::Head, id.index()));
        }
        self.return_credit(id, agenda);
        self.limit_buffers(to, agenda);
    }

    fn limit_buffers(&mut self, to: TaskId, agenda: &mut Agenda) {
        let buffered: usize = self.channels_into(to).map(Channel::records_buffered).sum();
        let task = self.places[to.index()].task.as_mut().expect("it was offered a head");
        let limit = task.alignment_limit().expect("it buffers");
        if u32::try_from(buffered).is_ok_and(|buffered| buffered <= limit) {
            return;
        }
        let mut effects = self.lend_effects();
        let task = self.places[to.index()].task.as_mut().expect("it was there a moment ago");
        task.on_alignment_limit(&mut effects);
        self.carry_all(to, &mut effects, agenda);
        self.task_effects = Some(effects);
    }

    fn channels_into(&self, task: TaskId) -> impl Iterator<Item = &Channel> {
        let inputs = self.places[task.index()].layout.inputs(task);
        inputs.map(|id| &self.channels[id.index()])
    }

    /// The records that wait in and behind channels of a task that are held back.
    pub(super) fn records_held(&self, task: TaskId) -> u32 {
        let is_held = |channel: &&Channel| channel.head == Head::Blocked || channel.is_read_on;
        self.channels_into(task).filter(is_held).map(Channel::records_held).sum()
    }
}
