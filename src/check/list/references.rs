//! Reference safety: no shared file goes that a kept snapshot needs, and none stays that nobody needs (O7). No snapshot takes the
//! place of another.

use super::{CheckSetup, End, Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::history::History;
use crate::job::{Attempt, CheckpointId, FileId, IN_JOB_MANAGER, RunId, SharedFile, TaskId};
use crate::trace::{CheckName, CheckpointEvent, Entry, JobEvent, JobStatus, TaskEvent, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Into how many slices all key groups of an operator are cut, at most: none of its files holds more than one. Said again here, so that a
/// store which cuts wider slices does not tell what is wide.
const SLICES: u32 = 16;

/// Who keeps a checkpoint: a run of this world, or, as none, whoever left the files that the first job starts from.
type Owner = (Option<RunId>, CheckpointId);

/// A checkpoint that is not as it must be, and why.
type Wrong = (CheckpointId, String);

/// A file that is there.
#[derive(Clone, Copy, Debug)]
struct Kept {
    content: u64,
    /// By which upload it came; none of an earlier process.
    written: Option<(TaskId, Attempt, CheckpointId)>,
    /// Whether a job manager that lived was told of it.
    is_known: bool,
}

/// The shared files of the world, and the checkpoints that refer to them.
#[derive(Clone, Debug, Default)]
pub(super) struct ReferenceSafety {
    files: BTreeMap<FileId, Kept>,
    references: BTreeMap<Owner, Arc<[SharedFile]>>,
    /// By run, what is in its completed store.
    stores: BTreeMap<RunId, BTreeSet<CheckpointId>>,
    /// What was ever in the store of a run: increments build on nothing else.
    bases: BTreeSet<(RunId, CheckpointId)>,
    ended: BTreeMap<RunId, JobStatus>,
    /// Where each snapshot was stored that a user had asked for.
    places: BTreeMap<Arc<str>, (RunId, CheckpointId)>,
}

impl Observer for ReferenceSafety {
    const LOOKS_AT: Subjects = Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS);

    /// The files of the snapshot that the world starts from are its owner's.
    fn of(setup: &CheckSetup) -> Self {
        let mut check = Self::default();
        if let Some(start) = setup.file.as_ref().map(|file| &*file.state) {
            let files: Arc<[SharedFile]> = start.files().copied().collect();
            for file in files.iter() {
                let kept = Kept { content: file.content, written: None, is_known: false };
                check.files.insert(file.id, kept);
            }
            check.references.insert((None, start.properties().id), files);
        }
        check
    }

    /// 1. What a checkpoint refers to when it completes is there, with the content that its task meant, and that is its state,
    ///    and no more than is written together. 2. A file that is deleted is needed by no checkpoint that is kept. 3. A restore finds every file of a checkpoint that
    ///    is kept.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no files")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let history = past.history;
        let mut wrong = None;
        match &entry.event {
            TraceEvent::Job(run, JobEvent::Submitted { from: Some(from) }) => {
                self.stores.entry(*run).or_default().insert(from.checkpoint());
            }
            TraceEvent::Task(
                task,
                attempt,
                TaskEvent::FileCreated { checkpoint, file, content },
            ) => {
                let written = Some((*task, *attempt, *checkpoint));
                let kept = Kept { content: *content, written, is_known: false };
                self.files.insert(*file, kept);
            }
            TraceEvent::Task(task, attempt, TaskEvent::AckHandled { checkpoint, .. }) => {
                self.know((*task, *attempt, *checkpoint), history.run_of(*task));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { kind, .. })
                if history.is_recovery_point(*run, *checkpoint, *kind) =>
            {
                self.stores.entry(*run).or_default().insert(*checkpoint);
                self.bases.insert((*run, *checkpoint));
            }
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                self.succeed(*run, checkpoints, history);
            }
            TraceEvent::Checkpoint(
                run,
                checkpoint,
                CheckpointEvent::FilesReferred { files, held },
            ) => {
                wrong = self.refer(*run, *checkpoint, files, (history, found));
                wrong = wrong.or_else(|| of_another_state(*checkpoint, files, held));
                wrong = wrong.or_else(|| too_wide(*checkpoint, files, past));
            }
            TraceEvent::Checkpoint(
                run,
                checkpoint,
                CheckpointEvent::SavepointStored { path, .. },
            ) => {
                wrong = self.place(path, (*run, *checkpoint));
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Subsumed) => {
                self.stores.entry(*run).or_default().remove(checkpoint);
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Discarded) => {
                self.stores.entry(*run).or_default().remove(checkpoint);
                self.references.remove(&(Some(*run), *checkpoint));
            }
            TraceEvent::Job(run, JobEvent::FileDeleted { file }) => {
                self.files.remove(file);
                let deleter = history.run(*run).map_or("a job", |run| run.layout.label.as_str());
                wrong = self.needed(*file, &format!("{deleter} deleted"), history);
            }
            TraceEvent::Task(.., TaskEvent::FileMissing { file, .. }) => {
                wrong = self.needed(*file, "a restore did not find", history);
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { status }) if status.is_terminal() => {
                self.ended.insert(*run, *status);
            }
            _ => {}
        }
        if let Some((checkpoint, text)) = wrong {
            let violation = Violation::at_entry(CheckName::ReferenceSafety, entry, text);
            found.add(violation.about(Evidence::of_checkpoint(checkpoint)));
        }
    }

    /// Judges what is left: no file that was deleted; of a job that is over for good and kept no snapshot, no file that its job manager knew of. A
    /// file whose ack never came is known to nobody, in Flink, too.
    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        let there = end.world.leftovers.files.iter();
        for file in there.filter(|file| !self.files.contains_key(file)) {
            let text = format!("shared/{file} is there, and was deleted");
            found.add(end.violation(CheckName::ReferenceSafety, text));
        }
        for (file, kept) in &self.files {
            let Some((task, _, checkpoint)) = kept.written else { continue };
            let run = end.past.history.run_of(task);
            let is_over = self.ended.get(&run).is_some_and(|status| *status != JobStatus::Lost);
            let keeps = self.stores.get(&run).is_some_and(|store| !store.is_empty());
            if kept.is_known && is_over && !keeps {
                let text = format!(
                    "shared/{file}, written for checkpoint {checkpoint}, is left of a job that kept no checkpoint"
                );
                let violation = end.violation(CheckName::ReferenceSafety, text);
                found.add(violation.about(Evidence::of_checkpoint(checkpoint)));
            }
        }
    }
}

