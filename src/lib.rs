//! Sandbar plays checkpoints, savepoints and restores of a Flink-style stream processor: in one thread, on virtual
//! time, from one seed. The same scenario and seed give the same run, event by event, on every machine.
//!
//! A **scenario** goes in, a **trace** comes out, and everything else only reads the trace: the checks, the story, the
//! digest.
//!
//! ```
//! use sandbar::{Catalogue, Judgement, Scenario, Setup, play_out};
//! use std::sync::Arc;
//!
//! let catalogue = Arc::new(Catalogue::built_in());
//! let scenario = Scenario::parse(
//!     r#"
//!     about = "A counter is killed and counts every record once all the same."
//!
//!     [input.clicks]
//!     generate = { records = 400, keys = 10 }
//!     every = "5ms"
//!
//!     [job.count]
//!     checkpoint = { interval = "200ms" }
//!     operators = [
//!       { name = "clicks", source = "clicks", uid = "clicks" },
//!       { name = "counts", aggregate = "count", key-by = 0, parallelism = 2, uid = "counts" },
//!       { name = "out", sink = "two-phase", uid = "out" },
//!     ]
//!
//!     [[step]]
//!     when = { completed = 3 }
//!     do = { kill = "counts/1" }
//!
//!     [expect]
//!     jobs = { count = "finished" }
//!     committed-rows = { out = 400 }
//!     sometimes = ["restored", "task-killed"]
//!     "#,
//!     "clicks.toml",
//!     &catalogue,
//! )?;
//!
//! let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
//! let played = play_out(setup);
//! assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//!
//! | you want to | go to |
//! |---|---|
//! | write a story, or have one drawn from a seed | [`Scenario`], its parts in [`story`] |
//! | make one that is broken smaller | [`shrinking`] |
//! | play it and judge it | [`Setup`], [`play_out`], [`Played`], [`Verdict`] |
//! | write an operator or a sink of your own | [`Operator`], [`Context`], [`Entry`] and [`operators`], tested alone with [`Standalone`] |
//! | read what happened | [`events`] |
//! | play under another release, rule or broken protocol | [`Release`], [`Override`], [`Mutation`] |
//! | have `cargo test` play stories under many seeds, and keep what fails | [`testing`] |
//! | keep savepoints as files, look at them, move and delete them | [`savepoints`] |
//! | have the whole command line over your operators | [`cli::main`] |
//! | build another simulation on the same kernel | [`simulation`] |
//!
//! # Operators of your own
//!
//! An operator is a struct with the life cycle of Flink's own. Everything it remembers goes through its context, which
//! is what makes it survive a crash, a savepoint and another parallelism. Add it to a catalogue, and scenarios can name
//! it; `sandbar::cli::main(catalogue)` gives it the whole command line (`examples/own_operator.rs` is such a program).
//!
//! One that cannot go on calls [`fail`](Context::fail), and its task fails as with an exception in Flink. One that
//! panics ends the play, which is judged [`UserPanicked`](Judgement::UserPanicked) and says in which call and with
//! which record that was; or it fails its task, too, if its entry says [`FailsTheTask`](operators::OnPanic::FailsTheTask).
//!
//! ```
//! use sandbar::operators::{KeyedId, Value};
//! use sandbar::{Catalogue, Context, Entry, Judgement, Operator, Scenario, Setup, play_out};
//! use std::sync::Arc;
//!
//! /// Emits each key once, when it first comes. The key alone: the value that it came with depends on which record of it
//! /// came first, and need not be the same in two runs.
//! #[derive(Clone, Default)]
//! struct FirstVisit {
//!     seen: Option<KeyedId>,
//! }
//!
//! impl Operator for FirstVisit {
//!     fn initialize(&mut self, context: &mut dyn Context) {
//!         self.seen = Some(context.keyed_state("seen"));
//!     }
//!     fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
//!         let seen = self.seen.expect("declared in `initialize`");
//!         if context.keyed(seen).replace(Value::Bool(true)).is_none() {
//!             context.emit(context.key().clone());
//!         }
//!     }
//!     fn fork(&self) -> Box<dyn Operator> {
//!         Box::new(self.clone())
//!     }
//! }
//!
//! let mut catalogue = Catalogue::built_in();
//! let entry = Entry::new("emits each key once", |_| Box::new(FirstVisit::default()));
//! // What it emits is the same multiset however its inputs are interleaved, which an entry says of itself unless it
//! // declares a weaker `Equality`.
//! catalogue.add("aggregate", "first-visit", Entry {
//!     keyed: true,
//!     stateful: true,
//!     ..entry
//! });
//! let catalogue = Arc::new(catalogue);
//! let scenario = Scenario::parse(
//!     r#"
//!     [input.clicks]
//!     generate = { records = 300, keys = 20 }
//!
//!     [job.visitors]
//!     checkpoint = { interval = "50ms" }
//!     operators = [
//!       { name = "clicks", source = "clicks", uid = "clicks" },
//!       { name = "first", aggregate = "first-visit", key-by = 0, parallelism = 3, uid = "first" },
//!       { name = "out", sink = "two-phase", uid = "out" },
//!     ]
//!
//!     [[step]]
//!     when = { completed = 2 }
//!     do = { kill = "first/0" }
//!
//!     [expect]
//!     committed-rows = { out = 20 }
//!     "#,
//!     "visitors.toml",
//!     &catalogue,
//! )?;
//! let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
//! let played = play_out(setup);
//! assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A sink says in its entry how it writes ([`Writes`](operators::Writes)), and what it wrote is judged by that:
//! `examples/own_sink.rs` writes in transactions of its own. What a sink that says nothing wrote is not judged.
//!
//! # Features
//!
//! `cli` and `fs` are on by default; `proptest` adds strategies. Without them the library needs no file system, clock or thread and
//! compiles for `wasm32-unknown-unknown`.

