//! Checkpoints in the folded picture: bars of the coordinator, and ribbons through the rows.

use super::rows::RowKind;
use super::{CLOSE, Panel, some};
use crate::render::picture::glyphs;
use crate::render::picture::labels::Direction;
use crate::render::picture::legend::Mark;
use crate::render::picture::lettering::Lettering;
use crate::render::picture::model::{Checkpoint, CheckpointEnd};
use crate::render::picture::scene::{Extent, Layer, Length, Place, Sheet};
use crate::trace::EntryNumber;

/// How wide a bar or a ribbon is at least.
const WIDTH_MIN: Length = 24;

impl Panel<'_> {
    /// All checkpoints; completed ones that lie close together in one mark.
    pub(super) fn checkpoints(&mut self, sheet: &mut Sheet) {
        let picture = self.picture;
        let mut groups: Vec<Vec<&Checkpoint>> = Vec::new();
        for checkpoint in &picture.checkpoints {
            let x = self.scale.at(checkpoint.from);
            let is_plain =
                |one: &Checkpoint| !one.is_savepoint && one.end == CheckpointEnd::Completed;
            let own = groups.iter_mut().rev().take(3).find(|group| {
                let last = group[group.len() - 1];
                last.of.run == checkpoint.of.run
                    && is_plain(last)
                    && is_plain(checkpoint)
                    && x - self.scale.at(last.from) < CLOSE
                    // Neighbours, with nothing between them.
                    && last.of.id.next() == checkpoint.of.id
            });
            match own {
                Some(group) => group.push(checkpoint),
                None => groups.push(vec![checkpoint]),
            }
        }
        for group in groups {
            match group.as_slice() {
                [one] => self.checkpoint(sheet, one),
                several => self.several(sheet, several),
            }
        }
    }

    fn checkpoint(&mut self, sheet: &mut Sheet, checkpoint: &Checkpoint) {
        let y = self.rows[0].y;
        let colour = format!("c{}", checkpoint.colour());
        let (from, to) = (self.scale.at(checkpoint.from), self.scale.at(checkpoint.to));
        let to = to.max(from + 60);
        let is_off = checkpoint.end != CheckpointEnd::Completed;
        let off = if is_off { " off" } else { "" };
        let tip = told(checkpoint);
        let mut pen = sheet.mark(&checkpoint.entries, &tip);
        let middle = (i64::midpoint(from, to), y);
        if checkpoint.is_savepoint {
            glyphs::bookmark(&mut pen, &format!("solid{off} {colour}"), middle);
            pen.legend(Mark::Savepoint);
        } else {
            let class = format!("solid{off} {colour}");
            pen.rectangle(Layer::Marks, &class, (from, y - 60), (to, y + 60), 25);
            pen.keep(Extent { left: from, top: y - 60, right: to, bottom: y + 60 });
        }
        let id = checkpoint.of.id.to_string();
        self.number(middle, &id, &checkpoint.entries);
        self.ribbons(sheet, checkpoint, &format!("ribbon{off} {colour}"), &tip);
    }

    fn number(&mut self, (x, y): Place, text: &str, entries: &[EntryNumber]) {
        let wish = self.wish(3, (x, y), 90, text);
        wish.class = "bold".to_owned();
        wish.lettering = Lettering::BOLD;
        wish.first = &[Direction::North];
        wish.entries = entries.to_vec();
    }

    /// The cut in each row, from its first subtask to its last, and a line between rows.
    fn ribbons(&self, sheet: &mut Sheet, checkpoint: &Checkpoint, class: &str, tip: &str) {
        let mut places: Vec<(Place, Place)> = Vec::new();
        let mut entries = Vec::new();
        for row in self.rows.iter().filter(|row| row.kind == RowKind::Operator) {
            let own = checkpoint.cut.iter().filter(|(lane, ..)| row.lanes.contains(lane));
            let own: Vec<_> = own.collect();
            let xs = || own.iter().map(|(_, at, _)| self.scale.at(*at));
            let (Some(first), Some(last)) = (xs().min(), xs().max()) else { continue };
            entries.extend(own.iter().map(|(_, _, entry)| *entry));
            let last = last.max(first + WIDTH_MIN);
            places.push(((first, row.y), (last, row.y)));
        }
        let (Some(first), Some(last)) = (places.first().copied(), places.last().copied()) else {
            return;
        };
        let reach = 180;
        let down = places.iter().map(|(left, _)| *left);
        let up = places.iter().rev().map(|(_, right)| *right);
        let mut corners = vec![(first.0.0, first.0.1 - reach)];
        corners.extend(down);
        corners.extend([(last.0.0, last.0.1 + reach), (last.1.0, last.1.1 + reach)]);
        corners.extend(up);
        corners.push((first.1.0, first.1.1 - reach));
        let mut pen = sheet.mark(&some(entries), tip);
        pen.form(Layer::Flow, class, &corners);
        pen.legend(Mark::Ribbon);
    }

    /// Several checkpoints in a row, in one mark.
    fn several(&mut self, sheet: &mut Sheet, group: &[&Checkpoint]) {
        let y = self.rows[0].y;
        let (first, last) = (group[0], group[group.len() - 1]);
        let (from, to) = (self.scale.at(first.from), self.scale.at(last.to));
        let to = to.max(from + 60);
        let entries = some(group.iter().flat_map(|one| one.entries.clone()).collect());
        let tip = format!("checkpoints {} to {} completed", first.of.id, last.of.id);
        let mut pen = sheet.mark(&entries, &tip);
        pen.rectangle(Layer::Marks, "solid m", (from, y - 60), (to, y + 60), 25);
        pen.keep(Extent { left: from, top: y - 60, right: to, bottom: y + 60 });
        let cuts = group.iter().flat_map(|one| &one.cut);
        let rows = self.rows.iter().filter(|row| {
            row.kind == RowKind::Operator && cuts.clone().any(|(lane, ..)| row.lanes.contains(lane))
        });
        for row in rows {
            let own = cuts.clone().filter(|(lane, ..)| row.lanes.contains(lane));
            let own: Vec<_> = own.collect();
            let xs = || own.iter().map(|(_, at, _)| self.scale.at(*at));
            let (Some(first), Some(last)) = (xs().min(), xs().max()) else { continue };
            let entries = some(own.iter().map(|(_, _, entry)| *entry).collect());
            let right = last.max(first + WIDTH_MIN);
            let mut pen = sheet.mark(&entries, &tip);
            pen.rectangle(Layer::Flow, "tint m", (first, row.y - 180), (right, row.y + 180), 0);
        }
        let text = format!("{}–{}", first.of.id, last.of.id);
        self.number((i64::midpoint(from, to), y), &text, &entries);
    }
}

/// A checkpoint and what became of it.
fn told(checkpoint: &Checkpoint) -> String {
    let name = checkpoint.name();
    match &checkpoint.end {
        CheckpointEnd::Completed => format!("{name} completed"),
        CheckpointEnd::Aborted(why) => format!("{name} aborted: {why}"),
        CheckpointEnd::Pending => format!("{name} is pending"),
    }
}
