//! Watermarks at a source: what its records say of time, partition by partition.
//!
//! Decides the watermark of a reader, and when it is idle (FLIP-27: `WatermarkOutputMultiplexer`,
//! `BoundedOutOfOrdernessWatermarks`, `WatermarksWithIdleness`). Is in no snapshot. Does not send anything.

use crate::job::{EventTime, InputId, Origin, SourceTime, Value};
use crate::kernel::SimTime;
use crate::operator::{InputLog, log_of};
use crate::trace::SourcePosition;

/// What has been heard of one partition.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// The latest timestamp of its records.
    latest: EventTime,
    /// Whether it was read since the source last looked.
    was_read: bool,
    quiet: Quiet,
}

/// Since when nothing has come: since the first look that found nothing new (`WatermarksWithIdleness.IdlenessTimer`).
#[derive(Clone, Copy, Debug, Default)]
struct Quiet(Option<SimTime>);

impl Quiet {
    /// The source looks, and finds nothing new: for how long it has found nothing.
    fn look(&mut self, now: SimTime) -> SimTime {
        let since = *self.0.get_or_insert(now);
        assert!(since <= now, "nothing has come since a time to come, {since}");
        now.since(since)
    }
}

/// What a source says of time at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tick {
    /// No earlier record is expected; `MIN` if nothing can be said.
    pub(super) watermark: EventTime,
    /// Whether nobody should wait for it.
    pub(super) is_idle: bool,
}

/// Makes the watermarks of one source reader.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    time: SourceTime,
    /// Whether its input ends: a partition that has been read to its end is not waited for then.
    is_bounded: bool,
    /// By input, and by partition number.
    heard: Vec<(InputId, Vec<Option<Heard>>)>,
    /// When it began to tell time.
    began: SimTime,
    /// Since when it has had no partition.
    empty: Quiet,
    /// What it told last.
    pub(super) told: Tick,
    /// When it tells again.
    pub(super) next: SimTime,
}

impl Generator {
    /// For a reader that starts now.
    pub(super) fn new(time: SourceTime, is_bounded: bool) -> Self {
        Self {
            time,
            is_bounded,
            heard: Vec::new(),
            began: SimTime::ZERO,
            empty: Quiet::default(),
            told: Tick { watermark: EventTime::MIN, is_idle: false },
            next: SimTime::ZERO,
        }
    }

    /// The reader begins.
    pub(super) fn begin(&mut self, now: SimTime) {
        assert_eq!(self.told.watermark, EventTime::MIN, "a reader begins after it told the time");
        self.began = now;
        self.next = now.plus(self.time.interval);
    }

    /// When a record happened: as its column says, or now.
    pub(super) fn on_record(&mut self, value: &Value, origin: Origin, now: SimTime) -> EventTime {
        let timestamp = self.time.of(value, now);
        debug_assert!(self.began <= now, "a record was read before its reader began");
        let heard = self.heard_of(InputId::new(origin.input.into()), origin.partition);
        heard.latest = heard.latest.max(timestamp);
        heard.was_read = true;
        timestamp
    }

    fn heard_of(&mut self, input: InputId, partition: u16) -> &mut Heard {
        let known = self.heard.iter().position(|(other, _)| *other == input);
        let known = known.unwrap_or_else(|| {
            self.heard.push((input, Vec::new()));
            self.heard.len() - 1
        });
        let (heard, place) = (&mut self.heard[known].1, usize::from(partition));
        if heard.len() <= place {
            heard.resize(place + 1, None);
        }
        let nothing = Heard { latest: EventTime::MIN, was_read: false, quiet: Quiet::default() };
        heard[place].get_or_insert(nothing)
    }

    /// A reader that could not go on for want of credit was not idle meanwhile (`PausableRelativeClock`).
    pub(super) fn on_overslept(&mut self, now: SimTime) {
        assert!(self.began <= now, "a reader overslept before it began");
        self.began = now;
        self.empty = Quiet::default();
        let heard = self.heard.iter_mut().flat_map(|(_, heard)| heard).flatten();
        heard.for_each(|heard| heard.quiet = Quiet::default());
    }

    /// What can be said of time now, given the partitions of the reader and where it stands in them.
    pub(super) fn tick(
        &mut self,
        positions: &[SourcePosition],
        log: &dyn InputLog,
        now: SimTime,
    ) -> Tick {
        self.next = now.plus(self.time.interval);
        let idle_after = self.time.idle_after;
        let is_over = |quiet: SimTime| idle_after.is_some_and(|span| quiet >= span);
        let (mut least, mut waits, mut idles) = (EventTime::MAX, false, false);
        for SourcePosition { input, partition, next } in positions {
            let log = log_of(log, *input);
            if self.is_bounded && log.is_none_or(|log| log.entry(*partition, *next).is_none()) {
                continue;
            }
            let heard = self.heard_of(*input, *partition);
            let quiet = if std::mem::take(&mut heard.was_read) {
                heard.quiet = Quiet::default();
                SimTime::ZERO
            } else {
                heard.quiet.look(now)
            };
            let latest = heard.latest;
            if is_over(quiet) {
                idles = true;
            } else {
                waits = true;
                least = least.min(self.time.watermark(latest));
            }
        }
        let quiet = if positions.is_empty() { self.empty.look(now) } else { SimTime::ZERO };
        if !positions.is_empty() {
            self.empty = Quiet::default();
        }
        let is_idle = !waits && (idles || is_over(quiet));
        let watermark = if waits { least } else { EventTime::MIN };
        assert!(!(waits && is_idle), "a reader is idle and waits for a partition");
        Tick { watermark: watermark.max(self.told.watermark), is_idle }
    }

