//! A whole run, folded: a row for each operator, in which a band tells how many of its subtasks run.

mod checkpoints;
mod rows;

use super::glyphs;
use super::labels::{Direction, Placed, Wish};
use super::legend::Mark;
use super::lettering::Lettering;
use super::model::{Picture, Point, PointKind};
use super::page::{self, Drawn, MARGIN, RIGHT};
use super::scale::Scale;
use super::scene::{Anchor, Extent, Layer, Length, Place, Sheet};
use crate::trace::EntryNumber;
use rows::{Row, RowKind};

/// The distance of rows.
const PITCH: Length = 460;
/// How high a band is in which all subtasks run.
const BAND: Length = 130;
/// How many entries a mark names that stands for many; of more the first and the last.
const ENTRIES_MAX: usize = 12;
/// How close, at most, what is told in one mark lies together.
const CLOSE: Length = 90;

/// What all parts of the panel need.
pub(super) struct Panel<'p> {
    pub(super) picture: &'p Picture,
    pub(super) scale: Scale,
    pub(super) rows: Vec<Row>,
    pub(super) wishes: Vec<Wish>,
    /// Where labels may stand.
    pub(super) within: Extent,
}

/// Draws the panel from a place on: where its lanes begin, and its top.
pub(super) fn draw(
    sheet: &mut Sheet,
    picture: &Picture,
    placed: &mut Placed,
    (left, top): Place,
) -> Drawn {
    let scale = Scale::new(picture.span, (left, RIGHT), None, &[]);
    let (y, lines) = page::story(sheet, placed, (&scale, left), picture, top + 80);
    let mut rows = rows::of(picture);
    let mut at = y + 420;
    for row in &mut rows {
        row.y = at + row.gap;
        at = row.y + PITCH;
    }
    let bottom = rows.last().map_or(y, |row| row.y) + 400;
    let within = Extent { left: left - 60, top: y - 30, right: RIGHT + 200, bottom: bottom - 20 };
    let mut panel = Panel { picture, scale, rows, wishes: Vec::new(), within };
    page::axis(sheet, &panel.scale, (y + 60, bottom));
    for (x, entry) in lines {
        sheet.mark(&[entry], "").line(Layer::Grid, "story-line", &[(x, y), (x, bottom)]);
    }
    panel.names(sheet, left);
    panel.bands(sheet);
    panel.undone(sheet);
    panel.checkpoints(sheet);
    panel.commits(sheet);
    panel.points(sheet);
    Drawn { bottom: bottom + 200, wishes: panel.wishes }
}

/// The entries of what one mark stands for.
pub(super) fn some(mut entries: Vec<EntryNumber>) -> Vec<EntryNumber> {
    entries.retain(|entry| *entry != EntryNumber::default());
    entries.sort_unstable();
    if entries.len() > ENTRIES_MAX {
        entries = entries.first().into_iter().chain(entries.last()).copied().collect();
    }
    entries
}

