//! The logs of a world, by name, and what a source can see of them.

use super::{InputLog, Log};
use crate::job::{InputId, StartingOffsets, Value};
use crate::kernel::SimTime;
use std::sync::Arc;

/// All logs of a world, by `InputId`, and their names.
#[derive(Clone, Debug)]
pub struct Inputs {
    names: Arc<[Arc<str>]>,
    /// Of each the longest that is the same log at another time, by whose name positions are kept: mostly itself.
    latest: Arc<[InputId]>,
    logs: Arc<[Arc<Log>]>,
}

impl Inputs {
    /// Logs and their names. Panics if some have none.
    pub fn new(
        names: impl IntoIterator<Item = impl Into<Arc<str>>>,
        logs: Arc<[Arc<Log>]>,
    ) -> Self {
        let names: Arc<[Arc<str>]> = names.into_iter().map(Into::into).collect();
        assert_eq!(names.len(), logs.len(), "each log has a name");
        let latest = |place: usize| {
            let is_it = |other: &usize| *other == place || logs[place].goes_on(&logs[*other]);
            let all = (0..logs.len()).rev().filter(is_it);
            InputId::new(all.max_by_key(|other| logs[*other].size().0).unwrap_or(place))
        };
        let latest = (0..logs.len()).map(latest).collect();
        Self { names, latest, logs }
    }

    /// What a source sees that reads one of them.
    #[inline]
    pub fn seen_from(&self, own: InputId) -> Reading<'_> {
        Reading { inputs: self, own }
    }
}

/// What a source sees: its log, and the others beside it.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'i> {
    inputs: &'i Inputs,
    own: InputId,
}

impl InputLog for Reading<'_> {
    fn id(&self) -> InputId {
        self.own
    }
    fn partitions(&self) -> u16 {
        self.inputs.logs[self.own.index()].partitions()
    }
    fn partitions_at(&self, now: SimTime) -> u16 {
        self.inputs.logs[self.own.index()].partitions_at(now)
    }
    #[inline]
    fn entry(&self, partition: u16, offset: u32) -> Option<&Value> {
        self.inputs.logs[self.own.index()].entry(partition, offset)
    }
    #[inline]
    fn available(&self, partition: u16, offset: u32) -> SimTime {
        self.inputs.logs[self.own.index()].available(partition, offset)
    }
    fn named(&self, name: &str) -> Option<InputId> {
        let Inputs { names, latest, .. } = self.inputs;
        let named = latest[names.iter().position(|other| **other == *name)?];
        Some(if latest[self.own.index()] == named { self.own } else { named })
    }
    fn name_of(&self, input: InputId) -> Option<&str> {
        let latest = self.inputs.latest.get(input.index())?;
        Some(&self.inputs.names[latest.index()])
    }
    fn beside(&self, input: InputId) -> Option<&dyn InputLog> {
        let log = self.inputs.logs.get(input.index())?;
        Some(&**log)
    }
}

/// The log of an input, as seen by a source that reads another one, or this.
#[inline]
pub fn log_of(own: &dyn InputLog, input: InputId) -> Option<&dyn InputLog> {
    if own.id() == input { Some(own) } else { own.beside(input) }
}

/// Where a source begins to read a partition of which it has no position, if it starts now.
pub fn first_offset(
    starting: StartingOffsets,
    log: &dyn InputLog,
    partition: u16,
    now: SimTime,
) -> u32 {
    let is_there =
        |offset| log.entry(partition, offset).is_some() && log.available(partition, offset) <= now;
    let latest = || first_without(is_there);
    match starting {
        StartingOffsets::Earliest => 0,
        StartingOffsets::Latest => latest(),
        StartingOffsets::Timestamp(at) => {
            first_without(|offset| is_there(offset) && log.available(partition, offset) < at)
        }
    }
}

/// The first number that something is not true of; it is true of all before, and of none behind.
fn first_without(is_true: impl Fn(u32) -> bool) -> u32 {
    let mut beyond = 1_u32;
    while beyond < u32::MAX && is_true(beyond - 1) {
        beyond = beyond.saturating_mul(2);
    }
    let mut first = 0;
    while first < beyond {
        let middle = first + (beyond - first) / 2;
        match is_true(middle) {
            true => first = middle + 1,
            false => beyond = middle,
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_begins_at_the_first_entry_behind_the_last_or_at_a_time() {
        let entries = (0..20).map(Value::Int).collect();
        let log = Log::new(InputId::new(0), 2, SimTime::from_millis(10), entries);
        let ms = SimTime::from_millis;
        let at = |starting, now| first_offset(starting, &log, 1, now);
        assert_eq!(at(StartingOffsets::Earliest, ms(35)), 0);
        assert_eq!(at(StartingOffsets::Latest, ms(35)), 4);
        assert_eq!(at(StartingOffsets::Latest, ms(5_000)), 10);
        assert_eq!(at(StartingOffsets::Timestamp(ms(20)), ms(35)), 2);
        assert_eq!(at(StartingOffsets::Timestamp(ms(21)), ms(35)), 3);
        assert_eq!(at(StartingOffsets::Timestamp(ms(500)), ms(35)), 4);
    }
}
