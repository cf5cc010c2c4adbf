//! Whether operators of the user's own keep what they declare: the first job of a story is played alone, with nothing done to it,
//! under other seeds.
//!
//! What an operator declares of its output ([`Equality`]) is what it is compared by. Output that hangs on the order in which
//! inputs come differs from the reference even where nothing goes wrong: then neither the engine is to blame nor a fault.

use super::play::{Setup, checks_of, end_of_world, given_to};
use crate::cluster::{Cluster, End};
use crate::kernel::Choices;
use crate::operator::{Catalogue, Definition, Entry, Equality};
use crate::scenario::{Expect, Scenario};
use crate::trace::CheckName;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many other seeds are tried.
const SEEDS: u64 = 2;

/// Whose declaration is too strong, as a sentence, if anybody's is. Asks only where something of the user's own declares anything.
pub(super) fn who_declares_more(setup: &Setup) -> Option<String> {
    let names = that_declare(setup);
    if names.is_empty() {
        return None;
    }
    let seed = setup.choices.seed();
    let seed =
        (1..=SEEDS).map(|further| seed.wrapping_add(further)).find(|seed| differs(setup, *seed))?;
    let names = Vec::from_iter(names).join("`, `");
    Some(format!(
        "without any fault the output of the first job differs, too (seed {seed}): `{names}` declares more than it keeps; \
         `Equality` says how to choose"
    ))
}

/// The operators of the first job that are declared to be comparable, and are told by nothing but their code.
fn that_declare(setup: &Setup) -> BTreeSet<&str> {
    let built_in = Catalogue::built_in();
    let declares = |entry: &Entry| {
        entry.definition == Definition::ItsCode && entry.equality > Equality::Accounted
    };
    let nodes = setup.scenario.jobs.first().into_iter().flat_map(|job| &job.graph.operators);
    let own = nodes.filter(|node| setup.catalogue.of(node).is_some_and(declares));
    let own = own.filter(|node| built_in.of(node).is_none());
    own.map(|node| Catalogue::name_of(&node.kind, node.options.reader).1).collect()
}

/// Whether the output of the first job, left alone, is another one than the reference's.
fn differs(setup: &Setup, seed: u64) -> bool {
    let scenario = Arc::new(Scenario {
        steps: Vec::new(),
        expect: Expect::default(),
        expect_in: Default::default(),
        ..(*setup.scenario).clone()
    });
    let setup =
        Setup { scenario: Arc::clone(&scenario), choices: Choices::new(seed), ..setup.clone() };
    let mut checks = checks_of(&setup);
    let mut cluster = Cluster::new(scenario, given_to(&setup));
    while cluster.step(&mut checks) {}
    let outcome = cluster.outcome();
    if outcome.end == End::UserPanicked {
        return false;
    }
    checks.finish(&end_of_world(&outcome, None)).is_broken(CheckName::OutputEquivalence)
}
