//! One checkpoint as a sequence diagram in the language of Mermaid, which many pages show.

use super::model::{ArrowKind, CheckpointEnd, Picture, PointKind, SpanKind};
use super::page::{Options, PictureError, chosen_by};
use std::collections::BTreeSet;

/// One checkpoint: who tells whom what, in order.
///
/// # Errors
///
/// There is no checkpoint, or not the one that was asked for.
pub fn mermaid(picture: &Picture, options: &Options) -> Result<String, PictureError> {
    let place = chosen_by(picture, options)?.and_then(|chosen| chosen.checkpoint);
    let place = place.ok_or(PictureError::NoCheckpoints)?;
    let checkpoint = &picture.checkpoints[place];
    let mut told: Vec<(u64, u8, String)> = Vec::new();
    let mut lanes: BTreeSet<usize> = BTreeSet::from([0]);
    let id = checkpoint.of.id;
    let own = picture.arrows.iter().filter(|arrow| arrow.checkpoint == Some(checkpoint.of));
    for arrow in own {
        let (from, to) = (name(arrow.from.0), name(arrow.to.0));
        let words = match arrow.kind {
            ArrowKind::Trigger => format!("{from}-){to}: trigger {id}"),
            ArrowKind::Barrier | ArrowKind::LastBarrier => {
                let is_held = picture.spans.iter().any(|span| {
                    span.kind == SpanKind::Blocked
                        && span.lane == arrow.to.0
                        && span.entries.first() == arrow.entries.last()
                });
                let wait = if is_held { ", wait" } else { "" };
                format!("{from}-){to}: barrier {id}{wait}")
            }
            ArrowKind::Ack => format!("{from}--){to}: ack {id}"),
            ArrowKind::StrayAck => format!("{from}--x{to}: ack {id}, not counted"),
            ArrowKind::Notify => format!("{from}-){to}: {id} completed"),
            ArrowKind::Record | ArrowKind::Crossing | ArrowKind::WrongSide | ArrowKind::PutBack => {
                continue;
            }
        };
        lanes.extend([arrow.from.0, arrow.to.0]);
        told.push((arrow.to.1, 0, words));
    }
    for (lane, at, _) in &checkpoint.cut {
        lanes.insert(*lane);
        told.push((*at, 1, format!("Note over {}: snapshot {id}", name(*lane))));
    }
    let commits = picture.points.iter().filter(|point| {
        point.kind == PointKind::Committed && point.checkpoint == Some(checkpoint.of)
    });
    for commit in commits {
        lanes.insert(commit.lane);
        told.push((
            commit.at,
            3,
            format!("Note over {}: {}", name(commit.lane), plain(&commit.text)),
        ));
    }
    let end = match &checkpoint.end {
        CheckpointEnd::Completed => Some("completed".to_owned()),
        CheckpointEnd::Aborted(why) => Some(format!("aborted, {}", plain(why))),
        CheckpointEnd::Pending => None,
    };
    told.extend(end.map(|end| (checkpoint.to, 2, format!("Note over jm: {id} {end}"))));
    told.sort_by_key(|(at, order, _)| (*at, *order));
    let mut text = String::from("sequenceDiagram\n");
    for lane in lanes {
        let label = plain(&picture.lanes[lane].label);
        text.push_str(&format!("    participant {} as {label}\n", name(lane)));
    }
    for (_, _, line) in told {
        text.push_str(&format!("    {line}\n"));
    }
    Ok(text)
}

/// The name of a lane in the diagram: `jm`, `t0`.
fn name(lane: usize) -> String {
    lane.checked_sub(1).map_or_else(|| "jm".to_owned(), |lane| format!("t{lane}"))
}

/// Text without the letters that mean something to Mermaid.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if ";#:%\n".contains(letter) { ' ' } else { letter }).collect()
}
