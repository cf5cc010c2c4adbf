//! What a test says of a story that does not hold.

use crate::render::{Names, Style, story, timeline};
use crate::scenario::Scenario;
use crate::search::Played;
use crate::trace::Trace;
use std::fmt::Write;

/// How many entries in front of a violation are shown, and how many behind it.
const BEFORE: u64 = 12;
const BEHIND: u64 = 2;
/// How many lines of a story are shown in which no entry is to blame.
const LAST: usize = 20;

/// What is broken, and what happened before.
pub(super) fn failure(name: &str, scenario: &Scenario, played: &Played) -> String {
    let why = played.why().unwrap_or_default();
    let mut text =
        format!("`{name}` under seed {} and Flink {}: {why}\n\n", played.seed, played.release);
    let sinks = played.outcome.externals.iter().map(|sink| sink.name.clone()).collect();
    let names = Names::new(&played.trace, scenario, sinks);
    let excused = |check| played.verdict.excuse(check).is_some();
    let violations = played.verdict.violations().filter(|violation| !excused(violation.check));
    let shown = match violations.min_by_key(|violation| violation.event) {
        Some(violation) => {
            let around = violation.event.saturating_sub(BEFORE)..=violation.event + BEHIND;
            let is_near = |number| around.contains(&number);
            let entries = played.trace.entries.iter();
            let near = entries.filter(|entry| is_near(entry.number.entry)).cloned().collect();
            let mut part = Trace::default();
            (part.entries, part.layouts) = (near, played.trace.layouts.clone());
            timeline(&part, &names, true)
        }
        None => {
            let all = story(&played.trace, &names, Style::PLAIN);
            let lines: Vec<&str> = all.lines().collect();
            lines[lines.len().saturating_sub(LAST)..].join("\n")
        }
    };
    for line in shown.lines() {
        writeln!(text, "  {line}").expect("a string takes everything");
    }
    text
}

/// The command that plays the same again, under this seed alone if there is one. The test harness names a thread after the
/// test that it runs.
pub(super) fn replay(seed: Option<u64>) -> String {
    let seed = seed.map_or_else(String::new, |seed| format!("SANDBAR_SEED={seed} "));
    let thread = std::thread::current();
    let test = thread.name().filter(|name| *name != "main");
    format!("{seed}cargo test {}", test.unwrap_or_default()).trim_end().to_owned()
}
