//! Task managers that are cut off from the job manager for a while: often for so long that they are given up.

use super::fault::Faults;
use super::percent;
use super::story::step;
use crate::scenario::{Action, Partition, Step};

/// Percent of worlds in which task managers are cut off.
const CUT_OFF: u64 = 20;
/// How often, where they are.
const TIMES: (u64, u64) = (1, 2);
/// For how long, in percent of the time after which they are given up.
const SPAN: (u64, u64) = (60, 250);

/// The steps in which a task manager is cut off.
pub(super) fn steps(faults: &Faults<'_>) -> Vec<Step> {
    let Faults { draw, cluster, .. } = *faults;
    let cut_off = |number| {
        let what = format!("cut-off-{number}");
        let task_manager = faults.task_manager(format_args!("{what}/manager"));
        let share = draw.within(format_args!("{what}/for"), SPAN);
        let span = percent(cluster.heartbeat_timeout, share);
        step(faults.time(&what), Action::Partition(Partition { task_manager, span }))
    };
    draw.times("cut-off", CUT_OFF, "cut-offs", TIMES).map(cut_off).collect()
}
