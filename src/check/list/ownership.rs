//! Ownership partition: after a restore every piece of state is where it belongs, once.
//!
//! Key groups each at their owner, split lists dealt out without loss or repeat, union lists whole on every subtask,
//! broadcast copies equal.
//! Where it is known what was in a list, each item is with whom it was dealt to, in its order.

mod lists;

use super::{Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::graph::unit_name;
use crate::check::history::{Restore, RunStory};
use crate::job::{LocalTaskId, OperatorIndex, TaskId};
use crate::rules::RestoredToldBy;
use crate::trace::{CheckName, Entry, StateKind, StateSum, StateUnit, TaskEvent, TraceEvent};

/// Judges each restore, once all of it has arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnershipPartition;

impl Observer for OwnershipPartition {
    const LOOKS_AT: Subjects = Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS);

    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        if let TraceEvent::Task(task, _, event) = &entry.event
            && let TaskEvent::Initialized { restored: Some(checkpoint), lists, .. } = event
        {
            let run = past.history.run_of(*task);
            for text in lists::wrong_lists((*task, run), *checkpoint, lists, past) {
                let violation = Violation::at_entry(CheckName::OwnershipPartition, entry, text);
                let (checkpoint, tasks) = (Some(*checkpoint), vec![*task]);
                found.add(violation.about(Evidence { checkpoint, tasks, ..Evidence::default() }));
            }
        }
        if let Some((run, restore)) = past.history.arrived_at(entry) {
            check((run, restore), past, entry, found);
        }
    }
}

/// What one subtask holds of one unit. One that had finished and told nothing holds nothing.
#[derive(Clone, Copy)]
struct Share<'a> {
    task: TaskId,
    subtask: u32,
    sum: Option<&'a StateSum>,
}

impl Share<'_> {
    fn content(self) -> (u64, u64) {
        self.sum.map_or((0, 0), |sum| (sum.entries, sum.sum))
    }
}

/// Judges a restore of which every subtask has told what it holds.
///
/// Copies of broadcast state agree only if the snapshot is exact: past an at-least-once barrier each subtask may have
/// heard of different elements.
fn check(
    (run, restore): (&RunStory, &Restore),
    past: Past<'_>,
    entry: &Entry,
    found: &mut Findings,
) {
    let Restore { report, checkpoint, .. } = restore;
    for snapshot in report.snapshot.iter().filter(|sum| report.mapped.contains(&sum.unit)) {
        let unit = &snapshot.unit;
        let shares = shares_of(run, restore, unit);
        let wrong =
            |snapshot| wrong_shares(Arrived { run, restore, snapshot, shares: &shares }, past);
        // What was left behind under the id of who took another of its name looks alike.
        let is_left = report.dropped.contains(unit);
        let mut twins = report.snapshot.iter().filter(|sum| is_left && sum.unit == *unit);
        if twins.any(|twin| wrong(twin).is_empty()) {
            continue;
        }
        for (shares, text) in wrong(snapshot) {
            let name = unit_name(&run.layout.plan, unit);
            let text = format!("{name}, restored from checkpoint {checkpoint}: {text}");
            let violation = Violation::at_entry(CheckName::OwnershipPartition, entry, text);
            found.add(violation.about(Evidence {
                checkpoint: Some(*checkpoint),
                tasks: shares.iter().map(|share| share.task).collect(),
                sent: Some(snapshot.entries),
                held: Some(shares.iter().map(|share| share.content().0).sum()),
                ..Evidence::default()
            }));
        }
    }
}

/// What of one unit is not where it belongs.
fn wrong_shares<'a>(arrived: Arrived<'a>, past: Past<'_>) -> Vec<Wrong<'a>> {
    let Arrived { run, restore, snapshot, shares } = arrived;
    let unit = &snapshot.unit;
    // An operator that is new in its chain may be told on some subtasks alone that it is restored, and begin with nothing there.
    let told_by = |run: &RunStory| past.history.rules.rules_of(run.layout.run).restored_told_by;
    let mut lineage =
        std::iter::successors(Some(run), |run| past.parent_of(run).map(|(parent, _)| parent));
    let begins_alike = lineage.all(|run| told_by(run) == RestoredToldBy::Vertex);
    let is_exact = past.is_exact(run.layout.run);
    let is_missing = shares.iter().all(|share| share.content().0 == 0);
    match unit.kind {
        StateKind::Keyed => {
            let total = if restore.is_partial() { None } else { arrived.check_total() };
            total.into_iter().chain(arrived.check_groups()).collect()
        }
        // A list that arrived nowhere is a unit left behind: mapping totality tells.
        StateKind::Split | StateKind::Union | StateKind::Broadcast | StateKind::Whole
            if is_missing =>
        {
            Vec::new()
        }
        StateKind::Broadcast if !is_exact || !begins_alike => {
            match was_as_parallel(run, restore, unit, past) {
                // Each subtask has its own copy again, and no two need be the same.
                Some(true) => arrived.check_total().into_iter().collect(),
                Some(false) | None => Vec::new(),
            }
        }
        // The rest of it is with tasks that go on.
        StateKind::Split | StateKind::Whole if restore.is_partial() => Vec::new(),
        StateKind::Split | StateKind::Whole => {
            let total = arrived.check_total();
            let is_dealt = unit.kind == StateKind::Split
                && was_as_parallel(run, restore, unit, past) == Some(false);
            let runs = is_dealt.then(|| arrived.check_runs()).flatten();
            total.into_iter().chain(runs).collect()
        }
        StateKind::Union => arrived.check_whole(),
        StateKind::Broadcast => arrived.check_copies(),
    }
}

