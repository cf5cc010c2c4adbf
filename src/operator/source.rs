//! The log source: reads its share of an input's partitions and remembers how far it got.
//!
//! Does not decide what the end of the log means; the task does.

use super::inputs::first_offset;
use super::{Context, InputLog, Operator, Poll};
use crate::job::{CheckpointId, InputId, Origin, Reader, StartingOffsets, Value};
use crate::kernel::SimTime;
use crate::state::{ListId, ListMode};
use crate::trace::SourcePosition;
use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

/// The list state in which a source remembers how far it got: sources that read the log themselves and readers of splits
/// share nothing (`SourceOperator`).
pub const fn source_positions(reader: Reader) -> &'static str {
    match reader {
        Reader::Fixed => "positions",
        Reader::Splits => "SourceReaderState",
    }
}

/// How far a partition of a log has been read, as state says it: by the name of the log (`KafkaTopicPartition`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// Which log.
    pub log: Arc<str>,
    /// Which partition of it.
    pub partition: u16,
    /// The next entry to read.
    pub next: u32,
}

impl Position {
    /// As an item of list state: `(log, partition, next entry)`.
    pub fn row(&self) -> Value {
        let numbers = [i64::from(self.partition), i64::from(self.next)].map(Value::Int);
        Value::row_of([Value::Text(Arc::clone(&self.log))].into_iter().chain(numbers))
    }

    /// As a story tells it: with the name of its log, unless that is the one that its source reads.
    pub fn told(&self, own: &str) -> String {
        let Self { log, partition, next } = self;
        match **log == *own {
            true => format!("({partition}, {next})"),
            false => format!("({log}, {partition}, {next})"),
        }
    }

    /// Back from list state; `None` for what another operator left under the same name.
    pub fn of_row(row: &Value) -> Option<Self> {
        let [Value::Text(log), partition, next] = row.as_row()? else { return None };
        let partition = u16::try_from(partition.as_int()?).ok()?;
        let next = u32::try_from(next.as_int()?).ok()?;
        Some(Self { log: Arc::clone(log), partition, next })
    }
}

/// Among the logs of a source, the one that it is to read.
const OWN: u16 = 0;

/// The next entry of a partition, by its log's place among those of the source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    log: u16,
    partition: u16,
    next: u32,
}

/// The next entry of a partition that has one. Ordered as they are read: what is there first, then by log and partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    due: SimTime,
    place: Place,
}

/// A log that a source has positions of.
#[derive(Clone)]
struct Known {
    name: Arc<str>,
    /// Which of the world's it is; none if the world has no such log, so that there is nothing to read.
    id: Option<InputId>,
}

/// Reads partitions of a log (kind `source`, function `log`), as `FlinkKafkaConsumerBase` does.
///
/// List state `positions` (split): a row `(log, partition, next entry)` per partition. From nothing, subtask s of p reads
/// the partitions whose number is s modulo p, from where it is told to start. Restored,
///
/// 1. it goes on at the positions that it was dealt, also in a log that is not its own any more; since 1.8 it drops those
///    (FLINK-10342).
/// 2. Of the partitions of its log that no subtask has a position of it reads its share from the beginning, wherever it is
///    told to start; until 1.3 nobody reads them (FLINK-4022). If some subtasks had finished, they may have read those
///    partitions, and nobody reads them again.
/// 3. A source that is told that it is restored, but is not in the snapshot, has no position at all, so that the second
///    holds for all partitions. One that is in the snapshot with no position reads nothing (recorded).
#[derive(Clone, Default)]
pub(super) struct LogSource {
    starting: StartingOffsets,
    positions: Option<ListId>,
    /// The logs that it has positions of: first its own.
    logs: Vec<Known>,
    /// Partitions that still have entries, once the first poll has looked.
    heads: BinaryHeap<Reverse<Head>>,
    /// The others: all of them before the first poll, then those that are at their end.
    resting: Vec<Place>,
    polled: bool,
}

