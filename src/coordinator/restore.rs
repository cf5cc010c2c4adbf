//! Restore: which operator of a job is given which state of a completed checkpoint.
//!
//! Pure: a plan and a checkpoint in, an assignment and a report out (`Checkpoints.loadAndValidateCheckpoint`,
//! `StateAssignmentOperation`). The arithmetic of
//! redistribution is in `state::rescale`.

use super::in_flight::{self, ReceivedInFlight};
use super::legacy_state::{self, LegacyStateError, Misfit};
use super::lists::deal_lists;
use super::positions::positions_of_all;
use crate::effect::RestoredTask;
use crate::job::{
    CheckpointKind, ListMode, LocalTaskId, OperatorId, OperatorIndex, Partitioner, Plan, PlanTask,
    SharedFile, VertexIndex, key_group_range,
};
use crate::kernel::to_index;
use crate::rules::{KeyGroupOwner, RestoredToldBy, Rules};
use crate::state::{
    CompletedCheckpoint, KeyedSnapshot, ListSnapshot, OperatorSnapshot, OperatorState, SubtaskState,
};
use crate::trace::{RestoreReport, StateSum};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use thiserror::Error;

/// Why a snapshot cannot be restored into a job, in Flink's terms.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum RestoreError {
    /// A stateful operator of the snapshot is not in the job.
    #[error(
        "cannot map checkpoint/savepoint state for operator {operator} to the new program, because the operator is not available in the new program (it was `{name}`)"
    )]
    CannotMap {
        /// The id that the state is stored under.
        operator: OperatorId,
        /// The operator's name when it was stored.
        name: String,
    },
    /// Something that an older release, or a savepoint of one, does not allow.
    #[error(transparent)]
    Older(#[from] LegacyStateError),
    /// The job sets a max parallelism that is not the snapshot's.
    #[error(
        "max parallelism mismatch between checkpoint/savepoint state and new program: cannot map operator {operator} with max parallelism {stored} to new program with max parallelism {configured} (it was `{name}`)"
    )]
    MaxParallelismMismatch {
        /// Which operator.
        operator: OperatorId,
        /// Its name.
        name: String,
        /// The snapshot's.
        stored: u32,
        /// The job's.
        configured: u32,
    },
    /// The job wants more subtasks than the snapshot has key groups.
    #[error(
        "the state for operator {operator} (`{name}`) can not be restored: the maximum parallelism ({stored}) of the restored state is lower than the configured parallelism ({parallelism})"
    )]
    MaxParallelismLower {
        /// Which operator.
        operator: OperatorId,
        /// Its name.
        name: String,
        /// The snapshot's.
        stored: u32,
        /// The job's.
        parallelism: u32,
    },
    /// A chain that had finished would get records from one that had not.
    #[error(
        "illegal JobGraph modification: cannot run a program with {state} vertices predeceased with {before}; task vertex {vertex} has such a predecessor"
    )]
    FinishedBehindUnfinished {
        /// The chain, by its head's id.
        vertex: OperatorId,
        /// How far the chain had finished.
        state: &'static str,
        /// How far its sender had finished.
        before: &'static str,
    },
    /// Records were in flight on an exchange that is no more.
    #[error(
        "cannot recover from unaligned checkpoint when topology changes, such that data exchanges with persisted data are now chained (operator {operator} lacks the exchange)"
    )]
    ExchangeGone {
        /// The operator that had it.
        operator: OperatorId,
    },
    /// Records were in flight on an exchange whose receivers are tied to their senders by now.
    #[error(
        "cannot rescale the given pointwise partitioner; did you change the partitioner to forward or rescale? it may also help to add an explicit shuffle(); records were in flight to operator {operator} (`{name}`)"
    )]
    ExchangePointwise {
        /// The operator that they were on their way to.
        operator: OperatorId,
        /// Its name.
        name: String,
    },
    /// Records were in flight to or from an operator whose parallelism has changed, in a release that cannot deal them anew.
    #[error(
        "rescaling not supported for result subpartition state (old: {}, new: {}) of an unaligned checkpoint: records were in flight around operator {}",
        .0.stored, .0.parallelism, .0.operator
    )]
    InFlightNotRescaled(Misfit),
    /// A checkpoint, not a savepoint, was to be restored at another parallelism, and the rules do not let it.
    #[error(
        "cannot rescale from a checkpoint: operator {} (`{}`) had parallelism {} and has {}",
        .0.operator, .0.name, .0.stored, .0.parallelism
    )]
    CheckpointNotRescaled(Misfit),
    /// Of the operators of one chain some had finished and others had not.
    #[error(
        "can not restore vertex {vertex} which contain mixed operator finished state: a chain of mixed finished state could neither go on nor be over"
    )]
    MixedFinishedState {
        /// The chain, by its head's id.
        vertex: OperatorId,
    },
}

