//! Shrinking: looks for a smaller story that is broken in the same way.
//!
//! Greedy, and without chance: edits that make a story smaller are tried all at once, then in halves, then one by one, kind
//! after kind, from the coarse to the fine, until none helps any more or the budget of plays is used up. What is tried is
//! written as a file and read back, so that it is legal, and so that what is found can be kept as a file.

mod coherent;
mod parts;
mod records;
mod settings;
mod signature;
mod size;
mod spans;

pub use signature::{Found, Signature, Wrong};
pub use size::Size;

use super::play::{Played, Setup, play_while};
use super::restorable::Restoring;
use crate::kernel::{Flow, SEED_MAX};
use crate::operator::Catalogue;
use crate::scenario::Scenario;
use crate::trace::CheckName;
use signature::Names;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

/// A change of a story. Where there is nothing to change it changes nothing.
type Edit = Box<dyn Fn(&mut Scenario)>;

/// What came of one play.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trial {
    /// It came to its end.
    Played(Box<Played>),
    /// It was left: it had played more events than it may, or its inputs could not be opened.
    Left,
    /// The engine broke a rule of its own, with this message.
    Panicked(String),
    /// Whoever watches wants no more plays.
    Interrupted,
}

/// Plays what is tried, for as many events at most.
pub type Player<'p> = dyn FnMut(&Arc<Scenario>, u64) -> Trial + 'p;

/// Plays stories that read no files, and lets panics of the engine through.
pub fn plays_generated(catalogue: &Arc<Catalogue>, deep: bool) -> Box<Player<'static>> {
    let catalogue = Arc::clone(catalogue);
    Box::new(move |scenario, events| {
        let Some(setup) = Setup::of(Arc::clone(scenario), Arc::clone(&catalogue)) else {
            return Trial::Left;
        };
        play_within(setup, deep, events)
    })
}

/// Plays a world, for so many events at most.
pub fn play_within(setup: Setup, deep: bool, events: u64) -> Trial {
    let restoring = if deep { Restoring::All } else { Restoring::Never };
    let mut is_left = false;
    let Ok(played) = play_while(Setup { restoring, ..setup }, |cluster| {
        is_left = cluster.events() > events;
        Ok::<_, Infallible>(if is_left { Flow::Stop } else { Flow::Continue })
    });
    if is_left { Trial::Left } else { Trial::Played(Box::new(played)) }
}

/// Why no smaller story was looked for any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stopped {
    /// None of the edits makes a smaller one that is broken in the same way.
    Smallest,
    /// The budget of plays is used up.
    Budget,
    /// Whoever watched wanted no more.
    Interrupted,
}

/// What was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shrunk {
    /// The smaller story.
    pub scenario: Scenario,
    /// What is wrong with it, as with the story that it was made of.
    pub found: Found,
    /// Whether it is broken so under other seeds, too, as far as was tried.
    pub under_any_seed: bool,
    /// How large the story was.
    pub before: Size,
    /// How large it is.
    pub after: Size,
    /// How many worlds were played.
    pub plays: u32,
    /// Why there were no more.
    pub stopped: Stopped,
}

/// Events that a story may play beyond twice as many as the smallest: one that goes on for long is no simpler.
const EVENTS_MORE: u64 = 1_000;

/// Under how many other seeds a story must be broken to be said to be so under any.
const OTHER_SEEDS: u64 = 4;

/// A story that is broken, and what of it is to be kept.
#[derive(Clone)]
pub struct Shrinking {
    catalogue: Arc<Catalogue>,
    names: Names,
    scenario: Scenario,
    events: u64,
    found: Vec<Found>,
}

impl Shrinking {
    /// Plays a story to see what is wrong with it. None if whoever watched wanted no more.
    pub fn of(
        scenario: &Scenario,
        catalogue: &Arc<Catalogue>,
        player: &mut Player<'_>,
    ) -> Option<Self> {
        let names = Names::of(scenario);
        let scenario = scenario.clone();
        let (events, found) = match player(&Arc::new(scenario.clone()), u64::MAX) {
            Trial::Played(played) => (played.outcome.events, names.found(&played)),
            Trial::Panicked(message) => (u64::MAX, vec![names.panicked(&message)]),
            Trial::Left => (0, Vec::new()),
            Trial::Interrupted => return None,
        };
        let catalogue = Arc::clone(catalogue);
        Some(Self { catalogue, names, scenario, events, found })
    }

