use super::*;
use crate::job::{DelayOptions, WindowOptions, WindowTime, subtask_of_key_group};

const KEY_GROUPS: u32 = 128;

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis)
}

/// An operator of a kind that waits, which holds records back for 10 ms, or has windows of a minute.
fn waiting(kind: &str, time: WindowTime) -> Standalone {
    let mut node = node();
    node.options.delay = Some(DelayOptions { by: 10, time });
    node.options.window = Some(WindowOptions::default());
    let catalogue = Catalogue::built_in();
    let entry = catalogue.entry(kind, time.word()).expect("the operator is built in");
    let alone = Standalone::new((entry.make)(&node)).timers_of(entry.timers);
    alone.keyed_by(KeyBy::new(KeySelector::Column(0)))
}

/// What a subtask is dealt of the keyed states of a snapshot.
fn share(snapshot: &OperatorSnapshot, subtask: u32, parallelism: u32) -> OperatorSnapshot {
    let mut share = snapshot.clone();
    for state in share.keyed.values_mut() {
        let owner = |group: u16| subtask_of_key_group(group, KEY_GROUPS, parallelism);
        state.entries.retain(|entry| owner(entry.group) == subtask);
    }
    share
}

#[test]
fn a_record_goes_on_once_the_watermark_is_a_span_past_its_time() {
    let mut delay = waiting("delay", WindowTime::Event).start();
    delay.process_at(0, pair("a", 1), at(7));
    delay.process_at(0, pair("a", 2), at(5));
    delay.process_at(0, pair("a", 3), at(7));
    delay.process_at(0, pair("b", 4), at(5));
    delay.advance_watermark(at(14));
    assert_eq!(delay.take_emitted(), []);
    delay.advance_watermark(at(15));
    assert_eq!(delay.take_emitted(), [pair("a", 2), pair("b", 4)]);
    // Its time has passed: it goes on with the next watermark, and not at once.
    delay.process_at(0, pair("a", 5), at(2));
    assert_eq!(delay.take_emitted(), []);
    delay.advance_watermark(at(16));
    assert_eq!(delay.take_emitted(), [pair("a", 5)]);
    delay.advance_watermark(EventTime::MAX);
    assert_eq!(delay.take_emitted(), [pair("a", 1), pair("a", 3)]);
    assert!(delay.barrier(checkpoint(1)).keyed["held"].entries.is_empty());
}

#[test]
fn a_record_goes_on_a_span_after_it_was_processed() {
    let mut delay = waiting("delay", WindowTime::Processing).start();
    delay.advance_to(SimTime::from_millis(3));
    delay.process_at(0, pair("a", 1), at(900));
    delay.advance_to(SimTime::from_nanos(12_999_999));
    assert_eq!(delay.take_emitted(), []);
    delay.advance_to(SimTime::from_millis(13));
    assert_eq!(delay.take_emitted(), [pair("a", 1)]);
}

#[test]
fn what_is_held_back_goes_on_at_another_parallelism() {
    let mut before = waiting("delay", WindowTime::Event).start();
    let keys = ["a", "b", "c", "d", "e", "f"];
    keys.iter().for_each(|key| before.process_at(0, pair(key, 1), at(7)));
    let first = checkpoint(1);
    let stored = before.barrier(first);
    let mut went_on = Vec::new();
    for subtask in 0..3 {
        let delay = waiting("delay", WindowTime::Event).subtask_of(subtask, 3);
        let mut delay = delay.restore(first, share(&stored, subtask, 3));
        delay.process_at(0, pair("g", 2), at(3));
        delay.advance_watermark(at(16));
        assert_eq!(delay.take_emitted(), [pair("g", 2)]);
        delay.advance_watermark(at(17));
        let emitted = delay.take_emitted();
        assert!(emitted.len() < keys.len(), "subtask {subtask} was dealt all keys");
        went_on.extend(emitted);
    }
    went_on.sort_unstable();
    assert_eq!(went_on, keys.map(|key| pair(key, 1)));
}

#[test]
fn timers_of_another_service_are_kept_unread_and_are_there_again_for_their_own() {
    let time = WindowTime::Event;
    let mut windows = waiting("window", time).start();
    windows.process_at(0, pair("a", 1), at(7));
    let windows = windows.barrier(checkpoint(1));
    let name = "_timer_state/event_window-timers";
    let mut delay = waiting("delay", time).restore(checkpoint(1), windows.clone());
    delay.process_at(0, pair("a", 2), at(8));
    delay.advance_watermark(EventTime::MAX);
    assert_eq!(delay.take_emitted(), [pair("a", 2)]);
    let kept = delay.barrier(checkpoint(2));
    assert_eq!(kept.keyed[name], windows.keyed[name]);
    assert!(!kept.keyed.contains_key("_timer_state/event_user-timers"), "all of them fired");
    let mut again = waiting("window", time).restore(checkpoint(2), kept);
    again.advance_watermark(EventTime::MAX);
    let which = Value::row([Value::text("a"), number(0)]);
    assert_eq!(again.take_emitted(), [Value::row([which, number(1)])]);
}
