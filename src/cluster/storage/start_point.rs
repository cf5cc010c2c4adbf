//! What a job starts from: a label, or a checkpoint of a job by the job's name and the checkpoint's id. What was saved at a user's
//! request is loaded as FLINK-2976 first asked for, into a job of the same topology; a periodic checkpoint that is there as its path
//! is (`chk-3`), into any.

use crate::cluster::storage::snapshots::Savepoint;
use crate::cluster::storage::{Owner, Storage};
use crate::job::{CheckpointId, OperatorId, Plan, RunId, folder_of_pointer};
use crate::rules::Rules;
use crate::trace::SnapshotSource;
use std::sync::Arc;

/// Behind `@`: the newest checkpoint of a job whose files are there, asked for by nobody.
const RETAINED: &str = "retained";

/// A snapshot of a job.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    run: RunId,
    id: CheckpointId,
    /// None of one that only its files are known by.
    label: Option<Arc<str>>,
}

/// What is to be known of the runs of a world.
pub(crate) struct Runs<P, O> {
    /// The plan of one.
    pub(crate) plan_of: P,
    /// Whose files are its.
    pub(crate) owner_of: O,
}

impl Storage {
    /// What has this label, or a snapshot of a job (`copy@3`, `copy@newest`, `copy@retained`), for a job that is started by this
    /// plan.
    pub(crate) fn find_start<'p>(
        &self,
        pointer: &str,
        rules: &Rules,
        job: &str,
        plan: impl FnOnce() -> Result<Arc<Plan>, Arc<str>>,
        runs: &Runs<impl Fn(RunId) -> &'p Plan, impl Fn(RunId) -> Owner<'p>>,
    ) -> Result<Savepoint, Arc<str>> {
        let Some((of, which)) = pointer.split_once('@').filter(|_| !self.is_label(pointer)) else {
            return self.find_savepoint(pointer, rules);
        };
        let Candidate { run, id, label } = self.candidate(of, which, rules, &runs.plan_of)?;
        let Some(label) = label else {
            let checkpoint = Arc::clone(&self.kept[&(run, id)]);
            let location = self.location_of_checkpoint((runs.owner_of)(run), &checkpoint, rules);
            return Ok(Savepoint { checkpoint, source: SnapshotSource::Run(run, id), location });
        };
        let plan: Arc<Plan> = plan()?;
        if shape(&plan) != shape((runs.plan_of)(run)) {
            return Err(format!(
                "cannot load a checkpoint of `{of}` into `{job}`: its topology is another; start from its path instead"
            )
            .into());
        }
        self.find_savepoint(&label, rules)
    }

    fn is_label(&self, pointer: &str) -> bool {
        let label = folder_of_pointer(pointer);
        self.scenario.steps.iter().any(|step| step.action.label() == Some(label))
    }

    /// The newest snapshot of a job, that with an id, or the newest that is retained.
    fn candidate<'p>(
        &self,
        job: &str,
        which: &str,
        rules: &Rules,
        plan_of: impl Fn(RunId) -> &'p Plan,
    ) -> Result<Candidate, Arc<str>> {
        let checkpoints = self.checkpoints.iter().map(|(label, (_, saved))| (label, saved));
        let saved = self.savepoints.iter().chain(checkpoints);
        let saved = saved.filter_map(|(label, saved)| match saved.source {
            SnapshotSource::Run(run, id) => {
                Some(Candidate { run, id, label: Some(Arc::clone(label)) })
            }
            SnapshotSource::Files(_) => None,
        });
        let retained = self.retained.iter().filter(|_| rules.retained_checkpoints);
        let retained = retained.map(|(run, _, id)| Candidate { run: *run, id: *id, label: None });
        let of_job = saved.filter(|_| which != RETAINED).chain(retained);
        let of_job = of_job.filter(|found| plan_of(found.run).graph.name == job);
        let wanted = which.parse::<u64>().ok();
        let fitting =
            of_job.filter(|found| wanted.is_none_or(|wanted| found.id.number() == wanted));
        // One that has a label, too, is known by that.
        fitting.max().ok_or_else(|| match wanted {
            Some(id) => {
                format!("no checkpoint {id} was saved of job `{job}`, nor is one there").into()
            }
            None if which == RETAINED => format!("no checkpoint of job `{job}` is there").into(),
            None => format!("nothing was saved of job `{job}`, nor is any checkpoint there").into(),
        })
    }
}

/// The topology of a job: its operators, and how parallel they are. Ids of checkpoints are loaded into the same only.
fn shape(plan: &Plan) -> (&[OperatorId], Vec<u32>) {
    let vertices = plan.vertices.iter().map(|vertex| vertex.parallelism);
    (&plan.operator_ids, vertices.collect())
}
