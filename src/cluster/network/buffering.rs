//! Buffered alignment, as before 1.11: a receiver reads a channel on that a barrier holds back, into its own buffers.
//!
//! The elements stay in their channel, where the first `buffered` of them have no credit any more, so that nothing backs
//! up to the sender. When the channel is released they come first, in order (`BarrierBuffer` and its spilled
//! sequences). What a buffered barrier means is decided when it is taken, not when it is buffered.

use crate::cluster::control::Kind;
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::journal::Journal;
use crate::cluster::network::Network;
use crate::cluster::network::channel::{Channel, Head};

impl Network {
    /// The head of a channel that is held back has come: it is buffered, and the next one travels.
    #[cold]
    pub(crate) fn read_on(&mut self, wire: WireId, journal: &mut Journal) {
        let channel = &mut self.channels[wire];
        assert_eq!(channel.head, Head::Blocked, "{wire:?} is buffered and not held back");
        if channel.is_read_on || channel.buffered == 0 {
            channel.buffered += 1;
        }
        let (buffered, queued) = (channel.buffered, channel.queue.len());
        assert!(buffered <= queued, "{wire:?}: {buffered} of {queued} elements are buffered");
        channel.is_read_on = true;
        if let Some(next) = channel.queue.get(channel.buffered) {
            channel.head = Head::Travelling;
            channel.ticket = journal.push(next.at, Kind::Head, wire.index());
        }
        self.return_credit(wire, journal);
    }

    /// How many records a task has buffered.
    pub(crate) fn records_buffered(&self, place: PlaceId) -> usize {
        self.into(place).map(Channel::records_buffered).sum()
    }

    /// The records that wait in and behind channels of a task that are held back.
    pub(crate) fn records_held(&self, place: PlaceId) -> u32 {
        let is_held = |channel: &&Channel| channel.head == Head::Blocked || channel.is_read_on;
        self.into(place).filter(is_held).map(Channel::records_held).sum()
    }
}
