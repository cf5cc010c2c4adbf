//! Which lanes a part of a run has, where they stand, and how much is told of each.

use super::{Detail, Panel};
use crate::render::picture::lettering::Lettering;
use crate::render::picture::model::{LaneKind, Picture, PointKind, SpanKind};
use crate::render::picture::page::{self, RIGHT};
use crate::render::picture::scale::Scale;
use crate::render::picture::scene::{Anchor, Layer, Length, Sheet};
use std::collections::{BTreeMap, BTreeSet};

/// How many lanes are told in full, and how many with less room.
const FULL_MAX: usize = 8;
const CLOSE_MAX: usize = 16;
/// How many are told as hairlines.
const HAIRLINES_MAX: usize = 60;

/// The lanes of a panel.
#[derive(Clone, Debug)]
pub(in crate::render::picture) struct Lanes {
    /// The height of each lane that is drawn.
    heights: BTreeMap<usize, Length>,
    /// What stands at the left of which height, and the height of the last lane that it is about.
    names: Vec<(String, Length, Length)>,
    pub(super) detail: Detail,
    /// The distance of lanes.
    pub(super) pitch: Length,
    /// In which row of its external system each span of a transaction is, by the span's place.
    pub(super) rows: BTreeMap<usize, usize>,
    pub(super) row_pitch: Length,
    /// In which row of the coordinator each checkpoint is, by its place.
    pub(super) bars: BTreeMap<usize, usize>,
    pub(super) bottom: Length,
}

/// How far apart rows of transactions, and of checkpoints, stand.
const ROW: Length = 180;
pub(super) const BAR_ROW: Length = 170;

impl Lanes {
    /// The lanes on which anything happens while the scale runs, from a height on.
    pub(super) fn of(picture: &Picture, scale: &Scale, top: Length) -> Self {
        let seen = seen(picture, scale);
        let tasks = seen.iter().filter(|lane| picture.lanes[**lane].kind == LaneKind::Task).count();
        let (detail, pitch) = match tasks {
            0..=FULL_MAX => (Detail::Full, 540),
            _ if tasks <= CLOSE_MAX => (Detail::Full, 400),
            _ if tasks <= HAIRLINES_MAX => (Detail::Hairline, 130),
            _ => (Detail::Folded, 460),
        };
        let (rows, counts) = transaction_rows(picture, scale);
        let many = counts.values().any(|count| *count > 8);
        let bars = bar_rows(picture, scale);
        let mut lanes = Self {
            heights: BTreeMap::new(),
            names: Vec::new(),
            detail,
            pitch,
            rows,
            row_pitch: if many { 80 } else { ROW },
            bars,
            bottom: top,
        };
        lanes.stand(picture, &seen, &counts, top);
        lanes
    }

    fn stand(
        &mut self,
        picture: &Picture,
        seen: &BTreeSet<usize>,
        counts: &BTreeMap<usize, usize>,
        top: Length,
    ) {
        let length = |count: usize| Length::try_from(count).expect("a page has an end");
        let more = self.bars.values().max().copied().unwrap_or(0);
        self.heights.insert(0, top);
        self.names.push((picture.lanes[0].label.clone(), top, top));
        let mut y = top + length(more) * BAR_ROW + 540 + 100;
        let mut last: Option<usize> = None;
        for lane in seen.iter().copied().filter(|lane| *lane > 0) {
            let (own, before) = (&picture.lanes[lane], last.map(|last| &picture.lanes[last]));
            let step = match before {
                None => 0,
                Some(before) if before.kind != own.kind => self.pitch.max(400) + 100,
                Some(before) if before.run != own.run => self.pitch.max(300) + 220,
                Some(before) if before.operator != own.operator => self.pitch + 80,
                Some(_) if self.detail == Detail::Folded && own.kind == LaneKind::Task => 0,
                Some(_) if own.kind == LaneKind::External => {
                    let rows = last.and_then(|last| counts.get(&last)).copied().unwrap_or(1);
                    length(rows.max(1) - 1) * self.row_pitch + 400
                }
                Some(_) => self.pitch,
            };
            y += step;
            self.heights.insert(lane, y);
            let by_operator = self.detail != Detail::Full && own.kind == LaneKind::Task;
            let is_same = by_operator
                && before.is_some_and(|one| one.operator == own.operator && one.run == own.run);
            if is_same {
                if let Some(name) = self.names.last_mut() {
                    name.2 = y;
                }
            } else {
                let name = if by_operator { &own.operator } else { &own.label };
                self.names.push((name.clone(), y, y));
            }
            last = Some(lane);
        }
        let rows = last.and_then(|last| counts.get(&last)).copied().unwrap_or(1).max(1);
        self.bottom = y + length(rows - 1) * self.row_pitch + 400;
    }

