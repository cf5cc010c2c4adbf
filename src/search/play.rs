//! Playing one world: run it, check it, compare it with what its scenario expects.

use super::expect::unmet;
#[cfg(not(feature = "fs"))]
use super::no_files::ReadBack;
#[cfg(feature = "fs")]
use super::read_back::ReadBack;
use super::restorable::{Restoring, Shadowed, Tried, restore};
use super::restores::Restores;
use super::story::Story;
use super::twins::who_declares_more;
use crate::check::{BrokenPromise, CheckSetup, Checks, EndOfWorld, FileStart, Restored, Verdict};
use crate::cluster::{At, Cluster, End, Given, Outcome};
use crate::effect::ExternalSystem;
use crate::job::{ClaimMode, RunLayout};
use crate::kernel::{Choices, Flow, SimTime};
use crate::operator::{Catalogue, Log};
use crate::rules::Release;
use crate::scenario::Scenario;
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckName, Entry, Trace, TraceSink};
use serde::Serialize;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

/// What a world is played with.
#[derive(Clone)]
pub struct Setup {
    /// The story.
    pub scenario: Arc<Scenario>,
    /// The operators that its jobs name.
    pub catalogue: Arc<Catalogue>,
    /// The opened inputs, by `InputId`.
    pub inputs: Arc<[Arc<Log>]>,
    /// What decides every random choice.
    pub choices: Choices,
    /// What external systems hold already: they outlive the processes that write to them.
    pub externals: Vec<ExternalSystem>,
    /// The snapshot of an earlier process that the first job starts from.
    pub start: Option<Earlier>,
    /// Whether the trace is kept.
    pub keeps_trace: bool,
    /// Whether an entry for every record is kept, too.
    pub keeps_records: bool,
    /// Whether `sometimes` must happen: not where the user replaced an input.
    pub wants_sometimes: bool,
    /// By how many hundredths what the story allows in time is taken (`bounded-progress`): 100, but in a test that shows how
    /// tight it is.
    pub bounds_percent: u64,
    /// Whether it is tried in the end to restore what is kept, and whether that is written into files in memory and read back,
    /// unless whoever watches the play takes the files.
    pub restoring: Restoring,
}

/// A snapshot of an earlier process, as a later one starts from it.
#[derive(Clone)]
pub struct Earlier {
    /// The snapshot.
    pub snapshot: Arc<CompletedCheckpoint>,
    /// When the clock starts.
    pub clock: SimTime,
    /// Whether state that no operator takes may be dropped.
    pub allow_non_restored: bool,
    /// Who owns it from then on.
    pub claim: ClaimMode,
    /// The folder that it lies in, or its metadata file where that has none.
    pub folder: PathBuf,
    /// The data folder that holds what its external systems hold; none if only the snapshot's copy of them is known.
    pub externals_in: Option<PathBuf>,
}

impl Setup {
    /// Plays this scenario over these inputs, by these choices, from nothing, keeping no trace.
    pub fn new(
        scenario: Arc<Scenario>,
        catalogue: Arc<Catalogue>,
        inputs: Arc<[Arc<Log>]>,
        choices: Choices,
    ) -> Self {
        Self {
            scenario,
            catalogue,
            inputs,
            choices,
            externals: Vec::new(),
            start: None,
            keeps_trace: false,
            keeps_records: false,
            wants_sometimes: true,
            bounds_percent: 100,
            restoring: Restoring::Never,
        }
    }

    /// Plays this scenario with its own seed and the inputs it generates. `None` if it reads files.
    pub fn of(scenario: Arc<Scenario>, catalogue: Arc<Catalogue>) -> Option<Self> {
        let choices = Choices::new(scenario.seed);
        let inputs = super::generated(&scenario, &choices)?;
        Some(Self::new(scenario, catalogue, inputs, choices))
    }
}

/// What the play came to, in one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Judgement {
    /// Every check and expectation holds.
    Holds,
    /// A check or an expectation is broken.
    Broken,
    /// A job that was not over could not go on, or went on and on.
    Stalled,
    /// An operator, source or sink of the user's own panicked, and the play ended there.
    UserPanicked,
    /// Whoever watched the play ended it.
    Interrupted,
}

