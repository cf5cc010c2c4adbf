//! Pipelined regions: the tasks that channels connect, which fail and restart together.

use super::{LocalTaskId, Plan};
use std::collections::BTreeSet;

impl Plan {
    /// The pipelined region of a task: all that it is connected with by channels, in whichever direction
    /// (`DefaultSchedulingPipelinedRegion`). One exchange of all with all makes one region of a whole job; pipelines that
    /// only ever forward are as many as their parallelism.
    pub fn region_of(&self, task: LocalTaskId) -> BTreeSet<LocalTaskId> {
        let mut region = BTreeSet::from([task]);
        let mut open = vec![task];
        while let Some(task) = open.pop() {
            let planned = self.task(task);
            let senders = planned.inputs.iter().map(|id| self.channel(*id).from);
            let receivers = planned.outputs.iter().flatten().map(|id| self.channel(*id).to);
            for neighbour in senders.chain(receivers) {
                if region.insert(neighbour) {
                    open.push(neighbour);
                }
            }
        }
        region
    }

    /// All tasks.
    pub fn all_tasks(&self) -> BTreeSet<LocalTaskId> {
        self.task_ids().collect()
    }
}