#![cfg_attr(
    not(feature = "cli"),
    expect(unused_imports, reason = "the command line alone asks for some of what rooms offer")
)]

mod check;
#[cfg(feature = "cli")]
pub mod cli;
mod cluster;
mod coordinator;
mod documented;
mod effect;
#[doc(hidden)]
pub mod internals;
mod job;
mod kernel;
mod operator;
mod render;
mod rules;
mod scenario;
mod search;
mod state;
mod store;
mod task;
#[cfg(feature = "fs")]
pub mod testing;
mod trace;

pub use check::{
    BrokenPromise, Compared, Evidence, Finding, NotCompared, Skipped, Verdict, Violation,
};
pub use kernel::{Choices, SimTime};
pub use operator::{Catalogue, Context, Entry, Operator, Standalone};
pub use rules::{Known, Mutation, Override, Release, Rules, UnknownRelease, WrongRule};
#[cfg(feature = "proptest")]
pub use scenario::drawn;
pub use scenario::{Profile, Scenario, ScenarioError};
pub use search::{Judgement, Played, Restoring, Setup, play_out};
pub use trace::{CheckName, Sometimes};

/// Operators, sources and sinks of one's own: what they are given, remember and ask for, and what their entries say of them.
///
/// ```
/// use sandbar::operators::{KeyBy, KeySelector, KeyedId, Value};
/// use sandbar::{Context, Operator, Standalone};
///
/// /// Counts the values of each key.
/// #[derive(Clone, Default)]
/// struct Counts {
///     count: Option<KeyedId>,
/// }
///
/// impl Operator for Counts {
///     fn initialize(&mut self, context: &mut dyn Context) {
///         self.count = Some(context.keyed_state("count"));
///     }
///     fn process(&mut self, _input: u8, _value: Value, context: &mut dyn Context) {
///         let count = context.keyed(self.count.expect("declared in `initialize`"));
///         let more = count.as_ref().and_then(Value::as_int).unwrap_or(0) + 1;
///         *count = Some(Value::Int(more));
///         context.emit(Value::Int(more));
///     }
///     fn fork(&self) -> Box<dyn Operator> {
///         Box::new(self.clone())
///     }
/// }
///
/// let counts = Standalone::new(Box::new(Counts::default()));
/// let mut counts = counts.keyed_by(KeyBy::new(KeySelector::Value)).start();
/// counts.process(0, Value::text("a"));
/// counts.process(0, Value::text("a"));
/// assert_eq!(counts.take_emitted(), [Value::Int(1), Value::Int(2)]);
/// ```
pub mod operators {
    pub use crate::effect::ExternalRequest;
    pub use crate::job::{
        CheckpointId, EventTime, InputId, KeyBy, KeySelector, KeyType, KeyedKind, Nesting,
        NestingError, OperatorNode, Origin, Registration, StateType, TransactionId, Value,
    };
    pub use crate::operator::{
        Definition, Emits, Equality, Fold, InputLog, Log, OnPanic, Poll, Rows, Since, Writes,
    };
    pub use crate::rules::CommitWhen;
    pub use crate::state::{
        BroadcastId, CommitPermit, KeyedEntry, KeyedId, KeyedSnapshot, ListId, ListMode,
        ListSnapshot, OperatorSnapshot, Timer, TimerKind, TimerService,
    };
}

