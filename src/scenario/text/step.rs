//! Steps: when something is done to the world, and what.

use super::shape::{
    ActionText, AimText, BlockText, CancelText, CheckpointBy, CheckpointOf, FailText, FormatText,
    MilestoneText, RunText, SavepointText, StepText, StopText,
};
use super::source::Source;
use crate::kernel::SimTime;
use crate::scenario::{
    Action, Aim, ClusterConfig, Failing, JobConfig, Line, Milestone, ScenarioError, Step, TaskName,
    Trigger,
};
use crate::trace::{JobStatus, Message};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

/// What steps can name.
pub(super) struct Story<'t> {
    pub source: Source<'t>,
    pub jobs: &'t [JobConfig],
    pub cluster: &'t ClusterConfig,
}

impl Story<'_> {
    /// The steps, in order of the file.
    pub(super) fn steps(&self, texts: Vec<Spanned<StepText>>) -> Result<Vec<Step>, ScenarioError> {
        let labels = self.labels(&texts)?;
        let step = |text: Spanned<StepText>| self.step(&labels, text.span(), text.into_inner());
        texts.into_iter().map(step).collect()
    }

    /// The labels that steps give to savepoints. None is given twice.
    fn labels(&self, texts: &[Spanned<StepText>]) -> Result<Vec<String>, ScenarioError> {
        let mut labels: Vec<String> = Vec::new();
        let mut given = BTreeSet::new();
        for text in texts {
            let label = match text.get_ref().action.get_ref() {
                ActionText::Savepoint(text) | ActionText::Checkpoint(text) => Some(&text.label),
                ActionText::Stop(stop) => Some(&stop.label),
                ActionText::Cancel(cancel) => cancel.label.as_ref(),
                ActionText::Copy(copy) => Some(&copy.label),
                ActionText::Run(_)
                | ActionText::Fail(_)
                | ActionText::Block(_)
                | ActionText::Unblock(_)
                | ActionText::Kill(_)
                | ActionText::KillTaskManager(_)
                | ActionText::Partition(_)
                | ActionText::KillJobManager(_)
                | ActionText::List(_)
                | ActionText::Storage(_)
                | ActionText::Upgrade(_)
                | ActionText::Move(_)
                | ActionText::Delete(_)
                | ActionText::Dispose(_)
                | ActionText::RewritePaths(_)
                | ActionText::Lose(_)
                | ActionText::Delay(_)
                | ActionText::Repeat(_) => None,
            };
            let Some(label) = label else { continue };
            if !given.insert(label.get_ref()) {
                let message = format!("two savepoints are known as `{}`", label.get_ref());
                let help = "give each savepoint a label of its own";
                return Err(self.source.error_with(&label.span(), message, help));
            }
            labels.push(label.get_ref().clone());
        }
        Ok(labels)
    }

    fn step(
        &self,
        labels: &[String],
        at: Range<usize>,
        text: StepText,
    ) -> Result<Step, ScenarioError> {
        let trigger = match (text.at, text.when, text.after) {
            (Some(time), None, None) => Trigger::At(time.0),
            (None, Some(milestone), after) => Trigger::When(
                self.milestone(labels, milestone)?,
                after.map_or(SimTime::ZERO, |span| span.0),
            ),
            (Some(_), None, Some(_)) => {
                let help = "add the span to `at`, or say `when`";
                return Err(self.source.error_with(&at, "a step has both `at` and `after`", help));
            }
            (Some(_), Some(_), _) => {
                let help = "keep one; `after` is added to `when`";
                return Err(self.source.error_with(&at, "a step has both `at` and `when`", help));
            }
            (None, None, _) => {
                let help = "add `at = \"1500ms\"` or `when = { completed = 3 }`";
                return Err(self.source.error_with(&at, "a step does not say when", help));
            }
        };
        let line = Line(self.source.line(at.start));
        let place = text.action.span();
        let to = self.target(text.action.get_ref())?;
        let action = self.action(labels, &place, text.action.into_inner())?;
        let retry = match text.retry {
            Some(retry) if text.refused.is_some() => {
                let help = "keep one: a step that must be refused is not tried again";
                let message = "a step has both `refused` and `retry`";
                return Err(self.source.error_with(&retry.span(), message, help));
            }
            Some(retry) if retry.get_ref().0 == SimTime::ZERO => {
                let help = "say after how long, as in `retry = \"100ms\"`";
                return Err(self.source.error_with(&retry.span(), "`retry` is 0", help));
            }
            retry => retry.map(|retry| retry.get_ref().0),
        };
        Ok(Step { trigger, action, to, refused: text.refused, retry, line })
    }

    fn milestone(
        &self,
        labels: &[String],
        text: MilestoneText,
    ) -> Result<Milestone, ScenarioError> {
        Ok(match text {
            MilestoneText::Triggered(which) => {
                let (checkpoint, job) = self.checkpoint_of(which)?;
                Milestone::Triggered { checkpoint, job }
            }
            MilestoneText::MetadataWritten(which) => {
                let (checkpoint, job) = self.checkpoint_of(which)?;
                Milestone::MetadataWritten { checkpoint, job }
            }
            MilestoneText::PointerStored(which) => {
                let (checkpoint, job) = self.checkpoint_of(which)?;
                Milestone::PointerStored { checkpoint, job }
            }
            MilestoneText::Completed(which) => {
                let (checkpoint, job) = self.checkpoint_of(which)?;
                Milestone::Completed { checkpoint, job }
            }
            MilestoneText::Snapshot(which) => {
                let (checkpoint, by) = self.checkpoint_by(&which)?;
                Milestone::Snapshot { checkpoint, by }
            }
            MilestoneText::Durable(which) => {
                let (checkpoint, by) = self.checkpoint_by(&which)?;
                Milestone::Durable { checkpoint, by }
            }
            MilestoneText::AckSent(which) => {
                let (checkpoint, by) = self.checkpoint_by(&which)?;
                Milestone::AckSent { checkpoint, by }
            }
            MilestoneText::Acked(which) => {
                let (checkpoint, by) = self.checkpoint_by(&which)?;
                Milestone::Acked { checkpoint, by }
            }
            MilestoneText::Notified(which) => {
                let (checkpoint, by) = self.checkpoint_by(&which)?;
                Milestone::Notified { checkpoint, by }
            }
            MilestoneText::Restored(job) => Milestone::Restored { job: self.job(&job)? },
            MilestoneText::DataEnded(by) => Milestone::DataEnded { by: self.task(&by)? },
            MilestoneText::Savepoint(label) => {
                Milestone::Savepoint { label: self.label(labels, &label)? }
            }
            MilestoneText::Created(job) => self.status(&job, JobStatus::Created)?,
            MilestoneText::Running(job) => self.status(&job, JobStatus::Running)?,
            MilestoneText::Restarting(job) => self.status(&job, JobStatus::Restarting)?,
            MilestoneText::Canceling(job) => self.status(&job, JobStatus::Canceling)?,
            MilestoneText::Canceled(job) => self.status(&job, JobStatus::Canceled)?,
            MilestoneText::Finished(job) => self.status(&job, JobStatus::Finished)?,
            MilestoneText::Failed(job) => self.status(&job, JobStatus::Failed)?,
            MilestoneText::Lost(job) => self.status(&job, JobStatus::Lost)?,
            MilestoneText::Suspended(job) => self.status(&job, JobStatus::Suspended)?,
        })
    }

    fn checkpoint_of(&self, which: CheckpointOf) -> Result<(u64, String), ScenarioError> {
        let job = match &which.job {
            Some(job) => self.job(job)?,
            None => self.jobs[0].graph.name.clone(),
        };
        Ok((u64::from(which.checkpoint.0), job))
    }

    fn checkpoint_by(&self, which: &CheckpointBy) -> Result<(u64, TaskName), ScenarioError> {
        Ok((u64::from(which.checkpoint.0), self.task(&which.by)?))
    }

    fn status(&self, job: &Spanned<String>, status: JobStatus) -> Result<Milestone, ScenarioError> {
        Ok(Milestone::Status { job: self.job(job)?, status })
    }

    #[expect(clippy::too_many_lines, reason = "one short arm for each kind of step")]
    fn action(
        &self,
        labels: &[String],
        at: &Range<usize>,
        text: ActionText,
    ) -> Result<Action, ScenarioError> {
        Ok(match text {
            ActionText::Run(RunText { job, from, allow_non_restored_state, claim }) => {
                Action::Run {
                    job: self.job_or_only(at, job.as_ref())?,
                    from: from.map(|pointer| self.pointer(labels, &pointer)).transpose()?,
                    allow_non_restored: allow_non_restored_state,
                    claim,
                }
            }
            ActionText::Savepoint(SavepointText { job, label, format, .. }) => Action::Savepoint {
                job: self.job_or_only(at, job.as_ref())?,
                label: label.into_inner(),
                native: is_native(format.as_ref()),
            },
            ActionText::Cancel(text) => self.cancel(at, text)?,
            ActionText::Stop(StopText { job, drain, label, format, .. }) => Action::Stop {
                job: self.job_or_only(at, job.as_ref())?,
                drain,
                label: label.into_inner(),
                native: is_native(format.as_ref()),
            },
            ActionText::Checkpoint(SavepointText { job, label, format, .. }) => {
                if let Some(format) = format {
                    let message = "a checkpoint has no `format`: it is always native";
                    return Err(self.source.error_with(&format.span(), message, "leave it out"));
                }
                Action::Checkpoint {
                    job: self.job_or_only(at, job.as_ref())?,
                    label: label.into_inner(),
                }
            }
            ActionText::Fail(text) => Action::Fail(self.failing(at, &text)?),
            ActionText::Block(BlockText { task, span }) => {
                Action::Block { task: self.task(&task)?, span: span.map(|span| span.0) }
            }
            ActionText::Unblock(task) => Action::Unblock(self.task(&task)?),
            ActionText::Kill(task) => Action::Kill(self.task(&task)?),
            ActionText::KillTaskManager(number) => {
                Action::KillTaskManager(self.task_manager(&number)?)
            }
            ActionText::Partition(text) => {
                if text.span.get_ref().0 == SimTime::ZERO {
                    return Err(self.source.error_with(
                        &text.span.span(),
                        "a partition of no length",
                        "say for how long, such as `3s`",
                    ));
                }
                let manager = self.task_manager(&text.task_manager)?;
                Action::Partition(manager, text.span.into_inner().0)
            }
            ActionText::List(yes) => {
                if !yes.get_ref() {
                    let help = "leave the step out, or say `true`";
                    return Err(self.source.error_with(
                        &yes.span(),
                        "`list = false` does nothing",
                        help,
                    ));
                }
                Action::List
            }
            ActionText::KillJobManager(yes) => {
                if !yes.get_ref() {
                    let help = "leave the step out, or say `true`";
                    let message = "`kill-job-manager = false` does nothing";
                    return Err(self.source.error_with(&yes.span(), message, help));
                }
                Action::KillJobManager
            }
            ActionText::Storage(text) => Action::Storage(self.storage(at, &text)?),
            ActionText::Upgrade(to) => {
                let to = super::release::release(self.source, "upgrade", &to.span(), to.get_ref());
                Action::Upgrade(to?)
            }
            ActionText::Move(text) => self.moving(labels, &text)?,
            ActionText::Copy(text) => self.copying(labels, &text)?,
            ActionText::Delete(text) => self.deleting(labels, &text)?,
            ActionText::Dispose(text) => self.disposing(labels, &text)?,
            ActionText::RewritePaths(text) => self.rewriting(labels, &text)?,
            ActionText::Lose(aim) => match aim.by {
                None => Action::Lose(self.aim(at, &aim)?),
                Some(_) => {
                    let help = "say `delay`, or leave `by` out";
                    let message = "a lost message is not delayed";
                    return Err(self.source.error_with(at, message, help));
                }
            },
            ActionText::Repeat(aim) => match aim.by {
                Some(by) => Action::Repeat(self.aim(at, &aim)?, by.0),
                None => {
                    let message = "`repeat` does not say after how long";
                    return Err(self.source.error_with(at, message, "add `by = \"2s\"`"));
                }
            },
            ActionText::Delay(aim) => match aim.by {
                Some(by) => Action::Delay(self.aim(at, &aim)?, by.0),
                None => {
                    let message = "`delay` does not say by how much";
                    return Err(self.source.error_with(at, message, "add `by = \"2s\"`"));
                }
            },
        })
    }

    fn task_manager(&self, number: &Spanned<u16>) -> Result<u16, ScenarioError> {
        let managers = self.cluster.task_managers;
        if *number.get_ref() < managers {
            return Ok(*number.get_ref());
        }
        let message = format!("there is no task manager {}", number.get_ref());
        let help = format!("use one of 0 to {}", managers - 1);
        Err(self.source.error_with(&number.span(), message, help))
    }

    fn cancel(&self, at: &Range<usize>, text: CancelText) -> Result<Action, ScenarioError> {
        let error = |message: &str, help: &str| Err(self.source.error_with(at, message, help));
        let job = self.job_or_only(at, text.job.as_ref())?;
        let native = is_native(text.format.as_ref());
        if text.format.is_some() && !text.with_savepoint {
            return error("`cancel` has a format but takes no savepoint", "leave it out");
        }
        match (text.with_savepoint, text.label) {
            (true, Some(label)) => {
                Ok(Action::Cancel { job, with_savepoint: Some(label.into_inner()), native })
            }
            (false, None) => Ok(Action::Cancel { job, with_savepoint: None, native }),
            (true, None) => error("the savepoint of `cancel` has no label", "add `as = LABEL`"),
            (false, Some(_)) => {
                error("`cancel` has a label but takes no savepoint", "add `with-savepoint = true`")
            }
        }
    }

    /// A call that throws. Only calls that are about a checkpoint can be told apart by one.
    fn failing(&self, at: &Range<usize>, text: &FailText) -> Result<Failing, ScenarioError> {
        let checkpoint = text.checkpoint.map(|checkpoint| u64::from(checkpoint.0));
        if checkpoint.is_some() && !text.call.is_about_checkpoint() {
            return Err(self.source.error_with(
                at,
                "this call is not about a checkpoint",
                "leave `checkpoint` out, or fail in `snapshot`, `async-snapshot`, `prepare-snapshot` or a notification",
            ));
        }
        let times = text.times.map_or(1, |times| times.0);
        Ok(Failing { task: self.task(&text.task)?, call: text.call, checkpoint, times })
    }

    /// The message that a fault aims at: exactly one key says it.
    fn aim(&self, at: &Range<usize>, text: &AimText) -> Result<Aim, ScenarioError> {
        let aims = [
            (Message::Trigger, &text.trigger),
            (Message::Ack, &text.ack),
            (Message::Decline, &text.decline),
            (Message::NotifyComplete, &text.notify_complete),
            (Message::NotifyAborted, &text.notify_aborted),
            (Message::Split, &text.split),
            (Message::ReaderEvent, &text.reader_event),
        ];
        let mut aims =
            aims.into_iter().filter_map(|(message, task)| Some((message, task.as_ref()?)));
        let (Some((message, task)), None) = (aims.next(), aims.next()) else {
            return Err(self.source.error_with(
                at,
                "a fault must aim at one kind of message",
                "name one: `trigger`, `ack`, `decline`, `notify-complete`, `notify-aborted`, `split` or `reader-event`",
            ));
        };
        let checkpoint = text.checkpoint.map(|checkpoint| u64::from(checkpoint.0));
        Ok(Aim { message, task: self.task(task)?, checkpoint })
    }

    pub(super) fn label(
        &self,
        labels: &[String],
        label: &Spanned<String>,
    ) -> Result<String, ScenarioError> {
        let name = label.get_ref();
        if labels.contains(name) || self.is_saved(label)? {
            return Ok(name.clone());
        }
        let message = format!("no step takes a savepoint known as `{name}`");
        let known = labels.iter().map(String::as_str);
        Err(self.source.unknown(&label.span(), message, name, known))
    }

    pub(super) fn job(&self, name: &Spanned<String>) -> Result<String, ScenarioError> {
        self.source.job(self.jobs, &name.span(), name.get_ref()).map(|job| job.graph.name.clone())
    }

    /// The named job, or the file's only one.
    fn job_or_only(
        &self,
        at: &Range<usize>,
        name: Option<&Spanned<String>>,
    ) -> Result<String, ScenarioError> {
        match (name, self.jobs) {
            (Some(name), _) => self.job(name),
            (None, [only]) => Ok(only.graph.name.clone()),
            (None, jobs) => {
                let message = format!("a step must say which of the {} jobs it means", jobs.len());
                Err(self.source.error_with(at, message, "add `job = NAME`"))
            }
        }
    }

    /// A task: `counts/1` of the first job, or `count:counts/1`.
    fn task(&self, name: &Spanned<String>) -> Result<TaskName, ScenarioError> {
        self.source.task(self.jobs, name)
    }
}

