//! Where the sources of a run start, by the rules: which partitions they read at all, and each from which entry on.
//!
//! Computed from what had been read by whoever left the snapshot, and not from what the run's own sources make of it.

use super::history::{Next, RunStory, Stand};
use super::past::Past;
use super::setup::CheckSetup;
use crate::job::{InputId, OperatorIndex, OperatorNode, Reader, StartingOffsets};
use crate::kernel::SimTime;
use crate::operator::{InputLog, Log, Position, first_offset, source_positions};
use crate::rules::RestoredToldBy;
use crate::state::{OperatorState, SubtaskState};
use std::collections::BTreeMap;

/// What the snapshot that a run starts from says of a source.
#[derive(Clone, Copy)]
pub(super) struct Stored<'w> {
    pub(super) stand: &'w Stand,
    /// Whether all its subtasks had finished.
    pub(super) is_finished: bool,
    /// The run that left it; none if that was in another process.
    pub(super) by: Option<&'w RunStory>,
}

/// Where a source of a run starts, and whether it reads partitions from somewhere that no position says; none if that cannot
/// be known.
pub(super) fn stand_at_start(
    past: Past<'_>,
    run: &RunStory,
    source: OperatorIndex,
    stored: Option<Stored<'_>>,
    is_restored: bool,
) -> Option<(Stand, bool)> {
    let node = &run.layout.plan.graph.operators[source.index()];
    let start = Start { past, run, source, log: past.setup.log(&run.layout.plan, source) };
    let Some(stored) = stored.filter(|stored| !is_anew(node, run, source, *stored)) else {
        return Some((start.anew(node, is_restored)?, true));
    };
    let own = start.log.id();
    let known = stored.stand.known.iter().map(|((input, partition), next)| {
        let input = if past.setup.are_one_log(*input, own) { own } else { *input };
        ((input, *partition), *next)
    });
    let stand = Stand { known: known.collect(), ..*stored.stand };
    let stored = Stored { stand: &stand, ..stored };
    let was = reader_before(run, source, stored);
    let reads_nothing =
        stored.is_finished || (node.options.reader == Reader::Fixed && was == Some(Reader::Splits));
    if reads_nothing {
        return Some((Stand::END, false));
    }
    match node.options.reader {
        Reader::Fixed => Some(start.of_log(stored)),
        Reader::Splits => start.of_splits(node, stored),
    }
}

/// The source of which the snapshot tells, in the job that left it; none if that is not known.
fn source_before(
    run: &RunStory,
    source: OperatorIndex,
    stored: Stored<'_>,
) -> Option<OperatorIndex> {
    let id = run.layout.plan.operator_ids[source.index()];
    let old = &stored.by?.layout.plan;
    let renamed = run.renamed.iter().find(|(_, now)| *now == id).map(|(was, _)| *was);
    old.operator_with_id(renamed.unwrap_or(id))
}

/// How that read.
fn reader_before(run: &RunStory, source: OperatorIndex, stored: Stored<'_>) -> Option<Reader> {
    let before = source_before(run, source, stored)?;
    Some(stored.by?.layout.plan.graph.operators[before.index()].options.reader)
}

/// Whether a partition was ever read by the source of which the snapshot tells, or by those that it went on from, as far as
/// is known.
fn was_read_before(
    past: Past<'_>,
    run: &RunStory,
    source: OperatorIndex,
    stored: Stored<'_>,
    id: (InputId, u16),
) -> bool {
    let Some((mut before, mut by)) = source_before(run, source, stored).zip(stored.by) else {
        return true;
    };
    loop {
        if by.beginning.read.contains(&(by.layout.plan.vertex_of(before), id)) {
            return true;
        }
        let Some((parent, _)) = past.parent_of(by) else {
            return past.history.start_of(by.layout.run).is_some();
        };
        let stored = Stored { by: Some(parent), ..stored };
        let Some(older) = source_before(by, before, stored) else { return false };
        (before, by) = (older, parent);
    }
}

/// Whether the snapshot has nothing for a source: a reader of splits takes nothing of one that reads its log itself.
fn is_anew(node: &OperatorNode, run: &RunStory, source: OperatorIndex, stored: Stored<'_>) -> bool {
    let was = reader_before(run, source, stored);
    node.options.reader == Reader::Splits && was == Some(Reader::Fixed)
}

