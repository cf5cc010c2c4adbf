use super::super::codec::tests::sample;
use super::*;
use crate::job::Origin;
use proptest::prelude::*;

fn id(job: u64, number: u32) -> TransactionId {
    TransactionId { job, subtask: 0, attempt: 0, number }
}

fn row(number: i64) -> Row {
    Row { value: Value::Int(number), origin: Origin::default(), job: 1 }
}

fn rows(numbers: Range<i64>) -> Vec<Row> {
    numbers.map(row).collect()
}

fn prepare(sink: &mut ExternalSystem, id: TransactionId, rows: Vec<Row>) {
    sink.prepared.insert(id, (CheckpointId::new(1), rows));
}

fn commit(sink: &mut ExternalSystem, id: TransactionId) {
    let (checkpoint, rows) = sink.prepared.remove(&id).unwrap();
    sink.done.insert(id, (checkpoint, u64::try_from(rows.len()).unwrap()));
    sink.places.insert(id, sink.committed.len());
    Arc::make_mut(&mut sink.committed).extend(rows);
}

fn append(sink: &mut ExternalSystem, rows: Vec<Row>) {
    Arc::make_mut(&mut sink.committed).extend(rows);
}

/// A run: what it knows of a sink, and what it has written of it.
struct Run {
    sink: ExternalSystem,
    written: Written,
}

impl Run {
    fn from(sink: &ExternalSystem) -> Self {
        Self { sink: sink.clone(), written: Written::of(sink) }
    }

    fn write(&mut self, number: u64, run: u64) -> Segment {
        let changes = vec![self.written.change_to(&self.sink)];
        self.written = Written::of(&self.sink);
        let head = SegmentHead { id: SegmentId { number, run }, parents: BTreeSet::new() };
        let segment = Segment { head, changes };
        assert_eq!(Segment::decode(&segment.encode()).unwrap(), segment);
        segment
    }
}

fn put_together(segments: impl IntoIterator<Item = Segment>) -> ExternalSystem {
    let mut ledger = Ledger::default();
    segments.into_iter().for_each(|segment| ledger.add(segment));
    let mut sinks = ledger.into_sinks();
    let sink = sinks.next().unwrap();
    assert!(sinks.next().is_none());
    sink
}

/// What one run does to a sink between two writes.
#[derive(Clone, Debug)]
enum Deed {
    Append(i64),
    Upsert(i64, i64),
    Prepare(Vec<i64>),
    Commit,
    Abort,
    Write,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        (0..3_i64).prop_map(Deed::Append),
        (0..3_i64, 0..9_i64).prop_map(|(key, value)| Deed::Upsert(key, value)),
        proptest::collection::vec(0..3_i64, 0..4).prop_map(Deed::Prepare),
        Just(Deed::Commit),
        Just(Deed::Abort),
        Just(Deed::Write),
    ]
}

proptest! {
    #[test]
    fn what_one_run_writes_bit_by_bit_is_what_it_knows(deeds in proptest::collection::vec(deed(), 0..40)) {
        let mut run = Run::from(&ExternalSystem { name: "out".into(), ..ExternalSystem::default() });
        let mut segments = Vec::new();
        for (deed, number) in deeds.into_iter().chain([Deed::Write]).zip(0..) {
            let sink = &mut run.sink;
            let oldest = sink.prepared.keys().next().copied();
            match (deed, oldest) {
                (Deed::Append(value), _) => append(sink, vec![row(value)]),
                (Deed::Upsert(key, value), _) => drop(sink.table.insert(Value::Int(key), row(value))),
                (Deed::Prepare(values), _) => {
                    prepare(sink, id(1, number), values.into_iter().map(row).collect());
                }
                (Deed::Commit, Some(oldest)) => commit(sink, oldest),
                (Deed::Abort, Some(oldest)) => drop(sink.prepared.remove(&oldest)),
                (Deed::Commit | Deed::Abort, None) => {}
                (Deed::Write, _) => segments.push(run.write(number.into(), 7)),
            }
        }
        run.sink.places.clear();
        prop_assert_eq!(put_together(segments), run.sink);
    }

    #[test]
    fn any_byte_that_is_other_missing_or_extra_is_noticed(place in 0..10_000_usize, bit in 0..8_u8) {
        let bytes = Segment::base(&sample(0).sinks).encode();
        let place = place % bytes.len();
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << bit;
        prop_assert!(Segment::decode(&damaged).is_err());
        prop_assert!(Segment::decode(&bytes[..place]).is_err());
        damaged.clone_from(&bytes);
        damaged.push(bit);
        prop_assert!(Segment::decode(&damaged).is_err());
    }
}

