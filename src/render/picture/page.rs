//! A page: heading, panels one beneath the other, the causes of a violation, the legend.

use super::choose::{self, Chosen};
use super::labels::{self, Placed, Wish};
use super::lettering::Lettering;
use super::model::Picture;
use super::scale::{PieceKind, Scale};
use super::scene::{Anchor, Layer, Length, Sheet};
use super::{gantt, glyphs, legend, overview, sentences, space_time};
use crate::trace::EntryNumber;

/// How wide a page is.
pub(super) const WIDTH: Length = 9_600;
/// Where what is drawn ends.
pub(super) const RIGHT: Length = 9_320;
/// Where headings begin.
pub(super) const MARGIN: Length = 240;
/// Where lanes begin at the least.
const LEFT_MIN: Length = 1_040;
/// Where lanes begin at most: longer names are cut off.
const LEFT_MAX: Length = 2_000;
/// How many lines of the text on a story are shown.
const ABOUT_LINES_MAX: usize = 3;
/// How many lines one cause of a violation takes at most.
const STEP_LINES_MAX: usize = 3;

/// What of a run is drawn, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Which picture.
    pub view: View,
    /// Only the checkpoint of this number, in full.
    pub checkpoint: Option<u64>,
    /// Only this span, in full, in nanoseconds.
    pub span: Option<(u64, u64)>,
    /// A lane for each subtask, and the whole run.
    pub unfold: bool,
}

/// A kind of picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum View {
    /// Lanes from top to bottom, time from left to right.
    #[default]
    SpaceTime,
    /// Where the time of each checkpoint goes.
    Gantt,
}

/// Why a picture cannot be drawn.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is no such checkpoint.
    #[error("the run triggers no checkpoint {wanted}")]
    NoCheckpoint {
        /// Which was asked for.
        wanted: u64,
        /// Those that there are.
        known: Vec<u64>,
    },
    /// There is no checkpoint at all.
    #[error("the run triggers no checkpoint")]
    NoCheckpoints,
}

impl PictureError {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NoCheckpoint { known, .. } => match known.as_slice() {
                [] => "leave --checkpoint out".to_owned(),
                [only] => format!("give {only}"),
                [first, .., last] => format!("give one from {first} to {last}"),
            },
            Self::NoCheckpoints => {
                "leave --view and --format out: the usual picture needs no checkpoint".to_owned()
            }
        }
    }
}

/// A picture laid out on a page.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(super) width: Length,
    pub(super) height: Length,
    pub(super) title: String,
    pub(super) sentences: Vec<String>,
    pub(super) sheet: Sheet,
    pub(super) placed: Placed,
}

impl Scene {
    /// What became of its labels.
    pub const fn labels(&self) -> &Placed {
        &self.placed
    }

    /// The entries that its marks name.
    pub fn entries(&self) -> impl Iterator<Item = EntryNumber> {
        self.sheet.shapes.iter().flat_map(|shape| shape.entries.iter().copied())
    }
}

/// What a panel leaves behind.
pub(super) struct Drawn {
    /// Where it ends.
    pub(super) bottom: Length,
    pub(super) wishes: Vec<Wish>,
}