/// A source that starts.
#[derive(Clone, Copy)]
struct Start<'w> {
    past: Past<'w>,
    run: &'w RunStory,
    source: OperatorIndex,
    log: &'w Log,
}

impl Start<'_> {
    /// The partitions that its log has when the run begins.
    fn own(&self) -> impl Iterator<Item = (InputId, u16)> + use<> {
        let id = self.log.id();
        (0..self.log.partitions_at(self.run.beginning.at)).map(move |partition| (id, partition))
    }

    /// From nothing. A log source that is told that it is restored begins at the beginning, wherever it is told to start; until
    /// 1.3 it reads nothing then. Who is told so until 1.13 hangs on which subtask is given what, which is not told here.
    fn anew(&self, node: &OperatorNode, is_restored: bool) -> Option<Stand> {
        let rules = self.past.history.rules.rules_of(self.run.layout.run);
        let starting = node.options.starting_offsets;
        let is_usual = starting == StartingOffsets::Earliest;
        if node.options.reader == Reader::Splits || !is_restored {
            return self.begins(starting, node.options.reader);
        }
        if is_usual && rules.new_partitions_found {
            return self.begins(starting, Reader::Fixed);
        }
        if rules.restored_told_by == RestoredToldBy::Subtask {
            return None;
        }
        match self.is_task_restored() {
            true => self.begins(StartingOffsets::Earliest, Reader::Fixed),
            false => self.begins(starting, Reader::Fixed),
        }
    }

    /// Whether the snapshot has something for the vertex of the source.
    fn is_task_restored(&self) -> bool {
        let plan = &self.run.layout.plan;
        let mut tasks = plan.tasks_of(plan.vertex_of(self.source));
        tasks.any(|task| {
            self.run.beginning.initialized[task.index()].is_some_and(|(_, restored)| restored)
        })
    }

    /// All partitions from here. None if an attempt began so and another one once more, later.
    fn begins(&self, starting: StartingOffsets, reader: Reader) -> Option<Stand> {
        if starting != StartingOffsets::Earliest && self.run.beginning.was_repeated {
            return None;
        }
        let next = |id: (InputId, u16)| {
            Next::Entry(first_offset(starting, self.log, id.1, self.began(id.1, reader)))
        };
        let known = self.own().map(|id| (id, next(id))).collect();
        Some(Stand { known, ..Stand::END })
    }

    /// When somebody looks where a partition begins: its subtask when it is initialized, or the enumerator.
    fn began(&self, partition: u16, reader: Reader) -> SimTime {
        let plan = &self.run.layout.plan;
        let vertex = plan.vertex_of(self.source);
        let parallelism = plan.vertices[vertex.index()].parallelism;
        let mut tasks = plan.tasks_of(vertex);
        let is_its = |subtask: u32| subtask == u32::from(partition) % parallelism;
        let task = tasks.find(|task| is_its(plan.task(*task).subtask));
        let initialized = task.and_then(|task| self.run.beginning.initialized[task.index()]);
        let initialized = initialized.map(|(at, _)| at);
        match reader {
            Reader::Fixed => initialized.unwrap_or(self.run.beginning.at),
            Reader::Splits => self.run.beginning.at,
        }
    }

    /// A log source goes on at what is stored, of its own log or of all; and begins with the partitions that are new, unless
    /// it has no position at all or nobody knows what subtasks that had finished had read.
    fn of_log(&self, stored: Stored<'_>) -> (Stand, bool) {
        let rules = self.past.history.rules.rules_of(self.run.layout.run);
        let is_kept =
            |input: InputId| input == self.log.id() || !rules.unsubscribed_positions_dropped;
        let kept = stored.stand.known.iter().filter(|((input, _), _)| is_kept(*input));
        let mut known: BTreeMap<_, _> = kept.map(|(id, next)| (*id, *next)).collect();
        let some_are_gone = stored.stand.others == Next::End;
        let finds = rules.new_partitions_found && (some_are_gone || !stored.stand.known.is_empty());
        let new = self.own().filter(|id| finds && !stored.stand.known.contains_key(id));
        let next = if some_are_gone { Next::End } else { Next::Entry(0) };
        let new: Vec<_> = new.map(|id| (id, next)).collect();
        let is_new = !new.is_empty() && !some_are_gone;
        known.extend(new);
        (Stand { known, ..Stand::END }, is_new)
    }

    /// A reader of splits goes on with all it has, and its enumerator finds the partitions that it does not know.
    fn of_splits(&self, node: &OperatorNode, stored: Stored<'_>) -> Option<(Stand, bool)> {
        let rules = self.past.history.rules.rules_of(self.run.layout.run);
        // Of what readers had finished the enumerator still knows that it gave it away.
        let was_read = |id: &(InputId, u16)| {
            stored.stand.known.contains_key(id)
                || was_read_before(self.past, self.run, self.source, stored, *id)
        };
        let mut known = stored.stand.known.clone();
        let starting = match rules.new_splits_begin_earliest {
            true => StartingOffsets::Earliest,
            false => node.options.starting_offsets,
        };
        let begins = self.begins(starting, Reader::Splits)?.known;
        let new: Vec<_> = begins.into_iter().filter(|(id, _)| !was_read(id)).collect();
        let is_new = !new.is_empty();
        known.extend(new);
        Some((Stand { known, ..Stand::END }, is_new))
    }
}