#[test]
fn a_transaction_that_two_runs_commit_counts_once_and_their_own_rows_each() {
    let mut first = Run::from(&ExternalSystem { name: "out".into(), ..ExternalSystem::default() });
    append(&mut first.sink, rows(0..3));
    for number in 1..=3 {
        prepare(
            &mut first.sink,
            id(1, number),
            rows(10 * i64::from(number)..12 * i64::from(number)),
        );
    }
    let begin = first.write(1, 1);
    let (mut one, mut other) = (Run::from(&first.sink), Run::from(&first.sink));
    commit(&mut one.sink, id(1, 1));
    append(&mut one.sink, rows(100..102));
    one.sink.prepared.remove(&id(1, 2));
    append(&mut other.sink, rows(200..201));
    commit(&mut other.sink, id(1, 1));
    commit(&mut other.sink, id(1, 2));
    let segments = [begin, one.write(2, 1), other.write(2, 2)];
    let all = put_together(segments.clone());
    let expected = [0..3, 10..12, 100..102, 200..201, 20..24];
    assert_eq!(*all.committed, expected.into_iter().flat_map(rows).collect::<Vec<_>>());
    assert_eq!(all.done.len(), 2);
    assert_eq!(all.prepared.keys().copied().collect::<Vec<_>>(), [id(1, 3)]);
    // A third that comes too late adds nothing, nor does one that does the same as another.
    let mut twin = Run::from(&first.sink);
    commit(&mut twin.sink, id(1, 1));
    let mut late = Run::from(&first.sink);
    commit(&mut late.sink, id(1, 2));
    let again = put_together(segments.into_iter().chain([late.write(3, 3), twin.write(4, 4)]));
    assert_eq!(again, all);
}

#[test]
fn one_id_that_two_runs_gave_to_different_rows_loses_none_of_them() {
    let empty = ExternalSystem { name: "out".into(), ..ExternalSystem::default() };
    let (mut one, mut other) = (Run::from(&empty), Run::from(&empty));
    prepare(&mut one.sink, id(1, 1), rows(0..3));
    prepare(&mut other.sink, id(1, 1), rows(5..7));
    let mut segments = vec![one.write(1, 1), other.write(1, 2)];
    commit(&mut one.sink, id(1, 1));
    commit(&mut other.sink, id(1, 1));
    segments.extend([one.write(2, 1), other.write(2, 2)]);
    let all = put_together(segments);
    assert_eq!(*all.committed, [rows(0..3), rows(5..7)].concat());
    assert!(all.prepared.is_empty());
}

#[test]
fn names_are_those_of_segments_and_no_others() {
    for (number, run) in [(0, 0), (7, u64::MAX), (123_456_789_012, 1)] {
        let id = SegmentId { number, run };
        assert_eq!(SegmentId::of_file_name(&id.file_name()), Some(id));
    }
    for other in
        ["", ".rows", "7-1.rows", "00000007-1.rows", "my.rows", "+0000007-0000000000000001.rows"]
    {
        assert_eq!(SegmentId::of_file_name(other), None, "{other}");
    }
    assert_eq!(Segment::base(&sample(0).sinks), Segment::base(&sample(0).sinks));
    assert_ne!(Segment::base(&sample(0).sinks).head, Segment::base(&[]).head);
}
