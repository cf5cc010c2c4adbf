use super::super::block::MAGIC;
use super::*;
use crate::effect::Row;
use crate::job::{CheckpointKind, FileId, Origin, SharedFile, TransactionId, Value};
use crate::kernel::SimTime;
use crate::rules::{MetadataVersion, StateHandles};
use crate::state::ChainPlace;
use crate::state::{KeyedEntry, KeyedSnapshot, ListMode, ListSnapshot};
use crate::store::InputIdentity;

const INLINE_BELOW: usize = 20 * 1024;

fn encode(savepoint: &Savepoint) -> SavepointFiles {
    encode_inline_below(savepoint, INLINE_BELOW)
}

fn entry(group: u16, key: &str, count: i64) -> KeyedEntry {
    let value = Value::row([Value::Int(count), Value::row([Value::Bool(true)]), Value::row([])]);
    KeyedEntry { group, key: Value::text(key), value }
}

fn keyed(entries: Vec<KeyedEntry>) -> OperatorSnapshot {
    let keyed = BTreeMap::from([(
        Arc::from("count"),
        KeyedSnapshot { entries, ..KeyedSnapshot::default() },
    )]);
    OperatorSnapshot { keyed, ..OperatorSnapshot::default() }
}

fn listed(items: Vec<Value>) -> OperatorSnapshot {
    let list = ListSnapshot { mode: ListMode::Split, items, ..ListSnapshot::default() };
    let lists = BTreeMap::from([(Arc::from("offsets"), list)]);
    OperatorSnapshot { lists, ..OperatorSnapshot::default() }
}

fn sink() -> ExternalSystem {
    let transaction = TransactionId { job: 9, subtask: 1, attempt: 2, number: 3 };
    let row = |value| Row { value, origin: Origin { offset: 7, ..Origin::default() }, job: 9 };
    let bytes = Value::Bytes(Arc::from([0, 255]));
    ExternalSystem {
        name: "out/of the way".into(),
        committed: vec![row(Value::Int(-5)), row(bytes)].into(),
        table: BTreeMap::from([(Value::text("k"), row(Value::Int(1)))]),
        open: BTreeMap::new(),
        prepared: BTreeMap::from([(transaction, (CheckpointId::new(4), vec![row(Value::Int(2))]))]),
        done: BTreeMap::from([(transaction, (CheckpointId::new(3), 11))]),
        places: BTreeMap::new(),
    }
}

/// A savepoint with every kind of thing in it; `size` scales the keyed state.
pub(in crate::store) fn sample(size: i64) -> Savepoint {
    let id = CheckpointId::new(4);
    let properties = Properties {
        id,
        kind: CheckpointKind::Savepoint,
        job: JobId([0xae; 16]),
        job_name: "count".into(),
        triggered: SimTime::from_millis(1500),
        format: crate::job::SnapshotFormat::Canonical,
        metadata: MetadataVersion::V6,
        handles: StateHandles::Of1_15,
    };
    let snapshot = |state| SubtaskState::Snapshot(Arc::new(state));
    let operator = |number, name: &str, subtasks| OperatorState {
        coordinator: None,
        id: OperatorId([number; 16]),
        name: name.into(),
        uid: (number == 1).then(|| format!("{name}-id")),
        chain: (number == 3).then_some(ChainPlace {
            head: OperatorId([2; 16]),
            place: 0,
            length: 2,
        }),
        max_parallelism: 128,
        subtasks,
    };
    let entries = (0..size).map(|key| entry(3, &format!("key {key:09}"), key)).collect();
    let operators = vec![
        operator(1, "lines", vec![snapshot(listed(vec![Value::Int(7)])), SubtaskState::Finished]),
        operator(2, "counts", vec![snapshot(keyed(entries)), snapshot(keyed(vec![]))]),
        operator(3, "out", vec![snapshot(OperatorSnapshot::default())]),
    ];
    let input = InputIdentity { name: "book".into(), partition: 1, next: 7, hash: u64::MAX };
    Savepoint {
        checkpoint: CompletedCheckpoint::from_durable(properties, operators),
        inputs: vec![input],
        clock: SimTime::from_millis(1600),
        sinks: vec![sink()],
    }
}

fn read_back(files: &SavepointFiles) -> Result<Savepoint, CodecError> {
    decode(&files.metadata)?.resolve(|reference| {
        let bytes = &files.states[reference.name()];
        reference.check(bytes)?;
        decode_state(bytes)
    })
}

#[test]
fn what_is_written_is_read_back_inline_and_from_files() {
    for size in [0, 3, 2000] {
        for threshold in [0, 100, INLINE_BELOW, usize::MAX] {
            let files = encode_inline_below(&sample(size), threshold);
            assert_eq!(read_back(&files).unwrap(), sample(size));
        }
    }
}

