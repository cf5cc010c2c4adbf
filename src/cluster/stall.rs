//! Worlds that would never end: when they are ended all the same, and what is told of it.
//!
//! A job that restarts again and again, without reading a record further or completing a checkpoint, comes nowhere. A world
//! has a budget of events and of memory. What would happen at the end of virtual time never does. Steps that are tried again
//! and again are given up in `retry`.

use super::control::{Control, Kind, News, unpack};
use super::world::World;
use crate::effect::JobTimer;
use crate::job::{RunId, TaskId};
use crate::kernel::{Agenda, Event, SimTime};
use crate::operator::Log;
use crate::scenario::Scenario;
use crate::trace::{
    AbortReason, CheckpointEvent, Fault, JobEvent, TaskEvent, TraceEvent, WorldEvent,
};
use std::fmt;
use std::sync::Arc;

/// So many values of one event count as that event.
const FEW_VALUES: usize = 1024;
/// How many events are played between two looks at the memory.
const LOOK_EVERY: u64 = 4096;
/// About how many bytes an entry of the trace takes, with what the checks remember of it.
const BYTES_AN_ENTRY: u64 = 250;
/// About how many bytes of it tell how far a channel was at a snapshot.
const BYTES_A_MARK: u64 = 50;
/// About how many bytes a row takes that an external system holds.
const BYTES_A_ROW: u64 = 120;
/// About how many bytes an event takes that is yet to come, with the element or message that it is about.
const BYTES_DUE: u64 = 200;
/// About how many bytes a task takes, or a channel.
const BYTES_A_PLACE: u64 = 500;
/// How much of what is due next is told.
const TOLD_MAX: usize = 5;
/// Among how many events it is looked for.
const LOOKED_AT_MAX: usize = 200;

/// Why a world ended although a job was not over.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stall {
    /// Nothing was left to happen.
    NothingDue,
    /// A job restarted again and again without reading a record further or completing a checkpoint.
    Restarts {
        /// Which: `count#0`.
        job: String,
        /// How often in a row.
        restarts: u32,
        /// Why it failed the last time, if anybody said.
        cause: Option<Arc<str>>,
    },
    /// The budget of events was used up.
    Events {
        /// How many it was.
        budget: u64,
        /// When.
        at: SimTime,
        /// What was due next, in words.
        due: Vec<String>,
    },
    /// The budget of memory was used up.
    Memory {
        /// How many bytes it was.
        budget: u64,
        /// When.
        at: SimTime,
        /// What was due next, in words.
        due: Vec<String>,
    },
    /// All that was left was due when virtual time ends, or later.
    EndOfTime {
        /// What that was, in words.
        due: Vec<String>,
    },
}

impl Stall {
    /// What to do about it, as one imperative sentence.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NothingDue => "look for a task that waits for ever, such as one that is blocked",
            Self::Restarts { .. } => {
                "mend what fails, limit the restarts of the job, or allow more with `budget = { restarts = N }`"
            }
            Self::Events { .. } => {
                "end the world with `until`, or allow more with `budget = { events = N }`"
            }
            Self::Memory { .. } => {
                "end the world with `until`, or allow more with `budget = { megabytes = N }`"
            }
            Self::EndOfTime { .. } => "choose spans that are over within 584 years",
        }
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let due = |due: &[String]| match due {
            [] => "nothing was due next".to_owned(),
            [..] => format!("due next: {}", due.join("; ")),
        };
        match self {
            Self::NothingDue => f.write_str("a job is not over, and nothing can happen any more"),
            Self::Restarts { job, restarts, cause } => {
                let cause = cause.as_deref().unwrap_or("nobody said why");
                write!(
                    f,
                    "{job} restarted {restarts} times without reading a record further or completing a checkpoint; it failed last with: {cause}"
                )
            }
            Self::Events { budget, at, due: next } => {
                write!(f, "the budget of {budget} events was used up at t={at}; {}", due(next))
            }
            Self::Memory { budget, at, due: next } => {
                let megabytes = budget / 1_000_000;
                write!(
                    f,
                    "the budget of {megabytes} megabytes was used up at t={at}; {}",
                    due(next)
                )
            }
            Self::EndOfTime { due: next } => {
                write!(f, "a job is not over when virtual time ends; {}", due(next))
            }
        }
    }
}

