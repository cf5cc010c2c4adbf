//! Timers of one kind, event time or processing time, of one subtask of one operator.
//!
//! Owns what is due when, in which order, and what is dealt out again after a rescale. Does not know what time it is.

use crate::job::Value;
use std::collections::BTreeMap;

/// A timer of a key; registering it twice is registering it once (Flink: `TimerHeapInternalTimer`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timer {
    /// When it is due: milliseconds since 1970 for event time, nanoseconds of virtual time for processing time.
    pub time: i64,
    /// The key whose state it wakes.
    pub key: Value,
    /// What it is for within the key, such as the start of a window.
    pub namespace: i64,
}

/// Which clock a timer waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TimerKind {
    /// The watermark.
    Event,
    /// Virtual time.
    Processing,
}

impl TimerKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Event, Self::Processing];

    /// Which timers a keyed state of this name holds, and of which service, if any.
    pub fn of_state(name: &str) -> Option<(Self, TimerService)> {
        let services = TimerService::ALL.into_iter();
        let mut all = services.flat_map(|service| Self::ALL.map(|kind| (kind, service)));
        all.find(|(kind, service)| kind.state_name(*service) == name)
    }

    /// The keyed state that holds the timers of this kind and service in a snapshot: they are state like any other, dealt out
    /// by key group (`InternalTimeServiceManagerImpl`).
    pub const fn state_name(self, service: TimerService) -> &'static str {
        match (self, service) {
            (Self::Event, TimerService::Windows) => "_timer_state/event_window-timers",
            (Self::Event, TimerService::User) => "_timer_state/event_user-timers",
            (Self::Processing, TimerService::Windows) => "_timer_state/processing_window-timers",
            (Self::Processing, TimerService::User) => "_timer_state/processing_user-timers",
        }
    }
}

/// Whose timers they are. An operator that is restored takes those of its own service; others stay in the snapshot unread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TimerService {
    /// `window-timers`, of operators of windows (`WindowOperator`).
    Windows,
    /// `user-timers`, of all others (`KeyedProcessOperator`).
    #[default]
    User,
}

impl TimerService {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Windows, Self::User];
}

/// The timers that are registered and have not fired.
///
/// They fire by time, then key, then registration. Flink leaves equal times unspecified; a simulation may not.
#[derive(Clone, Default, Debug)]
pub struct Timers {
    queue: BTreeMap<(i64, Value, u64), Timer>,
    registrations: BTreeMap<Timer, u64>,
    registered: u64,
    /// Those that were due when they were registered, and how far time had come then.
    late: BTreeMap<u64, i64>,
}

