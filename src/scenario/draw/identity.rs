//! By what a successor is known to its snapshot: uids, hashes and generated ids, names, the state that operators keep, and
//! the number of key groups. Unlike other changes these may cost state, or have the restore refused: whoever judges such
//! a world knows by the rules which.

use super::sketch::{Edge, Node, PARALLELISM, Sketch};
use super::{Draw, is_tied_to_chains};
use crate::job::{
    ChainStrategy, KeyedKind, KeyedOptions, ListMode, ListOptions, OperatorOptions, PlanRules,
    StateType, operator_id_of_uid,
};
use crate::kernel::SimTime;
use crate::operator::{Emits, Writes};
use crate::rules::Rules;
use crate::scenario::JobConfig;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Percent of changed jobs that are known by something else.
const REIDENTIFIED: u64 = 12;
/// The same in releases in which hardly anything else can change.
const REIDENTIFIED_WHERE_TIED: u64 = 40;
/// Percent of such jobs that may leave state behind.
const ALLOWED: u64 = 60;
/// Percent of worlds with such jobs in which operators with state have no uid, either.
const GENERATED: u64 = 30;
/// Percent of jobs whose states are registered by name, type and lifetime.
const REGISTERED: u64 = 6;
/// The same where operators may keep an object for each subtask.
const REGISTERED_WHOLE: u64 = 25;
/// Percent of operators with such objects that are rescaled all the same.
pub(super) const RESCALE_WHOLE: u64 = 10;

/// What becomes of an operator or a job that is known by something else. Several may befall one job.
#[derive(Clone, Copy)]
enum Change {
    Uid,
    Hash,
    Name,
    MaxParallelism,
    Remove,
    Add,
    Rechain,
    Register,
}

/// Each of them, and in how many percent of such jobs.
const CHANGES: [(Change, &str, u64); 8] = [
    (Change::Uid, "uid", 25),
    (Change::Hash, "uid-hash", 25),
    (Change::Name, "name", 25),
    (Change::MaxParallelism, "max-parallelism", 15),
    (Change::Remove, "remove-state", 25),
    (Change::Add, "add-state", 30),
    (Change::Rechain, "rechain", 30),
    (Change::Register, "register", 20),
];

/// Whether a job is known by something else than the one before it.
pub(super) fn is_reidentified(draw: &Draw<'_>, name: &str) -> bool {
    let often = if super::is_tied_to_subtasks(&draw.rules) || is_tied_to_chains(&draw.rules) {
        REIDENTIFIED_WHERE_TIED
    } else {
        REIDENTIFIED
    };
    draw.chance(format_args!("{name}/reidentified"), often)
}

/// Whether state of such a job may be left behind.
pub(super) fn may_lose(draw: &Draw<'_>, name: &str) -> bool {
    draw.chance(format_args!("{name}/may-lose"), ALLOWED)
}

/// Whether operators with state are known by generated ids, too.
pub(super) fn are_generated(draw: &Draw<'_>) -> bool {
    draw.chance("ids-generated", GENERATED)
}

impl Sketch {
    /// The first job of a world whose states are told apart by more than their operators.
    pub(super) fn registered(mut self, draw: &Draw<'_>) -> Self {
        let often = if draw.rules.checkpointed_state { REGISTERED_WHOLE } else { REGISTERED };
        if draw.chance("registered", often) {
            self.register(draw, "first");
            self.keep_lists(draw, "first");
        }
        self
    }

    /// The job that follows this one, known by something else.
    pub(super) fn reidentified(&self, draw: &Draw<'_>, name: &str) -> Self {
        let mut next = self.clone();
        for (change, word, often) in CHANGES {
            if !draw.chance(format_args!("{name}/{word}"), often) {
                continue;
            }
            match change {
                Change::Uid => next.rename_uid(draw, name, false),
                Change::Hash => next.rename_uid(draw, name, true),
                Change::Name => next.rename(draw, name),
                Change::MaxParallelism => {
                    let set = draw.count(format_args!("{name}/groups"), (PARALLELISM.1, 130));
                    let is_set = draw.chance(format_args!("{name}/groups-set"), 75);
                    next.max_parallelism = is_set.then_some(set);
                }
                Change::Remove => next.remove_state(draw, name),
                Change::Add => next.keep_lists(draw, name),
                Change::Rechain => next.rechain(draw, name),
                Change::Register => next.register(draw, name),
            }
        }
        next
    }

    /// Gives an operator another uid; perhaps it finds its state under the old id all the same.
    fn rename_uid(&mut self, draw: &Draw<'_>, name: &str, has_hash: bool) {
        let what = if has_hash { "uid-hash" } else { "uid" };
        let has_uid = |node: &&mut Node| node.uid && node.options.uid_hash.is_none();
        let mut known: Vec<&mut Node> = self.nodes.iter_mut().filter(has_uid).collect();
        if known.is_empty() || (has_hash && !draw.rules.uid_hash) {
            return;
        }
        let place = draw.place(format_args!("{name}/{what}-of"), known.len());
        let node = &mut *known[place];
        if has_hash {
            node.options.uid_hash = Some(operator_id_of_uid(&node.known_as));
        }
        node.known_as = format!("{}-of-{name}", node.known_as);
    }

    /// Calls an operator by another name. Not a sink, whose name is that of the system it writes to.
    fn rename(&mut self, draw: &Draw<'_>, name: &str) {
        let named: Vec<&Node> = self.nodes.iter().filter(|node| node.is_transform()).collect();
        if named.is_empty() {
            return;
        }
        let old = named[draw.place(format_args!("{name}/name-of"), named.len())].name.clone();
        let new = format!("{old}-of-{name}");
        for node in &mut self.nodes {
            let edges = node.inputs.iter_mut().filter(|edge| edge.from == old);
            edges.for_each(|edge| edge.from.clone_from(&new));
            if node.name == old {
                node.name.clone_from(&new);
            }
        }
    }

