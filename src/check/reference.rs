//! The reference: a direct evaluation of a job graph, record by record and depth first.
//!
//! Has one logical subtask of each operator, and no channels, barriers, tasks or checkpoints: none of the engine's code
//! for moving records, none for remembering them, and none of the operators that have a definition. Sources are not run;
//! the entries of their logs are read as they lie there. Sinks that declare how they write are not run either: each record
//! that reaches them is a row.

use super::class::in_topological_order;
use super::graph::works_alike;
use super::history::{Cut, Next, Stand, sources_of};
use super::setup::CheckSetup;
use super::written::{ReferenceRow, RowSum, Written};
use crate::job::{
    Attempt, CheckpointId, EventTime, KeyBy, KeySelector, OperatorId, Origin, Partitioner, Plan,
    Value,
};
use crate::kernel::SimTime;
use crate::operator::{Context, InputLog, Operator, Subtask, Surroundings, Writes, panic_message};
use crate::rules::{Release, Rules};
use crate::state::{Timer, TimerKind};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

mod context;
mod definitions;
mod memory;
mod reader;

use context::Kept;
use definitions::Defined;
pub(super) use memory::Remembered;
use memory::{Instance, Memory};
use reader::Reader;

/// The checkpoint id that the reference tells operators of; which one it is must not matter to them.
const SOME_CHECKPOINT: CheckpointId = CheckpointId::new(1);

/// Who it tells operators that they are.
const ONLY_SUBTASK: Subtask = Subtask {
    index: 0,
    parallelism: 1,
    attempt: Attempt::new(0),
    job: 0,
    partitions: 0,
    is_checkpointed: true,
};

/// What operators remember, by the id it is stored under: what is carried from one segment into the next.
pub(super) type Carried = BTreeMap<OperatorId, Remembered>;

/// One operator of the graph.
struct Node {
    /// None for a source, and for a sink that declares how it writes.
    operator: Option<Box<dyn Operator>>,
    /// Whether it goes on as it was, and is not initialized again.
    goes_on: bool,
    memory: Memory,
    key_by: Option<KeyBy>,
    writes: Writes,
    /// The column that markers of a table are taken from.
    column: Option<u16>,
    /// What it wrote to an external system.
    written: Written,
    /// Whose rows its external system holds: of a committer, those of its writer, else its own.
    written_by: usize,
    wires: Vec<Wire>,
    has_ended: bool,
}

/// Where an operator's records go.
#[derive(Clone, Copy)]
struct Wire {
    to: usize,
    input: u8,
    side: bool,
    /// How many subtasks get each record.
    copies: u32,
}

#[derive(Clone)]
struct Emission {
    value: Value,
    origin: Origin,
    timestamp: EventTime,
    side: bool,
}

/// What an operator emitted and has yet to send on: the stack from `base` up to `end`.
struct Sending {
    from: usize,
    base: usize,
    end: usize,
    /// The next value,
    place: usize,
    /// the next wire that it goes to,
    wire: usize,
    /// and how many copies that wire has had of it.
    copy: u32,
    times: u32,
}

/// One run of one job graph from one cut on.
pub(super) struct Evaluation<'w> {
    plan: &'w Plan,
    nodes: Vec<Node>,
    order: Vec<usize>,
    readers: Vec<Reader<'w>>,
    /// A stack: what an operator emitted lies above what those before it have yet to send on.
    emitted: Vec<Emission>,
    /// Who has yet to send on what, the next last.
    sendings: Vec<Sending>,
    is_restored: bool,
    rules: Rules,
    now: SimTime,
    /// Whether an operator is being called.
    is_calling: bool,
    /// Why an operator could not go on, if one could not: what would have come after that nobody knows.
    failure: Option<String>,
    /// How many values may still be handed to operators, before that is weighed against the inputs, and then for good.
    left: u64,
    is_weighed: bool,
}

/// How many values are handed to operators without a look at how large the inputs are.
const VALUES: u64 = 1_000_000;
/// And how many more for each operator and each entry, or four bytes of text, that it may come to.
const VALUES_A_VISIT: u64 = 40;

