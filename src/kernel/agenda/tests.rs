use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The agenda in one line: a sorted map.
#[derive(Clone, Default)]
struct Model {
    pending: BTreeMap<(u64, u64), u32>,
    issued: u64,
    now: u64,
}

impl Model {
    fn push(&mut self, at: u64, what: u32) -> u64 {
        self.issued += 1;
        self.pending.insert((at, self.issued), what);
        self.issued
    }
    fn pop(&mut self) -> Option<(u64, u64, u32)> {
        let ((at, ticket), what) = self.pending.pop_first()?;
        self.now = at;
        Some((at, ticket, what))
    }
}

/// One thing done to an agenda and its model.
#[derive(Clone, Debug)]
enum Act {
    /// So many pushes, so far ahead, by a rule for the distance between them.
    Push { count: u16, ahead: u64, spread: u64 },
    /// So many pops.
    Pop { count: u16 },
    /// So many times a pop and a push after what was popped.
    Hold { count: u16, ahead: u64 },
    /// Goes on with a clone.
    Fork,
}

fn act() -> impl Strategy<Value = Act> {
    let ahead = prop_oneof![
        Just(0),
        Just(1),
        0_u64..100,
        0_u64..100_000,
        any::<u64>().prop_map(|far| far >> 8)
    ];
    let spread = prop_oneof![Just(0), Just(1), 0_u64..64, any::<u64>().prop_map(|far| far >> 24)];
    prop_oneof![
        3 => (0_u16..1_500, ahead.clone(), spread).prop_map(|(count, ahead, spread)| Act::Push { count, ahead, spread }),
        2 => (0_u16..2_000).prop_map(|count| Act::Pop { count }),
        2 => (0_u16..500, ahead).prop_map(|(count, ahead)| Act::Hold { count, ahead }),
        1 => Just(Act::Fork),
    ]
}

struct Pair {
    agenda: Agenda,
    model: Model,
}

impl Pair {
    fn push(&mut self, at: u64) {
        let what = u32::try_from(at % 1_000).expect("small");
        let ticket = self.agenda.push(SimTime::from_nanos(at), what);
        assert_eq!(ticket.number(), self.model.push(at, what));
    }