/// The parts of a scenario: inputs, jobs and their graphs, steps, expectations.
///
/// ```
/// use sandbar::story::{Action, Line, Step, TaskName, Trigger};
/// use sandbar::{Catalogue, Judgement, Scenario, Setup, SimTime, play_out};
/// use std::sync::Arc;
///
/// let text = r#"
///     [input.clicks]
///     generate = { records = 100, keys = 5 }
///     every = "5ms"
///
///     [job.copy]
///     checkpoint = { interval = "100ms" }
///     operators = [
///       { name = "clicks", source = "clicks", uid = "clicks" },
///       { name = "out", sink = "two-phase", uid = "out" },
///     ]
/// "#;
/// let catalogue = Arc::new(Catalogue::built_in());
/// let scenario = Scenario::parse(text, "copy.toml", &catalogue)?;
/// for millis in [50, 150, 250] {
///     let task = TaskName { job: "copy".to_owned(), operator: "out".to_owned(), subtask: 0 };
///     let kill = Step {
///         trigger: Trigger::At(SimTime::from_millis(millis)),
///         action: Action::Kill(task),
///         refused: None,
///         retry: None,
///         may_miss: false,
///         line: Line(0),
///     };
///     let killed = Scenario { steps: vec![kill], ..scenario.clone() };
///     let setup = Setup::of(Arc::new(killed), Arc::clone(&catalogue)).expect("it reads no files");
///     assert_eq!(play_out(setup).judgement(), Judgement::Holds);
/// }
/// # Ok::<(), sandbar::ScenarioError>(())
/// ```
pub mod story {
    pub use crate::job::{
        AtEnd, ChainStrategy, CheckpointConfig, CheckpointMode, ClaimMode, DelayOptions,
        GraphError, InputEdge, JobGraph, KeyColumns, KeyedOptions, ListOptions, OperatorIndex,
        OperatorKind, OperatorOptions, Partitioner, Reader, RestartStrategy, Retention,
        SnapshotFormat, SourceTime, StateBackend, WindowAggregate, WindowAggregates,
        WindowFunction, WindowOptions, WindowTime,
    };
    pub use crate::rules::Failover;
    pub use crate::scenario::{
        Action, Aim, Block, Budget, Cancel, ClusterConfig, Column, CopyFiles, Damage,
        DamageMetadata, DeleteFiles, Dispose, DisturbedWrite, Expect, Failing, FailingCall,
        FileAction, Holds, Input, InputKind, JobConfig, Line, Milestone, Mistake, MoveFiles,
        Network, Partition, Piece, Planned, ProtocolExpectations, Reach, RewritePaths, Run,
        SavepointBackend, SavepointDir, Shuffle, Step, Stop, StorageFailing, TakeCheckpoint,
        TakeSavepoint, TaskName, TimeFormat, Trigger, Upgraded,
    };
}