impl ReferenceSafety {
    /// A job manager handled an ack: it knows the files that came with it, unless its job was over.
    fn know(&mut self, written: (TaskId, Attempt, CheckpointId), run: RunId) {
        if !self.ended.contains_key(&run) {
            let files = self.files.values_mut().filter(|kept| kept.written == Some(written));
            files.for_each(|kept| kept.is_known = true);
        }
    }

    /// A new job manager knows the files of the checkpoints that it has found, and no others.
    fn succeed(&mut self, run: RunId, checkpoints: &[CheckpointId], history: &History) {
        self.stores.insert(run, checkpoints.iter().copied().collect());
        self.bases.extend(checkpoints.iter().map(|checkpoint| (run, *checkpoint)));
        let is_own =
            |kept: &Kept| kept.written.is_some_and(|(task, ..)| history.run_of(task) == run);
        self.files.values_mut().filter(|kept| is_own(kept)).for_each(|kept| kept.is_known = false);
    }

    /// A snapshot that a user asked for is stored: nothing else lies there. What a job manager keeps in its memory goes with it,
    /// and the next one begins to count anew.
    fn place(&mut self, path: &Arc<str>, own: (RunId, CheckpointId)) -> Option<Wrong> {
        if path.starts_with(IN_JOB_MANAGER) {
            return None;
        }
        let first = *self.places.entry(Arc::clone(path)).or_insert(own);
        let text = || format!("{path} is the place of {}, and now of another", first.1);
        (first != own).then(|| (own.1, text()))
    }