impl LogSource {
    /// One that begins there where it has no position and is not restored.
    pub(super) fn starting(starting: StartingOffsets) -> Self {
        Self { starting, ..Self::default() }
    }

    /// Starts with the partitions that were restored, and none if nothing was.
    pub(super) fn initialize_restored(&mut self, reader: Reader, context: &mut dyn Context) {
        let id = context.input().map(InputLog::id);
        let name = id.and_then(|id| context.input()?.name_of(id)).unwrap_or_default().into();
        self.logs = vec![Known { name, id }];
        let positions = context.list_state(source_positions(reader), ListMode::Split);
        self.positions = Some(positions);
        let known = context.list(positions).iter().filter_map(Position::of_row);
        let known: Vec<Position> = known.collect();
        for position in known {
            let log = self.log_named(&position.log, context);
            self.resting.push(Place { log, partition: position.partition, next: position.next });
        }
    }

    /// The place of a log among those of this source.
    fn log_named(&mut self, name: &Arc<str>, context: &dyn Context) -> u16 {
        let known = self.logs.iter().position(|log| log.name == *name);
        let place = known.unwrap_or_else(|| {
            let id = context.input().and_then(|input| input.named(name));
            self.logs.push(Known { name: Arc::clone(name), id });
            self.logs.len() - 1
        });
        u16::try_from(place).expect("a world has fewer than 65,536 logs")
    }

    /// Reads one more partition from an entry on.
    pub(super) fn take(&mut self, split: SourcePosition) {
        let known = self.logs.iter().position(|log| log.id == Some(split.input));
        let log = known.expect("who takes a split knows its log");
        let log = u16::try_from(log).expect("a world has fewer than 65,536 logs");
        self.resting.push(Place { log, partition: split.partition, next: split.next });
        self.polled = false;
    }

    /// Hears the name of a log, of which it is about to be given a split.
    pub(super) fn know(&mut self, input: InputId, context: &dyn Context) {
        if self.logs.iter().any(|log| log.id == Some(input)) {
            return;
        }
        let name = context.input().and_then(|own| own.name_of(input));
        let name = name.expect("a split is of a log of this world").into();
        self.logs.push(Known { name, id: Some(input) });
    }

    /// The share of this subtask of the partitions that nobody has a position of: from their beginning, or from their end, if
    /// whoever has finished may have read them.
    fn find_new_partitions(&mut self, context: &dyn Context) {
        let Some(all) = context.positions_of_all().filter(|_| context.new_partitions_found())
        else {
            return;
        };
        let known: BTreeSet<(Arc<str>, u16)> = all
            .rows
            .iter()
            .filter_map(Position::of_row)
            .map(|position| (position.log, position.partition))
            .collect();
        if known.is_empty() && !all.some_are_gone {
            return;
        }
        let own = Arc::clone(&self.logs[usize::from(OWN)].name);
        let new = fresh_share(context).filter(|new| !known.contains(&(Arc::clone(&own), *new)));
        let log = context.input().filter(|_| all.some_are_gone);
        let next = |partition| log.map_or(0, |log| end_of(log, partition));
        self.resting.extend(new.map(|partition| Place {
            log: OWN,
            partition,
            next: next(partition),
        }));
    }

    /// The share of this subtask of all partitions.
    fn begin(&mut self, starting: StartingOffsets, context: &dyn Context) {
        let next = |partition| match context.input() {
            Some(input) => first_offset(starting, input, partition, context.now()),
            None => 0,
        };
        let place = |partition| Place { log: OWN, partition, next: next(partition) };
        self.resting = fresh_share(context).map(place).collect();
    }

    /// Looks at what the logs have in each partition.
    #[cold]
    fn open_partitions(&mut self, own: &dyn InputLog) {
        self.polled = true;
        let claimed = std::mem::take(&mut self.resting);
        for place in claimed {
            let log = self.log(place, own);
            match log.filter(|log| log.entry(place.partition, place.next).is_some()) {
                Some(log) => {
                    let due = log.available(place.partition, place.next);
                    self.heads.push(Reverse(Head { due, place }));
                }
                None => self.resting.push(place),
            }
        }
    }

