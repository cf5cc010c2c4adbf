//! The transactions of external systems: open, prepared, committed or aborted.

use super::Panel;
use crate::render::picture::glyphs;
use crate::render::picture::legend::Mark;
use crate::render::picture::model::{Point, PointKind, SpanKind};
use crate::render::picture::scene::{Extent, Layer, Length, Place, Sheet};

impl Panel<'_> {
    /// All transactions, in their rows.
    pub(super) fn transactions(&mut self, sheet: &mut Sheet) {
        let picture = self.picture;
        let half = (self.lanes.row_pitch * 28 / 100).min(50);
        let rows: Vec<(usize, usize)> =
            self.lanes.rows.iter().map(|(place, row)| (*place, *row)).collect();
        for (place, row) in rows {
            let span = &picture.spans[place];
            let Some((from, y)) = self.place(span.lane, span.from) else { continue };
            let y = y + self.down(row);
            let to = self.scale.at(span.to);
            let mut pen = sheet.mark(&super::life::real(&span.entries), &span.text);
            let (class, mark) = match span.kind {
                SpanKind::Prepared => {
                    (format!("hatched {}", self.colour(span.checkpoint)), Mark::Prepared)
                }
                SpanKind::Open
                | SpanKind::Life
                | SpanKind::Deploying
                | SpanKind::Zombie
                | SpanKind::Blocked
                | SpanKind::Upload => ("open".to_owned(), Mark::Open),
            };
            pen.rectangle(Layer::Life, &class, (from, y - half), (to, y + half), 0);
            pen.keep(Extent { left: from, top: y - half, right: to, bottom: y + half });
            pen.legend(mark);
        }
        for point in self.points.clone() {
            let Some((x, y)) = self.place(point.lane, point.at) else { continue };
            let is_aborted = point.kind == PointKind::TransactionAborted;
            if !is_aborted && point.kind != PointKind::Committed {
                continue;
            }
            let at = (x, y + self.row_of(point));
            if is_aborted {
                let mut pen = sheet.mark(&point.entries, &point.text);
                glyphs::cross(&mut pen, "small-cross", at, 40);
                pen.legend(Mark::Aborted);
            } else {
                self.commit(sheet, point, (at.0, at.1 + half));
            }
        }
    }

    fn commit(&mut self, sheet: &mut Sheet, point: &Point, at: Place) {
        let none = if point.count == 0 { " none" } else { "" };
        let is_broken = self.picture.is_broken(point);
        let colour = if is_broken { "x".to_owned() } else { self.colour(point.checkpoint) };
        let class = format!("flag{none} {colour}");
        let mut pen = sheet.mark(&point.entries, &point.text);
        glyphs::flag(&mut pen, &class, at);
        pen.legend(if point.count == 0 { Mark::CommittedNothing } else { Mark::Committed });
        if point.count > 0 {
            let plural = if point.count == 1 { "" } else { "s" };
            let text = format!("{} row{plural}", point.count);
            let wish = self.wish(3, (at.0 + 60, at.1 - 100), 70, &text);
            wish.entries = point.entries.clone();
            if is_broken {
                wish.class = "broken bold".to_owned();
            }
        }
    }

    fn down(&self, row: usize) -> Length {
        Length::try_from(row).expect("a page has an end") * self.lanes.row_pitch
    }

    /// How far down the row of the transaction is that a point ends.
    fn row_of(&self, point: &Point) -> Length {
        let ended = self.lanes.rows.iter().find(|(place, _)| {
            let span = &self.picture.spans[**place];
            span.lane == point.lane && span.entries.last() == point.entries.first()
        });
        ended.map_or(0, |(_, row)| self.down(*row))
    }
}
