//! What is wrong with a world, told so that two worlds can be compared: which check or expectation, and how, less all names and
//! numbers.

use crate::job::OperatorKind;
use crate::scenario::Scenario;
use crate::search::{Judgement, Played};
use crate::trace::{CheckName, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What is wrong with a world. Two worlds are broken in the same way if their signatures are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct Signature {
    /// What kind of thing.
    pub what: Wrong,
    /// How: the sentence that tells it, in which operators are called by what they do (`source`, `sink`, `operator`), and
    /// numbers, names and what is listed after the first are left out.
    pub shape: String,
}

/// A kind of thing that is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Wrong {
    /// A check is broken that must hold.
    Check {
        /// Which.
        check: CheckName,
        /// The promise that excuses it, if its release does not keep one.
        promise: Option<&'static str>,
    },
    /// Something expected did not come out.
    Expectation,
    /// A job was not over and could not go on.
    Stalled,
    /// An operator, source or sink of the user's own panicked.
    UserPanicked,
    /// The engine broke a rule of its own.
    EnginePanicked,
}

/// Something that is wrong with one world.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Found {
    /// What it has in common with other worlds.
    pub signature: Signature,
    /// The sentence that tells it in this one.
    pub sentence: String,
}

impl Found {
    /// Whether the story does not come out as it says, whatever the checks say.
    pub(super) const fn is_of_the_story(&self) -> bool {
        matches!(self.signature.what, Wrong::Expectation | Wrong::Stalled)
    }

    /// What is wrong in this world: `cut-consistency: lines/0 sent 14 records …`.
    pub fn in_words(&self) -> String {
        Signature { shape: self.sentence.clone(), ..self.signature.clone() }.to_string()
    }
}

/// `cut-consistency: source sent # record …`.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Wrong::Check { check, promise: None } => write!(f, "{check}: {}", self.shape),
            Wrong::Check { check, promise: Some(promise) } => {
                write!(f, "{check} ({promise}): {}", self.shape)
            }
            Wrong::Expectation => write!(f, "an expectation: {}", self.shape),
            Wrong::Stalled => write!(f, "stalled: {}", self.shape),
            Wrong::UserPanicked => write!(f, "the user's own code panicked: {}", self.shape),
            Wrong::EnginePanicked => {
                write!(f, "the engine broke a rule of its own: {}", self.shape)
            }
        }
    }
}

/// The names of a story, of which a signature keeps only what they stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    operators: BTreeMap<String, &'static str>,
    jobs: BTreeSet<String>,
    inputs: BTreeSet<String>,
}

