//! The language of scenario files, described once: which keys and words there are, what may stand behind them, what they mean.
//!
//! The types that read a file carry the description: their doc comments say what a key means, their fields what may stand
//! behind it. Refusals, the reference page, the schema and the lists come from here.

mod check;
mod describe;
mod lists;
mod page;
mod schema;
mod source;
mod spelled;

pub(in crate::scenario) use check::check;
pub(in crate::scenario) use describe::{
    Described, described_key, free, kebab, key_of_field, one_key, text_table,
};
pub(in crate::scenario) use lists::{list, lists};
pub(in crate::scenario) use page::page;
pub(in crate::scenario) use schema::schema;
pub(in crate::scenario) use source::{Source, line_ends, suggestion};
pub(in crate::scenario) use spelled::words_of;

use crate::operator::Catalogue;
use std::collections::BTreeMap;
use std::ops::Range;

/// What may stand behind a key.
#[derive(Clone, Debug)]
pub(in crate::scenario) enum Form {
    /// A text.
    Text(Spelled),
    /// A whole number within these bounds, both included.
    Whole(i64, i64),
    /// `true` or `false`.
    Truth,
    /// One of these words.
    Words(Vec<Word>),
    /// A list.
    List(Box<Form>),
    /// A table with these keys.
    Table(Table),
    /// A table with exactly one of these keys.
    OneKey(Table),
    /// A table whose keys are names that the user gives or has given: of what.
    ByName(&'static str, Box<Form>),
    /// One of several, told apart by what kind of value stands there. How a message calls them together.
    Either(&'static str, Vec<Form>),
}

/// How a text is spelled.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Spelled {
    /// What it is: "a span of time".
    pub what: &'static str,
    /// One such text, without quotes.
    pub example: &'static str,
    /// What is wrong with a text that is none.
    pub check: fn(&str) -> Result<(), String>,
}

/// A word of a closed list.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Word {
    pub name: String,
    pub note: Note,
}

/// A table: what it is, and its keys.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Table {
    /// As messages and the page call it: "a step".
    pub title: &'static str,
    pub note: Note,
    pub keys: Vec<Key>,
    /// Whether kinds of operators are keys, too, which the catalogue knows.
    pub has_kinds: bool,
}

/// A key of a table.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Key {
    pub name: String,
    pub form: Form,
    /// Whether the table means nothing without it.
    pub is_needed: bool,
    pub note: Note,
}

/// What a doc comment says of a key or a word.
#[derive(Clone, Debug, Default)]
pub(in crate::scenario) struct Note {
    /// What it means.
    pub about: String,
    /// What may stand behind the key, as a file says it: a line `e.g. …` of the comment.
    pub example: Option<String>,
    /// What Flink calls it: a line `Flink: …`, with commas between names.
    pub flink: Vec<String>,
    /// What it was called in older formats: a line `Was: …`.
    pub was: Vec<String>,
    /// What holds where the key is left out: a line `Usual: …`, or that of the type.
    pub usual: Option<String>,
}

impl Note {
    /// Reads a doc comment.
    pub(in crate::scenario) fn read(comment: &str) -> Self {
        let mut note = Self::default();
        let mut about = Vec::new();
        for line in comment.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(example) = line.strip_prefix("e.g. ") {
                note.example = Some(example.trim_matches('`').to_owned());
            } else if let Some(names) = line.strip_prefix("Flink: ") {
                note.flink =
                    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
            } else if let Some(names) = line.strip_prefix("Was: ") {
                note.was =
                    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
            } else if let Some(usual) = line.strip_prefix("Usual: ") {
                note.usual = Some(usual.trim_matches('`').to_owned());
            } else {
                about.push(line);
            }
        }
        note.about = about.join(" ");
        note
    }
}

impl Table {
    /// Its keys, the kinds of operators that the catalogue knows included.
    pub(in crate::scenario) fn keys(&self, catalogue: &Catalogue) -> Vec<Key> {
        let mut keys = self.keys.clone();
        if !self.has_kinds {
            return keys;
        }
        let mut kinds: BTreeMap<&str, Vec<Word>> = BTreeMap::new();
        for (kind, function) in catalogue.names() {
            let about = catalogue.entry(kind, function).map_or("", |entry| entry.about);
            let note = Note { about: about.to_owned(), ..Note::default() };
            kinds.entry(kind).or_default().push(Word { name: function.to_owned(), note });
        }
        kinds.retain(|kind, _| !keys.iter().any(|key| key.name == *kind));
        keys.extend(kinds.into_iter().map(|(kind, words)| Key {
            name: kind.to_owned(),
            form: Form::Words(words),
            is_needed: false,
            note: Note { about: format!("Which {kind} it is."), ..Note::default() },
        }));
        keys
    }
}

