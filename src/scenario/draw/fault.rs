//! What goes wrong, and when: by time, and by milestone in the narrow windows between two steps of the protocol
//! (W1 to W9), which times alone would seldom hit.

use super::story::{Act, Plot, step};
use super::{Draw, Profile, percent};
use crate::job::Reader;
use crate::kernel::SimTime;
use crate::scenario::{Action, Aim, ClusterConfig, JobConfig, Milestone, Step, TaskName, Trigger};
use crate::trace::{JobStatus, Message};
use std::fmt::Display;

/// Percent of worlds that may lose or delay a message about splits, if they have any.
const DISTURB_SPLITS: u64 = 50;
/// Percent of worlds in which subtasks are killed.
const KILL_TASKS: u64 = 62;
/// How many, where they are.
const KILLED_TASKS: (u64, u64) = (1, 3);
/// Percent of worlds in which a task manager is killed.
const KILL_TASK_MANAGER: u64 = 15;
/// Percent of worlds in which the job manager is killed: few, since its jobs are lost and so is the story.
const KILL_JOB_MANAGER: u64 = 2;
/// The same where another one takes over.
const KILL_LEADER: u64 = 50;
/// How many job managers, where they are killed.
const KILLED_LEADERS: (u64, u64) = (1, 2);
/// Percent of worlds in which messages are lost.
const LOSE: u64 = 25;
/// Percent of worlds in which messages are delayed.
const DELAY: u64 = 40;
/// How many messages, where they are.
const DISTURBED: (u64, u64) = (1, 4);
/// Percent of kills that wait for a milestone.
const AT_MILESTONE: u64 = 60;
/// Percent of kills at a task's milestone that hit this very task.
const SAME_TASK: u64 = 50;
/// The part of an act, in percent, in which faults are placed by time. A kill just before a job is left has it restart
/// when its savepoint is asked for, which ends the story early.
const WINDOW: (u64, u64) = (5, 75);
/// How long after a milestone a fault follows at most.
const AFTER: SimTime = SimTime::from_millis(5);

/// The steps in which something goes wrong.
pub(super) fn steps(faults: &Faults<'_>, profile: &Profile) -> Vec<Step> {
    let Faults { draw, cluster, .. } = *faults;
    let mut steps = Vec::new();
    if profile.kills {
        let killed = draw.times("kill-tasks", KILL_TASKS, "killed-tasks", KILLED_TASKS);
        steps.extend(killed.map(|number| faults.kill(number)));
        if draw.chance("kill-task-manager", KILL_TASK_MANAGER) {
            let manager = faults.task_manager("killed-task-manager");
            let trigger = faults.trigger("task-manager").0;
            steps.push(step(trigger, Action::KillTaskManager(manager)));
        }
        if cluster.takeover_after.is_some() {
            let killed = draw.times("kill-leader", KILL_LEADER, "killed-leaders", KILLED_LEADERS);
            steps.extend(killed.map(|number| faults.kill_leader(number)));
        } else if draw.chance("kill-job-manager", KILL_JOB_MANAGER) {
            steps.push(step(faults.trigger("job-manager").0, Action::KillJobManager));
        }
    }
    if profile.messages {
        let lost = draw.times("lose", LOSE, "lost", DISTURBED);
        steps.extend(lost.map(|number| faults.lose(number)));
        let delayed = draw.times("delay", DELAY, "delayed", DISTURBED);
        steps.extend(delayed.map(|number| faults.delay(number)));
        if draw.chance("disturb-splits", DISTURB_SPLITS) {
            steps.extend(faults.disturb_splits());
        }
    }
    steps
}

/// What faults are drawn for.
pub(super) struct Faults<'d> {
    pub draw: &'d Draw<'d>,
    pub plot: &'d Plot,
    pub jobs: &'d [JobConfig],
    pub cluster: &'d ClusterConfig,
}

