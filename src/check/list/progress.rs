//! Bounded progress: where nothing goes wrong, checkpoints complete, time passes, inputs end, and whoever asked is answered.
//!
//! A run is calm while all its tasks run and nothing was done to it or to the world. A fault ends the calm, and a new one
//! begins when what follows from it must be over. In a calm something is always owed: the next completion, the end of the
//! data, the end of the job. What comes later than the story allows is a violation. So is a source that reads or tells the time
//! too slowly, and a task that waits for what will not come.

mod calm;
mod pace;
mod requests;
mod slots;
mod time;
mod waiting;

use super::{End, Findings, Observer, Past, Subjects, Violation};
use crate::check::deadlines::AtMost;
use crate::check::setup::CheckSetup;
use crate::job::{Attempt, RunId, TaskId, TaskManagerId};
use crate::kernel::SimTime;
use crate::scenario::{Action, Cancel};
use crate::trace::{
    CheckName, CheckpointEvent, EndOfTask, Entry, Fault, JobEvent, JobStatus, Message, MessageFate,
    TaskEvent, TraceEvent, WorldEvent,
};
use calm::{Debt, RunWatch};
use pace::{Pace, Slow};
use requests::Restarts;
use slots::Slots;
use std::collections::BTreeMap;
use time::Times;
use waiting::{InVain, Waits};

/// How long a job manager waits for storage, and an enumerator for a reader, before it takes them for failed.
const PATIENCE: SimTime = SimTime::from_secs(1);

/// Something that took longer than it may where no sender waits for credit. Whether one did is known in the end.
#[derive(Clone, Debug)]
struct Late {
    took: SimTime,
    most: AtMost,
    violation: Violation,
}

/// Follows every run.
#[derive(Clone, Debug, Default)]
pub(super) struct BoundedProgress {
    runs: BTreeMap<RunId, RunWatch>,
    times: Times,
    restarts: Restarts,
    pace: Pace,
    waits: Waits,
    slots: Slots,
    cut_off: Vec<TaskManagerId>,
    late: Vec<Late>,
    /// The longest that a message of the story is late.
    delay: SimTime,
}

impl Observer for BoundedProgress {
    const LOOKS_AT: Subjects =
        Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS).and(Subjects::WORLD);

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other steps delay no message")]
    fn of(setup: &CheckSetup) -> Self {
        let delay = |action: &Action| match action {
            Action::Delay(_, by) | Action::Repeat(_, by) => Some(*by),
            _ => None,
        };
        let delays = setup.scenario.steps.iter().filter_map(|step| delay(&step.action));
        Self { delay: delays.max().unwrap_or_default(), ..Self::default() }
    }

    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        self.slots.observe(entry, past);
        match &entry.event {
            TraceEvent::Job(run, event) => self.on_job(*run, event, entry, past),
            TraceEvent::Checkpoint(run, checkpoint, event) => {
                let watch = self.runs.entry(*run).or_default();
                let debts = watch.on_checkpoint(*checkpoint, event, entry.at, *run, past);
                self.enter(entry, debts, found);
                if matches!(event, CheckpointEvent::Aborted { .. }) {
                    let over = self.waits.on_aborted(*checkpoint, (*run, entry.at), past);
                    over.into_iter().for_each(|over| self.on_waited(over, *run, entry));
                }
            }
            TraceEvent::Task(task, attempt, event) => {
                let run = past.history.run_of(*task);
                if let Some(text) = self.times.observe((*task, *attempt), event, run, past) {
                    found.add(Violation::at_entry(CheckName::BoundedProgress, entry, text));
                }
                self.on_pace((*task, *attempt), event, entry, past, found);
                let is_current =
                    past.run(run).is_some_and(|story| story.is_current(*task, *attempt));
                let ends = matches!(event, TaskEvent::Ended { .. }) && is_current;
                if ends || matches!(event, TaskEvent::Deployed { .. }) {
                    // What kept it busy went with it, but not with a zombie beside it.
                    let watch = self.runs.entry(run).or_default();
                    watch.blocked.retain(|other| other != task);
                }
                self.on_task(run, event, entry, past);
            }
            TraceEvent::World(event) => self.on_world(event, entry, past),
            TraceEvent::Transaction { .. } => {}
        }
    }

    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        let had_backpressure = end.world.had_backpressure;
        for late in &self.late {
            if late.took > late.most.span(had_backpressure) {
                found.add(late.violation.clone());
            }
        }
        for (run, watch) in &self.runs {
            let Some(story) = end.past.run(*run) else { continue };
            for InVain { took, text } in self.waits.left_over(story, end.world.ended) {
                let most = watch.bounds.map(|bounds| bounds.hop.span(had_backpressure));
                if most.is_some_and(|most| took > most) {
                    found.add(end.violation(CheckName::BoundedProgress, text));
                }
            }
            for debt in watch.debts(end.world.ended, story, end.past) {
                if debt.took > debt.most.span(had_backpressure) {
                    let text = format!("{}{}", debt.text, calm::what_waits(story, end.world));
                    found.add(end.violation(CheckName::BoundedProgress, text));
                }
            }
        }
        let texts = time::overdue(end).into_iter().chain(time::held_for_nothing(end));
        let texts = texts.chain(self.slots.awaited(end, !self.cut_off.is_empty()));
        for text in texts.chain(self.restarts.unanswered(&self.runs, end)) {
            found.add(end.violation(CheckName::BoundedProgress, text));
        }
    }
}

