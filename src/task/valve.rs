//! The watermark of one subtask, out of those of its input channels (Flink: `StatusWatermarkValve`).
//!
//! Decides when the subtask's watermark advances and when it falls idle. Does not fire timers nor forward anything, and
//! is in no snapshot: after a restore it begins at `MIN`.

use crate::job::EventTime;
use crate::rules::WatermarkTaken;

/// What the subtask must do once a channel has told something about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Advance {
    /// Nothing.
    Unmoved,
    /// Its watermark is now this one, later than any before.
    To(EventTime),
    /// All channels have fallen idle; the watermark stays.
    Idle,
}

/// The watermarks of all input channels of a subtask.
#[derive(Clone, Debug)]
pub struct Valve {
    /// The latest heard of each channel.
    heard: Vec<EventTime>,
    idle: Vec<bool>,
    watermark: EventTime,
    taken: WatermarkTaken,
}

impl Valve {
    /// With so many channels, all active, none heard of.
    pub fn new(channels: usize, taken: WatermarkTaken) -> Self {
        assert!(channels > 0, "a source hears of no time and has none to take");
        Self {
            heard: vec![EventTime::MIN; channels],
            idle: vec![false; channels],
            watermark: EventTime::MIN,
            taken,
        }
    }
    /// How far it has come.
    pub const fn watermark(&self) -> EventTime {
        self.watermark
    }
    /// The channels that hold it there.
    pub fn held_by(&self) -> impl Iterator<Item = usize> + '_ {
        let channels = self.heard.iter().zip(&self.idle).enumerate();
        let holds = |heard: EventTime, idle: bool| !idle && heard <= self.watermark;
        channels.filter(move |(_, (heard, idle))| holds(**heard, **idle)).map(|(place, _)| place)
    }
    /// Whether all channels are idle.
    pub fn is_idle(&self) -> bool {
        self.idle.iter().all(|idle| *idle)
    }
    /// A channel tells a watermark, and with it that it is active. One that is not later than the channel's last says
    /// no more than that. A channel that wakes behind the subtask's watermark is waited for once it has caught up.
    pub fn on_watermark(&mut self, input_channel: usize, watermark: EventTime) -> Advance {
        self.idle[input_channel] = false;
        self.heard[input_channel] = self.heard[input_channel].max(watermark);
        self.advance()
    }
    /// A channel is to be waited for again. Whether the subtask was idle until then.
    pub fn on_active(&mut self, input_channel: usize) -> bool {
        let was_idle = self.is_idle();
        self.idle[input_channel] = false;
        was_idle
    }
    /// The data of a channel ends, and with it comes the last watermark. That of an idle channel is not heard
    /// (`RecordWriterOutput#emitWatermark`).
    pub fn on_end(&mut self, input_channel: usize) -> Advance {
        if self.idle[input_channel] {
            Advance::Unmoved
        } else {
            self.on_watermark(input_channel, EventTime::MAX)
        }
    }
    /// A channel falls idle: the others no longer wait for it. Once all are, the watermark stays where it was; Flink
    /// then goes on to the latest that any of them told.
    pub fn on_idle(&mut self, input_channel: usize) -> Advance {
        let was_idle = self.is_idle();
        self.idle[input_channel] = true;
        if self.is_idle() && !was_idle { Advance::Idle } else { self.advance() }
    }

    fn advance(&mut self) -> Advance {
        let active = self.heard.iter().zip(&self.idle).filter(|(_, idle)| !**idle);
        let caught_up = active.filter(|(heard, _)| **heard >= self.watermark);
        let caught_up = caught_up.map(|(heard, _)| *heard);
        let next = match self.taken {
            WatermarkTaken::OfTheSlowest => caught_up.min(),
            WatermarkTaken::OfTheFastest => caught_up.max(),
        };
        match next {
            Some(least) if least > self.watermark => {
                assert!(!self.is_idle(), "time goes on to {least:?} while all channels are idle");
                self.watermark = least;
                Advance::To(least)
            }
            Some(_) | None => Advance::Unmoved,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    fn valve() -> Valve {
        Valve::new(2, WatermarkTaken::OfTheSlowest)
    }

    #[test]
    fn the_slowest_channel_holds_the_watermark() {
        let mut valve = valve();
        assert_eq!(valve.on_watermark(0, at(7)), Advance::Unmoved);
        assert_eq!(valve.on_watermark(1, at(3)), Advance::To(at(3)));
        assert_eq!(valve.on_watermark(1, at(9)), Advance::To(at(7)));
        assert_eq!(valve.on_watermark(1, at(1)), Advance::Unmoved);
        assert_eq!(valve.watermark, at(7));
    }

    #[test]
    fn an_idle_channel_is_not_waited_for_until_it_has_woken_and_caught_up() {
        let mut valve = valve();
        assert_eq!(valve.on_watermark(0, at(5)), Advance::Unmoved);
        assert_eq!(valve.on_idle(1), Advance::To(at(5)));
        assert_eq!(valve.on_watermark(1, at(2)), Advance::Unmoved);
        assert_eq!(valve.on_watermark(0, at(8)), Advance::To(at(8)));
        assert_eq!(valve.on_watermark(1, at(8)), Advance::Unmoved);
        assert_eq!(valve.on_watermark(0, at(9)), Advance::Unmoved);
        assert_eq!(valve.watermark, at(8));
    }

    #[test]
    fn a_subtask_is_idle_once_when_its_last_channel_is() {
        let mut valve = valve();
        assert_eq!(valve.on_idle(0), Advance::Unmoved);
        assert_eq!(valve.on_idle(1), Advance::Idle);
        assert_eq!(valve.on_idle(1), Advance::Unmoved);
        assert!(valve.is_idle());
        assert_eq!(valve.on_watermark(0, EventTime::MAX), Advance::To(EventTime::MAX));
        assert!(!valve.is_idle());
    }

    #[test]
    fn the_end_of_a_channel_is_its_last_watermark_unless_it_was_idle() {
        let mut ended = valve();
        assert_eq!(ended.on_watermark(1, at(3)), Advance::Unmoved);
        assert_eq!(ended.on_end(0), Advance::To(at(3)));
        let mut idle = valve();
        assert_eq!(idle.on_watermark(1, at(3)), Advance::Unmoved);
        assert_eq!(idle.on_idle(0), Advance::To(at(3)));
        assert_eq!(idle.on_idle(1), Advance::Idle);
        assert_eq!(idle.on_end(0), Advance::Unmoved);
        assert!(idle.on_active(1));
        assert!(!idle.on_active(1));
    }
}