/// What happened in a world that was played: its trace, and what it came to.
///
/// ```
/// use sandbar::events::{CheckpointEvent, Names, Style, TraceEvent, story};
/// use sandbar::{Catalogue, Choices, Profile, Scenario, Setup, play_out};
/// use std::sync::Arc;
///
/// let scenario = Arc::new(Scenario::draw(&Choices::new(7), &Profile::default()));
/// let setup = Setup::of(Arc::clone(&scenario), Arc::new(Catalogue::built_in()));
/// let setup = setup.expect("what is drawn reads no files");
/// let played = play_out(Setup { keeps_trace: true, ..setup });
///
/// let is_completed = |event: &TraceEvent| {
///     matches!(event, TraceEvent::Checkpoint(_, _, CheckpointEvent::Completed { .. }))
/// };
/// let completed = played.trace.entries.iter().filter(|entry| is_completed(&entry.event)).count();
/// assert!(completed > 0);
///
/// let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
/// let names = Names::new(&played.trace, &scenario, sinks);
/// assert!(story(&played.trace, &names, Style::PLAIN).contains("completed"));
/// ```
pub mod events {
    pub use crate::cluster::{
        At, End, JobEnd, NeverTaken, Outcome, SavepointEnd, Stall, UserPanic,
    };
    pub use crate::effect::{ExternalSystem, Row};
    pub use crate::job::{
        Attempt, ChannelId, CheckpointKind, ExternalId, JobId, OperatorId, RunId, TaskId,
        TaskManagerId,
    };
    pub use crate::render::{
        Names, Style, cast_line, end_line, json_lines, story, timeline, transcript,
    };
    pub use crate::search::{LeftOnDisk, RestoreTold, Restores};
    pub use crate::trace::{
        AbortReason, AckVerdict, Call, ChannelEnd, ChannelMark, CheckpointEvent, DurableWrite,
        EndOfTask, Entry, EntryNumber, Fault, JobEvent, JobStatus, Leftovers, Message, MessageFate,
        Renamed, Request, RestoreReport, SnapshotSource, SourcePosition, StateKind, StateSum,
        StateUnit, StorageFault, TaskEvent, TaskInTheEnd, Trace, TraceEvent, TransactionEvent,
        WorldEvent,
    };
}

/// Pictures of a run, as `sandbar draw` makes them.
///
/// ```
/// use sandbar::events::Names;
/// use sandbar::pictures::{Options, Picture, layout, svg};
/// use sandbar::{Catalogue, Choices, Profile, Scenario, Setup, play_out};
/// use std::sync::Arc;
///
/// let scenario = Arc::new(Scenario::draw(&Choices::new(7), &Profile::default()));
/// let setup = Setup::of(Arc::clone(&scenario), Arc::new(Catalogue::built_in()));
/// let setup = setup.expect("what is drawn reads no files");
/// let played = play_out(Setup { keeps_trace: true, ..setup });
/// let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
/// let names = Names::new(&played.trace, &scenario, sinks);
///
/// let picture = Picture::new(&played.trace, &names, &[]);
/// let scene = layout(&picture, &Options::default())?;
/// assert!(svg(&scene).starts_with("<svg"));
/// # Ok::<(), sandbar::pictures::PictureError>(())
/// ```
pub mod pictures {
    pub use crate::render::Broken;
    pub use crate::render::picture::{
        Arrow, ArrowKind, Checkpoint, CheckpointEnd, CheckpointOf, Lane, LaneKind, Options,
        Picture, PictureError, Placed, Point, PointKind, Scene, Span, SpanKind, Step, Undone, View,
        ascii, layout, mermaid, svg, text,
    };
}