    /// The log of a partition, if there is one in this world.
    #[inline]
    fn log<'l>(&self, place: Place, own: &'l dyn InputLog) -> Option<&'l dyn InputLog> {
        match place.log {
            OWN => Some(own),
            other => own.beside(self.logs[usize::from(other)].id?),
        }
    }

    /// Where each partition stands, by log and partition.
    fn all_places(&self) -> Vec<Place> {
        let heads = self.heads.iter().map(|Reverse(head)| head.place);
        let mut places: Vec<Place> = heads.chain(self.resting.iter().copied()).collect();
        places.sort_unstable();
        places
    }
}

/// Behind the last entry that a partition has.
fn end_of(log: &dyn InputLog, partition: u16) -> u32 {
    let is_there = |offset: &u32| log.entry(partition, *offset).is_some();
    (0..u32::MAX).find(|offset| !is_there(offset)).unwrap_or(u32::MAX)
}

impl Operator for LogSource {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.initialize_restored(Reader::Fixed, context);
        if context.is_own_entry_restored() {
            if context.unsubscribed_positions_dropped() {
                self.resting.retain(|place| place.log == OWN);
            }
            self.find_new_partitions(context);
        } else if context.restored_from().is_none() {
            self.begin(self.starting, context);
        } else if context.new_partitions_found() {
            self.begin(StartingOffsets::Earliest, context);
        }
    }

    fn process(&mut self, _input: u8, value: Value, _context: &mut dyn Context) {
        panic!("a source has no input, but was given `{value}`");
    }

    fn poll(&mut self, own: &dyn InputLog, context: &mut dyn Context) -> Poll {
        if !self.polled {
            self.open_partitions(own);
        }
        let Some(Reverse(Head { due, place })) = self.heads.peek().copied() else {
            return Poll::Ended;
        };
        if due > context.now() {
            return Poll::Later(due);
        }
        let log = self.log(place, own).expect("a partition with entries has a log");
        let Place { partition, next, .. } = place;
        let value = log.entry(partition, next).expect("the log does not shrink").clone();
        let following = next.checked_add(1).expect("a partition has fewer than 2^32 entries");
        let place = Place { next: following, ..place };
        let top = self.heads.peek_mut().expect("it was there a moment ago");
        if log.entry(partition, following).is_some() {
            let due = log.available(partition, following);
            *{ top } = Reverse(Head { due, place });
        } else {
            PeekMut::pop(top);
            self.resting.push(place);
        }
        let input = u16::try_from(log.id().number()).expect("input ids are 16 bits wide");
        Poll::Record(value, Origin { input, partition, offset: next, child: 0 })
    }

    fn due(&self, _log: &dyn InputLog) -> Option<SimTime> {
        self.heads.peek().map(|Reverse(head)| head.due)
    }

    fn positions(&self, _context: &mut dyn Context) -> Vec<SourcePosition> {
        let position = |place: Place| {
            let input = self.logs[usize::from(place.log)].id?;
            Some(SourcePosition { input, partition: place.partition, next: place.next })
        };
        self.all_places().into_iter().filter_map(position).collect()
    }

    fn snapshot(&mut self, _checkpoint: CheckpointId, context: &mut dyn Context) {
        let positions = self.positions.expect("`initialize` declared the positions");
        let position = |place: Place| Position {
            log: Arc::clone(&self.logs[usize::from(place.log)].name),
            partition: place.partition,
            next: place.next,
        };
        let rows = self.all_places().into_iter().map(|place| position(place).row());
        *context.list(positions) = rows.collect();
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// The partitions of a subtask that starts from nothing.
fn fresh_share(context: &dyn Context) -> impl Iterator<Item = u16> + use<> {
    let (subtask, parallelism) = (context.subtask(), context.parallelism());
    (0..context.partitions())
        .filter(move |partition| u32::from(*partition) % parallelism == subtask)
}
