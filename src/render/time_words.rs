//! Event time in words: watermarks, timers, and what came too late.

use super::names::Names;
use crate::job::{TaskId, WatermarkStatus};
use crate::trace::TraceEvent;

/// Whom an event of time happened to, and what it was.
#[expect(clippy::wildcard_enum_match_arm, reason = "`in_words` deals the events out")]
pub(super) fn time_words<'e>(event: &'e TraceEvent, names: &Names) -> (&'e TaskId, String) {
    match event {
        TraceEvent::WatermarkEmitted { task, watermark, .. } => {
            (task, format!("watermark {watermark}"))
        }
        TraceEvent::WatermarkStatusChanged { task, status, .. } => (
            task,
            match status {
                WatermarkStatus::Idle => "is idle: nobody waits for its watermarks".to_owned(),
                WatermarkStatus::Active => "tells watermarks again".to_owned(),
            },
        ),
        TraceEvent::TimersFired { task, operator, watermark, timers, .. } => {
            let name = names.operator_of(*task, *operator);
            let why = watermark.map_or_else(String::new, |time| format!(" at watermark {time}"));
            let timers =
                if *timers == 1 { "1 timer".to_owned() } else { format!("{timers} timers") };
            (task, format!("{timers} of {name} fired{why}"))
        }
        TraceEvent::LateDropped { task, operator, timestamp, watermark, origin, .. } => {
            let name = names.operator_of(*task, *operator);
            let place = format!(
                "{}[{}]#{}",
                names.input(usize::from(origin.input)),
                origin.partition,
                origin.offset
            );
            (
                task,
                format!(
                    "{name} gives up {place} of {timestamp}: too late at watermark {watermark}"
                ),
            )
        }
        other => unreachable!("{other:?} is not an event of time"),
    }
}
