//! The coordinator's lane: checkpoints as bars, with their acks; attempts.

use super::lanes::BAR_ROW;
use super::{Detail, Panel};
use crate::render::picture::glyphs;
use crate::render::picture::labels::Direction;
use crate::render::picture::legend::Mark;
use crate::render::picture::lettering::Lettering;
use crate::render::picture::model::{Checkpoint, CheckpointEnd, PointKind};
use crate::render::picture::scene::{Anchor, Extent, Layer, Length, Place, Sheet};

impl Panel<'_> {
    /// Checkpoints and attempts.
    pub(super) fn coordinator(&mut self, sheet: &mut Sheet) {
        let Some(y) = self.lanes.y(0) else { return };
        let picture = self.picture;
        for (place, row) in self.lanes.bars.clone() {
            let row = Length::try_from(row).expect("a page has an end");
            self.checkpoint(sheet, &picture.checkpoints[place], y + row * BAR_ROW);
        }
        let rows = self.lanes.bars.values().max().copied().unwrap_or(0);
        let rows = Length::try_from(rows).expect("a page has an end");
        for point in self.points.clone() {
            if point.kind != PointKind::Attempt {
                continue;
            }
            let x = self.scale.at(point.at);
            let low = y + rows * BAR_ROW + 110;
            let mut pen = sheet.mark(&point.entries, &point.text);
            pen.line(Layer::Marks, "attempt", &[(x, y - 110), (x, low)]);
            pen.keep(Extent { left: x - 5, top: y - 110, right: x + 5, bottom: low });
            let wish = self.bold(1, (x, y - 60), 60, &point.text);
            wish.first = &[Direction::NorthEast, Direction::SouthEast];
            wish.entries = point.entries.clone();
        }
    }

    fn checkpoint(&mut self, sheet: &mut Sheet, checkpoint: &Checkpoint, y: Length) {
        let colour = format!("c{}", checkpoint.colour());
        let (from, to) = (self.scale.at(checkpoint.from), self.scale.at(checkpoint.to));
        let begins = self.scale.shows(checkpoint.from);
        let ends = self.scale.shows(checkpoint.to) && checkpoint.end != CheckpointEnd::Pending;
        let (off, outcome) = match &checkpoint.end {
            CheckpointEnd::Completed => ("", String::new()),
            CheckpointEnd::Aborted(why) => (" off", format!("aborted: {why}")),
            CheckpointEnd::Pending => ("", String::new()),
        };
        let name = checkpoint.name();
        let mut pen = sheet.mark(&checkpoint.entries, &name);
        let class = format!("bar{off} {colour}");
        pen.rectangle(Layer::Life, &class, (from, y - 60), (to, y + 60), 20);
        pen.keep(Extent { left: from, top: y - 60, right: to, bottom: y + 60 });
        self.acks(sheet, checkpoint, y, &colour);
        if begins {
            pill(sheet, checkpoint, (from, y), &colour);
            let clear = if y == self.lanes.y(0).unwrap_or(y) { 60 } else { 75 };
            let wish = self.bold(2, (from + 20, y - 50), clear, &name);
            wish.first = &[Direction::NorthEast, Direction::NorthWest];
            wish.entries = checkpoint.entries.clone();
        }
        if ends && (to - from > 170 || !begins) {
            let is_completed = checkpoint.end == CheckpointEnd::Completed;
            let said = if is_completed { "completed" } else { outcome.as_str() };
            let tip = format!("{name} {said}");
            let mut pen = sheet.mark(&checkpoint.entries, &tip);
            glyphs::ending(&mut pen, &colour, (to, y), is_completed);
            let said = Lettering::PLAIN.fitted(said, 2_600);
            if !is_completed {
                let wish = self.wish(4, (to, y), 110, &said);
                wish.entries = checkpoint.entries.clone();
            } else if self
                .chosen
                .checkpoint
                .is_some_and(|place| self.picture.checkpoints[place].of == checkpoint.of)
            {
                self.wish(6, (to, y), 110, &said);
            }
        }
    }

    fn acks(&self, sheet: &mut Sheet, checkpoint: &Checkpoint, y: Length, colour: &str) {
        let class = format!("acked {colour}");
        if self.lanes.detail == Detail::Folded {
            // So many ticks are a smear: the first and the last tell how long it took.
            let ends = checkpoint.acks.first().into_iter().chain(checkpoint.acks.last());
            for (_, at, entry) in ends.filter(|ack| self.scale.shows(ack.1)) {
                let x = self.scale.at(*at);
                sheet.mark(&[*entry], "ack").line(Layer::Life, &class, &[(x, y + 10), (x, y + 60)]);
            }
            return;
        }
        for (lane, at, entry) in checkpoint.acks.iter().filter(|ack| self.scale.shows(ack.1)) {
            let x = self.scale.at(*at);
            let tip = format!("ack of {}", self.picture.lanes[*lane].label);
            sheet.mark(&[*entry], &tip).line(Layer::Life, &class, &[(x, y + 10), (x, y + 60)]);
        }
        if let Some((at, entry)) = checkpoint.metadata.filter(|(at, _)| self.scale.shows(*at)) {
            let x = self.scale.at(at);
            let mut pen = sheet.mark(&[entry], "metadata written");
            pen.line(Layer::Life, &class, &[(x, y - 60), (x, y + 60)]);
        }
    }
}

/// The number of a checkpoint, where it was triggered: round, and square for a savepoint.
fn pill(sheet: &mut Sheet, checkpoint: &Checkpoint, (x, y): Place, colour: &str) {
    let id = checkpoint.of.id.to_string();
    let lettering = Lettering { size: 100, is_bold: true };
    let half = (lettering.width(&id) / 2 + 40).max(70);
    let round = if checkpoint.is_savepoint { 10 } else { 70 };
    let tip = format!("{} is triggered", checkpoint.name());
    let mut pen = sheet.mark(&checkpoint.entries[..1], &tip);
    let class = format!("solid {colour}");
    pen.rectangle(Layer::Marks, &class, (x - half, y - 70), (x + half, y + 70), round);
    pen.text("pill", (x, y + 36), Anchor::Middle, &id);
    pen.keep(Extent { left: x - half, top: y - 75, right: x + half, bottom: y + 75 });
    if checkpoint.is_savepoint {
        pen.legend(Mark::Savepoint);
    }
}