    /// All that is wrong with it, what it is judged by first.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// The first thing that is wrong with it, or the first that a check found.
    pub fn first(&self, check: Option<CheckName>) -> Option<&Found> {
        let is_wanted = |found: &&Found| match check {
            None => true,
            Some(wanted) => {
                matches!(found.signature.what, Wrong::Check { check, .. } if check == wanted)
            }
        };
        self.found.iter().find(is_wanted)
    }

    /// Looks for a smaller story that is broken like this, in so many plays at most. `watch` is told before each play how many
    /// there were and how large the smallest story is.
    pub fn shrink(
        &self,
        found: &Found,
        plays: u32,
        player: &mut Player<'_>,
        watch: &mut dyn FnMut(u32, &Size),
    ) -> Shrunk {
        let text = self.scenario.to_text();
        let before = Size::of(&self.scenario, &text);
        let (scenario, found) = (self.scenario.clone(), found.clone());
        let smallest = Smallest { scenario, text, size: before, found, events: self.events };
        let mut search = Search {
            of: self,
            smallest,
            tried: BTreeSet::new(),
            plays: 0,
            plays_max: plays,
            stopped: None,
            is_wary: false,
            player,
            watch,
        };
        search.run();
        let under_any_seed = search.is_broken_under_any_seed() || search.pin();
        let Search { smallest, plays, stopped, .. } = search;
        Shrunk {
            scenario: smallest.scenario,
            found: smallest.found,
            under_any_seed,
            before,
            after: smallest.size,
            plays,
            stopped: stopped.unwrap_or(Stopped::Smallest),
        }
    }
}

/// A story that is broken in the wanted way.
#[derive(Clone)]
struct Smallest {
    scenario: Scenario,
    text: String,
    size: Size,
    found: Found,
    /// How many events it plays.
    events: u64,
}

/// The search for a smaller story.
struct Search<'s, 'p> {
    of: &'s Shrinking,
    smallest: Smallest,
    /// The texts that have been tried.
    tried: BTreeSet<String>,
    plays: u32,
    plays_max: u32,
    stopped: Option<Stopped>,
    /// Whether each step is asked whether it needs the mutations: some was broken without them, too.
    is_wary: bool,
    player: &'s mut Player<'p>,
    watch: &'s mut dyn FnMut(u32, &Size),
}

impl Search<'_, '_> {
    /// Tries all kinds of edits until none helps.
    fn run(&mut self) {
        while self.stopped.is_none() {
            let before = self.smallest.clone();
            self.round();
            if self.smallest.text == before.text {
                break;
            }
            if !self.is_wary && !self.needs_mutations(&self.smallest.scenario.clone()) {
                // On the way it became a story that is broken whatever the protocol does.
                self.smallest = before;
                self.tried.clear();
                self.is_wary = true;
            }
        }
    }

    /// Every kind of edit once.
    fn round(&mut self) {
        self.all(settings::of_expectations);
        self.all(parts::steps);
        self.all(parts::jobs);
        self.all(parts::merged_jobs);
        self.all(parts::operators);
        self.all(settings::of_story);
        self.all(settings::of_jobs);
        self.all(settings::of_operators);
        self.all(settings::of_inputs);
        for fewer in parts::FEWER {
            self.all(|scenario| parts::subtasks(scenario, fewer));
        }
        self.all(parts::operators_of_jobs);
        for fewer in parts::FEWER {
            self.all(|scenario| parts::subtasks_of_jobs(scenario, fewer));
        }
        self.all(settings::of_steps);
        self.records();
        // A story that says when it ends may be idle until then; without that it stalls, whatever else is wrong.
        if self.smallest.found.signature.what != Wrong::Stalled {
            self.all(settings::of_its_end);
        }
        self.all(settings::of_its_seed);
        for way in spans::EARLIER {
            self.all(|scenario| spans::earlier(scenario, way));
        }
        for way in spans::PLAINER {
            self.all(|scenario| spans::plainer(scenario, way));
        }
    }

    /// Tries edits all at once, then in halves.
    fn all(&mut self, edits: impl Fn(&Scenario) -> Vec<Edit>) {
        let mut edits = edits(&self.smallest.scenario);
        edits.retain(|edit| {
            let edited = self.edited(std::slice::from_ref(edit));
            self.is_smaller(&edited, &edited.to_text())
        });
        self.halves(&edits);
    }