/// Whether an operator is as parallel as when its state was drawn, and each of its subtasks left some; none if that is not
/// known.
fn was_as_parallel(
    run: &RunStory,
    restore: &Restore,
    unit: &StateUnit,
    past: Past<'_>,
) -> Option<bool> {
    let (taker, story) = past.history.restored_story(run.layout.run, restore.checkpoint)?;
    let before = taker.layout.plan.operator_with_id(unit.operator)?;
    let now = run.layout.plan.operator_with_id(unit.operator)?;
    let vertex = taker.layout.plan.vertex_of(before);
    let drawn = story.marks.iter().filter(|marks| {
        taker.layout.plan_task(marks.task).vertex == vertex
            && taker.is_current(marks.task, marks.attempt)
    });
    let parallelism = |story: &RunStory, operator: OperatorIndex| {
        story.layout.plan.tasks_of(story.layout.plan.vertex_of(operator)).count()
    };
    let was = parallelism(taker, before);
    (drawn.count() == was).then(|| was == parallelism(run, now))
}

/// The subtasks that told what they hold.
fn shares_of<'a>(run: &RunStory, restore: &'a Restore, unit: &StateUnit) -> Vec<Share<'a>> {
    let plan = &*run.layout.plan;
    let Some(operator) = plan.operator_with_id(unit.operator) else { return Vec::new() };
    let share = |task: LocalTaskId| {
        let state = restore.arrived[task.index()].as_ref()?;
        let sum = state.iter().find(|sum| sum.unit == *unit);
        Some(Share { task: run.layout.task(task), subtask: plan.task(task).subtask, sum })
    };
    plan.tasks_of(plan.vertex_of(operator)).filter_map(share).collect()
}

/// Who does not agree with the snapshot, or with one another, and how.
type Wrong<'a> = (Vec<Share<'a>>, String);

/// How a list was dealt: in runs of equal length, but that so many, from the first on, are longer by one item.
#[derive(Clone, Copy)]
struct Dealt {
    first: usize,
    rest: usize,
    receivers: usize,
}

impl Dealt {
    /// None if it was dealt in any other way.
    fn of(shares: &[Share<'_>]) -> Option<Self> {
        let lengths: Vec<usize> = shares
            .iter()
            .map(|share| usize::try_from(share.content().0).expect("the items are in memory"))
            .collect();
        let receivers = lengths.len();
        let items: usize = lengths.iter().sum();
        let (share, rest) = (items / receivers, items % receivers);
        let before = |place: usize| lengths[(place + receivers - 1) % receivers];
        let first = (0..receivers).find(|place| lengths[*place] > share && before(*place) <= share);
        let first = first.unwrap_or(0);
        let is_right = |place: usize| {
            lengths[(first + place) % receivers] == share + usize::from(place < rest)
        };
        (0..receivers).all(is_right).then_some(Self { first, rest, receivers })
    }

    /// Whether lists may have been dealt one after another, the first of them from this subtask on.
    fn follow(start: usize, lists: &[Self]) -> bool {
        lists.is_empty()
            || lists.iter().enumerate().any(|(place, next)| {
                let mut others = lists.to_vec();
                others.remove(place);
                next.first == start && Self::follow((start + next.rest) % next.receivers, &others)
            })
    }
}

/// What arrived of one unit.
struct Arrived<'a> {
    run: &'a RunStory,
    restore: &'a Restore,
    snapshot: &'a StateSum,
    shares: &'a [Share<'a>],
}

impl<'a> Arrived<'a> {
    fn name(&self, share: &Share<'_>) -> String {
        self.run.layout.task_name(share.task)
    }