impl Timers {
    /// Registers a timer, unless it is there already.
    pub fn register(&mut self, timer: Timer) {
        if self.registrations.contains_key(&timer) {
            return;
        }
        self.registered += 1;
        self.queue.insert((timer.time, timer.key.clone(), self.registered), timer.clone());
        self.registrations.insert(timer, self.registered);
        let (queued, known) = (self.queue.len(), self.registrations.len());
        assert_eq!(queued, known, "two timers were registered in one place of the queue");
    }
    /// The same, where time has come so far: one that is due already fires when time goes on.
    pub fn register_at(&mut self, timer: Timer, reached: i64) {
        let (is_due, before) = (timer.time <= reached, self.registered);
        self.register(timer);
        if is_due && self.registered > before {
            self.late.insert(self.registered, reached);
        }
        let (late, queued) = (self.late.len(), self.queue.len());
        debug_assert!(late <= queued, "{late} timers are late, and {queued} are there");
    }
    /// Takes a timer back. Whether it was there.
    pub fn delete(&mut self, timer: &Timer) -> bool {
        let Some(registration) = self.registrations.remove(timer) else { return false };
        self.late.remove(&registration);
        let queued = self.queue.remove(&(timer.time, timer.key.clone(), registration));
        let (queued_now, known) = (self.queue.len(), self.registrations.len());
        assert_eq!(queued_now, known, "a timer is queued and not registered, or the other way");
        assert!(queued.is_some(), "{timer:?} was registered but is not in the queue");
        true
    }
    /// When the next one is due.
    pub fn next_time(&self) -> Option<i64> {
        self.queue.first_key_value().map(|((time, _, _), _)| *time)
    }
    /// Takes out the next one that is due at `now` or before. One at a time, since what fires may register or delete
    /// others that are due too.
    pub fn pop_due(&mut self, now: i64) -> Option<Timer> {
        if self.next_time()? > now {
            return None;
        }
        let (_, timer) = self.queue.pop_first()?;
        let registration = self.registrations.remove(&timer);
        registration.map(|registration| self.late.remove(&registration));
        assert!(timer.time <= now, "{timer:?} fires before it is due at {now}");
        assert!(registration.is_some(), "{timer:?} was in the queue but is not registered");
        let (queued, known) = (self.queue.len(), self.registrations.len());
        debug_assert_eq!(queued, known, "a timer that fired is registered, or waits in vain");
        Some(timer)
    }
    /// How many should have fired when time came this far.
    pub fn overdue(&self, now: i64) -> usize {
        let due = self.queue.iter().filter(|((time, ..), _)| *time <= now);
        let since = |registration: &u64| self.late.get(registration).copied();
        due.filter(|((_, _, at), _)| since(at).is_none_or(|reached| reached < now)).count()
    }
    /// How many there are.
    pub fn len(&self) -> usize {
        self.queue.len()
    }
    /// All of them in the order in which they would fire. Registering them again in this order, in one subtask or dealt out
    /// by key group to several, keeps the order of each key's.
    pub fn iter(&self) -> impl Iterator<Item = &Timer> {
        self.queue.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(time: i64, key: &str, namespace: i64) -> Timer {
        Timer { time, key: Value::text(key), namespace }
    }
    fn fired(timers: &mut Timers, now: i64) -> Vec<Timer> {
        std::iter::from_fn(|| timers.pop_due(now)).collect()
    }
    fn registered(all: &[Timer]) -> Timers {
        let mut timers = Timers::default();
        all.iter().for_each(|timer| timers.register(timer.clone()));
        timers
    }

    #[test]
    fn timers_fire_by_time_then_key_then_registration_and_only_when_due() {
        let mut timers = registered(&[
            timer(6, "a", 0),
            timer(5, "b", 0),
            timer(5, "a", 9),
            timer(5, "a", 1),
            timer(4, "z", 0),
        ]);
        let order = [timer(4, "z", 0), timer(5, "a", 9), timer(5, "a", 1), timer(5, "b", 0)];
        assert_eq!(fired(&mut timers, 5), order);
        assert_eq!(timers.next_time(), Some(6));
    }

    #[test]
    fn a_timer_registered_twice_fires_once_and_a_deleted_one_never() {
        let mut timers = registered(&[timer(1, "a", 0), timer(1, "a", 0), timer(2, "a", 0)]);
        assert!(timers.delete(&timer(2, "a", 0)));
        assert!(!timers.delete(&timer(2, "a", 0)));
        assert_eq!(fired(&mut timers, i64::MAX), [timer(1, "a", 0)]);
    }

    #[test]
    fn a_timer_that_is_late_is_overdue_once_time_has_gone_on() {
        let mut timers = registered(&[timer(3, "a", 0)]);
        timers.register_at(timer(4, "a", 0), 5);
        timers.register_at(timer(6, "a", 0), 5);
        assert_eq!((timers.overdue(2), timers.overdue(5), timers.overdue(6)), (0, 1, 3));
        assert!(timers.delete(&timer(4, "a", 0)));
        assert_eq!(timers.overdue(6), 2);
    }

    #[test]
    fn timers_dealt_out_by_key_keep_the_order_of_each_key() {
        let all = [timer(5, "aa", 9), timer(5, "aa", 1), timer(5, "b", 2), timer(3, "b", 0)];
        let all: Vec<Timer> = registered(&all).iter().cloned().collect();
        let (long, short): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|timer| timer.key == Value::text("aa"));
        assert_eq!(fired(&mut registered(&long), 5), [timer(5, "aa", 9), timer(5, "aa", 1)]);
        assert_eq!(fired(&mut registered(&short), 5), [timer(3, "b", 0), timer(5, "b", 2)]);
    }
}
