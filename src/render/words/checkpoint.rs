//! What happens to a checkpoint or savepoint, in words.

use super::{Line, fault_name, snapshot, splits_text};
use crate::job::{CheckpointId, RunId};
use crate::render::names::Names;
use crate::trace::{CheckpointEvent, DurableWrite, RestoreReport};

pub(super) fn line(
    (run, id): (RunId, CheckpointId),
    event: &CheckpointEvent,
    names: &Names,
) -> Line {
    let of_job = || "job".to_owned();
    let of_coordinator = || "coordinator".to_owned();
    let (who, what) = match event {
        CheckpointEvent::Triggered { kind } => {
            (of_coordinator(), format!("{} triggered", snapshot(*kind, id)))
        }
        CheckpointEvent::Stopping { drain: true } => {
            (of_job(), format!("drains and stops with savepoint {id}"))
        }
        CheckpointEvent::Stopping { drain: false } => {
            (of_job(), format!("stops with savepoint {id}"))
        }
        CheckpointEvent::EnumeratorTaken { unassigned, .. } => {
            let splits = splits_text(unassigned, names);
            (of_coordinator(), format!("nobody has at {id}: {splits}"))
        }
        CheckpointEvent::MetadataWritten => (of_coordinator(), format!("metadata of {id} written")),
        CheckpointEvent::PointerStored => (of_coordinator(), format!("pointer to {id} stored")),
        CheckpointEvent::WriteDisturbed { task, write, fault } => (
            task.map_or_else(of_coordinator, |task| names.task(task)),
            format!("{} for {id} {}", write_name(*write), fault_name(*fault)),
        ),
        CheckpointEvent::Completed { kind, .. } => {
            (of_coordinator(), format!("{} completed", snapshot(*kind, id)))
        }
        CheckpointEvent::Aborted { kind, reason } => {
            (of_coordinator(), format!("{} aborted: {reason}", snapshot(*kind, id)))
        }
        CheckpointEvent::Subsumed => {
            (of_coordinator(), format!("checkpoint {id} dropped for newer ones"))
        }
        CheckpointEvent::Discarded => (of_coordinator(), format!("checkpoint {id} kept no more")),
        CheckpointEvent::SavepointStored { label, path } => {
            (of_coordinator(), format!("savepoint {id} stored as `{label}`: {path}"))
        }
        CheckpointEvent::FilesReferred { files } => {
            (of_coordinator(), format!("checkpoint {id} refers to {} files", files.len()))
        }
        CheckpointEvent::RestoreMapped { report, .. } => {
            (of_job(), restore_text(run, id, report, names))
        }
    };
    Line { run: Some(run), who, what }
}

const fn write_name(write: DurableWrite) -> &'static str {
    match write {
        DurableWrite::State => "snapshot",
        DurableWrite::Metadata => "metadata",
        DurableWrite::Pointer => "pointer",
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
