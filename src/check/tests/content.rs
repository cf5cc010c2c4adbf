//! What is in lists, and who is dealt which items of them.

use super::*;
use crate::trace::{ListHeld, RestoreReport, StateKind, StateSum, StateUnit};

const BUFFER: (&str, &str) = ("state", "buffer");
const CUT: CheckName = CheckName::CutConsistency;

/// Numbers as the items of a list.
fn numbers(of: &[i64]) -> Vec<Value> {
    of.iter().copied().map(Value::Int).collect()
}

fn pair(key: i64, value: i64) -> Vec<Value> {
    vec![Value::row([Value::Int(key), Value::Int(value)])]
}

impl World {
    /// A run whose `counts` do something else.
    fn keeping(function: (&str, &str)) -> Self {
        let mut world = Self::new(Vec::new());
        world.checks =
            Checks::new(setup(vec![word_count("two-phase", function, 2)])).without_output();
        world.submit(0, None);
        world.status(0, JobStatus::Running);
        world.initialized(0, "counts/0", None, "", &[]);
        world
    }

    fn held(&self, run: usize, name: &str, items: &[Value]) -> Arc<[ListHeld]> {
        let operator = self.layouts[run].plan.operator_ids[2];
        [ListHeld { operator, name: name.into(), items: items.into() }].into()
    }

    fn initialized(
        &mut self,
        run: usize,
        task: &str,
        restored: Option<CheckpointId>,
        name: &str,
        items: &[Value],
    ) {
        let (task, state, lists) =
            (self.task(run, task), Arc::default(), self.held(run, name, items));
        let event = TaskEvent::Initialized { restored, state, declared: None, lists };
        self.tell(event.of(task, Attempt::new(0)));
    }

    /// A snapshot of a subtask of `counts` to whose first channel so many records came.
    fn draws(&mut self, task: &str, id: u64, came: u64, name: &str, items: &[Value]) {
        let (task, lists) = (self.task(0, task), self.held(0, name, items));
        let channel = self.layouts[0].inputs(task).next().expect("it has two");
        let received = [ChannelMark { channel, records: came, hash: 0 }].into();
        let (checkpoint, sent, windows) = (CheckpointId::new(id), Arc::default(), Arc::default());
        let taken =
            TaskEvent::SnapshotTaken { checkpoint, received, sent, windows, lists, bytes: 0 };
        self.tell(taken.of(task, Attempt::new(0)));
    }
}

#[test]
fn a_buffer_holds_the_last_three_values_that_came() {
    let drawn = |came, items: &[i64]| {
        let mut world = World::keeping(BUFFER);
        world.trigger(0, 1, CheckpointKind::Savepoint);
        world.draws("counts/0", 1, came, "recent", &numbers(items));
        world
    };
    drawn(2, &[1, 2]).holds();
    drawn(9, &[7, 8, 9]).holds();
    drawn(9, &[8, 9]).breaks(CUT, "holds 2 values, and 3 are due");
    drawn(2, &[1, 2, 3]).breaks(CUT, "holds 3 values, and 2 are due");
}

#[test]
fn a_counter_counts_what_came() {
    let drawn = |row: &[Value]| {
        let mut world = World::keeping(("state", "union-counter"));
        world.trigger(0, 1, CheckpointKind::Savepoint);
        world.draws("counts/0", 1, 4, "counts", row);
        world
    };
    drawn(&pair(0, 4)).holds();
    drawn(&pair(0, 5)).breaks(CUT, "tells 5 of subtask 0");
    drawn(&[]).breaks(CUT, "tells nothing of subtask 0");
}

#[test]
fn what_is_said_by_rules_never_gets_less() {
    let then = |rule: &[Value]| {
        let mut world = World::keeping(("connect", "rules"));
        world.trigger(0, 1, CheckpointKind::Savepoint);
        world.draws("counts/0", 1, 1, "rules", &pair(3, 5));
        world.trigger(0, 2, CheckpointKind::Savepoint);
        world.draws("counts/0", 2, 2, "rules", rule);
        world
    };
    then(&pair(3, 6)).holds();
    then(&pair(3, 4)).breaks(CUT, "says 4 of 3, and said 5 before");
    then(&pair(4, 9)).breaks(CUT, "says nothing of 3, and said 5 before");
}

#[test]
fn rules_are_counted_as_often_as_they_came() {
    let mut world = World::keeping(("state", "broadcast-rules"));
    world.trigger(0, 1, CheckpointKind::Savepoint);
    world.draws("counts/0", 1, 1, "rules", &pair(3, 5));
    world.breaks(CUT, "counts 5 rules, and 0 were restored and 0 came");
}

