//! `sandbar sweep`: many seeds on many threads, folded so that the output does not depend on how many.

use super::arguments::Sweep;
use super::case::{self, Case};
use super::clock::Clock;
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::open::{base, scenario};
use super::screen::Screen;
use super::sweep_report::{replay, report};
use super::threads::threads;
use super::{BROKEN, HOLDS, INTERRUPTED, STALLED, USER_PANICKED, panics};
use crate::kernel::Choices;
use crate::operator::{Catalogue, Log};
use crate::scenario::{InputKind, Scenario};
use crate::search::{
    Judgement, PlayError, Played, Restoring, Setup, SweepTotals, around, drawn_setup, generated,
    open, play,
};
use indicatif::ProgressBar;
use rayon::iter::{ParallelBridge, ParallelIterator};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many seeds a thread takes at a time: enough that folding costs nothing, few enough that none waits for long.
const CHUNK: u64 = 32;

/// What is played under each seed.
enum Source {
    /// A story of the seed's own.
    Drawn,
    /// One file, under each of its releases. Its inputs, if no seed changes them.
    File(Vec<Arc<Scenario>>, Option<Arc<[Arc<Log>]>>),
}

/// All that a thread must know.
struct Plan<'s> {
    arguments: &'s Sweep,
    catalogue: &'s Arc<Catalogue>,
    source: Source,
    interrupt: Interrupt,
    bar: ProgressBar,
    clock: Clock,
    /// How many worlds have failed so far.
    failed: AtomicU64,
}

impl Plan<'_> {
    /// Whether no more seeds are played: somebody asked to stop, enough has failed, or the time is up.
    fn is_over(&self) -> bool {
        let most = if self.arguments.until_found { Some(1) } else { self.arguments.fail_fast };
        let has_enough = most.is_some_and(|most| self.failed.load(Ordering::Relaxed) >= most);
        let budget = self.arguments.budget.map(|budget| budget.nanos() / 1_000_000);
        let is_late = budget.is_some_and(|budget| self.clock.millis() >= budget);
        has_enough || is_late || self.interrupt.is_asked()
    }
}

/// Plays the seeds and tells the totals.
pub(super) fn sweep(
    arguments: &Sweep,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let source = source(arguments, catalogue)?;
    let seeds = arguments.seeds();
    let template = "{bar:30} {pos}/{len} worlds, {per_sec}, {eta} left";
    let length = (!arguments.print_scenario).then(|| seeds.end - seeds.start);
    let bar = if length.is_some() { progress(length, template) } else { ProgressBar::hidden() };
    let interrupt = Interrupt::listen();
    let (clock, failed) = (Clock::begin(), AtomicU64::new(0));
    let plan = Plan { arguments, catalogue, source, interrupt, bar, clock, failed };
    if arguments.print_scenario {
        for seed in seeds.take_while(|_| !plan.interrupt.is_asked()) {
            if screen.is_closed() {
                break;
            }
            let text = drawn_text(&plan, seed)?;
            screen.say_as_it_is(&format!("# seed {seed}\n{text}\n"));
        }
        return Ok(HOLDS);
    }
    let threads = threads(arguments.jobs)?;
    let totals = threads.install(|| play_all(&plan));
    plan.bar.finish_and_clear();
    let totals = totals?;
    let is_interrupted = plan.interrupt.is_asked();
    screen.say(&report(arguments, &totals, is_interrupted, screen.style));
    if let Some(folder) = arguments.keep.as_ref().filter(|_| !is_interrupted) {
        keep(&plan, folder, &totals, screen)?;
    }
    if is_interrupted {
        return Err(Failure {
            text: "interrupted: the totals are those of the worlds that were played\n".to_owned(),
            code: INTERRUPTED,
        });
    }

    let too_little = arguments.require_goals && totals.goals().iter().any(|goal| !goal.is_met());
    Ok(code_of(&totals, too_little))
}

/// Keeps the seeds that failed and are told, each in a folder of its own.
fn keep(
    plan: &Plan<'_>,
    folder: &Path,
    totals: &SweepTotals,
    screen: &mut Screen,
) -> Result<(), Failure> {
    for (seed, why) in &totals.failures {
        let replay = replay(plan.arguments, *seed);
        let place = folder.join(format!("seed-{seed}"));
        let report = format!("seed {seed}: {why}\nreplay: {replay}\n");
        for setup in setups(plan, *seed)? {
            let from = plan.arguments.file.as_deref().map_or(Path::new(""), base);
            let deep = setup.restoring != Restoring::Never;
            let setup = setup.clone();
            let again = play_watched(plan, setup.clone())?;
            if again.is_none_or(|played| played.judgement() == Judgement::Holds) {
                continue;
            }
            let case = Case { setup, from, report: &report, replay: &replay, deep };
            let kept = panics::caught(|| case::keep(&place, case, plan.catalogue, &plan.interrupt));
            match kept {
                Ok(kept) => screen.complain(&kept?),
                Err(_) => screen.complain(&format!("seed {seed} is not kept: its play panics\n")),
            }
            break;
        }
    }
    Ok(())
}

/// What to exit with: what is broken comes before what only stalled or panicked.
fn code_of(totals: &SweepTotals, too_little: bool) -> u8 {
    let came_to = |judgement| totals.judgements.contains_key(&judgement);
    let others = [Judgement::Stalled, Judgement::UserPanicked, Judgement::Interrupted];
    let counted = others.iter().filter_map(|judgement| totals.judgements.get(judgement)).sum();
    if totals.failed > counted || too_little {
        BROKEN
    } else if came_to(Judgement::UserPanicked) {
        USER_PANICKED
    } else if came_to(Judgement::Stalled) {
        STALLED
    } else {
        HOLDS
    }
}

