//! How the content of a block is spelled: private twins of the state types, in postcard.
//!
//! Values are spelled flat, as tokens in the order of a walk: a reader needs no recursion, so that no file can
//! exhaust its stack. What is read is spelled again and compared, so that each content has exactly one spelling.

#[cfg(feature = "fs")]
mod segment;
mod sink;
mod token;

use super::block::{Block, BlockKind, BlockReader, BlockWriter, CodecError, length_of};
use super::places::{at, unusual};
use crate::job::{EventTime, OperatorId, Origin, Record, Registration, SharedFile, StateType};
use crate::kernel::SimTime;
use crate::state::{
    ChainPlace, ChannelState, InFlight, KeyedEntry, KeyedSnapshot, ListMode, ListSnapshot,
    OperatorSnapshot, OperatorState, Properties,
};
use crate::store::InputIdentity;
#[cfg(feature = "fs")]
pub(super) use segment::print_of;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
pub(super) use token::Token;
use token::{flatten, unflatten};

/// The folder of the files that the checkpoints of a job share, beside those of the checkpoints.
pub(super) const SHARED: &str = "shared";

/// What a block can hold.
pub(super) trait Payload: Sized {
    /// Its kind of block.
    const KIND: BlockKind;
    /// Its spelling.
    type Wire: Serialize + DeserializeOwned;
    /// Spells it.
    fn to_wire(&self) -> Self::Wire;
    /// Reads it, or says why it is impossible.
    fn from_wire(wire: Self::Wire) -> Result<Self, &'static str>;
}

/// Adds a block with this content.
pub(super) fn put<T: Payload>(writer: &mut BlockWriter, content: &T) {
    writer.put(T::KIND, &spell(&content.to_wire()));
}

/// Adds a block for each of these.
pub(super) fn put_all<'a, T: Payload + 'a>(
    writer: &mut BlockWriter,
    all: impl IntoIterator<Item = &'a T>,
) {
    all.into_iter().for_each(|content| put(writer, content));
}

/// Takes the next block, which must have such a content.
pub(super) fn take<T: Payload>(reader: &mut BlockReader<'_>) -> Result<T, CodecError> {
    read(reader.take(T::KIND)?)
}

/// Takes the next blocks that have such a content.
pub(super) fn take_all<T: Payload>(reader: &mut BlockReader<'_>) -> Result<Vec<T>, CodecError> {
    let mut all = Vec::new();
    while let Some(block) = reader.take_if(T::KIND)? {
        all.push(read(block)?);
    }
    Ok(all)
}

/// The content of a block, all of it, in its one spelling.
fn read<T: Payload>(block: Block<'_>) -> Result<T, CodecError> {
    let (wire, rest) = postcard::take_from_bytes::<T::Wire>(block.payload)
        .map_err(|error| block.malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(block.malformed(format!("{} bytes are left over", rest.len())));
    }
    let content = T::from_wire(wire).map_err(|why| block.malformed(why))?;
    if spell(&content.to_wire()) != block.payload {
        return Err(block.malformed("it is not spelled or sorted as a writer does it"));
    }
    Ok(content)
}

/// The bytes of a spelling.
pub(super) fn spell<T: Serialize>(wire: &T) -> Vec<u8> {
    postcard::to_stdvec(wire).expect("a growing vector takes any plain data")
}

/// What is spelled as it is.
macro_rules! spelled_as_it_is {
    ($($content:ident)+) => {
        $(impl Payload for $content {
            const KIND: BlockKind = BlockKind::$content;
            type Wire = Self;
            fn to_wire(&self) -> Self {
                self.clone()
            }
            fn from_wire(wire: Self) -> Result<Self, &'static str> {
                Ok(wire)
            }
        })+
    };
}

spelled_as_it_is! { Properties Position }

/// How far the inputs had been read, and the clock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) inputs: Vec<InputIdentity>,
    pub(super) clock: SimTime,
}

/// A keyed state: the groups of its entries in one column, keys and values by turns in the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeyedWire {
    name: Arc<str>,
    groups: Vec<u16>,
    values: Vec<Token>,
}

