//! Labels, which are placed last: each takes the first free box beside its mark, or lives on in the mark's tooltip.

use super::lettering::Lettering;
use super::scene::{Anchor, Extent, Length, Place, Sheet};
use crate::trace::EntryNumber;

/// How far the ends of letters reach above and below the middle of their line, in hundredths of their size.
const HALF_HEIGHT: Length = 56;

/// How much farther from its mark a label may stand: a little, and a line's height.
const RINGS: [Length; 4] = [0, 40, 80, 220];

/// From which distance on a label is far, and which may stand there: those that say at a glance what they are about.
const FAR: Length = 200;
const FAR_MAX: u8 = 2;

/// A label that is to be placed.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// The lower, the sooner it is placed.
    pub(super) priority: u8,
    /// The mark.
    pub(super) at: Place,
    /// How far from the mark's middle it must stay.
    pub(super) clear: Length,
    pub(super) text: String,
    /// The classes of its looks.
    pub(super) class: String,
    pub(super) lettering: Lettering,
    /// Where it may stand.
    pub(super) within: Extent,
    /// The directions that are tried before the usual ones.
    pub(super) first: &'static [Direction],
    pub(super) entries: Vec<EntryNumber>,
}

impl Wish {
    /// A label of the usual looks.
    pub(super) fn new(priority: u8, at: Place, clear: Length, text: &str, within: Extent) -> Self {
        Self {
            priority,
            at,
            clear,
            text: text.to_owned(),
            class: String::new(),
            lettering: Lettering::PLAIN,
            within,
            first: &[],
            entries: Vec::new(),
        }
    }
}

/// On which side of its mark a label stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    East,
    NorthEast,
    SouthEast,
    West,
    NorthWest,
    SouthWest,
    North,
    South,
}

/// The order in which the sides are tried.
const USUAL: [Direction; 8] = {
    use Direction::{East, North, NorthEast, NorthWest, South, SouthEast, SouthWest, West};
    [East, NorthEast, SouthEast, West, NorthWest, SouthWest, North, South]
};

/// What became of the labels.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// The boxes of those that were placed, in tenths of pixels: left, top, right, bottom.
    boxes: Vec<Extent>,
    /// How many found no place.
    dropped: usize,
}

impl Placed {
    /// How many labels were placed, and how many found no place.
    pub const fn counts(&self) -> (usize, usize) {
        (self.boxes.len(), self.dropped)
    }

    /// Takes in what became of others.
    pub(super) fn add(&mut self, other: Self) {
        self.boxes.extend(other.boxes);
        self.dropped += other.dropped;
    }

    /// One more was placed.
    pub(super) fn keep(&mut self, extent: Extent) {
        self.boxes.push(extent);
    }

    /// One more found no place.
    pub(super) const fn drop_one(&mut self) {
        self.dropped += 1;
    }

    /// Two placed labels that overlap, by their places in the order of placing; none if none do.
    pub fn overlapping(&self) -> Option<(usize, usize)> {
        let pairs = (0..self.boxes.len()).flat_map(|one| (0..one).map(move |other| (other, one)));
        pairs.into_iter().find(|(one, other)| self.boxes[*one].hits(&self.boxes[*other]))
    }
}

/// Places what is wished for, the most important first, and in the order of the wishes among equals.
pub(super) fn place(sheet: &mut Sheet, mut wishes: Vec<Wish>) -> Placed {
    wishes.sort_by_key(|wish| wish.priority);
    let mut placed = Placed::default();
    for wish in wishes {
        let directions = wish.first.iter().chain(&USUAL).copied();
        let rings = RINGS.into_iter().filter(|ring| wish.priority <= FAR_MAX || *ring < FAR);
        let mut tried =
            rings.flat_map(|ring| directions.clone().map(move |direction| (ring, direction)));
        let free = tried.find_map(|(more, direction)| {
            let (extent, at, anchor) = stand(&wish, direction, more);
            let is_inside = extent.left >= wish.within.left
                && extent.right <= wish.within.right
                && extent.top >= wish.within.top
                && extent.bottom <= wish.within.bottom;
            let is_free = is_inside && !sheet.taken.iter().any(|other| other.hits(&extent));
            is_free.then_some((extent, at, anchor))
        });
        match free {
            Some((extent, at, anchor)) => {
                let mut pen = sheet.mark(&wish.entries, "");
                pen.text(&wish.class, at, anchor, &wish.text).keep(extent);
                placed.boxes.push(extent);
            }
            None => placed.dropped += 1,
        }
    }
    placed
}

/// The box of a label on one side of its mark, where its text begins, and which end of it that is.
fn stand(wish: &Wish, direction: Direction, more: Length) -> (Extent, Place, Anchor) {
    let width = wish.lettering.width(&wish.text);
    let half = wish.lettering.size * HALF_HEIGHT / 100;
    let clear = wish.clear + more;
    let (x, y) = wish.at;
    let (across, down) = match direction {
        Direction::East => (1, 0),
        Direction::NorthEast => (1, -1),
        Direction::SouthEast => (1, 1),
        Direction::West => (-1, 0),
        Direction::NorthWest => (-1, -1),
        Direction::SouthWest => (-1, 1),
        Direction::North => (0, -1),
        Direction::South => (0, 1),
    };
    let is_slanting = across != 0 && down != 0;
    let beside = if is_slanting { clear * 6 / 10 } else { clear };
    let middle = y + down * (beside + half);
    let (left, anchor, from) = match across {
        1 => (x + beside, Anchor::Start, x + beside),
        -1 => (x - beside - width, Anchor::End, x - beside),
        _ => (x - width / 2, Anchor::Middle, x),
    };
    let extent = Extent { left, top: middle - half, right: left + width, bottom: middle + half };
    (extent, (from, middle + wish.lettering.size * 36 / 100), anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str, priority: u8) -> Wish {
        let within = Extent { left: 0, top: 0, right: 1000, bottom: 1000 };
        Wish::new(priority, (500, 500), 60, text, within)
    }

    #[test]
    fn labels_of_one_mark_stand_on_its_sides_until_there_is_no_place() {
        let placed = [1, 3].map(|priority| {
            let mut sheet = Sheet::default();
            let placed = place(&mut sheet, vec![wish("label", priority); 60]);
            let (there, dropped) = placed.counts();
            assert!(there >= 4 && dropped > 0 && there + dropped == 60, "{placed:?}");
            assert_eq!(placed.overlapping(), None);
            assert_eq!(sheet.shapes.len(), there);
            there
        });
        assert!(placed[0] > placed[1], "what matters most may stand further away: {placed:?}");
    }
}
