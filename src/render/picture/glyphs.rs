//! The marks as shapes. What they stand for is told by who draws them.

use super::scene::{Extent, Layer, Length, Pen, Place};

/// A diamond around a place.
fn diamond((x, y): Place, radius: Length) -> [Place; 4] {
    [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
}

/// A snapshot.
pub(super) fn snapshot(pen: &mut Pen<'_>, colour: &str, at: Place) {
    pen.form(Layer::Marks, &format!("snapshot {colour}"), &diamond(at, 60));
    pen.keep(Extent::around(at, 60));
}

/// A state that was restored.
pub(super) fn restored(pen: &mut Pen<'_>, colour: &str, at: Place) {
    pen.form(Layer::Marks, &format!("hollow {colour}"), &diamond(at, 60));
    pen.keep(Extent::around(at, 65));
}

/// A barrier, on its ground, with an arrowhead.
pub(super) fn barrier(pen: &mut Pen<'_>, class: &str, from: Place, to: Place) {
    let head = arrowhead(from, to, 70);
    pen.line(Layer::Flow, "ground", &[from, to]);
    pen.line(Layer::Flow, class, &[from, head.1]);
    pen.form(Layer::Flow, &format!("{class} head"), &head.0);
}

/// The corners of an arrowhead, and where its shaft ends.
fn arrowhead((x0, y0): Place, (x1, y1): Place, length: Length) -> ([Place; 3], Place) {
    let (across, down) = (x1 - x0, y1 - y0);
    let distance = root(across * across + down * down).max(1);
    let back = |part: Length, side: Length| {
        let x = x1 - across * part / distance - down * side / distance;
        (x, y1 - down * part / distance + across * side / distance)
    };
    ([(x1, y1), back(length, length / 2), back(length, -length / 2)], back(length * 7 / 10, 0))
}

/// The whole part of a square root.
fn root(square: Length) -> Length {
    square.isqrt()
}

/// A record, with a dot where it is received, if that is in the picture.
pub(super) fn record(pen: &mut Pen<'_>, class: &str, from: Place, to: Place, is_whole: bool) {
    pen.line(Layer::Flow, class, &[from, to]);
    if is_whole {
        pen.disc(Layer::Flow, &format!("{class} dot"), to, 17);
    }
}

/// A snapshot that is written, and durable in the end.
pub(super) fn upload(pen: &mut Pen<'_>, colour: &str, from: Place, to: Place) {
    pen.line(Layer::Life, &format!("upload {colour}"), &[from, to]);
    pen.disc(Layer::Marks, &format!("solid {colour}"), to, 32);
    pen.keep(Extent { left: from.0, top: from.1 - 25, right: to.0 + 30, bottom: from.1 + 30 });
}

/// Records in flight: so many boxes, from a place at the left of their middle on.
pub(super) fn boxes(pen: &mut Pen<'_>, class: &str, (x, y): Place, count: Length) {
    for place in 0..count {
        let left = x + place * 60;
        pen.rectangle(Layer::Marks, class, (left, y - 40), (left + 40, y + 40), 0);
    }
    pen.keep(Extent { left: x, top: y - 40, right: x + count * 60, bottom: y + 40 });
}

/// A task is notified.
pub(super) fn notified(pen: &mut Pen<'_>, colour: &str, (x, y): Place) {
    let corners = [(x - 35, y - 50), (x + 35, y - 50), (x, y + 5)];
    pen.form(Layer::Marks, &format!("notified {colour}"), &corners);
}

/// A flag, whose pole stands on a place.
pub(super) fn flag(pen: &mut Pen<'_>, class: &str, (x, y): Place) {
    let top = y - 160;
    let corners =
        [(x, y), (x, top), (x + 110, top), (x + 80, top + 35), (x + 110, top + 70), (x, top + 70)];
    pen.form(Layer::Marks, class, &corners);
    pen.keep(Extent { left: x - 5, top, right: x + 110, bottom: y });
}

/// A cross.
pub(super) fn cross(pen: &mut Pen<'_>, class: &str, (x, y): Place, radius: Length) {
    let lines = vec![
        vec![(x - radius, y - radius), (x + radius, y + radius)],
        vec![(x - radius, y + radius), (x + radius, y - radius)],
    ];
    pen.lines(Layer::Marks, class, lines);
    pen.keep(Extent::around((x, y), radius));
}

/// A fault: a cross on its ground.
pub(super) fn fault(pen: &mut Pen<'_>, at: Place) {
    cross(pen, "fault-ground", at, 70);
    cross(pen, "fault", at, 60);
}

/// A savepoint, around a place.
pub(super) fn bookmark(pen: &mut Pen<'_>, class: &str, (x, y): Place) {
    let corners =
        [(x - 45, y - 70), (x + 45, y - 70), (x + 45, y + 70), (x, y + 35), (x - 45, y + 70)];
    pen.form(Layer::Marks, class, &corners);
    pen.keep(Extent::around((x, y), 70));
}

/// A step of the story, its point at a place.
pub(super) fn story(pen: &mut Pen<'_>, (x, y): Place) {
    pen.form(Layer::Marks, "story", &[(x - 40, y - 70), (x + 40, y - 70), (x, y)]);
    pen.keep(Extent { left: x - 40, top: y - 70, right: x + 40, bottom: y });
}

/// The cut of a checkpoint in one row: from its first snapshot to its last.
pub(super) fn ribbon(pen: &mut Pen<'_>, colour: &str, top_left: Place, bottom_right: Place) {
    pen.rectangle(Layer::Marks, &format!("ribbon {colour}"), top_left, bottom_right, 0);
}

/// What became of a checkpoint, in a disc: a tick or a cross.
pub(super) fn ending(pen: &mut Pen<'_>, colour: &str, (x, y): Place, is_completed: bool) {
    if is_completed {
        pen.disc(Layer::Marks, &format!("solid {colour}"), (x, y), 75);
        pen.line(Layer::Marks, "tick", &[(x - 35, y), (x - 8, y + 30), (x + 38, y - 28)]);
    } else {
        pen.disc(Layer::Marks, &format!("hollow thin {colour}"), (x, y), 68);
        let lines = vec![
            vec![(x - 25, y - 25), (x + 25, y + 25)],
            vec![(x - 25, y + 25), (x + 25, y - 25)],
        ];
        pen.lines(Layer::Marks, &format!("thin-cross {colour}"), lines);
    }
    pen.keep(Extent::around((x, y), 75));
}

/// A smooth way down through places, upright at each of them.
pub(super) fn way_down(places: &[Place]) -> Vec<Place> {
    let mut curve: Vec<Place> = places.first().copied().into_iter().collect();
    for pair in places.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let middle = i64::midpoint(from.1, to.1);
        curve.extend([(from.0, middle), (to.0, middle), to]);
    }
    curve
}
