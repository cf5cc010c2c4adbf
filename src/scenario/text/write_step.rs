//! Writing a step: when, and what.

use super::layout::{Table, quoted, time, word};
use crate::job::ClaimMode;
use crate::kernel::SimTime;
use crate::scenario::{
    Action, Aim, DisturbedWrite, FileAction, FileWork, Milestone, Piece, Scenario, Step, TaskName,
    Trigger,
};

impl Scenario {
    /// The keys of a step.
    pub(super) fn step_table(&self, step: &Step) -> Table {
        let mut table = Table::default();
        match &step.trigger {
            Trigger::At(at) => table.put("at", time(*at)),
            Trigger::When(milestone, after) => table.put("when", self.milestone(milestone)).put_if(
                *after > SimTime::ZERO,
                "after",
                time(*after),
            ),
        };
        table
            .put("do", self.action(&step.action, step.to.as_ref()))
            .put_some("refused", step.refused.as_ref().map(quoted))
            .put_some("retry", step.retry.map(time));
        table
    }

    fn milestone(&self, milestone: &Milestone) -> String {
        match milestone {
            Milestone::Triggered { checkpoint, job } => {
                one("triggered", self.checkpoint_of(*checkpoint, job))
            }
            Milestone::Snapshot { checkpoint, by } => {
                one("snapshot", self.checkpoint_by(*checkpoint, by))
            }
            Milestone::Durable { checkpoint, by } => {
                one("durable", self.checkpoint_by(*checkpoint, by))
            }
            Milestone::AckSent { checkpoint, by } => {
                one("ack-sent", self.checkpoint_by(*checkpoint, by))
            }
            Milestone::Acked { checkpoint, by } => {
                one("acked", self.checkpoint_by(*checkpoint, by))
            }
            Milestone::MetadataWritten { checkpoint, job } => {
                one("metadata-written", self.checkpoint_of(*checkpoint, job))
            }
            Milestone::PointerStored { checkpoint, job } => {
                one("pointer-stored", self.checkpoint_of(*checkpoint, job))
            }
            Milestone::Completed { checkpoint, job } => {
                one("completed", self.checkpoint_of(*checkpoint, job))
            }
            Milestone::Notified { checkpoint, by } => {
                one("notified", self.checkpoint_by(*checkpoint, by))
            }
            Milestone::Restored { job } => one("restored", quoted(job)),
            Milestone::DataEnded { by } => one("data-ended", self.task(by)),
            Milestone::Savepoint { label } => one("savepoint", quoted(label)),
            Milestone::Status { job, status } => one(&status.to_string(), quoted(job)),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one short arm for each kind of step")]
    fn action(&self, action: &Action, to: Option<&String>) -> String {
        let mut table = Table::default();
        match action {
            Action::Run { job, from, allow_non_restored, claim } => {
                table
                    .put_if(self.jobs.len() > 1, "job", quoted(job))
                    .put_some("from", from.as_ref().map(quoted))
                    .put_if(*allow_non_restored, "allow-non-restored-state", true)
                    .put_if(*claim != ClaimMode::default(), "claim", word(claim));
                one("run", table.inline())
            }
            Action::Savepoint { job, label, native } => {
                table.put_if(self.jobs.len() > 1, "job", quoted(job)).put("as", quoted(label));
                put_format(&mut table, *native);
                table.put_some("to", to.map(quoted));
                one("savepoint", table.inline())
            }
            Action::Cancel { job, with_savepoint, native } => {
                table
                    .put_if(self.jobs.len() > 1, "job", quoted(job))
                    .put_if(with_savepoint.is_some(), "with-savepoint", true)
                    .put_some("as", with_savepoint.as_ref().map(quoted));
                put_format(&mut table, *native);
                table.put_some("to", to.map(quoted));
                one("cancel", table.inline())
            }
            Action::Stop { job, drain, label, native } => {
                table
                    .put_if(self.jobs.len() > 1, "job", quoted(job))
                    .put_if(*drain, "drain", true)
                    .put("as", quoted(label));
                put_format(&mut table, *native);
                table.put_some("to", to.map(quoted));
                one("stop", table.inline())
            }
            Action::Checkpoint { job, label } => {
                table.put_if(self.jobs.len() > 1, "job", quoted(job)).put("as", quoted(label));
                one("checkpoint", table.inline())
            }
            Action::Fail(failing) => {
                table
                    .put("task", self.task(&failing.task))
                    .put("in", word(&failing.call))
                    .put_some("checkpoint", failing.checkpoint)
                    .put_if(failing.times != 1, "times", failing.times);
                one("fail", table.inline())
            }
            Action::Block { task, span } => {
                table.put("task", self.task(task)).put_some("for", span.map(time));
                one("block", table.inline())
            }
            Action::Unblock(task) => one("unblock", self.task(task)),
            Action::Kill(task) => one("kill", self.task(task)),
            Action::KillTaskManager(number) => one("kill-task-manager", number),
            Action::Partition(number, span) => {
                table.put("task-manager", number).put("for", time(*span));
                one("partition", table.inline())
            }
            Action::KillJobManager => one("kill-job-manager", true),
            Action::List => one("list", true),
            Action::Upgrade(release) => one("upgrade", word(release)),
            Action::Storage(failing) => {
                match &failing.write {
                    DisturbedWrite::State(task) => table.put("state", self.task(task)),
                    DisturbedWrite::Metadata(job) => table.put("metadata", quoted(job)),
                    DisturbedWrite::Pointer(job) => table.put("pointer", quoted(job)),
                };
                table
                    .put("fault", word(&failing.fault))
                    .put_some("checkpoint", failing.checkpoint)
                    .put_if(failing.times != 1, "times", failing.times);
                one("storage", table.inline())
            }
            Action::Files(FileAction { label, work }) => files(label, work),
            Action::Lose(aim) => one("lose", self.aim(aim).inline()),
            Action::Delay(aim, by) => one("delay", self.aim(aim).put("by", time(*by)).inline()),
            Action::Repeat(aim, by) => one("repeat", self.aim(aim).put("by", time(*by)).inline()),
        }
    }

    fn aim(&self, aim: &Aim) -> Table {
        let mut table = Table::default();
        table
            .put(word(&aim.message).trim_matches('"'), self.task(&aim.task))
            .put_some("checkpoint", aim.checkpoint);
        table
    }

    fn checkpoint_of(&self, checkpoint: u64, job: &str) -> String {
        if job == self.jobs[0].graph.name {
            return checkpoint.to_string();
        }
        let mut table = Table::default();
        table.put("checkpoint", checkpoint).put("job", quoted(job));
        table.inline()
    }

    fn checkpoint_by(&self, checkpoint: u64, by: &TaskName) -> String {
        let mut table = Table::default();
        table.put("checkpoint", checkpoint).put("by", self.task(by));
        table.inline()
    }

    /// `counts/1`, with its job in front where it is not the first.
    fn task(&self, task: &TaskName) -> String {
        quoted(task.text(&self.jobs[0].graph.name))
    }
}

fn files(label: &str, work: &FileWork) -> String {
    let mut table = Table::default();
    table.put("savepoint", quoted(label));
    let key = match work {
        FileWork::Move { to, job_manager_only } => {
            table.put("to", quoted(to)).put_if(*job_manager_only, "job-manager-only", true);
            "move"
        }
        FileWork::Copy { to, label, job_manager_only } => {
            table.put("as", quoted(label)).put("to", quoted(to));
            table.put_if(*job_manager_only, "job-manager-only", true);
            "copy"
        }
        FileWork::Delete(piece) => {
            table.put_if(*piece != Piece::default(), "what", word(piece));
            "delete"
        }
        FileWork::Dispose { with_jar } => {
            table.put_if(*with_jar, "with-jar", true);
            "dispose"
        }
        FileWork::RewritePaths => "rewrite-paths",
    };
    one(key, table.inline())
}

fn put_format(table: &mut Table, native: bool) {
    table.put_if(native, "format", quoted("native"));
}

/// `{ key = value }`.
fn one(key: &str, value: impl std::fmt::Display) -> String {
    let mut table = Table::default();
    table.put(key, value);
    table.inline()
}
