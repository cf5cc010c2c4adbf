//! What was saved of a job, by the job and the id of the checkpoint, as FLINK-2976 first asked for: the newest, or a given
//! one, into a job of the same topology.

use super::world::{Savepoint, World};
use crate::job::{Plan, PlanRules, RunId, folder_of_pointer};
use crate::trace::SnapshotSource;
use std::sync::Arc;

impl World {
    /// What a job starts from: what has this label, or what was saved of a job (`copy@3`, `copy@newest`).
    pub(super) fn find_start(&self, pointer: &str, job: &str) -> Result<Savepoint, Arc<str>> {
        match pointer.split_once('@') {
            Some((saved, which)) if !self.is_label(pointer) => {
                let (run, label) = self.saved(saved, which)?;
                self.require_same_topology(run, saved, job)?;
                self.find_savepoint(&label)
            }
            Some(_) | None => self.find_savepoint(pointer),
        }
    }

    fn is_label(&self, pointer: &str) -> bool {
        let label = folder_of_pointer(pointer);
        self.scenario.steps.iter().any(|step| step.action.label() == Some(label))
    }

    /// The run of a job, and the label, of the newest snapshot that a user asked for, or of that with this id.
    fn saved(&self, job: &str, which: &str) -> Result<(RunId, Arc<str>), Arc<str>> {
        let checkpoints = self.checkpoints.iter().map(|(label, (_, saved))| (label, saved));
        let all = self.savepoints.iter().chain(checkpoints);
        let of_job = all.filter_map(|(label, saved)| match saved.source {
            SnapshotSource::Run(run, id) => {
                let name = &self.runs[run.index()].layout.plan.graph.name;
                (name == job).then(|| (run, id.number(), Arc::clone(label)))
            }
            SnapshotSource::Files(_) => None,
        });
        let wanted = which.parse::<u64>().ok();
        let fitting = of_job.filter(|(_, id, _)| wanted.is_none_or(|wanted| *id == wanted));
        let newest = fitting.max_by_key(|(run, id, _)| (*run, *id));
        let found = newest.map(|(run, _, label)| (run, label));
        found.ok_or_else(|| match wanted {
            Some(id) => format!("no checkpoint {id} was saved of job `{job}`").into(),
            None => format!("nothing was saved of job `{job}`").into(),
        })
    }

    /// Ids of checkpoints are loaded into the same topology only: the same operators, as parallel as they were.
    fn require_same_topology(&self, run: RunId, saved: &str, job: &str) -> Result<(), Arc<str>> {
        let config = &self.scenario.jobs[self.job_named(job)];
        let plan = config.plan(PlanRules::from(&*self.rules));
        let plan = plan.map_err(|error| format!("{error}; {}", error.help()))?;
        let shape = |plan: &Plan| {
            let vertices = plan.vertices.iter().map(|vertex| vertex.parallelism);
            (plan.operator_ids.clone(), vertices.collect::<Vec<_>>())
        };
        if shape(&plan) == shape(&self.runs[run.index()].layout.plan) {
            return Ok(());
        }
        Err(format!(
            "cannot load a checkpoint of `{saved}` into `{job}`: its topology is another; start from its path instead"
        )
        .into())
    }
}