/// A world that has been played.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Played {
    /// The seed that decided it.
    pub seed: u64,
    /// The release that it began under.
    pub release: Release,
    /// What it came to.
    pub outcome: Outcome,
    /// What happened, if it was kept.
    pub trace: Trace,
    /// What the checks say.
    pub verdict: Verdict,
    /// Expectations that were not met, as sentences.
    pub unmet: Vec<String>,
    /// Whether the scenario says that the world must stall.
    pub must_stall: bool,
    /// What became of the snapshots that runs were started from.
    pub restores: Restores,
    /// What lay where a snapshot was removed from disk, and was left, since it is not known to be the snapshot's.
    pub left: Vec<LeftOnDisk>,
}

/// Something that was not removed with a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LeftOnDisk {
    /// Where it is.
    pub path: PathBuf,
    /// Why it stays, as the rest of a sentence.
    pub why: String,
}

impl Played {
    /// Whether the first job was refused at its submission: the snapshot it was to start from does not fit it.
    pub fn is_start_refused(&self) -> bool {
        self.outcome.refusal(At::Start).is_some()
    }

    /// The promise of its release that is broken, if nothing else is: no fault of the engine.
    pub fn known_break(&self) -> Option<&'static BrokenPromise> {
        let broken = self.verdict.checks.iter().filter(|(_, finding)| finding.is_broken());
        let broken: Vec<_> = broken.map(|(check, _)| self.verdict.excuse(*check)).collect();
        let is_all = broken.len() == self.unmet.len() && broken.iter().all(Option::is_some);
        broken.first().copied().flatten().filter(|_| is_all)
    }

    /// What the play came to, in one word.
    pub fn judgement(&self) -> Judgement {
        match self.outcome.end {
            End::Stalled if !self.must_stall => Judgement::Stalled,
            End::UserPanicked => Judgement::UserPanicked,
            End::Interrupted => Judgement::Interrupted,
            End::Over | End::Until | End::Stalled if self.unmet.is_empty() => Judgement::Holds,
            End::Over | End::Until | End::Stalled => Judgement::Broken,
        }
    }

    /// Why it does not hold, in one sentence; of several reasons the first.
    pub fn why(&self) -> Option<String> {
        match self.judgement() {
            Judgement::Holds => None,
            Judgement::Broken => self.unmet.first().cloned(),
            Judgement::Stalled => {
                let stall = self.outcome.stall.as_ref();
                Some(
                    stall.map_or_else(|| "stalled".to_owned(), |stall| format!("stalled: {stall}")),
                )
            }
            Judgement::UserPanicked => {
                let panic = self.outcome.panicked.as_ref();
                let told = panic.map_or_else(String::new, ToString::to_string);
                Some(format!("the user's own code panicked under seed {}: {told}", self.seed))
            }
            Judgement::Interrupted => Some("interrupted".to_owned()),
        }
    }
}

/// Takes a trace for the checks, for the story and, if asked to, for keeps.
struct Listeners {
    checks: Checks,
    story: Story,
    restores: Restores,
    trace: Option<Trace>,
}

impl TraceSink for Listeners {
    fn on_run(&mut self, layout: &Arc<RunLayout>) {
        self.checks.on_run(layout);
        self.story.on_run(layout);
        self.restores.on_run(layout);
        if let Some(trace) = &mut self.trace {
            trace.on_run(layout);
        }
    }
    fn on_entry(&mut self, entry: &Entry) {
        self.checks.on_entry(entry);
        self.story.on_entry(entry);
        self.restores.on_entry(entry);
        if let Some(trace) = &mut self.trace {
            trace.on_entry(entry);
        }
    }
    fn wants_records(&self) -> bool {
        self.trace.as_ref().is_some_and(|trace| trace.records)
    }
    fn wants_callbacks(&self) -> bool {
        self.story.wants_callbacks()
    }
}

/// How a world looks to its checks when it is over.
pub(super) fn end_of_world<'w>(outcome: &'w Outcome, tried: Option<&'w Tried>) -> EndOfWorld<'w> {
    EndOfWorld {
        externals: &outcome.externals,
        job_keys: &outcome.job_keys,
        ended: outcome.ended,
        had_backpressure: outcome.had_backpressure,
        leftovers: &outcome.leftovers,
        restored: tried.map(|Tried { any, read_back, wrong }| Restored {
            any: *any,
            read_back: *read_back,
            wrong,
        }),
    }
}

