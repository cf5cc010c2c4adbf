//! Snapshots as older releases keep them: by chain, without key groups, in metadata of an older version.
//!
//! Says what of a snapshot is kept at all, and turns one that is not kept as the newest release keeps it into one that is, or
//! refuses it: after that a restore goes on as it always does (`SavepointLoader`).

use crate::effect::RestoredTask;
use crate::job::{
    CheckpointKind, KeyType, OperatorId, OperatorIndex, Plan, VertexIndex, java_hash_code,
    key_group,
};
use crate::kernel::to_index;
use crate::rules::{MetadataVersion, Rescaling, Rules, StateAddress, StateHandles};
use crate::state::{
    ChainPlace, CompletedCheckpoint, KeyedEntry, OperatorSnapshot, OperatorState, SubtaskState,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use thiserror::Error;

/// An operator of another parallelism than its state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    pub(super) operator: OperatorId,
    pub(super) name: String,
    pub(super) stored: usize,
    pub(super) parallelism: u32,
}

impl Misfit {
    /// None if they agree.
    pub(super) fn of(plan: &Plan, operator: OperatorIndex, state: &OperatorState) -> Option<Self> {
        let parallelism = plan.graph.operators[operator.index()].parallelism;
        let (operator, name, stored) = (state.id, state.name.clone(), state.subtasks.len());
        assert!(parallelism > 0, "`{name}` has no subtask that could be given its state");
        let misfit = Self { operator, name, stored, parallelism };
        (stored != to_index(parallelism)).then_some(misfit)
    }
}

/// Why a snapshot cannot be restored where either it or the release is an older one, in Flink's terms.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LegacyStateError {
    /// One serialized object, as only 1.0 writes and reads it.
    #[error(
        "unexpected magic number: this is a savepoint of Flink 1.0, which is not supported by this version of Flink, or no savepoint at all, or a corrupted one"
    )]
    MagicNumber,
    /// Metadata with a header, where one serialized object is wanted.
    #[error(
        "the savepoint cannot be deserialized: invalid stream header, as of metadata of version {found}"
    )]
    StreamHeader {
        /// Its version.
        found: u8,
    },
    /// A version of metadata that is too new, or too old.
    #[error(
        "unrecognized checkpoint version number: {found}; this release reads versions {oldest} to {newest}"
    )]
    VersionNumber {
        /// Its version.
        found: u8,
        /// The oldest that is read.
        oldest: u8,
        /// The newest that is read.
        newest: u8,
    },
    /// The version of metadata of 1.2, which is still known by name (since 1.11).
    #[error("this savepoint / checkpoint version (Flink 1.1 / 1.2) is no longer supported")]
    NoLongerSupported,
    /// State behind a kind of handle that a newer release writes, though in metadata of the same version.
    #[error("reading invalid KeyedStateHandle, type: {kind}")]
    KeyedHandle {
        /// The number of the kind.
        kind: u8,
    },
    /// Records in flight as 1.11 keeps them.
    #[error(
        "java.lang.NullPointerException: records in flight as Flink 1.11 keeps them are read by no later release"
    )]
    InFlightOfOther,
    /// State by places in a chain, for other numbers of subtasks (since 1.3).
    #[error(
        "detected change in parallelism during migration for task {vertex}: it had {stored} subtasks and has {parallelism}"
    )]
    MigratedParallelism {
        /// The chain, by its head's id.
        vertex: OperatorId,
        /// How many it had.
        stored: usize,
        /// How many it has.
        parallelism: u32,
    },
    /// State by places in a chain that the job does not have (since 1.3).
    #[error(
        "could not find task for state with ID {vertex}: its savepoint is migrated with all of its tasks, or not at all"
    )]
    TaskGone {
        /// The chain, by its head's id.
        vertex: OperatorId,
    },
    /// State that is not kept by key group, for another number of subtasks (1.0, 1.1).
    #[error(
        "parallelism mismatch between savepoint state and new program: cannot map operator {} with parallelism {} to new program with parallelism {} (it was `{}`)",
        .0.operator, .0.stored, .0.parallelism, .0.name
    )]
    Parallelism(Misfit),
    /// The same, where state that is kept by key group could be rescaled (since 1.2).
    #[error(
        "the operator {} has non-partitioned state and its parallelism changed: the operator {} has parallelism {} whereas the corresponding state object has a parallelism of {} (it was `{}`)",
        .0.operator, .0.operator, .0.parallelism, .0.stored, .0.name
    )]
    NonPartitioned(Misfit),
    /// An object of a subtask, where there is no such state any more (since 1.4).
    #[error(
        "legacy state (from Flink <= 1.1, created through the `Checkpointed` interface) is no longer supported starting from Flink 1.4; operator {operator} (`{name}`) has some"
    )]
    LegacyState {
        /// Which operator.
        operator: OperatorId,
        /// Its name.
        name: String,
    },
    /// State by places in a chain, for operators of a chain of another length (since 1.3).
    #[error(
        "detected change in chain length during migration for task {vertex}: it had {stored} operators and has {length}"
    )]
    ChainLength {
        /// The chain, by its head's id.
        vertex: OperatorId,
        /// How many it had.
        stored: u16,
        /// How many it has.
        length: usize,
    },
}

