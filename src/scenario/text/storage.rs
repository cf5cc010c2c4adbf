//! Steps in which durable storage goes wrong.

use super::shape::StorageText;
use super::step::Story;
use crate::scenario::{DisturbedWrite, ScenarioError, StorageFailing};
use std::ops::Range;

impl Story<'_> {
    /// Writes that go wrong: exactly one key says which. Pointers are written only where a new job manager would look for
    /// them.
    pub(super) fn storage(
        &self,
        at: &Range<usize>,
        text: &StorageText,
    ) -> Result<StorageFailing, ScenarioError> {
        let write = match (&text.state, &text.metadata, &text.pointer) {
            (Some(task), None, None) => DisturbedWrite::State(self.source.task(self.jobs, task)?),
            (None, Some(job), None) => DisturbedWrite::Metadata(self.job(job)?),
            (None, None, Some(job)) => {
                if self.cluster.takeover_after.is_none() {
                    let message = "without high availability no pointer is written";
                    let help = "set `high-availability = true` in `cluster`";
                    return Err(self.source.error_with(&job.span(), message, help));
                }
                DisturbedWrite::Pointer(self.job(job)?)
            }
            (None, None, None)
            | (Some(_), Some(_), _)
            | (Some(_), _, Some(_))
            | (_, Some(_), Some(_)) => {
                return Err(self.source.error_with(
                    at,
                    "a fault of storage must aim at one kind of write",
                    "name one: `state = TASK`, `metadata = JOB` or `pointer = JOB`",
                ));
            }
        };
        Ok(StorageFailing {
            write,
            fault: text.fault,
            checkpoint: text.checkpoint.map(|checkpoint| u64::from(checkpoint.0)),
            times: text.times.map_or(1, |times| times.0),
        })
    }
}