/// Lays a picture out.
///
/// # Errors
///
/// It has no checkpoint, or not the one that was asked for.
pub fn layout(picture: &Picture, options: &Options) -> Result<Scene, PictureError> {
    let wanted = options.checkpoint.map(|wanted| find(picture, wanted)).transpose()?;
    let mut sheet = Sheet::default();
    let mut placed = Placed::default();
    let mut y = heading(&mut sheet, picture);
    let left = names_end(picture);
    let chosen = chosen(picture, options, wanted);
    let mut sentences = sentences::head(picture);
    let mut wishes = Vec::new();
    if options.view == View::Gantt {
        if picture.checkpoints.is_empty() {
            return Err(PictureError::NoCheckpoints);
        }
        let drawn = gantt::draw(&mut sheet, picture, wanted, (left, y));
        wishes.extend(drawn.wishes);
        y = drawn.bottom;
        sentences.extend(sentences::of_span(picture, picture.span));
    } else {
        let is_whole = wanted.is_none() && options.span.is_none() && !options.unfold;
        if is_whole {
            let drawn = overview::draw(&mut sheet, picture, &mut placed, (left, y));
            wishes.extend(drawn.wishes);
            y = drawn.bottom + 260;
            sentences.extend(sentences::of_span(picture, picture.span));
        }
        if let Some(chosen) = chosen {
            if is_whole {
                let what = chosen.checkpoint.map(|place| picture.checkpoints[place].name());
                let what = what.map_or_else(String::new, |name| format!("{name}, in full"));
                let what = capital(&what);
                sheet.plain().text("head", (MARGIN, y + 40), Anchor::Start, &what);
                y += 180;
            } else {
                sentences.extend(sentences::of_span(picture, (chosen.from, chosen.to)));
            }
            let drawn = space_time::draw(&mut sheet, picture, &mut placed, chosen, (left, y));
            wishes.extend(drawn.wishes);
            y = drawn.bottom + 120;
        }
        y = steps(&mut sheet, picture, y);
    }
    let place = labels::place(&mut sheet, wishes);
    placed.add(place);
    let colour = picture.checkpoints.first().map_or(0, |checkpoint| checkpoint.colour());
    let colour = chosen
        .and_then(|chosen| chosen.checkpoint)
        .map_or(colour, |place| picture.checkpoints[place].colour());
    let bottom = legend::draw(&mut sheet, (MARGIN, y + 60), RIGHT, &format!("c{colour}"));
    let title = picture.title.clone();
    Ok(Scene { width: WIDTH, height: bottom + 200, title, sentences, sheet, placed })
}

/// The part that options ask for in full.
pub(super) fn chosen_by(
    picture: &Picture,
    options: &Options,
) -> Result<Option<Chosen>, PictureError> {
    let wanted = options.checkpoint.map(|wanted| find(picture, wanted)).transpose()?;
    Ok(chosen(picture, options, wanted))
}

fn find(picture: &Picture, wanted: u64) -> Result<usize, PictureError> {
    let ids = || picture.checkpoints.iter().map(|checkpoint| checkpoint.of.id.number());
    let mut known: Vec<u64> = ids().collect();
    known.sort_unstable();
    ids().position(|id| id == wanted).ok_or(PictureError::NoCheckpoint { wanted, known })
}