    fn pop(&mut self) -> bool {
        let event = self.agenda.pop();
        assert_eq!(
            event.map(|event| (event.at.nanos(), event.ticket.number(), event.what)),
            self.model.pop()
        );
        assert_eq!(
            (self.agenda.len(), self.agenda.now().nanos()),
            (self.model.pending.len(), self.model.now)
        );
        event.is_some()
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Push { count, ahead, spread } => {
                for step in 0..u64::from(count) {
                    let distance =
                        ahead.saturating_add(step.wrapping_mul(0x9E37_79B9) % 1_000 * spread);
                    self.push(self.model.now.saturating_add(distance));
                }
            }
            Act::Pop { count } => {
                for _ in 0..count {
                    self.pop();
                }
            }
            Act::Hold { count, ahead } => {
                for _ in 0..count {
                    self.pop();
                    self.push(self.model.now.saturating_add(ahead));
                }
            }
            Act::Fork => self.agenda = self.agenda.clone(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn events_come_in_order_of_time_and_insertion(acts in prop::collection::vec(act(), 1..20)) {
        let mut pair = Pair { agenda: Agenda::new(), model: Model::default() };
        for act in acts {
            pair.act(act);
        }
        while pair.pop() {}
        prop_assert!(pair.agenda.is_empty());
    }
}

fn drained(agenda: &mut Agenda) -> Vec<u32> {
    std::iter::from_fn(|| agenda.pop()).map(|event| event.what).collect()
}

#[test]
fn the_structure_changes_above_one_size_and_back_below_another() {
    let mut agenda = Agenda::new();
    let at = |agenda: &mut Agenda| agenda.push(SimTime::from_nanos(1_000), 0);
    (0..HEAP_LENGTH_MAX).for_each(|_| _ = at(&mut agenda));
    assert!(matches!(agenda.pending, Pending::Few(_)));
    at(&mut agenda);
    assert!(matches!(agenda.pending, Pending::Many(_)));
    while agenda.len() >= LADDER_LENGTH_MIN {
        assert!(matches!(agenda.pending, Pending::Many(_)));
        agenda.pop();
    }
    assert!(matches!(agenda.pending, Pending::Few(_)));
    assert_eq!(agenda.len(), LADDER_LENGTH_MIN - 1);
}

#[test]
fn many_ties_keep_their_order_and_events_due_now_come_after_them() {
    let mut agenda = Agenda::new();
    let noon = SimTime::from_secs(1);
    (0..5_000).for_each(|what| _ = agenda.push(noon, what));
    assert_eq!(agenda.pop().map(|event| event.what), Some(0));
    (5_000..9_000).for_each(|what| _ = agenda.push(noon, what));
    assert_eq!(drained(&mut agenda), (1..9_000).collect::<Vec<_>>());
}

#[test]
fn the_end_of_time_has_an_order_too() {
    let mut agenda = Agenda::new();
    let end = SimTime::MAX;
    agenda.push(SimTime::from_nanos(u64::MAX - 1), 0);
    (1..3_000).for_each(|what| _ = agenda.push(end, what));
    assert_eq!(agenda.pop().map(|event| event.what), Some(0));
    agenda.push(end, 3_000);
    assert_eq!(agenda.pop().map(|event| event.what), Some(1));
    agenda.push(end, 3_001);
    assert_eq!(drained(&mut agenda), (2..3_002).collect::<Vec<_>>());
}

#[test]
fn a_burst_into_a_sorted_front_is_dealt_back() {
    let mut agenda = Agenda::new();
    (0..3_000)
        .for_each(|what| _ = agenda.push(SimTime::from_secs(1_000_000 + u64::from(what)), what));
    agenda.push(SimTime::from_secs(1), 0);
    agenda.push(SimTime::from_secs(3), 0);
    agenda.pop();
    // All of these are before the end of the slot that the first event lay in.
    (0..3_000_u32).rev().for_each(|what| {
        _ = agenda.push(SimTime::from_millis(1_001 + u64::from(what) % 997), what)
    });
    let mut last = agenda.now();
    while let Some(event) = agenda.pop() {
        assert!(event.at >= last);
        last = event.at;
    }
}

#[test]
fn a_ticket_is_never_the_default_and_never_the_same_twice() {
    let mut agenda = Agenda::new();
    let first = agenda.push(SimTime::ZERO, 0);
    let second = agenda.push(SimTime::ZERO, 0);
    assert!(Ticket::default() < first && first < second);
}

#[test]
#[should_panic(expected = "an event was scheduled in the past: at 1s, but it is 2s")]
fn scheduling_in_the_past_is_a_bug() {
    let mut agenda = Agenda::new();
    agenda.push(SimTime::from_secs(2), 0);
    agenda.pop();
    agenda.push(SimTime::from_secs(1), 0);
}

#[test]
#[should_panic(expected = "16777216 does not name an event: it must be below 2^24")]
fn a_number_of_more_than_24_bits_does_not_name_an_event() {
    Agenda::new().push(SimTime::ZERO, 1 << WHAT_BITS);
}

#[test]
#[should_panic(expected = "the agenda has issued its last ticket, number 2^40 - 1")]
fn tickets_run_out_with_a_clear_message() {
    let mut agenda = Agenda { issued: (1 << SEQUENCE_BITS) - 2, ..Agenda::new() };
    agenda.push(SimTime::ZERO, (1 << WHAT_BITS) - 1);
    assert_eq!(agenda.pop().map(|event| event.ticket), Some(Ticket((1 << SEQUENCE_BITS) - 1)));
    agenda.push(SimTime::ZERO, 0);
}