#[test]
fn only_large_snapshots_get_a_file_of_their_own() {
    assert_eq!(encode(&sample(3)).states.len(), 0);
    assert_eq!(encode(&sample(2000)).states.len(), 1);
    // The empty snapshot of `out` never does, as in a savepoint of Flink with threshold 0.
    assert_eq!(encode_inline_below(&sample(3), 0).states.len(), 3);
}

#[test]
fn state_files_are_named_after_content_and_folders_after_job_and_id() {
    let files = encode_inline_below(&sample(3), 0);
    assert_eq!(files, encode_inline_below(&sample(3), 0));
    let other = encode_inline_below(&sample(4), 0);
    let shared = files.states.keys().filter(|name| other.states.contains_key(*name)).count();
    assert_eq!(shared, 2, "the files of unchanged snapshots keep their names");
    for name in files.states.keys() {
        assert_eq!((name.len(), &name[14..15]), (36, "4"), "{name}");
    }
    let name = files.folder_name(0);
    assert!(name.starts_with("savepoint-aeaeae-") && name.len() == 29, "{name}");
    assert_ne!(name, files.folder_name(1));
    assert_eq!(name, other.folder_name(0));
}

#[test]
fn keyed_entries_are_sorted_in_files() {
    let mixed = vec![entry(9, "b", 1), entry(2, "z", 2), entry(2, "a", 3)];
    let mut sorted = mixed.clone();
    sorted.sort();
    let bytes = encode_state(&keyed(mixed), 0).unwrap();
    assert_eq!(bytes, encode_state(&keyed(sorted.clone()), 0).unwrap());
    assert_eq!(decode_state(&bytes).unwrap(), keyed(sorted));
}

#[test]
fn open_transactions_are_left_out() {
    let mut with_open = sink();
    let transaction = TransactionId { job: 1, subtask: 0, attempt: 0, number: 0 };
    with_open.open.insert(transaction, Vec::new());
    assert_eq!(decode_sink(&encode_sink(&with_open)).unwrap(), sink());
}

#[test]
fn every_flipped_bit_is_an_error() {
    let files = encode_inline_below(&sample(2), 40);
    let (_, state) = files.states.first_key_value().unwrap();
    let is_sound = |bytes: &[u8], is_state| match is_state {
        true => decode_state(bytes).is_ok(),
        false => decode(bytes).is_ok(),
    };
    for (bytes, is_state) in [(&files.metadata, false), (state, true)] {
        assert!(is_sound(bytes, is_state));
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_sound(&damaged, is_state), "bit {bit} was flipped unnoticed");
        }
    }
}

#[test]
fn every_truncation_is_told_as_one() {
    let bytes = encode(&sample(2)).metadata;
    for length in 0..bytes.len() {
        let error = decode(&bytes[..length]).unwrap_err();
        assert!(error.to_string().contains("truncated"), "at {length}: {error}");
    }
}

#[test]
fn bytes_after_the_end_are_an_error() {
    let mut bytes = encode(&sample(2)).metadata;
    let length = length_of(&bytes);
    bytes.extend([0, 0]);
    let error = decode(&bytes).unwrap_err();
    assert_eq!(error, CodecError { offset: length, cause: DamageCause::Extra { bytes: 2 } });
}

#[test]
fn a_state_file_of_another_savepoint_is_an_error() {
    let (mine, other) = (encode(&sample(2000)), encode(&sample(2001)));
    let metadata = decode(&mine.metadata).unwrap();
    let reference = metadata.references().next().unwrap();
    let mut bytes = other.states.first_key_value().unwrap().1.clone();
    assert!(reference.check(&bytes).unwrap_err().to_string().contains("extra bytes"));
    bytes.truncate(mine.states[reference.name()].len());
    assert!(reference.check(&bytes).unwrap_err().to_string().contains("checksum"));
}

/// A state block with a right checksum around any content.
fn forged(payload: &[u8]) -> CodecError {
    let mut writer = BlockWriter::new();
    writer.put(BlockKind::State, payload);
    decode_state(&writer.finish()).unwrap_err()
}

#[test]
fn rows_nested_without_end_do_not_exhaust_the_stack() {
    let nested = [4, 1].repeat(1_000_000);
    let mut payload = vec![0, 1, 1, b'x', 0];
    payload.extend(wire::spell(&1_000_000_u32));
    payload.extend(nested);
    payload.extend([0, 0, 0]);
    assert!(forged(&payload).to_string().contains("nested too deep"), "{}", forged(&payload));
}