/// What a world may still use up.
#[derive(Clone, Debug)]
pub(super) struct Spending {
    /// Events that are played before the next look.
    until_look: u64,
    /// Events that will have been played by then.
    played: u64,
    events: u64,
    bytes: u64,
    restarts: u32,
    /// What the trace has been told of channels, at each snapshot again.
    marks: u64,
    /// Whether the inputs have been weighed.
    has_weighed: bool,
}

impl Spending {
    /// As the scenario says, or as for one without inputs: they are weighed once that is used up.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let events = scenario.budget.events(scenario, 0, 0);
        let bytes = scenario.budget.bytes(events);
        let first = events.min(LOOK_EVERY);
        let restarts = scenario.budget.restarts(scenario);
        Self {
            until_look: first,
            played: first,
            events,
            bytes,
            restarts,
            marks: 0,
            has_weighed: false,
        }
    }

    /// Weighs the inputs: the budget grows with them.
    fn weigh(&mut self, scenario: &Scenario, inputs: &[Arc<Log>]) {
        let sizes = inputs.iter().map(|log| log.size());
        let (entries, bytes) = sizes.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        self.events = scenario.budget.events(scenario, entries, bytes);
        self.bytes = scenario.budget.bytes(self.events);
        self.has_weighed = true;
    }

    /// Counts what is told of so many channels.
    pub(super) fn count_marks(&mut self, marks: usize) {
        self.marks += u64::try_from(marks).expect("usize fits in 64 bits");
    }

    /// Counts what one event came to as so many, if it is more than a few.
    pub(super) fn charge(&mut self, values: usize) {
        if values > FEW_VALUES {
            let values = u64::try_from(values).expect("usize fits in 64 bits");
            (self.played, self.until_look) = (self.played.saturating_add(values), 1);
        }
    }

    /// Counts an event. Whether it is time for a look.
    #[inline]
    pub(super) fn count(&mut self) -> bool {
        self.until_look -= 1;
        self.until_look == 0
    }
}

/// How far a run has come with its restarts.
#[derive(Clone, Debug, Default)]
pub(super) struct Restarts {
    /// How many in a row led nowhere.
    in_vain: u32,
    /// Why it failed last.
    cause: Option<Arc<str>>,
}

impl World {
    /// Looks at what has been used up. Whether that ends the world, before this event.
    #[cold]
    pub(super) fn is_spent(&mut self, event: Event, agenda: &Agenda) -> bool {
        let used = self.bytes_used(agenda);
        let Spending { played, events, bytes, has_weighed, .. } = self.spending;
        if !has_weighed && (played >= events || used >= bytes) {
            self.spending.weigh(&self.scenario, &self.given.inputs);
        }
        let Spending { played, events, bytes, .. } = self.spending;
        let at = event.at;
        if played >= events {
            let due = self.due_next(event, agenda);
            self.stall = Some(Stall::Events { budget: events, at, due });
        } else if used >= bytes {
            let due = self.due_next(event, agenda);
            self.stall = Some(Stall::Memory { budget: bytes, at, due });
        } else {
            let more = (events - played).min(LOOK_EVERY);
            (self.spending.until_look, self.spending.played) = (more, played + more);
        }
        if self.stall.is_some() {
            (self.is_over, self.spending.until_look) = (true, u64::MAX);
        }
        self.stall.is_some()
    }

    /// About how much memory the world takes, with what listeners remember of it.
    fn bytes_used(&self, agenda: &Agenda) -> u64 {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let rows = self.externals.iter().map(|external| wide(external.rows())).sum::<u64>();
        let places = wide(self.places.len() + self.channels.len());
        self.entries * BYTES_AN_ENTRY
            + self.spending.marks * BYTES_A_MARK
            + rows * BYTES_A_ROW
            + wide(agenda.len()) * BYTES_DUE
            + places * BYTES_A_PLACE
    }

    /// The end of virtual time has come. What is due then does not happen any more.
    #[cold]
    pub(super) fn end_time(&mut self, event: Event, agenda: &Agenda) {
        let due = self.due_next(event, agenda);
        self.until_reached = self.scenario.until == Some(SimTime::MAX) && self.any_alive();
        self.stall = Some(Stall::EndOfTime { due });
    }

