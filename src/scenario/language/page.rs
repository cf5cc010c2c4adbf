//! The reference page of the language: every key and word, with what it means, where it came in, and an example.

use super::{Form, Key, Note, Table, Word, lists};
use crate::operator::Catalogue;
use std::fmt::Write;

/// How the page begins.
const HEAD: &str = "\
# The scenario file

A scenario is a TOML file: inputs, jobs that read them, steps that happen to the jobs, and what is expected of it all.
This page is made from the types that read such files (`cargo test --test language` holds it equal). `sandbar schema` prints
the same for editors, `sandbar list WHAT` single lists of it, and `sandbar new` writes a first story with comments.

A key in **bold** must be there. A span of time is written with its unit: `\"1500ms\"`, `\"2s\"`, `\"1m\"`, `\"4h\"`. A task is an
operator and the number of its subtask, from 0: `counts/1`; of another job than the first, `job:counts/1`.

An editor completes and checks what you write if `sandbar schema > sandbar.schema.json` lies beside the file, whose first line is
then `#:schema ./sandbar.schema.json`: Even Better TOML (VS Code) and the language server Taplo read that line.
";

/// How many words of a list are told beside their key; a longer one has a table of its own.
const SHORT: usize = 8;

/// The page, for the operators of a catalogue.
pub(in crate::scenario) fn page(
    language: &Table,
    catalogue: &Catalogue,
    exists: fn(&str, &str) -> Option<String>,
) -> String {
    let mut page = Page { catalogue, exists, text: HEAD.to_owned() };
    for table in language.all(catalogue) {
        page.table(&table);
    }
    for (title, words) in lists::closed(language, catalogue) {
        page.words(title, &words);
    }
    page.text
}

struct Page<'c> {
    catalogue: &'c Catalogue,
    /// Which releases have what a word asks for in a table, if not all have.
    exists: fn(&str, &str) -> Option<String>,
    text: String,
}

impl Page<'_> {
    fn table(&mut self, table: &Table) {
        let (title, about) = (heading(table.title), sentence(&table.note.about));
        let _ = write!(
            self.text,
            "\n## {title}\n\n{about}\n\n| key | is | usual | meaning |\n|---|---|---|---|\n"
        );
        for key in table.keys(self.catalogue) {
            let row = self.row(table.title, &key);
            self.text.push_str(&row);
        }
    }

    fn row(&self, title: &str, key: &Key) -> String {
        let name =
            if key.is_needed { format!("**`{}`**", key.name) } else { format!("`{}`", key.name) };
        let usual =
            key.note.usual.as_deref().map_or_else(String::new, |usual| format!("`{usual}`"));
        let mut meaning = self.meaning(title, &key.name, &key.note);
        for word in words(&key.form) {
            let _ = write!(
                meaning,
                " `\"{}\"`: {}",
                word.name,
                self.meaning(title, &word.name, &word.note)
            );
        }
        let example = key.example();
        let _ = write!(meaning, " E.g. `{} = {example}`", key.name);
        format!(
            "| {name} | {} | {} | {} |\n",
            cell(&kind(&key.form)),
            cell(&usual),
            cell(meaning.trim())
        )
    }

    /// A closed list of words.
    fn words(&mut self, title: &str, words: &[Word]) {
        let _ = write!(self.text, "\n## {title}\n\n| word | meaning |\n|---|---|\n");
        for word in words {
            let _ = writeln!(
                self.text,
                "| `{}` | {} |",
                word.name,
                cell(&self.meaning(title, &word.name, &word.note))
            );
        }
    }

    /// What a key or word of a table means, what Flink calls it, and which releases have it.
    fn meaning(&self, title: &str, name: &str, note: &Note) -> String {
        let mut text = sentence(&note.about);
        if !note.flink.is_empty() {
            let names: Vec<String> = note.flink.iter().map(|name| format!("`{name}`")).collect();
            let _ = write!(text, " Flink: {}.", names.join(", "));
        }
        if !note.was.is_empty() {
            let names: Vec<String> = note.was.iter().map(|name| format!("`{name}`")).collect();
            let _ = write!(text, " In older files: {}.", names.join(", "));
        }
        if let Some(since) = (self.exists)(title, name) {
            let _ = write!(text, " Exists {since}.");
        }
        text
    }
}

/// What stands behind a key, in few words.
fn kind(form: &Form) -> String {
    match form {
        Form::Text(spelled) => spelled.what.to_owned(),
        Form::Whole(least, i64::MAX) => format!("a whole number from {least}"),
        Form::Words(words) if words.len() <= SHORT => {
            let words: Vec<String> =
                words.iter().map(|word| format!("`\"{}\"`", word.name)).collect();
            words.join(", ")
        }
        Form::Words(_) => "a word of the list below".to_owned(),
        Form::List(of) => format!("a list: {}", kind(of)),
        Form::Table(table) | Form::OneKey(table) => format!("a table: {}", table.title),
        Form::ByName(what, of) => format!("a table by {what}: {}", kind(of)),
        Form::Either(_, forms) => {
            let forms: Vec<String> = forms.iter().map(kind).collect();
            forms.join(", or ")
        }
        Form::Whole(..) | Form::Truth => form.wanted(),
    }
}

/// The words of a short list, which are told beside their key.
fn words(form: &Form) -> Vec<Word> {
    match form {
        Form::Words(words) if words.len() <= SHORT => words.clone(),
        Form::List(of) => words(of),
        Form::Either(_, forms) => forms.iter().flat_map(words).collect(),
        Form::Words(_)
        | Form::Text(_)
        | Form::Whole(..)
        | Form::Truth
        | Form::Table(_)
        | Form::OneKey(_)
        | Form::ByName(..) => Vec::new(),
    }
}

fn heading(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// With a capital and a full stop.
fn sentence(about: &str) -> String {
    let text = heading(about.trim());
    if text.is_empty() || text.ends_with('.') { text } else { format!("{text}.") }
}

/// Text as it can stand in a cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