impl LegacyStateError {
    /// What to do about it, as one imperative sentence.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::MagicNumber | Self::StreamHeader { .. } => {
                "restore it in the release that wrote it; no savepoint goes between 1.0 and others"
            }
            Self::KeyedHandle { .. } | Self::InFlightOfOther => {
                "restore it in the release that wrote it; Flink promises nothing to older ones"
            }
            Self::MigratedParallelism { .. } => {
                "restore it at its own parallelism, take a new savepoint, and change the parallelism then"
            }
            Self::TaskGone { .. } => {
                "restore it with the tasks that it is of, take a new savepoint, and remove them then"
            }
            Self::NoLongerSupported | Self::VersionNumber { .. } => {
                "restore it in a release between, and take a new savepoint there"
            }
            Self::Parallelism { .. } => "leave the parallelism as it was",
            Self::LegacyState { .. } => {
                "rewrite the job to use `CheckpointedFunction`, restore it in 1.3, and take a new savepoint there"
            }
            Self::NonPartitioned { .. } => {
                "restore it at its own parallelism, take a new savepoint, and change the parallelism then"
            }
            Self::ChainLength { .. } => {
                "leave chains with state as they were until a new savepoint is taken"
            }
        }
    }
}

/// Where the state of an operator is found in a snapshot, if not by its own id.
pub(super) fn place_in_chain(
    plan: &Plan,
    operator: OperatorIndex,
    rules: &Rules,
) -> Option<ChainPlace> {
    match rules.state_stored_by {
        StateAddress::Operator => None,
        StateAddress::Chain => {
            let vertex = plan.vertex_of(operator);
            let chain = plan.operators_tail_first(vertex);
            let place = chain.iter().position(|other| *other == operator);
            let count = |number| u16::try_from(number).expect("a job has fewer operators");
            Some(ChainPlace {
                head: plan.vertex_id(vertex),
                place: count(place.expect("an operator is in its own chain")),
                length: count(chain.len()),
            })
        }
    }
}

/// What a snapshot keeps of the operators of a job, which are in order of its graph: all of them, or those of chains in
/// which any has state.
pub(super) fn recorded(
    plan: &Plan,
    operators: Vec<OperatorState>,
    rules: &Rules,
) -> Vec<OperatorState> {
    if rules.stateless_chains_recorded {
        return operators;
    }
    let vertex = |place| plan.vertex_of(OperatorIndex::new(place));
    let has_something = |state: &OperatorState| {
        state.is_stateful() || state.coordinator.is_some() || state.is_finished()
    };
    let kept = operators.iter().enumerate().filter(|(_, state)| has_something(state));
    let kept: BTreeSet<VertexIndex> = kept.map(|(place, _)| vertex(place)).collect();
    let operators = operators.into_iter().enumerate();
    operators.filter(|(place, _)| kept.contains(&vertex(*place))).map(|(_, state)| state).collect()
}

