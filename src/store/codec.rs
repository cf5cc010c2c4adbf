//! A savepoint as files, and files as a savepoint: bytes in, bytes out.

mod paths;

use super::block::{BlockKind, BlockReader, BlockWriter, CodecError, DamageCause, length_of};
use super::savepoint::{OperatorSummary, Savepoint, SavepointSummary, StateSummary};
use super::wire::{
    self, Position, Seal, StoredInFlight, StoredOperator, StoredShare, StoredSubtask,
};
use crate::effect::ExternalSystem;
use crate::job::{CheckpointId, JobId, METADATA, OperatorId};
use crate::kernel::{Digest, to_index};
use crate::state::{
    CompletedCheckpoint, KeyedSnapshot, OperatorSnapshot, OperatorState, Properties, SubtaskState,
};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use super::wire::StateReference;

/// The files of one savepoint or checkpoint, not yet anywhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SavepointFiles {
    /// The run that took it.
    pub job: JobId,
    /// Its id.
    pub id: CheckpointId,
    /// The content of `_metadata`.
    pub metadata: Vec<u8>,
    /// The state files beside it, by name.
    pub states: BTreeMap<String, Vec<u8>>,
    /// The files that it shares with other checkpoints of its job, by name.
    pub shared: BTreeMap<String, Vec<u8>>,
}

impl SavepointFiles {
    /// The name of a savepoint's folder at this `attempt` at finding a free one, from 0.
    pub fn folder_name(&self, attempt: u32) -> String {
        savepoint_folder_name(self.job, self.id, attempt)
    }

    /// The name of a retained checkpoint's folder, `chk-<id>`.
    pub fn checkpoint_folder_name(&self) -> String {
        format!("chk-{}", self.id)
    }
}

/// `savepoint-<first 6 hex of job id>-<12 hex>`, as Flink names a savepoint's folder. The last twelve look random and
/// follow from job, id and the `attempt` at finding a free name, from 0.
pub fn savepoint_folder_name(job: JobId, id: CheckpointId, attempt: u32) -> String {
    let mut digest = Digest::new();
    digest.fold_bytes(&job.0);
    digest.fold(id.number(), attempt.into());
    format!("savepoint-{}-{}", &job.to_string()[..6], &digest.to_string()[..12])
}

/// The files of a savepoint; snapshots of fewer bytes than `threshold`, and empty ones, go into `_metadata`.
pub fn encode_inline_below(savepoint: &Savepoint, threshold: usize) -> SavepointFiles {
    let properties = savepoint.checkpoint.properties();
    let (mut states, mut shared) = (BTreeMap::new(), BTreeMap::new());
    let operators = savepoint.checkpoint.operators();
    let stored = operators
        .iter()
        .map(|state| store_operator(state, properties, threshold, &mut states, &mut shared));
    let metadata = Metadata {
        operators: stored.collect(),
        properties: properties.clone(),
        position: Position { inputs: savepoint.inputs.clone(), clock: savepoint.clock },
        in_flight: in_flight_of(operators),
        sinks: savepoint.sinks.clone(),
    };
    let (job, id, metadata) = (properties.job, properties.id, metadata.encode());
    debug_assert!(decode(&metadata).is_ok(), "metadata were written that nobody can read");
    assert!(states.keys().all(|name| wire::is_state_name(name)), "a state file is found by no one");
    SavepointFiles { job, id, metadata, states, shared }
}

/// What was in flight, subtask by subtask; nothing of those around which nothing was.
fn in_flight_of(operators: &[OperatorState]) -> Vec<StoredInFlight> {
    let mut found = Vec::new();
    for (operator, state) in (0..).zip(operators) {
        for (subtask, state) in (0..).zip(&state.subtasks) {
            if let Some(snapshot) = state.snapshot().filter(|held| !held.in_flight.is_empty()) {
                let in_flight = snapshot.in_flight.clone();
                found.push(StoredInFlight { operator, subtask, in_flight });
            }
        }
    }
    found
}

