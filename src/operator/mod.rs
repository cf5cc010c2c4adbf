//! The operator trait, the context it lives in, and the catalogue of built-in operators, sources and sinks.
//!
//! An operator sees records, keys and barriers; it never sees channels, other subtasks or the clock of the machine.

use crate::effect::{ExternalRequest, PositionsOfAll};
use crate::job::{CheckpointId, EventTime, InputId, Origin, Registration, StateType, Value};
use crate::kernel::SimTime;
use crate::rules::CommitWhen;
use crate::state::{BroadcastId, CommitPermit, KeyedId, ListId, ListMode, Timer, TimerKind};
use crate::trace::SourcePosition;
use std::collections::BTreeMap;

mod aggregate;
mod built_in;
mod catalogue;
mod committer;
mod delay;
mod growth;
mod inputs;
mod lists;
mod log;
mod sink;
mod source;
mod split_reader;
mod standalone;
mod stateful;
mod surroundings;
mod transactions;
mod transform;
mod two_input;
mod two_phase;
mod window;

pub use catalogue::{
    Catalogue, Definition, Emits, Entry, Equality, Fold, OnPanic, Rows, Since, Writes,
    panic_message,
};
pub use growth::Growth;
pub use inputs::{Inputs, Reading, first_offset, log_of};
pub use log::Log;
pub use source::{Position, source_positions};
pub use standalone::Standalone;
pub(crate) use surroundings::{Outside, Remembers, Subtask, Surroundings};
pub(crate) use window::windows_held;

/// What an operator can see and do. `Surroundings` is the one implementation; where it leads to
/// is a matter of who calls.
pub trait Context {
    /// Declares a keyed state; in [`Operator::initialize`] only. Panics if the operator is not keyed.
    fn keyed_state(&mut self, name: &str) -> KeyedId;
    /// Declares a list state that is dealt out (`Split`) or given whole to everybody (`Union`); in `initialize` only.
    fn list_state(&mut self, name: &str, mode: ListMode) -> ListId;
    /// Declares a keyed state of this kind and type; in `initialize` only. What was restored under its name must agree, or the
    /// task fails.
    fn register_keyed(&mut self, name: &str, registered: Registration) -> KeyedId;
    /// Declares a list state of items of this type; in `initialize` only. What was restored under its name must agree in type
    /// and mode, or the task fails.
    fn register_list(&mut self, name: &str, mode: ListMode, items: StateType) -> ListId;
    /// Declares a broadcast state; in `initialize` only.
    fn broadcast_state(&mut self, name: &str) -> BroadcastId;
    /// The checkpoint this task was restored from. A property of the task: a new operator in a restored chain is told
    /// so, too, and finds its state empty (`StateAssignmentOperation`).
    fn restored_from(&self) -> Option<CheckpointId>;
    /// Whether that checkpoint has an entry of this very operator: what Flink tells the split enumerator of a source
    /// (FLIP-27), and nobody else.
    fn is_own_entry_restored(&self) -> bool;

    /// This subtask's index, from 0.
    fn subtask(&self) -> u32;
    /// How many subtasks the operator has.
    fn parallelism(&self) -> u32;
    /// The execution attempt, from 0.
    fn attempt(&self) -> u32;
    /// The first eight bytes of the job id of this run.
    fn job(&self) -> u64;
    /// When a two-phase sink commits, by the rules in force.
    fn commit_when(&self) -> CommitWhen;
    /// Whether a writer emits what it has left at the end of its data, by the rules in force.
    fn final_committables_sent(&self) -> bool;
    /// Whether a restored two-phase sink commits what its snapshot covers, by the rules in force.
    fn restored_transactions_committed(&self) -> bool;
    /// Whether a committer commits what it was restored with, by the rules in force.
    fn restored_committables_committed(&self) -> bool;
    /// The right to commit everything at the end of the input, if the job takes no periodic checkpoints that would issue one,
    /// by the rules in force.
    fn permit_at_end(&self) -> Option<CommitPermit>;
    /// Whether a committer whose input has ended commits all it has when a checkpoint completes, by the rules in force.
    fn ended_committers_commit_all(&self) -> bool;
    /// Whether a marker by which a table knows a row again stays the same in every attempt, by the rules in force.
    fn markers_are_stable(&self) -> bool;
    /// Whether a subtask goes on with its own entry of a union list alone, by the rules in force.
    fn union_entries_owned(&self) -> bool;
    /// Virtual processing time.
    fn now(&self) -> SimTime;
    /// How many partitions a source's input has; 0 for other operators.
    fn partitions(&self) -> u16;
    /// What a source is to read; none for other operators.
    fn input(&self) -> Option<&dyn InputLog>;
    /// Of a source that was restored, and of which the checkpoint has an entry: the positions of all its subtasks, as a
    /// union list gives them to each (`FlinkKafkaConsumerBase`).
    fn positions_of_all(&self) -> Option<&PositionsOfAll>;
    /// Whether a restored log source drops the positions of inputs that it does not read any more, by the rules in force.
    fn unsubscribed_positions_dropped(&self) -> bool;
    /// Whether a restored log source finds partitions of which its checkpoint has no position, by the rules in force.
    fn new_partitions_found(&self) -> bool;

