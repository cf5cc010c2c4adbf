//! What a job starts from: a label, or a checkpoint of a job by the job's name and the checkpoint's id. What was saved at a user's
//! request is loaded as FLINK-2976 first asked for, into a job of the same topology; a periodic checkpoint that is there as its path
//! is (`chk-3`), into any.

use crate::cluster::storage::snapshots::Savepoint;
use crate::cluster::storage::user_files::nothing_is_at;
use crate::cluster::storage::{Owner, Storage};
use crate::job::{CheckpointId, OperatorId, Plan, RunId, folder_of_pointer, names_metadata};
use crate::rules::{Rules, SavepointLayout};
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

    /// What lies at a path, as a user types it (`AbstractFsCheckpointStorageAccess.resolveCheckpointPointer`).
    pub(crate) fn find_path<'p>(
        &self,
        path: &str,
        rules: &Rules,
        owner_of: impl Fn(RunId) -> Owner<'p>,
    ) -> Result<Savepoint, Arc<str>> {
        if path.trim().is_empty() {
            return Err("empty checkpoint pointer: there is no path".into());
        }
        // Until 1.1 what keeps savepoints reads its own paths, `jobmanager://` among them.
        let is_file = rules.savepoint_layout != SavepointLayout::Pointer;
        if let Some(scheme) = unknown_scheme(path).filter(|_| is_file) {
            return Err(format!(
                "cannot access file system for checkpoint/savepoint path '{path}': could not find a file system implementation for scheme '{scheme}'"
            )
            .into());
        }
        let place = place_of(path);
        let file = if names_metadata(path) { "/_metadata" } else { "" };
        let checkpoints = self.checkpoints.iter().map(|(label, (_, saved))| (label, saved));
        let mut labelled = self.savepoints.iter().chain(checkpoints);
        let lies_there = |saved: &Savepoint| place_of(&saved.location.path) == place;
        if let Some((label, _)) = labelled.find(|(_, saved)| lies_there(saved)) {
            return self.find_savepoint(&format!("{label}{file}"), rules);
        }
        for (run, _, id) in self.retained.iter().filter(|_| rules.retained_checkpoints) {
            let checkpoint = Arc::clone(&self.kept[&(*run, *id)]);
            let location = self.location_of_checkpoint(owner_of(*run), &checkpoint, rules);
            if place_of(&location.path) == place {
                let source = SnapshotSource::Run(*run, *id);
                return Ok(Savepoint { checkpoint, source, location });
            }
        }
        nothing_is_at(path)
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

/// Schemes of the file systems that Flink comes with, or tells which plugin has them (`FileSystem.DIRECTLY_SUPPORTED_FILESYSTEM`).
const SCHEMES: [&str; 13] = [
    "file", "hdfs", "viewfs", "s3", "s3a", "s3n", "s3p", "gs", "oss", "abfs", "abfss", "wasb",
    "wasbs",
];

/// The scheme of a path that belongs to no file system.
fn unknown_scheme(path: &str) -> Option<&str> {
    let (scheme, _) = path.split_once(":/")?;
    let is_known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (!is_known && !scheme.contains('/')).then_some(scheme)
}

/// Where a path leads: `file:///archive/first/_metadata`, `/archive/first/` and `archive/first` are one place.
fn place_of(path: &str) -> &str {
    let local = path.strip_prefix("file:").unwrap_or(path);
    let is_local = !local.contains(":/");
    let folder = folder_of_pointer(local);
    if is_local { folder.trim_start_matches('/') } else { folder }
}

/// The topology of a job: its operators, and how parallel they are. Ids of checkpoints are loaded into the same only.
fn shape(plan: &Plan) -> (&[OperatorId], Vec<u32>) {
    let vertices = plan.vertices.iter().map(|vertex| vertex.parallelism);
    (&plan.operator_ids, vertices.collect())
}