impl KeyedWire {
    fn new(name: &Arc<str>, state: &KeyedSnapshot) -> Self {
        let mut entries: Vec<&KeyedEntry> = state.entries.iter().collect();
        entries.sort_unstable();
        Self {
            name: Arc::clone(name),
            groups: entries.iter().map(|entry| entry.group).collect(),
            values: flatten(entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
        }
    }

    fn into_state(self) -> Result<(Arc<str>, KeyedSnapshot), &'static str> {
        let values = unflatten(self.values)?;
        if values.len() != 2 * self.groups.len() {
            return Err("a keyed entry lacks its group, key or value");
        }
        let mut values = values.into_iter();
        let mut next = || values.next().expect("two values for each group were counted");
        let entries = self.groups.into_iter();
        let entries = entries.map(|group| KeyedEntry { group, key: next(), value: next() });
        let entries = entries.collect();
        Ok((self.name, KeyedSnapshot { entries, ..KeyedSnapshot::default() }))
    }
}

/// A list state.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ListWire {
    name: Arc<str>,
    mode: ListMode,
    items: Vec<Token>,
}

impl ListWire {
    fn new(name: &Arc<str>, state: &ListSnapshot) -> Self {
        Self { name: Arc::clone(name), mode: state.mode, items: flatten(&state.items) }
    }

    fn into_state(self) -> Result<(Arc<str>, ListSnapshot), &'static str> {
        let items = unflatten(self.items)?;
        Ok((self.name, ListSnapshot { mode: self.mode, items, ..ListSnapshot::default() }))
    }
}

/// The bytes that each keyed state, then each list state of a snapshot takes, in order of their names.
pub(super) fn state_lengths(snapshot: &OperatorSnapshot) -> Vec<usize> {
    let wire = snapshot.to_wire();
    let keyed = wire.keyed.iter().map(|state| spell(state).len());
    keyed.chain(wire.lists.iter().map(|state| spell(state).len())).collect()
}

/// The bytes that all keyed or all other states of a snapshot take, whichever is more.
pub fn largest_state(snapshot: &OperatorSnapshot) -> u64 {
    let SnapshotWire { keyed, lists, .. } = snapshot.to_wire();
    let bytes = spell(&keyed).len().max(spell(&lists).len());
    u64::try_from(bytes).expect("usize fits in 64 bits")
}

/// A snapshot of one subtask.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SnapshotWire {
    keyed: Vec<KeyedWire>,
    lists: Vec<ListWire>,
    /// Of keyed states of which more than the name was registered: their places above, and what.
    registered: Vec<(u32, Registration)>,
    /// Of list states of which the type of the items was: their places above, and which.
    items: Vec<(u32, StateType)>,
    /// Of list states that were not registered first: their places above, and in the order of registration.
    ordinals: Vec<(u32, u16)>,
}

impl Payload for OperatorSnapshot {
    const KIND: BlockKind = BlockKind::State;
    type Wire = SnapshotWire;

    fn to_wire(&self) -> SnapshotWire {
        SnapshotWire {
            keyed: self.keyed.iter().map(|(name, state)| KeyedWire::new(name, state)).collect(),
            lists: self.lists.iter().map(|(name, state)| ListWire::new(name, state)).collect(),
            registered: unusual(self.keyed.values().map(|state| state.registered)),
            items: unusual(self.lists.values().map(|state| state.items_type)),
            ordinals: unusual(self.lists.values().map(|state| state.ordinal)),
        }
    }

    fn from_wire(wire: SnapshotWire) -> Result<Self, &'static str> {
        let keyed = wire.keyed.into_iter().map(KeyedWire::into_state);
        let mut keyed: Vec<(Arc<str>, KeyedSnapshot)> = keyed.collect::<Result<_, _>>()?;
        let lists = wire.lists.into_iter().map(ListWire::into_state);
        let mut lists: Vec<(Arc<str>, ListSnapshot)> = lists.collect::<Result<_, _>>()?;
        for (place, registered) in wire.registered {
            at(&mut keyed, place)?.1.registered = registered;
        }
        for (place, items_type) in wire.items {
            at(&mut lists, place)?.1.items_type = items_type;
        }
        for (place, ordinal) in wire.ordinals {
            at(&mut lists, place)?.1.ordinal = ordinal;
        }
        let (keyed, lists) = (keyed.into_iter().collect(), lists.into_iter().collect());
        Ok(Self { keyed, lists, ..Self::default() })
    }
}

/// What was in flight around one subtask of one operator, by their places in the metadata.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct StoredInFlight {
    pub(super) operator: u32,
    pub(super) subtask: u32,
    pub(super) in_flight: InFlight,
}

/// The records of one channel: where they came from in one column, when they happened in the next (none if none tells),
/// their values in the last.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChannelWire {
    edge: u32,
    peer: u32,
    origins: Vec<Origin>,
    timestamps: Vec<i64>,
    values: Vec<Token>,
}

