//! Requests for checkpoints that wait until one may be triggered.
//!
//! Decides their order and how many there may be (`CheckpointRequestDecider`), not when one is triggered.

use super::pending::Purpose;

/// More requests than this are not kept waiting.
const MOST: usize = 1_000;

/// Requests in the order in which they will be granted: savepoints, then what else the user asked for, then the
/// schedule's; older ones first.
#[derive(Clone, Debug, Default)]
pub(super) struct Requests {
    queue: Vec<Purpose>,
}

impl Requests {
    /// Adds a request. Returns the one that found no place: the last in order. What nobody asked for waits once.
    pub(super) fn add(&mut self, purpose: Purpose) -> Option<Purpose> {
        if purpose.step().is_none() && self.queue.contains(&purpose) {
            return None;
        }
        let place = self.queue.iter().position(|other| other.rank() > purpose.rank());
        self.queue.insert(place.unwrap_or(self.queue.len()), purpose);
        let last = if self.queue.len() > MOST { self.queue.pop() } else { None };
        assert!(self.queue.is_sorted_by_key(Purpose::rank), "a request waits out of its turn");
        let periodic = self.queue.iter().filter(|purpose| **purpose == Purpose::Recovery).count();
        assert!(periodic <= 1, "the schedule waits {periodic} times");
        assert!(self.queue.len() <= MOST, "more requests wait than are kept");
        last
    }

    /// The next one.
    pub(super) fn first(&self) -> Option<&Purpose> {
        self.queue.first()
    }

    /// Takes the next one.
    pub(super) fn take_first(&mut self) -> Option<Purpose> {
        assert!(self.queue.is_sorted_by_key(Purpose::rank), "a request is taken out of its turn");
        (!self.queue.is_empty()).then(|| self.queue.remove(0))
    }

    /// Whether the schedule's request waits.
    pub(super) fn wait_for_schedule(&self) -> bool {
        self.queue.contains(&Purpose::Recovery)
    }

    /// The schedule asks no more.
    pub(super) fn forget_periodic(&mut self) {
        self.queue.retain(|purpose| *purpose != Purpose::Recovery);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Stop;

    fn savepoint(step: u32) -> Purpose {
        Purpose::User { step, label: "s".into(), then_cancel: false, stop: Stop::No, native: false }
    }

    fn manual(step: u32) -> Purpose {
        Purpose::Manual { step, label: "c".into() }
    }

    #[test]
    fn savepoints_go_before_manual_checkpoints_before_the_schedule() {
        let mut requests = Requests::default();
        let asked = [Purpose::Recovery, manual(1), savepoint(2), manual(3), savepoint(4)];
        for purpose in asked.into_iter().chain([Purpose::Recovery]) {
            assert_eq!(requests.add(purpose), None);
        }
        let granted: Vec<_> = std::iter::from_fn(|| requests.take_first()).collect();
        let expected = vec![savepoint(2), savepoint(4), manual(1), manual(3), Purpose::Recovery];
        assert_eq!(granted, expected);
    }

    #[test]
    fn the_last_in_order_is_dropped_when_too_many_wait() {
        let mut requests = Requests::default();
        assert_eq!(requests.add(Purpose::Recovery), None);
        for step in 0..999 {
            assert_eq!(requests.add(manual(step)), None);
        }
        assert_eq!(requests.add(savepoint(1_000)), Some(Purpose::Recovery));
        assert_eq!(requests.add(manual(1_001)), Some(manual(1_001)));
    }
}
