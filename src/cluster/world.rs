//! The cluster: the world's data, and how it is made, stepped and cloned.

use super::channel::Channel;
use super::control::{Control, Controls, Kind, pack, unpack};
use super::external::External;
use super::in_flight::Gathering;
use super::managers::Managers;
use super::milestone::Milestones;
use super::outcome::{At, UserPanic};
use super::retry::Retries;
use super::snapshots::{Lying, Storage};
use super::stall::{Restarts, Spending, Stall};
use crate::coordinator::{JobMaster, Submission};
use crate::effect::{ExternalSystem, FileChange, JobEffects, TaskEffects, ToTask};
use crate::job::{
    Attempt, CheckpointId, ClaimMode, ExternalId, FileId, LocalTaskId, RunId, RunLayout, TaskId,
    TaskManagerId,
};
use crate::kernel::{Agenda, Choices, Digest, Event, Flow, SimTime, Simulation, Stream, Ticket};
use crate::operator::{Catalogue, Log};
use crate::rules::Rules;
use crate::scenario::{Network, Scenario, StorageFailing};
use crate::state::{CompletedCheckpoint, FixedHasher};
use crate::store::HighAvailabilityStore;
use crate::task::Task;
use crate::trace::{Entry, EntryNumber, SnapshotSource, TaskEvent, TraceEvent, TraceSink};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

/// What a world is given beside its scenario.
#[derive(Clone)]
pub struct Given {
    /// The operators that jobs name.
    pub catalogue: Arc<Catalogue>,
    /// The opened inputs, by `InputId`.
    pub inputs: Arc<[Arc<Log>]>,
    /// What decides every random choice.
    pub choices: Choices,
    /// When the clock starts: 0, or where an earlier process left off.
    pub clock: SimTime,
    /// What external systems hold already.
    pub externals: Vec<ExternalSystem>,
    /// A snapshot from files that the scenario's first job starts from, and whether state of it may be dropped, and who
    /// owns it from then on.
    pub from: Option<(Arc<CompletedCheckpoint>, bool, ClaimMode)>,
}

/// One submission of a job.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) layout: Arc<RunLayout>,
    pub(super) master: Option<JobMaster>,
    /// The first eight bytes of its job id.
    pub(super) job_key: u64,
    /// Deployments that wait for slots.
    pub(super) waiting: Vec<(LocalTaskId, crate::effect::Deployment)>,
    /// Draws how long its metadata takes to write.
    pub(super) metadata: Stream,
    /// Whether its current attempt was restored from a checkpoint.
    pub(super) restored: bool,
    /// Its own checkpoints whose files are there, in order.
    pub(super) retained: Vec<CheckpointId>,
    /// How many job managers it has had before this one: what an older one wanted means nothing any more.
    pub(super) leader: u32,
    /// What a new job manager would find of it; none without high availability, or once it is over.
    pub(super) left: Option<HighAvailabilityStore>,
    /// How it was submitted, for a new job manager.
    pub(super) submission: Option<Arc<Submission>>,
    /// The snapshot of this world that it was started from, and where that lay.
    pub(super) start: Option<(CheckpointId, Lying)>,
    /// Whether its restarts lead anywhere.
    pub(super) restarts: Restarts,
}