/// A snapshot as the newest release would keep it.
#[derive(Debug)]
pub(super) struct Adapted {
    /// Its state, by operator.
    pub(super) checkpoint: CompletedCheckpoint,
    /// Who takes each of its operators' states; nobody, where the chain is not in the job.
    pub(super) takers: Vec<Option<OperatorIndex>>,
    /// Under which ids state was stored, where those are not the ids of who takes it.
    pub(super) renamed: Vec<(OperatorId, OperatorId)>,
    /// Chains that cannot start from what is stored for them, and why.
    spoilt: Vec<(VertexIndex, Arc<str>)>,
}

/// Who takes a state.
enum Taker {
    Operator(OperatorIndex),
    Nobody,
    /// A chain that cannot start with it.
    Spoilt(VertexIndex, Arc<str>),
}

/// Turns a snapshot that older rules made, or that is to be restored under older rules, into one by operator and key group.
/// None if it is that already.
///
/// # Errors
///
/// Its version is not read, or its chains or their parallelism do not allow it.
pub(super) fn adapt(
    plan: &Plan,
    checkpoint: &CompletedCheckpoint,
    rules: &Rules,
) -> Result<Option<Adapted>, LegacyStateError> {
    let properties = checkpoint.properties();
    check_version(properties.metadata, rules)?;
    check_handles(checkpoint, rules)?;
    if !rules.checkpointed_state
        && let Some(state) = checkpoint.operators().iter().find(|state| has_whole(state))
    {
        let (operator, name) = (state.id, state.name.clone());
        return Err(LegacyStateError::LegacyState { operator, name });
    }
    let has_groups = properties.metadata.has_key_groups();
    let is_by_chain = checkpoint.operators().iter().any(|state| state.chain.is_some());
    if has_groups && rules.key_groups && !is_by_chain {
        return Ok(None);
    }
    let (mut operators, mut takers) = (Vec::new(), Vec::new());
    let (mut renamed, mut spoilt) = (Vec::new(), Vec::new());
    // The empty places of a chain are no state of anybody.
    for state in checkpoint.operators().iter().filter(|state| state.is_stateful()) {
        let taker = match taker_of(plan, state, rules)? {
            Taker::Spoilt(vertex, why) => {
                spoilt.push((vertex, why));
                continue;
            }
            Taker::Nobody => None,
            Taker::Operator(operator) => Some(operator),
        };
        let mut state = OperatorState { chain: None, ..state.clone() };
        if let Some(operator) = taker {
            let id = plan.operator_ids[operator.index()];
            if id != state.id {
                renamed.push((state.id, id));
                state.id = id;
            }
            fit(plan, operator, &mut state, has_groups, rules)?;
        }
        operators.push(state);
        takers.push(taker);
    }
    let checkpoint = CompletedCheckpoint::from_durable(properties.clone(), operators);
    Ok(Some(Adapted { checkpoint, takers, renamed, spoilt }))
}

/// Whether an operator left state that only the same subtask can restore.
fn has_whole(state: &OperatorState) -> bool {
    state.snapshots().any(OperatorSnapshot::has_whole)
}

/// Refuses state of a subtask for another number of subtasks, however the rest of a snapshot is dealt.
///
/// # Errors
///
/// An operator has such state, and its parallelism has changed.
pub(super) fn check_whole(
    plan: &Plan,
    operator: OperatorIndex,
    state: &OperatorState,
) -> Result<(), LegacyStateError> {
    match Misfit::of(plan, operator, state).filter(|_| has_whole(state)) {
        Some(misfit) => Err(LegacyStateError::NonPartitioned(misfit)),
        None => Ok(()),
    }
}

fn check_version(version: MetadataVersion, rules: &Rules) -> Result<(), LegacyStateError> {
    let (oldest, newest) = (rules.oldest_metadata, rules.metadata);
    if (oldest..=newest).contains(&version) {
        return Ok(());
    }
    let number = MetadataVersion::number;
    Err(match (number(version), number(newest)) {
        (None, _) => LegacyStateError::MagicNumber,
        (Some(found), None) => LegacyStateError::StreamHeader { found },
        (Some(1), Some(_)) if oldest > MetadataVersion::V1 => LegacyStateError::NoLongerSupported,
        (Some(found), Some(newest)) => {
            let oldest = number(oldest).unwrap_or_default();
            LegacyStateError::VersionNumber { found, oldest, newest }
        }
    })
}

