//! The simulation kernel: virtual time, pending events, keyed random choices, a digest.
//!
//! Knows nothing of streams; another simulation could be built on it.

mod agenda;
mod choices;
mod digest;
mod index;
mod simulation;
mod time;

pub use agenda::{Agenda, Event, Ticket};
pub use choices::{Choices, Family, Piece, SEED_MAX, Stream};
pub use digest::{Digest, aside};
pub(crate) use index::to_index;
pub use simulation::{Flow, Simulation, World};
pub use time::{SimTime, SpanError};
