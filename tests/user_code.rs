//! What the user's own operators do wrong is told as their own: a panic ends the play or fails the task, a failure that they
//! declare fails the task, and the engine and its reference stand.

use sandbar::events::{SourcePosition, TaskEvent, TraceEvent};
use sandbar::operators::{
    CheckpointId, CommitPermit, InputLog, KeyedId, ListMode, OnPanic, Poll, StateType, Timer,
    TimerKind, Value,
};
use sandbar::{
    Catalogue, Context, Entry, Judgement, Operator, Played, Scenario, Setup, SimTime, Standalone,
    play_out,
};
use std::sync::Arc;

/// What it does in one call, in attempts before this one.
#[derive(Clone)]
struct Falls {
    call: String,
    panics: bool,
    attempts: u32,
    state: Option<KeyedId>,
}

impl Falls {
    /// An operator falls in the call that it is named after: `process`, `open`.
    fn new(name: &str, panics: bool, attempts: u32) -> Self {
        if name == "make" && panics {
            panic!("not even made");
        }
        Self { call: name.replace('-', "_"), panics, attempts, state: None }
    }

    fn called(&self, call: &str, context: &mut dyn Context) {
        if call == self.call && context.attempt() < self.attempts {
            assert!(!self.panics, "it fell");
            context.fail("it fell");
        }
    }
}

impl Operator for Falls {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.state = Some(context.keyed_state("state"));
        self.called("initialize", context);
    }
    fn open(&mut self, context: &mut dyn Context) {
        self.called("open", context);
    }
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        let state = context.keyed(self.state.expect("declared"));
        let count = state.as_ref().and_then(Value::as_int).unwrap_or(0) + 1;
        *state = Some(Value::Int(count));
        context.register_timer(TimerKind::Event, 40, 0);
        context.emit(value);
        if count == 4 {
            self.called("process", context);
        }
    }
    fn on_timer(&mut self, _kind: TimerKind, _timer: &Timer, context: &mut dyn Context) {
        self.called("on_timer", context);
    }
    fn end_input(&mut self, _input: u8, context: &mut dyn Context) {
        self.called("end_input", context);
    }
    fn finish(&mut self, context: &mut dyn Context) {
        self.called("finish", context);
    }
    fn prepare_snapshot(&mut self, _checkpoint: CheckpointId, context: &mut dyn Context) {
        self.called("prepare_snapshot", context);
    }
    fn snapshot(&mut self, _checkpoint: CheckpointId, context: &mut dyn Context) {
        self.called("snapshot", context);
    }
    fn checkpoint_complete(&mut self, _permit: CommitPermit, context: &mut dyn Context) {
        self.called("checkpoint_complete", context);
    }
    fn restored(&mut self, _permit: CommitPermit, context: &mut dyn Context) {
        self.called("restored", context);
    }
    fn close(&mut self, context: &mut dyn Context) {
        self.called("close", context);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// A source that falls in one of its own calls once it has read a little; the log source does the rest.
struct FallingSource {
    inner: Box<dyn Operator>,
    call: String,
    polled: u32,
}

impl Operator for FallingSource {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.inner.initialize(context);
    }
    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        self.inner.process(input, value, context);
    }
    fn poll(&mut self, log: &dyn InputLog, context: &mut dyn Context) -> Poll {
        self.polled += 1;
        assert!(self.call != "poll" || self.polled < 9, "it fell");
        self.inner.poll(log, context)
    }
    fn due(&self, log: &dyn InputLog) -> Option<SimTime> {
        assert!(self.call != "due" || self.polled < 9, "it fell");
        self.inner.due(log)
    }
    fn positions(&self, context: &mut dyn Context) -> Vec<SourcePosition> {
        assert!(self.call != "positions" || self.polled < 9, "it fell");
        self.inner.positions(context)
    }
    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        self.inner.snapshot(checkpoint, context);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(Self { inner: self.inner.fork(), call: self.call.clone(), polled: self.polled })
    }
}

/// Uses a handle of a state that it has not declared.
#[derive(Clone)]
struct Borrows;

