//! The death of the job manager, and what its successor makes of it (page "High Availability").
//!
//! 1. Without high availability its jobs are lost, and their tasks die with them. 2. With it their tasks go on, and nobody
//!    hears them. 3. After a while another job manager takes over; the task managers hear of it and end what the old one
//!    had deployed. 4. When all of that is gone, the new one deploys the job from the newest checkpoint that the store
//!    points to. What was under way for the old one reaches nobody.

use crate::cluster::control::{Control, News};
use crate::cluster::hosts::partition::{disown, give_up};
use crate::cluster::leaders::Run;
use crate::cluster::world::World;
use crate::coordinator::{JobMaster, RecoveredJob};
use crate::effect::{FileChange, JobEffects};
use crate::job::{CheckpointKind, RunId};
use crate::rules::Release;
use crate::state::CompletedCheckpoint;
use crate::trace::{CheckpointEvent, Fault};
use std::sync::Arc;

/// Kills the job manager.
pub(crate) fn kill_job_manager(world: &mut World) {
    world.journal.inject(Fault::JobManagerKilled);
    world.storage.lose_memory();
    for run in (0..world.leaders.runs.len()).map(RunId::new) {
        if world.leaders[run].leader().is_none_or(|master| master.status().is_terminal()) {
            continue;
        }
        match world.scenario.cluster.takeover_after {
            None => lose(world, run),
            Some(after) => {
                world.leaders[run].waiting.clear();
                if !world.rules.pointers_outlive_restarts {
                    world.leaders[run].mistake_for_over();
                }
                world.with_master(run, |master, _, effects| master.die(effects));
                assert!(
                    world.leaders[run].leader().is_none(),
                    "{run:?} is led by a dead job manager"
                );
                let at = world.journal.now.plus(after);
                world.journal.schedule(at, Control::TakeOver(run));
            }
        }
    }
}

/// The cluster is shut down and starts again under another release. Jobs that are not over are lost, nobody takes
/// them over; savepoints and checkpoints that are kept stay where they are.
pub(crate) fn upgrade(world: &mut World, release: Release) {
    for run in (0..world.leaders.runs.len()).map(RunId::new) {
        if world.leaders[run].is_alive() {
            lose(world, run);
            world.leaders[run].left = None;
        }
    }
    world.storage.discard_memory();
    world.rules = Arc::new(world.scenario.rules_under(release));
}

/// Nobody will take a job over.
fn lose(world: &mut World, run: RunId) {
    for place in world.hosts.at_work_for(run) {
        world.crash(place);
    }
    let mut effects = JobEffects { now: world.journal.now, ..JobEffects::default() };
    if let Some(master) = world.leaders[run].master.as_mut() {
        master.lose(&mut effects);
    }
    world.apply_job(run, &mut effects);
    assert!(!world.leaders[run].is_alive(), "{run:?} is lost and goes on");
    assert!(world.hosts.at_work_for(run).is_empty(), "{run:?} is lost and its tasks go on");
}

/// Another job manager takes a job over: the task managers hear of it.
pub(crate) fn take_over(world: &mut World, run: RunId) {
    assert!(world.leaders[run].leader().is_none(), "{run:?} is taken over while it is led");
    world.leaders[run].leader += 1;
    let now = world.journal.now;
    let mut registered = now;
    for place in world.hosts.at_work_for(run) {
        // One that is cut off hears of it later, and is not waited for.
        let is_cut_off = world.hosts.waits_until(place);
        let at = disown(world, place, is_cut_off.unwrap_or(now));
        registered = registered.max(if is_cut_off.is_some() { now } else { at });
    }
    world.journal.schedule(registered, Control::Recover(run));
}

/// The new job manager deploys the job again.
pub(crate) fn recover(world: &mut World, run: RunId) {
    // Those that are back just now have not heard of it yet.
    let mut at_work = world.hosts.at_work_for(run).into_iter();
    if at_work.any(|id| world.hosts.waits_until(id).is_none() && !world.hosts.places[id].is_zombie)
    {
        let at = world.journal.now.plus(world.network.settings.message_latency.1);
        return world.journal.schedule(at, Control::Recover(run));
    }
    // Those that are cut off do not register.
    let cut_off: Vec<_> = world.hosts.cut_off.keys().copied().collect();
    for manager in cut_off {
        give_up(world, manager);
    }
    let Run { left: Some(left), submission, master, .. } = &mut world.leaders[run] else {
        return;
    };
    let submission = submission.as_ref();
    let submission = submission.expect("what is highly available is kept as it was submitted");
    let dead = master.as_ref().expect("a run that was led");
    assert!(dead.is_dead(), "{run:?} gets another job manager while its own lives");
    let recovered = RecoveredJob {
        completed: left.pointers().to_vec(),
        next: left.next(),
        attempt: dead.next_attempt(),
    };
    let mut effects = JobEffects { now: world.journal.now, ..JobEffects::default() };
    let next = JobMaster::take_over((**submission).clone(), recovered, &mut effects);
    *master = Some(next.expect("what could be restored at submission still can"));
    world.hosts.managers.free(run);
    world.apply_job(run, &mut effects);
}

/// The store points to a checkpoint, even if its job manager died meanwhile, unless another leads by now.
pub(crate) fn on_pointer(
    world: &mut World,
    run: RunId,
    leader: u32,
    checkpoint: Arc<CompletedCheckpoint>,
    is_heard: bool,
) {
    let Run { left, leader: newest, .. } = &mut world.leaders[run];
    let Some(left) = left.as_mut().filter(|_| *newest == leader) else { return };
    left.add(Arc::clone(&checkpoint));
    let id = checkpoint.properties().id;
    world.journal.tell(CheckpointEvent::PointerStored.of(run, id));
    if checkpoint.properties().kind == CheckpointKind::Checkpoint {
        world.keep(run, FileChange::Checkpoint(Arc::clone(&checkpoint)));
    }
    if is_heard {
        let (latency, choices) = (world.network.settings.message_latency, &world.given.choices);
        let took = world.leaders[run].pointer_span(id, "reply", latency, choices);
        let at = world.journal.now.plus(took);
        world.send_news(run, at, News::PointerStored(id));
    }
}
