//! Every event of a trace as one aligned line: what golden traces are made of.

use super::columns::padded;
#[cfg(feature = "cli")]
use super::jsonl::object;
use super::names::Names;
use super::words::in_words;
#[cfg(feature = "cli")]
use crate::kernel::SimTime;
#[cfg(feature = "cli")]
use crate::trace::KIND;
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

/// Which entries are told, of all.
#[cfg(feature = "cli")]
#[derive(Clone, Debug, Default)]
pub struct Only {
    /// Those in whose kind, as JSON lines spell it, one of these words is; all if there are none.
    pub kinds: Vec<String>,
    /// Those of these subtasks, operators or sinks, of the `coordinator`, the `job` or the `scenario`; all if there are none.
    pub who: Vec<String>,
    /// From this time on.
    pub from: Option<SimTime>,
    /// Up to this time.
    pub to: Option<SimTime>,
}

#[cfg(feature = "cli")]
impl Only {
    /// The entries of a trace that are told, in a trace of their own.
    pub fn of(&self, trace: &Trace, names: &Names) -> Trace {
        let mut part = Trace::default();
        let is_told = |entry: &&Entry| self.tells(entry, names);
        part.layouts = trace.layouts.clone();
        part.entries = trace.entries.iter().filter(is_told).cloned().collect();
        part
    }

    fn tells(&self, entry: &Entry, names: &Names) -> bool {
        let is_in_time = self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at <= to);
        let is_of = |given: &String, who: &str| {
            who == given || who.rsplit_once('/').is_some_and(|(operator, _)| operator == given)
        };
        let who = in_words(&entry.event, names).who;
        let is_theirs = self.who.is_empty() || self.who.iter().any(|given| is_of(given, &who));
        is_in_time && is_theirs && self.is_of_kind(entry, names)
    }

    fn is_of_kind(&self, entry: &Entry, names: &Names) -> bool {
        if self.kinds.is_empty() {
            return true;
        }
        let object = object(entry, names);
        let kind = object.get(KIND).and_then(serde_json::Value::as_str).unwrap_or_default();
        self.kinds.iter().any(|word| kind.contains(&**word))
    }
}

/// One event as a line, without its end.
#[cfg(feature = "cli")]
pub fn event_line(entry: &Entry, names: &Names) -> String {
    line(entry, names, names.widths())
}

pub(super) fn line(entry: &Entry, names: &Names, (runs, tasks): (usize, usize)) -> String {
    let said = in_words(&entry.event, names);
    let run = said.run.map_or_else(String::new, |run| names.run(run));
    let (run, who) = (padded(&run, runs), padded(&said.who, tasks));
    format!("{:>12}  {run}  {who}  {}", entry.at.in_millis(), said.what)
}

const fn is_of_record(event: &TraceEvent) -> bool {
    event.is_of_record()
}