fn store_operator(
    operator: &OperatorState,
    properties: &Properties,
    threshold: usize,
    states: &mut BTreeMap<String, Vec<u8>>,
    shared: &mut BTreeMap<String, Vec<u8>>,
) -> StoredOperator {
    let mut subtasks = Vec::with_capacity(operator.subtasks.len());
    for (index, subtask) in operator.subtasks.iter().enumerate() {
        subtasks.push(match subtask {
            SubtaskState::Finished => StoredSubtask::Finished,
            SubtaskState::Unlisted => StoredSubtask::Unlisted,
            SubtaskState::Snapshot(snapshot) if !snapshot.shared.is_empty() => {
                share(snapshot, shared)
            }
            SubtaskState::Snapshot(snapshot) => match encode_state(snapshot, threshold) {
                None => StoredSubtask::Inline(Arc::clone(snapshot)),
                Some(bytes) => {
                    let name = state_file_name(properties, operator.id, index, &bytes);
                    let seal = Seal::of(&bytes);
                    let twin = states.insert(name.clone(), bytes);
                    assert!(twin.is_none(), "{name} names the state of two subtasks");
                    StoredSubtask::File(StateReference { name, seal, is_shared: false })
                }
            },
        });
    }
    operator.with_subtasks(subtasks)
}

/// Puts the keyed state of a snapshot into its shared files.
fn share(snapshot: &OperatorSnapshot, shared: &mut BTreeMap<String, Vec<u8>>) -> StoredSubtask {
    let mut files = Vec::with_capacity(snapshot.shared.len());
    let held: usize = snapshot.keyed.values().map(|state| state.entries.len()).sum();
    let mut written = 0;
    for file in &snapshot.shared {
        let mut writer = BlockWriter::new();
        let slice = snapshot.slice(file.groups);
        written += slice.keyed.values().map(|state| state.entries.len()).sum::<usize>();
        wire::put(&mut writer, &slice);
        let bytes = writer.finish();
        files.push(StoredShare { file: *file, seal: Seal::of(&bytes) });
        shared.insert(file.id.to_string(), bytes);
    }
    assert_eq!(written, held, "a keyed entry is in no shared file, or in two");
    let nameless =
        |state: &KeyedSnapshot| KeyedSnapshot { entries: Vec::new(), registered: state.registered };
    let names = snapshot.keyed.iter().map(|(name, state)| (Arc::clone(name), nameless(state)));
    let rest = OperatorSnapshot {
        keyed: names.collect(),
        lists: snapshot.lists.clone(),
        ..OperatorSnapshot::default()
    };
    StoredSubtask::Shared(files, Arc::new(rest))
}

/// The state file of a snapshot, unless it is to be inline.
fn encode_state(snapshot: &OperatorSnapshot, threshold: usize) -> Option<Vec<u8>> {
    let payload = wire::spell(&wire::Payload::to_wire(snapshot));
    if snapshot.is_empty() || payload.len() < threshold {
        return None;
    }
    let mut writer = BlockWriter::new();
    writer.put(BlockKind::State, &payload);
    Some(writer.finish())
}

/// A name in the form of a random UUID, as Flink's state files have; it follows from whose state it is and what.
fn state_file_name(
    properties: &Properties,
    operator: OperatorId,
    subtask: usize,
    bytes: &[u8],
) -> String {
    let content = fingerprint(bytes, 0);
    let whose = format!("{} {} {operator}/{subtask} {content:032x}", properties.job, properties.id);
    // Version 4 and the RFC variant stand in fixed bits.
    let number = fingerprint(whose.as_bytes(), 0);
    let number = number & !(0xf << 76) | 4 << 76;
    let number = number & !(0b11 << 62) | 0b10 << 62;
    let hex = format!("{number:032x}");
    assert_eq!(hex.len(), 32, "a UUID has 32 digits, and {hex} has not");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A 128-bit hash of bytes: no protection against malice, only against chance.
pub(super) fn fingerprint(bytes: &[u8], seed: u32) -> u128 {
    murmur3::murmur3_x64_128(&mut &*bytes, seed).expect("a slice can always be read")
}

/// The content of a `_metadata` file, with references to the state files beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metadata {
    properties: Properties,
    position: Position,
    operators: Vec<StoredOperator>,
    in_flight: Vec<StoredInFlight>,
    sinks: Vec<ExternalSystem>,
}

