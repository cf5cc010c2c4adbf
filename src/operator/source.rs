//! The log source: reads its share of an input's partitions and remembers how far it got.
//!
//! Does not decide what the end of the log means; the task does.

use super::{Context, InputLog, Operator, Poll};
use crate::job::{CheckpointId, Origin, Reader, Value};
use crate::kernel::SimTime;
use crate::state::{ListId, ListMode};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// The list state in which a source remembers how far it got: sources that read the log themselves and readers of splits
/// share nothing (`SourceOperator`).
pub const fn source_positions(reader: Reader) -> &'static str {
    match reader {
        Reader::Fixed => "positions",
        Reader::Splits => "SourceReaderState",
    }
}

/// The next entry of a partition that has one. Ordered as they are read: what is there first, then by partition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    due: SimTime,
    partition: u16,
    next: u32,
}

/// Reads partitions of a log (kind `source`, function `log`).
///
/// List state `positions` (split): a row `(partition, next entry)` per partition. Fresh, subtask s of p reads the
/// partitions whose number is s modulo p; restored, exactly those in its list. Partitions that an input has gained since
/// are read by nobody.
#[derive(Clone, Default)]
pub(super) struct LogSource {
    positions: Option<ListId>,
    /// Partitions that still have entries, once the first poll has looked.
    heads: BinaryHeap<Reverse<Head>>,
    /// The others: all of them before the first poll, then those that are at their end.
    resting: Vec<(u16, u32)>,
    polled: bool,
}

impl LogSource {
    /// Starts with the partitions that were restored, and none if nothing was.
    pub(super) fn initialize_restored(&mut self, reader: Reader, context: &mut dyn Context) {
        let positions = context.list_state(source_positions(reader), ListMode::Split);
        self.positions = Some(positions);
        self.resting = context.list(positions).iter().filter_map(position_from_row).collect();
    }

    /// Reads one more partition from an entry on.
    pub(super) fn take(&mut self, split: (u16, u32)) {
        self.resting.push(split);
        self.polled = false;
    }

    /// Looks at what the log has in each partition.
    #[cold]
    fn open_partitions(&mut self, log: &dyn InputLog) {
        self.polled = true;
        let claimed = std::mem::take(&mut self.resting);
        for (partition, next) in claimed {
            if log.entry(partition, next).is_some() {
                let due = log.available(partition, next);
                self.heads.push(Reverse(Head { due, partition, next }));
            } else {
                self.resting.push((partition, next));
            }
        }
    }

    /// Where each partition stands, by partition.
    fn all_positions(&self) -> Vec<(u16, u32)> {
        let heads = self.heads.iter().map(|Reverse(head)| (head.partition, head.next));
        let mut positions: Vec<_> = heads.chain(self.resting.iter().copied()).collect();
        positions.sort_unstable();
        positions
    }
}

impl Operator for LogSource {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.initialize_restored(Reader::Fixed, context);
        if !context.is_own_entry_restored() {
            self.resting = fresh_share(context).map(|partition| (partition, 0)).collect();
        }
    }

    fn process(&mut self, _input: u8, value: Value, _context: &mut dyn Context) {
        panic!("a source has no input, but was given `{value}`");
    }

    fn poll(&mut self, log: &dyn InputLog, context: &mut dyn Context) -> Poll {
        if !self.polled {
            self.open_partitions(log);
        }
        let Some(mut top) = self.heads.peek_mut() else { return Poll::Ended };
        let Reverse(Head { due, partition, next }) = *top;
        if due > context.now() {
            return Poll::Later(due);
        }
        let value = log.entry(partition, next).expect("the log does not shrink").clone();
        let following = next.checked_add(1).expect("a partition has fewer than 2^32 entries");
        if log.entry(partition, following).is_some() {
            let due = log.available(partition, following);
            *top = Reverse(Head { due, partition, next: following });
        } else {
            PeekMut::pop(top);
            self.resting.push((partition, following));
        }
        let input = u16::try_from(log.id().number()).expect("input ids are 16 bits wide");
        Poll::Record(value, Origin { input, partition, offset: next, child: 0 })
    }

    fn due(&self, _log: &dyn InputLog) -> Option<SimTime> {
        self.heads.peek().map(|Reverse(head)| head.due)
    }

    fn positions(&self, _context: &mut dyn Context) -> Vec<(u16, u32)> {
        self.all_positions()
    }

    fn snapshot(&mut self, _checkpoint: CheckpointId, context: &mut dyn Context) {
        let positions = self.positions.expect("`initialize` declared the positions");
        *context.list(positions) = self.all_positions().into_iter().map(row_of_position).collect();
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

fn row_of_position((partition, next): (u16, u32)) -> Value {
    Value::row([Value::Int(partition.into()), Value::Int(next.into())])
}

/// Partition and next entry, back from list state; `None` for what another operator left under the same name.
pub fn position_from_row(row: &Value) -> Option<(u16, u32)> {
    let [partition, next] = row.as_row()? else { return None };
    Some((u16::try_from(partition.as_int()?).ok()?, u32::try_from(next.as_int()?).ok()?))
}
