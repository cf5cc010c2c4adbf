//! What goes from lane to lane: triggers, barriers, acks, notifications, records; and the snapshots that they bring about.

use super::{Detail, Panel};
use crate::render::picture::choose;
use crate::render::picture::glyphs;
use crate::render::picture::legend::Mark;
use crate::render::picture::model::{Arrow, ArrowKind, Point, PointKind};
use crate::render::picture::page::RIGHT;
use crate::render::picture::scene::{Layer, Length, Place, Sheet};
use std::collections::{BTreeMap, BTreeSet};

/// How many barriers that decide nothing are drawn between hairlines.
const EARLY_MAX: usize = 600;
/// How many boxes stand for records in flight at most.
const BOXES_MAX: u64 = 8;

impl Panel<'_> {
    /// All that goes between lanes.
    pub(super) fn arrows(&mut self, sheet: &mut Sheet) {
        let picture = self.picture;
        let seen = picture.arrows.iter().filter(|arrow| self.scale.meets(arrow.from.1, arrow.to.1));
        let seen: Vec<&Arrow> = seen.collect();
        let count = |kind| seen.iter().filter(|arrow| arrow.kind == kind).count();
        let all_records = choose::tells_records(picture, self.scale.span());
        let all_early = count(ArrowKind::Barrier) <= EARLY_MAX;
        let deciding = self.deciding();
        for (place, arrow) in seen.into_iter().enumerate() {
            let is_deciding = deciding.contains(&key(arrow));
            let is_left_out = match arrow.kind {
                ArrowKind::Record => !all_records || self.lanes.detail == Detail::Folded,
                ArrowKind::Barrier => {
                    self.lanes.detail == Detail::Folded
                        || self.lanes.detail == Detail::Hairline && !all_early
                }
                ArrowKind::LastBarrier => self.lanes.detail == Detail::Folded && !is_deciding,
                ArrowKind::Trigger | ArrowKind::Ack | ArrowKind::Notify => {
                    self.lanes.detail != Detail::Full && !is_deciding
                }
                ArrowKind::Crossing
                | ArrowKind::WrongSide
                | ArrowKind::StrayAck
                | ArrowKind::PutBack => false,
            };
            if !is_left_out {
                self.arrow(sheet, arrow, is_deciding, place);
            }
        }
        if !all_records {
            let words =
                format!("{} records are left out", choose::records(picture, self.scale.span()));
            self.wish(6, (self.scale.left() + 40, self.within.bottom - 80), 20, &words);
        }
        self.marks(sheet);
    }

    fn arrow(&self, sheet: &mut Sheet, arrow: &Arrow, is_deciding: bool, order: usize) {
        let from = self.place(arrow.from.0, arrow.from.1);
        let to = self.place(arrow.to.0, arrow.to.1);
        let (Some(from), Some(to)) = (from, to) else { return };
        let Some((from, to)) = clipped((arrow.from.1, from), (arrow.to.1, to), self) else {
            return;
        };
        let colour = self.colour(arrow.checkpoint);
        let is_whole = self.scale.shows(arrow.to.1);
        let is_thin = self.lanes.detail != Detail::Full;
        let mut pen = sheet.mark(&super::life::real(&arrow.entries), &arrow.text);
        let mut simple = |class: &str, mark: Mark| {
            pen.line(Layer::Flow, &format!("{class} {colour}"), &[from, to]).legend(mark);
        };
        match arrow.kind {
            ArrowKind::Trigger => simple("trigger", Mark::Trigger),
            ArrowKind::Ack => simple("ack", Mark::Ack),
            ArrowKind::StrayAck => simple("stray", Mark::StrayAck),
            ArrowKind::Notify => simple("notify", Mark::Notified),
            ArrowKind::Barrier if is_thin => simple("barrier early", Mark::Barrier),
            ArrowKind::LastBarrier if is_thin && !is_deciding => simple("late", Mark::Barrier),
            ArrowKind::Barrier | ArrowKind::LastBarrier => {
                let decisive = if is_thin { " decisive" } else { "" };
                glyphs::barrier(&mut pen, &format!("barrier{decisive} {colour}"), from, to);
                pen.keep_line(from, to).legend(Mark::Barrier);
            }
            ArrowKind::Record => {
                glyphs::record(&mut pen, "record", from, to, is_whole);
                pen.legend(Mark::Record);
            }
            ArrowKind::Crossing => {
                glyphs::record(&mut pen, &format!("crossing {colour}"), from, to, is_whole);
                pen.keep_line(from, to).legend(Mark::Crossing);
            }
            ArrowKind::WrongSide => {
                glyphs::record(&mut pen, "crossing x", from, to, is_whole);
                pen.keep_line(from, to).legend(Mark::WrongSide);
            }
            ArrowKind::PutBack => {
                // Beneath both lanes, and not along a lane where both ends are on one.
                let lift = 120 + Length::try_from(order % 3).unwrap_or(0) * 40;
                let (from, to) = ((from.0, from.1 + 130), (to.0, to.1 - 130));
                let third = (to.0 - from.0) / 3;
                let handles = [(from.0 + third, from.1 + lift), (to.0 - third, to.1 - lift)];
                let places = vec![from, handles[0], handles[1], to];
                pen.curve(Layer::Flow, &format!("carried {colour}"), places);
            }
        }
    }

    /// The waits that decided when a checkpoint was complete: its last ack, the snapshot before it, the barrier that that
    /// waited for, and so on up to the trigger.
    fn deciding(&self) -> BTreeSet<(usize, u64, usize, u64)> {
        let mut deciding = BTreeSet::new();
        if self.lanes.detail == Detail::Full {
            return deciding;
        }
        let seen = self.picture.checkpoints.iter().filter(|one| self.scale.meets(one.from, one.to));
        for checkpoint in seen {
            let Some((mut lane, at, _)) = checkpoint.acks.last().copied() else { continue };
            let own =
                self.picture.arrows.iter().filter(|arrow| arrow.checkpoint == Some(checkpoint.of));
            let own: Vec<&Arrow> = own.collect();
            let ack = own.iter().find(|arrow| {
                arrow.kind == ArrowKind::Ack && arrow.from.0 == lane && arrow.to.1 == at
            });
            deciding.extend(ack.map(|arrow| key(arrow)));
            let mut hops = self.picture.lanes.len();
            let before = |lane: usize| {
                own.iter().find(|arrow| {
                    arrow.to.0 == lane
                        && matches!(arrow.kind, ArrowKind::LastBarrier | ArrowKind::Trigger)
                })
            };
            while let Some(arrow) = before(lane).filter(|_| hops > 0) {
                deciding.insert(key(arrow));
                lane = arrow.from.0;
                hops -= 1;
            }
        }
        deciding
    }

    /// Snapshots, notifications, records in flight.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are drawn with lives")]
    fn marks(&mut self, sheet: &mut Sheet) {
        let is_full = self.lanes.detail == Detail::Full;
        let all_records = choose::tells_records(self.picture, self.scale.span());
        // Where the boxes of records in flight of a lane end.
        let mut ends: BTreeMap<usize, Length> = BTreeMap::new();
        for point in self.points.clone() {
            let Some(at) = self.place(point.lane, point.at) else { continue };
            let colour = self.colour(point.checkpoint);
            let mut pen = sheet.mark(&point.entries, &point.text);
            match point.kind {
                PointKind::Snapshot if is_full => {
                    glyphs::snapshot(&mut pen, &colour, at);
                    pen.legend(Mark::Snapshot);
                }
                PointKind::Snapshot if self.lanes.detail == Detail::Hairline => {
                    pen.disc(Layer::Marks, &format!("solid {colour}"), at, 25);
                }
                PointKind::Notified if is_full => {
                    glyphs::notified(&mut pen, &colour, at);
                    pen.legend(Mark::Notified);
                }
                PointKind::Record if all_records && is_full => {
                    pen.disc(Layer::Flow, "record dot", at, 17).legend(Mark::Record);
                }
                PointKind::Saved | PointKind::PutBack if is_full => {
                    let end = ends.get(&point.lane).copied().unwrap_or(0);
                    let reached = self.in_flight(sheet, point, at, end);
                    ends.insert(point.lane, reached);
                }
                _ => {}
            }
        }
    }

    /// Records in flight as boxes beneath their lane, or above it where they are put back; returns where they end.
    fn in_flight(&mut self, sheet: &mut Sheet, point: &Point, at: Place, end: Length) -> Length {
        let colour = self.colour(point.checkpoint);
        let is_saved = point.kind == PointKind::Saved;
        let count = Length::try_from(point.count.min(BOXES_MAX)).expect("at most eight");
        let (class, height, word) = match is_saved {
            true => ("saved", at.1 + 150, "saved"),
            false => ("put-back", at.1 - 150, "put back"),
        };
        let x = (at.0 + 20).max(end).min(RIGHT - count * 60);
        let mut pen = sheet.mark(&point.entries, &point.text);
        glyphs::boxes(&mut pen, &format!("{class} {colour}"), (x, height), count);
        pen.legend(if is_saved { Mark::Saved } else { Mark::PutBack });
        let right = x + count * 60;
        let label = format!("{} {word}", point.count);
        let wish = self.wish(4, (right - 20, height), 40, &label);
        wish.entries = point.entries.clone();
        right + 60
    }
}

/// What tells arrows of one checkpoint apart.
const fn key(arrow: &Arrow) -> (usize, u64, usize, u64) {
    (arrow.from.0, arrow.from.1, arrow.to.0, arrow.to.1)
}

/// The part of a line that lies in the panel, where its ends are moments outside of it: the line keeps its slant.
fn clipped(
    (begin, from): (u64, Place),
    (end, to): (u64, Place),
    panel: &Panel<'_>,
) -> Option<(Place, Place)> {
    let (first, last) = panel.scale.span();
    let whole = i128::from(end.saturating_sub(begin));
    let down = |moment: u64| {
        if whole == 0 {
            return from.1;
        }
        let part = i128::from(moment.saturating_sub(begin)) * i128::from(to.1 - from.1) / whole;
        from.1 + Length::try_from(part).expect("a part of a length is no longer than it")
    };
    if end < first || begin > last {
        return None;
    }
    let start = if begin < first { (from.0, down(first)) } else { from };
    let stop = if end > last { (to.0, down(last)) } else { to };
    Some((start, stop))
}
