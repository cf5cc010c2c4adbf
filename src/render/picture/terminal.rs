//! A picture in letters, for a terminal: a line for each lane, one checkpoint or a span.

use super::choose;
use super::lettering::Lettering;
use super::model::{Picture, PointKind, Span, SpanKind};
use super::page::{Options, PictureError, chosen_by};
use super::scale::{PieceKind, Scale};
use super::scene::Length;
use crate::render::columns::{columns, padded};
use std::collections::BTreeMap;

/// How many columns time takes.
const COLUMNS: usize = 64;
/// A column, in lengths of the scale.
const COLUMN: Length = 100;
/// How wide a name may be.
const NAME_MAX: usize = 18;

/// What stands for each mark, and what it is.
const LETTERS: [(char, &str); 14] = [
    ('-', "runs"),
    ('.', "being deployed"),
    ('~', "a zombie"),
    ('=', "pending, or being written"),
    ('%', "channel held back"),
    ('#', "snapshot"),
    ('o', "durable"),
    ('v', "notified"),
    ('R', "state restored"),
    ('p', "transaction prepared"),
    ('C', "rows committed"),
    (']', "completed"),
    ('!', "aborted, or a check is broken"),
    ('X', "fault"),
];

/// A picture as lines of plain letters.
///
/// # Errors
///
/// It has not the checkpoint that was asked for.
pub fn ascii(picture: &Picture, options: &Options) -> Result<String, PictureError> {
    let chosen = chosen_by(picture, options)?;
    let (from, to) = chosen.map_or(picture.span, |chosen| (chosen.from, chosen.to));
    let fine = chosen.and_then(|chosen| choose::fine(picture, &chosen));
    let cuts = chosen.map_or_else(Vec::new, |chosen| choose::idle(picture, &chosen));
    let right = Length::try_from(COLUMNS).expect("a terminal has an end") * COLUMN;
    let scale = Scale::new((from, to), (0, right), fine, &cuts);
    let mut rows: BTreeMap<usize, Vec<char>> = BTreeMap::new();
    let grid = Grid { picture, scale: &scale };
    grid.spans(&mut rows);
    grid.checkpoints(&mut rows);
    grid.points(&mut rows);
    for piece in scale.pieces.iter().filter(|piece| piece.kind == PieceKind::Cut) {
        for row in rows.values_mut() {
            let last = column(piece.right - 1).max(column(piece.left));
            row[column(piece.left)..=last].fill('/');
        }
    }
    let width = rows.keys().map(|lane| columns(&picture.lanes[*lane].label)).max().unwrap_or(0);
    let width = width.clamp("virtual".len(), NAME_MAX) + 1;
    let mut text = format!("{}\n", picture.title);
    text.push_str(&axis(&scale, width));
    for (lane, row) in &rows {
        let most = Length::try_from(width).expect("a name has an end") * 60;
        let label = Lettering::PLAIN.fitted(&picture.lanes[*lane].label, most);
        let row: String = row.iter().collect();
        text.push_str(format!("{} {row}", padded(&label, width)).trim_end());
        text.push('\n');
    }
    let used = |letter: char| rows.values().any(|row| row.contains(&letter));
    let legend = LETTERS.iter().filter(|(letter, _)| used(*letter));
    let legend: Vec<String> = legend.map(|(letter, what)| format!("{letter} {what}")).collect();
    let finer = scale.pieces.iter().any(|piece| piece.kind == PieceKind::Fine);
    if finer {
        text.push_str(&format!(
            "The trigger to the last snapshot is drawn {} times finer.\n",
            scale.finer()
        ));
    }
    let legend = legend.chunks(4).map(|line| format!("{}\n", line.join("   ")));
    text.push_str(&legend.collect::<String>());
    Ok(text)
}

/// The column of a place.
fn column(place: Length) -> usize {
    let column = usize::try_from((place / COLUMN).max(0)).expect("it is not negative");
    column.min(COLUMNS - 1)
}

/// Moments over their columns.
fn axis(scale: &Scale, width: usize) -> String {
    let (ticks, unit) = scale.ticks();
    let mut line: Vec<char> = vec![' '; COLUMNS + 12];
    let mut end = 0;
    for (place, text) in ticks {
        let at = column(place);
        if at >= end {
            line.splice(at..at + text.len(), text.chars());
            end = at + text.len() + 2;
        }
    }
    let line: String = line.into_iter().collect();
    format!("{} {}\n", padded(unit, width), line.trim_end())
}

/// What is drawn on, lane by lane.
struct Grid<'p> {
    picture: &'p Picture,
    scale: &'p Scale,
}

type Rows = BTreeMap<usize, Vec<char>>;

impl Grid<'_> {
    fn row(rows: &mut Rows, lane: usize) -> &mut Vec<char> {
        rows.entry(lane).or_insert_with(|| vec![' '; COLUMNS])
    }

    /// What lasts, the weightier over the lighter.
    fn spans(&self, rows: &mut Rows) {
        let order = [
            (SpanKind::Zombie, '~'),
            (SpanKind::Deploying, '.'),
            (SpanKind::Life, '-'),
            (SpanKind::Upload, '='),
            (SpanKind::Blocked, '%'),
            (SpanKind::Prepared, 'p'),
        ];
        for (kind, letter) in order {
            let seen = |span: &&Span| span.kind == kind && self.scale.meets(span.from, span.to);
            for span in self.picture.spans.iter().filter(seen) {
                let (from, to) = (self.scale.at(span.from), self.scale.at(span.to));
                Self::row(rows, span.lane)[column(from)..=column(to)].fill(letter);
            }
        }
    }

    fn checkpoints(&self, rows: &mut Rows) {
        let row = Self::row(rows, 0);
        let seen = self.picture.checkpoints.iter();
        for checkpoint in seen.filter(|one| self.scale.meets(one.from, one.to)) {
            let (from, to) = (self.scale.at(checkpoint.from), self.scale.at(checkpoint.to));
            row[column(from)..=column(to)].fill('=');
            if self.scale.shows(checkpoint.to) {
                row[column(to)] = match checkpoint.end {
                    super::model::CheckpointEnd::Completed => ']',
                    super::model::CheckpointEnd::Aborted(_) => '!',
                    super::model::CheckpointEnd::Pending => '=',
                };
            }
            if self.scale.shows(checkpoint.from) {
                let id = checkpoint.of.id.to_string();
                for (letter, place) in id.chars().zip(column(from)..COLUMNS) {
                    row[place] = letter;
                }
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others have no letter")]
    fn points(&self, rows: &mut Rows) {
        for span in &self.picture.spans {
            if span.kind == SpanKind::Upload && self.scale.shows(span.to) {
                Self::row(rows, span.lane)[column(self.scale.at(span.to))] = 'o';
            }
        }
        for point in self.picture.points.iter().filter(|point| self.scale.shows(point.at)) {
            let letter = match point.kind {
                PointKind::Snapshot => '#',
                PointKind::Notified => 'v',
                PointKind::Restored => 'R',
                PointKind::Committed => 'C',
                PointKind::Fault => 'X',
                PointKind::Violation => '!',
                _ => continue,
            };
            Self::row(rows, point.lane)[column(self.scale.at(point.at))] = letter;
        }
    }
}
