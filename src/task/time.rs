//! How time passes in a subtask: watermarks through its chain, and timers of both kinds.
//!
//! A watermark goes from operator to operator; each fires what it makes due before the next hears of it, and only then
//! does it leave the subtask. Virtual time comes as a wake-up that was asked for. Neither is in a snapshot, but timers
//! are.

use super::chain::{Chain, Stem, fail_on_error};
use super::stop::awaits_stop;
use super::{Advance, Outputs, Phase, Task, Valve};
use crate::effect::TaskEffects;
use crate::job::{Element, EventTime, Origin, WatermarkStatus};
use crate::kernel::SimTime;
use crate::operator::InputLog;
use crate::state::{LiveTimers, TimerKind};
use crate::trace::{Call, TaskEvent};

impl Outputs {
    fn emit_watermark(&self, watermark: EventTime, effects: &mut TaskEffects) {
        effects.events.push(TaskEvent::WatermarkEmitted { watermark });
        self.broadcast(&Element::Watermark(watermark), effects);
    }
}

impl Task {
    pub(super) fn on_watermark(
        &mut self,
        input_channel: usize,
        watermark: EventTime,
        effects: &mut TaskEffects,
    ) {
        assert!(
            !self.data_ended[input_channel],
            "{:?}: time went on in a channel at its end",
            self.id()
        );
        let advance = valve(self).on_watermark(input_channel, watermark);
        self.follow(advance, effects);
    }

    pub(super) fn on_status(
        &mut self,
        input_channel: usize,
        status: WatermarkStatus,
        effects: &mut TaskEffects,
    ) {
        assert!(!self.data_ended[input_channel], "{:?}: an ended channel is {status:?}", self.id());
        match status {
            WatermarkStatus::Idle => {
                let advance = valve(self).on_idle(input_channel);
                self.follow(advance, effects);
            }
            WatermarkStatus::Active => {
                if valve(self).on_active(input_channel) {
                    self.emit_status(WatermarkStatus::Active, effects);
                }
            }
        }
    }

    /// The data of one channel has ended, and with it its time.
    pub(super) fn end_time_of(&mut self, input_channel: usize, effects: &mut TaskEffects) {
        assert!(self.data_ended[input_channel], "{:?}: time ended before the data", self.id());
        if let Some(valve) = &mut self.valve {
            let advance = valve.on_end(input_channel);
            self.follow(advance, effects);
        }
    }

    fn follow(&mut self, advance: Advance, effects: &mut TaskEffects) {
        match advance {
            Advance::Unmoved => {}
            Advance::Idle => self.emit_status(WatermarkStatus::Idle, effects),
            Advance::To(watermark) => self.advance_to(watermark, effects),
        }
    }

    fn emit_status(&self, status: WatermarkStatus, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Running, "{:?} is {status:?} after its data", self.id());
        effects.events.push(TaskEvent::WatermarkStatusChanged { status });
        self.chain.outputs.broadcast(&Element::Status(status), effects);
    }

    /// Event time advances: what is due fires, and the watermark goes on.
    pub(super) fn advance_to(&mut self, watermark: EventTime, effects: &mut TaskEffects) {
        assert!(self.phase == Phase::Running, "{:?}: time went on after the data", self.id());
        if !self.chain.identity.rules.timers_before_watermark {
            self.chain.outputs.emit_watermark(watermark, effects);
        }
        self.chain.on_watermark(watermark, effects);
        if self.chain.identity.rules.timers_before_watermark && effects.failure.is_none() {
            self.chain.outputs.emit_watermark(watermark, effects);
        }
    }

    /// Asks for the next moment at which a timer is due, or a watermark.
    pub(super) fn ask_to_wake(&self, effects: &mut TaskEffects) {
        let generator = self.chain.watermarks.as_ref().filter(|_| !self.is_stopped);
        let next = generator.map(|generator| generator.next).into_iter();
        effects.wake = next.chain(self.chain.next_wake()).chain(effects.wake).min();
    }

    /// A moment that it asked for has come, or one has passed that it could not heed for want of credit. `log` is what a
    /// source reads.
    pub fn on_wake(
        &mut self,
        log: Option<&dyn InputLog>,
        has_overslept: bool,
        effects: &mut TaskEffects,
    ) {
        if self.phase != Phase::Running || awaits_stop(self) || self.finished_on_restore {
            return;
        }
        self.chain.on_processing_time(effects);
        if effects.failure.is_some() {
            return;
        }
        if let Some(log) = log.filter(|_| !self.is_stopped) {
            self.tell_time(log, has_overslept, effects);
        }
        self.ask_to_wake(effects);
    }

    /// A source tells how far event time has come, if it is time to.
    fn tell_time(&mut self, log: &dyn InputLog, has_overslept: bool, effects: &mut TaskEffects) {
        if self.chain.watermarks.as_ref().is_none_or(|generator| generator.next > effects.now) {
            return;
        }
        let positions = self.chain.positions(effects);
        if effects.failure.is_some() {
            return;
        }
        let generator = self.chain.watermarks.as_mut().expect("it was there a moment ago");
        if has_overslept {
            generator.on_overslept(effects.now);
        }
        let tick = generator.tick(&positions, log, effects.now);
        let before = std::mem::replace(&mut generator.told, tick);
        assert!(tick.watermark >= before.watermark, "a source told an earlier watermark");
        if before.is_idle && !tick.is_idle {
            self.emit_status(WatermarkStatus::Active, effects);
        }
        if tick.watermark > before.watermark {
            self.advance_to(tick.watermark, effects);
        }
        if tick.is_idle && !before.is_idle {
            self.emit_status(WatermarkStatus::Idle, effects);
        }
    }

    /// Whether something will happen in it although nothing comes in: a timer is due one day, or a source falls idle.
    pub fn awaits_time(&self) -> bool {
        let generator = self.chain.watermarks.as_ref();
        let may_fall_idle = generator.is_some_and(|generator| generator.may_fall_idle());
        self.phase == Phase::Running && (may_fall_idle || self.chain.next_wake().is_some())
    }
}

