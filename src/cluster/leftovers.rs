//! What a world leaves behind: what its tasks wait for when it is over.

use crate::cluster::hosts::place::Place;
use crate::cluster::ids::PlaceId;
use crate::cluster::network::channel::{Head, record_of};
use crate::cluster::stall::Stall;
use crate::cluster::world::World;
use crate::job::{ChannelId, CheckpointId, EventTime, RunId, TaskId};
use crate::task::{Standing, reads_nothing_at_all};
use crate::trace::{Leftovers, TaskInTheEnd};

/// How much of what tasks wait for is told.
const WAITS_MAX: usize = 3;

/// What no entry of the trace tells of the end of a world.
pub(crate) fn leftovers(world: &World) -> Leftovers {
    let (places, mailboxes) = (world.hosts.places.len(), world.network.mailboxes.len());
    assert_eq!(places, mailboxes, "each place has a mailbox in the end");
    let places = (0..places).map(PlaceId::new);
    let tasks = places.filter_map(|place| in_the_end(world, place));
    Leftovers {
        requests: world.script.requests.told(),
        tasks: tasks.collect(),
        held_for_nothing: world.ending.held_for_nothing.clone(),
        retained: retained(world),
        files: world.storage.files_there().collect(),
        commits: world.externals.asked_again().collect(),
    }
}

/// The checkpoints that are kept of each run.
fn retained(world: &World) -> Vec<(RunId, Vec<CheckpointId>)> {
    let runs = world.leaders.runs.iter().map(|run| run.layout.run);
    runs.map(|run| (run, world.storage.retained_by(run))).collect()
}

/// What live tasks wait for, in words.
pub(crate) fn waits(world: &World, left: &Leftovers) -> Vec<String> {
    let live = left.tasks.iter().filter(|left| left.is_at_work);
    let words =
        live.filter_map(|left| left.words(&world.hosts.places[PlaceId::of(left.task)].layout));
    words.take(WAITS_MAX).collect()
}

/// Windows that wait for event time, of which a source that will never tell any holds it back from the start.
pub(crate) fn time_stands_still(world: &World, left: &Leftovers) -> Option<Stall> {
    let is_held = |left: &&TaskInTheEnd| {
        // After a restore, partitions that were read to their end are no reader's.
        let run = world.hosts.places[PlaceId::of(left.task)].layout.run;
        let is_from_nothing = !world.leaders[run].restored;
        let waits = left.armed > 0 && left.watermark == Some(EventTime::MIN);
        left.is_at_work && is_from_nothing && waits
    };
    let mut waits = Vec::new();
    for left in left.tasks.iter().filter(is_held) {
        let layout = &world.hosts.places[PlaceId::of(left.task)].layout;
        let senders = left.held_by.iter().map(|channel| layout.ends(*channel).0);
        let has_nothing = |task: &TaskId| reads_no_partition(world, PlaceId::of(*task));
        let Some(sender) = senders.filter(|task| layout.inputs(*task).len() == 0).find(has_nothing)
        else {
            continue;
        };
        let (window, sender) = (layout.task_name(left.task), layout.task_name(sender));
        waits.push(format!(
            "`{window}` never fired: `{sender}` has no partition and holds its watermark at min"
        ));
    }
    waits.truncate(WAITS_MAX);
    (!waits.is_empty()).then_some(Stall::TimeStandsStill { waits })
}

/// Whether a source is at work and has no partition.
fn reads_no_partition(world: &World, id: PlaceId) -> bool {
    let place = &world.hosts.places[id];
    let task = place.task.clone().filter(|_| place.is_at_work());
    task.is_some_and(reads_nothing_at_all)
}

/// How the task at a place stands; none where none ever was.
fn in_the_end(world: &World, id: PlaceId) -> Option<TaskInTheEnd> {
    let Place { id: told, task: Some(task), .. } = &world.hosts.places[id] else { return None };
    let inputs = || world.network.connections[id].inputs.iter();
    let channel = |wire: &crate::cluster::ids::WireId| world.network.notes[*wire].id;
    let is_at_work = world.hosts.places[id].is_at_work();
    let blocked: Vec<ChannelId> = inputs()
        .filter(|wire| is_at_work && world.network.channels[**wire].head == Head::Blocked)
        .map(channel)
        .collect();
    let records = inputs().flat_map(|wire| &world.network.channels[*wire].queue);
    let records = records.filter(|queued| record_of(&queued.element).is_some()).count();
    let mailbox = &world.network.mailboxes[id];
    assert_eq!(mailbox.task, *told, "{told:?} has the mailbox of another task");
    let Standing { aligns, watermark, held_by, overdue, armed, wakes } = Standing::of(task);
    Some(TaskInTheEnd {
        task: *told,
        attempt: task.attempt(),
        is_at_work,
        aligns: aligns.filter(|_| is_at_work),
        blocked,
        records,
        stalled: mailbox.stalled.len(),
        watermark,
        held_by,
        overdue,
        wakes,
        armed,
    })
}
