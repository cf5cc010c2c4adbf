//! Output equivalence.

use super::*;
use crate::job::CheckpointKind::{Checkpoint, Savepoint};
use crate::trace::CheckName;

const COUNT: (&str, &str) = ("aggregate", "count");
const SUM: (&str, &str) = ("aggregate", "sum");

/// Both checkpoints complete; for the first, whose cut has three rows before it, these are committed.
fn committed_for_first(rows: &[Counted]) -> World {
    let mut world = World::of_one("two-phase", COUNT);
    world.checkpoint(0, 1, [1, 1], Checkpoint);
    world.commit(0, 0, 1, rows);
    world.checkpoint(0, 2, [2, 2], Checkpoint);
    world
}

/// The run goes on to commit these for its final checkpoint.
fn finished_with(rows: &[Counted]) -> World {
    let mut world = committed_for_first(&COUNTED[..3]);
    world.commit(0, 1, 2, rows);
    world.status(0, JobStatus::Finished);
    world
}

#[test]
fn a_finished_run_that_committed_everything_holds() {
    let verdict = finished_with(&COUNTED[3..]).holds();
    assert_eq!(verdict.sinks, [("out".to_owned(), Compared::ByValue)]);
    assert_eq!(verdict.coverage.sinks_by_value, 1);
}

#[test]
fn what_is_wrong_is_named_by_its_record() {
    let twice = "out of count#0: book[0]#0.1 is there twice";
    finished_with(&COUNTED[2..]).breaks(CheckName::OutputEquivalence, twice);
    finished_with(&COUNTED[4..]).breaks(CheckName::OutputEquivalence, "book[0]#1 is missing");
    let wrong = [("b", 9, origin(0, 1, 0)), COUNTED[4]];
    let instead = "`(b, 9)` (book[0]#1) is there once instead of never";
    finished_with(&wrong).breaks(CheckName::OutputEquivalence, instead);
}

#[test]
fn each_row_stems_from_its_own_record() {
    let committed = |of_a, of_b| {
        let mut world = World::of_one("two-phase", ("map", "to-pair"));
        world.checkpoint(0, 1, [2, 2], Checkpoint);
        let [c, d, e] = [origin(0, 1, 0), origin(1, 0, 0), origin(1, 1, 0)];
        let rows = [("a", 1, of_a), ("b", 1, of_b), ("b", 1, c), ("a", 1, d), ("a", 1, e)];
        world.commit(0, 0, 1, &rows);
        world.status(0, JobStatus::Finished);
        world
    };
    let [first, second] = [origin(0, 0, 0), origin(0, 0, 1)];
    committed(first, second).holds();
    let text = "`(b, 1)` of book[0]#0 is there once instead of never";
    committed(second, first).breaks(CheckName::OutputEquivalence, text);
}

#[test]
fn the_records_that_are_wrong_are_told_to_programs() {
    let verdict = finished_with(&COUNTED[2..]).finish();
    let origins = verdict.violations().flat_map(|found| &found.evidence.origins);
    assert_eq!(origins.copied().collect::<Vec<_>>(), [COUNTED[2].2]);
}

#[test]
fn a_canceled_run_must_have_committed_exactly_its_cut() {
    for (rows, holds) in [(3, true), (4, false)] {
        let mut world = committed_for_first(&COUNTED[..rows]);
        world.status(0, JobStatus::Canceled);
        world.holds_if(holds, "book[0]#1 is there once, and must not be there");
    }
}

#[test]
fn a_commit_before_its_checkpoint_is_a_violation_at_once() {
    let committed = |rows| {
        let mut world = World::of_one("two-phase", COUNT);
        world.trigger(0, 1, Checkpoint);
        // Not the name of the sink: its rows are not judged at the end.
        world.externals[0].name = "elsewhere".to_owned();
        world.commit(0, 0, 1, rows);
        world
    };
    committed(&[]).holds();
    let text = "elsewhere: 3 rows were committed for checkpoint 1, which had not completed";
    committed(&COUNTED[..3]).breaks(CheckName::OutputEquivalence, text);
}

/// Run 0 takes savepoint 2 and is canceled; run 1, twice as wide, starts from it and commits these.
fn with_child(commits: &[(usize, u64, &[Counted])]) -> World {
    let jobs = vec![word_count("two-phase", COUNT, 2), word_count("two-phase", COUNT, 4)];
    let mut world = World::new(jobs);
    world.submit(0, None);
    world.checkpoint(0, 1, [1, 0], Checkpoint);
    world.commit(0, 0, 1, &[("a", 1, origin(0, 0, 0)), ("b", 1, origin(0, 0, 1))]);
    world.checkpoint(0, 2, [1, 1], Savepoint);
    world.status(0, JobStatus::Canceled);
    let savepoint = SnapshotSource::Run(RunId::new(0), CheckpointId::new(2));
    world.submit(1, Some(savepoint));
    world.checkpoint(1, 3, [2, 2], Checkpoint);
    for (run, id, rows) in commits {
        world.commit(*run, 1, *id, rows);
    }
    world.status(1, JobStatus::Finished);
    world
}

/// What the restore commits for the savepoint, and what the second run makes of the rest.
const PENDING: &[Counted] = &[("a", 2, origin(1, 0, 0))];
const REST: &[Counted] = &[("b", 2, origin(0, 1, 0)), ("a", 3, origin(1, 1, 0))];

#[test]
fn a_run_goes_on_with_the_state_of_the_savepoint_it_starts_from() {
    let verdict = with_child(&[(0, 2, PENDING), (1, 3, REST)]).holds();
    assert_eq!(verdict.coverage.restored_midway, 1);
}