impl Panel<'_> {
    /// The row of a lane.
    pub(super) fn row(&self, lane: usize) -> Option<&Row> {
        self.rows.iter().find(|row| row.lanes.contains(&lane))
    }

    pub(super) fn wish(&mut self, priority: u8, at: Place, clear: Length, text: &str) -> &mut Wish {
        self.wishes.push(Wish::new(priority, at, clear, text, self.within));
        self.wishes.last_mut().expect("it was just added")
    }

    fn names(&self, sheet: &mut Sheet, left: Length) {
        for row in &self.rows {
            page::lane_name(sheet, (left, row.y), &row.label);
            let class = if row.kind == RowKind::Coordinator { "coordinator" } else { "lane" };
            sheet.plain().line(Layer::Grid, class, &[(left, row.y), (RIGHT, row.y)]);
            if !row.more.is_empty() {
                let said = Lettering::PLAIN.fitted(&row.more, left - MARGIN - 120);
                sheet.plain().text("", (left - 140, row.y + 170), Anchor::End, &said);
            }
        }
    }

    /// How many subtasks run, as the height of a band.
    fn bands(&self, sheet: &mut Sheet) {
        for row in self.rows.iter().filter(|row| row.kind == RowKind::Operator) {
            for band in rows::bands(self.picture, row, &self.scale) {
                let upper = band.heights.iter().flat_map(|(from, to, share)| {
                    let half = share * BAND / 2_000;
                    [(*from, row.y - half), (*to, row.y - half)]
                });
                let lower = band.heights.iter().rev().flat_map(|(from, to, share)| {
                    let half = share * BAND / 2_000;
                    [(*to, row.y + half), (*from, row.y + half)]
                });
                let mut pen = sheet.mark(&some(band.entries), &format!("{} runs", row.label));
                pen.form(Layer::Life, "band", &upper.chain(lower).collect::<Vec<_>>());
                pen.legend(Mark::Band);
            }
        }
    }

    /// What restarts threw away, hatched from the cut to the failure.
    fn undone(&mut self, sheet: &mut Sheet) {
        let mut labelled: Option<Length> = None;
        for undone in &self.picture.undone {
            let checkpoint = &self.picture.checkpoints[undone.checkpoint];
            let Some(cut) = checkpoint.last_snapshot() else { continue };
            let rows = self.rows.iter().filter(|row| {
                row.kind == RowKind::Operator
                    && row.lanes.iter().any(|lane| undone.lanes.contains(lane))
            });
            let heights: Vec<Length> = rows.map(|row| row.y).collect();
            let (Some(first), Some(last)) = (heights.first(), heights.last()) else { continue };
            let (from, to) = (self.scale.at(cut), self.scale.at(undone.until));
            let bottom = last + 140;
            if to - from < 30 {
                continue;
            }
            let tip = format!("done again from {}", checkpoint.name());
            let mut pen = sheet.mark(&undone.entries, &tip);
            // Rows that are not of the region went on, and part what is hatched.
            let mut top = first - 140;
            for (place, y) in heights.iter().enumerate() {
                let next = heights.get(place + 1);
                if next.is_none_or(|next| next - y > PITCH + 200) {
                    pen.rectangle(Layer::Tint, "undone", (from, top), (to, y + 140), 0);
                    top = next.map_or(0, |next| next - 140);
                }
            }
            pen.legend(Mark::Undone);
            // Said once in each stretch, and not of slivers.
            let is_told = labelled.is_some_and(|label| to - label < 1_500);
            if to - from > 700 && !is_told {
                labelled = Some(to);
                let wish = self.wish(6, (i64::midpoint(from, to), bottom - 40), 40, "done again");
                wish.first = &[Direction::South, Direction::North];
            }
        }
    }

    /// Rows that were committed, as flags; those that lie close together in one.
    fn commits(&mut self, sheet: &mut Sheet) {
        let externals = self.rows.iter().filter(|row| row.kind == RowKind::External);
        let externals: Vec<(Length, usize)> = externals.map(|row| (row.y, row.lanes[0])).collect();
        for (y, lane) in externals {
            let picture = self.picture;
            let commits = picture
                .points
                .iter()
                .filter(|point| point.kind == PointKind::Committed && point.lane == lane);
            let mut groups: Vec<Vec<&Point>> = Vec::new();
            for commit in commits {
                let x = self.scale.at(commit.at);
                match groups.last_mut() {
                    Some(group) if x - self.scale.at(group[0].at) < 130 => group.push(commit),
                    Some(_) | None => groups.push(vec![commit]),
                }
            }
            for group in groups {
                self.flag(sheet, y, &group);
            }
        }
    }

    fn flag(&mut self, sheet: &mut Sheet, y: Length, group: &[&Point]) {
        let x = self.scale.at(group[0].at);
        let rows: u64 = group.iter().map(|point| point.count).sum();
        let first = group[0].checkpoint;
        let is_one = group.iter().all(|point| point.checkpoint == first);
        let is_broken = group.iter().any(|point| self.picture.is_broken(point));
        let colour = match first.filter(|_| is_one) {
            Some(_) | None if is_broken => "x".to_owned(),
            Some(of) => format!("c{}", of.colour()),
            None => "m".to_owned(),
        };
        let none = if rows == 0 { " none" } else { "" };
        let tip = match group {
            [only] => only.text.clone(),
            several => format!("{rows} rows in {} transactions", several.len()),
        };
        let entries = some(group.iter().flat_map(|point| point.entries.clone()).collect());
        let mut pen = sheet.mark(&entries, &tip);
        glyphs::flag(&mut pen, &format!("flag{none} {colour}"), (x, y + 80));
        pen.legend(if rows == 0 { Mark::CommittedNothing } else { Mark::Committed });
        if rows > 0 {
            let wish = self.wish(5, (x + 20, y + 90), 30, &rows.to_string());
            wish.first = &[Direction::South, Direction::SouthEast];
            wish.entries = entries;
        }
    }

    /// Attempts, faults and violations.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is told by bands, or not at all")]
    fn points(&mut self, sheet: &mut Sheet) {
        let mut last_attempt: Option<Length> = None;
        let mut last_fault: Option<Place> = None;
        let picture = self.picture;
        for point in &picture.points {
            let Some(y) = self.row(point.lane).map(|row| row.y) else { continue };
            let at = (self.scale.at(point.at), y);
            match point.kind {
                PointKind::Attempt => {
                    let mut pen = sheet.mark(&point.entries, &point.text);
                    pen.line(Layer::Marks, "attempt", &[(at.0, y - 70), (at.0, y + 270)]);
                    pen.keep(Extent { left: at.0, top: y - 70, right: at.0 + 10, bottom: y + 270 });
                    let is_close = last_attempt.is_some_and(|last| at.0 - last < 500);
                    if !is_close {
                        last_attempt = Some(at.0);
                        let from = point.text.split_once("from ").map_or("", |(_, from)| from);
                        let text = format!("from {from}");
                        let wish = self.wish(2, (at.0 + 20, y + 210), 40, &text);
                        wish.class = "ink".to_owned();
                        wish.entries = point.entries.clone();
                    }
                }
                PointKind::Fault => {
                    let is_same =
                        last_fault.is_some_and(|last| last.1 == y && at.0 - last.0 < CLOSE);
                    let mut pen = sheet.mark(&point.entries, &point.text);
                    glyphs::fault(&mut pen, at);
                    pen.legend(Mark::Fault);
                    // What is cut off, given up and back again is a row of crosses, of which the first is told.
                    if !is_same {
                        last_fault = Some(at);
                        let text = point.text.clone();
                        let wish = self.wish(1, at, 110, &text);
                        wish.class = "bold".to_owned();
                        wish.lettering = Lettering::BOLD;
                        wish.entries = point.entries.clone();
                    }
                }
                PointKind::Noted => {
                    let mut pen = sheet.mark(&point.entries, &point.text);
                    pen.line(Layer::Marks, "attempt", &[(at.0, y - 40), (at.0, y + 40)]);
                }
                PointKind::Violation if self.picture.is_of_commit(point) => {}
                PointKind::Violation => {
                    let mut pen = sheet.mark(&point.entries, &point.text);
                    glyphs::cross(&mut pen, "violation", at, 50);
                    pen.legend(Mark::Violation);
                }
                _ => {}
            }
        }
    }
}
