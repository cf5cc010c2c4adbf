//! What users do with the files of snapshots: move, copy, delete, dispose.
//!
//! A snapshot that a job is to start from is moved, copied or pointed to by its metadata file, and not deleted before, so that
//! the story goes on as often as its release lets it.

use super::Draw;
use super::story::step;
use crate::job::{ClaimMode, METADATA};
use crate::kernel::SimTime;
use crate::rules::SavepointLayout;
use crate::scenario::{
    Action, CopyFiles, DeleteFiles, Dispose, FileAction, Milestone, MoveFiles, Piece, RewritePaths,
    Run, SavepointBackend, Step, Trigger,
};

/// Percent of worlds in which users do something with files.
const FILES: u64 = 15;
/// Percent of savepoints that are touched, where any are.
const TOUCHED: u64 = 70;
/// Percent of savepoints that were moved whose paths are mended, where they have any.
const REWRITTEN: u64 = 75;
/// Percent of copies and moves that go where only the job manager reaches them.
const OUT_OF_REACH: u64 = 10;
/// Percent of starts that point to the metadata file.
const BY_METADATA: u64 = 20;
/// Percent of worlds whose savepoints are in the memory of the job manager, where a release has such.
const IN_MEMORY: u64 = 20;

/// What keeps savepoints, where a release leaves a choice.
pub(super) fn backend(draw: &Draw<'_>, is_wanted: bool) -> Option<SavepointBackend> {
    if draw.rules.savepoint_layout != SavepointLayout::Pointer {
        return None;
    }
    Some(match is_wanted && draw.chance("savepoints-in-memory", IN_MEMORY) {
        true => SavepointBackend::JobManager,
        false => SavepointBackend::FileSystem,
    })
}

/// Adds the steps in which users do something with the files of what other steps leave behind.
pub(super) fn add(draw: &Draw<'_>, steps: &mut Vec<Step>) {
    if !draw.chance("files", FILES) {
        return;
    }
    let savepoints = steps.iter().filter(|step| !matches!(step.action, Action::Checkpoint(_)));
    let labels = savepoints.filter_map(|step| step.action.label().map(str::to_owned));
    let labels: Vec<String> = labels.collect();
    for label in labels {
        let what = format!("files/{label}");
        if !draw.chance(format_args!("{what}/touched"), TOUCHED) {
            continue;
        }
        match steps.iter_mut().find_map(|step| starts_from(&mut step.action, &label)) {
            Some((from, claim)) => {
                if draw.chance(format_args!("{what}/by-metadata"), BY_METADATA) {
                    *from = format!("{label}/{METADATA}");
                }
                if draw.rules.claim_modes {
                    let modes =
                        [(ClaimMode::NoClaim, 2), (ClaimMode::Claim, 1), (ClaimMode::Legacy, 1)];
                    *claim = draw.weighted(format_args!("{what}/claim"), &modes);
                }
                bring(draw, &label, &what, steps);
            }
            None if draw.chance(format_args!("{what}/brought"), 40) => {
                bring(draw, &label, &what, steps);
            }
            None => {
                let removal = removal(draw, label, &what);
                steps.push(later(draw, &format!("{what}/removed"), removal));
            }
        }
    }
}

/// The pointer by which a step starts a job from a snapshot, and who owns that from then on.
fn starts_from<'a>(
    action: &'a mut Action,
    label: &str,
) -> Option<(&'a mut String, &'a mut ClaimMode)> {
    let Action::Run(Run { from: Some(from), claim, .. }) = action else { return None };
    (from == label).then_some((from, claim))
}

/// Moves or copies a snapshot. One that names its data by absolute paths is mended most of the time.
fn bring(draw: &Draw<'_>, label: &str, what: &str, steps: &mut Vec<Step>) {
    let job_manager_only = draw.chance(format_args!("{what}/out-of-reach"), OUT_OF_REACH);
    let to = format!("archive/{label}");
    let is_copied = draw.chance(format_args!("{what}/copied"), 30);
    let savepoint = label.to_owned();
    let action = if is_copied {
        let label = format!("copy-{label}");
        FileAction::Copy(CopyFiles { savepoint, label, to, job_manager_only })
    } else {
        FileAction::Move(MoveFiles { savepoint, to, job_manager_only })
    };
    steps.push(later(draw, &format!("{what}/brought"), action));
    let has_paths = draw.rules.savepoint_layout == SavepointLayout::AbsoluteFolder;
    if !is_copied && has_paths && draw.chance(format_args!("{what}/rewritten"), REWRITTEN) {
        let mended = FileAction::RewritePaths(RewritePaths { savepoint: label.to_owned() });
        steps.push(later(draw, &format!("{what}/brought"), mended));
    }
}

/// How a snapshot is got rid of.
fn removal(draw: &Draw<'_>, savepoint: String, what: &str) -> FileAction {
    let piece = draw.weighted(
        format_args!("{what}/removal"),
        &[(None, 3), (Some(Piece::All), 3), (Some(Piece::Metadata), 2), (Some(Piece::Data), 1)],
    );
    match piece {
        Some(what) => FileAction::Delete(DeleteFiles { savepoint, what }),
        None => FileAction::Dispose(Dispose { savepoint, with_jar: false }),
    }
}

/// Something that is done with a snapshot soon after it was stored.
fn later(draw: &Draw<'_>, what: &str, action: FileAction) -> Step {
    let milestone = Milestone::Savepoint { label: action.savepoint().to_owned() };
    let after = draw
        .span(format_args!("{what}/after"), (SimTime::from_millis(1), SimTime::from_millis(40)));
    step(Trigger::When(milestone, after), Action::Files(action))
}
