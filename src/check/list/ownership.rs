//! Ownership partition: after a restore every piece of state is where it belongs, once.
//!
//! Key groups each at their owner, split lists dealt out without loss or repeat, union lists whole on every subtask,
//! broadcast copies equal.

use super::{Evidence, Findings, Observer, Past, Subjects, Violation};
use crate::check::graph::unit_name;
use crate::check::history::{Restore, RunStory};
use crate::job::TaskId;
use crate::trace::{CheckName, Entry, StateKind, StateSum, StateUnit};

/// Judges each restore, once all of it has arrived.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnershipPartition;

impl Observer for OwnershipPartition {
    const LOOKS_AT: Subjects = Subjects::JOBS.and(Subjects::CHECKPOINTS).and(Subjects::TASKS);

    fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
        if let Some((run, restore)) = past.history.arrived_at(entry) {
            check(run, restore, past.is_exact(run.layout.run), entry, found);
        }
    }
}

/// What one subtask holds of one unit.
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
fn check(run: &RunStory, restore: &Restore, is_exact: bool, entry: &Entry, found: &mut Findings) {
    let mut shares = Vec::new();
    for snapshot in &restore.report.snapshot {
        let unit = &snapshot.unit;
        if !restore.report.mapped.contains(unit) {
            continue;
        }
        collect_shares(run, restore, unit, &mut shares);
        let mut add = |shares: &[Share<'_>], text: String| {
            let name = unit_name(&run.layout.plan, unit);
            let text = format!("{name}, restored from checkpoint {}: {text}", restore.checkpoint);
            let violation = Violation::at_entry(CheckName::OwnershipPartition, entry, text);
            found.add(violation.about(Evidence {
                checkpoint: Some(restore.checkpoint),
                tasks: shares.iter().map(|share| share.task).collect(),
                sent: Some(snapshot.entries),
                held: Some(shares.iter().map(|share| share.content().0).sum()),
                ..Evidence::default()
            }));
        };
        let is_missing = shares.iter().all(|share| share.content().0 == 0);
        match unit.kind {
            StateKind::Keyed => {
                if !restore.is_partial() {
                    check_total(snapshot, &shares, &mut add);
                }
                check_groups(run, restore, unit, &shares, &mut add);
            }
            // A list that arrived nowhere is a unit left behind: mapping totality tells.
            StateKind::Split | StateKind::Union | StateKind::Broadcast | StateKind::Whole
                if is_missing => {}
            StateKind::Broadcast if !is_exact => {}
            // The rest of it is with tasks that go on.
            StateKind::Split | StateKind::Whole if restore.is_partial() => {}
            StateKind::Split | StateKind::Whole => check_total(snapshot, &shares, &mut add),
            StateKind::Union => check_whole(run, snapshot, &shares, &mut add),
            StateKind::Broadcast => check_copies(run, snapshot, &shares, &mut add),
        }
    }
}

/// The subtasks that told what they hold. One that had finished and told nothing holds nothing.
fn collect_shares<'a>(
    run: &RunStory,
    restore: &'a Restore,
    unit: &StateUnit,
    shares: &mut Vec<Share<'a>>,
) {
    shares.clear();
    let plan = &*run.layout.plan;
    let Some(operator) = plan.operator_with_id(unit.operator) else { return };
    for task in plan.tasks_of(plan.vertex_of(operator)) {
        let subtask = plan.task(task).subtask;
        let Some(state) = &restore.arrived[task.index()] else { continue };
        let sum = state.iter().find(|sum| sum.unit == *unit);
        let task = run.layout.task(task);
        shares.push(Share { task, subtask, sum });
    }
}

/// All subtasks together hold what the snapshot holds.
fn check_total(
    snapshot: &StateSum,
    shares: &[Share<'_>],
    add: &mut impl FnMut(&[Share<'_>], String),
) {
    let (entries, sum) = shares.iter().fold((0_u64, 0_u64), |(entries, sum), share| {
        let (more_entries, more) = share.content();
        (entries + more_entries, sum.wrapping_add(more))
    });
    if entries != snapshot.entries {
        add(
            shares,
            format!("the snapshot holds {} entries, its subtasks {entries}", snapshot.entries),
        );
    } else if sum != snapshot.sum {
        add(shares, format!("its subtasks hold {entries} entries, but not those of the snapshot"));
    }
}

/// Every subtask has entries in its own key groups only.
fn check_groups(
    run: &RunStory,
    restore: &Restore,
    unit: &StateUnit,
    shares: &[Share<'_>],
    add: &mut impl FnMut(&[Share<'_>], String),
) {
    let operators = &restore.report.operators;
    let Some((_, groups, subtasks)) = operators.iter().find(|(id, ..)| *id == unit.operator) else {
        return add(&[], "the operator is not in the restored graph".to_owned());
    };
    if *groups == 0 {
        return;
    }
    for share in shares {
        let Some((lowest, highest)) = share.sum.and_then(|sum| sum.groups) else { continue };
        let (first, last) = owned_groups(*groups, *subtasks, share.subtask);
        if u32::from(lowest) < first || u32::from(highest) > last {
            let task = run.layout.task_name(share.task);
            add(
                &[*share],
                format!(
                    "{task} owns key groups {first} to {last} and holds entries of {lowest} to {highest}"
                ),
            );
        }
    }
}

/// Every subtask holds the whole list.
fn check_whole(
    run: &RunStory,
    snapshot: &StateSum,
    shares: &[Share<'_>],
    add: &mut impl FnMut(&[Share<'_>], String),
) {
    for share in shares {
        if share.content() != (snapshot.entries, snapshot.sum) {
            let (task, entries) = (run.layout.task_name(share.task), share.content().0);
            add(
                &[*share],
                format!("{task} holds {entries} items of a union of {}", snapshot.entries),
            );
        }
    }
}

/// All subtasks hold the same copy, and the snapshot holds a whole number of that copy. Where some subtasks had finished,
/// Flink gives others their own copy and one more (FLINK-23475), which says the same twice.
fn check_copies(
    run: &RunStory,
    snapshot: &StateSum,
    shares: &[Share<'_>],
    add: &mut impl FnMut(&[Share<'_>], String),
) {
    let Some(first) = shares.iter().min_by_key(|share| share.content().0) else { return };
    let (entries, sum) = first.content();
    for other in shares {
        let (more, other_sum) = other.content();
        let copies = more.checked_div(entries).unwrap_or(0);
        if copies * entries != more || sum.wrapping_mul(copies) != other_sum {
            let (one, another) =
                (run.layout.task_name(first.task), run.layout.task_name(other.task));
            add(&[*first, *other], format!("{one} and {another} hold different copies"));
        }
    }
    let copies = snapshot.entries.checked_div(entries).unwrap_or(0);
    if copies * entries != snapshot.entries || sum.wrapping_mul(copies) != snapshot.sum {
        let task = run.layout.task_name(first.task);
        add(&[*first], format!("{task} holds a copy that the snapshot does not"));
    }
}

/// The first and last key group of a subtask (`KeyGroupRangeAssignment.computeKeyGroupRangeForOperatorIndex`), spelled
/// out again: a check that asked the code it checks would agree with every mistake in it.
fn owned_groups(groups: u32, subtasks: u32, subtask: u32) -> (u32, u32) {
    let first = (subtask * groups).div_ceil(subtasks);
    let last = ((subtask + 1) * groups - 1) / subtasks;
    (first, last)
}