/// The checks of a play.
pub(super) fn checks_of(setup: &Setup) -> Checks {
    let file = setup.start.as_ref().map(|start| FileStart { state: Arc::clone(&start.snapshot) });
    Checks::new(CheckSetup {
        scenario: Arc::clone(&setup.scenario),
        catalogue: Arc::clone(&setup.catalogue),
        inputs: Arc::clone(&setup.inputs),
        file,
        with_output: true,
        bounds_percent: setup.bounds_percent,
    })
}

/// What its world begins with.
pub(super) fn given_to(setup: &Setup) -> Given {
    let start = setup.start.as_ref();
    Given {
        catalogue: Arc::clone(&setup.catalogue),
        inputs: Arc::clone(&setup.inputs),
        choices: setup.choices.clone(),
        clock: start.map_or(SimTime::ZERO, |start| start.clock),
        externals: setup.externals.clone(),
        from: start
            .map(|start| (Arc::clone(&start.snapshot), start.allow_non_restored, start.claim)),
    }
}

/// Plays a world to its end, with nobody watching.
pub fn play_out(setup: Setup) -> Played {
    let Ok(played) = play(setup, |_| Ok::<(), Infallible>(()));
    played
}

/// Plays a world to its end. `watch` sees it after every event.
///
/// A panic in an operator of the user's own does not come through: the play ends there and is judged
/// [`Judgement::UserPanicked`], and its outcome says where that was.
///
/// # Errors
///
/// What `watch` returns.
pub fn play<E>(
    setup: Setup,
    mut watch: impl FnMut(&mut Cluster) -> Result<(), E>,
) -> Result<Played, E> {
    play_while(setup, |cluster| watch(cluster).map(|()| Flow::Continue))
}

/// Plays a world to its end, or until `watch`, which sees it after every event, says stop: what has been played is judged as
/// far as it came, and the judgement is [`Judgement::Interrupted`].
///
/// # Errors
///
/// What `watch` returns.
pub fn play_while<E>(
    setup: Setup,
    mut watch: impl FnMut(&mut Cluster) -> Result<Flow, E>,
) -> Result<Played, E> {
    let seed = setup.choices.seed();
    let scenario = Arc::clone(&setup.scenario);
    let trace = Trace::with_records(setup.keeps_records);
    let mut listeners = Listeners {
        checks: checks_of(&setup),
        story: Story::of(&scenario.expect),
        restores: Restores::default(),
        trace: setup.keeps_trace.then_some(trace),
    };
    let mut cluster = Cluster::new(Arc::clone(&scenario), given_to(&setup));
    cluster.keep_records(listeners.wants_records());
    cluster.keep_callbacks(listeners.wants_callbacks());
    let mut goes_on = true;
    let mut is_interrupted = false;
    let mut read_back = ReadBack::of(&setup);
    while goes_on && !is_interrupted {
        goes_on = cluster.step(&mut listeners);
        is_interrupted = watch(&mut cluster)? == Flow::Stop && goes_on;
        if let Some(read_back) = &mut read_back {
            read_back.follow(&mut cluster);
        }
    }
    let mut outcome = cluster.outcome();
    if is_interrupted {
        (outcome.end, outcome.stall) = (End::Interrupted, None);
    }
    let Listeners { checks, story, restores, trace } = listeners;
    let is_cut_off = matches!(outcome.end, End::Interrupted | End::UserPanicked);
    let checks = if is_cut_off { checks.without_output() } else { checks };
    let tried = (setup.restoring != Restoring::Never && !is_cut_off).then(|| {
        let completed = &story.completed;
        let shadowed = Shadowed { scenario: &scenario, setup: &setup, seed, completed };
        let mut tried = restore(&shadowed, &cluster, setup.restoring);
        if let Some(read_back) = read_back {
            read_back.finish(&cluster, &outcome.externals, &mut tried);
        }
        tried
    });
    let verdict = checks.finish(&end_of_world(&outcome, tried.as_ref()));
    // Nothing can be expected of half a story.
    let mut unmet = match is_cut_off {
        true => Vec::new(),
        false => unmet(&scenario, &outcome, &verdict, &story, setup.wants_sometimes),
    };
    if !unmet.is_empty() && verdict.is_broken(CheckName::OutputEquivalence) {
        unmet.splice(0..0, who_declares_more(&setup));
    }
    Ok(Played {
        seed,
        release: scenario.flink,
        outcome,
        trace: trace.unwrap_or_default(),
        verdict,
        unmet,
        must_stall: scenario.expect.stalls.is_some(),
        restores,
        left: Vec::new(),
    })
}
