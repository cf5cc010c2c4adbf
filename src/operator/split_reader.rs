//! A source reader (FLIP-27): reads the partitions that the split enumerator gives it, one at a time.
//!
//! Does not know which partitions there are; the enumerator lives in the job manager.

use super::source::LogSource;
use super::{Context, InputLog, Operator, Poll};
use crate::job::{CheckpointId, Reader, Value};
use crate::kernel::SimTime;
use crate::trace::SourcePosition;

/// After how long a reader asks again: its request, or the answer, may have been lost.
const ASK_AGAIN: SimTime = SimTime::from_millis(500);

/// Reads the splits it is given (kind `source`, function `splits`); a split is a partition from some entry on.
///
/// List state `SourceReaderState` (split), kept as the log source keeps its positions: a row `(log, partition, next entry)` per
/// split it was ever given. Restored, it goes on with those in its list, of whatever log they are (FLINK-34089), and asks for
/// more when it has read them.
#[derive(Clone, Default)]
pub(super) struct SplitReader {
    log: LogSource,
    asked: Option<SimTime>,
    /// Whether the enumerator said that there are no more.
    has_all: bool,
}

impl Operator for SplitReader {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.log.initialize_restored(Reader::Splits, context);
    }

    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        self.log.process(input, value, context);
    }

    fn poll(&mut self, log: &dyn InputLog, context: &mut dyn Context) -> Poll {
        let poll = self.log.poll(log, context);
        if self.has_all || poll != Poll::Ended {
            return poll;
        }
        let now = context.now();
        let again = self.asked.map_or(now, |asked| asked.plus(ASK_AGAIN));
        if again > now {
            return Poll::Later(again);
        }
        self.asked = Some(now);
        context.ask_for_split();
        Poll::Later(now.plus(ASK_AGAIN))
    }

    fn due(&self, log: &dyn InputLog) -> Option<SimTime> {
        self.log.due(log)
    }

    fn positions(&self, context: &mut dyn Context) -> Vec<SourcePosition> {
        self.log.positions(context)
    }

    fn take_split(&mut self, split: Option<SourcePosition>, context: &mut dyn Context) {
        self.asked = None;
        match split {
            Some(split) => {
                self.log.know(split.input, context);
                self.log.take(split);
            }
            None => self.has_all = true,
        }
    }

    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        self.log.snapshot(checkpoint, context);
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