/// Whether a savepoint is to be in the format of its state backend.
fn is_native(format: Option<&Spanned<FormatText>>) -> bool {
    format.is_some_and(|format| *format.get_ref() == FormatText::Native)
}

impl Source<'_> {
    /// A task of one of the jobs.
    pub(super) fn task(
        self,
        jobs: &[JobConfig],
        name: &Spanned<String>,
    ) -> Result<TaskName, ScenarioError> {
        let (at, text) = (name.span(), name.get_ref().as_str());
        let (job, rest) = match text.split_once(':') {
            Some((job, rest)) => (self.job(jobs, &at, job)?, rest),
            None => (&jobs[0], text),
        };
        let Some((operator, subtask)) = rest.split_once('/') else {
            let message = format!("`{text}` is not the name of a task");
            let help = "name the operator and the subtask: `counts/1`, or `job:counts/1`";
            return Err(self.error_with(&at, message, help));
        };
        let nodes = &job.graph.operators;
        let Some(node) = nodes.iter().find(|node| node.name == operator) else {
            let message = format!("job `{}` has no operator `{operator}`", job.graph.name);
            let known = nodes.iter().map(|node| node.name.as_str());
            return Err(self.unknown(&at, message, operator, known));
        };
        match subtask.parse::<u32>() {
            Ok(subtask) if subtask < node.parallelism => {
                Ok(TaskName { job: job.graph.name.clone(), operator: operator.to_owned(), subtask })
            }
            Ok(_) | Err(_) => {
                let message = format!("operator `{operator}` has no subtask {subtask}");
                let help = match node.parallelism {
                    1 => "use 0".to_owned(),
                    parallelism => format!("use one of 0 to {}", parallelism - 1),
                };
                Err(self.error_with(&at, message, help))
            }
        }
    }

    /// The job of a name.
    pub(super) fn job<'j>(
        self,
        jobs: &'j [JobConfig],
        at: &Range<usize>,
        name: &str,
    ) -> Result<&'j JobConfig, ScenarioError> {
        jobs.iter().find(|job| job.graph.name == name).ok_or_else(|| {
            let known = jobs.iter().map(|job| job.graph.name.as_str());
            self.unknown(at, format!("there is no job `{name}`"), name, known)
        })
    }
}
