//! The timers of one subtask of one operator, of both kinds, and how they stand in its snapshot.
//!
//! A snapshot holds them as keyed state under reserved names, as Flink does, so that they are written, dealt out by key
//! group and checked like any other. Does not know what time it is.

use super::{KeyedEntry, KeyedSnapshot, OperatorSnapshot, Timer, TimerKind, TimerService, Timers};
use crate::job::Value;
use std::sync::Arc;

/// Timers that are registered and have not fired, of both kinds.
#[derive(Clone, Default, Debug)]
pub struct LiveTimers {
    event: Timers,
    processing: Timers,
}

impl LiveTimers {
    /// Those of one kind.
    #[inline]
    pub const fn of(&self, kind: TimerKind) -> &Timers {
        match kind {
            TimerKind::Event => &self.event,
            TimerKind::Processing => &self.processing,
        }
    }

    /// Those of one kind, to be changed.
    pub const fn of_mut(&mut self, kind: TimerKind) -> &mut Timers {
        match kind {
            TimerKind::Event => &mut self.event,
            TimerKind::Processing => &mut self.processing,
        }
    }

    /// Takes the timers of a service out of what a restore assigned; none if there are none.
    pub(super) fn take_from(
        snapshot: &mut OperatorSnapshot,
        service: TimerService,
    ) -> Option<Self> {
        let mut timers = None;
        for kind in TimerKind::ALL {
            let name = kind.state_name(service);
            let Some(state) = snapshot.keyed.remove(name) else { continue };
            let live: &mut Self = timers.get_or_insert_default();
            let mut ordered: Vec<(i64, i64, Timer)> =
                state.entries.into_iter().filter_map(timer_from_entry).collect();
            ordered.sort_unstable();
            ordered.into_iter().for_each(|(_, _, timer)| live.of_mut(kind).register(timer));
            let is_left = snapshot.keyed.contains_key(name);
            assert!(!is_left, "restored timers would be in the next snapshot twice");
        }
        timers
    }

    /// Adds the timers to a snapshot, as those of a service: a row `(time, place, namespace)` under each key, the place telling timers of one time
    /// and key in their order. Of a kind without timers nothing.
    pub(super) fn put_into(
        &self,
        snapshot: &mut OperatorSnapshot,
        service: TimerService,
        group_of: impl Fn(&Value) -> u16,
    ) {
        for kind in TimerKind::ALL {
            let is_in_order = self.of(kind).iter().is_sorted_by_key(|timer| timer.time);
            assert!(is_in_order, "timers are stored out of the order in which they fire");
            let entries = (0..).zip(self.of(kind).iter()).map(|(place, timer)| {
                let columns = [timer.time, place, timer.namespace].map(Value::Int);
                let group = group_of(&timer.key);
                KeyedEntry { group, key: timer.key.clone(), value: Value::row(columns) }
            });
            let entries: Vec<KeyedEntry> = entries.collect();
            if !entries.is_empty() {
                let state = KeyedSnapshot { entries, ..KeyedSnapshot::default() };
                let twin = snapshot.keyed.insert(Arc::from(kind.state_name(service)), state);
                assert!(twin.is_none(), "timers of its own service were restored and never taken");
            }
        }
    }
}

/// A timer with its time and its place; none from what is no timer.
fn timer_from_entry(entry: KeyedEntry) -> Option<(i64, i64, Timer)> {
    let [time, place, namespace] = entry.value.as_row()? else { return None };
    let (time, place) = (time.as_int()?, place.as_int()?);
    Some((time, place, Timer { time, key: entry.key, namespace: namespace.as_int()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(time: i64, key: &str, namespace: i64) -> Timer {
        Timer { time, key: Value::text(key), namespace }
    }

    #[test]
    fn timers_of_both_kinds_come_back_from_a_snapshot_in_their_order() {
        let mut live = LiveTimers::default();
        for timer in [timer(5, "a", 9), timer(5, "a", 1), timer(3, "b", 0)] {
            live.of_mut(TimerKind::Event).register(timer);
        }
        live.of_mut(TimerKind::Processing).register(timer(7, "a", 2));
        let (mut snapshot, user) = (OperatorSnapshot::default(), TimerService::User);
        live.put_into(&mut snapshot, user, |key| if *key == Value::text("a") { 1 } else { 2 });
        let name = "_timer_state/event_user-timers";
        let groups = snapshot.keyed[name].entries.iter().map(|entry| entry.group);
        assert_eq!(groups.collect::<Vec<_>>(), [2, 1, 1]);
        let restored = LiveTimers::take_from(&mut snapshot, user).expect("timers were put in");
        for kind in TimerKind::ALL {
            let (before, after) = (live.of(kind).iter(), restored.of(kind).iter());
            assert!(before.eq(after), "{kind:?}");
        }
        assert!(snapshot.is_empty());
    }

    #[test]
    fn timers_of_another_service_stay_where_they_are() {
        let mut live = LiveTimers::default();
        live.of_mut(TimerKind::Event).register(timer(5, "a", 9));
        let mut snapshot = OperatorSnapshot::default();
        live.put_into(&mut snapshot, TimerService::Windows, |_| 0);
        let stored = snapshot.clone();
        assert!(LiveTimers::take_from(&mut snapshot, TimerService::User).is_none());
        assert_eq!(snapshot, stored);
        assert!(LiveTimers::take_from(&mut snapshot, TimerService::Windows).is_some());
    }

    #[test]
    fn no_timers_leave_no_trace_in_a_snapshot() {
        let (mut snapshot, service) = (OperatorSnapshot::default(), TimerService::default());
        LiveTimers::default().put_into(&mut snapshot, service, |_| 0);
        assert!(snapshot.is_empty());
        assert!(LiveTimers::take_from(&mut snapshot, service).is_none());
    }
}