/// Reads the content of a `_metadata` file.
///
/// # Errors
/// Any byte that is damaged, missing or extra, with its offset.
pub fn decode(bytes: &[u8]) -> Result<Metadata, CodecError> {
    let mut reader = BlockReader::open(bytes)?;
    let metadata = Metadata {
        properties: wire::take(&mut reader)?,
        position: wire::take(&mut reader)?,
        operators: wire::take_all(&mut reader)?,
        in_flight: wire::take_all(&mut reader)?,
        sinks: wire::take_all(&mut reader)?,
    };
    reader.finish()?;
    Ok(metadata)
}

/// Reads the content of a state file.
///
/// # Errors
/// Any byte that is damaged, missing or extra, with its offset.
pub fn decode_state(bytes: &[u8]) -> Result<OperatorSnapshot, CodecError> {
    alone(bytes)
}

/// The content of the file that keeps what one external system holds; its open transactions are left out.
pub fn encode_sink(sink: &ExternalSystem) -> Vec<u8> {
    let mut writer = BlockWriter::new();
    wire::put(&mut writer, sink);
    writer.finish()
}

/// Reads what one external system holds.
///
/// # Errors
/// Any byte that is damaged, missing or extra, with its offset.
pub fn decode_sink(bytes: &[u8]) -> Result<ExternalSystem, CodecError> {
    alone(bytes)
}

fn alone<T: wire::Payload>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut reader = BlockReader::open(bytes)?;
    let content = wire::take(&mut reader)?;
    reader.finish()?;
    Ok(content)
}

impl StateReference {
    /// Whether these bytes are the file that is meant: first by length, then by checksum.
    ///
    /// # Errors
    /// What differs.
    pub fn check(&self, bytes: &[u8]) -> Result<(), CodecError> {
        let (told, found) = (self.seal, Seal::of(bytes));
        let (needed, left) = (told.length, found.length);
        let at = |offset, cause| Err(CodecError { offset, cause });
        let what = "the state file";
        if left < needed {
            at(left, DamageCause::Truncated { what, needed, left })
        } else if left > needed {
            at(needed, DamageCause::Extra { bytes: left - needed })
        } else if told.checksum == found.checksum {
            Ok(())
        } else {
            let (stored, computed) = (told.checksum, found.checksum);
            at(0, DamageCause::Checksum { what: what.to_owned(), stored, computed })
        }
    }
}

impl Metadata {
    /// Which snapshot it is.
    pub const fn properties(&self) -> &Properties {
        &self.properties
    }

    /// The state files of its own, in order of operators and subtasks.
    pub fn references(&self) -> impl Iterator<Item = &StateReference> {
        self.operators.iter().flat_map(|operator| &operator.subtasks).filter_map(|subtask| {
            if let StoredSubtask::File(reference) = subtask { Some(reference) } else { None }
        })
    }

    /// The files that it shares with other checkpoints of its job, in order of operators and subtasks.
    pub fn shared_references(&self) -> impl Iterator<Item = StateReference> {
        self.operators.iter().flat_map(|operator| &operator.subtasks).flat_map(|subtask| {
            let files =
                if let StoredSubtask::Shared(files, _) = subtask { &files[..] } else { &[] };
            files.iter().map(StoredShare::reference)
        })
    }

    /// The whole savepoint, with each state file read by `load`.
    ///
    /// # Errors
    /// The first that `load` returns.
    pub fn resolve<E>(
        &self,
        mut load: impl FnMut(&StateReference) -> Result<OperatorSnapshot, E>,
    ) -> Result<Savepoint, E> {
        let mut operators = Vec::with_capacity(self.operators.len());
        for operator in &self.operators {
            let mut subtasks = Vec::with_capacity(operator.subtasks.len());
            for subtask in &operator.subtasks {
                subtasks.push(match subtask {
                    StoredSubtask::Finished => SubtaskState::Finished,
                    StoredSubtask::Unlisted => SubtaskState::Unlisted,
                    StoredSubtask::Inline(snapshot) => SubtaskState::Snapshot(Arc::clone(snapshot)),
                    StoredSubtask::File(reference) => {
                        SubtaskState::Snapshot(Arc::new(load(reference)?))
                    }
                    StoredSubtask::Shared(files, rest) => {
                        let mut whole = (**rest).clone();
                        for file in files {
                            put_together(&mut whole, load(&file.reference())?);
                            whole.shared.push(file.file);
                        }
                        SubtaskState::Snapshot(Arc::new(whole))
                    }
                });
            }
            operators.push(operator.with_subtasks(subtasks));
        }
        self.add_in_flight(&mut operators);
        Ok(Savepoint {
            checkpoint: CompletedCheckpoint::from_durable(self.properties.clone(), operators),
            inputs: self.position.inputs.clone(),
            clock: self.position.clock,
            sinks: self.sinks.clone(),
        })
    }

