//! The picture in sentences: for those who do not see it, and for those who rather read.

use super::model::{
    Checkpoint, CheckpointEnd, LaneKind, Picture, Point, PointKind, Span, SpanKind, Undone,
};

/// How many sentences are told at most; of more the middle is left out.
const SENTENCES_MAX: usize = 160;
/// How many subtasks of a cut are told one by one.
const SUBTASKS_MAX: usize = 12;

/// What the picture is of, and what the checks said.
pub(super) fn head(picture: &Picture) -> Vec<String> {
    let (from, to) = picture.span;
    let tasks = picture.lanes.iter().filter(|lane| lane.kind == LaneKind::Task).count();
    let externals = picture.lanes.iter().filter(|lane| lane.kind == LaneKind::External);
    let externals: Vec<&str> = externals.map(|lane| lane.label.as_str()).collect();
    let mut lanes = vec!["coordinator".to_owned(), counted(tasks, "subtask")];
    lanes.extend(externals.iter().map(|name| (*name).to_owned()));
    let broken = picture.verdict.iter().filter(|(_, held)| !held).map(|(name, _)| name.as_str());
    let broken: Vec<&str> = broken.collect();
    let verdict = match (picture.verdict.len(), broken.as_slice()) {
        (0, _) => String::new(),
        (count, []) => format!("All {count} checks hold."),
        (_, broken) => format!("Broken: {}.", broken.join(", ")),
    };
    let mut sentences = vec![
        format!("{}: {} to {} of virtual time.", picture.title, millis(from), millis(to)),
        format!("Lanes: {}.", lanes.join(", ")),
    ];
    sentences.extend((!verdict.is_empty()).then_some(verdict));
    for step in &picture.steps {
        let entry =
            step.entries.first().map_or_else(String::new, |entry| format!(" (entry {entry})"));
        sentences.push(format!(
            "Cause {}, at {}{entry}: {}.",
            step.letter,
            millis(step.at),
            step.text
        ));
    }
    sentences
}