/// Savepoints and retained checkpoints as files: played into a data folder and started from, listed, verified, moved and
/// disposed of.
///
/// ```
/// use sandbar::savepoints::{DataDir, dispose, list, play_with_files, verify};
/// use sandbar::{Catalogue, Judgement, Scenario, Setup};
/// use std::sync::Arc;
///
/// let text = r#"
///     [input.clicks]
///     generate = { records = 100, keys = 5 }
///     every = "5ms"
///
///     [job.copy]
///     checkpoint = { interval = "100ms" }
///     operators = [
///       { name = "clicks", source = "clicks", uid = "clicks" },
///       { name = "out", sink = "two-phase", uid = "out" },
///     ]
///
///     [[step]]
///     at = "250ms"
///     do = { savepoint = { as = "kept" } }
/// "#;
/// let catalogue = Arc::new(Catalogue::built_in());
/// let scenario = Scenario::parse(text, "copy.toml", &catalogue)?;
/// let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
///
/// let folder = tempfile::tempdir()?;
/// let data = DataDir::open_or_create(folder.path().join("data"))?;
/// let (played, savepoints) = play_with_files(setup, &data, |_| Ok(()))?;
/// assert_eq!(played.judgement(), Judgement::Holds);
/// let kept = &savepoints["kept"];
/// assert_eq!(verify(kept)?.summary.job_name, "copy");
/// assert!(list(data.path())?.iter().any(|listed| listed.path == *kept));
/// dispose(kept)?;
/// assert!(!kept.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "fs")]
pub mod savepoints {
    pub use crate::search::{Earlier, InputError, PlayError, open, play_with_files, start_from};
    pub use crate::store::{
        CodecError, DamageCause, DataDir, Disposed, InputIdentity, LeftFile, Listed, Moved,
        OperatorSummary, SavepointSummary, StateSummary, StoreError, Verified, VerifiedFile, Why,
        describe, dispose, list, move_to, move_with_paths, verify,
    };
}

/// Looking for a smaller story that is broken in the same way, as `sandbar shrink` does.
///
/// ```
/// use sandbar::shrinking::{Shrinking, plays_generated};
/// use sandbar::{Catalogue, Choices, Mutation, Profile, Scenario};
/// use std::sync::Arc;
///
/// let drawn = Scenario::draw(&Choices::new(0), &Profile::default());
/// let broken = Scenario { mutations: vec![Mutation::AckBeforeDurable], ..drawn };
/// let catalogue = Arc::new(Catalogue::built_in());
/// let mut player = plays_generated(&catalogue, false);
/// let shrinking = Shrinking::of(&broken, &catalogue, &mut *player).expect("nobody interrupts");
/// let found = shrinking.first(None).expect("it is broken").clone();
///
/// let small = shrinking.shrink(&found, 400, &mut *player, &mut |_plays, _size| {});
/// assert!(small.after < small.before, "{}", small.after);
/// assert_eq!(small.found.signature, found.signature);
/// assert!(small.scenario.to_text().contains("ack-before-durable"));
/// ```
pub mod shrinking {
    pub use crate::search::{
        Found, Player, Shrinking, Shrunk, Signature, Size, Stopped, Trial, Wrong, play_within,
        plays_generated,
    };
}

/// Another simulation on the same kernel: virtual time, an agenda, keyed choices, a digest of all that happened.
///
/// ```
/// use sandbar::simulation::{Agenda, Digest, Event, Flow, Simulation, World};
/// use sandbar::{Choices, SimTime};
///
/// /// A light that goes on and off, after times of its own choice.
/// struct Light {
///     agenda: Agenda,
///     choices: Choices,
///     is_on: bool,
/// }
///
/// impl World for Light {
///     fn agenda(&mut self) -> &mut Agenda {
///         &mut self.agenda
///     }
///     fn on_event(&mut self, event: Event, _: &mut Digest) -> Flow {
///         self.is_on = !self.is_on;
///         let (low, high) = (SimTime::from_millis(10), SimTime::from_millis(90));
///         let pause = self.choices.stream("pause", "light").span(event.what.into(), low, high);
///         self.agenda.push(event.at.plus(pause), event.what + 1);
///         if event.what < 9 { Flow::Continue } else { Flow::Stop }
///     }
/// }
///
/// let play = |seed| {
///     let mut agenda = Agenda::default();
///     agenda.push(SimTime::ZERO, 0);
///     let mut light = Simulation::new(Light { agenda, choices: Choices::new(seed), is_on: false });
///     light.run();
///     (light.events(), light.digest)
/// };
/// assert_eq!(play(1).0, 10);
/// assert_eq!(play(1), play(1));
/// assert_ne!(play(1), play(2));
/// ```
pub mod simulation {
    pub use crate::kernel::{
        Agenda, Digest, Event, Family, Flow, Piece, Simulation, SpanError, Stream, Ticket, World,
    };
}
