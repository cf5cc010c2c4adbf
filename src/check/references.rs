//! Reference safety: no shared file goes that a kept snapshot needs, and none stays that nobody needs (O7).

use super::Check;
use super::history::History;
use super::violation::Violation;
use crate::job::{Attempt, CheckpointId, CheckpointKind, FileId, RunId, SharedFile, TaskId};
use crate::kernel::SimTime;
use crate::state::CompletedCheckpoint;
use crate::trace::{
    CheckName, CheckpointEvent, Entry, JobEvent, JobStatus, SnapshotSource, TaskEvent, TraceEvent,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who keeps a checkpoint: a run of this world, or, as none, whoever left the files that the first job starts from.
type Owner = (Option<RunId>, CheckpointId);

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
pub(super) struct ReferencesCheck {
    files: BTreeMap<FileId, Kept>,
    references: BTreeMap<Owner, Arc<[SharedFile]>>,
    /// By run, what is in its completed store.
    stores: BTreeMap<RunId, BTreeSet<CheckpointId>>,
    ended: BTreeMap<RunId, JobStatus>,
    /// Whether a checkpoint completed that shares a file with the one before it.
    pub(super) has_shared: bool,
}

impl ReferencesCheck {
    /// The files of the snapshot that the world starts from are its owner's.
    pub(super) fn of(start: Option<&CompletedCheckpoint>) -> Self {
        let mut check = Self::default();
        if let Some(start) = start {
            let files: Arc<[SharedFile]> = start.files().copied().collect();
            for file in files.iter() {
                let kept = Kept { content: file.content, written: None, is_known: false };
                check.files.insert(file.id, kept);
            }
            check.references.insert((None, start.properties().id), files);
        }
        check
    }

    /// Judges what happened. `history` knows it already.
    ///
    /// 1. What a checkpoint refers to when it completes is there, with the content that its task meant. 2. A file that is
    ///    deleted is needed by no checkpoint that is kept. 3. A restore finds every file of a checkpoint that is kept.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events are of no files")]
    pub(super) fn observe(&mut self, entry: &Entry, history: &History, found: &mut Check) {
        let wrong = match &entry.event {
            TraceEvent::Job(run, JobEvent::Submitted { from: Some(from) }) => {
                let (SnapshotSource::Run(_, id) | SnapshotSource::Files(id)) = from;
                self.stores.entry(*run).or_default().insert(*id);
                None
            }
            TraceEvent::Task(
                task,
                attempt,
                TaskEvent::FileCreated { checkpoint, file, content },
            ) => {
                let written = Some((*task, *attempt, *checkpoint));
                let kept = Kept { content: *content, written, is_known: false };
                self.files.insert(*file, kept);
                None
            }
            TraceEvent::Task(task, attempt, TaskEvent::AckHandled { checkpoint, .. }) => {
                self.know((*task, *attempt, *checkpoint), history.run_of(*task));
                None
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { kind, .. }) => {
                let stops_with = history.run(*run).and_then(|story| story.stops_with);
                if *kind == CheckpointKind::Checkpoint
                    || history.eras.rules_of(*run).savepoint_in_completed_store
                    || stops_with == Some(*checkpoint)
                {
                    self.stores.entry(*run).or_default().insert(*checkpoint);
                }
                None
            }
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                self.succeed(*run, checkpoints, history);
                None
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::FilesReferred { files }) => {
                self.refer(*run, *checkpoint, files)
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Subsumed) => {
                self.stores.entry(*run).or_default().remove(checkpoint);
                None
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Discarded) => {
                self.stores.entry(*run).or_default().remove(checkpoint);
                self.references.remove(&(Some(*run), *checkpoint));
                None
            }
            TraceEvent::Job(run, JobEvent::FileDeleted { file }) => {
                self.delete(*run, *file, history)
            }
            TraceEvent::Task(.., TaskEvent::FileMissing { file, .. }) => {
                self.needed_by(*file).map(|owner| {
                    format!(
                        "a restore did not find shared/{file}, which {} needs",
                        named(owner, history)
                    )
                })
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { status }) if status.is_terminal() => {
                self.ended.insert(*run, *status);
                None
            }
            _ => return,
        };
        if let Some(text) = wrong {
            found.add(Violation::at_entry(CheckName::ReferenceSafety, entry, text));
        }
    }

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
        let is_own =
            |kept: &Kept| kept.written.is_some_and(|(task, ..)| history.run_of(task) == run);
        self.files.values_mut().filter(|kept| is_own(kept)).for_each(|kept| kept.is_known = false);
    }

    fn refer(
        &mut self,
        run: RunId,
        checkpoint: CheckpointId,
        files: &Arc<[SharedFile]>,
    ) -> Option<String> {
        let others = self.references.iter().filter(|((owner, _), _)| *owner == Some(run));
        let shares = |other: &SharedFile| files.contains(other);
        self.has_shared |= others.flat_map(|(_, others)| others.iter()).any(shares);
        self.references.insert((Some(run), checkpoint), Arc::clone(files));
        for file in files.iter() {
            if let Some(kept) = self.files.get_mut(&file.id) {
                kept.is_known = true;
            }
        }
        files.iter().find_map(|file| match self.files.get(&file.id) {
            None => Some(format!(
                "checkpoint {checkpoint} completed and refers to shared/{}, which is not there",
                file.id
            )),
            Some(kept) if kept.content != file.content => Some(format!(
                "checkpoint {checkpoint} completed and refers to shared/{}, which holds something else",
                file.id
            )),
            Some(_) => None,
        })
    }

    fn delete(&mut self, run: RunId, file: FileId, history: &History) -> Option<String> {
        self.files.remove(&file);
        let deleter = history.run(run).map_or("a job", |run| run.layout.label.as_str());
        self.needed_by(file).map(|owner| {
            format!("{deleter} deleted shared/{file}, which {} needs", named(owner, history))
        })
    }

    /// A checkpoint that is kept and refers to a file.
    fn needed_by(&self, file: FileId) -> Option<Owner> {
        let mut references = self.references.iter();
        let needs = |files: &Arc<[SharedFile]>| files.iter().any(|other| other.id == file);
        references.find(|(_, files)| needs(files)).map(|(owner, _)| *owner)
    }

    /// Judges what is left: of a job that is over for good and kept no snapshot, no file that its job manager knew of. A
    /// file whose ack never came is known to nobody, in Flink, too.
    pub(super) fn finish(&self, history: &History, ended: SimTime, event: u64, found: &mut Check) {
        for (file, kept) in &self.files {
            let Some((task, _, checkpoint)) = kept.written else { continue };
            let run = history.run_of(task);
            let is_over = self.ended.get(&run).is_some_and(|status| *status != JobStatus::Lost);
            let keeps = self.stores.get(&run).is_some_and(|store| !store.is_empty());
            if kept.is_known && is_over && !keeps {
                let text = format!(
                    "shared/{file}, written for checkpoint {checkpoint}, is left of a job that kept no checkpoint"
                );
                found.add(Violation { check: CheckName::ReferenceSafety, at: ended, event, text });
            }
        }
    }
}

fn named((run, checkpoint): Owner, history: &History) -> String {
    match run.and_then(|run| history.run(run)) {
        Some(run) => format!("checkpoint {checkpoint} of {}", run.layout.label),
        None => format!("checkpoint {checkpoint} of an earlier process"),
    }
}
