//! A place where nobody lives yet.

use super::world::Place;
use crate::job::{Attempt, RunLayout, TaskManagerId};
use crate::kernel::{SimTime, Stream, Ticket};

use std::collections::VecDeque;
use std::sync::Arc;

impl Place {
    /// One for a task of a run, with the draws of its messages and of its snapshots.
    pub(super) fn new(layout: &Arc<RunLayout>, messages: Stream, snapshots: Stream) -> Self {
        Self {
            run: layout.run,
            layout: Arc::clone(layout),
            is_zombie: false,
            task: None,
            attempt: Attempt::default(),
            manager: TaskManagerId::default(),
            busy_until: SimTime::ZERO,
            ready: VecDeque::new(),
            turn: Ticket::default(),
            read: Ticket::default(),
            wants_to_read: false,
            stalled: VecDeque::new(),
            overtaken: Vec::new(),
            gatherings: Vec::new(),
            is_idle: false,
            wake: None,
            has_overslept: false,
            last_in: SimTime::ZERO,
            last_out: SimTime::ZERO,
            messages,
            is_blocked: false,
            held: Vec::new(),
            snapshots,
            reads: 0,
            furthest: 0,
        }
    }

    /// One for the same task.
    pub(super) fn blank(other: &Self) -> Self {
        Self::new(&other.layout, other.messages.clone(), other.snapshots.clone())
    }
}