    /// The key of the current record or timer. Panics elsewhere, and in operators that are
    /// not keyed.
    fn key(&self) -> &Value;
    /// What a keyed state remembers under the current key.
    fn keyed(&mut self, id: KeyedId) -> &mut Option<Value>;
    /// The items of a list state.
    fn list(&mut self, id: ListId) -> &mut Vec<Value>;
    /// The entries of a broadcast state.
    fn broadcast(&mut self, id: BroadcastId) -> &mut BTreeMap<Value, Value>;

    /// When the current record happened, or the time of the event timer that fires; `MIN` if nobody said. What is emitted
    /// meanwhile is said to have happened then, too.
    fn timestamp(&self) -> EventTime;
    /// Has what is emitted in the rest of this call happen at another time (`TimestampedCollector`).
    fn set_timestamp(&mut self, timestamp: EventTime);
    /// The operator's watermark: `MIN` at first and after each restore, since it is in no snapshot.
    fn current_watermark(&self) -> EventTime;
    /// Registers a timer of the current key, for [`Operator::on_timer`], unless there is the same already: an event timer in
    /// milliseconds since 1970, a processing-time timer in nanoseconds of virtual time. `namespace` tells timers of one key
    /// and time apart. Panics in operators that are not keyed.
    fn register_timer(&mut self, kind: TimerKind, time: i64, namespace: i64);
    /// Takes a timer of the current key back, if it is there.
    fn delete_timer(&mut self, kind: TimerKind, time: i64, namespace: i64);
    /// Gives up a record that came too late: that is told, and the value goes to the side output.
    fn emit_late(&mut self, value: Value);

    /// Readers: asks the split enumerator for a split, which comes later, as [`Operator::take_split`].
    fn ask_for_split(&mut self);

    /// Fails the task, as an exception in Flink does: the job restarts as its strategy says, and the trace tells `why`. In any
    /// call but [`Operator::fork`]. The operator returns after it; what it emitted in this call goes nowhere. Of several
    /// reasons the first counts.
    ///
    /// ```
    /// use sandbar::{Context, Operator, Standalone};
    /// use sandbar::operators::Value;
    ///
    /// /// Reads numbers out of text.
    /// #[derive(Clone)]
    /// struct Parse;
    ///
    /// impl Operator for Parse {
    ///     fn initialize(&mut self, _context: &mut dyn Context) {}
    ///     fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
    ///         match value.to_string().parse() {
    ///             Ok(number) => context.emit(Value::Int(number)),
    ///             Err(error) => context.fail(&format!("`{value}`: {error}")),
    ///         }
    ///     }
    ///     fn fork(&self) -> Box<dyn Operator> {
    ///         Box::new(self.clone())
    ///     }
    /// }
    ///
    /// let mut parse = Standalone::new(Box::new(Parse)).start();
    /// parse.process(0, Value::text("12"));
    /// assert_eq!(parse.failure(), None);
    /// parse.process(0, Value::text("twelve"));
    /// assert_eq!(parse.failure(), Some("`twelve`: invalid digit found in string"));
    /// ```
    fn fail(&mut self, why: &str);

    /// Sends a value on.
    fn emit(&mut self, value: Value);
    /// Sends a value to the side output.
    fn emit_side(&mut self, value: Value);
    /// Asks the sink's external system for something.
    fn external(&mut self, request: ExternalRequest);
}