    /// The height of a lane, if it is drawn.
    pub(super) fn y(&self, lane: usize) -> Option<Length> {
        self.heights.get(&lane).copied()
    }
}

/// The lanes on which anything is drawn.
fn seen(picture: &Picture, scale: &Scale) -> BTreeSet<usize> {
    let spans = picture.spans.iter().filter(|span| scale.meets(span.from, span.to));
    let mut seen: BTreeSet<usize> = spans.map(|span| span.lane).collect();
    let points = picture.points.iter().filter(|point| {
        scale.shows(point.at) && !matches!(point.kind, PointKind::Story | PointKind::Attempt)
    });
    seen.extend(points.map(|point| point.lane));
    seen.insert(0);
    seen
}

/// The rows of transactions, packed greedily: a row takes the next one that begins when its last has ended.
fn transaction_rows(
    picture: &Picture,
    scale: &Scale,
) -> (BTreeMap<usize, usize>, BTreeMap<usize, usize>) {
    let is_of = |kind| matches!(kind, SpanKind::Open | SpanKind::Prepared);
    let mut spans: Vec<usize> = (0..picture.spans.len())
        .filter(|place| {
            let span = &picture.spans[*place];
            is_of(span.kind) && scale.meets(span.from, span.to)
        })
        .collect();
    spans.sort_by_key(|place| {
        let span = &picture.spans[*place];
        (span.lane, span.from, span.kind == SpanKind::Open, *place)
    });
    let mut rows = BTreeMap::new();
    // Of each row of a lane, the span that is last in it.
    let mut last: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for place in spans {
        let span = &picture.spans[place];
        let own = last.entry(span.lane).or_default();
        let goes_on = |before: &usize| {
            let before = &picture.spans[*before];
            span.kind == SpanKind::Prepared
                && before.kind == SpanKind::Open
                && before.entries.last() == span.entries.first()
        };
        let is_free = |before: &usize| {
            let before = &picture.spans[*before];
            let is_awaited = before.kind == SpanKind::Open && before.checkpoint.is_some();
            before.to <= span.from && !is_awaited
        };
        let row = own.iter().position(goes_on).or_else(|| own.iter().position(is_free));
        let row = row.unwrap_or_else(|| {
            own.push(place);
            own.len() - 1
        });
        own[row] = place;
        rows.insert(place, row);
    }
    (rows, last.into_iter().map(|(lane, rows)| (lane, rows.len())).collect())
}

/// The rows of checkpoints that are pending at once.
fn bar_rows(picture: &Picture, scale: &Scale) -> BTreeMap<usize, usize> {
    let mut rows = BTreeMap::new();
    let mut ends: Vec<u64> = Vec::new();
    for (place, checkpoint) in picture.checkpoints.iter().enumerate() {
        if !scale.meets(checkpoint.from, checkpoint.to) {
            continue;
        }
        let free = ends.iter().position(|end| *end <= checkpoint.from);
        let row = free.unwrap_or_else(|| {
            ends.push(0);
            ends.len() - 1
        });
        ends[row] = checkpoint.to;
        rows.insert(place, row);
    }
    rows
}

impl Panel<'_> {
    /// Names at the left, and a line for each lane.
    pub(super) fn names(&self, sheet: &mut Sheet, left: Length) {
        for (name, first, last) in &self.lanes.names {
            let y = i64::midpoint(*first, *last);
            page::lane_name(sheet, (left - if first == last { 0 } else { 60 }, y), name);
            if first != last {
                let x = left - 120;
                let places = [
                    (x + 40, *first - 40),
                    (x, *first - 40),
                    (x, *last + 40),
                    (x + 40, *last + 40),
                ];
                sheet.plain().line(Layer::Grid, "bracket", &places);
            }
        }
        for (lane, y) in &self.lanes.heights {
            let class = if *lane == 0 { "coordinator" } else { "lane" };
            sheet.plain().line(Layer::Grid, class, &[(left, *y), (RIGHT, *y)]);
        }
        if self.lanes.heights.len() == 1 && self.picture.lanes.len() == 1 {
            let words = "no task ever ran";
            let half = Lettering::PLAIN.width(words) / 2;
            let x = i64::midpoint(left, RIGHT) - half;
            sheet.plain().text("", (x, self.lanes.bottom - 200), Anchor::Start, words);
        }
    }
}
