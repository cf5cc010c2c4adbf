//! Deployments: placing tasks into slots, making and starting them; what messages do when they arrive.

use super::control::Control;
use super::world::World;
use crate::effect::{Deployment, ToJob, ToTask};
use crate::job::{
    AtEnd, Attempt, InputId, LocalChannelId, LocalTaskId, OperatorIndex, OperatorKind, Plan,
    Reader, RunId, RunLayout, TaskId, VertexIndex,
};
use crate::kernel::{Agenda, SimTime};
use crate::operator::Writes;
use crate::task::{Chain, Identity, Link, Output, Outputs, Phase, SourceInput, Target, Task};
use crate::trace::TaskEvent;
use std::sync::Arc;

impl World {
    /// Places and deploys every run that waits for slots, in order, as far as there are slots.
    pub(super) fn deploy_waiting(&mut self, agenda: &mut Agenda) {
        for run in (0..self.runs.len()).map(RunId::new) {
            if self.runs[run.index()].waiting.is_empty() {
                continue;
            }
            let layout = Arc::clone(&self.runs[run.index()].layout);
            let tasks: Vec<_> =
                self.runs[run.index()].waiting.iter().map(|(task, _)| *task).collect();
            let Some(placement) = self.managers.place(run, &layout.plan, &tasks) else { continue };
            let mut waiting = std::mem::take(&mut self.runs[run.index()].waiting);
            let master = self.runs[run.index()].master.as_ref();
            let plan =
                master.map_or_else(|| Arc::clone(&layout.plan), |master| Arc::clone(master.plan()));
            self.leave_zombies(run, &tasks, agenda);
            self.reset_channels(&layout, &tasks);
            for (task, manager) in tasks.into_iter().zip(placement) {
                let attempt = self.attempt_of(run, task);
                let made = self.make_task(&layout, &plan, task, attempt);
                let id = self.world_task(run, task);
                let place = &mut self.places[id.index()];
                place.task = Some(made);
                place.attempt = attempt;
                // What waits for one that is cut off does not keep others waiting.
                if self.cut_off.contains_key(&place.manager) && place.manager != manager {
                    (place.last_in, place.last_out) = (SimTime::ZERO, SimTime::ZERO);
                }
                place.manager = manager;
                place.busy_until = SimTime::MAX;
                place.ready.clear();
                place.stalled.clear();
                place.turn = crate::kernel::Ticket::default();
                place.is_idle = false;
                place.is_zombie = false;
                place.wake = None;
                place.has_overslept = false;
                self.tell(TaskEvent::Deployed { manager }.of(id, attempt));
            }
            self.refill(&layout, &mut waiting, agenda);
            for (task, deployment) in waiting {
                let id = self.world_task(run, task);
                let attempt = self.attempt_of(run, task);
                self.send_to_task(id, attempt, ToTask::Deploy(Box::new(deployment)), agenda);
            }
        }
    }

    /// Empties the channels of a run to these tasks for a new attempt. Those of the first are as they were made. Both
    /// ends of a channel are always deployed together.
    fn reset_channels(&mut self, layout: &RunLayout, tasks: &[LocalTaskId]) {
        let mut attempt = Attempt::default();
        let mut latencies = Vec::new();
        for task in tasks {
            let newest = self.attempt_of(layout.run, *task);
            if newest == Attempt::default() {
                continue;
            }
            if newest != attempt {
                attempt = newest;
                latencies = self.latencies(layout, attempt);
            }
            for id in &layout.plan.task(*task).inputs {
                let channel = &mut self.channels[layout.channel(*id).index()];
                channel.reset(latencies[id.index()].clone());
            }
        }
    }

    fn make_task(
        &self,
        layout: &RunLayout,
        plan: &Plan,
        task: LocalTaskId,
        attempt: Attempt,
    ) -> Task {
        let planned = plan.task(task);
        let vertex = &plan.vertices[planned.vertex.index()];
        let identity = Identity {
            task: layout.task(task),
            subtask: planned.subtask,
            parallelism: vertex.parallelism,
            attempt,
            job: self.runs[layout.run.index()].job_key,
            rules: Arc::clone(&self.rules),
            checkpoint: self.scenario.jobs[layout.job].checkpoint,
            takes_unaligned: self.takes_unaligned(plan, planned.vertex),
        };
        let channel = |id: &LocalChannelId| layout.channel(*id);
        let input_of = |id: &LocalChannelId| plan.edges[plan.channel(*id).edge].input;
        Task::new(
            identity,
            planned.inputs.iter().map(channel).collect(),
            planned.inputs.iter().map(input_of).collect(),
            self.make_chain(plan, planned.vertex),
            self.make_outputs(layout, plan, task, attempt),
        )
    }

