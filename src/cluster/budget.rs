//! Worlds that would never end are ended all the same.
//!
//! A world has a budget of events and of memory. What would happen at the end of virtual time never does. A job that restarts
//! again and again is given up in `leaders::restarts`, steps that are tried again and again in `script::retry`.

use crate::cluster::due::Due;
use crate::cluster::ending::Ending;
use crate::cluster::outcome::End;
use crate::cluster::stall::Stall;
use crate::cluster::world::World;
use crate::kernel::{Event, SimTime};

/// About how many bytes an entry of the trace takes, with what the checks remember of it.
const BYTES_AN_ENTRY: u64 = 250;
/// About how many bytes of it tell how far a channel was at a snapshot.
const BYTES_A_MARK: u64 = 50;
/// About how many bytes a row takes that an external system holds.
const BYTES_A_ROW: u64 = 120;
/// About how many bytes an event takes that is yet to come, with the element or message that it is about.
const BYTES_DUE: u64 = 200;
/// About how many bytes a task takes, or a channel.
const BYTES_A_PLACE: u64 = 500;

impl World {
    /// Looks at what has been used up. Whether that ends the world, before this event.
    #[cold]
    pub(crate) fn is_spent(&mut self, event: Event) -> bool {
        assert!(!self.ending.is_over, "a world is looked at that is over: {:?}", self.ending.stall);
        let used = bytes_used(self);
        self.ending.spending.weigh(used, &self.scenario, &self.given.inputs);
        let (events, bytes) = (self.ending.spending.events, self.ending.spending.bytes);
        let is_played_out = self.ending.spending.played >= events;
        if !is_played_out && used < bytes {
            self.ending.spending.go_on();
            return false;
        }
        let (at, due) = (event.at, Due(self).next(event));
        self.ending.stall(match is_played_out {
            true => Stall::Events { budget: events, at, due },
            false => Stall::Memory { budget: bytes, at, due },
        });
        self.ending.spending.until_look = u64::MAX;
        true
    }

    /// The end of virtual time has come. What is due then does not happen any more.
    #[cold]
    pub(crate) fn end_time(&mut self, event: Event) {
        assert_eq!(event.at, SimTime::MAX, "time ends before its end");
        let due = Due(self).next(event);
        let is_wanted = self.scenario.until == Some(SimTime::MAX);
        self.ending.until_reached = is_wanted && self.leaders.any_alive();
        self.ending.stall = Some(Stall::EndOfTime { due });
    }

    /// How the world ended.
    pub(crate) fn end(&self) -> End {
        let Ending { stall, panicked, is_over, .. } = &self.ending;
        assert!(panicked.is_none() || *is_over, "user code panicked, and the world went on");
        if self.ending.panicked.is_some() {
            End::UserPanicked
        } else if self.ending.until_reached {
            End::Until
        } else if !matches!(stall, None | Some(Stall::EndOfTime { .. } | Stall::NothingDue { .. }))
        {
            End::Stalled
        } else if self.ending.is_over || !self.leaders.any_alive() || self.is_quiet() {
            End::Over
        } else {
            End::Stalled
        }
    }
}

/// About how much memory the world takes, with what listeners remember of it.
fn bytes_used(world: &World) -> u64 {
    let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let places = wide(world.network.mailboxes.len() + world.network.channels.len());
    world.journal.entries * BYTES_AN_ENTRY
        + world.ending.spending.marks * BYTES_A_MARK
        + wide(world.externals.rows()) * BYTES_A_ROW
        + wide(world.journal.agenda.len()) * BYTES_DUE
        + places * BYTES_A_PLACE
}