impl Faults<'_> {
    /// One of the task managers.
    pub(super) fn task_manager(&self, what: impl Display) -> u16 {
        let managers = u64::from(self.cluster.task_managers);
        u16::try_from(self.draw.within(what, (0, managers - 1)))
            .expect("a handful of task managers")
    }

    pub(super) fn kill(&self, number: u64) -> Step {
        let what = format!("kill-{number}");
        let (trigger, by) = self.trigger(&what);
        let same = self.draw.chance(format_args!("{what}/same"), SAME_TASK);
        let victim = self.task(&format!("{what}/victim"), self.act(&what));
        step(trigger, Action::Kill(by.filter(|_| same).unwrap_or(victim)))
    }

    fn lose(&self, number: u64) -> Step {
        let what = format!("lose-{number}");
        let aim = self.aim(&what);
        let is_news = matches!(aim.message, Message::NotifyComplete | Message::NotifyAborted);
        if is_news && self.plot.stops() {
            // A task that stops waits for this news, and nobody repeats it: the job would wait for ever, in Flink, too.
            return step(self.time(&what), Action::Delay(aim, self.plot.interval));
        }
        step(self.time(&what), Action::Lose(aim))
    }

    /// A job manager that dies, often between two steps of a completion (W4 to W6).
    fn kill_leader(&self, number: u64) -> Step {
        let what = format!("leader-{number}");
        let act = self.act(&what);
        let job = self.plot.acts[act].name.to_owned();
        let checkpoint = self.checkpoint(&what, act);
        let milestones = [
            (None, 3),
            (Some(Milestone::Triggered { checkpoint, job: job.clone() }), 1),
            (Some(Milestone::MetadataWritten { checkpoint, job: job.clone() }), 3),
            (Some(Milestone::PointerStored { checkpoint, job: job.clone() }), 3),
            (Some(Milestone::Status { job, status: JobStatus::Restarting }), 2),
        ];
        let trigger = match self.draw.weighted(format_args!("{what}/window"), &milestones) {
            None => self.time(&what),
            Some(milestone) => Trigger::When(milestone, self.soon(&what)),
        };
        step(trigger, Action::KillJobManager)
    }

    fn delay(&self, number: u64) -> Step {
        let what = format!("delay-{number}");
        // From hardly noticed to past the next checkpoints.
        let longest =
            self.plot.interval.times(self.draw.within(format_args!("{what}/longest"), (1, 4)));
        let by = self.draw.span(format_args!("{what}/by"), (SimTime::from_millis(1), longest));
        step(self.time(&what), Action::Delay(self.aim(&what), by))
    }

    /// A message between a reader of splits and its enumerator that is lost or late; none in a world without.
    fn disturb_splits(&self) -> Option<Step> {
        let act = self.act("splits");
        let mut nodes = self.jobs[act].graph.operators.iter();
        let reader = nodes.find(|node| node.options.reader == Reader::Splits)?;
        let message =
            self.draw.weighted("splits/message", &[(Message::Split, 3), (Message::ReaderEvent, 1)]);
        let aim = Aim { message, task: self.subtask("splits", act, reader), checkpoint: None };
        let action = if self.draw.chance("splits/lost", 60) {
            Action::Lose(aim)
        } else {
            let longest = SimTime::from_millis(1_500);
            Action::Delay(aim, self.draw.span("splits/by", (SimTime::from_millis(1), longest)))
        };
        Some(step(self.time("splits"), action))
    }

    /// The act that a fault falls into.
    pub(super) fn act(&self, what: &str) -> usize {
        self.draw.place(format_args!("{what}/act"), self.plot.acts.len())
    }

    /// A moment of the fault's act.
    pub(super) fn time(&self, what: &str) -> Trigger {
        let Act { start, end, .. } = self.plot.acts[self.act(what)];
        let into = self.draw.within(format_args!("{what}/at"), WINDOW);
        Trigger::At(start.plus(percent(end.since(start), into)))
    }

    /// A moment or a milestone of the fault's act, and whose milestone it is.
    fn trigger(&self, what: &str) -> (Trigger, Option<TaskName>) {
        if !self.draw.chance(format_args!("{what}/at-milestone"), AT_MILESTONE) {
            return (self.time(what), None);
        }
        let act = self.act(what);
        let job = self.plot.acts[act].name.to_owned();
        let by = self.task(&format!("{what}/by"), act);
        let checkpoint = self.checkpoint(what, act);
        let restored = if act > 0 { 2 } else { 0 };
        let of_job = |milestone, weight| ((milestone, None), weight);
        let of_task = |milestone, weight| ((milestone, Some(by.clone())), weight);
        let milestones = [
            of_job(Milestone::Triggered { checkpoint, job: job.clone() }, 1),
            of_task(Milestone::Snapshot { checkpoint, by: by.clone() }, 2),
            of_task(Milestone::Durable { checkpoint, by: by.clone() }, 2),
            of_task(Milestone::AckSent { checkpoint, by: by.clone() }, 2),
            of_task(Milestone::Acked { checkpoint, by: by.clone() }, 2),
            of_job(Milestone::MetadataWritten { checkpoint, job: job.clone() }, 2),
            of_job(Milestone::Completed { checkpoint, job: job.clone() }, 2),
            of_task(Milestone::Notified { checkpoint, by: by.clone() }, 2),
            of_job(Milestone::Restored { job }, restored),
            of_task(Milestone::DataEnded { by: by.clone() }, 1),
        ];
        let (milestone, by) = self.draw.weighted(format_args!("{what}/window"), &milestones);
        (Trigger::When(milestone, self.soon(what)), by)
    }

    /// How long after its milestone a fault follows: often at once.
    fn soon(&self, what: &str) -> SimTime {
        let after = self.draw.span(format_args!("{what}/after"), (SimTime::ZERO, AFTER));
        let at_once = self.draw.chance(format_args!("{what}/at-once"), 50);
        if at_once { SimTime::ZERO } else { after }
    }

    /// A checkpoint that the act will probably come to: ids count up with time.
    pub(super) fn checkpoint(&self, what: &str, act: usize) -> u64 {
        let before = self.plot.acts[act].start.nanos() / self.plot.interval.nanos();
        before + self.draw.within(format_args!("{what}/checkpoint"), (1, 4))
    }

    /// A subtask of the act's job.
    pub(super) fn task(&self, what: &str, act: usize) -> TaskName {
        let nodes = &self.jobs[act].graph.operators;
        let node = &nodes[self.draw.place(format_args!("{what}/operator"), nodes.len())];
        self.subtask(what, act, node)
    }

    fn subtask(&self, what: &str, act: usize, node: &crate::job::OperatorNode) -> TaskName {
        let last = u64::from(node.parallelism) - 1;
        TaskName {
            job: self.plot.acts[act].name.to_owned(),
            operator: node.name.clone(),
            subtask: self.draw.count(format_args!("{what}/subtask"), (0, last)),
        }
    }

    /// A message about checkpoints of the act's job.
    fn aim(&self, what: &str) -> Aim {
        let act = self.act(what);
        let message = self.draw.weighted(
            format_args!("{what}/message"),
            &[
                (Message::Trigger, 2),
                (Message::Ack, 4),
                (Message::NotifyComplete, 4),
                (Message::NotifyAborted, 1),
            ],
        );
        let task = if message == Message::Trigger {
            let nodes = self.jobs[act].graph.operators.iter();
            let sources: Vec<_> = nodes.filter(|node| node.is_source()).collect();
            let source = self.draw.place(format_args!("{what}/source"), sources.len());
            self.subtask(what, act, sources[source])
        } else {
            self.task(what, act)
        };
        let any = self.draw.chance(format_args!("{what}/any"), 50);
        let checkpoint = (!any).then(|| self.checkpoint(what, act));
        Aim { message, task, checkpoint }
    }
}
