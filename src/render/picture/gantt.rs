//! Where the time of checkpoints goes: a column for each, a row for each subtask, one scale from the trigger on.

use super::legend::Mark;
use super::lettering::Lettering;
use super::model::{ArrowKind, Checkpoint, CheckpointEnd, Picture, SpanKind};
use super::page::{self, Drawn, RIGHT};
use super::scale::Scale;
use super::scene::{Anchor, Layer, Length, Place, Sheet};
use crate::trace::EntryNumber;
use std::collections::BTreeSet;

/// How many checkpoints are told.
const COLUMNS_MAX: usize = 3;
/// The room between columns.
const GUTTER: Length = 420;
/// How many rows there are at most.
const ROWS_MAX: usize = 120;

/// Draws the columns from a place on: where they begin, and their top.
pub(super) fn draw(
    sheet: &mut Sheet,
    picture: &Picture,
    wanted: Option<usize>,
    (left, top): Place,
) -> Drawn {
    let shown = shown(picture, wanted);
    let lanes: BTreeSet<usize> = shown
        .iter()
        .flat_map(|one| one.cut.iter().map(|(lane, ..)| *lane))
        .take(ROWS_MAX)
        .collect();
    let pitch = if lanes.len() <= 12 { 240 } else { 112 };
    let mut heights: Vec<(usize, Length)> = Vec::new();
    let mut y = top + 520;
    let mut last: Option<usize> = None;
    for lane in lanes {
        let own = &picture.lanes[lane];
        let before = last.map(|last| &picture.lanes[last]);
        let is_new = before.is_some_and(|one| one.operator != own.operator || one.run != own.run);
        y += if is_new { 180 } else { 0 };
        heights.push((lane, y));
        y += pitch;
        last = Some(lane);
    }
    names(sheet, picture, &heights, (left, pitch));
    let coordinator = y + 160;
    page::lane_name(sheet, (left, coordinator), "coordinator");
    let longest = shown.iter().map(|one| one.to - one.from).max().unwrap_or(1);
    let count = Length::try_from(shown.len().max(1)).expect("three at most");
    let width = (RIGHT - left - GUTTER * (count - 1)) / count;
    for (column, checkpoint) in (0..).zip(&shown) {
        let begin = left + column * (width + GUTTER);
        let scale = Scale::new((0, longest), (begin, begin + width), None, &[]);
        let column = Column { picture, checkpoint, scale, heights: &heights, pitch };
        column.draw(sheet, (top, coordinator));
    }
    Drawn { bottom: coordinator + 480, wishes: Vec::new() }
}

/// The checkpoint that is wanted; else the first that completed and had a cut, and those that follow.
fn shown(picture: &Picture, wanted: Option<usize>) -> Vec<&Checkpoint> {
    if let Some(wanted) = wanted {
        return vec![&picture.checkpoints[wanted]];
    }
    let whole = picture
        .checkpoints
        .iter()
        .filter(|one| one.end == CheckpointEnd::Completed && !one.cut.is_empty());
    let whole: Vec<&Checkpoint> = whole.take(COLUMNS_MAX).collect();
    if whole.is_empty() { picture.checkpoints.iter().take(1).collect() } else { whole }
}

fn names(
    sheet: &mut Sheet,
    picture: &Picture,
    heights: &[(usize, Length)],
    (left, pitch): (Length, Length),
) {
    if pitch > 200 {
        for (lane, y) in heights {
            page::lane_name(sheet, (left, *y), &picture.lanes[*lane].label);
        }
        return;
    }
    let same = |one: &(usize, Length), other: &(usize, Length)| {
        let (one, other) = (&picture.lanes[one.0], &picture.lanes[other.0]);
        one.operator == other.operator && one.run == other.run
    };
    for group in heights.chunk_by(same) {
        let (first, last) = (group[0], group[group.len() - 1]);
        let y = i64::midpoint(first.1, last.1);
        page::lane_name(sheet, (left - 60, y), &picture.lanes[first.0].operator);
        let x = left - 120;
        let places =
            [(x + 40, first.1 - 40), (x, first.1 - 40), (x, last.1 + 40), (x + 40, last.1 + 40)];
        sheet.plain().line(Layer::Grid, "bracket", &places);
    }
}

/// One checkpoint.
struct Column<'p> {
    picture: &'p Picture,
    checkpoint: &'p Checkpoint,
    scale: Scale,
    heights: &'p [(usize, Length)],
    pitch: Length,
}