    /// Whether barriers may overtake records on the way into a chain. What a writer hands to its committer must be there when
    /// the checkpoint completes, so nothing overtakes it (FLINK-36287).
    fn takes_unaligned(&self, plan: &Plan, vertex: VertexIndex) -> bool {
        let is_committer = |operator: &OperatorIndex| {
            let node = &plan.graph.operators[operator.index()];
            self.given.catalogue.writes(node) == Writes::Committer
        };
        plan.takes_unaligned(vertex)
            && !plan.vertices[vertex.index()].operators.iter().any(is_committer)
    }

    fn make_chain(&self, plan: &Plan, vertex: VertexIndex) -> Chain {
        let chain = &plan.vertices[vertex.index()];
        let link = |operator: &OperatorIndex| self.make_link(plan, vertex, *operator);
        let links = chain.operators.iter().map(link).collect();
        let takes =
            chain.operators.iter().map(|operator| plan.graph.operators[operator.index()].takes);
        let takes = takes.fold(SimTime::ZERO, SimTime::plus);
        let head = &plan.graph.operators[chain.operators[0].index()];
        let input = match &head.kind {
            OperatorKind::Source { input, .. } => {
                let mut inputs = self.scenario.inputs.iter();
                let place = inputs.position(|other| other.name == *input);
                let place = place.expect("a source names an input");
                let partitions = self.scenario.inputs[place].partitions;
                let reads_splits = head.options.reader == Reader::Splits;
                Some(SourceInput { id: InputId::new(place), partitions, reads_splits })
            }
            OperatorKind::Transform { .. } | OperatorKind::Sink { .. } => None,
        };
        let made = Chain::new(links, takes, input);
        match (&head.kind, head.options.time) {
            (OperatorKind::Source { then, .. }, Some(time)) => {
                made.telling_time(time, *then == AtEnd::End)
            }
            _ => made,
        }
    }