impl RestoreError {
    /// What to do about it, as one imperative sentence.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::CannotMap { .. } => {
                "give the operator its old uid back, or skip its state with allow-non-restored-state (-n, --allowNonRestoredState)"
            }
            Self::Older(error) => error.help(),
            Self::MaxParallelismMismatch { .. } => {
                "set the operator's max parallelism to that of the snapshot, or leave it unset"
            }
            Self::MaxParallelismLower { .. } => {
                "reduce the parallelism of the operator to the snapshot's max parallelism"
            }
            Self::InFlightNotRescaled { .. } => {
                "leave the parallelism as it was, or take a savepoint, which is always aligned"
            }
            Self::CheckpointNotRescaled { .. } => {
                "leave the parallelism as it was, or take a savepoint"
            }
            Self::ExchangeGone { .. } => {
                "leave the exchanges as they were, or take a savepoint, which is always aligned"
            }
            Self::ExchangePointwise { .. } => {
                "name the partitioner of the exchange as it was before, or take a savepoint, which is always aligned"
            }
            Self::FinishedBehindUnfinished { .. } => {
                "leave the parts of the job that had finished as they were"
            }
            Self::MixedFinishedState { .. } => {
                "put what is new into a chain of its own, or leave the parts of the job that had finished as they were"
            }
        }
    }
}

/// Operators of the job with what the checkpoint holds of them.
pub(super) type Matched<'c> = BTreeMap<OperatorIndex, &'c OperatorState>;

/// What a restore gives to whom.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The plan, with max parallelism adopted from the snapshot where the job did not set it.
    pub plan: Arc<Plan>,
    /// Each task's share, by the plan's numbering; none for tasks of chains where nothing matched.
    pub tasks: Vec<Option<RestoredTask>>,
    /// By receiving task, what was in flight to it.
    pub in_flight: Vec<ReceivedInFlight>,
    /// What became of every unit of state.
    pub report: RestoreReport,
}