impl ChannelWire {
    fn new(state: &ChannelState) -> Self {
        let origins = state.records.iter().map(|record| record.origin).collect();
        let values = flatten(state.records.iter().map(|record| &record.value));
        let tells = state.records.iter().any(|record| record.timestamp != EventTime::MIN);
        let told = state.records.iter().take_while(|_| tells);
        let timestamps = told.map(|record| record.timestamp.millis()).collect();
        Self { edge: state.edge, peer: state.peer, origins, timestamps, values }
    }

    fn into_state(self) -> Result<ChannelState, &'static str> {
        let values = unflatten(self.values)?;
        if values.len() != self.origins.len() {
            return Err("a record in flight lacks its origin or its value");
        }
        let times = self.timestamps.iter().map(|millis| EventTime::from_millis(*millis));
        if !self.timestamps.is_empty() && self.timestamps.len() != values.len() {
            return Err("a record in flight lacks its timestamp");
        }
        let times = times.chain(std::iter::repeat(EventTime::MIN));
        let records = values.into_iter().zip(self.origins).zip(times);
        let record = |((value, origin), timestamp)| Record { value, origin, timestamp };
        let records = records.map(record).collect();
        Ok(ChannelState { edge: self.edge, peer: self.peer, records })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct InFlightWire {
    operator: u32,
    subtask: u32,
    inputs: Vec<ChannelWire>,
    outputs: Vec<ChannelWire>,
}

impl Payload for StoredInFlight {
    const KIND: BlockKind = BlockKind::InFlight;
    type Wire = InFlightWire;

    fn to_wire(&self) -> InFlightWire {
        InFlightWire {
            operator: self.operator,
            subtask: self.subtask,
            inputs: self.in_flight.inputs.iter().map(ChannelWire::new).collect(),
            outputs: self.in_flight.outputs.iter().map(ChannelWire::new).collect(),
        }
    }

    fn from_wire(wire: InFlightWire) -> Result<Self, &'static str> {
        let states = |channels: Vec<ChannelWire>| {
            channels.into_iter().map(ChannelWire::into_state).collect::<Result<_, _>>()
        };
        let in_flight = InFlight { inputs: states(wire.inputs)?, outputs: states(wire.outputs)? };
        Ok(Self { operator: wire.operator, subtask: wire.subtask, in_flight })
    }
}

/// What metadata says of one operator.
pub(super) type StoredOperator = OperatorState<StoredSubtask>;

/// Where the state of one subtask is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum StoredSubtask {
    Finished,
    Unlisted,
    Inline(Arc<OperatorSnapshot>),
    File(StateReference),
    /// The keyed state is in files that checkpoints share; the rest is inline.
    Shared(Vec<StoredShare>, Arc<OperatorSnapshot>),
}

/// What tells the content of a file from any other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seal {
    /// How long it is, in bytes.
    pub(super) length: u64,
    /// The CRC-32 of all of it.
    pub(super) checksum: u32,
}

impl Seal {
    /// That of a file with this content.
    pub fn of(bytes: &[u8]) -> Self {
        Self { length: length_of(bytes), checksum: crc32fast::hash(bytes) }
    }
}

/// A file that checkpoints share, as metadata refers to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct StoredShare {
    pub(super) file: SharedFile,
    pub(super) seal: Seal,
}

impl StoredShare {
    /// Where its content is, and what that must be.
    pub(super) fn reference(&self) -> StateReference {
        StateReference { name: self.file.id.to_string(), seal: self.seal, is_shared: true }
    }
}

/// A state file that metadata refers to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StateReference {
    /// Its name, with an absolute folder before it where the metadata says so.
    pub(super) name: String,
    pub(super) seal: Seal,
    /// Whether it lies in the folder that all checkpoints of its job share. Not spelled: the place where it stands says so.
    #[serde(skip)]
    pub(super) is_shared: bool,
}

impl StateReference {
    /// Its name: 36 plain characters.
    pub fn name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
    /// Its path, relative to the folder of the metadata unless that names it by an absolute one.
    pub fn path(&self) -> String {
        if self.is_shared { format!("../{SHARED}/{}", self.name) } else { self.name.clone() }
    }

    /// Only a name that a writer gives, in the folder of the metadata or in one that is named in full.
    fn is_plain(&self) -> bool {
        let name = self.name();
        let is_whole = |folder: &str| {
            let mut parts = folder.split('/');
            let root = parts.next().unwrap_or_default();
            (root.is_empty() || root.ends_with(':'))
                && parts.all(|part| !matches!(part, "" | "." | ".."))
        };
        let folder = self.name.len() - name.len();
        let is_placed = folder == 0 || is_whole(&self.name[..folder - 1]);
        is_placed && is_state_name(name)
    }
}

