//! The cluster: the world's parts, and how it is made, stepped and cloned.

use crate::cluster::control::{Kind, unpack};
use crate::cluster::ending::Ending;
use crate::cluster::external::Externals;
use crate::cluster::hosts::Hosts;
use crate::cluster::ids::{PlaceId, WireId};
use crate::cluster::journal::Journal;
use crate::cluster::leaders::{Leaders, restarts};
use crate::cluster::network::Network;
use crate::cluster::script::Script;
use crate::cluster::storage::Storage;
use crate::cluster::storage::snapshots::SavepointStore;
use crate::effect::{ExternalSystem, FileChange, JobEffects, TaskEffects};
use crate::job::ClaimMode;
use crate::kernel::{Agenda, Choices, Digest, Event, Flow, SimTime, Simulation};
use crate::operator::{Catalogue, Inputs, Log};
use crate::rules::{Rules, SavepointLayout};
use crate::scenario::Scenario;
use crate::state::CompletedCheckpoint;
use crate::trace::TraceSink;
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

/// The parts, none of which knows another. What concerns several is carried from one to the other here.
///
/// Its methods move elements and carry effects. What befalls it now and then is written as functions over it, in the folder
/// of the part that it is about.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) given: Given,
    /// The inputs, with their names.
    pub(crate) inputs: Inputs,
    pub(crate) journal: Journal,
    pub(crate) network: Network,
    pub(crate) hosts: Hosts,
    pub(crate) leaders: Leaders,
    pub(crate) storage: Storage,
    pub(crate) externals: Externals,
    pub(crate) script: Script,
    pub(crate) ending: Ending,
    /// Lent to a task for one call and taken back; boxed, since it is lent for every event.
    pub(crate) task_effects: Option<Box<TaskEffects>>,
    pub(crate) job_effects: JobEffects,
}

/// A simulated world that can be stepped, run and cloned at any event.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) simulation: Simulation<World>,
}

impl Cluster {
    /// A world in which nothing has happened yet. Submits the first job and puts every timed step on the agenda.
    pub fn new(scenario: Arc<Scenario>, given: Given) -> Self {
        let mut simulation = Simulation::new(World::new(scenario, given));
        let Simulation { world, digest, .. } = &mut simulation;
        world.begin();
        let _nothing_ends_a_world_that_begins = world.finish_event(digest);
        Self { simulation }
    }

    /// Plays one event and hands what happened to the sink. `false` when the world is over.
    #[inline]
    pub fn step(&mut self, sink: &mut dyn TraceSink) -> bool {
        let flow = self.simulation.step();
        let journal = &mut self.simulation.world.journal;
        if journal.has_something_to_hand_over() {
            journal.flush(sink);
        }
        flow == Flow::Continue
    }

    /// Whether an entry is told for every record from now on.
    pub const fn keep_records(&mut self, wanted: bool) {
        self.simulation.world.journal.wants_records = wanted;
    }

    /// Whether an entry is told for every call of an operator from now on.
    pub fn keep_callbacks(&mut self, wanted: bool) {
        self.simulation.world.with_effects(|_, effects| effects.wants_callbacks = wanted);
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
        std::mem::take(&mut self.simulation.world.storage.files)
    }

    /// How the release that the cluster runs now lays savepoints out.
    pub fn savepoint_layout(&self) -> SavepointLayout {
        self.simulation.world.rules.savepoint_layout
    }

    /// Whether savepoints are files now, and not in the memory of the job manager or in a store of the user's.
    pub fn keeps_savepoints_in_files(&self) -> bool {
        let World { scenario, rules, .. } = &self.simulation.world;
        SavepointStore::of(&scenario.cluster, rules) == Ok(SavepointStore::Files)
    }
}

impl crate::kernel::World for World {
    #[inline]
    fn agenda(&mut self) -> &mut Agenda {
        &mut self.journal.agenda
    }

    #[inline(always)] // one caller: the loop
    fn on_event(&mut self, event: Event, digest: &mut Digest) -> Flow {
        let may_end = event.at == SimTime::MAX || self.ending.spending.count();
        if may_end && self.ends_before(event) {
            return Flow::Stop;
        }
        debug_assert!(event.at >= self.journal.now, "time goes back from {}", self.journal.now);
        self.journal.now = event.at;
        let (kind, index) = unpack(event.what);
        match kind {
            Kind::Head => self.on_head(WireId::new(index), event.ticket),
            Kind::Turn => self.on_turn(PlaceId::new(index), event.ticket),
            Kind::Read => self.on_read(PlaceId::new(index), event.ticket),
            Kind::Control => self.on_control(index),
        }
        self.finish_event(digest)
    }
}

impl World {
    fn new(scenario: Arc<Scenario>, mut given: Given) -> Self {
        let cluster = scenario.cluster;
        Self {
            inputs: Inputs::new(
                scenario.inputs.iter().map(|input| input.name.as_str()),
                Arc::clone(&given.inputs),
            ),
            rules: Arc::new(scenario.rules()),
            journal: Journal { now: given.clock, ..Journal::default() },
            network: Network::new(&scenario),
            hosts: Hosts::new(cluster.task_managers, cluster.slots),
            leaders: Leaders::default(),
            storage: Storage::new(&scenario),
            externals: Externals::new(std::mem::take(&mut given.externals)),
            script: Script::of(&scenario),
            ending: Ending::of(&scenario),
            task_effects: Some(Box::default()),
            job_effects: JobEffects::default(),
            scenario,
            given,
        }
    }

    /// Whether the world ends before this event: time is over, or what it may use is used up.
    #[cold]
    fn ends_before(&mut self, event: Event) -> bool {
        if event.at == SimTime::MAX {
            self.end_time(event);
            return true;
        }
        self.is_spent(event)
    }

    /// After each event: milestones that were reached, what the digest must know, whether the world is over.
    #[inline]
    fn finish_event(&mut self, digest: &mut Digest) -> Flow {
        if self.journal.has_news {
            self.finish_told(digest);
        }
        debug_assert!(self.task_effects.is_some(), "a task acts when its event is over");
        self.journal.cause = None;
        if self.ending.is_over { Flow::Stop } else { Flow::Continue }
    }

    #[inline(never)]
    fn finish_told(&mut self, digest: &mut Digest) {
        for entry in &self.journal.told {
            let limit = self.ending.spending.restarts;
            let (leaders, hosts) = (&mut self.leaders, &mut self.hosts);
            if let Some(stall) = restarts::note(&entry.event, leaders, hosts, limit) {
                self.ending.stall(stall);
            }
            self.leaders.note_restore(&entry.event);
        }
        let told = &self.journal.told;
        let reached = self.script.milestones.reach(&self.scenario, &self.leaders, told);
        for (step, after, entry) in reached {
            self.journal.cause = Some(entry);
            let at = self.journal.now.plus(after);
            self.script.schedule(step, at, &mut self.journal);
        }
        self.journal.fold_into(digest);
        self.ending.is_over |= self.script.due == 0 && !self.leaders.any_alive();
    }
}