    fn refer(
        &mut self,
        run: RunId,
        checkpoint: CheckpointId,
        files: &Arc<[SharedFile]>,
        (history, found): (&History, &mut Findings),
    ) -> Option<Wrong> {
        let others = self.references.iter().filter(|((owner, _), _)| *owner == Some(run));
        let shares = |other: &SharedFile| files.contains(other);
        if others.flat_map(|(_, others)| others.iter()).any(shares) {
            found.coverage.shared_files = 1;
        }
        self.references.insert((Some(run), checkpoint), Arc::clone(files));
        for file in files.iter() {
            if let Some(kept) = self.files.get_mut(&file.id) {
                kept.is_known = true;
            }
        }
        let is_built_on = |(task, _, base): (TaskId, Attempt, CheckpointId)| {
            let other = history.run_of(task);
            (other, base) == (run, checkpoint) || self.bases.contains(&(other, base))
        };
        let what = |file: &SharedFile| match self.files.get(&file.id) {
            None => Some("is not there"),
            Some(kept) if kept.content != file.content => Some("holds something else"),
            Some(kept) if !kept.written.is_none_or(is_built_on) => {
                Some("was written for one that never completed")
            }
            Some(_) => None,
        };
        files.iter().find_map(|file| {
            let (id, what) = (file.id, what(file)?);
            let text = format!(
                "checkpoint {checkpoint} completed and refers to shared/{id}, which {what}"
            );
            Some((checkpoint, text))
        })
    }

    /// What is wrong if something became of a file that a checkpoint which is kept refers to.
    fn needed(&self, file: FileId, what: &str, history: &History) -> Option<Wrong> {
        let needs = |files: &Arc<[SharedFile]>| files.iter().any(|other| other.id == file);
        let (owner, _) = self.references.iter().find(|(_, files)| needs(files))?;
        let who = named(*owner, history);
        Some((owner.1, format!("{what} shared/{file}, which {who} needs")))
    }
}

/// A file that does not hold the state that it stands for.
fn of_another_state(checkpoint: CheckpointId, files: &[SharedFile], held: &[u64]) -> Option<Wrong> {
    let mut each = files.iter().zip(held);
    let (file, _) = each.find(|(file, held)| file.content != **held)?;
    let id = file.id;
    let text =
        format!("checkpoint {checkpoint} refers to shared/{id}, which does not hold its state");
    Some((checkpoint, text))
}

/// A file that holds more key groups than a slice of any operator of any job: more than change together are written again.
fn too_wide(checkpoint: CheckpointId, files: &Arc<[SharedFile]>, past: Past<'_>) -> Option<Wrong> {
    // A job whose max parallelism is derived takes that of the job before it, and is not known by it.
    let runs = past.history.runs.iter().flatten().filter(|_| past.setup.file.is_none());
    let vertices = runs.flat_map(|run| &run.layout.plan.vertices);
    let most = vertices.map(|vertex| vertex.max_parallelism.div_ceil(SLICES).max(1)).max()?;
    let width = |file: &&SharedFile| u32::from(file.groups.1 - file.groups.0) + 1;
    let file = files.iter().find(|file| width(file) > most)?;
    let (id, width) = (file.id, width(&file));
    let text = format!(
        "checkpoint {checkpoint} refers to shared/{id}, which holds {width} key groups, and {most} are written together at most"
    );
    Some((checkpoint, text))
}

fn named((run, checkpoint): Owner, history: &History) -> String {
    match run.and_then(|run| history.run(run)) {
        Some(run) => format!("checkpoint {checkpoint} of {}", run.layout.label),
        None => format!("checkpoint {checkpoint} of an earlier process"),
    }
}