/// Whether a name is one that a writer gives a state file.
pub(super) fn is_state_name(name: &str) -> bool {
    let is_fit = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    name.len() == 36 && name.bytes().enumerate().all(is_fit)
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OperatorWire {
    id: OperatorId,
    name: String,
    uid: Option<String>,
    chain: Option<ChainPlace>,
    max_parallelism: u32,
    /// And the operator's coordinator as the last, if it has one.
    subtasks: Vec<SubtaskWire>,
}

#[derive(Debug, Serialize, Deserialize)]
enum SubtaskWire {
    Finished,
    Inline(SnapshotWire),
    File(StateReference),
    Coordinator(SnapshotWire),
    Shared(Vec<StoredShare>, SnapshotWire),
    Unlisted,
}

impl Payload for StoredOperator {
    const KIND: BlockKind = BlockKind::Operator;
    type Wire = OperatorWire;

    fn to_wire(&self) -> OperatorWire {
        let spelled = |subtask: &StoredSubtask| match subtask {
            StoredSubtask::Finished => SubtaskWire::Finished,
            StoredSubtask::Unlisted => SubtaskWire::Unlisted,
            StoredSubtask::Inline(snapshot) => SubtaskWire::Inline(snapshot.to_wire()),
            StoredSubtask::File(reference) => SubtaskWire::File(reference.clone()),
            StoredSubtask::Shared(files, rest) => {
                SubtaskWire::Shared(files.clone(), rest.to_wire())
            }
        };
        let coordinator = self.coordinator.as_ref().map(|state| state.to_wire());
        let coordinator = coordinator.map(SubtaskWire::Coordinator);
        OperatorWire {
            id: self.id,
            name: self.name.clone(),
            uid: self.uid.clone(),
            chain: self.chain,
            max_parallelism: self.max_parallelism,
            subtasks: self.subtasks.iter().map(spelled).chain(coordinator).collect(),
        }
    }

    fn from_wire(mut wire: OperatorWire) -> Result<Self, &'static str> {
        let is_coordinator = |last: &mut SubtaskWire| matches!(last, SubtaskWire::Coordinator(_));
        let last = wire.subtasks.pop_if(is_coordinator);
        let coordinator = if let Some(SubtaskWire::Coordinator(state)) = last {
            Some(Arc::new(OperatorSnapshot::from_wire(state)?))
        } else {
            None
        };
        let read = |subtask| match subtask {
            SubtaskWire::Finished => Ok(StoredSubtask::Finished),
            SubtaskWire::Unlisted => Ok(StoredSubtask::Unlisted),
            SubtaskWire::Inline(snapshot) => {
                OperatorSnapshot::from_wire(snapshot).map(Arc::new).map(StoredSubtask::Inline)
            }
            SubtaskWire::File(reference) if !reference.is_plain() => {
                Err("the name of a state file is not one that a writer gives")
            }
            SubtaskWire::File(reference) => Ok(StoredSubtask::File(reference)),
            SubtaskWire::Shared(files, rest) => read_shared(files, rest),
            SubtaskWire::Coordinator(_) => {
                Err("an operator has its coordinator after its subtasks")
            }
        };
        Ok(Self {
            id: wire.id,
            name: wire.name,
            uid: wire.uid,
            chain: wire.chain,
            max_parallelism: wire.max_parallelism,
            subtasks: wire.subtasks.into_iter().map(read).collect::<Result<_, _>>()?,
            coordinator,
        })
    }
}

/// Shared files hold all keyed entries, each file those of key groups of its own.
fn read_shared(files: Vec<StoredShare>, rest: SnapshotWire) -> Result<StoredSubtask, &'static str> {
    let rest = OperatorSnapshot::from_wire(rest)?;
    if files.is_empty() {
        return Err("a state that is in shared files has none");
    }
    if rest.keyed.values().any(|state| !state.entries.is_empty()) {
        return Err("a keyed state that is in shared files is elsewhere, too");
    }
    let is_backwards = |file: &StoredShare| file.file.groups.0 > file.file.groups.1;
    if files.iter().any(is_backwards) {
        return Err("the key groups of a shared file end before they begin");
    }
    let overlap = |pair: &[StoredShare]| pair[0].file.groups.1 >= pair[1].file.groups.0;
    if files.windows(2).any(overlap) {
        return Err("the shared files of a state hold the same key groups or are out of order");
    }
    Ok(StoredSubtask::Shared(files, Arc::new(rest)))
}
