//! A restore as the trace tells it: of a whole run, or of a region of it.

use super::History;
use crate::job::{Attempt, ChannelId, CheckpointId, RunId};
use crate::trace::{RestoreReport, StateSum};
use std::sync::Arc;

/// One restore under way: the report, and what has arrived.
#[derive(Clone, Debug)]
pub(in crate::check) struct Restore {
    pub(in crate::check) attempt: Attempt,
    pub(in crate::check) checkpoint: CheckpointId,
    pub(in crate::check) report: Arc<RestoreReport>,
    /// What was in flight at the checkpoint, if it was taken in this world: records, and the sum of their hashes.
    pub(in crate::check) was_in_flight: Option<(u64, u64)>,
    /// What is in flight again.
    pub(in crate::check) is_in_flight: (u64, u64),
    /// By task of the plan.
    pub(in crate::check) arrived: Vec<Option<Arc<[StateSum]>>>,
    pub(in crate::check) is_judged: bool,
    /// By task of the plan, whether it is restored: all are, but where a region restarts.
    pub(in crate::check) covers: Vec<bool>,
}

impl Restore {
    /// Whether some tasks go on meanwhile.
    pub(in crate::check) fn is_partial(&self) -> bool {
        self.covers.contains(&false)
    }
}

impl History {
    /// What was in flight, at a checkpoint taken in this world, to the tasks that an attempt restores. Of a region that
    /// restores what another run took nothing is known: channels may have other ends there.
    pub(super) fn in_flight_at(
        &self,
        run: RunId,
        attempt: Attempt,
        checkpoint: CheckpointId,
    ) -> Option<(u64, u64)> {
        let own = self.run(run)?;
        let (taker, story) = self.restored_story(run, checkpoint)?;
        if own.attempts.iter().all(|newest| *newest == attempt) {
            return Some(story.sum_in_flight(|_| true));
        }
        let plan = &own.cast.plan;
        let is_restored = |channel: ChannelId| {
            let to = plan.channels[channel.index() - own.cast.first_channel].to;
            own.attempts[to.index()] == attempt
        };
        (taker.cast.run == run).then(|| story.sum_in_flight(is_restored))
    }
}
