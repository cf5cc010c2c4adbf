//! Submissions: a job becomes a run, with places for its tasks and channels between them.

use super::channel::Channel;
use super::external::External;
use super::world::{Place, Run, World};
use crate::coordinator::{JobMaster, SplitSource, Submission};
use crate::effect::{ExternalSystem, JobEffects};
use crate::job::{
    Attempt, ChannelId, ClaimMode, ExternalId, InputId, JobId, LocalTaskId, OperatorIndex,
    OperatorKind, OperatorNode, Plan, PlanRules, Reader, RunId, RunLayout, TaskId,
};
use crate::kernel::{Agenda, Family, Piece, Stream};
use crate::state::CompletedCheckpoint;
use crate::store::HighAvailabilityStore;
use crate::trace::{JobEvent, SnapshotSource};
use std::sync::Arc;

impl World {
    /// The sources of a job whose readers are given splits.
    fn split_sources(&self, job: usize) -> Vec<SplitSource> {
        let nodes = self.scenario.jobs[job].graph.operators.iter().enumerate();
        let source = |(place, node): (usize, &OperatorNode)| {
            let OperatorKind::Source { input, .. } = &node.kind else { return None };
            let mut inputs = self.scenario.inputs.iter();
            let number = inputs.position(|other| other.name == *input)?;
            let partitions = self.scenario.inputs[number].partitions;
            let (operator, input) = (OperatorIndex::new(place), InputId::new(number));
            let reads_splits = node.options.reader == Reader::Splits;
            reads_splits.then_some(SplitSource { operator, input, partitions })
        };
        nodes.filter_map(source).collect()
    }

    /// Submits a job of the scenario, from a snapshot or from nothing. `allowed` says whether state of it may be dropped, and
    /// who owns it from then on.
    ///
    /// # Errors
    ///
    /// If the snapshot cannot be restored into it; the message states the facts and the way out.
    pub(super) fn submit(
        &mut self,
        job: usize,
        from: Option<(Arc<CompletedCheckpoint>, SnapshotSource)>,
        allowed: (bool, ClaimMode),
        agenda: &mut Agenda,
    ) -> Result<RunId, Arc<str>> {
        self.savepoint_store()?;
        let run = RunId::new(self.runs.len());
        let config = &self.scenario.jobs[job];
        let plan = config.plan(PlanRules::from(&*self.rules));
        let plan = plan.map_err(|error| format!("{error}; {}", error.help()))?;
        let layout = self.lay_out(run, job, Arc::clone(&plan));
        let job_id = self.job_id(&layout.label);
        let start = from.as_ref().map(|(snapshot, _)| Arc::clone(snapshot));
        let submission = self.submission(&layout, job_id, start.clone(), allowed);
        self.add_run(layout, job_id);
        if self.scenario.cluster.takeover_after.is_some() {
            let start = start.as_ref().filter(|_| self.rules.start_in_store);
            self.runs[run.index()].left = Some(HighAvailabilityStore::new(start));
            self.runs[run.index()].submission = Some(Arc::new(submission.clone()));
        }
        self.tell(JobEvent::Submitted { from: from.map(|(_, source)| source) }.of(run));
        let mut effects = JobEffects::default();
        match JobMaster::submit(submission, &mut effects) {
            Ok(master) => {
                self.runs[run.index()].master = Some(master);
                self.carry_job(run, &mut effects, agenda);
                Ok(run)
            }
            Err(error) => {
                let why: Arc<str> = format!("{error}; {}", error.help()).into();
                self.tell(JobEvent::Refused { why: Arc::clone(&why) }.of(run));
                Err(why)
            }
        }
    }

    fn submission(
        &self,
        layout: &Arc<RunLayout>,
        job: JobId,
        from: Option<Arc<CompletedCheckpoint>>,
        (allow_non_restored, claim): (bool, ClaimMode),
    ) -> Submission {
        let config = &self.scenario.jobs[layout.job];
        Submission {
            layout: Arc::clone(layout),
            job,
            checkpoint: config.checkpoint,
            restart: config.restart_under(&self.rules),
            failover: config.failover.unwrap_or(self.rules.failover),
            rules: Arc::clone(&self.rules),
            from,
            split_sources: self.split_sources(layout.job),
            allow_non_restored,
            claim,
            is_highly_available: self.scenario.cluster.takeover_after.is_some(),
        }
    }