#[test]
fn a_source_tells_of_all_that_it_reads() {
    let then = |told: &[(u16, u32)]| {
        let mut world = World::keeping(BUFFER);
        let task = world.task(0, "lines/0");
        let mut tell = |told: &[(u16, u32)]| {
            let input = InputId::new(0);
            let position = |(partition, next)| SourcePosition { input, partition, next };
            let positions = told.iter().copied().map(position).collect();
            let told = TaskEvent::SourcePositions { checkpoint: None, positions };
            world.tell(told.of(task, Attempt::new(0)));
        };
        tell(&[(0, 1), (1, 2)]);
        tell(told);
        world
    };
    then(&[(0, 2), (1, 2)]).holds();
    then(&[(0, 2)]).breaks(CUT, "lines/0 tells nothing of partition 1, which it had read up to 2");
    then(&[(0, 0), (1, 2)]).breaks(CUT, "lines/0 has read partition 0 up to 0, and had up to 1");
}

/// Two buffers that kept `1 2` and `3 4 5`, restored as so many; what the first begins with.
fn dealt(parallelism: u32, items: &[i64]) -> World {
    let mut world = World::new(Vec::new());
    let jobs =
        vec![word_count("two-phase", BUFFER, 2), word_count("two-phase", BUFFER, parallelism)];
    world.checks = Checks::new(setup(jobs)).without_output();
    world.submit(0, None);
    world.trigger(0, 1, CheckpointKind::Savepoint);
    world.draws("counts/0", 1, 2, "recent", &numbers(&[1, 2]));
    world.draws("counts/1", 1, 3, "recent", &numbers(&[3, 4, 5]));
    world.complete(0, 1, CheckpointKind::Savepoint);
    let (run, checkpoint) = (RunId::new(1), CheckpointId::new(1));
    world.submit(1, Some(SnapshotSource::Run(RunId::new(0), checkpoint)));
    let operator = world.layouts[1].plan.operator_ids[2];
    let unit = StateUnit { operator, name: "recent".into(), kind: StateKind::Split };
    let snapshot = vec![StateSum { unit: unit.clone(), entries: 5, sum: 0, groups: None }];
    let report = RestoreReport { snapshot, mapped: vec![unit], ..RestoreReport::default() };
    let (attempt, report) = (Attempt::new(0), Arc::new(report));
    world.tell(CheckpointEvent::RestoreMapped { attempt, report }.of(run, checkpoint));
    world.initialized(1, "counts/0", Some(checkpoint), "recent", &numbers(items));
    world
}

#[test]
fn items_of_a_list_are_dealt_in_their_order() {
    let wrong = "counts/0 begins with";
    dealt(2, &[1, 2]).says_not(wrong);
    dealt(2, &[2, 1]).says("begins with 2 items, but others or in another order in `recent`");
    dealt(1, &[1, 2, 3, 4, 5]).says_not(wrong);
    dealt(1, &[3, 4, 5, 1, 2]).says("begins with 5 items, but others");
    dealt(3, &[1, 2]).says_not(wrong);
    dealt(3, &[1]).says("begins with 1 items and not 2 in `recent`");
}

#[test]
fn what_had_finished_does_not_read_from_what_goes_on() {
    let restored = |who: &[&str]| {
        let mut world = World::new(Vec::new());
        let jobs = vec![word_count("two-phase", BUFFER, 2), word_count("two-phase", BUFFER, 2)];
        world.checks = Checks::new(setup(jobs)).without_output();
        world.submit(0, None);
        world.trigger(0, 1, CheckpointKind::Savepoint);
        for name in who {
            let task = world.task(0, name);
            world.snapshot(task, 1, &[], &[]);
        }
        world.complete(0, 1, CheckpointKind::Savepoint);
        let (run, checkpoint) = (RunId::new(1), CheckpointId::new(1));
        world.submit(1, Some(SnapshotSource::Run(RunId::new(0), checkpoint)));
        let (attempt, report) = (Attempt::new(0), Arc::default());
        world.tell(CheckpointEvent::RestoreMapped { attempt, report }.of(run, checkpoint));
        world
    };
    let wrong = "counts had finished at checkpoint 1";
    restored(&["lines/0", "lines/1", "counts/0", "counts/1", "out/0"]).says_not(wrong);
    restored(&["counts/0", "counts/1", "out/0"]).says_not(wrong);
    restored(&["lines/0", "lines/1", "out/0"]).says(wrong);
    restored(&["lines/0", "lines/1", "counts/0", "out/0"]).says(wrong);
}