#[test]
fn an_immense_length_reserves_nothing() {
    let payload = [0, 1, 1, b'x', 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    assert!(forged(&payload).to_string().contains("malformed"));
}

#[test]
fn a_second_spelling_of_the_same_content_is_refused() {
    let mut unsorted = wire::spell(&wire::Payload::to_wire(&keyed(vec![entry(1, "a", 0)])));
    // The group 1, written as the two bytes of an overlong varint.
    let place = unsorted.windows(2).position(|pair| pair == [1, 1]).unwrap();
    assert_eq!(unsorted.remove(place + 1), 1);
    unsorted.splice(place + 1..place + 1, [0x81, 0]);
    assert!(forged(&unsorted).to_string().contains("malformed"), "{}", forged(&unsorted));
    let mut longer = wire::spell(&wire::Payload::to_wire(&OperatorSnapshot::default()));
    longer.push(0);
    assert!(forged(&longer).to_string().contains("1 bytes are left over"));
}

#[test]
fn the_state_of_a_coordinator_is_read_back() {
    let mut savepoint = sample(2);
    let checkpoint = &savepoint.checkpoint;
    let mut operators = checkpoint.operators().to_vec();
    operators[0].coordinator = Some(Arc::new(listed(vec![Value::Int(7)])));
    let properties = checkpoint.properties().clone();
    savepoint.checkpoint = CompletedCheckpoint::from_durable(properties, operators);
    let files = encode_inline_below(&savepoint, usize::MAX);
    let read = decode(&files.metadata).unwrap();
    let read = read.resolve(|_| Err("all states are inline")).unwrap();
    assert_eq!(read.checkpoint, savepoint.checkpoint);
}

/// Reads metadata with one operator, whose only subtask has its keyed state in these files and `rest` beside them.
fn read_shared(groups: &[(u16, u16)], rest: OperatorSnapshot) -> Result<Metadata, CodecError> {
    let savepoint = sample(0);
    let share = |(groups, number): (&(u16, u16), u32)| wire::StoredShare {
        file: SharedFile { id: FileId::of(number.into()), groups: *groups, number, content: 0 },
        seal: wire::Seal { length: 0, checksum: 0 },
    };
    let files = groups.iter().zip(0..).map(share).collect();
    let operator = StoredOperator {
        id: OperatorId([2; 16]),
        name: "counts".to_owned(),
        uid: None,
        chain: None,
        max_parallelism: 128,
        subtasks: vec![StoredSubtask::Shared(files, Arc::new(rest))],
        coordinator: None,
    };
    let mut writer = BlockWriter::new();
    wire::put(&mut writer, savepoint.checkpoint.properties());
    wire::put(&mut writer, &Position { inputs: Vec::new(), clock: savepoint.clock });
    wire::put(&mut writer, &operator);
    decode(&writer.finish())
}

#[test]
fn each_shared_file_holds_key_groups_of_its_own() {
    let refused = |groups: &[(u16, u16)]| {
        read_shared(groups, keyed(vec![])).err().map(|error| error.cause.to_string())
    };
    assert_eq!(refused(&[(0, 3), (4, 4), (9, 12)]), None);
    for (groups, why) in [
        (&[][..], "has none"),
        (&[(4, 3)], "end before they begin"),
        (&[(0, 4), (4, 7)], "hold the same key groups"),
        (&[(0, 9), (4, 5)], "hold the same key groups"),
        (&[(4, 7), (0, 3)], "out of order"),
    ] {
        let said = refused(groups);
        assert!(said.as_ref().is_some_and(|said| said.contains(why)), "{groups:?}: {said:?}");
    }
}

#[test]
fn a_keyed_state_is_in_shared_files_or_inline_but_not_both() {
    let error = read_shared(&[(0, 9)], keyed(vec![entry(3, "a", 1)])).unwrap_err();
    assert!(error.to_string().contains("elsewhere, too"), "{error}");
}

#[test]
fn the_format_has_not_moved() {
    // Whoever changes these must raise FORMAT_VERSION: older files would be read as something else.
    let files = encode_inline_below(&sample(2), 0);
    let states = files.states.values().fold(0, |sum: u64, bytes| sum + length_of(bytes));
    let told = (files.metadata.len(), crc32fast::hash(&files.metadata), states);
    assert_eq!(told, (484, 2_702_054_374, 245));
}

#[test]
fn a_summary_tells_where_each_state_is() {
    let savepoint = sample(2000);
    let files = encode(&savepoint);
    let summary = decode(&files.metadata).unwrap().summarize(&savepoint);
    assert_eq!(summary.files.len(), 2);
    assert_eq!(summary.files["_metadata"], length_of(&files.metadata));
    assert_eq!(summary.sinks, ["out/of the way"]);
    let [lines, counts, out] = summary.operators.as_slice() else { panic!("three operators") };
    assert_eq!((lines.parallelism, lines.finished), (2, 1));
    assert_eq!((lines.states[0].entries, lines.states[0].file_bytes), (1, 0));
    assert_eq!((counts.states[0].name.as_str(), counts.states[0].entries), ("count", 2000));
    assert!(counts.states[0].file_bytes > 40_000 && counts.states[0].inline_bytes < 20);
    assert!(out.states.is_empty());
    assert!(serde_json::to_string(&summary).unwrap().contains(&"ae".repeat(16)));
}

#[cfg(feature = "proptest")]
mod arbitrary {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::Int),
            any::<bool>().prop_map(Value::Bool),
            any::<String>().prop_map(Value::text),
            prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Value::Bytes(bytes.into())),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let columns = prop::collection::vec(inner, 0..4);
            columns.prop_map(|columns| Value::try_row(columns).expect("it is small"))
        })
    }

    fn state_file(snapshot: &OperatorSnapshot) -> Vec<u8> {
        let mut writer = BlockWriter::new();
        wire::put(&mut writer, snapshot);
        writer.finish()
    }

    /// A snapshot as a file holds it: entries are sorted.
    fn snapshot() -> impl Strategy<Value = OperatorSnapshot> {
        let entry = (any::<u16>(), value(), value());
        let entry = entry.prop_map(|(group, key, value)| KeyedEntry { group, key, value });
        let keyed = prop::collection::btree_set(entry, 0..6).prop_map(|entries| KeyedSnapshot {
            entries: entries.into_iter().collect(),
            ..KeyedSnapshot::default()
        });
        let modes = [ListMode::Split, ListMode::Union, ListMode::Broadcast, ListMode::Whole];
        let list = (prop::sample::select(modes.to_vec()), prop::collection::vec(value(), 0..6));
        let list =
            list.prop_map(|(mode, items)| ListSnapshot { mode, items, ..ListSnapshot::default() });
        let name = || "[a-z]{0,6}".prop_map(Arc::from);
        let keyed = prop::collection::btree_map(name(), keyed, 0..3);
        let lists = prop::collection::btree_map(name(), list, 0..3);
        (keyed, lists).prop_map(|(keyed, lists)| OperatorSnapshot {
            keyed,
            lists,
            ..OperatorSnapshot::default()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_snapshot_comes_back_as_it_was(snapshot in snapshot()) {
            prop_assert_eq!(decode_state(&state_file(&snapshot)).unwrap(), snapshot);
        }

        #[test]
        fn any_damage_to_any_snapshot_is_refused(snapshot in snapshot(), place: prop::sample::Index, bit in 0..8_u8) {
            let bytes = state_file(&snapshot);
            let place = place.index(bytes.len());
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            prop_assert!(decode_state(&damaged).is_err());
            prop_assert!(decode_state(&bytes[..place]).is_err());
        }

        #[test]
        fn bytes_never_panic_a_reader(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(decode(&bytes).is_err());
            prop_assert!(decode_sink(&bytes).is_err());
            let mut with_magic = MAGIC.to_vec();
            with_magic.extend(&bytes);
            prop_assert!(decode(&with_magic).is_err());
        }

        #[test]
        fn payloads_never_panic_a_reader(payload in prop::collection::vec(0_u8..12, 0..200)) {
            for kind in [BlockKind::Properties, BlockKind::Operator, BlockKind::State, BlockKind::Sink] {
                let mut writer = BlockWriter::new();
                writer.put(kind, &payload);
                let bytes = writer.finish();
                let _ = decode(&bytes);
                let _ = decode_state(&bytes);
                let _ = decode_sink(&bytes);
            }
            let mut writer = BlockWriter::new();
            wire::put(&mut writer, sample(0).checkpoint.properties());
            writer.put(BlockKind::Position, &[0, 0]);
            writer.put(BlockKind::Operator, &payload);
            let _ = decode(&writer.finish());
        }
    }
}

#[test]
fn a_count_beyond_the_end_of_a_block_is_told_and_nothing_is_reserved_for_it() {
    // The most that a number of postcard can say: whoever reserved as much would end the process.
    let most = [&[0xff; 9][..], &[0x01]].concat();
    let container = |kind, before: &[u8]| {
        let mut writer = BlockWriter::new();
        writer.put(kind, &[before, &most].concat());
        writer.finish()
    };
    assert!(decode_state(&container(BlockKind::State, &[])).is_err());
    assert!(decode_state(&container(BlockKind::State, &[0])).is_err());
    assert!(decode_sink(&container(BlockKind::Sink, &[])).is_err());
    assert!(decode_sink(&container(BlockKind::Sink, &[1, b'a'])).is_err());
    assert!(decode(&container(BlockKind::Properties, &[])).is_err());
    assert!(decode(&container(BlockKind::Properties, &[1, 0])).is_err());
}
