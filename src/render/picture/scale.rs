//! From moments to places: pieces of time, each drawn evenly, some of them finer than others, and some cut out.

use super::scene::Length;

/// How wide a stretch is drawn that is cut out, between its zigzags.
const CUT_WIDTH: Length = 260;
/// How far apart ticks are at least.
const TICKS_APART: Length = 760;

/// A piece of time that is drawn evenly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) left: Length,
    pub(super) right: Length,
    pub(super) kind: PieceKind,
}

/// How a piece of time is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PieceKind {
    /// Like most.
    Usual,
    /// Finer.
    Fine,
    /// Not at all: nothing happens in it.
    Cut,
}

/// Where moments stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scale {
    pub(super) pieces: Vec<Piece>,
}

impl Scale {
    /// Draws a span between two places: one part of it finer, over half of the width, and stretches left out.
    pub(super) fn new(
        (from, to): (u64, u64),
        (left, right): (Length, Length),
        fine: Option<(u64, u64)>,
        cuts: &[(u64, u64)],
    ) -> Self {
        let to = to.max(from + 1);
        let parts = parts((from, to), fine, cuts);
        let width = right - left;
        let cut: Length = parts.iter().map(|part| fixed(part.2, width)).sum();
        let usual: u64 = parts
            .iter()
            .filter(|part| part.2 == PieceKind::Usual)
            .map(|part| part.1 - part.0)
            .sum();
        let rest = (width - cut).max(0);
        let mut pieces = Vec::new();
        // The sum is carried, so that rounding loses nothing.
        let (mut fixed_so_far, mut usual_so_far) = (0, 0);
        let mut at = left;
        for (from, to, kind) in parts {
            match kind {
                PieceKind::Usual => usual_so_far += to - from,
                PieceKind::Fine | PieceKind::Cut => fixed_so_far += fixed(kind, width),
            }
            let end = left + fixed_so_far + share(usual_so_far, usual, rest);
            pieces.push(Piece { from, to, left: at, right: end, kind });
            at = end;
        }
        Self { pieces }
    }

    /// The place of a moment; one outside of the span is at its edge.
    pub(super) fn at(&self, moment: u64) -> Length {
        let piece = self.pieces.iter().find(|piece| moment < piece.to);
        let Some(piece) = piece else { return self.right() };
        let since = moment.saturating_sub(piece.from);
        piece.left + share(since, piece.to - piece.from, piece.right - piece.left)
    }

    /// The place of the beginning.
    pub(super) fn left(&self) -> Length {
        self.pieces.first().map_or(0, |piece| piece.left)
    }

    /// The place of the end.
    pub(super) fn right(&self) -> Length {
        self.pieces.last().map_or(0, |piece| piece.right)
    }

    /// The span that is drawn.
    pub(super) fn span(&self) -> (u64, u64) {
        let from = self.pieces.first().map_or(0, |piece| piece.from);
        (from, self.pieces.last().map_or(0, |piece| piece.to))
    }

    /// Whether a moment is drawn.
    pub(super) fn shows(&self, moment: u64) -> bool {
        let (from, to) = self.span();
        (from..=to).contains(&moment)
    }

    /// Whether any of a span is drawn.
    pub(super) fn meets(&self, from: u64, to: u64) -> bool {
        let (first, last) = self.span();
        from <= last && to >= first
    }

    /// How many times finer the fine part is drawn than the rest.
    pub(super) fn finer(&self) -> u64 {
        let density = |kind| {
            let pieces = || self.pieces.iter().filter(move |piece| piece.kind == kind);
            let time: u64 = pieces().map(|piece| piece.to - piece.from).sum();
            let width: Length = pieces().map(|piece| piece.right - piece.left).sum();
            (time.max(1), width.max(1))
        };
        let (usual, fine) = (density(PieceKind::Usual), density(PieceKind::Fine));
        let finer = i128::from(usual.0) * i128::from(fine.1) / i128::from(usual.1);
        u64::try_from(finer / i128::from(fine.0)).unwrap_or(0)
    }

    /// The ticks, each with its place and what stands at it; and the unit, if it is not told at each.
    pub(super) fn ticks(&self) -> (Vec<(Length, String)>, &'static str) {
        let steps: Vec<u64> = self.pieces.iter().map(step).collect();
        let usual =
            self.pieces.iter().zip(&steps).filter(|(piece, _)| piece.kind == PieceKind::Usual);
        let coarsest = usual.map(|(_, step)| *step).max().unwrap_or(1);
        let in_seconds = coarsest >= 100_000_000;
        let mut ticks: Vec<(Length, String)> = Vec::new();
        for (piece, step) in self.pieces.iter().zip(steps) {
            if piece.kind == PieceKind::Cut || piece.right - piece.left < 100 {
                continue;
            }
            let first = piece.from.div_ceil(step).saturating_mul(step);
            let moments = (0..200).map(|count| first.saturating_add(step.saturating_mul(count)));
            for moment in moments.take_while(|moment| *moment < piece.to) {
                let place = self.at(moment);
                let is_apart = ticks.last().is_none_or(|(last, _)| place - last > 420);
                if is_apart && place <= self.right() {
                    ticks.push((place, moment_text(moment, step, in_seconds)));
                }
            }
        }
        (ticks, if in_seconds { "virtual time" } else { "virtual ms" })
    }
}