/// Assigns a checkpoint's state to the tasks of a job.
///
/// 1. Every stateful operator of the snapshot must be in the job, or may be dropped. 2. Max parallelism must agree, or
///    is adopted. 3. Each operator's state is re-dealt to its new subtasks. 4. A chain of which any operator matched
///    is restored as a task; its other operators start empty.
///
/// A job that goes back to a checkpoint of its own (`is_own`) tells all of its tasks that they are restored. Flink does not tell
/// those of vertices without any state; recorded stories tell operators that keep some as ones that pass on.
pub fn assign(
    plan: &Arc<Plan>,
    checkpoint: &CompletedCheckpoint,
    allow_non_restored: bool,
    is_own: bool,
    rules: &Rules,
) -> Result<Assignment, RestoreError> {
    let adapted = legacy_state::adapt(plan, checkpoint, rules)?;
    let checkpoint = adapted.as_ref().map_or(checkpoint, |adapted| &adapted.checkpoint);
    let mut report = RestoreReport::default();
    report.renamed.0 = adapted.as_ref().map_or_else(Vec::new, |adapted| adapted.renamed.clone());
    let mut matched = Matched::new();
    let takers = takers_of(plan, checkpoint, rules);
    for (place, state) in checkpoint.operators().iter().enumerate() {
        let operator = match &adapted {
            Some(adapted) => adapted.takers[place],
            None => takers.get(&state.id).copied(),
        };
        let mut units = units_of(state);
        if let Some(operator) = operator {
            let id = plan.operator_ids[operator.index()];
            if id != state.id {
                report.renamed.0.push((state.id, id));
            }
            units.iter_mut().for_each(|sum| sum.unit.operator = id);
        }
        report.snapshot.extend(units.iter().cloned());
        let units = units.into_iter().map(|sum| sum.unit);
        report.dropped_in_flight += operator.map_or_else(|| in_flight_of(state), |_| 0);
        match operator {
            Some(operator) => {
                legacy_state::check_whole(plan, operator, state)?;
                report.mapped.extend(units);
                let twin = matched.insert(operator, state);
                assert!(twin.is_none(), "{operator:?} was given the state of two operators");
            }
            None if allow_non_restored || is_known(plan, state.id) => {
                report.dropped.extend(units);
            }
            None if !state.is_stateful() && rules.empty_entries_skipped => {}
            None => {
                let name = state.name.clone();
                return Err(RestoreError::CannotMap { operator: state.id, name });
            }
        }
    }
    let accounted = report.mapped.len() + report.dropped.len();
    assert!(accounted <= report.snapshot.len(), "a unit of state was mapped twice");
    if !rules.checkpoints_rescale && checkpoint.properties().kind == CheckpointKind::Checkpoint {
        check_not_rescaled(plan, &matched)?;
    }
    let plan = match rules.key_groups && rules.stored_key_groups_adopted {
        true => adopt_max_parallelism(plan, &matched, adapted.is_some())?,
        false => Arc::clone(plan),
    };
    check_finished(&plan, &matched)?;
    let mut tasks = vec![None; plan.tasks.len()];
    for vertex in (0..plan.vertices.len()).map(VertexIndex::new) {
        assign_chain(&plan, vertex, &matched, (checkpoint, is_own), rules, &mut tasks);
    }
    if let Some(adapted) = &adapted {
        adapted.spoil(&plan, &mut tasks);
    }
    report_operators(&plan, &matched, &mut report);
    let in_flight = in_flight::deal(&plan, &matched, rules)?;
    for (task, received) in tasks.iter_mut().zip(&in_flight) {
        // Records in flight are state, too.
        if let Some(restored) = task.as_mut().filter(|_| !received.is_empty()) {
            restored.is_told = true;
        }
    }
    Ok(Assignment { plan, tasks, in_flight, report })
}

/// Adds every operator of the job to a report, and which of them start empty.
fn report_operators(plan: &Plan, matched: &Matched<'_>, report: &mut RestoreReport) {
    for (index, node) in plan.graph.operators.iter().enumerate() {
        let operator = OperatorIndex::new(index);
        let id = plan.operator_ids[index];
        let groups = if node.key_by.is_some() {
            plan.vertices[plan.vertex_of(operator).index()].max_parallelism
        } else {
            0
        };
        report.operators.push((id, groups, node.parallelism));
        // What was stored for a stateless operator may come to one with state, where ids are generated.
        let is_given = matched.get(&operator).is_some_and(|state| {
            state.is_stateful() || state.is_finished() || state.name == node.name
        });
        if !is_given {
            report.starts_empty.push((id, node.name.as_str().into()));
        }
    }
}

/// Who takes what is stored under which id. Each operator asks for what is under its user-defined hash, if that is in the
/// snapshot or decides alone, else for what is under its own id; of two in one vertex the one nearest its tail is asked
/// first, and takes it (`setUidHash`).
fn takers_of(
    plan: &Plan,
    checkpoint: &CompletedCheckpoint,
    rules: &Rules,
) -> BTreeMap<OperatorId, OperatorIndex> {
    let is_stored = |id: &OperatorId| checkpoint.operators().iter().any(|state| state.id == *id);
    let vertices = (0..plan.vertices.len()).map(VertexIndex::new);
    let mut takers = BTreeMap::new();
    for operator in vertices.flat_map(|vertex| plan.operators_tail_first(vertex)) {
        let hash = plan.graph.operators[operator.index()].options.uid_hash;
        let hash = hash.filter(|hash| rules.uid_hash_decides || is_stored(hash));
        let id = hash.unwrap_or(plan.operator_ids[operator.index()]);
        takers.entry(id).or_insert(operator);
    }
    takers
}

