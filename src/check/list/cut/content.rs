//! What is in the lists of a snapshot, by the definition of the operator that keeps them.
//!
//! Of an operator at the head of its chain the channels tell how many records came to it. So it is known how many items a
//! list must have, and which of those that were restored must still be there, whatever the records were.

use super::Past;
use crate::check::graph::{Keeps, kept_by};
use crate::check::history::{Progress, RunStory};
use crate::job::{Attempt, CheckpointId, OperatorId, RunId, TaskId, Value};
use crate::trace::{ChannelMark, ListHeld, TaskEvent};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many values a buffer keeps.
const RECENT: usize = 3;

/// What an attempt of a task has told of its lists.
#[derive(Clone, Debug)]
struct Told {
    restored: Option<CheckpointId>,
    /// As it began.
    first: Arc<[ListHeld]>,
    /// In its newest snapshot, or as it began.
    last: Arc<[ListHeld]>,
}

/// Follows the lists of all tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    told: BTreeMap<(TaskId, Attempt), Told>,
}

/// A snapshot of a task that still reads.
struct Drawn<'a> {
    story: &'a RunStory,
    told: &'a Told,
    list: &'a ListHeld,
    /// By input: how many records came in this attempt.
    came: BTreeMap<u8, u64>,
}

impl Contents {
    /// Takes in what a task told. What is wrong with it, in words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events tell of no lists")]
    pub(super) fn observe(
        &mut self,
        (task, attempt): (TaskId, Attempt),
        event: &TaskEvent,
        run: RunId,
        past: Past<'_>,
    ) -> Vec<String> {
        match event {
            TaskEvent::Initialized { restored, lists, .. } => {
                let (first, last) = (Arc::clone(lists), Arc::clone(lists));
                self.told.insert((task, attempt), Told { restored: *restored, first, last });
                Vec::new()
            }
            TaskEvent::SnapshotTaken { checkpoint, received, lists, .. } if !lists.is_empty() => {
                let Some(told) = self.told.get_mut(&(task, attempt)) else { return Vec::new() };
                let current = past.run(run).filter(|story| story.is_current(task, attempt));
                let live =
                    current.filter(|story| story.progress[story.local(task)] == Progress::Live);
                let wrong =
                    live.map(|story| wrong_lists((story, task), told, (received, lists), past));
                told.last = Arc::clone(lists);
                let texts = wrong.unwrap_or_default().into_iter();
                texts.map(|text| format!("{text} in checkpoint {checkpoint}")).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is wrong with the lists that a task has drawn, in words.
fn wrong_lists(
    (story, task): (&RunStory, TaskId),
    told: &Told,
    (received, lists): (&[ChannelMark], &[ListHeld]),
    past: Past<'_>,
) -> Vec<String> {
    let plan = &story.layout.plan;
    let vertex = story.layout.plan_task(task).vertex;
    let head = plan.operator_ids[plan.head(vertex).index()];
    let mut came: BTreeMap<u8, u64> = BTreeMap::new();
    for mark in received {
        let edge = &plan.edges[story.layout.plan_channel(mark.channel).edge];
        *came.entry(edge.input).or_default() += mark.records;
    }
    let of_head = lists.iter().filter(|list| list.operator == head);
    let wrong = of_head.filter_map(|list| {
        let drawn = Drawn { story, told, list, came: came.clone() };
        let what = match kept_by(plan.node_with_id(head)?)? {
            Keeps::Recent => drawn.wrong_buffer(),
            Keeps::Counts => drawn.wrong_count(story.layout.plan_task(task).subtask, past),
            Keeps::Times => drawn.lost_rule().or_else(|| drawn.wrong_times()),
            Keeps::Largest => drawn.lost_rule(),
        };
        Some(format!("{}: `{}` {}", story.layout.task_name(task), list.name, what?))
    });
    wrong.collect()
}

impl Drawn<'_> {
    fn before<'l>(&self, lists: &'l [ListHeld]) -> &'l [Value] {
        let is_it =
            |list: &&ListHeld| (list.operator, &list.name) == (self.list.operator, &self.list.name);
        lists.iter().find(is_it).map_or(&[], |list| &*list.items)
    }

    fn came_to(&self, input: u8) -> u64 {
        self.came.get(&input).copied().unwrap_or(0)
    }

    /// A buffer holds the last values, of which as many are new as came.
    fn wrong_buffer(&self) -> Option<String> {
        let (restored, items) = (self.before(&self.told.first), &*self.list.items);
        let came = usize::try_from(self.came_to(0)).unwrap_or(usize::MAX);
        let all = restored.len().saturating_add(came);
        let most = if came == 0 { all } else { all.min(RECENT) };
        if items.len() != most {
            let (held, restored) = (items.len(), restored.len());
            return Some(format!(
                "holds {held} values, and {most} are due: {restored} were restored and {came} came"
            ));
        }
        let old = most.saturating_sub(came);
        (items[..old] != restored[restored.len() - old..])
            .then(|| format!("does not begin with the last {old} values that were restored"))
    }

    /// A counter counts what came, beside what it was restored with: its own count, and, as the first one, those of subtasks
    /// that are no more.
    fn wrong_count(&self, subtask: u32, past: Past<'_>) -> Option<String> {
        let own = i64::from(subtask);
        let mut before = 0;
        if let Some(checkpoint) = self.told.restored {
            let rows = rows_at(self.story, checkpoint, self.list, past)?;
            let node = self.story.layout.plan.node_with_id(self.list.operator)?;
            let is_gone = |subtask: i64| subtask >= i64::from(node.parallelism);
            let counts = rows.iter().filter(|(of, _)| *of == own || (own == 0 && is_gone(*of)));
            before = counts.map(|(_, count)| count).sum();
        }
        let due = before + i64::try_from(self.came_to(0)).ok()?;
        let told = self.list.items.iter().find_map(|row| pair_of(row).filter(|(of, _)| *of == own));
        (told != Some((own, due))).then(|| {
            let told = told.map_or("nothing".to_owned(), |(_, count)| count.to_string());
            format!("tells {told} of subtask {subtask}, and it was restored with {before} and has counted {} more", due - before)
        })
    }

    /// A rule is never forgotten, and what is said by it never gets less.
    fn lost_rule(&self) -> Option<String> {
        let mut now = self.list.items.iter().filter_map(Value::as_row);
        for rule in self.before(&self.told.last) {
            let [key, before] = rule.as_row()? else { return None };
            // Both are in order of their keys.
            let found = now.find(|row| row.first() == Some(key));
            let says = found.and_then(|row| row.last()?.as_int());
            if says.is_none_or(|says| before.as_int().is_some_and(|before| says < before)) {
                let says = says.map_or("nothing".to_owned(), |says| says.to_string());
                return Some(format!("says {says} of {key}, and said {before} before"));
            }
        }
        None
    }

    /// How often rules came is told by their channels.
    fn wrong_times(&self) -> Option<String> {
        let sum = |items: &[Value]| -> i64 {
            items.iter().filter_map(|row| row.as_row()?.last()?.as_int()).sum()
        };
        let (before, now) = (sum(self.before(&self.told.first)), sum(&self.list.items));
        let came = i64::try_from(self.came_to(1)).ok()?;
        (before + came != now)
            .then(|| format!("counts {now} rules, and {before} were restored and {came} came"))
    }
}

/// The rows of a union list as all subtasks had told them at a checkpoint; none if that is not known.
fn rows_at(
    story: &RunStory,
    checkpoint: CheckpointId,
    list: &ListHeld,
    past: Past<'_>,
) -> Option<Vec<(i64, i64)>> {
    let (taker, taken) = past.history.restored_story(story.layout.run, checkpoint)?;
    let stored = story.stored_as(taker, list.operator)?;
    let lists = taken.marks.iter().flat_map(|marks| &*marks.lists);
    let of_it = lists.filter(|other| (other.operator, &other.name) == (stored, &list.name));
    let rows: Vec<(i64, i64)> = of_it.flat_map(|list| &*list.items).filter_map(pair_of).collect();
    let mut subtasks: Vec<i64> = rows.iter().map(|(subtask, _)| *subtask).collect();
    subtasks.sort_unstable();
    subtasks.dedup();
    (subtasks.len() == rows.len()).then_some(rows)
}

/// A row of two numbers.
fn pair_of(row: &Value) -> Option<(i64, i64)> {
    let [one, other] = row.as_row()? else { return None };
    Some((one.as_int()?, other.as_int()?))
}

impl RunStory {
    /// The id under which a run had stored, in the plan of whoever took the snapshot, what this operator takes.
    pub(in crate::check) fn stored_as(
        &self,
        taker: &Self,
        operator: OperatorId,
    ) -> Option<OperatorId> {
        if taker.layout.run == self.layout.run {
            return Some(operator);
        }
        let takes = |id: &&OperatorId| {
            let takes = self.taker_of(**id);
            takes.is_some_and(|place| self.layout.plan.operator_ids[place.index()] == operator)
        };
        taker.layout.plan.operator_ids.iter().find(takes).copied()
    }
}