    /// Whether it may yet fall idle, and tell so.
    pub(super) const fn may_fall_idle(&self) -> bool {
        self.time.idle_after.is_some() && !self.told.is_idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Log;

    const fn ms(millis: u64) -> SimTime {
        SimTime::from_millis(millis)
    }
    fn generator(idle_after: Option<SimTime>, is_bounded: bool) -> Generator {
        let interval = ms(200);
        let time = SourceTime { column: Some(0), out_of_orderness: 5, idle_after, interval };
        let mut generator = Generator::new(time, is_bounded);
        generator.begin(ms(0));
        generator
    }
    fn log() -> Log {
        let entries = (0..8).map(|time| Value::row([Value::Int(time)])).collect();
        Log::new(InputId::new(0), 2, ms(1), entries)
    }
    fn row(time: i64) -> Value {
        Value::row([Value::Int(time)])
    }
    fn from(partition: u16) -> Origin {
        Origin { partition, ..Origin::default() }
    }
    fn at(partition: u16, next: u32) -> SourcePosition {
        SourcePosition { input: InputId::new(0), partition, next }
    }
    fn said(watermark: i64, is_idle: bool) -> Tick {
        Tick { watermark: EventTime::from_millis(watermark), is_idle }
    }

    #[test]
    fn the_watermark_is_that_of_the_slowest_partition_less_the_disorder_and_one() {
        let mut generator = generator(None, false);
        let both = [at(0, 0), at(1, 0)];
        assert_eq!(generator.on_record(&row(40), from(0), ms(1)), EventTime::from_millis(40));
        assert_eq!(generator.tick(&both, &log(), ms(2)).watermark, EventTime::MIN);
        generator.on_record(&row(30), from(1), ms(3));
        generator.on_record(&row(20), from(1), ms(4));
        assert_eq!(generator.tick(&both, &log(), ms(5)), said(24, false));
        assert_eq!(generator.next, ms(205));
    }

    #[test]
    fn a_partition_that_was_not_read_for_a_while_is_not_waited_for() {
        let mut generator = generator(Some(ms(100)), false);
        let both = [at(0, 0), at(1, 0)];
        generator.on_record(&row(10), from(1), ms(10));
        generator.on_record(&row(40), from(0), ms(90));
        assert_eq!(generator.tick(&both, &log(), ms(100)), said(4, false));
        generator.told = said(4, false);
        // The first look that finds nothing new only starts the clock.
        generator.on_record(&row(40), from(0), ms(190));
        assert_eq!(generator.tick(&both, &log(), ms(200)), said(4, false));
        generator.on_record(&row(40), from(0), ms(290));
        assert_eq!(generator.tick(&both, &log(), ms(299)), said(4, false));
        assert_eq!(generator.tick(&both, &log(), ms(300)), said(34, false));
        assert_eq!(generator.tick(&both, &log(), ms(399)), said(34, false));
        generator.told = said(34, false);
        assert_eq!(generator.tick(&both, &log(), ms(400)), said(34, true));
        generator.on_overslept(ms(410));
        assert_eq!(generator.tick(&both, &log(), ms(420)), said(34, false));
    }

    #[test]
    fn a_reader_without_partitions_falls_idle_as_well() {
        let mut generator = generator(Some(ms(100)), false);
        assert!(!generator.tick(&[], &log(), ms(200)).is_idle);
        assert!(!generator.tick(&[], &log(), ms(299)).is_idle);
        assert!(generator.tick(&[], &log(), ms(300)).is_idle);
    }

    #[test]
    fn a_partition_of_a_bounded_input_is_not_waited_for_at_its_end() {
        let mut generator = generator(None, true);
        generator.on_record(&row(40), from(0), ms(1));
        assert_eq!(generator.tick(&[at(0, 1), at(1, 4)], &log(), ms(2)), said(34, false));
        generator.told = said(34, false);
        assert_eq!(generator.tick(&[at(0, 4), at(1, 4)], &log(), ms(2)), said(34, false));
    }

    #[test]
    fn without_a_column_a_record_happens_when_it_is_read() {
        let time = SourceTime { column: None, out_of_orderness: 0, ..SourceTime::default() };
        let mut generator = Generator::new(time, false);
        assert_eq!(generator.on_record(&row(7), from(0), ms(55)), EventTime::from_millis(55));
        assert_eq!(generator.tick(&[at(0, 1)], &log(), ms(60)), said(54, false));
    }
}