impl<'w> Evaluation<'w> {
    /// Starts at `from` with the state that was carried there.
    pub(super) fn start(
        plan: &'w Plan,
        setup: &'w CheckSetup,
        from: &Cut,
        carried: Carried,
        is_restored: bool,
    ) -> Self {
        let mut nodes = nodes_of(plan, setup, from, carried);
        join(plan, &mut nodes);
        let readers = sources_of(plan).map(|source| Reader::at(plan, setup, source, from));
        let mut evaluation = Self {
            plan,
            nodes,
            order: in_topological_order(&plan.graph),
            readers: readers.collect(),
            emitted: Vec::new(),
            sendings: Vec::new(),
            is_restored,
            rules: Release::default().rules(),
            now: SimTime::ZERO,
            is_calling: false,
            failure: None,
            left: VALUES,
            is_weighed: false,
        };
        evaluation.guard(|evaluation| {
            for place in evaluation.order.clone() {
                if evaluation.nodes[place].goes_on {
                    continue;
                }
                evaluation.call(place, |operator, context| {
                    operator.initialize(context);
                    operator.open(context);
                });
            }
        });
        evaluation
    }

    /// Evaluates a part. What the user's own code does wrong is told of the job, and ends the evaluation here.
    fn guard(&mut self, part: impl FnOnce(&mut Self)) {
        let done = catch_unwind(AssertUnwindSafe(|| part(self)));
        if let Err(panic) = done {
            if !self.is_calling {
                resume_unwind(panic);
            }
            self.failure = Some(panic_message(&*panic).to_owned());
        }
    }

    /// Whether an operator could not go on, so that nothing can be said of what it would have written.
    pub(super) const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The same, but of what is written only sums are kept.
    pub(super) fn of_sums(mut self) -> Self {
        self.nodes.iter_mut().for_each(|node| node.written.reduce_to_sum());
        self
    }

    /// Reads on to `to`, partitions in turn. What ends there is finished; what does not sends on what it would before
    /// a barrier.
    pub(super) fn advance(&mut self, to: &Cut) {
        if !self.has_failed() {
            self.guard(|evaluation| evaluation.read_on(to));
        }
    }

    fn read_on(&mut self, to: &Cut) {
        let mut readers = std::mem::take(&mut self.readers);
        let targets: Vec<Option<&Stand>> = readers
            .iter_mut()
            .map(|reader| {
                let target = to.of_source(self.plan.operator_ids[reader.operator]);
                reader.add_lanes(target);
                target
            })
            .collect();
        let mut has_moved = true;
        while has_moved && self.failure.is_none() {
            has_moved = false;
            for (reader, target) in readers.iter_mut().zip(&targets) {
                let Some(target) = target else { continue };
                for lane in 0..reader.lanes.len() {
                    let target = target.of(reader.lanes[lane].partition);
                    has_moved |= self.read_one(reader, lane, target);
                }
            }
        }
        self.readers = readers;
        for place in self.order.clone() {
            if self.nodes[place].has_ended {
                continue;
            }
            if to.drained.contains(&self.plan.operator_ids[place]) {
                self.end(place);
            } else {
                if to.ends_time {
                    self.fire_all(place, TimerKind::Event);
                }
                self.call(place, |operator, context| {
                    operator.prepare_snapshot(SOME_CHECKPOINT, context);
                });
            }
        }
    }

    /// Reads one entry of a partition, if there is one before the target.
    fn read_one(&mut self, reader: &mut Reader<'w>, lane: usize, target: Next) -> bool {
        let lane = &mut reader.lanes[lane];
        let (input, partition) = lane.partition;
        let Next::Entry(next) = lane.next else { return false };
        if lane.next >= target {
            return false;
        }
        let Some(entry) = lane.log.entry(partition, next) else { return false };
        let input = u16::try_from(input.number()).expect("input ids are 16 bits wide");
        let origin = Origin { input, partition, offset: next, child: 0 };
        self.now = lane.log.available(partition, next);
        lane.next = Next::Entry(next + 1);
        let base = self.emitted.len();
        let time = self.plan.graph.operators[reader.operator].options.time;
        let in_column = |column: u16| entry.as_row()?.get(usize::from(column))?.as_int();
        let timestamp = time.map_or(EventTime::MIN, |time| match time.column {
            None => EventTime::of_clock(self.now),
            Some(column) => in_column(column).map_or(EventTime::MIN, EventTime::from_millis),
        });
        self.emitted.push(Emission { value: entry.clone(), origin, timestamp, side: false });
        self.send_on(reader.operator, base, 1);
        true
    }