    /// Puts what was in flight beside the state of the subtasks it was around.
    fn add_in_flight(&self, operators: &mut [OperatorState]) {
        for stored in &self.in_flight {
            let operator = operators.get_mut(to_index(stored.operator));
            let subtask =
                operator.and_then(|state| state.subtasks.get_mut(to_index(stored.subtask)));
            if let Some(SubtaskState::Snapshot(snapshot)) = subtask {
                Arc::make_mut(snapshot).in_flight = stored.in_flight.clone();
            }
        }
    }

    /// What is told of it to people; `savepoint` is what it resolved to.
    pub fn summarize(&self, savepoint: &Savepoint) -> SavepointSummary {
        let read = savepoint.checkpoint.operators();
        assert_eq!(read.len(), self.operators.len(), "a summary was asked of another savepoint");
        let mut files: BTreeMap<String, u64> =
            self.references().map(|file| (file.path(), file.seal.length)).collect();
        files.extend(self.shared_references().map(|file| (file.path(), file.seal.length)));
        files.insert(METADATA.to_owned(), length_of(&self.encode()));
        SavepointSummary {
            id: self.properties.id,
            kind: self.properties.kind,
            job: self.properties.job,
            job_name: self.properties.job_name.clone(),
            triggered: self.properties.triggered,
            clock: self.position.clock,
            operators: self.operators.iter().zip(read).map(summarize_operator).collect(),
            inputs: self.position.inputs.clone(),
            sinks: self.sinks.iter().map(|sink| sink.name.clone()).collect(),
            bytes: files.values().sum(),
            files,
        }
    }
}

/// Adds the entries of one shared file to what the others held.
fn put_together(whole: &mut OperatorSnapshot, part: OperatorSnapshot) {
    for (name, state) in part.keyed {
        whole.keyed.entry(name).or_default().entries.extend(state.entries);
    }
}

fn summarize_operator((stored, read): (&StoredOperator, &OperatorState)) -> OperatorSummary {
    let mut states = BTreeMap::new();
    let mut finished = 0;
    assert_eq!(stored.subtasks.len(), read.subtasks.len(), "a summary of another operator");
    for (place, subtask) in stored.subtasks.iter().zip(&read.subtasks) {
        let Some(snapshot) = subtask.snapshot() else {
            finished += u32::from(matches!(subtask, SubtaskState::Finished));
            continue;
        };
        let is_inline = matches!(place, StoredSubtask::Inline(_));
        let (sums, lengths) = (snapshot.sums(stored.id), wire::state_lengths(snapshot));
        assert_eq!(sums.len(), lengths.len(), "a state has a length and no sum");
        for (sum, length) in sums.iter().zip(lengths) {
            let bytes = u64::try_from(length).expect("usize fits in 64 bits");
            let state =
                states.entry((sum.unit.kind, Arc::clone(&sum.unit.name))).or_insert_with(|| {
                    StateSummary {
                        name: sum.unit.name.to_string(),
                        kind: sum.unit.kind,
                        entries: 0,
                        inline_bytes: 0,
                        file_bytes: 0,
                    }
                });
            state.entries += sum.entries;
            *(if is_inline { &mut state.inline_bytes } else { &mut state.file_bytes }) += bytes;
        }
    }
    OperatorSummary {
        id: stored.id,
        name: stored.name.clone(),
        uid: stored.uid.clone(),
        parallelism: u32::try_from(stored.subtasks.len()).expect("parallelism fits in 32 bits"),
        max_parallelism: stored.max_parallelism,
        finished,
        states: states.into_values().collect(),
    }
}

#[cfg(test)]
pub(super) mod tests;