/// The other inputs of which a source may have to read the rest: those that a source of its name or uid reads in any job, or all
/// if the job goes on from another process.
pub(super) fn inputs_left_to(source: &OperatorNode, setup: &CheckSetup) -> Vec<InputId> {
    let scenario = &setup.scenario;
    let nodes = scenario.jobs.iter().flat_map(|job| &job.graph.operators);
    let is_it = |other: &&OperatorNode| {
        other.name == source.name || (other.uid.is_some() && other.uid == source.uid)
    };
    let theirs: Vec<&str> = nodes.filter(is_it).filter_map(OperatorNode::input).collect();
    let others = scenario.inputs.iter().enumerate().filter(|(_, input)| {
        let is_left = setup.file.is_some() || theirs.contains(&&*input.name);
        is_left && source.input() != Some(&*input.name)
    });
    others.map(|(place, _)| InputId::new(place)).collect()
}

/// Where a source stood by the state that another process left of it; none if there is none of its kind. Of splits the
/// enumerator tells which there were, so that those of readers that had finished are known.
pub(super) fn stored_in_file(
    state: &OperatorState,
    node: &OperatorNode,
    setup: &CheckSetup,
) -> Option<Stand> {
    let inputs = &setup.scenario.inputs;
    let place_of = |name: &str| inputs.iter().position(|input| *input.name == *name);
    let id_of =
        |position: &Position| Some((InputId::new(place_of(&position.log)?), position.partition));
    let lists = state
        .snapshots()
        .filter_map(|snapshot| snapshot.lists.get(source_positions(node.options.reader)));
    let read: Vec<Position> =
        lists.flat_map(|list| &list.items).filter_map(Position::of_row).collect();
    let mut known = BTreeMap::new();
    if node.options.reader == Reader::Splits {
        let coordinator = state.coordinator.as_deref()?;
        let rows = |name: &str| {
            let list = coordinator.lists.get(name).into_iter();
            list.flat_map(|list| &list.items).filter_map(Position::of_row).collect::<Vec<_>>()
        };
        let assigned = rows("assigned").iter().filter_map(id_of).collect::<Vec<_>>();
        known.extend(assigned.into_iter().map(|id| (id, Next::End)));
        let unassigned = rows("unassigned");
        known.extend(unassigned.iter().filter_map(|at| Some((id_of(at)?, Next::Entry(at.next)))));
    }
    known.extend(read.iter().filter_map(|at| Some((id_of(at)?, Next::Entry(at.next)))));
    let is_gone = |subtask: &SubtaskState| matches!(subtask, SubtaskState::Finished);
    let is_log = node.options.reader == Reader::Fixed;
    let others = match is_log && state.subtasks.iter().any(is_gone) {
        true => Next::End,
        false => Next::Entry(0),
    };
    Some(Stand { known, others })
}
