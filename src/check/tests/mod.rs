//! Hand-written worlds: a word count whose trace and sinks are made up, event by event.

mod bounds;
mod content;
mod handover;
mod kept;
mod output;
mod pace;
mod protocol;
mod references;
mod said;
mod time;

use super::*;
use crate::effect::{ExternalSystem, Row};
use crate::job::{
    Attempt, ChannelId, CheckpointConfig, CheckpointId, CheckpointKind, ExternalId, InputEdge,
    InputId, JobGraph, KeyBy, KeySelector, OperatorIndex, OperatorKind, OperatorNode, Origin, Plan,
    RestartStrategy, RunId, RunLayout, TaskId, TransactionId, Value,
};
use crate::kernel::SimTime;
use crate::operator::{Catalogue, Equality, Log};
use crate::scenario::{ClusterConfig, Expect, Input, InputKind, JobConfig, Network, Scenario};
use crate::trace::{
    AckVerdict, ChannelMark, CheckName, CheckpointEvent, Entry, EntryNumber, JobEvent, JobStatus,
    Leftovers, SnapshotSource, SourcePosition, TaskEvent, TraceEvent, TraceSink, TransactionEvent,
};
use std::sync::Arc;

/// Dealt to two partitions in turn; in all three times `a` and twice `b`.
const LINES: [&str; 4] = ["a b", "a", "b", "a"];

fn node(name: &str, kind: OperatorKind, parallelism: u32, from: Option<usize>) -> OperatorNode {
    let from = from.map(|from| InputEdge {
        from: OperatorIndex::new(from),
        input: 0,
        side: false,
        partitioner: None,
    });
    OperatorNode {
        name: name.to_owned(),
        uid: Some(name.to_owned()),
        parallelism,
        max_parallelism: None,
        kind,
        inputs: from.into_iter().collect(),
        chain: Default::default(),
        slot_sharing_group: None,
        key_by: None,
        takes: SimTime::ZERO,
        options: Default::default(),
    }
}

fn transform(kind: &str, function: &str) -> OperatorKind {
    OperatorKind::Transform { kind: kind.to_owned(), function: function.to_owned() }
}

/// lines (2 subtasks) -> words (2) => counts (`parallelism`) => out (1)
fn word_count(sink: &str, function: (&str, &str), parallelism: u32) -> JobGraph {
    let source = OperatorKind::Source { input: "book".to_owned(), then: Default::default() };
    let mut counts = node("counts", transform(function.0, function.1), parallelism, Some(1));
    counts.key_by = Some(KeyBy::new(KeySelector::Value));
    JobGraph {
        name: "count".to_owned(),
        operators: vec![
            node("lines", source, 2, None),
            node("words", transform("flat-map", "split-words"), 2, Some(0)),
            counts,
            node("out", OperatorKind::Sink { kind: sink.to_owned() }, 1, Some(2)),
        ],
        max_parallelism: None,
        chaining: true,
        ..JobGraph::default()
    }
}

fn setup(jobs: Vec<JobGraph>) -> CheckSetup {
    let entries: Vec<Value> = LINES.iter().map(Value::text).collect();
    let log = Log::new(InputId::new(0), 2, SimTime::from_millis(1), entries.into());
    let input = Input {
        name: "book".to_owned(),
        kind: InputKind::Text("book.txt".to_owned()),
        partitions: 2,
        every: SimTime::from_millis(1),
        grows: Vec::new(),
        shuffle: None,
    };
    let interval = Some(SimTime::from_secs(1));
    let job = |graph| JobConfig {
        graph,
        checkpoint: CheckpointConfig { interval, ..CheckpointConfig::default() },
        restart: Some(RestartStrategy::None),
        failover: None,
        planned: Default::default(),
    };
    let scenario = Scenario {
        about: String::new(),
        seed: 0,
        flink: Default::default(),
        also: Vec::new(),
        expect_in: Default::default(),
        overrides: Vec::new(),
        mutations: Vec::new(),
        until: None,
        budget: Default::default(),
        cluster: ClusterConfig::default(),
        cluster_name: None,
        network: Network::default(),
        inputs: vec![input],
        jobs: jobs.into_iter().map(job).collect(),
        steps: Vec::new(),
        expect: Expect::default(),
    };
    CheckSetup {
        scenario: Arc::new(scenario),
        catalogue: Arc::new(Catalogue::built_in()),
        inputs: [Arc::new(log)].into(),
        file: None,
        with_output: true,
        bounds_percent: 100,
    }
}

