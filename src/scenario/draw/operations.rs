//! What users do beside leaving one job for the next: they list jobs, take savepoints to directories of their own, and
//! start a job a second time from the same snapshot.

use super::story::{Exit, Plot, step};
use super::{Draw, Profile};
use crate::kernel::SimTime;
use crate::scenario::{Action, JobConfig, Planned, Run, Step, TakeSavepoint, Trigger};

/// Percent of worlds in which jobs are listed.
const LISTED: u64 = 30;
/// Percent of worlds with a savepoint in a directory of its own.
const ASIDE: u64 = 35;
/// Percent of worlds in which a job is started a second time from the snapshot that it was started from.
const FORKED: u64 = 50;
/// The job that forks.
const FORK: &str = "fork";

/// The steps; a job that forks from another one is added to `jobs`.
pub(super) fn steps(
    draw: &Draw<'_>,
    plot: &Plot,
    profile: &Profile,
    steps: &[Step],
    jobs: &mut Vec<JobConfig>,
) -> Vec<Step> {
    if !profile.operations {
        return Vec::new();
    }
    let mut more = asides(draw, plot, profile);
    let is_kept = |exit: Option<Exit>| matches!(exit, Some(Exit::Checkpoint(_)));
    let may_fork = draw.rules.key_groups && plot.acts.iter().all(|act| !is_kept(act.exit));
    if may_fork
        && draw.chance("operations/forked", FORKED)
        && let Some(fork) = forked(draw, steps, jobs)
    {
        more.push(fork);
    }
    more
}

/// What changes nothing of the story: jobs are listed, and a savepoint goes to a directory of its own.
pub(super) fn asides(draw: &Draw<'_>, plot: &Plot, profile: &Profile) -> Vec<Step> {
    let mut more = Vec::new();
    if !profile.operations {
        return more;
    }
    let act = &plot.acts[draw.place("operations/act", plot.acts.len())];
    let at = draw.span("operations/at", (act.start, act.end));
    if draw.chance("operations/listed", LISTED) {
        more.push(step(Trigger::At(at), Action::List));
    }
    if draw.rules.savepoint_target && profile.savepoints && draw.chance("operations/aside", ASIDE) {
        let (job, label) = (act.name.to_owned(), "aside".to_owned());
        let to = Some("elsewhere".to_owned());
        let aside = TakeSavepoint { job, label, to, native: false };
        more.push(step(Trigger::At(at), Action::Savepoint(aside)));
    }
    more
}

/// A job that starts from the snapshot that another one was started from, a little later, and writes elsewhere. Its sinks
/// would otherwise mistake each other's transactions, or rows that they know again, for their own.
fn forked(draw: &Draw<'_>, steps: &[Step], jobs: &mut Vec<JobConfig>) -> Option<Step> {
    let (run, milestone, after) =
        steps.iter().find_map(|step| match (&step.action, &step.trigger) {
            (Action::Run(run), Trigger::When(milestone, after)) => {
                Some((run.clone(), milestone.clone(), *after))
            }
            _ => None,
        })?;
    let mut fork = jobs.iter().find(|other| other.graph.name == run.job)?.clone();
    FORK.clone_into(&mut fork.graph.name);
    fork.planned = Planned::default();
    for node in &mut fork.graph.operators {
        // Windows are counted from the beginning, and the first of them are in the other sink.
        if node.options.window.is_some() {
            return None;
        }
        if node.is_sink() {
            if draw.catalogue.writes(node).is_transactional() {
                return None;
            }
            node.name = format!("{FORK}-{}", node.name);
        }
    }
    jobs.push(fork);
    let longest = SimTime::from_millis(200);
    let later = draw.span("operations/fork-after", (SimTime::from_millis(1), longest));
    let action = Action::Run(Run { job: FORK.to_owned(), ..run });
    Some(step(Trigger::When(milestone, after.plus(later)), action))
}
