//! What happens to a checkpoint or savepoint, in words.

use super::{Line, fault_name, splits_text};
use crate::job::{CheckpointId, RunId};
use crate::render::names::Names;
use crate::trace::{CheckpointEvent, DurableWrite, RestoreReport};

#[expect(clippy::wildcard_enum_match_arm, reason = "the coordinator does the rest")]
pub(super) fn line(
    (run, id): (RunId, CheckpointId),
    event: &CheckpointEvent,
    names: &Names,
) -> Line {
    let who = match event {
        CheckpointEvent::WriteDisturbed { task: Some(task), .. } => names.task(*task),
        CheckpointEvent::Stopping { .. } | CheckpointEvent::RestoreMapped { .. } => {
            "job".to_owned()
        }
        _ => "coordinator".to_owned(),
    };
    Line { run: Some(run), who, what: what((run, id), event, names) }
}

fn what((run, id): (RunId, CheckpointId), event: &CheckpointEvent, names: &Names) -> String {
    match event {
        CheckpointEvent::Triggered { kind } => format!("{kind} {id} triggered"),
        CheckpointEvent::Stopping { drain: true } => {
            format!("drains and stops with savepoint {id}")
        }
        CheckpointEvent::Stopping { drain: false } => format!("stops with savepoint {id}"),
        CheckpointEvent::EnumeratorTaken { unassigned, .. } => {
            format!("nobody has at {id}: {}", splits_text(unassigned, names))
        }
        CheckpointEvent::MetadataWritten => format!("metadata of {id} written"),
        CheckpointEvent::PointerStored => format!("pointer to {id} stored"),
        CheckpointEvent::WriteDisturbed { write, fault, .. } => {
            format!("{} for {id} {}", write_name(*write), fault_name(*fault))
        }
        CheckpointEvent::Completed { kind, .. } => format!("{kind} {id} completed"),
        CheckpointEvent::Aborted { kind, reason } => {
            format!("{kind} {id} aborted: {reason}")
        }
        CheckpointEvent::Subsumed => format!("checkpoint {id} subsumed"),
        CheckpointEvent::Discarded => format!("checkpoint {id} kept no more"),
        CheckpointEvent::SavepointStored { label, path } => {
            format!("savepoint {id} stored as `{label}`: {path}")
        }
        CheckpointEvent::FilesReferred { files, .. } => {
            format!("checkpoint {id} refers to {} files", files.len())
        }
        CheckpointEvent::RestoreMapped { report, .. } => restore_text(run, id, report, names),
    }
}

const fn write_name(write: DurableWrite) -> &'static str {
    match write {
        DurableWrite::State => "snapshot",
        DurableWrite::Metadata => "metadata",
        DurableWrite::Pointer => "pointer",
        DurableWrite::Folder => "folder",
    }
}

fn restore_text(
    run: RunId,
    checkpoint: CheckpointId,
    report: &RestoreReport,
    names: &Names,
) -> String {
    let entries: u64 = report.snapshot.iter().map(|sum| sum.entries).sum();
    let mut text = format!("restores snapshot {checkpoint}: {} states", report.mapped.len());
    text.push_str(&format!(" of {}, {entries} entries", report.snapshot.len()));
    if !report.dropped.is_empty() {
        let dropped = report.dropped.iter();
        let dropped: Vec<_> = dropped
            .map(|unit| format!("{}.{}", names.operator(run, unit.operator), unit.name))
            .collect();
        text.push_str(&format!("; dropped {}", dropped.join(", ")));
    }
    if !report.starts_empty.is_empty() {
        let empty: Vec<_> = report.starts_empty.iter().map(|(_, name)| &**name).collect();
        text.push_str(&format!("; empty: {}", empty.join(", ")));
    }
    text
}
