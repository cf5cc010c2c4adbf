//! What a job starts from: a label, or what was saved of a job by that job and the id of the checkpoint, as FLINK-2976 first
//! asked for: the newest, or a given one, into a job of the same topology.

use crate::cluster::storage::Storage;
use crate::cluster::storage::snapshots::Savepoint;
use crate::job::{OperatorId, Plan, RunId, folder_of_pointer};
use crate::rules::Rules;
use crate::trace::SnapshotSource;
use std::sync::Arc;

impl Storage {
    /// What has this label, or what was saved of a job (`copy@3`, `copy@newest`), for a job that is started by this plan.
    /// `plan_of` tells the plans of those that were.
    pub(crate) fn find_start<'p>(
        &self,
        pointer: &str,
        rules: &Rules,
        job: &str,
        plan: impl FnOnce() -> Result<Arc<Plan>, Arc<str>>,
        plan_of: impl Fn(RunId) -> &'p Plan,
    ) -> Result<Savepoint, Arc<str>> {
        match pointer.split_once('@') {
            Some((saved, which)) if !self.is_label(pointer) => {
                let (run, label) = self.saved(saved, which, &plan_of)?;
                let plan: Arc<Plan> = plan()?;
                if shape(&plan) != shape(plan_of(run)) {
                    return Err(format!(
                        "cannot load a checkpoint of `{saved}` into `{job}`: its topology is another; start from its path instead"
                    )
                    .into());
                }
                self.find_savepoint(&label, rules)
            }
            Some(_) | None => self.find_savepoint(pointer, rules),
        }
    }

    fn is_label(&self, pointer: &str) -> bool {
        let label = folder_of_pointer(pointer);
        self.scenario.steps.iter().any(|step| step.action.label() == Some(label))
    }

    /// The run of a job, and the label, of the newest snapshot that a user asked for, or of that with this id.
    fn saved<'p>(
        &self,
        job: &str,
        which: &str,
        plan: impl Fn(RunId) -> &'p Plan,
    ) -> Result<(RunId, Arc<str>), Arc<str>> {
        let checkpoints = self.checkpoints.iter().map(|(label, (_, saved))| (label, saved));
        let all = self.savepoints.iter().chain(checkpoints);
        let of_job = all.filter_map(|(label, saved)| match saved.source {
            SnapshotSource::Run(run, id) => {
                (plan(run).graph.name == job).then(|| (run, id.number(), Arc::clone(label)))
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
}

/// The topology of a job: its operators, and how parallel they are. Ids of checkpoints are loaded into the same only.
fn shape(plan: &Plan) -> (&[OperatorId], Vec<u32>) {
    let vertices = plan.vertices.iter().map(|vertex| vertex.parallelism);
    (&plan.operator_ids, vertices.collect())
}