    /// What this event and those after it are about, in words.
    fn due_next(&self, event: Event, agenda: &Agenda) -> Vec<String> {
        let mut agenda = agenda.clone();
        let mut told: Vec<String> = Vec::new();
        let rest = std::iter::from_fn(|| agenda.pop());
        for event in std::iter::once(event).chain(rest).take(LOOKED_AT_MAX) {
            let words = self.in_words(event.what);
            if !told.contains(&words) {
                told.push(words);
            }
            if told.len() == TOLD_MAX {
                break;
            }
        }
        let later = self.controls.steps().map(|step| self.step_in_words(step));
        let later = later.filter(|words| !told.contains(words)).take(TOLD_MAX);
        let later: Vec<String> = later.map(|words| format!("later {words}")).collect();
        told.extend(later);
        told
    }

    fn step_in_words(&self, step: usize) -> String {
        match self.scenario.steps.get(step).map(|step| step.line.0) {
            Some(line @ 1..) => format!("the step in line {line}"),
            Some(0) | None => format!("step {step}"),
        }
    }

    /// What an event is about: `clicks/0 reads`.
    fn in_words(&self, what: u32) -> String {
        let (kind, index) = unpack(what);
        match kind {
            Kind::Head => format!("an element reaches {}", self.named(self.channels[index].to)),
            Kind::Turn => format!("{} takes the next element", self.named(TaskId::new(index))),
            Kind::Read => format!("{} reads", self.named(TaskId::new(index))),
            Kind::Control => match self.controls.peek(index) {
                Some(control) => self.control_in_words(control),
                None => "nothing".to_owned(),
            },
        }
    }

    /// The name of a task: `count#0:counts/1`.
    fn named(&self, task: TaskId) -> String {
        let layout = &self.places[task.index()].layout;
        format!("{}:{}", layout.label, layout.task_name(task))
    }

    fn control_in_words(&self, control: &Control) -> String {
        let label = |run: &RunId| self.runs[run.index()].layout.label.as_str();
        let named = |task: &TaskId| self.named(*task);
        match control {
            Control::ToTask { task, .. } => format!("a message reaches {}", named(task)),
            Control::ToJob { task, .. } => format!("a message of {} arrives", named(task)),
            Control::Started { task, .. } => format!("{} starts", named(task)),
            Control::Durable { task, checkpoint, .. } => {
                format!("the snapshot of {} for checkpoint {checkpoint} is durable", named(task))
            }
            Control::SendAck { task, checkpoint, .. } => {
                format!("{} acks checkpoint {checkpoint}", named(task))
            }
            Control::BarrierArrives { channel, checkpoint, .. } => {
                let to = self.channels[channel.index()].to;
                format!("the barrier of checkpoint {checkpoint} reaches {}", self.named(to))
            }
            Control::AlignmentTimer { task, checkpoint, .. } => {
                format!("the aligned time of checkpoint {checkpoint} is over for {}", named(task))
            }
            Control::Wake { task, .. } => {
                format!("a timer or a watermark of {} is due", named(task))
            }
            Control::ToLeader { run, news, .. } => news_in_words(label(run), *news),
            Control::Pointer { run, .. } => format!("a pointer of {} is stored", label(run)),
            Control::TakeOver(run) => format!("{} is taken over", label(run)),
            Control::Disowned { task, .. } => format!("{} ends", named(task)),
            Control::Recover(run) => format!("{} recovers", label(run)),
            Control::Step(step) => self.step_in_words(*step),
            Control::Unblock { task, .. } => format!("{} is not blocked any more", named(task)),
            Control::UploadFailed { task, checkpoint, .. } => {
                format!("{} fails to upload checkpoint {checkpoint}", named(task))
            }
            Control::Replaced(manager) => format!("task manager {} is replaced", manager.index()),
            Control::TaskManagerSilent { manager, .. }
            | Control::JobManagerSilent { manager, .. }
            | Control::NetworkWhole { manager, .. } => {
                format!("something becomes of task manager {}, which is cut off", manager.index())
            }
            Control::Until => "`until`".to_owned(),
            Control::Quiet(_) => "the end of a world that is quiet".to_owned(),
        }
    }