/// Where a subtask lives: the task itself, and what the world keeps for it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) run: RunId,
    /// In whose numbers it and its channels are counted.
    pub(super) layout: Arc<RunLayout>,
    /// Whether its job manager has given it up without its knowing.
    pub(super) is_zombie: bool,
    pub(super) task: Option<Task>,
    pub(super) attempt: Attempt,
    pub(super) manager: TaskManagerId,
    /// Until when it processes an element or draws a snapshot.
    pub(super) busy_until: SimTime,
    /// Channels whose head waits for it, in order of arrival.
    pub(super) ready: VecDeque<crate::job::ChannelId>,
    /// Its next turn, if one is on the agenda.
    pub(super) turn: Ticket,
    /// Its next read, if it is a source and one is on the agenda.
    pub(super) read: Ticket,
    /// Whether it wanted to read while its outputs were stalled.
    pub(super) wants_to_read: bool,
    /// Outputs without credit, in order; while there are any the task takes nothing in.
    pub(super) stalled: VecDeque<(crate::job::ChannelId, crate::job::Element)>,
    /// What its barrier overtook in `stalled`, until its snapshot takes it over.
    pub(super) overtaken: Vec<(crate::job::ChannelId, Vec<crate::job::Record>)>,
    /// What its unaligned snapshots still await, oldest first.
    pub(super) gatherings: Vec<Gathering>,
    /// Whether it is a source that has read everything and waits for ever.
    pub(super) is_idle: bool,
    /// When it is woken next for what is due in time, and whether it could not heed such a moment.
    pub(super) wake: Option<SimTime>,
    pub(super) has_overslept: bool,
    /// When the last message to it, and from it, arrives: messages keep their order.
    pub(super) last_in: SimTime,
    pub(super) last_out: SimTime,
    pub(super) messages: Stream,
    pub(super) snapshots: Stream,
    /// Whether it is busy with one thing until further notice, and the messages that wait meanwhile.
    pub(super) is_blocked: bool,
    pub(super) held: Vec<ToTask>,
    /// How many records it has read since its job, or its region, was restarted last.
    pub(super) reads: u64,
    /// The most that it had read by a restart since the last checkpoint that completed.
    pub(super) furthest: u64,
}

/// A savepoint somewhere durable.
#[derive(Clone, Debug)]
pub(super) struct Savepoint {
    pub(super) checkpoint: Arc<CompletedCheckpoint>,
    pub(super) source: SnapshotSource,
    pub(super) lies: Lying,
}

/// All parts, as plain data.
#[derive(Clone)]
pub(super) struct World {
    /// Whether a sender ever waited for credit: told at the end, in no entry.
    pub(super) had_backpressure: bool,
    pub(super) scenario: Arc<Scenario>,
    pub(super) rules: Arc<Rules>,
    /// The scenario's, at hand for every send.
    pub(super) network: Network,
    pub(super) given: Given,
    /// By `InputId`, what stands for the input's name in the draws of its records.
    pub(super) salts: Arc<[u64]>,
    /// Of what external systems held when the world began.
    pub(super) past: Digest,
    pub(super) runs: Vec<Run>,
    pub(super) places: Vec<Place>,
    pub(super) channels: Vec<Channel>,
    pub(super) managers: Managers,
    pub(super) externals: Vec<External>,
    pub(super) external_ids: BTreeMap<String, ExternalId>,
    pub(super) savepoints: BTreeMap<Arc<str>, Savepoint>,
    /// Checkpoints that the user asked for, by label.
    pub(super) checkpoints: BTreeMap<Arc<str>, (RunId, Savepoint)>,
    /// What has become of the files of snapshots.
    pub(super) storage: Storage,
    pub(super) controls: Controls,
    pub(super) milestones: Milestones,
    /// Steps on the agenda that have not been carried out.
    pub(super) steps_due: u32,
    /// Steps that have been carried out or refused.
    pub(super) steps_done: Vec<bool>,
    pub(super) refusals: Vec<(At, Arc<str>)>,
    pub(super) retries: Retries,
    /// Faults that wait for a message that fits.
    pub(super) disturbances: Vec<super::faults::Disturbance>,
    /// How much later the message that is being sent arrives again.
    pub(super) repeated: Option<SimTime>,
    /// Failures of user code that wait for a record or an upload.
    pub(super) failing: Vec<super::user_code::Waiting>,
    /// Faults that wait for a write that fits.
    pub(super) failing_writes: Vec<StorageFailing>,
    /// Task managers that are cut off from the job manager.
    pub(super) cut_off: BTreeMap<TaskManagerId, super::partition::CutOff>,
    /// Where zombies live, by task and attempt, and in what numbers.
    pub(super) zombies: BTreeMap<(TaskId, Attempt), TaskId>,
    pub(super) shadows: Vec<super::partition::Shadow>,
    /// Snapshots whose tasks will never hear that they are durable.
    pub(super) unheard: BTreeSet<(TaskId, Attempt, CheckpointId)>,
    pub(super) files: Vec<FileChange>,
    /// The shared files that are there, with a hash of what is in each.
    pub(super) shared_files: BTreeMap<FileId, u64>,
    /// Entries told and not yet handed to sinks.
    pub(super) told: Vec<Entry>,
    /// Whether anything in `told` is more than a record's passing.
    pub(super) has_news: bool,
    pub(super) new_layouts: Vec<Arc<RunLayout>>,
    /// How many entries were told that are not of records, and how many of records since.
    pub(super) entries: u64,
    pub(super) records: u32,
    /// What caused what is told next: the last entry of this event, or what its message was sent for.
    pub(super) cause: u64,
    pub(super) wants_records: bool,
    /// Counts everything that is progress; a world where it stands still is quiet.
    pub(super) activity: u64,
    pub(super) is_over: bool,
    pub(super) until_reached: bool,
    /// What it may still use up.
    pub(super) spending: Spending,
    /// Why it came to no good end.
    pub(super) stall: Option<Stall>,
    /// The panic of the user's own code that ended it.
    pub(super) panicked: Option<UserPanic>,
    pub(super) now: SimTime,
    /// How many elements the barrier that is being taken has overtaken in its channel.
    pub(super) ahead: usize,
    /// Lent to a task for one call and taken back; boxed, since it is lent for every event.
    pub(super) task_effects: Option<Box<TaskEffects>>,
    pub(super) job_effects: JobEffects,
}