/// Refuses handles of a kind that the release does not know, or knows no more.
fn check_handles(checkpoint: &CompletedCheckpoint, rules: &Rules) -> Result<(), LegacyStateError> {
    let (written, known) = (checkpoint.properties().handles, rules.state_handles);
    let snapshots = || checkpoint.operators().iter().flat_map(OperatorState::snapshots);
    let is_savepoint = checkpoint.properties().kind == CheckpointKind::Savepoint;
    let (newer, kind) =
        if is_savepoint { (StateHandles::Of1_13, 7) } else { (StateHandles::Of1_15, 12) };
    if known < newer && newer <= written && snapshots().any(|snapshot| !snapshot.keyed.is_empty()) {
        return Err(LegacyStateError::KeyedHandle { kind });
    }
    let is_other = written == StateHandles::Of1_11 && known > written;
    let is_in_flight = |snapshot: &OperatorSnapshot| !snapshot.in_flight.is_empty();
    if is_other && snapshots().any(is_in_flight) {
        return Err(LegacyStateError::InFlightOfOther);
    }
    Ok(())
}

/// Who takes a state: by chain the operator in the same place of the chain of that id, else the one of that id.
fn taker_of(plan: &Plan, state: &OperatorState, rules: &Rules) -> Result<Taker, LegacyStateError> {
    // Ids of the older scheme and hashes of the user's are tried alike, where the own ids of all have missed.
    let is_legacy = |operator: OperatorIndex, id| {
        let hash = plan.graph.operators[operator.index()].options.uid_hash;
        plan.legacy_ids.get(operator.index()) == Some(&id) || hash == Some(id)
    };
    let Some(ChainPlace { head, place, length: stored }) = state.chain else {
        let legacy = || {
            let mut all = (0..plan.operator_ids.len()).map(OperatorIndex::new);
            all.find(|operator| is_legacy(*operator, state.id))
        };
        let found = plan.operator_with_id(state.id).or_else(legacy);
        return Ok(found.map_or(Taker::Nobody, Taker::Operator));
    };
    let vertices = || (0..plan.vertices.len()).map(VertexIndex::new);
    let own = vertices().find(|vertex| plan.vertex_id(*vertex) == head);
    let legacy = || vertices().find(|vertex| is_legacy(plan.head(*vertex), head));
    let is_migrated = rules.state_stored_by == StateAddress::Operator;
    let Some(vertex) = own.or_else(legacy) else {
        // Not even -n helps (`SavepointV2.convertToOperatorStateSavepointV2`, 1.3.2).
        let gone = LegacyStateError::TaskGone { vertex: head };
        return if is_migrated { Err(gone) } else { Ok(Taker::Nobody) };
    };
    let parallelism = plan.vertices[vertex.index()].parallelism;
    if is_migrated && state.subtasks.len() != to_index(parallelism) {
        let stored = state.subtasks.len();
        return Err(LegacyStateError::MigratedParallelism { vertex: head, stored, parallelism });
    }
    let chain = plan.operators_tail_first(vertex);
    let length = chain.len();
    let is_other_length = length != usize::from(stored);
    if is_other_length && is_migrated {
        return Err(LegacyStateError::ChainLength { vertex: head, stored, length });
    }
    if is_other_length && rules.chain_length_checked {
        let why = format!("invalid number of operator states; found: {stored}, expected: {length}");
        return Ok(Taker::Spoilt(vertex, why.into()));
    }
    if length < usize::from(stored) {
        let why = format!(
            "could not restore checkpointed state to operators and functions: index {length} is out of bounds for a chain of {length} operators"
        );
        return Ok(Taker::Spoilt(vertex, why.into()));
    }
    Ok(Taker::Operator(chain[usize::from(place)]))
}

