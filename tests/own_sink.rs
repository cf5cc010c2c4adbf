//! Sinks of the user's own are judged by what their entries declare, and not by their names.

#[path = "../examples/own_sink.rs"]
#[expect(dead_code, reason = "its `main` is not called")]
mod example;

use sandbar::operators::{CheckpointId, CommitPermit, OperatorNode, Value, Writes};
use sandbar::{
    Catalogue, CheckName, Context, Entry, Finding, Judgement, Operator, Scenario, Setup, Skipped,
    play_out,
};
use std::sync::Arc;

/// A sink that writes by another one: each row once, or twice in attempts behind the first.
struct OwnSink {
    repeats: bool,
    sink: Box<dyn Operator>,
}

impl Operator for OwnSink {
    fn initialize(&mut self, context: &mut dyn Context) {
        self.sink.initialize(context);
    }
    fn restored(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        self.sink.restored(permit, context);
    }
    fn open(&mut self, context: &mut dyn Context) {
        self.sink.open(context);
    }
    fn process(&mut self, input: u8, value: Value, context: &mut dyn Context) {
        if self.repeats && context.attempt() > 0 {
            self.sink.process(input, value.clone(), context);
        }
        self.sink.process(input, value, context);
    }
    fn snapshot(&mut self, checkpoint: CheckpointId, context: &mut dyn Context) {
        self.sink.snapshot(checkpoint, context);
    }
    fn checkpoint_complete(&mut self, permit: CommitPermit, context: &mut dyn Context) {
        self.sink.checkpoint_complete(permit, context);
    }
    fn close(&mut self, context: &mut dyn Context) {
        self.sink.close(context);
    }
    fn fork(&self) -> Box<dyn Operator> {
        Box::new(Self { repeats: self.repeats, sink: self.sink.fork() })
    }
}

/// What became of the output of a job whose only sink is one's own.
fn judged(repeats: bool, writes: Writes) -> Finding {
    let make = match repeats {
        true => |node: &_| own_sink(true, node),
        false => |node: &_| own_sink(false, node),
    };
    let entry = Entry::new("writes in transactions of its own", make);
    let mut catalogue = Catalogue::built_in();
    catalogue.add("sink", "of-ones-own", Entry { stateful: true, writes, ..entry });
    let catalogue = Arc::new(catalogue);
    let text = r#"
[input.rows]
generate = { records = 60, keys = 5 }
every = "5ms"
[job.j]
checkpoint = { interval = "50ms" }
operators = [
  { name = "in", source = "rows", uid = "in" },
  { name = "out", sink = "of-ones-own", parallelism = 2, uid = "out" },
]
[[step]]
when = { completed = 2 }
do = { kill = "out/1" }
"#;
    let scenario = Scenario::parse(text, "story.toml", &catalogue).expect("the story is sound");
    let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
    let checks = play_out(setup).verdict.checks;
    let output = checks.into_iter().find(|(check, _)| *check == CheckName::OutputEquivalence);
    output.expect("every check is listed").1
}

fn own_sink(repeats: bool, node: &OperatorNode) -> Box<dyn Operator> {
    let catalogue = example::catalogue();
    let sink = catalogue.entry("sink", "batches").expect("the example adds it").build(node);
    Box::new(OwnSink { repeats, sink })
}

#[test]
fn the_example_writes_each_row_once() {
    let (text, catalogue) = (include_str!("../examples/own_sink.toml"), example::catalogue());
    let scenario = Scenario::parse(text, "own_sink.toml", &catalogue).expect("it is sound");
    let setup = Setup::of(Arc::new(scenario), Arc::new(catalogue)).expect("it reads no files");
    let played = play_out(setup);
    assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
    let output = (CheckName::OutputEquivalence, Finding::Held);
    assert!(played.verdict.checks.contains(&output), "{:?}", played.verdict.checks);
}

#[test]
fn a_sink_that_declares_how_it_writes_is_held_to_it() {
    assert_eq!(judged(false, Writes::TwoPhase), Finding::Held);
    let Finding::Broken(violations) = judged(true, Writes::TwoPhase) else {
        panic!("rows are there twice");
    };
    assert!(violations[0].text.contains("out of j#0"), "{:?}", violations[0]);
}

#[test]
fn a_sink_that_declares_nothing_is_not_judged() {
    assert_eq!(judged(false, Writes::Undeclared), Finding::Skipped(Skipped::NoSinkCompared));
    assert_eq!(judged(true, Writes::Undeclared), Finding::Skipped(Skipped::NoSinkCompared));
}