/// A simulated world that can be stepped, run and cloned at any event.
#[derive(Clone)]
pub struct Cluster {
    pub(super) simulation: Simulation<World>,
}

/// No entry caused it.
pub(super) const NO_CAUSE: u64 = u64::MAX;

impl Cluster {
    /// A world in which nothing has happened yet. Submits the first job and puts every timed step on the agenda.
    pub fn new(scenario: Arc<Scenario>, given: Given) -> Self {
        let world = World::new(scenario, given);
        let mut simulation = Simulation::new(world);
        let Simulation { world, agenda, digest, .. } = &mut simulation;
        world.begin(agenda, digest);
        Self { simulation }
    }

    /// Plays one event and hands what happened to the sink. `false` when the world is over.
    #[inline]
    pub fn step(&mut self, sink: &mut dyn TraceSink) -> bool {
        let flow = self.simulation.step();
        let world = &mut self.simulation.world;
        if !world.told.is_empty() || !world.new_layouts.is_empty() {
            world.flush(sink);
        }
        flow == Flow::Continue
    }

    /// Whether an entry is told for every record from now on.
    pub fn keep_records(&mut self, wanted: bool) {
        self.simulation.world.wants_records = wanted;
    }

    /// Whether an entry is told for every call of an operator from now on.
    pub fn keep_callbacks(&mut self, wanted: bool) {
        self.simulation.world.lend_effects_with(|effects| effects.wants_callbacks = wanted);
    }

    /// Plays to the end.
    pub fn run(&mut self, sink: &mut dyn TraceSink) {
        self.keep_records(sink.wants_records());
        self.keep_callbacks(sink.wants_callbacks());
        while self.step(sink) {}
    }

    /// Virtual time.
    pub fn now(&self) -> SimTime {
        self.simulation.now().max(self.simulation.world.given.clock)
    }

    /// How many events have been played.
    pub fn events(&self) -> u64 {
        self.simulation.events()
    }

    /// Takes the changes of durable files since the last call, in order.
    pub fn take_files(&mut self) -> Vec<FileChange> {
        std::mem::take(&mut self.simulation.world.files)
    }
}