fn source(arguments: &Sweep, catalogue: &Arc<Catalogue>) -> Result<Source, Failure> {
    let Some(file) = &arguments.file else { return Ok(Source::Drawn) };
    let mut scenario = scenario(file, catalogue)?;
    scenario.mutations.extend(&arguments.mutation);
    // Read them once now, so that a missing file is told once.
    let choices = Choices::new(arguments.seeds().start);
    let inputs = open(&scenario, base(file), &BTreeMap::new(), &choices)?;
    let is_fixed = scenario
        .inputs
        .iter()
        .all(|input| matches!(input.kind, InputKind::Text(_) | InputKind::Csv { .. }));
    let stories = scenario.releases().map(|release| Arc::new(scenario.under(release))).collect();
    Ok(Source::File(stories, is_fixed.then_some(inputs)))
}

fn drawn_text(plan: &Plan<'_>, seed: u64) -> Result<String, Failure> {
    let setups = setups(plan, seed)?;
    Ok(Scenario { seed, ..Scenario::clone(&setups[0].scenario) }.to_text())
}

/// Contiguous chunks of seeds, each folded by one thread, then folded together.
fn play_all(plan: &Plan<'_>) -> Result<SweepTotals, Failure> {
    let Range { start, end } = plan.arguments.seeds();
    let chunks = (end - start).div_ceil(CHUNK);
    (0..chunks)
        .take_while(|_| !plan.is_over())
        .par_bridge()
        .map(|chunk| {
            let first = start + chunk * CHUNK;
            play_chunk(plan, first..first.saturating_add(CHUNK).min(end))
        })
        .try_reduce(SweepTotals::default, |mut one, other| {
            one.merge(other);
            Ok(one)
        })
}

fn play_chunk(plan: &Plan<'_>, seeds: Range<u64>) -> Result<SweepTotals, Failure> {
    let mut totals = SweepTotals::default();
    for seed in seeds {
        if plan.is_over() {
            break;
        }
        let failed = totals.failed;
        match panics::caught(|| play_seed(plan, seed)) {
            Ok(Ok(played)) if played.is_empty() => break,
            Ok(Ok(played)) => played.iter().for_each(|played| totals.add(played)),
            Ok(Err(failure)) => {
                return Err(failure.with_replay(&replay(plan.arguments, seed)));
            }
            Err(message) => {
                let why = format!("the engine broke a rule of its own: {message}");
                totals.merge(SweepTotals {
                    failures: BTreeMap::from([(seed, why)]),
                    failed: 1,
                    ..SweepTotals::default()
                });
            }
        }
        plan.failed.fetch_add(totals.failed - failed, Ordering::Relaxed);
        plan.bar.inc(1);
    }
    Ok(totals)
}

/// Plays the worlds of one seed; none if the user interrupted.
fn play_seed(plan: &Plan<'_>, seed: u64) -> Result<Vec<Played>, Failure> {
    let played = setups(plan, seed)?.into_iter().map(|setup| play_watched(plan, setup));
    let played: Option<Vec<Played>> = played.collect::<Result<_, Failure>>()?;
    Ok(played.unwrap_or_default())
}

/// The worlds of one seed.
fn setups(plan: &Plan<'_>, seed: u64) -> Result<Vec<Setup>, Failure> {
    match &plan.source {
        Source::Drawn => {
            let mutations = &plan.arguments.mutation;
            let profile = plan.arguments.profile();
            Ok(vec![drawn_setup(seed, &profile, mutations, plan.catalogue)])
        }
        Source::File(stories, inputs) => {
            stories.iter().map(|story| of_file(plan, seed, story, inputs.as_ref())).collect()
        }
    }
}

/// The world of a file under one release.
fn of_file(
    plan: &Plan<'_>,
    seed: u64,
    scenario: &Arc<Scenario>,
    inputs: Option<&Arc<[Arc<Log>]>>,
) -> Result<Setup, Failure> {
    let choices = Choices::new(seed);
    let inputs = match (inputs, generated(scenario, &choices), &plan.arguments.file) {
        (Some(inputs), _, _) => Arc::clone(inputs),
        (None, Some(inputs), _) => inputs,
        (None, None, Some(file)) => open(scenario, base(file), &BTreeMap::new(), &choices)?,
        (None, None, None) => unreachable!("a file was given"),
    };
    let scenario = &match plan.arguments.around {
        true => {
            let profile = plan.arguments.profile();
            Arc::new(around(scenario, &inputs, &choices, &profile, plan.catalogue))
        }
        false => Arc::clone(scenario),
    };
    Ok(Setup {
        // Another seed may well tell another story.
        wants_sometimes: false,
        ..Setup::new(Arc::clone(scenario), Arc::clone(plan.catalogue), inputs, choices)
    })
}

/// Plays a world; none if the user interrupted.
fn play_watched(plan: &Plan<'_>, setup: Setup) -> Result<Option<Played>, Failure> {
    match play(setup, |_| plan.interrupt.check()) {
        Ok(mut played) => {
            if let Some(panic) = &mut played.outcome.panicked {
                panic.message = panics::with_place(&panic.message);
            }
            Ok(Some(played))
        }
        Err(PlayError::Interrupted) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