/// A word that a file spells as an older format did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outdated {
    /// Where it stands: bytes of the file.
    pub at: Range<usize>,
    /// The word.
    pub was: String,
    /// What it is called now.
    pub now: String,
}

impl Table {
    /// Itself and every table that stands in it, each once.
    pub(in crate::scenario) fn all(&self, catalogue: &Catalogue) -> Vec<Table> {
        let mut all: Vec<Table> = vec![self.clone()];
        let mut next = 0;
        while let Some(table) = all.get(next) {
            let inner: Vec<Table> =
                table.keys(catalogue).iter().flat_map(|key| key.form.tables()).collect();
            for table in inner {
                if all.iter().all(|other| other.title != table.title) {
                    all.push(table);
                }
            }
            next += 1;
        }
        all
    }
}

impl Form {
    /// The tables that may stand there.
    fn tables(&self) -> Vec<Table> {
        match self {
            Self::Table(table) | Self::OneKey(table) => vec![table.clone()],
            Self::List(of) | Self::ByName(_, of) => of.tables(),
            Self::Either(_, forms) => forms.iter().flat_map(Self::tables).collect(),
            Self::Text(_) | Self::Whole(..) | Self::Truth | Self::Words(_) => Vec::new(),
        }
    }

    /// As a message calls what is wanted.
    pub(in crate::scenario) fn wanted(&self) -> String {
        match self {
            Self::Text(spelled) => spelled.what.to_owned(),
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Truth => "`true` or `false`".to_owned(),
            Self::Words(words) => match words.as_slice() {
                [only] => format!("`\"{}\"`", only.name),
                _ => "a word in quotes".to_owned(),
            },
            Self::List(of) => format!("a list, `[…]`, of which each is {}", of.wanted()),
            Self::Table(_) | Self::OneKey(_) | Self::ByName(..) => "a table, `{ … }`".to_owned(),
            Self::Either(what, _) => (*what).to_owned(),
        }
    }

    /// Such a value, as a file says it.
    pub(in crate::scenario) fn example(&self) -> String {
        match self {
            Self::Text(spelled) => format!("\"{}\"", spelled.example),
            Self::Whole(least, most) => (1.clamp(*least, *most)).to_string(),
            Self::Truth => "true".to_owned(),
            Self::Words(words) => {
                words.first().map_or_else(String::new, |word| format!("\"{}\"", word.name))
            }
            Self::List(of) => format!("[{}]", of.example()),
            Self::Table(table) => table.example(),
            Self::OneKey(table) => match &table.note.example {
                Some(example) => example.clone(),
                None => table.keys.first().map_or_else(String::new, |key| {
                    format!("{{ {} = {} }}", key.name, key.example())
                }),
            },
            Self::ByName(_, of) => format!("{{ NAME = {} }}", of.example()),
            Self::Either(_, forms) => forms.first().map_or_else(String::new, Self::example),
        }
    }

    /// The forms that it may have.
    pub(in crate::scenario) fn choices(&self) -> &[Form] {
        if let Self::Either(_, forms) = self { forms } else { std::slice::from_ref(self) }
    }
}

impl Table {
    /// Such a table, with what it needs.
    pub(in crate::scenario) fn example(&self) -> String {
        if let Some(example) = &self.note.example {
            return example.clone();
        }
        let needed = self.keys.iter().filter(|key| key.is_needed);
        let needed: Vec<String> =
            needed.map(|key| format!("{} = {}", key.name, key.example())).collect();
        match (needed.as_slice(), self.keys.first()) {
            ([], Some(first)) => format!("{{ {} = {} }}", first.name, first.example()),
            _ => format!("{{ {} }}", needed.join(", ")),
        }
    }
}

impl Key {
    /// A value of it, as a file says it.
    pub(in crate::scenario) fn example(&self) -> String {
        self.note.example.clone().unwrap_or_else(|| self.form.example())
    }
}