impl crate::kernel::World for World {
    #[inline(always)] // one caller: the loop
    fn on_event(&mut self, event: Event, agenda: &mut Agenda, digest: &mut Digest) -> Flow {
        if (event.at == SimTime::MAX || self.spending.count()) && self.ends_before(event, agenda) {
            return Flow::Stop;
        }
        self.now = event.at;
        let (kind, index) = unpack(event.what);
        match kind {
            Kind::Head => self.on_head(index, event.ticket, agenda),
            Kind::Turn => self.on_turn(index, event.ticket, agenda),
            Kind::Read => self.on_read(index, event.ticket, agenda),
            Kind::Control => self.on_control_due(index, agenda),
        }
        self.finish_event(agenda, digest)
    }
}

impl World {
    /// Whether the world ends before this event: time is over, or what it may use is used up.
    #[cold]
    fn ends_before(&mut self, event: Event, agenda: &Agenda) -> bool {
        if event.at == SimTime::MAX {
            self.end_time(event, agenda);
            return true;
        }
        self.is_spent(event, agenda)
    }

    #[inline(never)] // rare beside records
    fn on_control_due(&mut self, index: usize, agenda: &mut Agenda) {
        let (mut control, cause) = self.controls.take(index);
        if !self.zombies.is_empty() {
            control.redirect(self);
        }
        self.cause = cause;
        self.on_control(control, agenda);
    }

    fn new(scenario: Arc<Scenario>, given: Given) -> Self {
        let cluster = scenario.cluster;
        let mut world = Self {
            rules: Arc::new(scenario.rules()),
            network: scenario.network,
            managers: Managers::new(cluster.task_managers, cluster.slots),
            milestones: Milestones::of(&scenario),
            steps_done: vec![false; scenario.steps.len()],
            spending: Spending::of(&scenario),
            now: given.clock,
            salts: scenario.inputs.iter().map(|input| salt(&input.name)).collect(),
            scenario,
            given,
            past: Digest::new(),
            runs: Vec::new(),
            places: Vec::new(),
            channels: Vec::new(),
            externals: Vec::new(),
            external_ids: BTreeMap::new(),
            savepoints: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            storage: Storage::default(),
            controls: Controls::default(),
            steps_due: 0,
            had_backpressure: false,
            refusals: Vec::new(),
            retries: Retries::default(),
            disturbances: Vec::new(),
            repeated: None,
            failing: Vec::new(),
            failing_writes: Vec::new(),
            cut_off: BTreeMap::new(),
            zombies: BTreeMap::new(),
            shadows: Vec::new(),
            unheard: BTreeSet::new(),
            files: Vec::new(),
            shared_files: BTreeMap::new(),
            told: Vec::new(),
            has_news: false,
            new_layouts: Vec::new(),
            entries: 0,
            records: 0,
            cause: NO_CAUSE,
            wants_records: false,
            activity: 0,
            is_over: false,
            until_reached: false,
            stall: None,
            panicked: None,
            ahead: 0,
            task_effects: Some(Box::default()),
            job_effects: JobEffects::default(),
        };
        for system in std::mem::take(&mut world.given.externals) {
            system.fold_into(&mut world.past);
            world.external_ids.insert(system.name.clone(), ExternalId::new(world.externals.len()));
            world.externals.push(External::of(system));
        }
        world
    }

    fn begin(&mut self, agenda: &mut Agenda, digest: &mut Digest) {
        self.schedule_steps(agenda);
        if let Some(until) = self.scenario.until {
            self.schedule(until.max(self.now), Control::Until, agenda);
        }
        if self.scenario.first_job_runs_at_once() {
            let from = self.given.from.clone();
            let source =
                from.as_ref().map(|(snapshot, ..)| SnapshotSource::Files(snapshot.properties().id));
            let allowed =
                from.as_ref().map_or((false, ClaimMode::default()), |from| (from.1, from.2));
            let from = from.map(|(snapshot, ..)| snapshot).zip(source);
            let found = from.iter().flat_map(|(snapshot, _)| snapshot.files());
            self.shared_files = found.map(|file| (file.id, file.content)).collect();
            if let Err(why) = self.submit(0, from, allowed, agenda) {
                self.refusals.push((At::Start, why));
            }
        }
        let _nothing_ends_a_world_that_begins = self.finish_event(agenda, digest);
    }