fn chosen(picture: &Picture, options: &Options, wanted: Option<usize>) -> Option<Chosen> {
    match (options.span, wanted) {
        (Some((from, to)), place) => {
            let inside = |one: &super::model::Checkpoint| (from..=to).contains(&one.from);
            let checkpoint = place.or_else(|| picture.checkpoints.iter().position(inside));
            Some(Chosen { from, to, checkpoint })
        }
        (None, Some(place)) => Some(choose::of_checkpoint(picture, place)),
        (None, None) if options.unfold => {
            let (from, to) = picture.span;
            Some(Chosen { from, to, checkpoint: None })
        }
        (None, None) => choose::usual(picture),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// Title, verdict and what the story is about; returns where they end.
fn heading(sheet: &mut Sheet, picture: &Picture) -> Length {
    let title = Lettering { size: 170, is_bold: true };
    let said = title.fitted(&picture.title, 5_800);
    sheet.plain().text("title", (MARGIN, 320), Anchor::Start, &said);
    verdict(sheet, picture);
    let about = Lettering { size: 120, is_bold: false };
    let about = about.wrapped(&picture.about, RIGHT - MARGIN, ABOUT_LINES_MAX);
    let mut y = 520;
    for line in &about {
        sheet.plain().text("about", (MARGIN, y), Anchor::Start, line);
        y += 160;
    }
    y
}

fn verdict(sheet: &mut Sheet, picture: &Picture) {
    let broken: Vec<&str> =
        picture.verdict.iter().filter(|(_, held)| !held).map(|(name, _)| name.as_str()).collect();
    if picture.verdict.is_empty() {
        return;
    }
    let (class, words) = match broken.as_slice() {
        [] => ("held", format!("\u{2713} all {} checks hold", picture.verdict.len())),
        [one] => ("broken", format!("\u{d7} {one}")),
        [one, rest @ ..] => ("broken", format!("\u{d7} {one} and {} more", rest.len())),
    };
    sheet.plain().text(class, (RIGHT, 320), Anchor::End, &words);
}

/// Where the names of lanes end.
fn names_end(picture: &Picture) -> Length {
    let widths = picture.lanes.iter().map(|lane| Lettering::NAME.width(&lane.label));
    // A row of the overview tells how many subtasks there are.
    let widest = widths.max().unwrap_or(0).max(Lettering::PLAIN.width("4 then 7 subtasks"));
    (widest + MARGIN + 160).clamp(LEFT_MIN, LEFT_MAX)
}

/// The name of a lane, at the left of it.
pub(super) fn lane_name(sheet: &mut Sheet, (left, y): (Length, Length), name: &str) {
    let said = Lettering::NAME.fitted(name, left - MARGIN - 120);
    let mut pen = sheet.mark(&[], if said == name { "" } else { name });
    pen.text("name", (left - 140, y + 40), Anchor::End, &said);
}

/// Ticks between two heights, what stands at them below, and what is drawn unevenly.
pub(super) fn axis(sheet: &mut Sheet, scale: &Scale, (top, bottom): (Length, Length)) {
    let (ticks, unit) = scale.ticks();
    for piece in &scale.pieces {
        if piece.kind == PieceKind::Fine {
            let mut pen = sheet.plain();
            pen.rectangle(Layer::Tint, "panel", (piece.left, top), (piece.right, bottom), 0);
            for x in [piece.left, piece.left - 25, piece.right, piece.right + 25] {
                pen.line(Layer::Grid, "edge", &[(x, top), (x, bottom)]);
            }
            let words = format!("drawn {} times finer", scale.finer());
            let middle = i64::midpoint(piece.left, piece.right);
            pen.text("", (middle, bottom + 300), Anchor::Middle, &words);
        }
        if piece.kind == PieceKind::Cut {
            cut_out(sheet, (piece.left, piece.right), (top, bottom), piece.to - piece.from);
        }
    }
    for (x, text) in ticks {
        let mut pen = sheet.plain();
        pen.line(Layer::Grid, "grid", &[(x, top), (x, bottom)]);
        pen.text("", (x, bottom + 150), Anchor::Middle, &text);
    }
    sheet.plain().text("", (MARGIN, bottom + 150), Anchor::Start, unit);
}

/// Two zigzags around a stretch in which nothing happens, and how long it is.
fn cut_out(
    sheet: &mut Sheet,
    (left, right): (Length, Length),
    (top, bottom): (Length, Length),
    nanos: u64,
) {
    let mut pen = sheet.plain();
    let (inner, outer) = ((left + 40, top), (right - 40, bottom));
    pen.rectangle(Layer::Flow, "ground-all", inner, outer, 0);
    for x in [left + 40, right - 40] {
        let count = (bottom - top) / 60;
        let zigzag =
            (0..=count).map(|tooth| (x + if tooth % 2 == 0 { -20 } else { 20 }, top + tooth * 60));
        pen.line(Layer::Flow, "zigzag", &zigzag.collect::<Vec<_>>());
    }
    let middle = i64::midpoint(left, right);
    pen.text("", (middle, bottom + 300), Anchor::Middle, &sentences::lasting(nanos));
}

/// The causes of a violation, a line each; returns where they end.
fn steps(sheet: &mut Sheet, picture: &Picture, top: Length) -> Length {
    let mut y = top;
    for step in &picture.steps {
        let broken = if step.is_broken { " x" } else { "" };
        let mut pen = sheet.mark(&step.entries, "");
        pen.disc(Layer::Marks, &format!("step{broken}"), (MARGIN + 75, y), 75);
        let letter = step.letter.to_string();
        pen.text(&format!("letter{broken}"), (MARGIN + 75, y + 38), Anchor::Middle, &letter);
        let entry = step.entries.first().map_or_else(String::new, |entry| format!("#{entry} "));
        let text = format!("{entry}{}", step.text);
        let lines = Lettering::PLAIN.wrapped(&text, RIGHT - MARGIN - 230, STEP_LINES_MAX);
        let class = if step.is_broken { "broken" } else { "ink" };
        for line in lines {
            sheet.plain().text(class, (MARGIN + 230, y + 40), Anchor::Start, &line);
            y += 150;
        }
        y += 40;
    }
    y
}

/// A letter in a circle beside what it explains.
pub(super) fn lettered(sheet: &mut Sheet, step: &super::model::Step, at: (Length, Length)) {
    let broken = if step.is_broken { " x" } else { "" };
    let free = [(-150, -170), (150, -170), (-150, 170), (150, 170), (0, -220), (-250, 0), (250, 0)];
    let place = free.into_iter().map(|(x, y)| (at.0 + x, at.1 + y)).find(|place| {
        let extent = super::scene::Extent::around(*place, 80);
        extent.right < RIGHT && !sheet.taken.iter().any(|other| other.hits(&extent))
    });
    let place = place.unwrap_or((at.0 - 150, at.1 - 170));
    let mut pen = sheet.mark(&step.entries, &step.text);
    pen.line(Layer::Marks, "leader", &[at, place]);
    pen.disc(Layer::Marks, &format!("step{broken}"), place, 75);
    let letter = step.letter.to_string();
    pen.text(&format!("letter{broken}"), (place.0, place.1 + 38), Anchor::Middle, &letter);
    pen.keep(super::scene::Extent::around(place, 80));
}

/// Steps of the story: triangles at one height, their words in rows above it, and a line down through all lanes. Returns the
/// height.
pub(super) fn story(
    sheet: &mut Sheet,
    placed: &mut Placed,
    (scale, left): (&Scale, Length),
    picture: &Picture,
    top: Length,
) -> (Length, Vec<(Length, EntryNumber)>) {
    const ROWS_MAX: usize = 4;
    let points = picture
        .points
        .iter()
        .filter(|point| point.kind == super::model::PointKind::Story && scale.shows(point.at));
    // The right end of what stands in each row, from the lowest up.
    let mut rows: Vec<Length> = Vec::new();
    let mut told = Vec::new();
    for point in points {
        let x = scale.at(point.at);
        let width = Lettering::PLAIN.width(&point.text) + 100;
        let (begin, end) = if x + width > RIGHT { (x - width, x) } else { (x, x + width) };
        let row = rows.iter().position(|taken| *taken < begin - 40).or_else(|| {
            let is_room = rows.len() < ROWS_MAX && begin > left - 800;
            is_room.then(|| {
                rows.push(0);
                rows.len() - 1
            })
        });
        let row = row.filter(|_| begin > left - 800);
        if let Some(row) = row {
            rows[row] = end;
        }
        told.push((x, row, begin, point));
    }
    let height = Length::try_from(rows.len()).expect("there are four rows at most") * 150;
    let y = top + height;
    let mut lines = Vec::new();
    for (x, row, begin, point) in told {
        let mut pen = sheet.mark(&point.entries, &point.text);
        pen.legend(legend::Mark::Story);
        let row = row.map(|row| Length::try_from(row).expect("there are four rows at most"));
        let rise = row.unwrap_or(0) * 150;
        glyphs::story(&mut pen, (x, y - rise));
        if rise > 0 {
            pen.line(Layer::Grid, "story-line", &[(x, y - rise), (x, y)]);
        }
        if row.is_some() {
            let (at, anchor) =
                if begin < x { (x - 80, Anchor::End) } else { (x + 80, Anchor::Start) };
            let middle = y - rise - 35;
            pen.text("ink", (at, middle + 40), anchor, &point.text);
            let width = Lettering::PLAIN.width(&point.text);
            let from = if begin < x { at - width } else { at };
            let extent = super::scene::Extent {
                left: from,
                top: middle - 62,
                right: from + width,
                bottom: middle + 62,
            };
            pen.keep(extent);
            placed.keep(extent);
        } else {
            placed.drop_one();
        }
        lines.push((x, point.entries[0]));
    }
    (y, lines)
}
