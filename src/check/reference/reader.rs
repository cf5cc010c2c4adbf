//! A source of the reference: the partitions that it reads, and how far each has been read.

use crate::check::history::{Cut, Next, PartitionId, Stand};
use crate::check::setup::CheckSetup;
use crate::job::{OperatorIndex, Plan};
use crate::operator::{InputLog, Log};

/// A source.
pub(super) struct Reader<'w> {
    /// Its place in the graph.
    pub(super) operator: usize,
    /// Its own log.
    pub(super) log: &'w Log,
    pub(super) lanes: Vec<Lane<'w>>,
}

/// A partition, and how far it has been read.
pub(super) struct Lane<'w> {
    pub(super) partition: PartitionId,
    pub(super) log: &'w Log,
    pub(super) next: Next,
}

impl<'w> Reader<'w> {
    /// A source where a cut has it. One that had finished reads nothing.
    pub(super) fn at(
        plan: &Plan,
        setup: &'w CheckSetup,
        source: OperatorIndex,
        from: &Cut,
    ) -> Self {
        let id = plan.operator_ids[source.index()];
        let stand = from.of_source(id).filter(|_| !from.finished.contains(&id));
        let known = stand.into_iter().flat_map(|stand| &stand.known);
        let lane = |(partition, next): (&PartitionId, &Next)| {
            let log = &*setup.inputs[partition.0.index()];
            Lane { partition: *partition, log, next: *next }
        };
        let lanes = known.map(lane).collect();
        Self { operator: source.index(), log: setup.log(plan, source), lanes }
    }

    /// Partitions that its log has gained since, and that it is said to have found.
    pub(super) fn add_lanes(&mut self, target: Option<&Stand>) {
        for partition in target.into_iter().flat_map(|target| target.known.keys()) {
            let is_own = partition.0 == self.log.id();
            if is_own && !self.lanes.iter().any(|lane| lane.partition == *partition) {
                let next = Next::Entry(0);
                self.lanes.push(Lane { partition: *partition, log: self.log, next });
            }
        }
    }
}