type Part = (u64, u64, PieceKind);

/// The span in parts, in order.
fn parts((from, to): (u64, u64), fine: Option<(u64, u64)>, cuts: &[(u64, u64)]) -> Vec<Part> {
    let fine = fine.map(|(begin, end)| (begin, end, PieceKind::Fine));
    let special = cuts.iter().map(|(begin, end)| (*begin, *end, PieceKind::Cut)).chain(fine);
    let mut special: Vec<Part> = special.filter(|part| part.0 < part.1).collect();
    special.sort_by_key(|part| part.0);
    let mut parts = Vec::new();
    let mut at = from;
    for (begin, end, kind) in special {
        let (begin, end) = (begin.max(at), end.min(to));
        if begin >= end {
            continue;
        }
        if begin > at {
            parts.push((at, begin, PieceKind::Usual));
        }
        parts.push((begin, end, kind));
        at = end;
    }
    if at < to {
        parts.push((at, to, PieceKind::Usual));
    }
    parts
}

/// The width of a part that does not depend on how long it lasts.
const fn fixed(kind: PieceKind, width: Length) -> Length {
    match kind {
        PieceKind::Usual => 0,
        PieceKind::Fine => width / 2,
        PieceKind::Cut => CUT_WIDTH,
    }
}

/// `part` of `whole`, as part of a length.
fn share(part: u64, whole: u64, length: Length) -> Length {
    let share = i128::from(part) * i128::from(length) / i128::from(whole.max(1));
    Length::try_from(share).expect("a part of a length is no longer than it")
}

/// The distance of ticks in a piece: 1, 2 or 5 times a power of ten.
fn step(piece: &Piece) -> u64 {
    let (span, width) = (piece.to - piece.from, (piece.right - piece.left).max(1));
    let apart = TICKS_APART.min(width / 4).max(420);
    let mut power = 1_000_u64;
    loop {
        for factor in [1, 2, 5] {
            let step = power.saturating_mul(factor);
            if share(step.min(span), span, width) >= apart || step >= span {
                return step;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// A moment at a tick: with as many digits as the distance of ticks asks for.
fn moment_text(moment: u64, step: u64, in_seconds: bool) -> String {
    let (unit, suffix) = if in_seconds { (1_000_000_000, " s") } else { (1_000_000, "") };
    let mut digits = 0;
    let mut shown = unit;
    while shown > step && digits < 6 {
        shown /= 10;
        digits += 1;
    }
    let whole = moment / unit;
    if digits == 0 {
        return format!("{whole}{suffix}");
    }
    let fraction = moment % unit / shown.max(1);
    format!("{whole}.{fraction:0digits$}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_span_is_drawn_evenly_unless_a_part_of_it_is_not() {
        let even = Scale::new((0, 100 * MS), (0, 1000), None, &[]);
        assert_eq!([0, 50, 100, 200].map(|at| even.at(at * MS)), [0, 500, 1000, 1000]);
        let fine = Some((10 * MS, 20 * MS));
        let uneven = Scale::new((0, 110 * MS), (0, 1000), fine, &[]);
        assert_eq!([0, 10, 20, 110].map(|at| uneven.at(at * MS)), [0, 50, 550, 1000]);
        assert_eq!(uneven.finer(), 10);
    }

    #[test]
    fn what_is_cut_out_has_the_same_width_however_long_it_lasts() {
        let cut = [(100 * MS, 9_100 * MS)];
        let scale = Scale::new((0, 9_200 * MS), (0, 8_260), None, &cut);
        assert_eq!((scale.at(100 * MS), scale.at(9_100 * MS)), (4_000, 4_260));
    }

    #[test]
    fn ticks_are_told_with_the_digits_that_they_need() {
        let (ticks, unit) = Scale::new((0, 8_250 * MS), (1_040, 9_320), None, &[]).ticks();
        let told: Vec<&str> = ticks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!((told[1], unit), ("1 s", "virtual time"));
        let (ticks, unit) = Scale::new((90 * MS, 92 * MS), (0, 8_000), None, &[]).ticks();
        assert_eq!((ticks[1].1.as_str(), unit), ("90.2", "virtual ms"));
    }

    #[test]
    fn a_span_of_no_length_has_a_place() {
        let scale = Scale::new((5, 5), (0, 1000), None, &[]);
        assert_eq!(scale.at(5), 0);
        assert!(scale.ticks().0.len() <= 1);
    }
}
