//! Task managers that are cut off from the job manager for a while: often for so long that they are given up.

use super::fault::Faults;
use super::story::{Plot, step};
use super::{Draw, percent};
use crate::scenario::{Action, ClusterConfig, JobConfig, Partition, Step};

/// Percent of worlds in which task managers are cut off.
const CUT_OFF: u64 = 20;
/// How often, where they are.
const TIMES: (u64, u64) = (1, 2);
/// For how long, in percent of the time after which they are given up.
const SPAN: (u64, u64) = (60, 250);

/// The steps in which a task manager is cut off.
pub(super) fn steps(
    draw: &Draw<'_>,
    plot: &Plot,
    jobs: &[JobConfig],
    cluster: &ClusterConfig,
) -> Vec<Step> {
    let faults = Faults::new(draw, plot, jobs);
    if !draw.chance("cut-off", CUT_OFF) {
        return Vec::new();
    }
    let managers = u64::from(cluster.task_managers);
    let cut_off = |number| {
        let what = format!("cut-off-{number}");
        let manager = draw.within(format_args!("{what}/manager"), (0, managers - 1));
        let task_manager = u16::try_from(manager).expect("a handful of task managers");
        let share = draw.within(format_args!("{what}/for"), SPAN);
        let span = percent(cluster.heartbeat_timeout, share);
        step(faults.time(&what), Action::Partition(Partition { task_manager, span }))
    };
    (0..draw.within("cut-offs", TIMES)).map(cut_off).collect()
}