impl Column<'_> {
    fn draw(&self, sheet: &mut Sheet, (top, coordinator): (Length, Length)) {
        self.head(sheet, top);
        let (ticks, _) = self.scale.ticks();
        let bottom = coordinator + 140;
        for (place, (x, text)) in ticks.into_iter().enumerate() {
            let mut pen = sheet.plain();
            pen.line(Layer::Grid, "grid", &[(x, top + 380), (x, bottom)]);
            let unit = if place == 0 && !text.ends_with('s') { " ms" } else { "" };
            pen.text("", (x, bottom + 150), Anchor::Middle, &format!("{text}{unit}"));
        }
        let last = self.checkpoint.acks.last().map(|(lane, ..)| *lane);
        for (lane, y) in self.heights {
            self.row(sheet, *lane, *y, last == Some(*lane));
        }
        let Some((_, acked, entry)) = self.checkpoint.acks.last().copied() else { return };
        let colour = format!("c{}", self.checkpoint.colour());
        let (from, to) = (self.at(acked), self.at(self.checkpoint.to));
        if self.checkpoint.end == CheckpointEnd::Completed {
            let mut entries = vec![entry];
            entries.extend(self.checkpoint.entries.last());
            let mut pen =
                sheet.mark(&entries, "the metadata is written, and the checkpoint completes");
            let class = format!("writes {colour}");
            pen.rectangle(Layer::Life, &class, (from, coordinator - 40), (to, coordinator + 40), 0);
            let tick = [(to, coordinator - 60), (to, coordinator + 60)];
            pen.line(Layer::Marks, &format!("done-tick {colour}"), &tick);
        }
    }

    fn at(&self, moment: u64) -> Length {
        self.scale.at(moment.saturating_sub(self.checkpoint.from))
    }

    /// Number, length, and who was last.
    fn head(&self, sheet: &mut Sheet, top: Length) {
        let checkpoint = self.checkpoint;
        let id = checkpoint.of.id.to_string();
        let lettering = Lettering { size: 100, is_bold: true };
        let half = (lettering.width(&id) / 2 + 50).max(90);
        let (x, y) = (self.scale.left() + half, top + 200);
        let mut pen = sheet.mark(&checkpoint.entries, &checkpoint.name());
        let class = format!("solid c{}", checkpoint.colour());
        pen.rectangle(Layer::Marks, &class, (x - half, y - 75), (x + half, y + 75), 75);
        pen.text("pill", (x, y + 36), Anchor::Middle, &id);
        let lasted = super::sentences::lasting(checkpoint.to - checkpoint.from);
        let words = match checkpoint.end {
            CheckpointEnd::Completed => lasted,
            CheckpointEnd::Aborted(_) => format!("aborted after {lasted}"),
            CheckpointEnd::Pending => format!("pending for {lasted}"),
        };
        let place = x + half + 60;
        pen.text("bold", (place, y + 40), Anchor::Start, &words);
        if let Some((lane, ..)) = checkpoint.acks.last() {
            let room = self.scale.right() - place - Lettering::BOLD.width(&words) - 120;
            let said = format!("{} last", self.picture.lanes[*lane].label);
            let said = Lettering::PLAIN.fitted(&said, room);
            let place = place + Lettering::BOLD.width(&words) + 120;
            sheet.plain().text("", (place, y + 40), Anchor::Start, &said);
        }
    }

    /// What a subtask does: wait, align, draw its state, write it, ack.
    fn row(&self, sheet: &mut Sheet, lane: usize, y: Length, is_last: bool) {
        let cut = self.checkpoint.cut.iter().find(|(of, ..)| *of == lane);
        let Some((_, drawn, entry)) = cut.copied() else { return };
        let colour = format!("c{}", self.checkpoint.colour());
        let half = (self.pitch * 30 / 100).min(60);
        let own = |of: Option<super::model::CheckpointOf>| of == Some(self.checkpoint.of);
        let blocked = self.picture.spans.iter().filter(|span| {
            span.kind == SpanKind::Blocked && span.lane == lane && own(span.checkpoint)
        });
        let first = blocked.map(|span| (span.from, span.entries[0])).min();
        let waited = first.map_or(drawn, |(from, _)| from);
        let begin = self.scale.left();
        let x = self.at(drawn);
        let mut pen = sheet.mark(&[entry], "waits for its first barrier");
        pen.line(Layer::Life, "waits", &[(begin, y), (self.at(waited), y)]).legend(Mark::Waits);
        if let Some((from, first)) = first {
            let mut pen = sheet.mark(&[first, entry], "aligns");
            let class = format!("hatched {colour}");
            pen.rectangle(Layer::Life, &class, (self.at(from), y - half), (x, y + half), 0);
            pen.legend(Mark::Blocked);
        }
        let upload = self.picture.spans.iter().find(|span| {
            span.kind == SpanKind::Upload && span.lane == lane && own(span.checkpoint)
        });
        let written = upload.map_or(x, |span| self.at(span.to));
        if let Some(upload) = upload {
            let entries: Vec<EntryNumber> = upload.entries.clone();
            let mut pen = sheet.mark(&entries, &upload.text);
            pen.rectangle(
                Layer::Life,
                &format!("writes {colour}"),
                (x, y - half),
                (written, y + half),
                0,
            );
        }
        if upload.is_some() {
            sheet.plain().legend(Mark::Writes);
        }
        let mut pen = sheet.mark(&[entry], "snapshot");
        pen.line(Layer::Marks, "drawn", &[(x, y - half - 5), (x, y + half + 5)])
            .legend(Mark::Drawn);
        let ack = self.picture.arrows.iter().find(|arrow| {
            arrow.kind == ArrowKind::Ack && arrow.from.0 == lane && own(arrow.checkpoint)
        });
        let Some(ack) = ack else { return };
        let acked = self.at(ack.to.1);
        let mut pen = sheet.mark(&ack.entries, &ack.text);
        pen.line(Layer::Life, &format!("acking {colour}"), &[(written, y), (acked, y)])
            .legend(Mark::Acking);
        if is_last {
            let from = self.at(waited) - 30;
            pen.rectangle(
                Layer::Marks,
                "outlined",
                (from, y - half - 30),
                (acked + 30, y + half + 30),
                30,
            );
            pen.legend(Mark::Last);
        }
    }
}