    /// Ends all inputs of an operator and lets it finish.
    fn end(&mut self, place: usize) {
        self.end_time(place);
        let inputs = &self.plan.graph.operators[place].inputs;
        let last_input = inputs.iter().map(|edge| edge.input).max();
        self.call(place, |operator, context| {
            if let Some(last) = last_input {
                (0..=last).for_each(|input| operator.end_input(input, context));
            }
            operator.finish(context);
        });
        self.nodes[place].has_ended = true;
    }

    /// Time comes to its end: every timer fires. In a job those of virtual time that are left do not; who reads these rows
    /// knows.
    fn end_time(&mut self, place: usize) {
        TimerKind::ALL.into_iter().for_each(|kind| self.fire_all(place, kind));
    }

    fn fire_all(&mut self, place: usize, kind: TimerKind) {
        while let Some(timer) = self.nodes[place].memory.first_timer(kind) {
            self.call_with(place, Some(&timer), |operator, context| {
                operator.on_timer(kind, &timer, context);
            });
        }
    }

    /// Allows as many values as inputs of that size may come to; or ends the evaluation, if it has used them up.
    #[cold]
    fn weigh(&mut self) {
        let sizes = self.readers.iter().map(|reader| reader.log.size());
        let visits =
            sizes.fold(0_u64, |all, (entries, bytes)| all.saturating_add(entries + bytes / 4));
        let operators = u64::try_from(self.nodes.len()).expect("usize fits in 64 bits");
        self.left = visits.saturating_mul(operators).saturating_mul(VALUES_A_VISIT).max(1);
        if self.is_weighed {
            let why = "its records come to more values than the reference evaluates";
            self.failure.get_or_insert_with(|| why.to_owned());
            self.left = u64::MAX;
        }
        self.is_weighed = true;
    }

    /// Gives a record to an operator of which `copies` subtasks get it.
    fn deliver(&mut self, wire: Wire, emission: Emission) {
        self.left -= 1;
        if self.left == 0 {
            self.weigh();
        }
        if self.failure.is_some() {
            return;
        }
        let Emission { value, origin, timestamp, .. } = emission;
        let node = &mut self.nodes[wire.to];
        let key = match node.key_by.as_ref().map(|key_by| key_of(key_by, wire.input, &value)) {
            Some(Some(key)) => Some(key),
            // The job cannot deal a value that has no key; it fails there, and nothing comes out.
            Some(None) => return,
            None => None,
        };
        let written = node.written.reached();
        if node.writes == Writes::Undeclared {
            let stem = (origin, timestamp);
            self.lend(wire.to, stem, key.as_ref(), |operator, context| {
                operator.process(wire.input, value, context);
            });
        } else {
            node.write(value, origin);
        }
        let node = &mut self.nodes[wire.to];
        for _ in 1..wire.copies {
            node.written.repeat(written);
        }
    }

    /// Calls an operator outside of `process`; sources have none.
    fn call(&mut self, place: usize, act: impl FnOnce(&mut dyn Operator, &mut dyn Context)) {
        self.call_with(place, None, act);
    }

    /// Calls an operator for a timer, or for no record at all.
    fn call_with(
        &mut self,
        place: usize,
        timer: Option<&Timer>,
        act: impl FnOnce(&mut dyn Operator, &mut dyn Context),
    ) {
        if self.failure.is_some() {
            return;
        }
        let base = self.emitted.len();
        let timestamp = timer.map_or(EventTime::MIN, |timer| EventTime::from_millis(timer.time));
        self.lend(place, (Origin::default(), timestamp), timer.map(|timer| &timer.key), act);
        self.send_on(place, base, 1);
    }