    fn make_link(&self, plan: &Plan, vertex: VertexIndex, operator: OperatorIndex) -> Link {
        let chain = &plan.vertices[vertex.index()];
        let node = &plan.graph.operators[operator.index()];
        let entry = self.given.catalogue.of(node).expect("the scenario was checked against it");
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
            on_panic: entry.on_panic,
            max_parallelism: chain.max_parallelism,
            external: self.given.catalogue.writes_to(&plan.graph, operator).and_then(|sink| {
                self.external_ids.get(&plan.graph.operators[sink.index()].name).copied()
            }),
            main: targets(false),
            side: targets(true),
        }
    }

    fn make_outputs(
        &self,
        layout: &RunLayout,
        plan: &Plan,
        task: LocalTaskId,
        attempt: Attempt,
    ) -> Outputs {
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
            let start = self.given.choices.stream("round-robin", whom).below(draw, receivers);
            Output {
                partitioner: edge.partitioner,
                channels: channels.iter().map(channel).collect(),
                next: u32::try_from(start).expect("parallelism fits in 32 bits"),
                key_by: receiver.key_by.map(|key_by| key_by.of_input(edge.input)),
                max_parallelism: plan.vertices[edge.to_vertex.index()].max_parallelism,
                takes_unaligned: self.takes_unaligned(plan, edge.to_vertex),
            }
        });
        Outputs { edges: edges.collect() }
    }

    /// A message reaches a task. One for an older attempt changes nothing.
    pub(super) fn on_message_to_task(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        message: ToTask,
        agenda: &mut Agenda,
    ) {
        let place = &mut self.places[task.index()];
        if place.attempt != attempt || place.task.is_none() {
            return;
        }
        let is_urgent = matches!(message, ToTask::Deploy(_) | ToTask::Cancel);
        if place.is_blocked && !is_urgent {
            place.held.push(message);
            return;
        }
        match message {
            ToTask::Deploy(deployment) => self.on_deploy(task, attempt, deployment, agenda),
            ToTask::Cancel => self.on_cancel(task, attempt, agenda),
            ToTask::Trigger(barrier) => {
                self.with_task(task, agenda, |task, now, fx| task.on_trigger(barrier, now, fx));
            }
            ToTask::NotifyComplete(permit) => {
                self.with_task(task, agenda, |task, now, fx| task.on_complete(permit, now, fx));
            }
            ToTask::Split(number, split) => {
                self.with_task(task, agenda, |task, now, fx| task.on_split(number, split, now, fx));
                self.wake_reader(task, agenda);
            }
            ToTask::NotifyAborted(checkpoint) => {
                self.with_task(task, agenda, |task, now, fx| task.on_aborted(checkpoint, now, fx));
            }
        }
    }

    /// Lets a task act, and carries out what it asks for.
    pub(super) fn with_task(
        &mut self,
        id: TaskId,
        agenda: &mut Agenda,
        act: impl FnOnce(&mut Task, SimTime, &mut crate::effect::TaskEffects),
    ) {
        let mut effects = self.lend_effects();
        let task = self.places[id.index()].task.as_mut().expect("asked for a task that exists");
        act(task, self.now, &mut effects);
        self.carry_all(id, &mut effects, agenda);
        self.task_effects = Some(effects);
    }

    fn on_deploy(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        deployment: Box<Deployment>,
        agenda: &mut Agenda,
    ) {
        if !self.lives(task, attempt) {
            return;
        }
        let (low, high) = self.scenario.network.task_start;
        let draw = u64::from(attempt.number()) << 32 | 1 << 63;
        let took = self.places[task.index()].snapshots.span(draw, low, high);
        self.schedule(self.now.plus(took), Control::Started { task, attempt, deployment }, agenda);
    }

    pub(super) fn on_started(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        deployment: Box<Deployment>,
        agenda: &mut Agenda,
    ) {
        if self.lives(task, attempt) {
            self.places[task.index()].busy_until = self.now;
            if let Some(file) = self.missing_file(deployment.restored.as_ref()) {
                // What its owner has deleted is missed by nobody who guards files.
                if !self.storage.was_deleted_by_hand(file) {
                    self.tell(TaskEvent::FileMissing { file }.of(task, attempt));
                }
                let why = format!("cannot restore its state: file not found: shared/{file}");
                self.with_task(task, agenda, |_, _, fx| fx.failure = Some(why.into()));
                return;
            }
            if let Some(path) = self.missing_data(task, deployment.restored.as_ref()) {
                let why = format!("cannot restore its state: file not found: {path}");
                self.with_task(task, agenda, |_, _, fx| fx.failure = Some(why.into()));
                return;
            }
            self.with_task(task, agenda, |task, now, fx| task.start(*deployment, now, fx));
            self.begin_work(task, agenda);
        }
    }

    fn on_cancel(&mut self, task: TaskId, attempt: Attempt, agenda: &mut Agenda) {
        if !self.lives(task, attempt) {
            return;
        }
        self.clear(task);
        self.with_task(task, agenda, |task, now, fx| task.cancel(now, fx));
        self.drop_waiting(task, agenda);
    }

    /// A message reaches a job manager.
    pub(super) fn on_message_to_job(
        &mut self,
        task: TaskId,
        attempt: Attempt,
        message: ToJob,
        agenda: &mut Agenda,
    ) {
        let run = self.places[task.index()].run;
        let task = self.places[task.index()].layout.local_task(task);
        self.with_master(run, agenda, |master, now, effects| {
            master.on_message(task, attempt, message, now, effects);
        });
    }

    /// A run is over: its slots are free, its waiting deployments are void.
    pub(super) fn release_run(&mut self, run: RunId, agenda: &mut Agenda) {
        self.managers.free(run);
        self.runs[run.index()].waiting.clear();
        self.deploy_waiting(agenda);
    }

    /// Whether a task is alive and not just being started.
    pub(super) fn is_at_work(&self, task: TaskId) -> bool {
        let phase = self.places[task.index()].task.as_ref().map(Task::phase);
        matches!(phase, Some(Phase::Starting | Phase::Running | Phase::Draining))
    }
}
