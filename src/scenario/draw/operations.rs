//! What users do beside leaving one job for the next: they list jobs, take savepoints to directories of their own, and
//! start a job a second time from the same snapshot.

use super::story::{Exit, Plot, step};
use super::{Draw, Profile};
use crate::job::OperatorKind;
use crate::kernel::SimTime;
use crate::scenario::{Action, JobConfig, Step, Trigger};

/// Percent of worlds in which jobs are listed.
const LISTED: u64 = 30;
/// Percent of worlds with a savepoint in a directory of its own.
const ASIDE: u64 = 35;
/// Percent of worlds in which a job is started a second time from the snapshot that it was started from.
const FORKED: u64 = 25;

/// The steps, and those of `steps` that are done once more.
pub(super) fn steps(
    draw: &Draw<'_>,
    plot: &Plot,
    profile: &Profile,
    jobs: &[JobConfig],
    steps: &[Step],
) -> Vec<Step> {
    if !profile.operations {
        return Vec::new();
    }
    let mut more = Vec::new();
    let act = &plot.acts[draw.place("operations/act", plot.acts.len())];
    let at = draw.span("operations/at", (act.start, act.end));
    if draw.chance("operations/listed", LISTED) {
        more.push(step(Trigger::At(at), Action::List));
    }
    if draw.rules.savepoint_target && profile.savepoints && draw.chance("operations/aside", ASIDE) {
        let (job, label) = (act.name.to_owned(), "aside".to_owned());
        let asked = step(Trigger::At(at), Action::Savepoint { job, label, native: false });
        more.push(Step { to: Some("elsewhere".to_owned()), ..asked });
    }
    let is_claimed = |exit: Option<Exit>| matches!(exit, Some(Exit::Checkpoint(_)));
    let may_fork =
        plot.acts.iter().all(|act| !is_claimed(act.exit)) && !jobs.iter().any(knows_rows);
    if may_fork && draw.chance("operations/forked", FORKED) {
        more.extend(steps.iter().filter_map(|first| forked(draw, first)).take(1));
    }
    more
}

/// Whether a job writes to a table that ignores rows it has seen: two forks would give their rows the same markers.
fn knows_rows(job: &JobConfig) -> bool {
    let mut kinds = job.graph.operators.iter().map(|node| &node.kind);
    kinds.any(|kind| matches!(kind, OperatorKind::Sink { kind } if kind == "dedup"))
}

/// A submission once more, a little later.
fn forked(draw: &Draw<'_>, first: &Step) -> Option<Step> {
    let (Action::Run { .. }, Trigger::When(milestone, after)) = (&first.action, &first.trigger)
    else {
        return None;
    };
    let longest = SimTime::from_millis(200);
    let later = draw.span("operations/fork-after", (SimTime::from_millis(1), longest));
    let trigger = Trigger::When(milestone.clone(), after.plus(later));
    Some(Step { trigger, ..first.clone() })
}