/// A word, its count, and the record it stems from.
type Counted = (&'static str, i64, Origin);

/// A world in the making.
struct World {
    checks: Checks,
    layouts: Vec<Arc<RunLayout>>,
    externals: Vec<ExternalSystem>,
    leftovers: Leftovers,
    number: u64,
}

impl World {
    fn new(jobs: Vec<JobGraph>) -> Self {
        let checks = Checks::new(setup(jobs));
        let out = ExternalSystem { name: "out".to_owned(), ..Default::default() };
        let leftovers = Leftovers::default();
        Self { checks, layouts: Vec::new(), externals: vec![out], leftovers, number: 0 }
    }

    /// One run of a word count.
    fn of_one(sink: &str, function: (&str, &str)) -> Self {
        let mut world = Self::new(vec![word_count(sink, function, 2)]);
        world.submit(0, None);
        world
    }

    fn submit(&mut self, job: usize, from: Option<SnapshotSource>) -> RunId {
        let run = RunId::new(self.layouts.len());
        let graph = self.checks.setup.scenario.jobs[job].graph.clone();
        let plan = Plan::build(Arc::new(graph)).expect("the job can run");
        let tasks = self.layouts.iter().map(|layout| layout.plan.tasks.len()).sum();
        let channels = self.layouts.iter().map(|layout| layout.plan.channels.len()).sum();
        let layout = RunLayout::new(run, format!("count#{}", run.number()), job, Arc::new(plan));
        let layout = Arc::new(layout.beginning_at(TaskId::new(tasks), ChannelId::new(channels)));
        self.checks.on_run(&layout);
        self.layouts.push(layout);
        self.tell(JobEvent::Submitted { from }.of(run));
        let restored = from.map(|from| match from {
            SnapshotSource::Run(_, checkpoint) | SnapshotSource::Files(checkpoint) => checkpoint,
        });
        self.tell(JobEvent::AttemptStarted { attempt: Attempt::new(0), restored }.of(run));
        run
    }

    fn tell(&mut self, event: TraceEvent) {
        let at = SimTime::from_millis(self.number);
        let number = EntryNumber { entry: self.number, record: 0 };
        let cause = self.number.checked_sub(1).map(EntryNumber::of);
        let entry = Entry { at, number, cause, event };
        self.number += 1;
        self.checks.on_entry(&entry);
    }

    fn task(&self, run: usize, name: &str) -> TaskId {
        let layout = &self.layouts[run];
        layout
            .tasks()
            .find(|task| layout.task_name(*task) == name)
            .expect("the task is in the plan")
    }

    fn trigger(&mut self, run: usize, id: u64, kind: CheckpointKind) {
        let (run, checkpoint) = (RunId::new(run), CheckpointId::new(id));
        self.tell(CheckpointEvent::Triggered { kind }.of(run, checkpoint));
    }

    fn complete(&mut self, run: usize, id: u64, kind: CheckpointKind) {
        let (run, checkpoint, attempt) = (RunId::new(run), CheckpointId::new(id), Attempt::new(0));
        let story = self.checks.history.run(run).expect("it was submitted");
        let (acking, tasks) = (story.attempt, story.layout.tasks());
        for task in tasks {
            let (attempt, verdict) = (acking, AckVerdict::Accepted);
            self.tell(TaskEvent::AckHandled { checkpoint, verdict }.of(task, attempt));
        }
        self.tell(CheckpointEvent::MetadataWritten.of(run, checkpoint));
        self.tell(CheckpointEvent::Completed { attempt, kind }.of(run, checkpoint));
    }

    /// A whole checkpoint whose cut is at these positions of the two partitions.
    fn checkpoint(&mut self, run: usize, id: u64, next: [u32; 2], kind: CheckpointKind) {
        self.trigger(run, id, kind);
        let checkpoint = Some(CheckpointId::new(id));
        for (partition, next) in (0..).zip(next) {
            let task = self.task(run, &format!("lines/{partition}"));
            let position = SourcePosition { input: InputId::new(0), partition, next };
            let (positions, attempt) = ([position].into(), Attempt::new(0));
            self.tell(TaskEvent::SourcePositions { checkpoint, positions }.of(task, attempt));
        }
        for task in self.layouts[run].tasks() {
            self.snapshot(task, id, &[], &[]);
        }
        self.complete(run, id, kind);
    }

    fn snapshot(&mut self, task: TaskId, id: u64, got: &[ChannelMark], put: &[ChannelMark]) {
        let (checkpoint, attempt) = (CheckpointId::new(id), Attempt::new(0));
        let (received, sent) = (got.into(), put.into());
        let (windows, lists) = (Arc::default(), Arc::default());
        let taken =
            TaskEvent::SnapshotTaken { checkpoint, received, sent, windows, lists, bytes: 0 };
        self.tell(taken.of(task, attempt));
    }

    /// Rows of run `run` are committed, for a checkpoint.
    fn commit(&mut self, run: usize, number: u32, id: u64, rows: &[Counted]) {
        let transaction = TransactionId { job: key(run), subtask: 0, attempt: 0, number };
        Arc::make_mut(&mut self.externals[0].committed)
            .extend(rows.iter().map(|row| row_of(run, row)));
        let (checkpoint, rows) = (CheckpointId::new(id), u64::try_from(rows.len()).expect("few"));
        self.externals[0].done.insert(transaction, (checkpoint, rows));
        let (external, task, attempt) =
            (ExternalId::new(0), self.task(run, "out/0"), Attempt::new(0));
        for event in [
            TransactionEvent::Begun,
            TransactionEvent::Prepared { checkpoint, rows },
            TransactionEvent::Committed { checkpoint, rows },
        ] {
            self.tell(TraceEvent::Transaction { external, transaction, task, attempt, event });
        }
    }

    fn status(&mut self, run: usize, status: JobStatus) {
        self.tell(JobEvent::StatusChanged { status }.of(RunId::new(run)));
    }

    fn judged(self) -> Verdict {
        let job_keys: Vec<u64> = (0..self.layouts.len()).map(key).collect();
        let ended = SimTime::from_secs(1);
        let externals = &self.externals;
        self.checks.finish(&EndOfWorld {
            externals,
            job_keys: &job_keys,
            ended,
            had_backpressure: false,
            leftovers: &self.leftovers,
            restored: None,
        })
    }

    fn finish(self) -> Verdict {
        let mut verdict = self.judged();
        // Worlds that are made up stand still until their end, which this one minds.
        verdict.checks.retain(|(check, _)| *check != CheckName::BoundedProgress);
        verdict
    }

    /// Expects exactly one violation, of this check, with a text that contains this.
    #[track_caller]
    fn breaks(self, check: CheckName, text: &str) {
        let verdict = self.finish();
        let found: Vec<_> = verdict.violations().collect();
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].check, check, "{found:#?}");
        assert!(found[0].text.contains(text), "{found:#?}");
    }

    #[track_caller]
    fn holds(self) -> Verdict {
        let verdict = self.finish();
        assert!(verdict.holds(), "{:#?}", verdict.violations().collect::<Vec<_>>());
        verdict
    }

    /// Whether anything is said that contains this.
    fn has_said(self, text: &str) -> (bool, String) {
        let verdict = self.judged();
        let said: Vec<_> = verdict.violations().map(|found| found.text.clone()).collect();
        (said.iter().any(|said| said.contains(text)), said.join("\n"))
    }

    /// Breaks something with a text that contains this, and perhaps more.
    #[track_caller]
    fn says(self, text: &str) {
        let (is_said, all) = self.has_said(text);
        assert!(is_said, "{all}");
    }

    /// Breaks, if anything, something else.
    #[track_caller]
    fn says_not(self, text: &str) {
        let (is_said, all) = self.has_said(text);
        assert!(!is_said, "{all}");
    }

    /// Holds, or breaks output equivalence with this text.
    #[track_caller]
    fn holds_if(self, holds: bool, otherwise: &str) {
        if holds {
            self.holds();
        } else {
            self.breaks(CheckName::OutputEquivalence, otherwise);
        }
    }

    /// Breaks output equivalence with this text, and what else it may.
    #[track_caller]
    fn breaks_output(self, text: &str) {
        let verdict = self.finish();
        let mut found =
            verdict.violations().filter(|found| found.check == CheckName::OutputEquivalence);
        assert!(
            found.any(|found| found.text.contains(text)),
            "{:#?}",
            verdict.violations().collect::<Vec<_>>()
        );
    }
}

/// What tells the rows of a run from others.
fn key(run: usize) -> u64 {
    1000 + u64::try_from(run).expect("few runs")
}

fn row_of(run: usize, (word, count, origin): &Counted) -> Row {
    let value = Value::row([Value::text(word), Value::Int(*count)]);
    Row { value, origin: *origin, job: key(run) }
}

/// Word `child` of a line.
const fn origin(partition: u16, offset: u32, child: u32) -> Origin {
    Origin { input: 0, partition, offset, child }
}

/// What the word count makes of all lines, in one of many orders; three of it before the cut `[1, 1]`.
const COUNTED: [Counted; 5] = [
    ("a", 1, origin(1, 0, 0)),
    ("a", 2, origin(0, 0, 0)),
    ("b", 1, origin(0, 0, 1)),
    ("b", 2, origin(0, 1, 0)),
    ("a", 3, origin(1, 1, 0)),
];

fn mark(channel: usize, records: u64, hash: u64) -> ChannelMark {
    ChannelMark { channel: ChannelId::new(channel), records, hash }
}
