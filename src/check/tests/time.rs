//! Time fidelity: watermarks, timers and late records, event by event.

use super::*;
use crate::job::{EventTime, SourceTime, WatermarkStatus, WindowOptions};
use crate::trace::{CheckName, WindowsHeld};

const COUNT: (&str, &str) = ("aggregate", "count");

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis)
}

impl World {
    fn watermark(&mut self, name: &str, millis: i64) {
        let (task, attempt) = (self.task(0, name), Attempt::new(0));
        self.tell(TaskEvent::WatermarkEmitted { watermark: at(millis) }.of(task, attempt));
    }

    fn status_of(&mut self, name: &str, status: WatermarkStatus) {
        let (task, attempt) = (self.task(0, name), Attempt::new(0));
        self.tell(TaskEvent::WatermarkStatusChanged { status }.of(task, attempt));
    }

    fn fire(&mut self, name: &str, millis: i64) {
        let (task, attempt) = (self.task(0, name), Attempt::new(0));
        let operator = self.layouts[0].plan.operator_ids[2];
        let (watermark, last) = (Some(at(millis)), millis);
        let fired = TaskEvent::TimersFired { operator, watermark, timers: 3, last };
        self.tell(fired.of(task, attempt));
    }

    fn drop_late(&mut self, name: &str) {
        self.drop_at(name, 70_000);
    }

    fn drop_at(&mut self, name: &str, watermark: i64) {
        let (task, attempt) = (self.task(0, name), Attempt::new(0));
        let operator = self.layouts[0].plan.operator_ids[2];
        let (origin, timestamp, watermark) = (origin(0, 0, 0), at(5), at(watermark));
        self.tell(
            TaskEvent::LateDropped { operator, origin, timestamp, watermark }.of(task, attempt),
        );
    }
}

/// Both sources have told a watermark, the second the earlier one.
fn two_sources() -> World {
    let mut world = World::of_one("two-phase", COUNT);
    world.watermark("lines/0", 50);
    world.watermark("lines/1", 30);
    world
}

#[test]
fn a_watermark_is_no_later_than_that_of_the_slowest_sender() {
    let mut world = two_sources();
    world.watermark("counts/1", 30);
    world.holds();
    let mut world = two_sources();
    world.watermark("counts/1", 31);
    let text = "counts/1 tells watermark 31, but lines/1 has come to 30 only";
    world.breaks(CheckName::TimeFidelity, text);
}

#[test]
fn a_sender_that_is_idle_or_at_its_end_is_not_waited_for() {
    let mut world = two_sources();
    world.status_of("lines/1", WatermarkStatus::Idle);
    world.watermark("counts/1", 50);
    world.holds();
    let mut world = two_sources();
    let task = world.task(0, "lines/1");
    world.tell(TaskEvent::DataEnded.of(task, Attempt::new(0)));
    world.watermark("counts/1", 50);
    world.holds();
}

#[test]
fn a_watermark_never_goes_back_within_an_attempt() {
    let mut world = two_sources();
    world.watermark("lines/0", 50);
    world.breaks(CheckName::TimeFidelity, "watermark 50 follows 50");
}

#[test]
fn what_a_watermark_makes_due_fires_before_it_is_sent_on() {
    let mut world = two_sources();
    world.fire("counts/0", 30);
    world.watermark("counts/0", 30);
    world.holds();
    let mut world = two_sources();
    world.watermark("counts/0", 30);
    world.fire("counts/0", 30);
    world.breaks(CheckName::TimeFidelity, "watermark 30 was sent on before 3 timers fired");
}

/// A window over words that happen when they are read, or after a while of silence.
fn windows(idle_after: Option<SimTime>) -> World {
    let mut graph = word_count("two-phase", ("window", "event"), 2);
    graph.operators[0].options.time = Some(SourceTime { idle_after, ..SourceTime::default() });
    graph.operators[2].options.window = Some(WindowOptions::default());
    let mut world = World::new(vec![graph]);
    world.submit(0, None);
    world
}

#[test]
fn a_record_is_given_up_only_where_one_can_be_late() {
    let mut world = windows(Some(SimTime::from_secs(1)));
    world.drop_late("counts/0");
    world.holds();
    let mut world = windows(None);
    world.drop_late("counts/0");
    let text = "counts gave up a record of 5 at watermark 70000, though none can be late";
    world.breaks(CheckName::TimeFidelity, text);
}

#[test]
fn no_record_is_given_up_that_its_window_takes_in() {
    let given_up = |watermark| {
        let mut world = windows(Some(SimTime::from_secs(1)));
        world.drop_at("counts/0", watermark);
        world
    };
    given_up(59_999).holds();
    let text = "a record of 5 was given up at watermark 59998, and its window takes it in";
    given_up(59_998).breaks(CheckName::TimeFidelity, text);
}

#[test]
fn no_timer_fires_before_its_time() {
    let fired = |last| {
        let mut world = two_sources();
        let (task, attempt) = (world.task(0, "counts/0"), Attempt::new(0));
        let operator = world.layouts[0].plan.operator_ids[2];
        let watermark = Some(at(30));
        let fired = TaskEvent::TimersFired { operator, watermark, timers: 1, last };
        world.tell(fired.of(task, attempt));
        world
    };
    fired(30).holds();
    fired(31).breaks(CheckName::TimeFidelity, "a timer of counts for 31 fired at watermark 30");
}

#[test]
fn a_window_is_held_until_it_is_over_and_has_a_timer() {
    let held = |windows, awaited, watermark| {
        let mut world = self::windows(None);
        world.watermark("lines/0", watermark);
        world.watermark("lines/1", watermark);
        world.watermark("counts/0", watermark);
        let (task, checkpoint) = (world.task(0, "counts/0"), CheckpointId::new(1));
        let operator = world.layouts[0].plan.operator_ids[2];
        let windows = [WindowsHeld { operator, windows, awaited, first: at(59_999) }].into();
        let (received, sent, lists) = (Arc::default(), Arc::default(), Arc::default());
        let taken =
            TaskEvent::SnapshotTaken { checkpoint, received, sent, windows, lists, bytes: 0 };
        world.tell(taken.of(task, Attempt::new(0)));
        world
    };
    held(2, 2, 59_998).holds();
    let text = "counts holds the window up to 59999, which is over at 59999, at watermark 59999";
    held(2, 2, 59_999).breaks(CheckName::TimeFidelity, text);
    let text = "counts holds 2 windows and has timers for 1";
    held(2, 1, 0).breaks(CheckName::TimeFidelity, text);
}
