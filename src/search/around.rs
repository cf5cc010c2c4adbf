//! Stories drawn around a job that is there.

use crate::kernel::{Choices, SimTime};
use crate::operator::{Catalogue, InputLog, Log};
use crate::scenario::{Profile, Scenario};
use std::sync::Arc;

/// The story with what a seed draws around it: [`Scenario::draw_around`], for as long as its inputs flow.
pub fn around(
    story: &Scenario,
    inputs: &[Arc<Log>],
    choices: &Choices,
    profile: &Profile,
    catalogue: &Catalogue,
) -> Scenario {
    let partitions = inputs.iter().flat_map(|log| {
        (0..log.partitions()).map(move |partition| (log, partition, log.length(partition)))
    });
    let last = partitions.filter_map(|(log, partition, length)| {
        length.checked_sub(1).map(|last| log.available(partition, last))
    });
    let flow: SimTime = last.max().unwrap_or_default();
    story.draw_around(flow, choices, profile, catalogue)
}
