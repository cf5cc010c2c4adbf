//! Single lists out of the language, for `sandbar list`.

use super::{Form, Key, Note, Table, Word, words_of};
use crate::operator::Catalogue;
use crate::rules::{Mutation, Release, Rules};
use crate::trace::{CheckName, Sometimes};

/// How a list is made.
type Made = fn(&Table, &Catalogue) -> Vec<Word>;

/// What there are lists of.
const ALL: [(&str, Made); 9] = [
    ("keys", keys),
    ("operators", |_, catalogue| operators(catalogue)),
    ("checks", |_, _| named::<CheckName>()),
    ("sometimes", |_, _| named::<Sometimes>()),
    ("actions", |language, _| keys_at(language, &["step", "do"])),
    ("milestones", |language, _| keys_at(language, &["step", "when"])),
    ("mutations", |_, _| words_of::<Mutation>()),
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
pub(super) fn closed(catalogue: &Catalogue) -> Vec<(&'static str, Vec<Word>)> {
    vec![
        ("Operators", operators(catalogue)),
        ("Checks", named::<CheckName>()),
        ("What may have happened (`sometimes`)", named::<Sometimes>()),
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
    let about = |release: &Release| {
        if *release == Release::default() { "where a file names none" } else { "" }
    };
    Release::ALL.iter().map(|release| word(release.to_string(), about(release))).collect()
}

/// The keys of a table by the way to it.
fn keys_at(language: &Table, way: &[&str]) -> Vec<Word> {
    let mut form = Form::Table(language.clone());
    for step in way {
        let Form::Table(table) = form else { unreachable!("`{step}` stands in a table") };
        let key = table.keys.into_iter().find(|key| key.name == *step);
        form = key.expect("the way exists").form;
        if let Form::List(of) = form {
            form = *of;
        }
    }
    let (Form::Table(table) | Form::OneKey(table)) = form else {
        unreachable!("{way:?} is a table")
    };
    table.keys.into_iter().map(|key| Word { name: key.name, note: key.note }).collect()
}