/// Whether an operator has this id, its own or a user-defined hash, so that nothing seems to be missing even if nobody takes
/// what is stored under it (`Checkpoints.loadAndValidateCheckpoint`).
fn is_known(plan: &Plan, stored: OperatorId) -> bool {
    let mut nodes = plan.graph.operators.iter();
    plan.operator_with_id(stored).is_some()
        || nodes.any(|node| node.options.uid_hash == Some(stored))
}

/// How many records were in flight around an operator.
fn in_flight_of(state: &OperatorState) -> u64 {
    let records = state.snapshots().map(|snapshot| snapshot.in_flight.records().count());
    u64::try_from(records.sum::<usize>()).expect("usize fits in 64 bits")
}

/// The snapshot's units of one operator, each summed over its subtasks.
fn units_of(state: &OperatorState) -> Vec<StateSum> {
    let mut units: BTreeMap<_, StateSum> = BTreeMap::new();
    for snapshot in state.snapshots() {
        for sum in snapshot.sums(state.id) {
            let Some(total) = units.get_mut(&sum.unit) else {
                units.insert(sum.unit.clone(), sum);
                continue;
            };
            total.entries += sum.entries;
            total.sum = total.sum.wrapping_add(sum.sum);
            total.groups = match (total.groups, sum.groups) {
                (Some((low, high)), Some((l, h))) => Some((low.min(l), high.max(h))),
                (groups, None) | (None, groups) => groups,
            };
        }
    }
    units.into_values().collect()
}

/// Every operator has as many subtasks as its state had.
fn check_not_rescaled(plan: &Plan, matched: &Matched<'_>) -> Result<(), RestoreError> {
    let mut each = matched.iter();
    match each.find_map(|(operator, state)| Misfit::of(plan, *operator, state)) {
        Some(misfit) => Err(RestoreError::CheckpointNotRescaled(misfit)),
        None => Ok(()),
    }
}

/// An explicit max parallelism must be the snapshot's, of every entry. One that is derived gives way to it, where the
/// snapshot lists subtasks of any operator of the vertex: the operators are walked from the tail, so that the head's stays;
/// one that is not in the snapshot counts with what is derived (`checkParallelismPreconditions`). What is stored by chain
/// has one for all.
fn adopt_max_parallelism(
    plan: &Arc<Plan>,
    matched: &Matched<'_>,
    is_by_chain: bool,
) -> Result<Arc<Plan>, RestoreError> {
    for (operator, state) in matched {
        let vertex = &plan.vertices[plan.vertex_of(*operator).index()];
        let (stored, configured) = (state.max_parallelism, vertex.max_parallelism);
        if stored != configured && vertex.max_parallelism_is_explicit {
            let (operator, name) = (state.id, state.name.clone());
            return Err(RestoreError::MaxParallelismMismatch {
                operator,
                name,
                stored,
                configured,
            });
        }
    }
    let mut plan = Arc::clone(plan);
    for vertex in (0..plan.vertices.len()).map(VertexIndex::new) {
        let parallelism = plan.vertices[vertex.index()].parallelism;
        let operators = plan.operators_tail_first(vertex);
        let states = || operators.iter().map(|operator| matched.get(operator));
        if !states().flatten().any(|state| state.lists_subtasks()) {
            continue;
        }
        let too_low = |state: &&&OperatorState| state.max_parallelism < parallelism;
        if let Some(state) = states().flatten().find(too_low) {
            let (operator, name) = (state.id, state.name.clone());
            let stored = state.max_parallelism;
            return Err(RestoreError::MaxParallelismLower { operator, name, stored, parallelism });
        }
        let head = states().next_back().expect("a chain has a head");
        let adopted = if is_by_chain { states().flatten().next() } else { head };
        if let Some(state) = adopted
            && state.max_parallelism != plan.vertices[vertex.index()].max_parallelism
        {
            let stored = state.max_parallelism;
            Arc::make_mut(&mut plan).vertices[vertex.index()].max_parallelism = stored;
        }
    }
    Ok(plan)
}

