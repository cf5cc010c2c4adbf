//! The recovery point: a restart goes back to the newest checkpoint that the rules let it restore, and no further (O4).

use super::{Findings, Observer, Past, Subjects, Violation};
use crate::job::{CheckpointId, CheckpointKind, RunId};
use crate::trace::{CheckName, CheckpointEvent, Entry, JobEvent, SnapshotSource, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What a run can go back to.
#[derive(Clone, Debug, Default)]
struct Points {
    /// The newest that its job manager knows: its own, or the one that it was started from.
    known: Option<CheckpointId>,
    /// The checkpoints that its job manager keeps, in order of completion, where they are preferred to savepoints.
    preferred: BTreeSet<CheckpointId>,
    /// What a new job manager would find, as far as somebody wrote it down, in the order in which that was.
    pointed_to: Vec<CheckpointId>,
}

/// The recovery points of all runs.
#[derive(Clone, Debug, Default)]
pub(super) struct RecoveryPoint {
    runs: BTreeMap<RunId, Points>,
}

impl Observer for RecoveryPoint {
    const LOOKS_AT: Subjects = Subjects::JOBS.and(Subjects::CHECKPOINTS);

    /// 1. A run goes back to the newest checkpoint that completed, and before its first to the snapshot that it was started
    ///    from. 2. A new job manager finds what completed; what it finds beyond that counts as well. 3. Whatever is restored,
    ///    a region or a whole job, is restored from there.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events move no recovery point")]
    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        let mut broken =
            |text| found.add(Violation::at_entry(CheckName::RecoveryPoint, entry, text));
        match &entry.event {
            TraceEvent::Job(run, JobEvent::Submitted { from }) => {
                let known = from.map(SnapshotSource::checkpoint);
                let is_stored = past.history.rules.rules_of(*run).start_in_store;
                let pointed_to = known.filter(|_| is_stored).into_iter().collect();
                let preferred = BTreeSet::new();
                self.runs.insert(*run, Points { known, preferred, pointed_to });
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { kind, .. })
                if past.history.is_recovery_point(*run, *checkpoint, *kind) =>
            {
                let points = self.runs.entry(*run).or_default();
                // In order of completion: a savepoint that completes late comes after a newer checkpoint
                // (`completedCheckpoints.addLast`).
                points.known = Some(*checkpoint);
                if *kind == CheckpointKind::Checkpoint && past.prefers_checkpoints(*run) {
                    points.preferred.insert(*checkpoint);
                }
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Subsumed) => {
                let points = self.runs.entry(*run).or_default();
                points.preferred.remove(checkpoint);
                // The one that was stored last is never subsumed: a savepoint, perhaps, with an older number.
                let last = points.pointed_to.last().copied();
                points.pointed_to.retain(|id| id != checkpoint || Some(*id) == last);
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::PointerStored) => {
                self.runs.entry(*run).or_default().pointed_to.push(*checkpoint);
            }
            TraceEvent::Job(run, JobEvent::TakenOver { checkpoints }) => {
                let points = self.runs.entry(*run).or_default();
                points.known = checkpoints.iter().copied().max();
                points.preferred = preferred_of(checkpoints, past, *run);
                let wanted = points.pointed_to.iter().copied().max();
                if let Some(wanted) = wanted.filter(|_| points.known < wanted) {
                    broken(format!("a new job manager does not find checkpoint {wanted}"));
                }
            }
            TraceEvent::Job(run, JobEvent::AttemptStarted { restored, .. })
            | TraceEvent::Job(run, JobEvent::RegionRestarted { restored, .. }) => {
                let points = self.runs.get(run);
                let preferred = points.and_then(|points| points.preferred.last().copied());
                let known = preferred.or(points.and_then(|points| points.known));
                let name = |checkpoint: Option<CheckpointId>| {
                    checkpoint.map_or_else(|| "nothing".to_owned(), |id| format!("checkpoint {id}"))
                };
                if *restored != known {
                    let (restored, known) = (name(*restored), name(known));
                    broken(format!("restored from {restored}, and not from {known}"));
                }
            }
            _ => {}
        }
    }
}

/// Of the snapshots that a new job manager finds, those that its run goes back to rather than to savepoints.
fn preferred_of(found: &[CheckpointId], past: Past<'_>, run: RunId) -> BTreeSet<CheckpointId> {
    let own = past.run(run).filter(|_| past.prefers_checkpoints(run));
    let is_checkpoint = |checkpoint: &CheckpointId| {
        let story = own.and_then(|own| own.story(*checkpoint));
        story.is_some_and(|story| story.kind == CheckpointKind::Checkpoint)
    };
    found.iter().copied().filter(is_checkpoint).collect()
}
