//! Tasks are made of what a plan says of them.

use crate::cluster::world::World;
use crate::job::{
    AtEnd, Attempt, InputId, LocalChannelId, LocalTaskId, OperatorIndex, OperatorKind, Plan,
    Reader, RunLayout, VertexIndex,
};
use crate::operator::{Subtask, Writes};
use crate::task::{Chain, Identity, Link, Output, Outputs, SourceInput, Target, Task};
use std::sync::Arc;

/// Makes the tasks of a run by the plan that its job manager has.
pub(crate) struct TaskFactory<'w> {
    pub(crate) world: &'w World,
    pub(crate) layout: &'w RunLayout,
    pub(crate) plan: &'w Plan,
}

impl TaskFactory<'_> {
    /// Makes a task of the plan.
    pub(crate) fn make(&self, task: LocalTaskId, attempt: Attempt) -> Task {
        let (layout, plan) = (self.layout, self.plan);
        let planned = plan.task(task);
        let vertex = &plan.vertices[planned.vertex.index()];
        let head = &plan.graph.operators[plan.head(planned.vertex).index()];
        let inputs = &self.world.scenario.inputs;
        let place_of = |name: &str| inputs.iter().position(|other| other.name == name);
        let input = head.input().map(|name| place_of(name).expect("a source names an input"));
        let checkpoint = self.world.scenario.jobs[layout.job].checkpoint;
        let identity = Identity {
            task: layout.task(task),
            subtask: Subtask {
                index: planned.subtask,
                parallelism: vertex.parallelism,
                attempt,
                job: self.world.leaders[layout.run].job_key,
                partitions: 0,
                is_checkpointed: checkpoint.interval.is_some(),
            },
            inputs: self.world.inputs.clone(),
            rules: Arc::clone(&self.world.rules),
            checkpoint,
            takes_unaligned: self.takes_unaligned(planned.vertex),
            is_superseded: false,
        };
        let reads_splits = head.options.reader == Reader::Splits;
        let input = input.map(|input| SourceInput { id: InputId::new(input), reads_splits });
        let links = vertex.operators.iter().map(|at| self.make_link(planned.vertex, *at)).collect();
        let takes = plan.takes(planned.vertex);
        let outputs = self.make_outputs(task, attempt);
        let mut chain = Chain::new(identity, links, outputs, takes, input);
        if let (OperatorKind::Source { then, .. }, Some(time)) = (&head.kind, head.options.time) {
            chain = chain.telling_time(time, *then == AtEnd::End);
        }
        let channel = |id: &LocalChannelId| layout.channel(*id);
        let input_of = |id: &LocalChannelId| plan.edges[plan.channel(*id).edge].input;
        let channels = planned.inputs.iter().map(channel).collect();
        Task::new(channels, planned.inputs.iter().map(input_of).collect(), chain)
    }

    /// Whether barriers may overtake records on the way into a chain. What a writer hands to its committer must be there when
    /// the checkpoint completes, so nothing overtakes it (FLINK-36287).
    fn takes_unaligned(&self, vertex: VertexIndex) -> bool {
        let is_committer = |operator: &OperatorIndex| {
            let node = &self.plan.graph.operators[operator.index()];
            self.world.given.catalogue.writes(node) == Writes::Committer
        };
        self.plan.takes_unaligned(vertex)
            && !self.plan.vertices[vertex.index()].operators.iter().any(is_committer)
    }

    fn make_link(&self, vertex: VertexIndex, operator: OperatorIndex) -> Link {
        let plan = self.plan;
        let chain = &plan.vertices[vertex.index()];
        let node = &plan.graph.operators[operator.index()];
        let entry =
            self.world.given.catalogue.of(node).expect("the scenario was checked against it");
        let targets = |side: bool| {
            let chained = plan.chained_outputs(operator).iter().filter(move |(_, s)| *s == side);
            let place = |next: &OperatorIndex| {
                let place = chain.operators.iter().position(|other| other == next);
                Target::Chained(place.expect("a chained output is in the chain"))
            };
            let edges = chain.outputs.iter().enumerate();
            let edges = edges.filter(move |(_, edge)| {
                plan.edges[**edge].from == operator && plan.edges[**edge].side == side
            });
            let edges = edges.map(|(place, _)| Target::Edge(place));
            edges.chain(chained.map(|(next, _)| place(next))).collect()
        };
        Link {
            operator: entry.build(node),
            id: plan.operator_ids[operator.index()],
            key_by: node.key_by,
            timers: entry.timers,
            on_panic: entry.on_panic,
            max_parallelism: chain.max_parallelism,
            external: self.world.given.catalogue.writes_to(&plan.graph, operator).and_then(
                |sink| self.world.externals.id_of(&plan.graph.operators[sink.index()].name),
            ),
            main: targets(false),
            side: targets(true),
        }
    }

    fn make_outputs(&self, task: LocalTaskId, attempt: Attempt) -> Outputs {
        let (layout, plan) = (self.layout, self.plan);
        let planned = plan.task(task);
        let vertex = &plan.vertices[planned.vertex.index()];
        let edges = vertex.outputs.iter().zip(&planned.outputs).map(|(edge, channels)| {
            let edge = &plan.edges[*edge];
            let receiver = &plan.graph.operators[edge.to.index()];
            let sender = &plan.graph.operators[edge.from.index()].name;
            let channel = |id: &LocalChannelId| layout.channel(*id);
            let whom = format_args!("{}/{sender}->{}", layout.label, receiver.name);
            let draw = u64::from(attempt.number()) << 32 | u64::from(planned.subtask);
            let receivers = u64::try_from(channels.len()).expect("usize fits in 64 bits");
            let start = self.world.given.choices.stream("round-robin", whom).below(draw, receivers);
            Output {
                partitioner: edge.partitioner,
                channels: channels.iter().map(channel).collect(),
                next: u32::try_from(start).expect("parallelism fits in 32 bits"),
                key_by: receiver.key_by.map(|key_by| key_by.of_input(edge.input)),
                max_parallelism: plan.vertices[edge.to_vertex.index()].max_parallelism,
                takes_unaligned: self.takes_unaligned(edge.to_vertex),
            }
        });
        Outputs { edges: edges.collect() }
    }
}