    /// Notes what was just told of failures, checkpoints and restarts. A job that has restarted too often in vain ends the
    /// world.
    pub(super) fn note_restarts(&mut self) {
        for place in 0..self.told.len() {
            let Self { told, runs, places, .. } = self;
            #[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing of it")]
            match &told[place].event {
                TraceEvent::Task(task, _, TaskEvent::OperatorFailed { why, .. }) => {
                    let run = places[task.index()].run;
                    runs[run.index()].restarts.cause = Some(Arc::clone(why));
                }
                TraceEvent::World(WorldEvent::FaultInjected { fault: Fault::TaskKilled(task) }) => {
                    let run = places[task.index()].run;
                    runs[run.index()].restarts.cause = Some("a task was killed".into());
                }
                TraceEvent::Checkpoint(
                    run,
                    checkpoint,
                    CheckpointEvent::Aborted { reason: AbortReason::Expired, .. },
                ) => {
                    let why = format!("checkpoint {checkpoint} {}", AbortReason::Expired);
                    runs[run.index()].restarts.cause = Some(why.into());
                }
                TraceEvent::Checkpoint(run, _, CheckpointEvent::Completed { .. }) => {
                    let run = &mut runs[run.index()];
                    run.restarts.in_vain = 0;
                    let tasks = run.layout.tasks();
                    tasks.for_each(|task| places[task.index()].furthest = 0);
                }
                TraceEvent::Job(run, JobEvent::AttemptStarted { attempt, .. })
                    if attempt.number() > 0 =>
                {
                    let run = *run;
                    self.count_restart(run, None);
                }
                TraceEvent::Job(run, JobEvent::RegionRestarted { tasks, .. }) => {
                    let (run, tasks) = (*run, Arc::clone(tasks));
                    self.count_restart(run, Some(&tasks));
                }
                _ => {}
            }
        }
    }

    /// A job restarts these of its tasks, or all. It has come further if a source of it has read more than any attempt
    /// before, since the last checkpoint that completed.
    fn count_restart(&mut self, run: RunId, tasks: Option<&[TaskId]>) {
        let layout = Arc::clone(&self.runs[run.index()].layout);
        let mut is_further = false;
        for task in layout.tasks() {
            let place = &mut self.places[task.index()];
            is_further |= place.reads > place.furthest;
            place.furthest = place.furthest.max(place.reads);
            if tasks.is_none_or(|tasks| tasks.contains(&task)) {
                place.reads = 0;
            }
        }
        let limit = self.spending.restarts;
        let restarts = &mut self.runs[run.index()].restarts;
        restarts.in_vain = if is_further { 0 } else { restarts.in_vain + 1 };
        if restarts.in_vain >= limit {
            let (restarts, cause) = (restarts.in_vain, restarts.cause.clone());
            self.stall = Some(Stall::Restarts { job: layout.label.clone(), restarts, cause });
            self.is_over = true;
        }
    }
}

/// What reaches the job manager of a run.
fn news_in_words(run: &str, news: News) -> String {
    match news {
        News::Timer(JobTimer::Periodic(_)) => format!("a periodic checkpoint of {run}"),
        News::Timer(JobTimer::Expire(checkpoint)) => {
            format!("the timeout of checkpoint {checkpoint} of {run}")
        }
        News::Timer(JobTimer::Enumerators(checkpoint)) => {
            format!("the state of the split enumerators of {run} for checkpoint {checkpoint}")
        }
        News::Timer(JobTimer::Assignment(_)) => format!("the timeout of a split of {run}"),
        News::Timer(JobTimer::Restart(_)) => format!("a restart of {run}"),
        News::Metadata(checkpoint)
        | News::MetadataStored(checkpoint)
        | News::MetadataUnheard(checkpoint)
        | News::MetadataFailed(checkpoint) => {
            format!("the metadata of checkpoint {checkpoint} of {run}")
        }
        News::PointerStored(checkpoint) | News::PointerFailed(checkpoint) => {
            format!("the pointer to checkpoint {checkpoint} of {run}")
        }
    }
}