impl BoundedProgress {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other events neither begin nor end a calm"
    )]
    fn on_job(&mut self, run: RunId, event: &JobEvent, entry: &Entry, past: Past<'_>) {
        let Some(story) = past.run(run) else { return };
        let is_cut_off = !self.cut_off.is_empty();
        let watch = self.runs.entry(run).or_default();
        match event {
            JobEvent::StatusChanged { status: JobStatus::Running } => {
                watch.begin(entry.at, is_cut_off, story, past);
            }
            JobEvent::StatusChanged { .. } => {
                let debts = watch.debts(entry.at, story, past);
                watch.end();
                self.note(entry, debts);
            }
            JobEvent::AttemptStarted { attempt, .. }
            | JobEvent::RegionRestarted { attempt, .. }
                if attempt.number() > 0 =>
            {
                self.restarts.note(run, entry.at);
            }
            _ => {}
        }
    }

    /// How fast a task is, and for how long it waits.
    fn on_pace(
        &mut self,
        who: (TaskId, Attempt),
        event: &TaskEvent,
        entry: &Entry,
        past: Past<'_>,
        found: &mut Findings,
    ) {
        let run = past.history.run_of(who.0);
        let violation = |text| Violation::at_entry(CheckName::BoundedProgress, entry, text);
        for slow in self.pace.observe(who, event, (run, entry.at), past) {
            match slow {
                Slow::Certain(text) => found.add(violation(text)),
                Slow::Unless(text) => {
                    let (took, most) = (SimTime::from_nanos(1), AtMost::UNLESS_BACKED_UP);
                    self.late.push(Late { took, most, violation: violation(text) });
                }
            }
        }
        let over = self.waits.observe(who, event, (run, entry.at), past);
        over.into_iter().for_each(|over| self.on_waited(over, run, entry));
    }

    /// A task has waited in vain, and does not any more.
    fn on_waited(&mut self, InVain { took, text }: InVain, run: RunId, entry: &Entry) {
        let bounds = self.runs.get(&run).and_then(|watch| watch.bounds);
        let violation = Violation::at_entry(CheckName::BoundedProgress, entry, text);
        let most = bounds.map(|bounds| bounds.hop);
        self.late.extend(most.map(|most| Late { took, most, violation }));
    }

    /// Something went wrong with a run, or with all of them, that is over after so long.
    fn disturb(&mut self, run: Option<RunId>, after: SimTime, entry: &Entry, past: Past<'_>) {
        let is_cut_off = !self.cut_off.is_empty();
        let mut late = Vec::new();
        for (id, watch) in &mut self.runs {
            let Some(story) = past.run(*id).filter(|_| run.is_none_or(|run| run == *id)) else {
                continue;
            };
            late.extend(watch.debts(entry.at, story, past));
            watch.disturb(entry.at.plus(after), is_cut_off, story.status);
        }
        self.note(entry, late);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are no faults")]
    fn on_task(&mut self, run: RunId, event: &TaskEvent, entry: &Entry, past: Past<'_>) {
        let after = match event {
            TaskEvent::MessageDisturbed { message, fate, .. } => {
                if let Some(watch) = self.runs.get_mut(&run).filter(|_| *fate == MessageFate::Lost)
                {
                    watch.on_lost(*message, past.history.rules.rules_of(run));
                }
                let of_split = matches!(message, Message::Split | Message::ReaderEvent);
                self.delay.max(if of_split { PATIENCE } else { SimTime::ZERO })
            }
            TaskEvent::StateTooLarge { .. } => {
                self.runs.entry(run).or_default().excuse();
                SimTime::ZERO
            }
            TaskEvent::DeclineSent { .. } if may_decline(run, past) => SimTime::ZERO,
            TaskEvent::OperatorFailed { .. }
            | TaskEvent::FileMissing { .. }
            | TaskEvent::Ended { how: EndOfTask::Failed } => SimTime::ZERO,
            _ => {
                let Some(story) = past.run(run) else { return };
                let watch = self.runs.entry(run).or_default();
                let debts = watch.on_task(event, entry.at, story, past);
                return self.note(entry, debts);
            }
        };
        self.disturb(Some(run), after, entry, past);
    }

    fn on_world(&mut self, event: &WorldEvent, entry: &Entry, past: Past<'_>) {
        match event {
            WorldEvent::StepTaken { step } => {
                let action = past.setup.step(*step).map(|step| &step.action);
                let exits = matches!(
                    action,
                    Some(Action::Stop(_) | Action::Cancel(Cancel { with_savepoint: Some(_), .. }))
                );
                let job = action.and_then(Action::asked).filter(|_| exits);
                if let Some(run) = job.and_then(|job| newest_run(past, job)) {
                    self.runs.entry(run).or_default().on_exit(*step);
                }
            }
            WorldEvent::StepRefused { step, .. } => {
                for (run, watch) in &mut self.runs {
                    let rules = past.history.rules.rules_of(*run);
                    watch.on_exit_refused(*step, entry.at, rules);
                }
            }
            WorldEvent::FaultInjected { fault } => self.on_fault(*fault, entry, past),
            WorldEvent::TaskManagerLost { .. } | WorldEvent::JobManagerLost { .. } => {
                self.disturb(None, SimTime::ZERO, entry, past);
            }
        }
    }

    fn on_fault(&mut self, fault: Fault, entry: &Entry, past: Past<'_>) {
        match fault {
            Fault::TaskManagerCutOff(manager) => self.cut_off.push(manager),
            Fault::TaskManagerBack(manager) | Fault::TaskManagerKilled(manager) => {
                self.cut_off.retain(|other| *other != manager);
            }
            Fault::TaskBlocked(task) => {
                self.pace.on_blocked(task);
                self.waits.forget();
                self.runs.entry(past.history.run_of(task)).or_default().blocked.push(task);
            }
            Fault::TaskUnblocked(task) => {
                let watch = self.runs.entry(past.history.run_of(task)).or_default();
                watch.blocked.retain(|other| *other != task);
            }
            Fault::TaskKilled(_) | Fault::JobManagerKilled => {}
        }
        self.disturb(None, SimTime::ZERO, entry, past);
    }

    /// What is late for sure, and what is late unless a sender waited for credit.
    fn enter(&mut self, entry: &Entry, debts: Vec<Debt>, found: &mut Findings) {
        let (wrong, debts): (Vec<_>, Vec<_>) = debts.into_iter().partition(|debt| debt.is_wrong);
        for Debt { text, .. } in wrong {
            found.add(Violation::at_entry(CheckName::BoundedProgress, entry, text));
        }
        self.note(entry, debts);
    }

    fn note(&mut self, entry: &Entry, debts: Vec<Debt>) {
        let violation = |text| Violation::at_entry(CheckName::BoundedProgress, entry, text);
        self.late.extend(debts.into_iter().map(|Debt { took, most, text, .. }| Late {
            took,
            most,
            violation: violation(text),
        }));
    }
}

/// The run of a job that a request reaches.
fn newest_run(past: Past<'_>, job: &str) -> Option<RunId> {
    let mut runs = past.history.runs.iter().flatten().rev();
    let run = runs.find(|run| run.layout.job_name() == job && !run.status.is_terminal())?;
    Some(run.layout.run)
}

/// Whether a task of a run may decline a checkpoint although nothing goes wrong just then: its upload was to fail, it holds
/// more back than it may, or a task has finished or is about to.
fn may_decline(run: RunId, past: Past<'_>) -> bool {
    let Some(story) = past.run(run) else { return true };
    let job = &past.setup.scenario.jobs[story.layout.job];
    let steps = &past.setup.scenario.steps;
    let fails =
        steps.iter().any(|step| matches!(step.action, Action::Fail(_) | Action::Storage(_)));
    fails || job.checkpoint.alignment_limit.is_some() || calm::has_ended(story, past)
}
