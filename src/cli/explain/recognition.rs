//! How a message is known again in what somebody copies out of a log: by its words, with holes for ids, names, paths and numbers.

use super::table::{Message, Table};
use crate::search::folded_words;
use std::ops::Range;

/// How many words may stand in a hole: the class of a serializer has nine, a path of object storage with all its folders forty.
const HOLE_MAX: usize = 60;
/// What stands for a hole.
const HOLE: char = '…';
/// How few words are no part of a message yet.
const PART_MIN: usize = 3;
/// How many messages are told that are near to one that is unknown, and how much of their words, in percent, they share with it.
const NEAREST_MAX: usize = 3;
const NEAREST_PERCENT: usize = 50;

/// Every message that the text holds, the innermost cause first. Where several fit the same words, the one with the most of its own.
pub(super) fn recognized<'t>(table: &'t Table, text: &str) -> Vec<&'t Message> {
    let patterns: Vec<Pattern<'_>> = table.messages().flat_map(Pattern::of_message).collect();
    let mut known: Vec<&Message> = Vec::new();
    for cause in causes(text).iter().rev() {
        for message in in_one_cause(&patterns, cause) {
            if !known.iter().any(|other| std::ptr::eq(*other, message)) {
                known.push(message);
            }
        }
    }
    if known.is_empty() { holding(&patterns, text) } else { known }
}

/// The messages of which the most words are in a text that holds none of them as a whole.
pub(super) fn nearest<'t>(table: &'t Table, text: &str) -> Vec<&'t Message> {
    let words: Vec<String> = folded_words(text).collect();
    let share = |pattern: &Pattern<'_>| {
        let own = pattern.runs.iter().flatten();
        let shared = own.filter(|word| words.contains(word)).count();
        shared * 100 / pattern.length.max(PART_MIN)
    };
    let of_message = |message: &'t Message| {
        let shares = Pattern::of_message(message).map(|pattern| share(&pattern));
        (shares.max().unwrap_or(0), message)
    };
    let mut near: Vec<(usize, &Message)> = table.messages().map(of_message).collect();
    near.retain(|(share, _)| *share >= NEAREST_PERCENT);
    // The sort is stable, so that equal ones stay in the order of the table.
    near.sort_by_key(|(share, _)| std::cmp::Reverse(*share));
    near.truncate(NEAREST_MAX);
    near.into_iter().map(|(_, message)| message).collect()
}

/// One spelling of a message: runs of words with a hole between each two.
struct Pattern<'t> {
    message: &'t Message,
    runs: Vec<Vec<String>>,
    /// How many words it has of its own.
    length: usize,
}

impl<'t> Pattern<'t> {
    fn of_message(message: &'t Message) -> impl Iterator<Item = Self> {
        message.spellings().map(move |spelling| {
            let runs = spelling.split(HOLE).map(|run| folded_words(run).collect::<Vec<_>>());
            let runs: Vec<Vec<String>> = runs.filter(|run| !run.is_empty()).collect();
            let length = runs.iter().map(Vec::len).sum();
            assert!(length > 0, "`{spelling}` has no words of its own");
            Self { message, runs, length }
        })
    }

    /// Where it first stands among these words.
    fn place_in(&self, words: &[String]) -> Option<Range<usize>> {
        let [first, others @ ..] = self.runs.as_slice() else { return None };
        let mut begins = (0..words.len()).filter(|begin| words[*begin..].starts_with(first));
        begins.find_map(|begin| {
            let mut end = begin + first.len();
            for run in others {
                let most = (end + HOLE_MAX).min(words.len());
                end = (end..=most).find(|at| words[*at..].starts_with(run))? + run.len();
            }
            Some(begin..end)
        })
    }
}

/// The messages of one cause, the last first: what follows in a line comes from further inside.
fn in_one_cause<'t>(patterns: &[Pattern<'t>], words: &[String]) -> Vec<&'t Message> {
    let found = patterns.iter().filter_map(|of| Some((of.place_in(words)?, of)));
    let mut found: Vec<(Range<usize>, &Pattern<'t>)> = found.collect();
    found.sort_by_key(|(_, pattern)| std::cmp::Reverse(pattern.length));
    let mut kept: Vec<(Range<usize>, &Message)> = Vec::new();
    for (place, pattern) in found {
        let is_taken = |other: &Range<usize>| other.start < place.end && place.start < other.end;
        if !kept.iter().any(|(other, _)| is_taken(other)) {
            kept.push((place, pattern.message));
        }
    }
    kept.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
    kept.into_iter().map(|(_, message)| message).collect()
}

/// The words of each cause in a text, the outermost first: of each record of a log, and of each `Caused by:` in it, without stack frames.
fn causes(text: &str) -> Vec<Vec<String>> {
    let text = text.to_lowercase().replace("\\n", "\n").replace("\\t", "\t");
    let mut causes = vec![Vec::new()];
    for line in text.lines().filter(|line| !is_frame(line)) {
        if begins_record(line) {
            causes.push(Vec::new());
        }
        for (place, part) in line.split("caused by:").enumerate() {
            if place > 0 {
                causes.push(Vec::new());
            }
            let cause = causes.last_mut().expect("there is one from the beginning");
            cause.extend(folded_words(part));
        }
    }
    causes
}

/// Whether a line of a stack trace says where something was called.
fn is_frame(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("at ") && line.contains('(')
        || line.starts_with("... ") && line.ends_with("more")
}

/// Whether a line of a log begins with a date.
fn begins_record(line: &str) -> bool {
    let mut letters = line.chars();
    letters.by_ref().take(4).filter(char::is_ascii_digit).count() == 4
        && letters.next() == Some('-')
}

/// The messages that hold a text which is not enough to be one of them.
fn holding<'t>(patterns: &[Pattern<'t>], text: &str) -> Vec<&'t Message> {
    let given: Vec<String> = folded_words(text).collect();
    if given.len() < PART_MIN {
        return Vec::new();
    }
    let holds = |pattern: &&Pattern<'_>| {
        pattern.runs.iter().any(|run| run.windows(given.len()).any(|part| part == given.as_slice()))
    };
    let mut known: Vec<&Message> = patterns.iter().filter(holds).map(|of| of.message).collect();
    known.dedup_by(|one, other| std::ptr::eq(*one, *other));
    known
}
