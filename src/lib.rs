//! Sandbar plays checkpoints, savepoints and restores of a Flink-style stream processor: in one thread, on virtual
//! time, from one seed. The same scenario and seed give the same run, event by event, on every machine.
//!
//! A **scenario** goes in, a **trace** comes out, and everything else only reads the trace: the checks, the story, the
//! digest.
//!
//! ```
//! use sandbar::operator::Catalogue;
//! use sandbar::scenario::Scenario;
//! use sandbar::search::{Judgement, Setup, play};
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
//! let played = play(setup, |_| Ok::<(), std::convert::Infallible>(()))?;
//! assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to look
//!
//! | you want to | go to |
//! |---|---|
//! | build a story | [`scenario`] |
//! | play it and judge it | [`search`] |
//! | write an operator of your own | [`operator::Operator`], tested alone with [`operator::Standalone`] |
//! | read what happened | [`trace`] |
//! | see what must always hold | [`check`] |
//! | build another simulation on the same kernel | [`kernel::Simulation`] |
//!
//! # Operators of your own
//!
//! An operator is a struct with the life cycle of Flink's own. Everything it remembers goes through its context, which
//! is what makes it survive a crash, a savepoint and another parallelism. Add it to a catalogue, and scenarios can name
//! it; `sandbar::cli::main(catalogue)` gives it the whole command line (`examples/own_operator.rs` is such a program).
//!
//! One that cannot go on calls [`fail`](operator::Context::fail), and its task fails as with an exception in Flink. One that
//! panics ends the play, which is judged [`UserPanicked`](search::Judgement::UserPanicked) and says in which call and with
//! which record that was; or it fails its task, too, if its entry says [`FailsTheTask`](operator::OnPanic::FailsTheTask).
//!
//! ```
//! use sandbar::job::Value;
//! use sandbar::operator::{Catalogue, Context, Entry, Equality, Operator};
//! use sandbar::scenario::Scenario;
//! use sandbar::search::{Judgement, Setup, play};
//! use sandbar::state::KeyedId;
//! use std::sync::Arc;
//!
//! /// Emits each key once, when it first comes.
//! #[derive(Clone, Default)]
//! struct Distinct {
//!     seen: Option<KeyedId>,
//! }
//!
//! impl Operator for Distinct {
//!     fn initialize(&mut self, context: &mut dyn Context) {
//!         self.seen = Some(context.keyed_state("seen"));
//!     }
//!     fn process(&mut self, _input: u8, value: Value, context: &mut dyn Context) {
//!         let seen = self.seen.expect("declared in `initialize`");
//!         if context.keyed(seen).replace(Value::Bool(true)).is_none() {
//!             let key = context.key().clone();
//!             context.emit(Value::row([key, value]));
//!         }
//!     }
//!     fn fork(&self) -> Box<dyn Operator> {
//!         Box::new(self.clone())
//!     }
//! }
//!
//! let mut catalogue = Catalogue::built_in();
//! let about = "emits each key once, with the value it first came with";
//! catalogue.add("aggregate", "distinct", Entry {
//!     equality: Equality::LastPerKey,
//!     keyed: true,
//!     stateful: true,
//!     ..Entry::new(about, |_| Box::new(Distinct::default()))
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
//!       { name = "first", aggregate = "distinct", key-by = 0, parallelism = 3, uid = "first" },
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
//! let played = play(setup, |_| Ok::<(), std::convert::Infallible>(()))?;
//! assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `cli`, `fs` and `proptest` are on by default. Without them the library needs no file system, clock or thread and
//! compiles for `wasm32-unknown-unknown`.

pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod coordinator;
pub mod effect;
pub mod job;
pub mod kernel;
pub mod operator;
pub mod render;
pub mod rules;
pub mod scenario;
pub mod search;
pub mod state;
pub mod store;
pub mod task;
pub mod trace;