    /// Calls an operator with what surrounds it; a source has none.
    fn lend(
        &mut self,
        place: usize,
        (origin, mut timestamp): (Origin, EventTime),
        key: Option<&Value>,
        act: impl FnOnce(&mut dyn Operator, &mut dyn Context),
    ) {
        let Node { operator, memory, key_by, written, .. } = &mut self.nodes[place];
        let Some(operator) = operator else { return };
        let (emitted, failure) = (&mut self.emitted, &mut self.failure);
        let mut surroundings = Surroundings {
            outside: Kept { written, emitted, origin, nth: 0, failure },
            state: memory,
            subtask: &ONLY_SUBTASK,
            input: None,
            positions_of_all: None,
            rules: &self.rules,
            restored: self.is_restored.then_some(SOME_CHECKPOINT),
            is_own_entry_restored: self.is_restored,
            is_keyed: key_by.is_some(),
            key,
            timestamp: &mut timestamp,
            // Time stands still until the end: nothing is ever late.
            watermark: EventTime::MIN,
            now: self.now,
        };
        self.is_calling = true;
        act(operator.as_mut(), &mut surroundings);
        self.is_calling = false;
    }

    /// Sends on what lies on the stack from `base` on, each `times` times, and what comes of each before the next.
    fn send_on(&mut self, from: usize, base: usize, times: u32) {
        let (mut from, mut base, mut times) = (from, base, times);
        loop {
            let next = match (&self.nodes[from].wires[..], times, self.emitted.len() - base) {
                (_, _, 0) => None,
                // One value for one receiver: nothing is left to be sent after it.
                ([wire], 1, 1) => {
                    let wire = *wire;
                    let emission = self.emitted.pop().expect("one lies above the base");
                    (wire.side == emission.side).then_some((wire, emission))
                }
                _ => {
                    let end = self.emitted.len();
                    let sending = Sending { from, base, end, place: base, wire: 0, copy: 0, times };
                    self.sendings.push(sending);
                    None
                }
            };
            let Some((wire, emission)) = next.or_else(|| self.next_to_send()) else { return };
            base = self.emitted.len();
            self.deliver(wire, emission);
            (from, times) = (wire.to, wire.copies);
        }
    }

    /// The next of what is left to be sent; none if all of it was.
    fn next_to_send(&mut self) -> Option<(Wire, Emission)> {
        while let Some(sending) = self.sendings.last_mut() {
            if sending.place == sending.end {
                self.emitted.truncate(sending.base);
                self.sendings.pop();
                continue;
            }
            let wires = &self.nodes[sending.from].wires;
            let emission = &mut self.emitted[sending.place];
            match wires.get(sending.wire) {
                None => {
                    sending.place += 1;
                    (sending.wire, sending.copy) = (0, 0);
                }
                Some(wire) if wire.side != emission.side => sending.wire += 1,
                Some(wire) => {
                    sending.copy += 1;
                    if sending.copy == sending.times {
                        (sending.wire, sending.copy) = (sending.wire + 1, 0);
                    }
                    if sending.wire < wires.len() {
                        return Some((*wire, emission.clone()));
                    }
                    let value = std::mem::replace(&mut emission.value, Value::Bool(false));
                    return Some((*wire, Emission { value, ..*emission }));
                }
            }
        }
        None
    }

    /// How far the writing to a sink's external system has come.
    pub(super) fn reached(&self, sink: usize) -> RowSum {
        self.nodes[self.nodes[sink].written_by].written.reached()
    }

    /// What a sink had been given when it had come so far. Panics if only sums are kept.
    pub(super) fn rows(&self, sink: usize, until: RowSum) -> &[ReferenceRow] {
        self.nodes[self.nodes[sink].written_by].written.rows(until)
    }

    /// What operators remember at the cut that was reached, for the next segment. Sinks and sources have none here: what
    /// sinks remember are transactions, and where sources stand is given by the cut.
    pub(super) fn carry(&mut self, at: &Cut) -> Carried {
        let mut carried = Carried::new();
        self.guard(|evaluation| evaluation.carry_into(&mut carried, at));
        carried
    }