    fn lay_out(&self, run: RunId, job: usize, plan: Arc<Plan>) -> Arc<RunLayout> {
        let ordinal = self.runs.iter().filter(|other| other.layout.job == job).count();
        let label = format!("{}#{ordinal}", plan.graph.name);
        let (task, channel) = (TaskId::new(self.places.len()), ChannelId::new(self.channels.len()));
        Arc::new(RunLayout::new(run, label, job, plan).beginning_at(task, channel))
    }

    /// A run's id: of seed, clock, label and what external systems held when the world began, so that a later process
    /// over the same data never gives the same.
    fn job_id(&self, label: &str) -> JobId {
        let mut digest = self.past;
        digest.fold(self.given.choices.seed(), self.given.clock.nanos());
        digest.fold_bytes(label.as_bytes());
        JobId(digest.value().to_be_bytes())
    }

    fn add_run(&mut self, layout: Arc<RunLayout>, job: JobId) {
        let key = job.0[..8].try_into().expect("a job id has 16 bytes");
        let choices = &self.given.choices;
        for task in layout.tasks() {
            let name = layout.task_name(task);
            let messages = choices.stream("message", format_args!("{}/{name}", layout.label));
            let snapshots = choices.stream("snapshot", format_args!("{}/{name}", layout.label));
            let place = Place::new(&layout, messages, snapshots);
            self.places.push(place);
        }
        let latencies = self.latencies(&layout, Attempt::default());
        for (channel, latency) in layout.plan.channels.iter().zip(latencies) {
            let (from, to) = (layout.task(channel.from), layout.task(channel.to));
            self.channels.push(Channel::new(from, to, channel.gate, latency));
        }
        self.add_externals(&layout.plan);
        self.runs.push(Run {
            master: None,
            job_key: u64::from_be_bytes(key),
            waiting: Vec::new(),
            metadata: self.given.choices.stream("metadata", &layout.label),
            restored: false,
            retained: Vec::new(),
            leader: 0,
            left: None,
            submission: None,
            start: None,
            restarts: Default::default(),
            layout: Arc::clone(&layout),
        });
        self.new_layouts.push(layout);
    }

    /// A sink writes to the external system of its own name, whichever job it is in.
    fn add_externals(&mut self, plan: &Plan) {
        for node in &plan.graph.operators {
            let is_sink = matches!(node.kind, OperatorKind::Sink { .. });
            if is_sink && !self.external_ids.contains_key(&node.name) {
                let id = ExternalId::new(self.externals.len());
                let system =
                    ExternalSystem { name: node.name.clone(), ..ExternalSystem::default() };
                self.externals.push(External::of(system));
                self.external_ids.insert(node.name.clone(), id);
            }
        }
    }

    /// The draws of each channel's latency, named after run, operators, subtasks and attempt.
    pub(super) fn latencies(&self, layout: &RunLayout, attempt: Attempt) -> Vec<Stream> {
        let plan = &layout.plan;
        let family = |edge: &crate::job::PlanEdge| {
            let (from, to) = (layout.operator_name(edge.from), layout.operator_name(edge.to));
            let whom = format_args!("{}/{from}->{to}.{}/", layout.label, edge.input);
            self.given.choices.family("channel-latency", whom)
        };
        let families: Vec<Family> = plan.edges.iter().map(family).collect();
        let subtask = |task: LocalTaskId| Piece::Number(plan.task(task).subtask.into());
        let attempt = Piece::Number(attempt.number().into());
        let stream = |channel: &crate::job::PlanChannel| {
            let (from, to) = (subtask(channel.from), subtask(channel.to));
            families[channel.edge].stream(&[
                from,
                Piece::Text("->"),
                to,
                Piece::Text("/a"),
                attempt,
            ])
        };
        plan.channels.iter().map(stream).collect()
    }
}
