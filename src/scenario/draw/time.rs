//! Drawn event time: how far apart records happen, how far out of order they come, how much of that is forgiven.
//!
//! In the greater part of the worlds no record can be late, so that windows can be compared; in the others some are.

use super::{Draw, part};
use crate::job::{SourceTime, TumblingWindows, WindowAggregates, WindowOptions, WindowTime};
use crate::kernel::SimTime;
use crate::scenario::Shuffle;

/// The column of generated rows that tells time.
const COLUMN: u16 = 2;
/// Milliseconds of event time between two entries of an input.
const STEPS: [(i64, u64); 4] = [(1, 2), (50, 3), (1_000, 3), (600_000, 1)];
/// Percent of worlds in which entries are some odd number of milliseconds apart, so that times and watermarks are even and odd.
const UNEVEN: u64 = 50;
/// Percent of worlds in which a record happens when it is read.
const INGESTION: u64 = 20;
/// Percent of worlds whose rows come out of order.
const SHUFFLED: u64 = 70;
/// Over how many entries a row may be put off.
const PUT_OFF: (u64, u64) = (2, 40);
/// Percent of worlds that forgive less disorder than there is.
const TOO_STRICT: u64 = 20;
/// Percent of worlds in which part of the disorder is forgiven by windows, not by sources.
const BY_LATENESS: u64 = 30;
/// Percent of sources that may fall idle.
const IDLE: u64 = 20;
/// Percent of windows that go by the clock and not by the records.
const BY_CLOCK: u64 = 20;
/// Windows of a world, one after the other.
const WINDOWS: (u64, u64) = (2, 20);

/// How the records of a world tell time.
#[derive(Clone, Copy)]
pub(super) struct Clockwork {
    /// Milliseconds of event time between two entries.
    pub(super) step: i64,
    /// Whether records happen when they are read.
    is_ingestion: bool,
    /// By how many milliseconds of event time rows are put off, at most.
    put_off: i64,
    /// How much of that sources forgive, and windows.
    orderness: i64,
    lateness: i64,
    /// From the first record to the last, in event time and in virtual time.
    span: i64,
    flow: SimTime,
    /// Between two entries of an input.
    gap: SimTime,
}

impl Clockwork {
    pub(super) fn draw(draw: &Draw<'_>, records: u32, flow: SimTime) -> Self {
        let step = draw.weighted("time/step", &STEPS);
        let step = if draw.chance("time/uneven", UNEVEN) { uneven(draw, step) } else { step };
        let entries = i64::try_from(draw.within("time/put-off", PUT_OFF)).expect("a few entries");
        let put_off = if draw.chance("time/shuffled", SHUFFLED) { entries * step } else { 0 };
        let needed = (put_off - 1).max(0);
        let part_of = |what: &str| needed * i64::from(draw.count(what, (0, 80))) / 100;
        let (orderness, lateness) = if !draw.rules.allowed_lateness {
            (needed, 0)
        } else if draw.chance("time/by-lateness", BY_LATENESS) {
            let orderness = part_of("time/orderness");
            (orderness, needed - orderness)
        } else if draw.chance("time/too-strict", TOO_STRICT) {
            (part_of("time/orderness"), part_of("time/lateness") / 2)
        } else {
            (needed, 0)
        };
        Self {
            step,
            is_ingestion: draw.chance("time/ingestion", INGESTION),
            put_off,
            orderness,
            lateness,
            span: step * i64::from(records),
            flow,
            gap: part(flow, records.max(1).into()),
        }
    }

    /// How the rows of an input are put out of order.
    pub(super) fn shuffle(self, draw: &Draw<'_>, place: usize) -> Option<Shuffle> {
        let is_straight = draw.chance(format_args!("time/straight-{place}"), 15);
        (self.put_off > 0 && !is_straight)
            .then_some(Shuffle { column: COLUMN, within: self.put_off })
    }

    /// How a source tells time.
    pub(super) fn of_source(self, draw: &Draw<'_>, name: &str) -> SourceTime {
        let may_idle = draw.rules.idle_sources && draw.chance(format_args!("{name}/idle"), IDLE);
        // A source finds out that it is idle when it looks twice between two records: one with few partitions then does.
        let shortest = part(self.gap, 4).max(SimTime::from_micros(1));
        let interval = match may_idle {
            true => (shortest, self.gap.max(shortest)),
            false => (part(self.flow, 60), part(self.flow, 8)),
        };
        let interval = draw.span(format_args!("{name}/watermark-interval"), interval);
        let idle_after = may_idle.then(|| {
            let longest = self.gap.times(2).max(shortest);
            draw.span(format_args!("{name}/idle-after"), (shortest, longest))
        });
        SourceTime {
            column: (!self.is_ingestion).then_some(COLUMN),
            out_of_orderness: if self.is_ingestion { 0 } else { self.orderness },
            idle_after,
            interval,
        }
    }

    /// Which windows an operator has, and what it makes of them.
    pub(super) fn window(self, draw: &Draw<'_>, name: &str) -> WindowOptions {
        let time = if draw.chance(format_args!("{name}/by-clock"), BY_CLOCK) {
            WindowTime::Processing
        } else {
            WindowTime::Event
        };
        let flow = i64::try_from(self.flow.nanos() / 1_000_000).expect("worlds are short");
        let by_clock = self.is_ingestion || time == WindowTime::Processing;
        let span = if by_clock { flow } else { self.span };
        let windows = draw.within(format_args!("{name}/windows"), WINDOWS);
        let size = (span / i64::try_from(windows).expect("a few windows")).max(1);
        let offset = i64::from(draw.count(format_args!("{name}/offset"), (0, 99))) * size / 100;
        let has_offset = draw.chance(format_args!("{name}/has-offset"), 30);
        let offset = if has_offset { offset.min(size - 1) } else { 0 };
        let lateness = if by_clock { 0 } else { self.lateness };
        let windows = TumblingWindows::new(size, offset, lateness);
        let aggregates = draw.weighted(
            format_args!("{name}/aggregates"),
            &[
                (&["count"][..], 3),
                (&["count", "sum 1"], 3),
                (&["sum 1", "min 1", "max", "count"], 1),
            ],
        );
        let aggregates: Vec<_> =
            aggregates.iter().map(|text| text.parse().expect("an aggregate")).collect();
        WindowOptions {
            windows: windows.expect("an offset is shorter than the size"),
            time,
            aggregates: WindowAggregates::new(&aggregates).expect("one to four"),
        }
    }
}

/// An odd number of milliseconds, up to half as many more.
fn uneven(draw: &Draw<'_>, step: i64) -> i64 {
    let quarter = u64::try_from(step / 4).expect("steps go forward");
    let more = i64::try_from(draw.within("time/uneven-by", (0, quarter))).expect("a few");
    (step + 2 * more) | 1
}
