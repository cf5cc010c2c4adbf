//! The legend: a sample of each mark that occurs, and of no other.

use super::glyphs;
use super::lettering::Lettering;
use super::scene::{Anchor, Layer, Length, Pen, Place, Sheet};

/// The distance of lines of the legend.
const PITCH: Length = 200;

/// How wide the sample of a line is.
const LINE: Length = 240;

/// A kind of mark, in the order in which the legend tells them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Mark {
    Ribbon,
    Band,
    Barrier,
    Record,
    Crossing,
    WrongSide,
    Blocked,
    Aligning,
    Snapshot,
    Upload,
    Saved,
    PutBack,
    Restored,
    Trigger,
    Ack,
    StrayAck,
    Notified,
    Prepared,
    Open,
    Committed,
    CommittedNothing,
    Aborted,
    Savepoint,
    Undone,
    Fault,
    Deploying,
    Zombie,
    Story,
    Violation,
    Waits,
    Drawn,
    Writes,
    Acking,
    Last,
}

impl Mark {
    /// What the legend says of it.
    const fn words(self) -> &'static str {
        match self {
            Self::Ribbon => "a cut, from its first to its last subtask",
            Self::Band => "running; the height is the share of subtasks",
            Self::Barrier => "barrier",
            Self::Record => "record",
            Self::Crossing => "record that crosses the cut",
            Self::WrongSide => "record on the wrong side of the cut",
            Self::Blocked => "channel held back",
            Self::Aligning => "channels held back",
            Self::Snapshot => "snapshot (the cut goes through it)",
            Self::Upload => "being written, durable",
            Self::Saved => "records in flight, saved",
            Self::PutBack => "and put back",
            Self::Restored => "state restored",
            Self::Trigger => "trigger",
            Self::Ack => "ack",
            Self::StrayAck => "ack that was not counted",
            Self::Notified => "notified",
            Self::Prepared => "transaction prepared",
            Self::Open => "open",
            Self::Committed => "rows committed",
            Self::CommittedNothing => "no rows",
            Self::Aborted => "aborted",
            Self::Savepoint => "savepoint",
            Self::Undone => "done again after the restart",
            Self::Fault => "fault",
            Self::Deploying => "being deployed",
            Self::Zombie => "an attempt that is over and goes on",
            Self::Story => "step of the story",
            Self::Violation => "a check is broken",
            Self::Waits => "waits for its first barrier",
            Self::Drawn => "snapshot",
            Self::Writes => "is written",
            Self::Acking => "ack on its way",
            Self::Last => "the last to ack",
        }
    }

    /// How wide its sample is.
    const fn width(self) -> Length {
        match self {
            Self::Band
            | Self::Barrier
            | Self::Record
            | Self::Crossing
            | Self::WrongSide
            | Self::Trigger
            | Self::Ack
            | Self::StrayAck
            | Self::Blocked
            | Self::Aligning
            | Self::Upload
            | Self::Prepared
            | Self::Open
            | Self::Undone
            | Self::Deploying
            | Self::Zombie
            | Self::Waits
            | Self::Writes
            | Self::Acking
            | Self::Last => LINE,
            Self::Ribbon
            | Self::Snapshot
            | Self::Saved
            | Self::PutBack
            | Self::Restored
            | Self::Notified
            | Self::Committed
            | Self::CommittedNothing
            | Self::Aborted
            | Self::Savepoint
            | Self::Fault
            | Self::Story
            | Self::Drawn
            | Self::Violation => 130,
        }
    }
}

/// Draws the legend from a place on, up to a right edge, and returns where it ends. `colour` is a class that occurs.
pub(super) fn draw(sheet: &mut Sheet, (left, top): Place, right: Length, colour: &str) -> Length {
    let marks: Vec<Mark> = sheet.marks.iter().copied().collect();
    let (mut x, mut y) = (left, top);
    for mark in marks {
        let words = mark.words();
        let width = mark.width() + 60 + Lettering::PLAIN.width(words);
        if x > left && x + width > right {
            (x, y) = (left, y + PITCH);
        }
        sample(sheet, mark, (x, y), colour);
        sheet.plain().text("", (x + mark.width() + 60, y + 40), Anchor::Start, words);
        x += width + 200;
    }
    y
}

