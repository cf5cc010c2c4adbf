//! Every event of a trace as one aligned line: what golden traces are made of.

use super::columns::padded;
use super::names::Names;
use super::words::in_words;
use crate::trace::{Entry, Trace, TraceEvent};
use std::fmt::Write;

/// One line an event: time, job, who, what. `numbered` puts in front the number by which messages and the JSON lines name it.
/// Events of single records are left out.
pub fn timeline(trace: &Trace, names: &Names, numbered: bool) -> String {
    let widths = names.widths();
    let entries = trace.entries.iter().filter(|entry| !is_of_record(&entry.event));
    let mut text = String::new();
    for entry in entries {
        if numbered {
            write!(text, "{:>6} ", entry.number).expect("a string takes everything");
        }
        text.push_str(&line(entry, names, widths));
        text.push('\n');
    }
    text
}

/// One event as a line, without its end.
#[cfg(feature = "cli")]
pub fn event_line(entry: &Entry, names: &Names) -> String {
    line(entry, names, names.widths())
}

fn line(entry: &Entry, names: &Names, (runs, tasks): (usize, usize)) -> String {
    let said = in_words(&entry.event, names);
    let run = said.run.map_or_else(String::new, |run| names.run(run));
    let (run, who) = (padded(&run, runs), padded(&said.who, tasks));
    format!("{:>12}  {run}  {who}  {}", entry.at.in_millis(), said.what)
}

const fn is_of_record(event: &TraceEvent) -> bool {
    event.is_of_record()
}
