//! Storage that does not do as it is asked: which writes, and how.

use super::fault::Faults;
use super::story::step;
use crate::scenario::{Action, DisturbedWrite, Step, StorageFailing};
use crate::trace::StorageFault;

/// Percent of worlds in which writes go wrong.
const WRITES: u64 = 20;
/// How many faults, where there are any.
const FAULTS: (u64, u64) = (1, 3);
/// How many writes in a row each hits.
const TIMES: (u64, u64) = (1, 2);

/// The steps in which storage goes wrong.
pub(super) fn steps(faults: &Faults<'_>) -> Vec<Step> {
    let draw = faults.draw;
    let numbers = draw.times("storage", WRITES, "storage/faults", FAULTS);
    let step = |number| {
        let what = format!("storage-{number}");
        step(faults.time(&what), Action::Storage(failing(faults, &what)))
    };
    numbers.map(step).collect()
}

/// A write that goes wrong, of whichever checkpoint comes next.
fn failing(faults: &Faults<'_>, what: &str) -> StorageFailing {
    let Faults { draw, plot, cluster, .. } = *faults;
    let act = faults.act(what);
    let job = || plot.acts[act].name.to_owned();
    let pointers = if cluster.takeover_after.is_some() { 2 } else { 0 };
    let state = DisturbedWrite::State(faults.task(&format!("{what}/task"), act));
    let metadata = DisturbedWrite::Metadata(job());
    let writes = [(state, 4), (metadata, 3), (DisturbedWrite::Pointer(job()), pointers)];
    let write = draw.weighted(format_args!("{what}/write"), &writes);
    // Whoever restarts while a pointer is there that it takes for missing leaves a timeline to which the next job manager
    // goes back: Flink's own trouble with ambiguous replies, and no story to hold.
    let unanswered = if matches!(write, DisturbedWrite::Pointer(_)) { 0 } else { 2 };
    let fault = draw.weighted(
        format_args!("{what}/fault"),
        &[
            (StorageFault::Refused, 3),
            (StorageFault::Torn, 2),
            (StorageFault::Lost, 1),
            (StorageFault::ReplyLost, unanswered),
        ],
    );
    StorageFailing {
        write,
        fault,
        checkpoint: None,
        times: draw.count(format_args!("{what}/times"), TIMES),
    }
}