#[test]
fn state_that_is_lost_in_a_restore_shows_in_the_output() {
    let rest = [("b", 1, origin(0, 1, 0)), ("a", 3, origin(1, 1, 0))];
    let text = "out of count#1: `(b, 1)` (book[0]#1) is there once";
    with_child(&[(0, 2, PENDING), (1, 3, &rest)]).breaks(CheckName::OutputEquivalence, text);
}

#[test]
fn a_transaction_that_a_restore_forgets_is_missed() {
    let text = "out of count#0: book[1]#0 is missing";
    with_child(&[(1, 3, REST)]).breaks(CheckName::OutputEquivalence, text);
}

fn restart(world: &mut World, from: u64) {
    let (run, attempt) = (RunId::new(0), Attempt::new(1));
    let restored = Some(CheckpointId::new(from));
    world.tell(JobEvent::AttemptStarted { attempt, restored }.of(run));
}

#[test]
fn only_a_savepoint_may_bring_the_rows_of_an_abandoned_timeline_back() {
    for (kind, holds) in [(Savepoint, true), (Checkpoint, false)] {
        let mut world = World::of_one("two-phase", COUNT);
        world.checkpoint(0, 1, [1, 1], Checkpoint);
        world.commit(0, 0, 1, &COUNTED[..3]);
        world.checkpoint(0, 2, [2, 1], kind);
        restart(&mut world, 1);
        world.checkpoint(0, 3, [1, 2], Checkpoint);
        world.commit(0, 2, 3, &[("a", 3, origin(1, 1, 0))]);
        world.status(0, JobStatus::Canceled);
        world.submit(0, Some(SnapshotSource::Run(RunId::new(0), CheckpointId::new(2))));
        world.commit(0, 1, 2, &[("b", 2, origin(0, 1, 0))]);
        if holds {
            world.holds();
        } else {
            // Going back behind a checkpoint breaks another promise, too.
            world.breaks_output("book[0]#1 is there once, and must not be there");
        }
    }
}

fn append(world: &mut World, rows: &[Counted]) {
    Arc::make_mut(&mut world.externals[0].committed).extend(rows.iter().map(|row| row_of(0, row)));
}

#[test]
fn a_plain_sink_repeats_only_after_a_restart() {
    for is_restarted in [false, true] {
        let mut world = World::of_one("plain", COUNT);
        world.checkpoint(0, 1, [1, 1], Checkpoint);
        append(&mut world, &COUNTED[..4]);
        if is_restarted {
            restart(&mut world, 1);
        }
        append(&mut world, &COUNTED[3..]);
        world.status(0, JobStatus::Finished);
        world.holds_if(is_restarted, "book[0]#1 is there twice");
    }
}

#[test]
fn a_plain_sink_has_all_that_its_last_checkpoint_covers() {
    for (rows, holds) in [(2, false), (3, true), (5, true)] {
        let mut world = World::of_one("plain", COUNT);
        world.checkpoint(0, 1, [1, 1], Checkpoint);
        append(&mut world, &COUNTED[..rows]);
        world.status(0, JobStatus::Failed);
        world.holds_if(holds, "book[0]#0.1 is missing");
    }
}

/// A finished run whose table was given these rows, in order.
fn table_of(rows: &[Counted]) -> World {
    let mut world = World::of_one("idempotent", COUNT);
    let rows = rows.iter().map(|row| (Value::text(row.0), row_of(0, row)));
    world.externals[0].table.extend(rows);
    world.status(0, JobStatus::Finished);
    world
}

#[test]
fn an_idempotent_sink_ends_with_the_last_row_of_each_key() {
    let verdict = table_of(&COUNTED).holds();
    assert_eq!(verdict.sinks, [("out".to_owned(), Compared::ByValue)]);
    let stale = "key `a` has `(a, 2)`, the reference has `(a, 3)`";
    table_of(&COUNTED[..4]).breaks(CheckName::OutputEquivalence, stale);
    table_of(&COUNTED[4..]).breaks(CheckName::OutputEquivalence, "key `b` is missing: `(b, 2)`");
    let surplus = [COUNTED[4], COUNTED[3], ("c", 1, origin(1, 1, 0))];
    let text = "key `c` (book[1]#1) is there, and must not be there";
    table_of(&surplus).breaks(CheckName::OutputEquivalence, text);
}

#[test]
fn sums_are_compared_by_their_records_their_last_row_and_each_step() {
    // Words have no measure: every sum is 0.
    let zeros = COUNTED.map(|(word, _, origin)| (word, 0, origin));
    let written = |rows: &[Counted]| {
        let mut world = World::of_one("plain", SUM);
        append(&mut world, rows);
        world.status(0, JobStatus::Finished);
        world
    };
    let verdict = written(&zeros).holds();
    assert_eq!(verdict.sinks, [("out".to_owned(), Compared::ByValue)]);
    written(&zeros[1..]).breaks(CheckName::OutputEquivalence, "book[1]#0 is missing");
    let mut wrong = zeros;
    wrong[4].1 = 1;
    let text = "the last row of its key is `(a, 1)`, the reference has `(a, 0)`";
    written(&wrong).breaks(CheckName::OutputEquivalence, text);
    // What a later row makes good is wrong where it stands.
    let mut between = zeros;
    let place = between.iter().position(|row| row.0 == zeros[4].0).expect("it has a first");
    between[place].1 = 1;
    let text = "and is not what its record makes";
    written(&between).breaks(CheckName::OutputEquivalence, text);
}

#[test]
fn without_output_only_the_protocol_is_judged() {
    let mut world = committed_for_first(&COUNTED);
    world.checks.setup.with_output = false;
    world.status(0, JobStatus::Finished);
    let verdict = world.holds();
    assert_eq!(
        verdict.checks[1],
        (CheckName::OutputEquivalence, Finding::Skipped(Skipped::NotCompared))
    );
}
