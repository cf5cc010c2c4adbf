//! Where two runs part, and what followed.

use crate::render::jsonl::object;
use crate::render::names::Names;
use crate::trace::{Entry, KIND, Trace};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many entries are told on each side from where two runs part.
const FOLLOWING: usize = 12;
/// Fields that name an entry or put it into words: two entries may say the same without them.
const WORDS: [&str; 6] = ["number", "cause", "schema", "ns", "who", "job"];

/// An entry of a trace, of a run or of a file.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct TraceLine {
    number: String,
    nanoseconds: u64,
    who: String,
    text: String,
    facts: Map<String, Value>,
}

impl TraceLine {
    fn of(mut object: Map<String, Value>) -> Option<Self> {
        let nanoseconds = object.get("ns")?.as_u64()?;
        let word = |name: &str| match object.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let (number, job, who, text) = (word("number"), word("job"), word("who"), word("text"));
        let who = format!("{job}  {who}").trim().to_owned();
        object.retain(|name, _| !WORDS.contains(&&**name) && name != "text");
        Some(Self { number, nanoseconds, who, text, facts: object })
    }

    fn shown(&self, mark: char) -> String {
        let at = crate::kernel::SimTime::from_nanos(self.nanoseconds).in_millis();
        format!("{mark}{:>8} {at:>12}  {}  {}\n", self.number, self.who, self.text)
    }
}

/// The entries of a trace that are not of records.
pub fn lines_of(trace: &Trace, names: &Names) -> Vec<TraceLine> {
    let entries = trace.entries.iter().filter(|entry: &&Entry| !entry.event.is_of_record());
    entries.filter_map(|entry| TraceLine::of(object(entry, names))).collect()
}

/// The entries in a file of JSON lines that a run has written.
///
/// # Errors
///
/// The number of the first line that is no entry of a trace, from 1, and why.
pub fn lines_of_file(text: &str) -> Result<Vec<TraceLine>, (usize, String)> {
    let mut lines = Vec::new();
    for (place, line) in (1..).zip(text.lines()) {
        let value: Value =
            serde_json::from_str(line).map_err(|error| (place, error.to_string()))?;
        let Value::Object(object) = value else {
            return Err((place, "it is no object".to_owned()));
        };
        let is_entry = object.contains_key("number");
        if !is_entry && object.contains_key(KIND) {
            continue; // the first and the last line tell of the whole
        }
        let line = TraceLine::of(object);
        lines.push(line.ok_or_else(|| (place, "it has no `number`, `ns` or `event`".to_owned()))?);
    }
    Ok(lines)
}

/// The last entry that both have, where they part and what follows on each side; then, whatever the times were, what each of
/// those who did something else did first. `called` names the two sides.
pub fn difference(one: &[TraceLine], other: &[TraceLine], called: [&str; 2]) -> Option<String> {
    let is_same = |(one, other): &(&TraceLine, &TraceLine)| {
        (one.nanoseconds, &one.facts) == (other.nanoseconds, &other.facts)
    };
    let same = one.iter().zip(other).take_while(is_same).count();
    if same == one.len() && same == other.len() {
        return None;
    }
    let mut text = format!("the same for {same} entries\n");
    text.extend(same.checked_sub(1).map(|place| one[place].shown(' ')));
    for (side, called) in [one, other].into_iter().zip(called) {
        text.push_str(&format!("\n{called}\n"));
        let behind = &side[same..];
        for (place, line) in behind.iter().take(FOLLOWING).enumerate() {
            text.push_str(&line.shown(if place == 0 { '!' } else { ' ' }));
        }
        match behind.len() {
            0 => text.push_str("  it was over\n"),
            more if more > FOLLOWING => {
                text.push_str(&format!("  … and {} more\n", more - FOLLOWING));
            }
            _ => {}
        }
    }
    text.push_str(&whatever_the_times(one, other, called));
    Some(text)
}

/// What each did, in order, without times: the first that differs, of everybody who did something else.
fn whatever_the_times(one: &[TraceLine], other: &[TraceLine], called: [&str; 2]) -> String {
    let [one, other] = [one, other].map(by_doer);
    let mut parted: Vec<(u64, String)> = Vec::new();
    for who in one.keys().chain(other.keys().filter(|who| !one.contains_key(*who))) {
        let sides = [&one, &other].map(|side| side.get(who).map_or(&[][..], Vec::as_slice));
        let is_same = |(one, other): &(&&TraceLine, &&TraceLine)| one.text == other.text;
        let same = sides[0].iter().zip(sides[1]).take_while(is_same).count();
        let first = sides.map(|side| side.get(same));
        let at = first.iter().flatten().map(|line| line.nanoseconds).min();
        let Some(at) = at else { continue };
        let told = first.map(|line| {
            line.map_or_else(
                || "nothing more".to_owned(),
                |line| format!("#{} {}", line.number, line.text),
            )
        });
        let text = format!(
            "  {who}, after {same} the same\n    {}: {}\n    {}: {}\n",
            called[0], told[0], called[1], told[1]
        );
        parted.push((at, text));
    }
    parted.sort();
    if parted.is_empty() {
        return "\nwhatever the times were, everybody did the same in the same order\n".to_owned();
    }
    let left_out = parted.len().saturating_sub(FOLLOWING);
    let mut text =
        "\nwhatever the times were, what each did first that the other did not\n".to_owned();
    text.extend(parted.into_iter().take(FOLLOWING).map(|(_, told)| told));
    if left_out > 0 {
        text.push_str(&format!("  … and {left_out} others\n"));
    }
    text
}

fn by_doer(lines: &[TraceLine]) -> BTreeMap<&str, Vec<&TraceLine>> {
    let mut doers: BTreeMap<&str, Vec<&TraceLine>> = BTreeMap::new();
    for line in lines {
        doers.entry(&line.who).or_default().push(line);
    }
    doers
}
