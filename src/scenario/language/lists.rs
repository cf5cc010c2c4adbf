//! Single lists out of the language, for `sandbar list`.

use super::{Form, Key, Note, Table, Word, words_of};
use crate::job::KeyType;
use crate::operator::Catalogue;
use crate::rules::{Mutation, Release, Rules};
use crate::trace::{AbortReason, AckVerdict, CheckName, JobStatus, Sometimes};

/// How a list is made.
type Made = fn(&Table, &Catalogue) -> Vec<Word>;

/// What there are lists of.
const ALL: [(&str, Made); 13] = [
    ("keys", keys),
    ("operators", |_, catalogue| operators(catalogue)),
    ("checks", |_, _| named::<CheckName>()),
    ("sometimes", |_, _| named::<Sometimes>()),
    ("actions", |language, _| keys_at(language, &["step", "do"])),
    ("milestones", |language, _| keys_at(language, &["step", "when"])),
    ("mutations", |_, _| words_of::<Mutation>()),
    ("statuses", |_, _| words_of::<JobStatus>()),
    ("calls", |language, _| calls(language)),
    ("abort-reasons", |_, _| words_of::<AbortReason>()),
    ("ack-verdicts", |_, _| words_of::<AckVerdict>()),
    ("rules", |_, _| rules()),
    ("releases", |_, _| releases()),
];

/// The names of the lists.
pub(in crate::scenario) fn lists() -> impl Iterator<Item = &'static str> {
    ALL.into_iter().map(|(name, _)| name)
}

/// A list, each name with what it means; none if there is no such list.
pub(in crate::scenario) fn list(
    what: &str,
    language: &Table,
    catalogue: &Catalogue,
) -> Option<Vec<(String, String)>> {
    let (_, made) = ALL.into_iter().find(|(name, _)| *name == what)?;
    let words = made(language, catalogue).into_iter();
    Some(words.map(|word| (word.name, word.note.about)).collect())
}

/// The closed lists that the page ends with.
pub(super) fn closed(language: &Table, catalogue: &Catalogue) -> Vec<(&'static str, Vec<Word>)> {
    vec![
        ("Operators", operators(catalogue)),
        ("Java types of keys (`key-type`)", words_of::<KeyType>()),
        ("Checks", named::<CheckName>()),
        ("What may have happened (`sometimes`)", named::<Sometimes>()),
        ("Statuses of a job", words_of::<JobStatus>()),
        ("Calls that can throw (`in` of `fail`)", calls(language)),
        ("Why checkpoints are given up (`aborted`)", words_of::<AbortReason>()),
        ("What becomes of acks (`acks`)", words_of::<AckVerdict>()),
        ("Mutations", words_of::<Mutation>()),
        ("Rules", rules()),
        ("Releases", releases()),
    ]
}

fn word(name: String, about: &str) -> Word {
    Word { name, note: Note { about: about.to_owned(), ..Note::default() } }
}

/// Every key of every table, with the table that it stands in.
fn keys(language: &Table, catalogue: &Catalogue) -> Vec<Word> {
    let mut keys = Vec::new();
    for table in language.all(catalogue) {
        let key = |key: Key| word(format!("{} of {}", key.name, table.title), &key.note.about);
        keys.extend(table.keys(catalogue).into_iter().map(key));
    }
    keys
}

fn operators(catalogue: &Catalogue) -> Vec<Word> {
    let about = |kind, function| catalogue.entry(kind, function).map_or("", |entry| entry.about);
    let names = catalogue.names();
    names
        .map(|(kind, function)| word(format!("{kind} = \"{function}\""), about(kind, function)))
        .collect()
}

fn named<W: crate::trace::Word>() -> Vec<Word> {
    W::ALL.iter().map(|name| word(name.name().to_owned(), name.about())).collect()
}

fn rules() -> Vec<Word> {
    Rules::FIELDS.iter().map(|field| word(field.spelled(), field.meaning().trim())).collect()
}

fn releases() -> Vec<Word> {
    let about = |release: &Release| match release.stands_for() {
        _ if *release == Release::default() => "2.3; where a file names none".to_owned(),
        Some(told) => told,
        None => "was looked into".to_owned(),
    };
    Release::EVERY.iter().map(|release| word(release.to_string(), &about(release))).collect()
}

/// The calls that can throw.
fn calls(language: &Table) -> Vec<Word> {
    match form_at(language, &["step", "do", "fail", "in"]) {
        Some(Form::Words(words)) => words,
        Some(_) | None => Vec::new(),
    }
}

/// The keys of a table by the way to it.
fn keys_at(language: &Table, way: &[&str]) -> Vec<Word> {
    match form_at(language, way) {
        Some(Form::Table(table) | Form::OneKey(table)) => {
            table.keys.into_iter().map(|key| Word { name: key.name, note: key.note }).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// What stands at the end of a way through a language, if that has such a way.
fn form_at(language: &Table, way: &[&str]) -> Option<Form> {
    let mut form = Form::Table(language.clone());
    for step in way {
        let (Form::Table(table) | Form::OneKey(table)) = form else { return None };
        form = table.keys.into_iter().find(|key| key.name == *step)?.form;
        if let Form::List(of) = form {
            form = *of;
        }
    }
    Some(form)
}
