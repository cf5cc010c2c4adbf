//! Every event of a trace as one aligned line: what golden traces are made of.

use super::names::Names;
use super::words::{clock, in_words};
use crate::trace::{Entry, Trace, TraceEvent};
use std::fmt::Write;

/// One line an event: time, job, who, what. `causes` puts each entry's number and that of its cause in front. Events of
/// single records are left out.
pub fn timeline(trace: &Trace, names: &Names, causes: bool) -> String {
    let widths = names.widths();
    let entries = trace.entries.iter().filter(|entry| !is_of_record(&entry.event));
    let mut text = String::new();
    for entry in entries {
        text.push_str(&line(entry, names, widths, causes));
        text.push('\n');
    }
    text
}

/// One event as a line, without its end.
#[cfg(feature = "cli")]
pub fn event_line(entry: &Entry, names: &Names) -> String {
    line(entry, names, names.widths(), false)
}

fn line(entry: &Entry, names: &Names, (runs, tasks): (usize, usize), causes: bool) -> String {
    let said = in_words(&entry.event, names);
    let run = said.run.map_or_else(String::new, |run| names.run(run));
    let mut line = String::new();
    let time = clock(entry.at);
    let (who, what) = (said.who, said.what);
    let written = if causes {
        let cause = entry.cause.map_or_else(|| "-".to_owned(), |cause| cause.to_string());
        write!(
            line,
            "{:>6} {cause:>6}  {time:>14}  {run:runs$}  {who:tasks$}  {what}",
            entry.number
        )
    } else {
        write!(line, "{time:>14}  {run:runs$}  {who:tasks$}  {what}")
    };
    written.expect("a string takes everything");
    line
}

const fn is_of_record(event: &TraceEvent) -> bool {
    event.is_of_record()
}
