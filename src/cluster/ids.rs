//! Where the cluster keeps things, beside the ids under which the trace knows them.
//!
//! A task lives at the place of its own number, and a channel lies on the wire of its own number. Zombies have given those
//! up to their successors: they live at places, and are connected by wires, of another generation.

use crate::cluster::hosts::place::Place;
use crate::cluster::network::channel::{Channel, ChannelNotes};
use crate::cluster::network::mailbox::{Connections, Mailbox};
use crate::job::{ChannelId, TaskId};
use std::ops::{Index, IndexMut};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident of $known:ident, indexing $($kept:ty),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub(crate) struct $name(u32);

        impl $name {
            #[inline]
            pub(crate) fn new(index: usize) -> Self {
                Self(u32::try_from(index).expect("a world holds at most 2^22 tasks and channels"))
            }

            /// Where the newest generation is.
            #[inline]
            pub(crate) fn of(id: $known) -> Self {
                Self::new(id.index())
            }

            #[inline]
            #[expect(clippy::as_conversions, reason = "a widening conversion that must inline")]
            pub(crate) const fn index(self) -> usize {
                self.0 as usize
            }

            /// The same in a later generation.
            #[inline]
            pub(crate) const fn moved(self, by: u32) -> Self {
                Self(self.0 + by)
            }
        }

        $(
            impl Index<$name> for Vec<$kept> {
                type Output = $kept;
                #[inline]
                fn index(&self, id: $name) -> &$kept {
                    &self[id.index()]
                }
            }

            impl IndexMut<$name> for Vec<$kept> {
                #[inline]
                fn index_mut(&mut self, id: $name) -> &mut $kept {
                    &mut self[id.index()]
                }
            }
        )+
    };
}

number! {
    /// Where an attempt of a task lives.
    PlaceId of TaskId, indexing Place, Mailbox, Connections
}
number! {
    /// Where a channel between two places lies.
    WireId of ChannelId, indexing Channel, ChannelNotes
}
