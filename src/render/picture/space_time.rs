//! A part of a run in full: a lane for each subtask, and all that goes between them.
//!
//! Of many lanes less is told: above sixteen they are hairlines, above sixty a row for each operator.

mod coordinator;
mod flow;
mod lanes;
mod life;
mod transactions;

use super::choose::{self, Chosen};
use super::labels::{Placed, Wish};
use super::lettering::Lettering;
use super::model::{CheckpointOf, Picture, Point, PointKind};
use super::page::{self, Drawn, RIGHT};
use super::scale::Scale;
use super::scene::{Extent, Layer, Length, Place, Sheet};
use lanes::Lanes;

/// How much is told of each lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Detail {
    /// Everything.
    Full,
    /// A thin line, and no words.
    Hairline,
    /// Nothing but its part in the row of its operator.
    Folded,
}

/// What all parts of the panel need.
pub(super) struct Panel<'p> {
    pub(super) picture: &'p Picture,
    pub(super) scale: Scale,
    pub(super) lanes: Lanes,
    pub(super) chosen: Chosen,
    /// What happens at moments that are drawn.
    pub(super) points: Vec<&'p Point>,
    pub(super) wishes: Vec<Wish>,
    /// Where labels may stand.
    pub(super) within: Extent,
}

/// Draws the panel from a place on: where its lanes begin, and its top.
pub(super) fn draw(
    sheet: &mut Sheet,
    picture: &Picture,
    placed: &mut Placed,
    chosen: Chosen,
    (left, top): Place,
) -> Drawn {
    let fine = choose::fine(picture, &chosen);
    let cuts = choose::idle(picture, &chosen);
    let scale = Scale::new((chosen.from, chosen.to), (left, RIGHT), fine, &cuts);
    let (y, lines) = page::story(sheet, placed, (&scale, left), picture, top + 80);
    let lanes = Lanes::of(picture, &scale, y + 380);
    let bottom = lanes.bottom;
    let within = Extent { left: left - 60, top: y - 30, right: RIGHT + 200, bottom: bottom + 20 };
    let points = picture.points.iter().filter(|point| scale.shows(point.at)).collect();
    let mut panel = Panel { picture, scale, lanes, chosen, points, wishes: Vec::new(), within };
    page::axis(sheet, &panel.scale, (y + 60, bottom));
    for (x, entry) in lines {
        sheet.mark(&[entry], "").line(Layer::Grid, "story-line", &[(x, y), (x, bottom)]);
    }
    panel.names(sheet, left);
    panel.undone(sheet);
    panel.cuts(sheet);
    panel.lives(sheet);
    panel.blocked(sheet);
    panel.uploads(sheet);
    panel.arrows(sheet);
    panel.coordinator(sheet);
    panel.transactions(sheet);
    panel.faults(sheet);
    for step in &picture.steps {
        let at = panel.lanes.y(step.lane).filter(|_| panel.scale.shows(step.at));
        if let Some(y) = at {
            page::lettered(sheet, step, (panel.scale.at(step.at), y));
        }
    }
    let is_uneven = panel.scale.pieces.len() > 1;
    Drawn { bottom: bottom + if is_uneven { 350 } else { 200 }, wishes: panel.wishes }
}

impl Panel<'_> {
    pub(super) fn wish(&mut self, priority: u8, at: Place, clear: Length, text: &str) -> &mut Wish {
        self.wishes.push(Wish::new(priority, at, clear, text, self.within));
        self.wishes.last_mut().expect("it was just added")
    }

    /// A label that stands out.
    pub(super) fn bold(&mut self, priority: u8, at: Place, clear: Length, text: &str) -> &mut Wish {
        let wish = self.wish(priority, at, clear, text);
        wish.class = "bold".to_owned();
        wish.lettering = Lettering::BOLD;
        wish
    }

    /// The place of a moment on a lane; none if that lane is not drawn.
    pub(super) fn place(&self, lane: usize, at: u64) -> Option<Place> {
        Some((self.scale.at(at), self.lanes.y(lane)?))
    }

    /// The class of the colour of a checkpoint.
    pub(super) fn colour(&self, of: Option<CheckpointOf>) -> String {
        of.map_or_else(|| "m".to_owned(), |of| format!("c{}", of.colour()))
    }

    /// Faults and violations.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others belong to lives and checkpoints"
    )]
    fn faults(&mut self, sheet: &mut Sheet) {
        for point in self.points.clone() {
            let Some(at) = self.place(point.lane, point.at) else { continue };
            let mut pen = sheet.mark(&point.entries, &point.text);
            match point.kind {
                PointKind::Fault => {
                    super::glyphs::fault(&mut pen, at);
                    pen.legend(super::legend::Mark::Fault);
                    let wish = self.bold(1, at, 100, &point.text);
                    wish.entries = point.entries.clone();
                }
                PointKind::Noted => {
                    let (x, y) = at;
                    pen.line(Layer::Marks, "attempt", &[(x, y - 50), (x, y + 50)]);
                    let wish = self.wish(5, at, 50, &point.text);
                    wish.entries = point.entries.clone();
                }
                PointKind::Violation if self.picture.is_of_commit(point) => {}
                PointKind::Violation => {
                    super::glyphs::cross(&mut pen, "violation", at, 60);
                    pen.legend(super::legend::Mark::Violation);
                }
                _ => {}
            }
        }
    }
}
