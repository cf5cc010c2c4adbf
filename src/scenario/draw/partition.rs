//! Task managers that are cut off from the job manager for a while: often for so long that they are given up.

use super::fault::Faults;
use super::percent;
use super::story::step;
use crate::operator::Writes;
use crate::scenario::{Action, Partition, Step};

/// Percent of worlds in which task managers are cut off.
const CUT_OFF: u64 = 20;
/// How often, where they are.
const TIMES: (u64, u64) = (1, 2);
/// For how long, in percent of the time after which they are given up.
const SPAN: (u64, u64) = (60, 250);

/// Percent of worlds in which they are cut off again and again, so that zombies write to transactions that their successors have
/// aborted. Not where rows are overwritten by key: what a zombie has read ahead stays there for any length of time.
const OFTEN: u64 = 15;
/// How often, then.
const TIMES_OFTEN: (u64, u64) = (3, 5);

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
    let few = draw.times("cut-off", CUT_OFF, "cut-offs", TIMES);
    let mut nodes = faults.jobs.iter().flat_map(|job| &job.graph.operators);
    let overwrites = nodes.any(|node| draw.catalogue.writes(node) == Writes::Idempotent);
    let often = if overwrites { 0 } else { OFTEN };
    let many = draw.times("cut-off-often", often, "cut-offs-often", TIMES_OFTEN);
    (0..few.end.max(many.end)).map(cut_off).collect()
}
