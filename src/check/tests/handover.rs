//! A run that starts from a checkpoint with a record in flight.

use super::*;
use crate::job::CheckpointKind::Checkpoint;
use crate::trace::{ChannelEnd, CheckName};

const COUNT: (&str, &str) = ("aggregate", "count");
/// What was in flight to the counts.
const IN_FLIGHT: Counted = ("a", 2, origin(1, 0, 0));
/// What the second run reads itself.
const REST: [Counted; 2] = [("b", 2, origin(0, 1, 0)), ("a", 3, origin(1, 1, 0))];

/// Run 0 is canceled after checkpoint 2, which holds a record in flight; run 1, twice as wide, starts from it and commits
/// these.
fn with_child(commits: &[&[Counted]]) -> World {
    let jobs = vec![word_count("two-phase", COUNT, 2), word_count("two-phase", COUNT, 4)];
    let mut world = World::new(jobs);
    world.submit(0, None);
    world.checkpoint(0, 1, [1, 0], Checkpoint);
    world.commit(0, 0, 1, &[("a", 1, origin(0, 0, 0)), ("b", 1, origin(0, 0, 1))]);
    world.checkpoint(0, 2, [1, 1], Checkpoint);
    let (attempt, checkpoint) = (Attempt::new(0), CheckpointId::new(2));
    let (task, channel) = (world.task(0, "counts/0"), ChannelId::new(0));
    let (end, origins) = (ChannelEnd::Receiver, [IN_FLIGHT.2].into());
    world
        .tell(TaskEvent::InFlightPersisted { checkpoint, channel, end, origins }.of(task, attempt));
    world.status(0, JobStatus::Canceled);
    world.submit(1, Some(SnapshotSource::Run(RunId::new(0), checkpoint)));
    world.checkpoint(1, 3, [2, 2], Checkpoint);
    for (number, rows) in (0..).zip(commits) {
        world.commit(1, number, 3, rows);
    }
    world.status(1, JobStatus::Finished);
    world
}

#[test]
fn a_record_in_flight_is_written_by_the_run_that_it_is_handed_to() {
    with_child(&[&[IN_FLIGHT], &REST]).holds();
}

#[test]
fn a_record_in_flight_that_nobody_writes_is_missed() {
    let text = "out of count#1: book[1]#0 was in flight, and is missing";
    with_child(&[&REST]).breaks(CheckName::OutputEquivalence, text);
}

#[test]
fn a_record_in_flight_that_is_written_twice_is_noticed() {
    let text = "out of count#1: book[1]#0 is there twice";
    with_child(&[&[IN_FLIGHT], &[IN_FLIGHT], &REST]).breaks(CheckName::OutputEquivalence, text);
}

#[test]
fn a_record_in_flight_that_meets_the_state_of_another_key_is_noticed() {
    let astray = [("a", 1, IN_FLIGHT.2)];
    let text = "out of count#1: `(a, 1)` (book[1]#0) is there once instead of never";
    with_child(&[&astray, &REST]).breaks(CheckName::OutputEquivalence, text);
}