/// How far a chain had finished.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    PartlyFinished,
    Finished,
}

/// What had finished stays finished, so nothing that still runs may send to it (`VertexFinishedStateChecker`).
fn check_finished(plan: &Plan, matched: &Matched<'_>) -> Result<(), RestoreError> {
    let mut progress = Vec::new();
    for (index, chain) in plan.vertices.iter().enumerate() {
        let mut each = chain.operators.iter().map(|operator| {
            matched.get(operator).map_or(Progress::Running, |state| progress_of(state))
        });
        let first = each.next().expect("a chain has a head");
        if each.any(|other| other != first) {
            let vertex = plan.vertex_id(VertexIndex::new(index));
            return Err(RestoreError::MixedFinishedState { vertex });
        }
        progress.push(first);
    }
    for edge in &plan.edges {
        let (before, after) =
            (progress[edge.from_vertex.index()], progress[edge.to_vertex.index()]);
        let is_pointwise = matches!(edge.partitioner, Partitioner::Forward | Partitioner::Rescale);
        let refused = match after {
            Progress::Finished if before != Progress::Finished => {
                Some(("fully finished", "the ones not fully finished"))
            }
            Progress::PartlyFinished if is_pointwise && before == Progress::Running => {
                Some(("partially finished", "running ones and connected via the POINTWISE edges"))
            }
            Progress::PartlyFinished if !is_pointwise && before != Progress::Finished => Some((
                "partially finished",
                "running or partially finished ones and connected via the ALL_TO_ALL edges",
            )),
            Progress::Finished | Progress::PartlyFinished | Progress::Running => None,
        };
        if let Some((state, before)) = refused {
            let vertex = plan.vertex_id(edge.to_vertex);
            return Err(RestoreError::FinishedBehindUnfinished { vertex, state, before });
        }
    }
    Ok(())
}

fn progress_of(state: &OperatorState) -> Progress {
    let finished = |subtask: &SubtaskState| matches!(subtask, SubtaskState::Finished);
    if state.is_finished() {
        Progress::Finished
    } else if state.subtasks.iter().any(finished) {
        Progress::PartlyFinished
    } else {
        Progress::Running
    }
}

fn assign_chain(
    plan: &Plan,
    vertex: VertexIndex,
    matched: &Matched<'_>,
    (checkpoint, is_own): (&CompletedCheckpoint, bool),
    rules: &Rules,
    tasks: &mut [Option<RestoredTask>],
) {
    let chain = &plan.vertices[vertex.index()];
    let states = chain.operators.iter().map(|operator| matched.get(operator).copied());
    let states: Vec<Option<&OperatorState>> = states.collect();
    let mut known = states.iter().flatten();
    if !is_own && !known.any(|state| state.lists_subtasks()) {
        return;
    }
    let finished = states.iter().all(|state| state.is_some_and(|state| state.is_finished()));
    let dealt = states.iter().map(|state| {
        state.map(|state| deal(state, chain.parallelism, chain.max_parallelism, rules).into_iter())
    });
    let mut dealt: Vec<_> = dealt.collect();
    let positions = positions_of_all(plan, chain.operators[0], states[0]);
    for task in plan.tasks_of(vertex) {
        let shares = dealt.iter_mut().map(|rest| {
            rest.as_mut().map(|rest| rest.next().expect("every subtask is dealt a share"))
        });
        let operators: Vec<Option<OperatorSnapshot>> = shares.collect();
        let is_told = match rules.restored_told_by {
            RestoredToldBy::Vertex => true,
            RestoredToldBy::Subtask if is_own => true,
            RestoredToldBy::Subtask => {
                let mut each = operators.iter().flatten().zip(states.iter().flatten());
                each.any(|(share, state)| has_handles(share, state, chain.parallelism))
            }
        };
        let reads = files_of(plan, task, states.iter().copied().flatten());
        assert!(tasks[task.index()].is_none(), "{task:?} was restored twice");
        tasks[task.index()] = Some(RestoredTask {
            permit: checkpoint.permit(),
            operators,
            positions_of_all: positions.clone(),
            is_told,
            finished,
            reads,
            unreadable: None,
        });
    }
}

