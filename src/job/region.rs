//! Pipelined regions: the tasks that channels connect, which fail and restart together.

use super::{Plan, TaskId};
use std::collections::BTreeSet;

impl Plan {
    /// The pipelined region of a task: all that it is connected with by channels, in whichever direction
    /// (`DefaultSchedulingPipelinedRegion`). One exchange of all with all makes one region of a whole job; pipelines that
    /// only ever forward are as many as their parallelism.
    pub fn region_of(&self, task: TaskId) -> BTreeSet<TaskId> {
        let mut region = BTreeSet::from([task]);
        let mut open = vec![task];
        while let Some(task) = open.pop() {
            let planned = &self.tasks[task.index()];
            let ends = |id: &super::ChannelId| &self.channels[id.index()];
            let senders = planned.inputs.iter().map(|id| ends(id).from);
            let receivers = planned.outputs.iter().flatten().map(|id| ends(id).to);
            for neighbour in senders.chain(receivers) {
                if region.insert(neighbour) {
                    open.push(neighbour);
                }
            }
        }
        region
    }

    /// All tasks.
    pub fn all_tasks(&self) -> BTreeSet<TaskId> {
        (0..self.tasks.len()).map(TaskId::new).collect()
    }
}