impl Operator for Borrows {
    fn initialize(&mut self, _context: &mut dyn Context) {}
    fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
        let other = sandbar::internals::LiveState::default().register_list(
            "of another",
            ListMode::Split,
            StateType::Any,
        );
        context.list(other).clear();
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// Breaks a rule of state.
#[derive(Clone)]
struct Misuses;

impl Operator for Misuses {
    fn initialize(&mut self, context: &mut dyn Context) {
        context.list_state("x", ListMode::Split);
        context.list_state("x", ListMode::Union);
    }
    fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
        context.emit(value);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

const ALWAYS: u32 = u32::MAX;
const CALLS: [&str; 11] = [
    "initialize",
    "open",
    "process",
    "on-timer",
    "end-input",
    "finish",
    "prepare-snapshot",
    "snapshot",
    "checkpoint-complete",
    "restored",
    "close",
];

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::built_in();
    let keyed = |entry: Entry| Entry { keyed: true, stateful: true, ..entry };
    let mut add = |function: &str, entry: Entry| catalogue.add("map", function, entry);
    let entry = keyed(Entry::new("panics", |node| Box::new(Falls::new(&node.name, true, ALWAYS))));
    let fails_the_task = Entry { on_panic: OnPanic::FailsTheTask, ..entry.clone() };
    add("panics", entry);
    add("panics-as-an-exception", fails_the_task);
    add(
        "fails",
        keyed(Entry::new("fails", |node| Box::new(Falls::new(&node.name, false, ALWAYS)))),
    );
    let once = keyed(Entry::new("fails once", |node| Box::new(Falls::new(&node.name, false, 1))));
    add("fails-once", once);
    let once = keyed(Entry::new("panics once", |node| Box::new(Falls::new(&node.name, true, 1))));
    add("panics-once", Entry { on_panic: OnPanic::FailsTheTask, ..once });
    add("without-key", Entry::new("has no key", |_| Box::new(Falls::new("none", false, 0))));
    add("misuses", Entry { stateful: true, ..Entry::new("misuses", |_| Box::new(Misuses)) });
    add("borrows", Entry { stateful: true, ..Entry::new("borrows", |_| Box::new(Borrows)) });
    catalogue
}

/// Plays a job of a source, the operator of that name and function, and a sink.
fn played(name: &str, function: &str, key: &str, restart: &str) -> Played {
    play_with(Arc::new(catalogue()), name, function, key, restart)
}

fn play_with(
    catalogue: Arc<Catalogue>,
    name: &str,
    function: &str,
    key: &str,
    restart: &str,
) -> Played {
    let text = format!(
        r#"
seed = 5
[input.rows]
generate = {{ records = 60, keys = 5, step = "1ms" }}
every = "5ms"
[job.j]
checkpoint = {{ interval = "50ms" }}
{restart}
operators = [
  {{ name = "s", source = "rows", uid = "s", event-time = {{ column = 2 }} }},
  {{ name = "{name}", map = "{function}", uid = "m"{key} }},
  {{ name = "copy", map = "identity" }},
  {{ name = "o", sink = "two-phase", uid = "o" }},
]
[[step]]
when = {{ completed = 2 }}
do = {{ kill = "s/0" }}
may-miss = true
"#
    );
    let scenario = Scenario::parse(&text, "story.toml", &catalogue)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
    play_out(Setup { keeps_trace: true, ..setup })
}

const KEYED: &str = ", key-by = 0";
const LIMITED: &str = "restart = { fixed-delay = { attempts = 3, delay = \"10ms\" } }";

fn failures(played: &Played) -> Vec<String> {
    let mut failures = Vec::new();
    for entry in &played.trace.entries {
        if let TraceEvent::Task(.., TaskEvent::OperatorFailed { why, .. }) = &entry.event {
            failures.push(why.to_string());
        }
    }
    failures
}

#[test]
fn a_panic_in_any_call_ends_the_play_and_is_told_as_the_users() {
    for call in CALLS {
        let played = played(call, "panics", KEYED, "");
        assert_eq!(played.judgement(), Judgement::UserPanicked, "{call}");
        let panic = played.outcome.panicked.as_ref().expect("it panicked");
        assert_eq!((panic.operator.as_str(), panic.subtask, panic.run.as_str()), (call, 0, "j#0"));
        assert_eq!(panic.call, call.replace('-', "_"));
        assert_eq!(panic.message, "it fell");
        assert_eq!(panic.record.is_some(), call == "process");
        let why = played.why().expect("it does not hold");
        assert!(why.starts_with("the user's own code panicked under seed 5: "), "{why}");
    }
    let process = played("process", "panics", KEYED, "");
    let panic = process.outcome.panicked.expect("it panicked");
    let record = panic.record.as_deref().expect("there was a record");
    assert!(record.starts_with("rows[0]#"), "{record}");
    assert_eq!(
        panic.to_string(),
        format!(
            "process/0 of j#0, in `process` with {record}, at t={}: it fell",
            panic.at.in_millis()
        )
    );
    let made = played("make", "panics", KEYED, "").outcome.panicked.expect("it panicked");
    assert_eq!(made.message, "it could not be made: not even made");
}

#[test]
fn a_panic_in_a_source_is_the_users_too() {
    for call in ["poll", "due", "positions"] {
        let mut catalogue = catalogue();
        let make = match call {
            "poll" => |node: &_| source(node, "poll"),
            "due" => |node: &_| source(node, "due"),
            _ => |node: &_| source(node, "positions"),
        };
        let log = catalogue.entry("source", "log").expect("it is built in").clone();
        catalogue.add("source", "log", Entry { make, ..log });
        let played = play_with(Arc::new(catalogue), "copy-2", "identity", "", "");
        let panic = played.outcome.panicked.expect("it panicked");
        assert_eq!((panic.operator.as_str(), panic.call), ("s", call));
    }
}

fn source(node: &sandbar::operators::OperatorNode, call: &str) -> Box<dyn Operator> {
    let built_in = Catalogue::built_in();
    let inner = built_in.entry("source", "log").expect("it is built in").build(node);
    Box::new(FallingSource { inner, call: call.to_owned(), polled: 0 })
}

#[test]
fn a_panic_or_a_failure_fails_the_task_where_the_entry_says_so() {
    for function in ["panics-as-an-exception", "fails"] {
        for call in CALLS {
            let played = played(call, function, KEYED, LIMITED);
            let place = format!("{function} {call}");
            assert!(played.outcome.panicked.is_none(), "{place}");
            // A job fails with it again and again; only what closes is not asked.
            if call != "close" {
                let status = played.outcome.jobs[0].status.expect("it was submitted");
                assert_eq!(status.to_string(), "failed", "{place}");
                let told = failures(&played);
                let did = if function == "fails" { "failed" } else { "panicked" };
                let said = format!("{call}/0 {did} in `{}`", call.replace('-', "_"));
                assert!(told.iter().all(|why| why.starts_with(&said)), "{place}: {told:?}");
                assert!(told[0].ends_with(": it fell"), "{place}: {told:?}");
            }
            let broken: Vec<_> = played.verdict.violations().collect();
            assert!(broken.is_empty(), "{place}: {broken:?}");
        }
    }
}

#[test]
fn a_job_recovers_from_a_failure_that_passes() {
    for function in ["fails-once", "panics-once"] {
        for call in CALLS.into_iter().filter(|call| *call != "restored") {
            let played = played(call, function, KEYED, LIMITED);
            let place = format!("{function} {call}: {:?}", failures(&played));
            assert_eq!(played.judgement(), Judgement::Holds, "{place} {:?}", played.unmet);
            assert_eq!(played.outcome.externals[0].committed.len(), 60, "{place}");
        }
    }
}

#[test]
fn what_breaks_a_rule_of_state_is_told_with_the_rule() {
    let told = |function: &str| {
        let played = played("m", function, "", "");
        assert_eq!(played.judgement(), Judgement::UserPanicked);
        played.outcome.panicked.expect("it panicked").to_string()
    };
    let without_key = told("without-key");
    assert!(without_key.contains("m/0 of j#0, in `initialize`"), "{without_key}");
    assert!(
        without_key.contains("keyed state `state` needs an operator that is keyed"),
        "{without_key}"
    );
    let twice = told("misuses");
    assert!(twice.contains("in `initialize`"), "{twice}");
    assert!(twice.contains("list state `x` is declared twice"), "{twice}");
    let borrowed = told("borrows");
    assert!(borrowed.contains("m/0 of j#0, in `process` with rows[0]#"), "{borrowed}");
    assert!(borrowed.contains("is not one that this operator was given"), "{borrowed}");
}

#[test]
fn a_task_that_fails_without_end_stalls_and_says_why() {
    let played = played("process", "fails", KEYED, "");
    assert_eq!(played.judgement(), Judgement::Stalled);
    let why = played.why().expect("it does not hold");
    assert!(why.contains("restarted 100 times"), "{why}");
    assert!(why.contains("process/0 failed in `process` with rows[0]#"), "{why}");
    assert!(why.ends_with(": it fell"), "{why}");
}

#[test]
fn a_standalone_operator_says_why_it_failed() {
    let by_value = sandbar::operators::KeyBy::new(sandbar::operators::KeySelector::Value);
    let operator = Falls::new("open", false, ALWAYS);
    let failed = Standalone::new(Box::new(operator)).keyed_by(by_value).start();
    assert_eq!(failed.failure(), Some("it fell"));
}