    /// Puts a control on the agenda.
    pub(super) fn schedule(&mut self, at: SimTime, control: Control, agenda: &mut Agenda) {
        let place = self.controls.put(control, self.cause);
        agenda.push(at, pack(Kind::Control, place));
    }

    /// Tells what happened. What is told next is caused by it.
    pub(super) fn tell(&mut self, event: TraceEvent) {
        assert!(!event.is_of_record(), "{event:?} is told to whom wants records");
        self.has_news = true;
        self.write(event);
    }

    /// Tells what happened to a task in the attempt that lives there. What is of a record, to listeners only: neither
    /// milestones nor the digest depend on who listens.
    #[inline(never)]
    pub(super) fn tell_of(&mut self, task: TaskId, event: TaskEvent) {
        self.has_news |= !event.is_of_record();
        self.write(event.of(task, self.places[task.index()].attempt));
    }

    #[inline]
    fn write(&mut self, mut event: TraceEvent) {
        if !self.shadows.is_empty() {
            event = self.with_known_numbers(event);
        }
        let is_of_record = event.is_of_record();
        (self.entries, self.records) =
            if is_of_record { (self.entries, self.records + 1) } else { (self.entries + 1, 0) };
        // The first entry of a world is that a job was submitted.
        let number = EntryNumber { entry: self.entries - 1, record: self.records };
        let cause = (self.cause != NO_CAUSE).then_some(self.cause);
        self.told.push(Entry { at: self.now, number, cause, event });
        if !is_of_record {
            self.cause = number.entry;
        }
    }

    /// After each event: milestones that were reached, what the digest must know, whether the world is over.
    #[inline]
    fn finish_event(&mut self, agenda: &mut Agenda, digest: &mut Digest) -> Flow {
        if self.has_news {
            self.finish_told(agenda, digest);
        }
        self.cause = NO_CAUSE;
        if self.is_over { Flow::Stop } else { Flow::Continue }
    }

    #[inline(never)]
    fn finish_told(&mut self, agenda: &mut Agenda, digest: &mut Digest) {
        self.note_restarts();
        self.reach_milestones(agenda);
        for entry in self.told.iter().filter(|entry| !entry.event.is_of_record()) {
            digest.fold(entry.at.nanos(), 0);
            digest.fold_facts(&entry.event);
        }
        self.has_news = false;
        self.is_over |= self.steps_due == 0 && !self.any_alive();
    }

    /// Takes the buffer that is lent to a task.
    #[inline]
    pub(super) fn lend_effects(&mut self) -> Box<TaskEffects> {
        self.task_effects.take().expect("one task acts at a time")
    }

    /// Changes the buffer that is lent to tasks, between two of their calls.
    fn lend_effects_with(&mut self, change: impl FnOnce(&mut TaskEffects)) {
        change(self.task_effects.as_mut().expect("no task acts now"));
    }

    #[inline(never)]
    fn flush(&mut self, sink: &mut dyn TraceSink) {
        for layout in self.new_layouts.drain(..) {
            sink.on_run(&layout);
        }
        for entry in self.told.drain(..) {
            sink.on_entry(&entry);
        }
    }

    /// Whether any run is not over.
    pub(super) fn any_alive(&self) -> bool {
        let is_alive =
            |run: &Run| run.master.as_ref().is_some_and(|master| !master.status().is_terminal());
        self.runs.iter().any(is_alive)
    }

    /// The world's id of a run's task.
    pub(super) fn world_task(&self, run: RunId, task: LocalTaskId) -> TaskId {
        self.runs[run.index()].layout.task(task)
    }
}

/// A number for the name of an input: its place in the file must not matter.
fn salt(name: &str) -> u64 {
    let mut hasher = FixedHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}
