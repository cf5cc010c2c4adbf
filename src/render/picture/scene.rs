//! What stands on paper: shapes with their places, classes and entries. All lengths are in tenths of a pixel.
//!
//! Neither knows what the shapes mean nor how a file spells them.

use super::legend::Mark;
use crate::trace::EntryNumber;
use std::collections::BTreeSet;

/// A length or a coordinate in tenths of a pixel.
pub(super) type Length = i64;
/// A place: from the left, from the top.
pub(super) type Place = (Length, Length);

/// What lies over what, from the bottom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Layer {
    /// Areas.
    Tint,
    /// Ticks and rules.
    Grid,
    /// Lanes and what lies along them.
    Life,
    /// What goes from lane to lane.
    Flow,
    /// What happens at a moment.
    Marks,
    /// Words.
    Words,
}

/// A shape with all that is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    pub(super) layer: Layer,
    pub(super) form: Form,
    /// The classes of its looks, such as `bar c0`.
    pub(super) class: String,
    /// The entries of the trace that it stands for.
    pub(super) entries: Vec<EntryNumber>,
    /// What it says when somebody points at it.
    pub(super) tip: String,
}

/// A form at a place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Straight lines from place to place; several of them in one.
    Lines { lines: Vec<Vec<Place>>, is_closed: bool },
    /// A curve: its first place, then two handles and a place for each piece.
    Curve(Vec<Place>),
    /// A rectangle.
    Rectangle { left: Length, top: Length, width: Length, height: Length, round: Length },
    /// A disc.
    Disc { centre: Place, radius: Length },
    /// A line of text.
    Text { at: Place, anchor: Anchor, text: String },
}

/// Which end of a text its place is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A box that something takes up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Extent {
    pub(super) left: Length,
    pub(super) top: Length,
    pub(super) right: Length,
    pub(super) bottom: Length,
}

impl Extent {
    /// The box around a place.
    pub(super) const fn around((x, y): Place, radius: Length) -> Self {
        Self { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius }
    }

    /// Whether two boxes share more than an edge.
    pub(super) const fn hits(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// All that stands on a sheet.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    pub(super) shapes: Vec<Shape>,
    /// The marks that occur, for the legend.
    pub(super) marks: BTreeSet<Mark>,
    /// What labels must not hide.
    pub(super) taken: Vec<Extent>,
}

/// Who draws: the entries and the words of a mark, given once for all of its shapes.
pub(super) struct Pen<'s> {
    sheet: &'s mut Sheet,
    entries: Vec<EntryNumber>,
    tip: String,
}

impl Sheet {
    /// A pen for what no entry tells of: ticks, rules, headings.
    pub(super) fn plain(&mut self) -> Pen<'_> {
        Pen { sheet: self, entries: Vec::new(), tip: String::new() }
    }

    /// A pen for a mark.
    pub(super) fn mark(&mut self, entries: &[EntryNumber], tip: &str) -> Pen<'_> {
        Pen { sheet: self, entries: told(entries), tip: tip.to_owned() }
    }
}

/// The entries that there are: what the end of the trace cuts off has none.
fn told(entries: &[EntryNumber]) -> Vec<EntryNumber> {
    let mut told = entries.to_vec();
    told.sort_unstable();
    told.dedup();
    told
}

impl Pen<'_> {
    fn put(&mut self, layer: Layer, class: &str, form: Form) -> &mut Self {
        let (entries, tip) = (self.entries.clone(), self.tip.clone());
        self.sheet.shapes.push(Shape { layer, form, class: class.to_owned(), entries, tip });
        self
    }

    /// A line through these places.
    pub(super) fn line(&mut self, layer: Layer, class: &str, places: &[Place]) -> &mut Self {
        let lines = vec![places.to_vec()];
        self.put(layer, class, Form::Lines { lines, is_closed: false })
    }

    /// A filled form with these corners.
    pub(super) fn form(&mut self, layer: Layer, class: &str, places: &[Place]) -> &mut Self {
        let lines = vec![places.to_vec()];
        self.put(layer, class, Form::Lines { lines, is_closed: true })
    }

    /// Several lines of one look.
    pub(super) fn lines(&mut self, layer: Layer, class: &str, lines: Vec<Vec<Place>>) -> &mut Self {
        self.put(layer, class, Form::Lines { lines, is_closed: false })
    }

    /// A curve.
    pub(super) fn curve(&mut self, layer: Layer, class: &str, places: Vec<Place>) -> &mut Self {
        assert!(places.len() % 3 == 1, "a curve has two handles and a place for each piece");
        self.put(layer, class, Form::Curve(places))
    }

    /// A rectangle between two corners.
    pub(super) fn rectangle(
        &mut self,
        layer: Layer,
        class: &str,
        (left, top): Place,
        (right, bottom): Place,
        round: Length,
    ) -> &mut Self {
        let (width, height) = (right - left, bottom - top);
        assert!(width >= 0 && height >= 0, "a rectangle has its first corner at the top left");
        self.put(layer, class, Form::Rectangle { left, top, width, height, round })
    }

    /// A disc.
    pub(super) fn disc(
        &mut self,
        layer: Layer,
        class: &str,
        centre: Place,
        radius: Length,
    ) -> &mut Self {
        self.put(layer, class, Form::Disc { centre, radius })
    }

    /// Words at a place.
    pub(super) fn text(&mut self, class: &str, at: Place, anchor: Anchor, text: &str) -> &mut Self {
        self.put(Layer::Words, class, Form::Text { at, anchor, text: text.to_owned() })
    }

    /// Keeps labels from a box.
    pub(super) fn keep(&mut self, extent: Extent) -> &mut Self {
        self.sheet.taken.push(extent);
        self
    }

    /// Keeps labels from a slanting line, at five places of it.
    pub(super) fn keep_line(&mut self, from: Place, to: Place) -> &mut Self {
        for part in [1, 3, 5, 7, 9] {
            let x = from.0 + (to.0 - from.0) * part / 10;
            let y = from.1 + (to.1 - from.1) * part / 10;
            self.sheet.taken.push(Extent::around((x, y), 20));
        }
        self
    }

    /// Has the legend tell of a mark.
    pub(super) fn legend(&mut self, mark: Mark) -> &mut Self {
        self.sheet.marks.insert(mark);
        self
    }
}
