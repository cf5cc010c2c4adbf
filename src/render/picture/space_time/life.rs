//! What lies along lanes: lives, zombies, channels that are held back, snapshots that are written, cuts, work that is undone.

use super::{Detail, Panel};
use crate::render::picture::glyphs;
use crate::render::picture::labels::Direction;
use crate::render::picture::legend::Mark;
use crate::render::picture::model::{Checkpoint, CheckpointOf, PointKind, Span, SpanKind};
use crate::render::picture::scene::{Extent, Layer, Length, Place, Sheet};
use crate::trace::EntryNumber;
use std::collections::{BTreeMap, BTreeSet};

impl Panel<'_> {
    fn spans(&self, kind: SpanKind) -> impl Iterator<Item = &Span> {
        let spans = self.picture.spans.iter().filter(move |span| span.kind == kind);
        spans.filter(|span| self.scale.meets(span.from, span.to))
    }

    /// Lives, and how they begin and end.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are drawn elsewhere")]
    pub(super) fn lives(&mut self, sheet: &mut Sheet) {
        let hair = if self.lanes.detail == Detail::Full { "" } else { " hair" };
        if self.lanes.detail == Detail::Folded {
            self.folded_lives(sheet);
            return;
        }
        for (kind, class) in [(SpanKind::Life, "life"), (SpanKind::Deploying, "deploying")] {
            for span in self.spans(kind) {
                let Some((from, y)) = self.place(span.lane, span.from) else { continue };
                let to = self.scale.at(span.to);
                let mut pen = sheet.mark(&real(&span.entries), &span.text);
                pen.line(Layer::Life, &format!("{class}{hair}"), &[(from, y), (to, y)]);
                pen.keep(Extent { left: from, top: y - 15, right: to, bottom: y + 15 });
                if kind == SpanKind::Deploying && to > from {
                    pen.legend(Mark::Deploying);
                }
            }
        }
        self.zombies(sheet);
        let half = if self.lanes.detail == Detail::Full { 60 } else { 35 };
        for point in self.points.clone() {
            let Some((x, y)) = self.place(point.lane, point.at) else { continue };
            let mut pen = sheet.mark(&point.entries, &point.text);
            match point.kind {
                PointKind::Finished | PointKind::Canceled => {
                    pen.line(Layer::Life, "end", &[(x, y - half), (x, y + half)]);
                }
                PointKind::Failed => {
                    pen.line(Layer::Life, "end failed", &[(x, y - half), (x, y + half)]);
                }
                PointKind::Restored => {
                    glyphs::restored(&mut pen, &self.colour(point.checkpoint), (x, y));
                    pen.legend(Mark::Restored);
                }
                _ => {}
            }
        }
    }

    /// Where lanes are folded, a line from the first to the last that lives.
    fn folded_lives(&self, sheet: &mut Sheet) {
        let mut rows: BTreeMap<Length, (u64, u64, Vec<EntryNumber>)> = BTreeMap::new();
        for span in self.spans(SpanKind::Life) {
            let Some(y) = self.lanes.y(span.lane) else { continue };
            let row = rows.entry(y).or_insert((span.from, span.to, Vec::new()));
            (row.0, row.1) = (row.0.min(span.from), row.1.max(span.to));
            row.2.extend(&span.entries);
        }
        for (y, (from, to, entries)) in rows {
            let (from, to) = (self.scale.at(from), self.scale.at(to));
            let mut pen = sheet.mark(&ends(entries), "");
            pen.rectangle(Layer::Life, "band", (from, y - 50), (to, y + 50), 0);
        }
    }

    fn zombies(&mut self, sheet: &mut Sheet) {
        let zombies: Vec<Span> = self.spans(SpanKind::Zombie).cloned().collect();
        for span in zombies {
            let Some((from, y)) = self.place(span.lane, span.from) else { continue };
            let to = self.scale.at(span.to);
            let low = y + (self.lanes.pitch / 3).min(150);
            let mut pen = sheet.mark(&real(&span.entries), &span.text);
            let bend = (from + 80).min(to);
            pen.line(Layer::Life, "zombie", &[(from, y), (bend, low), (to, low)]);
            pen.keep(Extent { left: from, top: low - 15, right: to, bottom: low + 15 });
            pen.legend(Mark::Zombie);
            let ends = self.scale.shows(span.to);
            if ends {
                pen.line(Layer::Life, "end failed", &[(to, low - 50), (to, low + 50)]);
            }
            if self.lanes.detail == Detail::Full {
                let said = span.text.split_once(',').map_or(span.text.as_str(), |(who, _)| who);
                let said = if ends { span.text.clone() } else { format!("{said}, a zombie") };
                let wish = self.wish(4, (to, low), 60, &said);
                wish.entries = real(&span.entries);
            }
        }
    }

    /// Channels that are held back, as bars above their lane.
    pub(super) fn blocked(&mut self, sheet: &mut Sheet) {
        if self.lanes.detail == Detail::Folded {
            return;
        }
        let mut rows: BTreeMap<(usize, u64), Vec<Span>> = BTreeMap::new();
        for span in self.spans(SpanKind::Blocked) {
            // Those of one alignment are let go together.
            rows.entry((span.lane, span.to)).or_default().push(span.clone());
        }
        for ((lane, _), spans) in rows {
            let Some(y) = self.lanes.y(lane) else { continue };
            if self.lanes.detail == Detail::Hairline {
                self.aligning(sheet, y, &spans);
                continue;
            }
            let room = self.lanes.pitch * 45 / 100;
            let count = Length::try_from(spans.len()).expect("a page has an end");
            let height = (room / count).clamp(15, 80);
            for (place, span) in (0..).zip(&spans) {
                let bottom = y - 50 - height * place;
                if bottom < y - room - 50 {
                    break;
                }
                let (from, to) = (self.scale.at(span.from), self.scale.at(span.to));
                let class = format!("hatched {}", self.colour(span.checkpoint));
                let text = format!("{} held back", span.text);
                let mut pen = sheet.mark(&real(&span.entries), &text);
                let top = bottom - (height - 10).max(10);
                pen.rectangle(Layer::Life, &class, (from, top), (to, bottom), 0);
                pen.keep(Extent { left: from, top, right: to, bottom });
                pen.legend(Mark::Blocked);
                let is_long = to - from > 250 && count < 4;
                if is_long {
                    let wish = self.wish(5, (i64::midpoint(from, to), top + 20), 20, &text);
                    wish.first = &[Direction::North];
                    wish.entries = real(&span.entries);
                }
            }
        }
    }

    /// One alignment of a hairline, whatever channels it holds back.
    fn aligning(&self, sheet: &mut Sheet, y: Length, spans: &[Span]) {
        let (from, to) =
            (spans.iter().map(|span| span.from).min(), spans.iter().map(|span| span.to).max());
        let (Some(from), Some(to)) = (from, to) else { return };
        let entries = ends(spans.iter().flat_map(|span| span.entries.clone()).collect());
        let class = format!("aligning {}", self.colour(spans[0].checkpoint));
        let mut pen = sheet.mark(&entries, &format!("{} channels held back", spans.len()));
        let (from, to) = (self.scale.at(from), self.scale.at(to));
        pen.rectangle(Layer::Life, &class, (from, y - 45), (to, y), 0).legend(Mark::Aligning);
    }

    /// Snapshots that are written, of all subtasks of an operator in one.
    fn folded_uploads(&self, sheet: &mut Sheet) {
        let mut rows: BTreeMap<(Length, Option<CheckpointOf>), Vec<&Span>> = BTreeMap::new();
        for span in self.spans(SpanKind::Upload) {
            if let Some(y) = self.lanes.y(span.lane) {
                rows.entry((y, span.checkpoint)).or_default().push(span);
            }
        }
        for ((y, of), spans) in rows {
            let colour = self.colour(of);
            let begins = || spans.iter().map(|span| self.scale.at(span.from));
            let (Some(first), Some(last)) = (begins().min(), begins().max()) else { continue };
            let end = spans.iter().map(|span| self.scale.at(span.to)).max().unwrap_or(last);
            let entries = ends(spans.iter().flat_map(|span| span.entries.clone()).collect());
            let tip = format!("{} snapshots are drawn and written", spans.len());
            let mut pen = sheet.mark(&entries, &tip);
            glyphs::upload(&mut pen, &colour, (first, y + 100), (end, y + 100));
            pen.legend(Mark::Upload);
            let right = last.max(first + 24);
            glyphs::ribbon(&mut pen, &format!("soft {colour}"), (first, y - 90), (right, y + 90));
            pen.legend(Mark::Ribbon);
        }
    }

    /// Snapshots that are written, beneath their lane.
    pub(super) fn uploads(&mut self, sheet: &mut Sheet) {
        let low = if self.lanes.detail == Detail::Full { 65 } else { 35 };
        if self.lanes.detail == Detail::Folded {
            self.folded_uploads(sheet);
            return;
        }
        for span in self.spans(SpanKind::Upload) {
            let Some((from, y)) = self.place(span.lane, span.from) else { continue };
            let colour = self.colour(span.checkpoint);
            let to = (self.scale.at(span.to), y + low);
            let mut pen = sheet.mark(&real(&span.entries), &span.text);
            if self.lanes.detail == Detail::Full {
                glyphs::upload(&mut pen, &colour, (from, y + low), to);
            } else {
                let class = format!("acked {colour}");
                pen.line(Layer::Life, &class, &[(from, y + low), to]);
            }
            pen.legend(Mark::Upload);
        }
    }

    /// The cut of each checkpoint, and a tint left of the one that the picture is about.
    pub(super) fn cuts(&mut self, sheet: &mut Sheet) {
        let picture = self.picture;
        for (place, checkpoint) in picture.checkpoints.iter().enumerate() {
            let is_seen = checkpoint.cut.iter().any(|(_, at, _)| self.scale.shows(*at));
            if checkpoint.cut.is_empty() || !is_seen {
                continue;
            }
            let colour = format!("c{}", checkpoint.colour());
            let is_about = self.chosen.checkpoint == Some(place);
            let way = self.way(checkpoint);
            let is_off =
                !matches!(checkpoint.end, crate::render::picture::model::CheckpointEnd::Completed);
            let off = if is_off { " off" } else { "" };
            let entries: Vec<EntryNumber> =
                checkpoint.cut.iter().map(|(_, _, entry)| *entry).collect();
            let name = format!("cut {}", checkpoint.of.id);
            if is_about {
                let mut area = way.clone();
                let (first, last) = (way[0], way[way.len() - 1]);
                let left = self.scale.left() - 60;
                for corner in [(left, last.1), (left, first.1), first] {
                    let from = area[area.len() - 1];
                    area.extend([from, corner, corner]);
                }
                let mut pen =
                    sheet.mark(&entries, &format!("left of it: in {}", checkpoint.name()));
                pen.curve(Layer::Tint, &format!("tint {colour}"), area);
            }
            let last = way[way.len() - 1];
            let mut pen = sheet.mark(&entries, &name);
            pen.curve(Layer::Tint, &format!("cut{off} {colour}"), way);
            if is_about || self.lanes.detail == Detail::Full {
                let wish = self.bold(3, (last.0, last.1 - 20), 40, &name);
                wish.first = &[Direction::SouthEast, Direction::South, Direction::SouthWest];
                wish.entries = entries;
            }
        }
    }

    /// The way of a cut, down through its snapshots.
    fn way(&self, checkpoint: &Checkpoint) -> Vec<Place> {
        let mut places: BTreeMap<Length, Length> = BTreeMap::new();
        for (lane, at, _) in &checkpoint.cut {
            if let Some((x, y)) = self.place(*lane, *at) {
                let last = places.entry(y).or_insert(x);
                *last = (*last).max(x);
            }
        }
        let reach = (self.lanes.pitch * 35 / 100).clamp(60, 200);
        let mut places: Vec<Place> = places.into_iter().map(|(y, x)| (x, y)).collect();
        let first = places.first().copied().unwrap_or((self.scale.left(), 0));
        let last = places.last().copied().unwrap_or(first);
        places.insert(0, (first.0, first.1 - reach));
        places.push((last.0, last.1 + reach));
        glyphs::way_down(&places)
    }

    /// What a restart threw away, hatched from the cut to the failure.
    pub(super) fn undone(&mut self, sheet: &mut Sheet) {
        let picture = self.picture;
        for undone in &picture.undone {
            let checkpoint = &picture.checkpoints[undone.checkpoint];
            let first = checkpoint.cut.iter().map(|(_, at, _)| *at).min();
            let Some(first) = first.filter(|first| self.scale.meets(*first, undone.until)) else {
                continue;
            };
            let heights: BTreeSet<Length> =
                undone.lanes.iter().filter_map(|lane| self.lanes.y(*lane)).collect();
            let (Some(top), Some(bottom)) = (heights.first(), heights.last()) else { continue };
            let reach = (self.lanes.pitch * 35 / 100).clamp(60, 200);
            let (top, bottom) = (top - reach, bottom + reach);
            let right = self.scale.at(undone.until);
            let is_whole = undone.lanes.len() >= checkpoint.cut.len() && self.scale.shows(first);
            let tip = format!("done again from {}", checkpoint.name());
            let mut pen = sheet.mark(&undone.entries, &tip);
            if is_whole {
                let mut area = self.way(checkpoint);
                let start = area[0];
                for corner in [(right, bottom), (right, top), start] {
                    let from = area[area.len() - 1];
                    area.extend([from, corner, corner]);
                }
                pen.curve(Layer::Tint, "undone", area);
            } else {
                // Of a region, lane by lane: others between them went on.
                for (lane, at, _) in &checkpoint.cut {
                    let y = self.lanes.y(*lane).filter(|_| undone.lanes.contains(lane));
                    let Some(y) = y else { continue };
                    let left = self.scale.at(*at).min(right);
                    let corner = (right, y + reach);
                    pen.rectangle(Layer::Tint, "undone", (left, y - reach), corner, 0);
                }
            }
            pen.legend(Mark::Undone);
            let wish = self.wish(6, (right - 30, bottom - 30), 40, "done again");
            wish.first = &[Direction::SouthWest, Direction::South];
        }
    }
}

/// The entries that there are: the end of a trace has none.
pub(super) fn real(entries: &[EntryNumber]) -> Vec<EntryNumber> {
    entries.iter().copied().filter(|entry| *entry != EntryNumber::default()).collect()
}

/// The first and the last of many.
pub(super) fn ends(entries: Vec<EntryNumber>) -> Vec<EntryNumber> {
    crate::render::picture::overview::some(entries)
}
