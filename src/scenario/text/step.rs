//! Steps: when something is done to the world. What is done is an action's to read and write.

use super::found::Found;
use super::layout::{Table, quoted, time};
use super::shape::{CheckpointBy, CheckpointOf, MilestoneText, StepText};
use super::spelling::{Jobs, Label, Spelling, Story, Task};
use crate::kernel::SimTime;
use crate::scenario::language::Source;
use crate::scenario::{
    Action, ClusterConfig, JobConfig, Line, Milestone, Mistake, Step, TaskName, Trigger,
};
use crate::trace::JobStatus;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

/// The steps, in order of the file.
pub(super) fn steps(
    source: Source<'_>,
    jobs: &[JobConfig],
    cluster: &ClusterConfig,
    texts: Vec<Spanned<StepText>>,
    found: &mut Found<'_>,
) -> Vec<Step> {
    let labels = &labels(source, &texts, found);
    let mut steps = Vec::new();
    for text in texts {
        let line = Line(source.line(text.span().start));
        let action = &text.get_ref().action;
        let label = action.get_ref().label().map(Spanned::span);
        let story = Story { source, jobs, cluster, labels, at: action.span() };
        let is_read = found.is_read(&text.span());
        match step(&story, line, text) {
            Ok(step) => steps.push(step),
            Err(mistake) => {
                // One of which a part was wrong lacks it for no other reason.
                if is_read || mistake.unknown.is_some() {
                    found.add(mistake);
                }
                label.into_iter().for_each(|label| found.pass_over(label));
            }
        }
    }
    steps
}

/// The labels that steps give to savepoints. None is given twice.
fn labels(source: Source<'_>, texts: &[Spanned<StepText>], found: &mut Found<'_>) -> Vec<String> {
    let mut given = BTreeSet::new();
    let mut labels: Vec<String> = Vec::new();
    for label in texts.iter().filter_map(|text| text.get_ref().action.get_ref().label()) {
        if !given.insert(label.get_ref()) {
            let message = format!("two savepoints are known as `{}`", label.get_ref());
            let help = "give each savepoint a label of its own";
            found.add(source.error_with(&label.span(), message, help));
        }
        labels.push(label.get_ref().clone());
    }
    labels
}

fn step(story: &Story<'_>, line: Line, text: Spanned<StepText>) -> Result<Step, Mistake> {
    let (at, text) = (text.span(), text.into_inner());
    let wrong = |message: &str, help: &str| Err(story.source.error_with(&at, message, help));
    let trigger = match (text.at, text.when, text.after) {
        (Some(time), None, None) => Trigger::At(time.0),
        (None, Some(text), after) => {
            Trigger::When(milestone(story, text)?, after.map_or(SimTime::ZERO, |span| span.0))
        }
        (Some(_), None, Some(_)) => {
            let help = "add the span to `at`, or say `when`";
            return wrong("a step has both `at` and `after`", help);
        }
        (Some(_), Some(_), _) => {
            let help = "keep one; `after` is added to `when`";
            return wrong("a step has both `at` and `when`", help);
        }
        (None, None, _) => {
            let help = "add `at = \"1500ms\"` or `when = { completed = 3 }`";
            return wrong("a step does not say when", help);
        }
    };
    let action = Action::read(text.action.into_inner(), story)?;
    let retry = match text.retry {
        Some(retry) if text.refused.is_some() => {
            let help = "keep one: a step that must be refused is not tried again";
            let message = "a step has both `refused` and `retry`";
            return Err(story.source.error_with(&retry.span(), message, help));
        }
        Some(retry) if retry.get_ref().0 == SimTime::ZERO => {
            let help = "say after how long, as in `retry = \"100ms\"`";
            return Err(story.source.error_with(&retry.span(), "`retry` is 0", help));
        }
        retry => retry.map(|retry| retry.get_ref().0),
    };
    let may_miss = text.may_miss.unwrap_or(false);
    Ok(Step { trigger, action, refused: text.refused, retry, may_miss, line })
}