    fn carry_into(&mut self, carried: &mut Carried, at: &Cut) {
        for place in self.order.clone() {
            let node = &self.plan.graph.operators[place];
            let id = self.plan.operator_ids[place];
            if node.is_sink() || node.is_source() || at.finished.contains(&id) {
                continue;
            }
            let Node { operator, memory, has_ended, .. } = &self.nodes[place];
            let instance = operator.as_ref().filter(|_| !has_ended).map(|operator| Instance {
                node: node.clone(),
                operator: operator.fork(),
                memory: memory.clone(),
            });
            self.call(place, |operator, context| {
                operator.snapshot(SOME_CHECKPOINT, context);
            });
            let declared = self.nodes[place].memory.clone();
            carried.insert(id, Remembered { declared, instance });
        }
    }
}

impl Node {
    /// Writes a record as a sink does that declares how.
    fn write(&mut self, value: Value, origin: Origin) {
        let row = value.as_row();
        let key = match self.writes {
            Writes::Undeclared | Writes::Committer => return,
            Writes::Plain | Writes::TwoPhase | Writes::Writer => None,
            Writes::Idempotent => Some(row.and_then(<[Value]>::first).unwrap_or(&value).clone()),
            Writes::Dedup => {
                let in_column = |column: u16| row?.get(usize::from(column));
                Some(self.column.and_then(in_column).unwrap_or(&value).clone())
            }
        };
        self.written.push(ReferenceRow { key, value, origin });
    }
}

/// The key of a value of an input; none if it has no such columns.
fn key_of(key_by: &KeyBy, input: u8, value: &Value) -> Option<Value> {
    let column = |column: &u16| value.as_row()?.get(usize::from(*column)).cloned();
    match key_by.second.as_ref().filter(|_| input == 1).unwrap_or(&key_by.selector) {
        KeySelector::Value => Some(value.clone()),
        KeySelector::Column(only) => column(only),
        KeySelector::Columns(columns) => {
            let key: Option<Vec<Value>> = columns.as_slice().iter().map(column).collect();
            key.map(Value::row_of)
        }
    }
}

/// The operators of a plan, with what was carried to them.
fn nodes_of(plan: &Plan, setup: &CheckSetup, from: &Cut, mut carried: Carried) -> Vec<Node> {
    plan.graph
        .operators
        .iter()
        .zip(&plan.operator_ids)
        .enumerate()
        .map(|(place, (node, id))| {
            let entry = setup.catalogue.of(node);
            let entry = entry.expect("a checked scenario names known operators");
            let kept = if node.is_sink() { None } else { carried.remove(id) };
            let (as_it_was, declared) =
                kept.map_or((None, Memory::default()), |kept| (kept.instance, kept.declared));
            let as_it_was = as_it_was.filter(|was| works_alike(&was.node, node));
            let is_run = !node.is_source() && entry.writes == Writes::Undeclared;
            let goes_on = as_it_was.is_some();
            let (operator, memory) = match as_it_was {
                Some(was) => (Some(was.operator), was.memory),
                None if is_run => {
                    let defined = Defined::of(node, entry.definition);
                    (
                        Some(defined.unwrap_or_else(|| entry.build(node))),
                        declared.reopened(entry.timers),
                    )
                }
                None => (None, Memory::default()),
            };
            Node {
                operator,
                goes_on,
                memory,
                key_by: node.key_by,
                writes: entry.writes,
                column: node.options.column,
                written: Written::Rows(Vec::new()),
                written_by: match node.inputs.first() {
                    Some(writer) if entry.writes == Writes::Committer => writer.from.index(),
                    Some(_) | None => place,
                },
                wires: Vec::new(),
                has_ended: from.finished.contains(id),
            }
        })
        .collect()
}

/// Hands the edges of a graph to their senders.
fn join(plan: &Plan, nodes: &mut [Node]) {
    for (to, receiver) in plan.graph.operators.iter().enumerate() {
        for edge in &receiver.inputs {
            let is_broadcast = edge.partitioner == Some(Partitioner::Broadcast);
            let copies = if is_broadcast { receiver.parallelism } else { 1 };
            let wire = Wire { to, input: edge.input, side: edge.side, copies };
            nodes[edge.from.index()].wires.push(wire);
        }
    }
}