/// One sample, from a place at the left of its middle on.
fn sample(sheet: &mut Sheet, mark: Mark, (x, y): Place, colour: &str) {
    let (end, middle) = ((x + mark.width(), y), (x + mark.width() / 2, y));
    let of = |class: &str| format!("{class} {colour}");
    let mut pen = sheet.plain();
    let (life, marks) = (Layer::Life, Layer::Marks);
    let low = (x, y - 45);
    let high = (end.0, y + 45);
    match mark {
        Mark::Trigger => slanting(&mut pen, &of("trigger"), (x, y), 30),
        Mark::Ack => slanting(&mut pen, &of("ack"), (x, y), -30),
        Mark::StrayAck => slanting(&mut pen, &of("stray"), (x, y), -30),
        Mark::Deploying => slanting(&mut pen, "deploying", (x, y), 0),
        Mark::Zombie => slanting(&mut pen, "zombie", (x, y), 0),
        Mark::Waits => slanting(&mut pen, "waits", (x, y), 0),
        Mark::Acking => slanting(&mut pen, &of("acking"), (x, y), 0),
        Mark::Ribbon => glyphs::ribbon(&mut pen, colour, (x + 40, y - 70), (x + 75, y + 70)),
        Mark::Band => {
            pen.rectangle(life, "band", (x, y - 50), (end.0, y + 50), 0);
        }
        Mark::Barrier => glyphs::barrier(&mut pen, &of("barrier"), (x, y - 40), (end.0, y + 40)),
        Mark::Record => glyphs::record(&mut pen, "record", (x, y - 40), (end.0, y + 40), true),
        Mark::Crossing => {
            glyphs::record(&mut pen, &of("crossing"), (x, y - 40), (end.0, y + 40), true)
        }
        Mark::WrongSide => {
            glyphs::record(&mut pen, "crossing x", (x, y - 40), (end.0, y + 40), true)
        }
        Mark::Blocked | Mark::Prepared => {
            pen.rectangle(life, &of("hatched"), low, high, 0);
        }
        Mark::Aligning => {
            pen.rectangle(life, &of("aligning"), (x, y - 25), (end.0, y + 25), 0);
        }
        Mark::Open => {
            pen.rectangle(life, "open", low, high, 0);
        }
        Mark::Undone => {
            pen.rectangle(life, "undone", (x, y - 60), (end.0, y + 60), 0);
        }
        Mark::Snapshot => glyphs::snapshot(&mut pen, colour, middle),
        Mark::Restored => glyphs::restored(&mut pen, colour, middle),
        Mark::Upload => glyphs::upload(&mut pen, colour, (x, y), (end.0 - 20, y)),
        Mark::Saved => glyphs::boxes(&mut pen, &of("saved"), (x + 20, y), 2),
        Mark::PutBack => glyphs::boxes(&mut pen, &of("put-back"), (x + 20, y), 2),
        Mark::Notified => glyphs::notified(&mut pen, colour, middle),
        Mark::Committed => glyphs::flag(&mut pen, &of("flag"), (x + 30, y + 70)),
        Mark::CommittedNothing => glyphs::flag(&mut pen, &of("flag none"), (x + 30, y + 70)),
        Mark::Aborted => glyphs::cross(&mut pen, "small-cross", middle, 40),
        Mark::Savepoint => glyphs::bookmark(&mut pen, &of("solid"), middle),
        Mark::Fault => glyphs::fault(&mut pen, middle),
        Mark::Drawn => {
            pen.line(marks, "drawn", &[(middle.0, y - 50), (middle.0, y + 50)]);
        }
        Mark::Writes => {
            pen.rectangle(life, &of("writes"), low, high, 0);
        }
        Mark::Story => glyphs::story(&mut pen, (middle.0, y + 35)),
        Mark::Violation => glyphs::cross(&mut pen, "violation", middle, 50),
        Mark::Last => {
            pen.rectangle(marks, "outlined", (x, y - 50), (end.0, y + 50), 30);
        }
    }
}

/// A line as long as samples of lines are, that goes down by twice so much.
fn slanting(pen: &mut Pen<'_>, class: &str, (x, y): Place, down: Length) {
    pen.line(Layer::Flow, class, &[(x, y - down), (x + LINE, y + down)]);
}