    /// Takes an operator away that passes records on and keeps list state.
    fn remove_state(&mut self, draw: &Draw<'_>, name: &str) {
        let is_removable = |node: &&Node| {
            node.entry.emits == Emits::AsItIs && node.entry.stateful && node.entry.inputs == 1
        };
        let removable: Vec<&Node> = self.nodes.iter().filter(is_removable).collect();
        if removable.is_empty() {
            return;
        }
        let place = draw.place(format_args!("{name}/removed-state"), removable.len());
        let removed = removable[place].clone();
        self.take_out(&removed);
    }

    /// Puts an operator with list states between two others.
    fn keep_lists(&mut self, draw: &Draw<'_>, name: &str) {
        let states = draw.within(format_args!("{name}/lists"), (1, 3));
        let broadcast = if draw.rules.broadcast_state { 1 } else { 0 };
        let whole = if draw.rules.checkpointed_state { 4 } else { 0 };
        let mode = draw.weighted(
            format_args!("{name}/lists/mode"),
            &[(ListMode::Split, 2), (ListMode::Broadcast, broadcast), (ListMode::Whole, whole)],
        );
        let lists = ListOptions {
            names: (0..states).map(|number| Arc::from(format!("kept-{number}"))).collect(),
            mode,
            modes: Vec::new(),
            items: StateType::Text,
            starts_with: draw.count(format_args!("{name}/lists/items"), (1, 4)),
        };
        let node = Node {
            name: format!("{name}-lists"),
            known_as: format!("{name}-lists-id"),
            parallelism: draw.count(format_args!("{name}/lists/parallelism"), PARALLELISM),
            options: OperatorOptions { list_state: Some(Arc::new(lists)), ..Default::default() },
            ..Node::transform(draw, ("state", "list"))
        };
        let places = self.places_between();
        if !places.is_empty() {
            let place = places[draw.place(format_args!("{name}/lists/place"), places.len())];
            self.put_between(place, node);
        }
    }

    /// Lets operators be chained, or not; or one of them.
    fn rechain(&mut self, draw: &Draw<'_>, name: &str) {
        if draw.chance(format_args!("{name}/rechain-all"), 30) {
            self.chaining = !self.chaining;
            return;
        }
        let place = draw.place(format_args!("{name}/rechained"), self.nodes.len());
        let node = &mut self.nodes[place];
        node.chain = match node.chain {
            ChainStrategy::Always => ChainStrategy::Head,
            ChainStrategy::Head | ChainStrategy::Never => ChainStrategy::Always,
        };
    }

    /// Has the aggregate register its state as it is told.
    fn register(&mut self, draw: &Draw<'_>, name: &str) {
        let takes = |node: &&mut Node| node.entry.takes_keyed_state;
        let Some(node) = self.nodes.iter_mut().find(takes) else { return };
        let what = |of: &str| format!("{name}/keyed-state/{of}");
        let has_name = draw.chance(what("named"), 25);
        let expires = draw.rules.state_ttl && draw.chance(what("expires"), 50);
        let lifetime = draw.span(what("ttl"), (SimTime::from_millis(200), SimTime::from_secs(20)));
        node.options.keyed_state = Some(Arc::new(KeyedOptions {
            name: has_name.then(|| Arc::from(format!("kept-by-{name}"))),
            kind: draw
                .weighted(what("kind"), &[(KeyedKind::Value, 9), (KeyedKind::Aggregating, 1)]),
            values: draw.weighted(what("type"), &[(StateType::Any, 6), (StateType::Long, 2)]),
            ttl: expires.then_some(lifetime),
        }));
    }
}

/// Takes the uids of operators away that are chained to their input, where these cannot have any.
pub(super) fn fit_uids(job: &mut JobConfig, rules: &Rules) {
    if rules.uid_in_chain {
        return;
    }
    let Ok(plan) = job.plan(PlanRules { uid_in_chain: true, ..PlanRules::from(rules) }) else {
        return;
    };
    let heads: BTreeSet<usize> = (plan.vertices.iter())
        .filter_map(|vertex| vertex.operators.first().map(|head| head.index()))
        .collect();
    for (place, node) in job.graph.operators.iter_mut().enumerate() {
        if !heads.contains(&place) {
            node.uid = None;
        }
    }
}

/// An edge that another operator can be put on: the place of its reader, and its number there.
pub(super) type Between = (usize, usize);

impl Sketch {
    /// The edges that an operator can be put on. Not behind the aggregate, whose rows must stay in order.
    pub(super) fn places_between(&self) -> Vec<Between> {
        let mut places = Vec::new();
        for (place, node) in self.nodes.iter().enumerate() {
            for (number, edge) in node.inputs.iter().enumerate() {
                let is_of_writer = node.entry.writes == Writes::Committer;
                let is_behind_aggregate = edge.from.starts_with("totals");
                if !is_behind_aggregate && !is_of_writer && !edge.side && edge.input == 0 {
                    places.push((place, number));
                }
            }
        }
        places
    }

    /// Puts an operator on an edge.
    pub(super) fn put_between(&mut self, (reader, number): Between, node: Node) {
        let edge = &mut self.nodes[reader].inputs[number];
        let before = std::mem::replace(&mut edge.from, node.name.clone());
        self.nodes.insert(reader, Node { inputs: vec![Edge::from(&before)], ..node });
    }
}