/// Fits a state to the subtasks of who takes it. What is not kept by key group stays with the subtask of the same number, or
/// is dealt by key group for the first time.
fn fit(
    plan: &Plan,
    operator: OperatorIndex,
    state: &mut OperatorState,
    has_groups: bool,
    rules: &Rules,
) -> Result<(), LegacyStateError> {
    let vertex = &plan.vertices[plan.vertex_of(operator).index()];
    let (wanted, stored) = (to_index(vertex.parallelism), state.subtasks.len());
    let mut beyond = state.subtasks.iter().skip(wanted).filter_map(SubtaskState::snapshot);
    let is_beyond = beyond.any(holds_entries);
    match (rules.rescaling, Misfit::of(plan, operator, state)) {
        (Rescaling::ByKeyGroup, Some(misfit)) if !has_groups => {
            return Err(LegacyStateError::NonPartitioned(misfit));
        }
        (Rescaling::Refused, Some(misfit)) => return Err(LegacyStateError::Parallelism(misfit)),
        (Rescaling::AboveState, Some(misfit)) if is_beyond => {
            return Err(LegacyStateError::Parallelism(misfit));
        }
        (Rescaling::AboveState, _) => {
            state.subtasks.resize_with(wanted, || SubtaskState::Snapshot(Arc::default()));
        }
        (Rescaling::ByKeyGroup, _) | (Rescaling::Refused, None) => {}
    }
    let is_fitting =
        matches!(rules.rescaling, Rescaling::ByKeyGroup) || state.subtasks.len() == wanted;
    assert!(is_fitting, "`{}` goes to {wanted} subtasks and is of {stored}", state.name);
    if !rules.key_groups {
        for (place, subtask) in (0..).zip(&mut state.subtasks) {
            each_entry(subtask, |entry| entry.group = place);
        }
        state.max_parallelism = vertex.parallelism;
    } else if !has_groups && rules.migrated_keys_regrouped {
        let key_by = plan.graph.operators[operator.index()].key_by;
        let key_type = key_by.map_or(KeyType::Auto, |key_by| key_by.key_type);
        regroup(state, key_type, vertex.max_parallelism);
    }
    Ok(())
}

/// Whether a subtask holds anything under any of its names.
fn holds_entries(state: &OperatorSnapshot) -> bool {
    state.keyed.values().any(|keyed| !keyed.entries.is_empty())
        || state.lists.values().any(|list| !list.items.is_empty())
}

fn each_entry(subtask: &mut SubtaskState, mut change: impl FnMut(&mut KeyedEntry)) {
    if let SubtaskState::Snapshot(state) = subtask {
        let tables = Arc::make_mut(state).keyed.values_mut();
        tables.flat_map(|keyed| &mut keyed.entries).for_each(&mut change);
    }
}

/// Gives every keyed entry its key group, by which it is dealt to the subtask that owns that.
fn regroup(state: &mut OperatorState, key_type: KeyType, groups: u32) {
    state.max_parallelism = groups;
    for subtask in &mut state.subtasks {
        // What is no key of that type was dealt by no key at all, and stays.
        each_entry(subtask, |entry| {
            let hash = java_hash_code(&entry.key, key_type).unwrap_or_default();
            entry.group = key_group(hash, groups);
            assert!(u32::from(entry.group) < groups, "a key is in a group that is not there");
        });
    }
}

impl Adapted {
    /// Has the tasks of chains that cannot start from what is stored for them fail when they start.
    pub(super) fn spoil(&self, plan: &Plan, tasks: &mut [Option<RestoredTask>]) {
        for (vertex, why) in &self.spoilt {
            let operators = plan.vertices[vertex.index()].operators.len();
            for task in plan.tasks_of(*vertex) {
                tasks[task.index()] = Some(RestoredTask {
                    permit: self.checkpoint.permit(),
                    operators: vec![None; operators],
                    positions_of_all: None,
                    is_told: true,
                    finished: false,
                    reads: Vec::new(),
                    unreadable: Some(Arc::clone(why)),
                });
            }
        }
    }
}
