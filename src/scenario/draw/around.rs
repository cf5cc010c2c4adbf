//! Faults, operations and a change of parallelism around a job that is there: inputs and operators stay as they are.

use super::fault::Faults;
use super::story::Plot;
use super::{
    Draw, Profile, TINY_CHANNELS, fault, operations, part, partition, slow_down_storage, storage,
    takeover, trouble,
};
use crate::job::OperatorNode;
use crate::kernel::{Choices, SimTime};
use crate::operator::Catalogue;
use crate::scenario::{ClusterConfig, Expect, JobConfig, Network, Planned, Scenario, Step};
use std::collections::BTreeMap;

/// Percent of stories with one job and no steps in which that is left for itself at another parallelism.
const RESCALED: u64 = 50;
/// No operator has more subtasks then, unless it had before.
const PARALLELISM: u32 = 4;

impl Scenario {
    /// This story with faults, savepoints and, if it has one job and no steps of its own, a stop and restart at another
    /// parallelism drawn around its jobs. Inputs, operators and uids stay. `flow` is when the last record is there.
    ///
    /// What the story expects is not expected any more, but that all checks hold: faults may end it early.
    pub fn draw_around(
        &self,
        flow: SimTime,
        choices: &Choices,
        profile: &Profile,
        catalogue: &Catalogue,
    ) -> Self {
        let draw = Draw { choices, catalogue, rules: self.rules() };
        let profile = &profile.under(&draw);
        let mut jobs = self.jobs.clone();
        let mut names: Vec<String> =
            self.jobs.iter().map(|job| job.graph.name.clone()).take(1).collect();
        let is_alone = self.jobs.len() == 1 && self.steps.is_empty();
        if is_alone && profile.successors && draw.chance("around/rescaled", RESCALED) {
            let next = rescaled(&draw, &self.jobs[0]);
            names.push(next.graph.name.clone());
            jobs.push(next);
        }
        let flow = flow.max(SimTime::from_millis(100));
        let interval = self.jobs[0].checkpoint.interval.unwrap_or_else(|| part(flow, 5));
        let plot = Plot::around(&draw, profile, &names, (flow, interval));
        // What the story's own steps wait for may not come, and what they ask for be refused.
        let own = self.steps.iter().cloned();
        let own = own.map(|step| Step { refused: None, may_miss: true, ..step });
        let mut steps: Vec<Step> = own.collect();
        steps.extend(plot.steps(&draw, profile));
        let cluster = cluster(&draw, profile, &self.cluster);
        let faults = Faults { draw: &draw, plot: &plot, jobs: &jobs, cluster: &cluster };
        let carried = steps.len();
        if profile.user_code {
            steps.extend(trouble::steps(&faults));
        }
        steps.extend(fault::steps(&faults, profile));
        if profile.partitions {
            steps.extend(partition::steps(&faults));
        }
        if profile.storage {
            steps.extend(storage::steps(&faults));
        }
        // A story in which nothing goes wrong says little.
        if steps.len() == carried {
            steps.push(faults.kill(0));
        }
        if is_alone {
            let more = operations::asides(&draw, &plot, profile);
            steps.extend(more);
        }
        Self {
            about: format!("Drawn around {} from seed {}.", names[0], choices.seed()),
            seed: choices.seed(),
            also: Vec::new(),
            until: Some(self.until.unwrap_or_else(|| plot.until())),
            network: network(&draw, self.network, flow),
            cluster,
            jobs,
            steps,
            expect: Expect { may_refuse: true, ..Expect::default() },
            expect_in: BTreeMap::new(),
            ..self.clone()
        }
    }
}

/// The same job at other parallelisms. Operators that had the same have the same again, so that chains stay as they are, and
/// with them the ids that Flink generates.
fn rescaled(draw: &Draw<'_>, job: &JobConfig) -> JobConfig {
    let mut next = job.clone();
    next.graph.name = format!("{}-again", job.graph.name);
    next.planned = Planned::default();
    let mut known: BTreeMap<u32, u32> = BTreeMap::new();
    let most = |node: &OperatorNode| node.max_parallelism.unwrap_or(u32::MAX);
    for node in &job.graph.operators {
        let most = PARALLELISM.max(node.parallelism).min(most(node));
        let drawn =
            draw.count(format_args!("around/parallelism-{}", node.parallelism), (1, most.into()));
        let other = known.entry(node.parallelism).or_insert(drawn);
        *other = (*other).min(most);
    }
    // Two that differed go on to differ.
    let mut taken: Vec<u32> = Vec::new();
    for other in known.values_mut() {
        while taken.contains(other) {
            *other += 1;
        }
        taken.push(*other);
    }
    let fits = |node: &OperatorNode| known[&node.parallelism] <= most(node);
    if job.graph.operators.iter().all(fits) {
        for node in &mut next.graph.operators {
            node.parallelism = known[&node.parallelism];
        }
    }
    next
}

/// The story's own cluster; where nobody says whether another job manager takes over, one may.
fn cluster(draw: &Draw<'_>, profile: &Profile, own: &ClusterConfig) -> ClusterConfig {
    ClusterConfig { takeover_after: own.takeover_after.or_else(|| takeover(draw, profile)), ..*own }
}

/// The story's own network; of the usual one some channels hold little, and some storage is slow.
fn network(draw: &Draw<'_>, own: Network, flow: SimTime) -> Network {
    let mut network = own;
    if own == Network::default() {
        if draw.chance("tiny-channels", TINY_CHANNELS) {
            network.channel_capacity = draw.count("tiny-capacity", (1, 4));
        }
        slow_down_storage(draw, &mut network, flow);
    }
    network
}
