//! Who acts in a picture: a lane for all coordinators, one for each subtask, one for each external system.

use super::{Lane, LaneKind, Picture};
use crate::job::{ExternalId, TaskId};
use crate::render::names::Names;
use crate::trace::{Trace, TraceEvent};
use std::collections::{BTreeMap, BTreeSet};

/// The place of the coordinators' lane.
pub(super) const COORDINATOR: usize = 0;

/// The lane of each subtask and external system.
#[derive(Debug, Default)]
pub(super) struct Cast {
    tasks: BTreeMap<TaskId, usize>,
    externals: BTreeMap<ExternalId, usize>,
}

impl Cast {
    /// Gives a picture its lanes: runs as submitted, subtasks as in their plans, and the external systems that anything was
    /// written to.
    pub(super) fn assign(picture: &mut Picture, trace: &Trace, names: &Names) -> Self {
        let mut cast = Self::default();
        picture.lanes.push(Lane {
            kind: LaneKind::Coordinator,
            label: "coordinator".to_owned(),
            operator: String::new(),
            job: String::new(),
            run: None,
            parallelism: 0,
        });
        for layout in trace.layouts.iter() {
            for task in layout.tasks() {
                let vertex = layout.vertex(task);
                cast.tasks.insert(task, picture.lanes.len());
                picture.lanes.push(Lane {
                    kind: LaneKind::Task,
                    label: layout.task_name(task),
                    operator: layout.operator_name(vertex.operators[0]).to_owned(),
                    job: layout.job_name().to_owned(),
                    run: Some(layout.run),
                    parallelism: vertex.parallelism,
                });
            }
        }
        for external in written_to(trace) {
            cast.externals.insert(external, picture.lanes.len());
            picture.lanes.push(Lane {
                kind: LaneKind::External,
                label: names.sink(external),
                operator: String::new(),
                job: String::new(),
                run: None,
                parallelism: 0,
            });
        }
        cast
    }

    /// The lane of a subtask; none of one whose run is not known.
    pub(super) fn task(&self, task: TaskId) -> Option<usize> {
        self.tasks.get(&task).copied()
    }

    /// The lane of an external system.
    pub(super) fn external(&self, external: ExternalId) -> Option<usize> {
        self.externals.get(&external).copied()
    }
}

fn written_to(trace: &Trace) -> BTreeSet<ExternalId> {
    let external = |event: &TraceEvent| match event {
        TraceEvent::Transaction { external, .. } => Some(*external),
        TraceEvent::Job(..)
        | TraceEvent::Checkpoint(..)
        | TraceEvent::Task(..)
        | TraceEvent::World(_) => None,
    };
    trace.entries.iter().filter_map(|entry| external(&entry.event)).collect()
}