    /// All subtasks together hold what the snapshot holds.
    fn check_total(&self) -> Option<Wrong<'a>> {
        let contents = self.shares.iter().map(|share| share.content());
        let add = |all: (u64, u64), one: (u64, u64)| (all.0 + one.0, all.1.wrapping_add(one.1));
        let (entries, sum) = contents.fold((0, 0), add);
        let of_snapshot = self.snapshot.entries;
        let text = if entries != of_snapshot {
            format!("the snapshot holds {of_snapshot} entries, its subtasks {entries}")
        } else if sum != self.snapshot.sum {
            format!("its subtasks hold {entries} entries, but not those of the snapshot")
        } else {
            return None;
        };
        Some((self.shares.to_vec(), text))
    }

    /// What was dealt anew is in runs of equal length, of which some that follow one another, in a circle, are longer by one item.
    /// The first list of an operator begins with subtask 0, the next where the longer runs of the last one ended.
    fn check_runs(&self) -> Option<Wrong<'a>> {
        let own = &self.snapshot.unit;
        let lists = self.restore.report.snapshot.iter().map(|sum| &sum.unit);
        let lists = lists.filter(|unit| (unit.operator, unit.kind) == (own.operator, own.kind));
        let dealt = lists.map(|unit| Dealt::of(&shares_of(self.run, self.restore, unit)));
        let mut dealt: Vec<Dealt> = dealt.collect::<Option<_>>().unwrap_or_default();
        dealt.retain(|dealt| dealt.rest > 0);
        let is_right = Dealt::of(self.shares).is_some() && Dealt::follow(0, &dealt);
        (!is_right).then(|| {
            let lengths = self.shares.iter().map(|share| share.content().0.to_string());
            let lengths: Vec<String> = lengths.collect();
            let (count, lengths) = (lengths.len(), lengths.join(", "));
            let text = format!("its items were dealt to {count} subtasks as {lengths}");
            (self.shares.to_vec(), text)
        })
    }

    /// Every subtask has entries in its own key groups only.
    fn check_groups(&self) -> Vec<Wrong<'a>> {
        let mut operators = self.restore.report.operators.iter();
        let operator = operators.find(|(id, ..)| *id == self.snapshot.unit.operator);
        let Some((_, groups, subtasks)) = operator else {
            return vec![(Vec::new(), "the operator is not in the restored graph".to_owned())];
        };
        let shares = self.shares.iter().filter(|_| *groups > 0);
        let strays = shares.filter_map(|share| {
            let (lowest, highest) = share.sum?.groups?;
            let (first, last) = owned_groups(*groups, *subtasks, share.subtask);
            let is_stray = u32::from(lowest) < first || u32::from(highest) > last;
            is_stray.then(|| {
                let task = self.name(share);
                let owns = format!("{task} owns key groups {first} to {last}");
                (vec![*share], format!("{owns} and holds entries of {lowest} to {highest}"))
            })
        });
        strays.collect()
    }

    /// Every subtask holds the whole list.
    fn check_whole(&self) -> Vec<Wrong<'a>> {
        let whole = (self.snapshot.entries, self.snapshot.sum);
        let others = self.shares.iter().filter(|share| share.content() != whole);
        let told = others.map(|share| {
            let (task, entries) = (self.name(share), share.content().0);
            (vec![*share], format!("{task} holds {entries} items of a union of {}", whole.0))
        });
        told.collect()
    }

    /// All subtasks hold the same copy, and the snapshot holds a whole number of that copy. Where some subtasks had finished,
    /// Flink gives others their own copy and one more (FLINK-23475), which says the same twice.
    fn check_copies(&self) -> Vec<Wrong<'a>> {
        let first = self.shares.iter().min_by_key(|share| share.content().0);
        let Some(first) = first else { return Vec::new() };
        let (entries, sum) = first.content();
        let is_copies = |(more, other): (u64, u64)| {
            let copies = more.checked_div(entries).unwrap_or(0);
            copies * entries == more && sum.wrapping_mul(copies) == other
        };
        let others = self.shares.iter().filter(|other| !is_copies(other.content()));
        let told = others.map(|other| {
            let (one, another) = (self.name(first), self.name(other));
            (vec![*first, *other], format!("{one} and {another} hold different copies"))
        });
        let mut wrong: Vec<Wrong<'a>> = told.collect();
        if !is_copies((self.snapshot.entries, self.snapshot.sum)) {
            let text = format!("{} holds a copy that the snapshot does not", self.name(first));
            wrong.push((vec![*first], text));
        }
        wrong
    }
}

/// The first and last key group of a subtask (`KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex`), spelled
/// out again: a check that asked the code it checks would agree with every mistake in it.
fn owned_groups(groups: u32, subtasks: u32, subtask: u32) -> (u32, u32) {
    let first = (subtask * groups).div_ceil(subtasks);
    let last = ((subtask + 1) * groups - 1) / subtasks;
    (first, last)
}