/// What a source can do next.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Poll {
    /// Here is a record.
    Record(Value, Origin),
    /// The next one is there at this time.
    Later(SimTime),
    /// There will never be another one (`then = "idle"`: more might come, but does not).
    Ended,
}

/// An external log as a source reads it.
pub trait InputLog {
    /// Its place among the world's inputs.
    fn id(&self) -> InputId;
    /// How many partitions it has in the end.
    fn partitions(&self) -> u16;
    /// How many it has at a time.
    fn partitions_at(&self, _now: SimTime) -> u16 {
        self.partitions()
    }
    /// The entry of a partition, or `None` past its end.
    fn entry(&self, partition: u16, offset: u32) -> Option<&Value>;
    /// When an entry is there.
    fn available(&self, partition: u16, offset: u32) -> SimTime;
    /// Which log of its world has this name: itself, if it has.
    fn named(&self, _name: &str) -> Option<InputId> {
        None
    }
    /// The name of a log of its world: positions are kept by it.
    fn name_of(&self, _input: InputId) -> Option<&str> {
        None
    }
    /// Another log of its world.
    fn beside(&self, _input: InputId) -> Option<&dyn InputLog> {
        None
    }
}

/// One subtask of an operator, with the life cycle of Flink's own.
///
/// All state goes through the context; a field may hold handles and configuration, and scratch that
/// `prepare_snapshot` flushes.
///
/// What cannot go on has its task fail with [`Context::fail`]. A panic in a call is a mistake and ends the play, or fails the
/// task as well, as the catalogue says ([`OnPanic`]); either way it is told with operator, call and record.
pub trait Operator: Send + Sync {
    /// Declares state and takes over what was restored.
    fn initialize(&mut self, context: &mut dyn Context);
    /// Starts; state is there.
    fn open(&mut self, _context: &mut dyn Context) {}
    /// Takes a record from input 0 or 1.
    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context);
    /// A timer is due; its key is the current one.
    fn on_timer(&mut self, _kind: TimerKind, _timer: &Timer, _context: &mut dyn Context) {}
    /// Sources: reads on. Called again and again.
    fn poll(&mut self, _log: &dyn InputLog, _context: &mut dyn Context) -> Poll {
        Poll::Ended
    }
    /// Sources: when the next record is there; `None` if that is only known by polling.
    fn due(&self, _log: &dyn InputLog) -> Option<SimTime> {
        None
    }
    /// Sources: the next entry of each partition that this subtask reads.
    fn positions(&self, _context: &mut dyn Context) -> Vec<SourcePosition> {
        Vec::new()
    }
    /// Readers: here is a split, as partition and next entry; or there are no more.
    fn take_split(&mut self, split: Option<SourcePosition>, _context: &mut dyn Context) {
        panic!("an operator that reads no splits was given {split:?}");
    }
    /// An input has ended.
    fn end_input(&mut self, _input: u8, _context: &mut dyn Context) {}
    /// All inputs have ended: the last chance to emit.
    fn finish(&mut self, _context: &mut dyn Context) {}
    /// A barrier is about to be sent on: the last chance to emit before it.
    fn prepare_snapshot(&mut self, _checkpoint: CheckpointId, _context: &mut dyn Context) {}
    /// State is about to be drawn: put into it what must be there.
    fn snapshot(&mut self, _checkpoint: CheckpointId, _context: &mut dyn Context) {}
    /// A checkpoint completed; the permit allows committing what it and earlier ones cover.
    fn checkpoint_complete(&mut self, _permit: CommitPermit, _context: &mut dyn Context) {}
    /// A checkpoint was aborted.
    fn checkpoint_aborted(&mut self, _checkpoint: CheckpointId, _context: &mut dyn Context) {}
    /// State was restored from a completed checkpoint, whose permit allows committing what it covers. Called between
    /// `initialize` and `open`.
    fn restored(&mut self, _permit: CommitPermit, _context: &mut dyn Context) {}
    /// The task ends, well or badly. Nothing can be emitted.
    fn close(&mut self, _context: &mut dyn Context) {}
    /// A copy of this operator as it is now, for a fork of the world.
    fn fork(&self) -> Box<dyn Operator>;
}

#[cfg(test)]
mod tests;