/// The watermarks of all channels: tasks that hear of none have none.
fn valve(task: &mut Task) -> &mut Valve {
    let Task { valve, data_ended, chain, .. } = task;
    valve.get_or_insert_with(|| {
        let mut valve = Valve::new(data_ended.len(), chain.identity.rules.watermark);
        for input_channel in
            (0..data_ended.len()).filter(|input_channel| data_ended[*input_channel])
        {
            let _others_have_told_nothing = valve.on_end(input_channel);
        }
        Box::new(valve)
    })
}

impl Chain {
    /// A watermark passes through: operator by operator, each of which fires what is due before the next hears of it. A
    /// source at the head has no use for it.
    pub(super) fn on_watermark(&mut self, watermark: EventTime, effects: &mut TaskEffects) {
        let first = usize::from(self.input().is_some());
        for at in first..self.workers.len() {
            if self.workers[at].watermark >= watermark {
                continue;
            }
            if watermark == EventTime::MAX {
                self.note(at, (Call::ProcessMaxWatermark, None), effects);
            }
            self.workers[at].watermark = watermark;
            self.fire(at, TimerKind::Event, watermark.millis(), effects);
            if effects.failure.is_some() {
                return;
            }
        }
    }

    /// Fires the processing-time timers that are due.
    fn on_processing_time(&mut self, effects: &mut TaskEffects) {
        let now = timer_time(effects.now);
        for at in self.head_first() {
            self.fire(at, TimerKind::Processing, now, effects);
            if effects.failure.is_some() {
                return;
            }
        }
    }

    /// Fires the timers of one operator, one by one, since what one does may register others.
    fn fire(&mut self, at: usize, kind: TimerKind, now: i64, effects: &mut TaskEffects) {
        if self.workers[at].state.timers().is_none() {
            return;
        }
        let (mut timers, mut last) = (0, i64::MIN);
        while effects.failure.is_none()
            && let Some(timer) = self.workers[at].state.timers_mut().of_mut(kind).pop_due(now)
        {
            timers += 1;
            last = last.max(timer.time);
            let timestamp = match kind {
                TimerKind::Event => EventTime::from_millis(timer.time),
                TimerKind::Processing => EventTime::MIN,
            };
            assert!(timer.time <= now, "{timer:?} fires at {now}, before its time");
            let stem = Stem { origin: Origin::default(), timestamp };
            let key = Some(&timer.key);
            let called = self.call((at, "on_timer"), stem, key, effects, |operator, context| {
                operator.on_timer(kind, &timer, context);
            });
            if called.is_none() {
                break;
            }
            let passed = self.pass_on(at, stem.origin, effects);
            fail_on_error(passed, effects);
        }
        if timers > 0 {
            let operator = self.workers[at].link.id;
            let watermark = match kind {
                TimerKind::Event => Some(self.workers[at].watermark),
                TimerKind::Processing => None,
            };
            let event = TaskEvent::TimersFired { operator, watermark, timers, last };
            effects.events.push(event);
        }
    }

    /// When the next processing-time timer is due.
    fn next_wake(&self) -> Option<SimTime> {
        let timers = self.workers.iter().filter_map(|worker| worker.state.timers());
        let next = |timers: &LiveTimers| timers.of(TimerKind::Processing).next_time();
        let next = timers.filter_map(next).min()?;
        Some(SimTime::from_nanos(u64::try_from(next).unwrap_or(0)))
    }
}

/// A moment of virtual time as processing-time timers tell it: nanoseconds.
fn timer_time(now: SimTime) -> i64 {
    i64::try_from(now.nanos()).unwrap_or(i64::MAX)
}
