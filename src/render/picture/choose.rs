//! Which part of a run is drawn in full, if nobody says.

use super::model::{ArrowKind, Checkpoint, CheckpointEnd, Picture, PointKind, SpanKind};

/// A part of a run, and the checkpoint that it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Chosen {
    pub(super) from: u64,
    pub(super) to: u64,
    /// By its place in the picture.
    pub(super) checkpoint: Option<usize>,
}

/// The checkpoint of the first violation; else the last one before the first restore, up to the restart; else the first that
/// held a channel back; else the first. None if there is no checkpoint.
pub(super) fn usual(picture: &Picture) -> Option<Chosen> {
    if let Some(suspect) = picture.suspect {
        let mut chosen = whole(picture, suspect);
        let last = picture.steps.last().map_or(0, |step| step.at);
        chosen.to = chosen.to.max(last);
        return Some(widened(picture, chosen));
    }
    let restored = picture.restores.iter().find_map(|(of, at)| {
        let place = picture.checkpoints.iter().position(|checkpoint| checkpoint.of == *of)?;
        Some((place, *at))
    });
    if let Some((place, at)) = restored {
        let mut chosen = whole(picture, place);
        chosen.to = chosen.to.max(restart(picture, at));
        return Some(widened(picture, chosen));
    }
    let blocked = picture.spans.iter().filter(|span| span.kind == SpanKind::Blocked);
    let blocked: Vec<_> = blocked.filter_map(|span| span.checkpoint).collect();
    let first = |wanted: &dyn Fn(&Checkpoint) -> bool| picture.checkpoints.iter().position(wanted);
    let is_over = |checkpoint: &Checkpoint| checkpoint.end == CheckpointEnd::Completed;
    let place = first(&|checkpoint| is_over(checkpoint) && blocked.contains(&checkpoint.of))
        .or_else(|| first(&|checkpoint| is_over(checkpoint) && !checkpoint.cut.is_empty()))
        .or_else(|| first(&|_| true))?;
    Some(of_checkpoint(picture, place))
}

/// One checkpoint with what it brings about.
pub(super) fn of_checkpoint(picture: &Picture, place: usize) -> Chosen {
    widened(picture, whole(picture, place))
}

/// From the trigger of a checkpoint to the last of its notifications and commits that follow at once.
fn whole(picture: &Picture, place: usize) -> Chosen {
    let checkpoint = &picture.checkpoints[place];
    let (from, to) = (checkpoint.from, checkpoint.to);
    // Later ones are of a task that heard of it in another life.
    let soon = to.saturating_add((to - from) / 4);
    let follows = picture.points.iter().filter(|point| {
        let is_told = matches!(point.kind, PointKind::Notified | PointKind::Committed);
        is_told && point.checkpoint == Some(checkpoint.of) && point.at <= soon
    });
    let last = follows.map(|point| point.at).max().unwrap_or(to);
    Chosen { from, to: to.max(last), checkpoint: Some(place) }
}

/// When the tasks of an attempt that begins at this moment have their states, or until the next thing happens to the job.
fn restart(picture: &Picture, at: u64) -> u64 {
    let next = picture.points.iter().filter(|point| {
        matches!(point.kind, PointKind::Attempt | PointKind::Fault) && point.at > at
    });
    let next = next.map(|point| point.at).min().unwrap_or(picture.span.1);
    let restored = picture
        .points
        .iter()
        .filter(|point| point.kind == PointKind::Restored && (at..=next).contains(&point.at));
    restored.map(|point| point.at).max().unwrap_or(at)
}

/// With a margin of 8 % on both sides, within the run.
fn widened(picture: &Picture, chosen: Chosen) -> Chosen {
    let margin = (chosen.to - chosen.from).max(1_000_000) / 100 * 8;
    Chosen {
        from: chosen.from.saturating_sub(margin).max(picture.span.0.min(chosen.from)),
        to: chosen.to.saturating_add(margin).min(picture.span.1.max(chosen.to)),
        ..chosen
    }
}

/// The part of a span that is drawn finer: from the trigger to the last snapshot of a checkpoint of which that takes less than
/// 15 %.
pub(super) fn fine(picture: &Picture, chosen: &Chosen) -> Option<(u64, u64)> {
    let checkpoint = &picture.checkpoints[chosen.checkpoint?];
    let last = checkpoint.last_snapshot()?;
    let (drawing, whole) = (last.saturating_sub(checkpoint.from), checkpoint.to - checkpoint.from);
    let is_short = u128::from(drawing) * 100 < u128::from(whole) * 15;
    let margin = (drawing / 8).max(1_000);
    let from = checkpoint.from.saturating_sub(margin).max(chosen.from);
    (is_short && drawing > 0).then_some((from, last.saturating_add(margin).min(chosen.to)))
}

/// How many records are told one by one.
const RECORDS_MAX: usize = 400;

/// Whether the records of a span are told one by one; those that cross a cut always are.
pub(super) fn tells_records(picture: &Picture, span: (u64, u64)) -> bool {
    records(picture, span) <= RECORDS_MAX
}

/// How many records there are in a span, but for those that cross a cut.
pub(super) fn records(picture: &Picture, (from, to): (u64, u64)) -> usize {
    let arrows = picture.arrows.iter().filter(|arrow| {
        arrow.kind == ArrowKind::Record && arrow.from.1 <= to && arrow.to.1 >= from
    });
    let points = picture
        .points
        .iter()
        .filter(|point| point.kind == PointKind::Record && (from..=to).contains(&point.at));
    arrows.count() + points.count()
}

/// The stretches of a span in which nothing happens and that are longer than 14 % of it, but for those in the checkpoint that
/// it is about.
pub(super) fn idle(picture: &Picture, chosen: &Chosen) -> Vec<(u64, u64)> {
    let (from, to) = (chosen.from, chosen.to);
    let mut moments = vec![from, to];
    let with_records = tells_records(picture, (from, to));
    let points = picture.points.iter();
    let points = points.filter(|point| with_records || point.kind != PointKind::Record);
    moments.extend(points.map(|point| point.at));
    let arrows = picture.arrows.iter();
    let arrows = arrows.filter(|arrow| with_records || arrow.kind != ArrowKind::Record);
    moments.extend(arrows.flat_map(|arrow| [arrow.from.1, arrow.to.1]));
    moments.extend(picture.checkpoints.iter().flat_map(|one| [one.from, one.to]));
    moments.extend(picture.spans.iter().flat_map(|span| [span.from, span.to]));
    moments.retain(|moment| (from..=to).contains(moment));
    moments.sort_unstable();
    let about = chosen.checkpoint.map(|place| &picture.checkpoints[place]);
    let is_inside = |moment: u64| about.is_some_and(|one| (one.from..one.to).contains(&moment));
    let margin = (to - from) / 50;
    let gaps = moments.windows(2).map(|pair| (pair[0], pair[1]));
    let gaps = gaps.filter(|(begin, end)| {
        let is_long = u128::from(end - begin) * 100 > u128::from(to - from) * 14;
        is_long && !is_inside(*begin)
    });
    gaps.map(|(begin, end)| (begin + margin, end - margin)).collect()
}