fn milestone(story: &Story<'_>, text: MilestoneText) -> Result<Milestone, Mistake> {
    use Milestone as M;
    use MilestoneText as T;
    let of = |make: fn(u64, String) -> M, text| of_job(story, text).map(|(id, job)| make(id, job));
    let by = |make: fn(u64, TaskName) -> M, text: CheckpointBy| {
        Ok(make(text.checkpoint.0.into(), Task::read(text.by, story)?))
    };
    let status = |status, job| Ok(M::Status { job: story.job(&job)?, status });
    match text {
        T::Triggered(text) => of(|checkpoint, job| M::Triggered { checkpoint, job }, text),
        T::MetadataWritten(text) => {
            of(|checkpoint, job| M::MetadataWritten { checkpoint, job }, text)
        }
        T::PointerStored(text) => of(|checkpoint, job| M::PointerStored { checkpoint, job }, text),
        T::Completed(text) => of(|checkpoint, job| M::Completed { checkpoint, job }, text),
        T::Snapshot(text) => by(|checkpoint, by| M::Snapshot { checkpoint, by }, text),
        T::Durable(text) => by(|checkpoint, by| M::Durable { checkpoint, by }, text),
        T::AckSent(text) => by(|checkpoint, by| M::AckSent { checkpoint, by }, text),
        T::Acked(text) => by(|checkpoint, by| M::Acked { checkpoint, by }, text),
        T::Notified(text) => by(|checkpoint, by| M::Notified { checkpoint, by }, text),
        T::Restored(job) => Ok(M::Restored { job: story.job(&job)? }),
        T::DataEnded(by) => Ok(M::DataEnded { by: Task::read(by, story)? }),
        T::Savepoint(label) => Ok(M::Savepoint { label: Label::read(label, story)? }),
        T::Created(job) => status(JobStatus::Created, job),
        T::Running(job) => status(JobStatus::Running, job),
        T::Restarting(job) => status(JobStatus::Restarting, job),
        T::Canceling(job) => status(JobStatus::Canceling, job),
        T::Canceled(job) => status(JobStatus::Canceled, job),
        T::Finished(job) => status(JobStatus::Finished, job),
        T::Failed(job) => status(JobStatus::Failed, job),
        T::Lost(job) => status(JobStatus::Lost, job),
        T::Suspended(job) => status(JobStatus::Suspended, job),
    }
}

fn of_job(story: &Story<'_>, text: CheckpointOf) -> Result<(u64, String), Mistake> {
    let job = match &text.job {
        Some(job) => story.job(job)?,
        None => story.jobs[0].graph.name.clone(),
    };
    Ok((text.checkpoint.0.into(), job))
}

/// The keys of a step.
pub(super) fn table(step: &Step, jobs: &Jobs<'_>) -> Table {
    let mut table = Table::default();
    match &step.trigger {
        Trigger::At(at) => table.put("at", time(*at)),
        Trigger::When(milestone, after) => table
            .put("when", milestone_text(milestone, jobs))
            .put_if(*after > SimTime::ZERO, "after", time(*after)),
    };
    table
        .put_some("do", Action::write(&step.action, jobs))
        .put_some("refused", step.refused.as_ref().map(quoted))
        .put_some("retry", step.retry.map(time))
        .put_if(step.may_miss, "may-miss", "true");
    table
}

fn milestone_text(milestone: &Milestone, jobs: &Jobs<'_>) -> String {
    use Milestone as M;
    let of = |word, checkpoint: &u64, job: &String| {
        if job == jobs.first() {
            return Table::one(word, checkpoint);
        }
        let mut table = Table::default();
        Table::one(word, table.put("checkpoint", checkpoint).put("job", quoted(job)).inline())
    };
    let task = |task: &TaskName| quoted(task.text(jobs.first()));
    let by = |word, checkpoint: &u64, by: &TaskName| {
        let mut table = Table::default();
        Table::one(word, table.put("checkpoint", checkpoint).put("by", task(by)).inline())
    };
    match milestone {
        M::Triggered { checkpoint, job } => of("triggered", checkpoint, job),
        M::Snapshot { checkpoint, by: task } => by("snapshot", checkpoint, task),
        M::Durable { checkpoint, by: task } => by("durable", checkpoint, task),
        M::AckSent { checkpoint, by: task } => by("ack-sent", checkpoint, task),
        M::Acked { checkpoint, by: task } => by("acked", checkpoint, task),
        M::MetadataWritten { checkpoint, job } => of("metadata-written", checkpoint, job),
        M::PointerStored { checkpoint, job } => of("pointer-stored", checkpoint, job),
        M::Completed { checkpoint, job } => of("completed", checkpoint, job),
        M::Notified { checkpoint, by: task } => by("notified", checkpoint, task),
        M::Restored { job } => Table::one("restored", quoted(job)),
        M::DataEnded { by } => Table::one("data-ended", task(by)),
        M::Savepoint { label } => Table::one("savepoint", quoted(label)),
        M::Status { job, status } => Table::one(&status.to_string(), quoted(job)),
    }
}

impl Source<'_> {
    /// A task of one of the jobs.
    pub(super) fn task(
        self,
        jobs: &[JobConfig],
        name: &Spanned<String>,
    ) -> Result<TaskName, Mistake> {
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
    ) -> Result<&'j JobConfig, Mistake> {
        jobs.iter().find(|job| job.graph.name == name).ok_or_else(|| {
            let known = jobs.iter().map(|job| job.graph.name.as_str());
            self.unknown(at, format!("there is no job `{name}`"), name, known)
        })
    }
}