/// Whether a subtask is given a handle of any state: of keyed state each is, of a list only one that is given an item, unless
/// it goes on with its own.
fn has_handles(share: &OperatorSnapshot, state: &OperatorState, parallelism: u32) -> bool {
    let is_rescaled = state.subtasks.len() != to_index(parallelism);
    let is_dealt = |list: &ListSnapshot| match list.mode {
        ListMode::Split | ListMode::Whole => !is_rescaled || !list.items.is_empty(),
        ListMode::Union | ListMode::Broadcast => true,
    };
    !share.keyed.is_empty() || share.lists.values().any(is_dealt)
}

/// The shared files that a task reads: those with an entry of its key groups.
fn files_of<'s>(
    plan: &Plan,
    task: LocalTaskId,
    states: impl Iterator<Item = &'s OperatorState>,
) -> Vec<SharedFile> {
    let PlanTask { vertex, subtask, .. } = plan.task(task);
    let vertex = &plan.vertices[vertex.index()];
    let range = key_group_range(vertex.max_parallelism, vertex.parallelism, *subtask);
    let overlaps =
        |file: &&SharedFile| file.groups.0 <= *range.end() && *range.start() <= file.groups.1;
    let files = states.flat_map(OperatorState::snapshots).flat_map(|state| &state.shared);
    files.filter(overlaps).copied().collect()
}

/// Deals one operator's state to so many subtasks. A subtask whose parallelism has not changed may build on its files.
fn deal(
    state: &OperatorState,
    parallelism: u32,
    max_parallelism: u32,
    rules: &Rules,
) -> Vec<OperatorSnapshot> {
    let old: Vec<_> = state.subtasks.iter().map(SubtaskState::snapshot).collect();
    let is_rescaled = u32::try_from(old.len()).ok() != Some(parallelism);
    let loses = is_rescaled && rules.key_group_owner == KeyGroupOwner::RangeLessLast;
    let mut new: Vec<_> = (0..parallelism)
        .map(|subtask| {
            let mut range = key_group_range(max_parallelism, parallelism, subtask);
            if loses {
                range = *range.start()..=range.end().saturating_sub(1);
            }
            let before = old.get(to_index(subtask));
            let before = before.copied().flatten().filter(|_| !is_rescaled);
            let shared = before.map_or_else(Vec::new, |before| before.shared.clone());
            OperatorSnapshot {
                keyed: keyed_share(&old, &range),
                shared,
                ..OperatorSnapshot::default()
            }
        })
        .collect();
    let held = entries_below(max_parallelism, old.iter().flatten().copied());
    let dealt = entries_below(max_parallelism, &new);
    assert!(loses || dealt == held, "{held} keyed entries were dealt as {dealt}");
    if rules.list_state_restored || !is_rescaled {
        deal_lists(&old, &mut new);
    }
    new
}

/// How many entries of keyed state some snapshots hold, of so many key groups.
fn entries_below<'s>(
    groups: u32,
    snapshots: impl IntoIterator<Item = &'s OperatorSnapshot>,
) -> usize {
    let states = snapshots.into_iter().flat_map(|snapshot| snapshot.keyed.values());
    let entries = states.flat_map(|state| &state.entries);
    entries.filter(|entry| u32::from(entry.group) < groups).count()
}

/// The entries of every old subtask whose group lies in a range.
fn keyed_share(
    old: &[Option<&OperatorSnapshot>],
    range: &RangeInclusive<u16>,
) -> BTreeMap<Arc<str>, KeyedSnapshot> {
    let mut share: BTreeMap<Arc<str>, KeyedSnapshot> = BTreeMap::new();
    for (name, state) in old.iter().flatten().flat_map(|snapshot| &snapshot.keyed) {
        let entries = state.entries.iter().filter(|entry| range.contains(&entry.group));
        let share = share.entry(Arc::clone(name)).or_default();
        share.registered = state.registered;
        share.entries.extend(entries.cloned());
    }
    share
}