/// Something that has a sentence of its own.
#[derive(Clone, Copy)]
enum Told<'p> {
    Checkpoint(&'p Checkpoint),
    Point(&'p Point),
    Zombie(&'p Span),
    Undone(&'p Undone),
}

/// What happens in a span, in order.
pub(super) fn of_span(picture: &Picture, (from, to): (u64, u64)) -> Vec<String> {
    let checkpoints = picture.checkpoints.iter().map(|one| (one.from, 0, Told::Checkpoint(one)));
    let points = picture.points.iter().filter(|point| of_point(point).is_some());
    let points = points.map(|point| (point.at, 1, Told::Point(point)));
    let zombies = picture.spans.iter().filter(|span| span.kind == SpanKind::Zombie);
    let zombies = zombies.map(|span| (span.to, 2, Told::Zombie(span)));
    let undone = picture.undone.iter().map(|undone| (undone.until, 3, Told::Undone(undone)));
    let all = checkpoints.chain(points).chain(zombies).chain(undone);
    let mut told: Vec<(u64, u8, Told<'_>)> =
        all.filter(|(at, ..)| (from..=to).contains(at)).collect();
    told.sort_by_key(|(at, order, _)| (*at, *order));
    let sentence = |(_, _, told): &(u64, u8, Told<'_>)| sentence(picture, *told);
    if told.len() <= SENTENCES_MAX {
        return told.iter().map(sentence).collect();
    }
    let half = SENTENCES_MAX / 2;
    let left_out = format!("{} sentences are left out here.", told.len() - 2 * half);
    let (first, last) = (&told[..half], &told[told.len() - half..]);
    first.iter().map(sentence).chain([left_out]).chain(last.iter().map(sentence)).collect()
}

fn sentence(picture: &Picture, told: Told<'_>) -> String {
    match told {
        Told::Checkpoint(checkpoint) => of_checkpoint(picture, checkpoint),
        Told::Point(point) => of_point(point).unwrap_or_default(),
        Told::Zombie(span) => {
            let lane = &picture.lanes[span.lane].label;
            format!("Until {}: {} of {lane}.", millis(span.to), span.text)
        }
        Told::Undone(undone) => format!(
            "What was done from the cut of {} to {} is done again.",
            picture.checkpoints[undone.checkpoint].name(),
            millis(undone.until)
        ),
    }
}

/// The whole picture as sentences, a line each.
pub fn text(scene: &super::page::Scene) -> String {
    scene.sentences.iter().map(|sentence| format!("{sentence}\n")).collect()
}

fn of_checkpoint(picture: &Picture, checkpoint: &Checkpoint) -> String {
    let name = checkpoint.name();
    let name = name.replacen(['s', 'c'], if checkpoint.is_savepoint { "S" } else { "C" }, 1);
    let mut text = format!("{name} is triggered at {}.", millis(checkpoint.from));
    let lane = |place: usize| picture.lanes[place].label.as_str();
    match checkpoint.cut.as_slice() {
        [] => {}
        cut if cut.len() <= SUBTASKS_MAX => {
            let cut: Vec<String> = cut
                .iter()
                .map(|(place, at, _)| format!("{} {}", lane(*place), millis(*at)))
                .collect();
            text.push_str(&format!(" Its cut: {}.", cut.join(", ")));
        }
        cut => {
            let moments = || cut.iter().map(|(_, at, _)| *at);
            let (first, last) = (moments().min().unwrap_or(0), moments().max().unwrap_or(0));
            let count = counted(cut.len(), "subtask");
            text.push_str(&format!(
                " Its cut: {count} from {} to {}.",
                millis(first),
                millis(last)
            ));
        }
    }
    let blocked = picture
        .spans
        .iter()
        .filter(|span| span.kind == SpanKind::Blocked && span.checkpoint == Some(checkpoint.of));
    let blocked: Vec<String> = blocked
        .take(SUBTASKS_MAX)
        .map(|span| {
            format!(
                "{} holds {} back for {}",
                lane(span.lane),
                span.text,
                lasting(span.to - span.from)
            )
        })
        .collect();
    if !blocked.is_empty() {
        text.push_str(&format!(" {}.", blocked.join("; ")));
    }
    if checkpoint.saved > 0 {
        text.push_str(&format!(" {} records in flight are saved.", checkpoint.saved));
    }
    if let Some((last, ..)) = checkpoint.acks.last() {
        text.push_str(&format!(" The last ack is that of {}.", lane(*last)));
    }
    match &checkpoint.end {
        CheckpointEnd::Completed => {
            text.push_str(&format!(" It completes at {}.", millis(checkpoint.to)));
        }
        CheckpointEnd::Aborted(why) => {
            text.push_str(&format!(" It is aborted at {}: {why}.", millis(checkpoint.to)));
        }
        CheckpointEnd::Pending => {
            let until = millis(checkpoint.to);
            text.push_str(&format!(" It is pending at {until}, and nothing more is told of it."));
        }
    }
    text
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are told with their checkpoints")]
fn of_point(point: &Point) -> Option<String> {
    let at = millis(point.at);
    match point.kind {
        PointKind::Story => Some(format!("At {at} the story says: {}.", point.text)),
        PointKind::Attempt => Some(format!("At {at} the job starts, {}.", point.text)),
        PointKind::Fault | PointKind::Noted | PointKind::Committed | PointKind::PutBack => {
            Some(format!("At {at}: {}.", point.text))
        }
        PointKind::Violation => Some(format!("At {at} a check is broken, {}.", point.text)),
        _ => None,
    }
}

/// A moment, in milliseconds with one digit.
pub(super) fn millis(nanos: u64) -> String {
    format!("{}.{} ms", nanos / 1_000_000, nanos / 100_000 % 10)
}

/// How long something lasts, in the unit that suits it.
pub(super) fn lasting(nanos: u64) -> String {
    match nanos {
        0..1_000_000 => format!("{} us", nanos / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} ms", nanos / 1_000_000, nanos / 100_000 % 10),
        _ => format!("{}.{} s", nanos / 1_000_000_000, nanos / 100_000_000 % 10),
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