    /// What follows in the story is tried first: what is taken out there moves nothing that is before it.
    fn halves(&mut self, edits: &[Edit]) {
        if edits.is_empty() || self.stopped.is_some() || self.attempt(self.edited(edits)) {
            return;
        }
        if edits.len() > 1 {
            let (before, behind) = edits.split_at(edits.len() / 2);
            self.halves(behind);
            self.halves(before);
        }
    }

    fn edited(&self, edits: &[Edit]) -> Scenario {
        let mut scenario = self.smallest.scenario.clone();
        edits.iter().rev().for_each(|edit| edit(&mut scenario));
        coherent::tidy(&mut scenario);
        scenario
    }

    /// Whether a story is smaller than the smallest: of two of a size the one whose text comes first.
    fn is_smaller(&self, scenario: &Scenario, text: &str) -> bool {
        if scenario.jobs.is_empty() {
            return false;
        }
        let size = Size::of(scenario, text);
        (&size, text) < (&self.smallest.size, self.smallest.text.as_str())
    }

    /// Takes a story that is smaller, legal and broken in the same way. Whether it was.
    fn attempt(&mut self, candidate: Scenario) -> bool {
        if candidate.jobs.is_empty() {
            return false;
        }
        let text = candidate.to_text();
        if !self.is_smaller(&candidate, &text) || self.tried.contains(&text) {
            return false;
        }
        let Ok(scenario) = Scenario::parse(&text, "", &self.of.catalogue) else { return false };
        self.tried.insert(text.clone());
        let Some((found, events)) = self.breaks(&scenario) else { return false };
        if self.is_wary && !self.needs_mutations(&scenario) {
            return false;
        }
        let size = Size::of(&scenario, &text);
        self.smallest = Smallest { scenario, text, size, found, events };
        true
    }

    /// What is wrong with a story and how many events it plays, if it is broken in the wanted way. One whose steps do not
    /// come off is not taken for one in which they do.
    fn breaks(&mut self, scenario: &Scenario) -> Option<(Found, u64)> {
        if self.plays >= self.plays_max {
            self.stopped = Some(Stopped::Budget);
            return None;
        }
        self.plays += 1;
        (self.watch)(self.plays, &self.smallest.size);
        let most = self.smallest.events.saturating_mul(2).saturating_add(EVENTS_MORE);
        let names = &self.of.names;
        let (events, found) = match (self.player)(&Arc::new(scenario.clone()), most) {
            Trial::Played(played) => (played.outcome.events, names.found(&played)),
            Trial::Panicked(message) => (most, vec![names.panicked(&message)]),
            Trial::Left => return None,
            Trial::Interrupted => {
                self.stopped = Some(Stopped::Interrupted);
                return None;
            }
        };
        if found.iter().any(Found::is_of_the_story)
            && !self.of.found.iter().any(Found::is_of_the_story)
        {
            return None;
        }
        let wanted = &self.smallest.found.signature;
        let found = found.into_iter().find(|found| found.signature == *wanted)?;
        Some((found, events))
    }

    /// Whether a story with broken protocols holds without them.
    fn needs_mutations(&mut self, scenario: &Scenario) -> bool {
        if scenario.mutations.is_empty() {
            return true;
        }
        let sound = Scenario { mutations: Vec::new(), ..scenario.clone() };
        self.breaks(&sound).is_none()
    }

    /// Whether the smallest story is broken under other seeds, too.
    fn is_broken_under_any_seed(&mut self) -> bool {
        let others = (1..=OTHER_SEEDS).map(|more| self.smallest.scenario.seed.wrapping_add(more));
        others.collect::<Vec<_>>().into_iter().all(|seed| {
            let scenario = Scenario { seed: seed & SEED_MAX, ..self.smallest.scenario.clone() };
            self.breaks(&scenario).is_some()
        })
    }

    /// Has all take as long as it takes at least, or at most, if the story is broken under any seed then.
    fn pin(&mut self) -> bool {
        spans::PINS.into_iter().any(|pin| {
            let mut scenario = self.smallest.scenario.clone();
            spans::pin(&mut scenario, pin);
            let Some((found, events)) = self.breaks(&scenario) else { return false };
            let text = scenario.to_text();
            let size = Size::of(&scenario, &text);
            let pinned = Smallest { scenario, text, size, found, events };
            let unpinned = std::mem::replace(&mut self.smallest, pinned);
            let is_sure = self.is_broken_under_any_seed();
            if !is_sure {
                self.smallest = unpinned;
            }
            is_sure
        })
    }
}