impl Names {
    /// Of a story; one made smaller has no others.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let mut names = Self::default();
        for job in &scenario.jobs {
            names.jobs.insert(job.graph.name.clone());
            for node in &job.graph.operators {
                let role = match node.kind {
                    OperatorKind::Source { .. } => "source",
                    OperatorKind::Transform { .. } => "operator",
                    OperatorKind::Sink { .. } => "sink",
                };
                names.operators.entry(node.name.clone()).or_insert(role);
            }
        }
        names.inputs.extend(scenario.inputs.iter().map(|input| input.name.clone()));
        names
    }

    /// All that is wrong with a world, what it is judged by first.
    pub(super) fn found(&self, played: &Played) -> Vec<Found> {
        let mut found = Vec::new();
        let mut add = |what: Wrong, text: &str| found.push(self.told(what, text));
        let judgement = played.judgement();
        if judgement == Judgement::Stalled {
            let why = played.outcome.stall.as_ref().map(ToString::to_string);
            add(Wrong::Stalled, &why.unwrap_or_default());
        }
        if let Some(panic) = played.outcome.panicked.as_ref() {
            let words = format!("{} in {}: {}", panic.operator, panic.call, panic.message);
            add(Wrong::UserPanicked, &words);
        }
        let must_hold = |check: CheckName| {
            let sentence = format!("{check} is broken: ");
            played.unmet.iter().any(|unmet| unmet.starts_with(&sentence))
        };
        let excuse = |check| played.verdict.excuse(check).map(|promise| promise.name);
        let mut checks: Vec<_> = played.verdict.violations().collect();
        // What a release breaks by its own rules is asked for last.
        checks.sort_by_key(|violation| excuse(violation.check).is_some());
        for violation in checks {
            let check = violation.check;
            if must_hold(check) {
                add(Wrong::Check { check, promise: excuse(check) }, &violation.text);
            }
        }
        let of_checks = |unmet: &&String| {
            let mut checks = CheckName::ALL.iter();
            checks.any(|check| unmet.starts_with(&format!("{check} is broken: ")))
        };
        played.unmet.iter().filter(|unmet| !of_checks(unmet)).for_each(|unmet| {
            add(Wrong::Expectation, unmet);
        });
        found
    }

    /// A panic of the engine.
    pub(super) fn panicked(&self, message: &str) -> Found {
        self.told(Wrong::EnginePanicked, message)
    }

    fn told(&self, what: Wrong, text: &str) -> Found {
        Found { signature: Signature { what, shape: self.shape(text) }, sentence: text.to_owned() }
    }

    /// What a sentence says, less names and numbers; of a list the first.
    pub(super) fn shape(&self, sentence: &str) -> String {
        let first = sentence.split("; ").next().unwrap_or_default();
        let mut words: Vec<&str> = Vec::new();
        for (place, part) in first.split('`').enumerate() {
            if place % 2 == 1 {
                words.push(self.role(part).unwrap_or("…"));
                continue;
            }
            for word in part.split_whitespace() {
                let word = word.trim_matches(|letter: char| ",.:;()".contains(letter));
                match self.word(word) {
                    "#" if words.last() == Some(&"#") => {}
                    // A list of numbers is one.
                    "#" if words.ends_with(&["#", "and"]) => {
                        words.pop();
                    }
                    "" => {}
                    word => words.push(word),
                }
            }
        }
        words.join(" ")
    }

    fn word<'w>(&self, word: &'w str) -> &'w str {
        if let Some(role) = self.role(word) {
            return role;
        }
        match word {
            "once" | "twice" | "times" => "#",
            _ if word.contains(|letter: char| letter.is_ascii_digit()) => "#",
            // One record or several.
            _ if word.len() > 3 => word.strip_suffix('s').unwrap_or(word),
            _ => word,
        }
    }

    /// What a name stands for, also in `totals/1`, `second:totals/1`, `first#0` and `rows[1]#17`.
    fn role(&self, word: &str) -> Option<&'static str> {
        let word = word.rsplit(':').next().unwrap_or(word);
        let name = word.split(['/', '#', '[']).next().unwrap_or(word);
        if let Some(role) = self.operators.get(name) {
            Some(role)
        } else if self.jobs.contains(name) {
            Some("job")
        } else {
            (self.inputs.contains(name) && name.len() < word.len()).then_some("record")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            operators: BTreeMap::from([
                ("lines".to_owned(), "source"),
                ("counts".to_owned(), "operator"),
                ("out".to_owned(), "sink"),
            ]),
            jobs: BTreeSet::from(["first".to_owned()]),
            inputs: BTreeSet::from(["book".to_owned()]),
        }
    }

    #[test]
    fn a_shape_keeps_what_is_said_and_neither_names_nor_numbers() {
        for (sentence, shape) in [
            (
                "checkpoint 3: lines/1 sent 14 records to counts/0 before its barrier",
                "checkpoint # source sent # record to operator before its barrier",
            ),
            (
                "out of first#0: book[1]#17.0 is there twice; and 4 more",
                "sink of job record is there #",
            ),
            ("out of first#0: book[1]#17.0 is missing", "sink of job record is missing"),
            ("job `first` should complete 1, 2 and 3", "job job should complete #"),
            ("`(3, 4)` is there 5 times instead of once", "… is there # instead of #"),
        ] {
            assert_eq!(names().shape(sentence), shape);
        }
    }

    #[test]
    fn one_record_too_many_is_not_one_too_few() {
        let names = names();
        assert_ne!(names.shape("book[0]#1 is missing"), names.shape("book[0]#1 is there twice"));
        assert_ne!(names.shape("lines/0 is late"), names.shape("out/0 is late"));
    }
}
