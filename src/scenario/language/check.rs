//! Holds a file against the description: every key, word, kind and range of a value. Says all that is wrong at once.

use super::source::{Source, suggestion};
use super::{Form, Key, Outdated, Spelled, Table, Word};
use crate::operator::Catalogue;
use crate::scenario::error::Mistake;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

/// What a check comes to. What is wrong has been taken out of the file, so that the rest can be read.
#[derive(Default)]
pub(in crate::scenario) struct Checked {
    pub mistakes: Vec<Mistake>,
    /// What is spelled as in older formats. In the file it has been replaced.
    pub outdated: Vec<Outdated>,
    /// Where something was taken out. A name that stands only there is missing for no other reason.
    pub dropped: Vec<Range<usize>>,
}

/// Checks a file, and leaves in it what is right.
pub(in crate::scenario) fn check(
    source: Source<'_>,
    file: &mut Spanned<DeTable<'_>>,
    form: &Table,
    catalogue: &Catalogue,
) -> Checked {
    let mut checker = Checker {
        source,
        catalogue,
        root: form,
        of_operators: OnceCell::new(),
        found: Checked::default(),
    };
    let at = file.span();
    checker.table(&at, file.get_mut(), form);
    checker.found
}

/// A unit of fewer letters is none that was cut short.
const UNIT_LEAST: usize = 3;

struct Checker<'t> {
    source: Source<'t>,
    catalogue: &'t Catalogue,
    /// The whole language, for a key that stands in the wrong table.
    root: &'t Table,
    /// The keys of an operator, made once: a file may have thousands of them.
    of_operators: OnceCell<Rc<[Key]>>,
    found: Checked,
}

impl Checker<'_> {
    fn wrong(&mut self, at: &Range<usize>, message: String, help: Option<String>) -> bool {
        self.found.mistakes.push(Mistake { help, ..self.source.error(at, message) });
        false
    }

    /// Whether a value is such that its key can be read.
    fn value<'t>(
        &mut self,
        key: &str,
        value: &mut Spanned<DeValue<'t>>,
        form: &Form,
        known: Option<&Key>,
    ) -> bool {
        let at = value.span();
        let fitting = form.choices().iter().find(|form| fits(form, value.get_ref()));
        let Some(fitting) = fitting else {
            let kind = kind_of(value.get_ref());
            let example = known.map_or_else(|| form.example(), Key::example);
            let message = format!("`{key}` is {kind}, and must be {}", form.wanted());
            return self.wrong(&at, message, Some(help_with(key, value.get_ref(), form, &example)));
        };
        match (fitting, value.get_mut()) {
            (Form::Text(spelled), DeValue::String(text)) => self.text(key, &at, text, spelled),
            (Form::Words(words), DeValue::String(text)) => self.word(key, &at, text, words, form),
            (Form::Whole(least, most), DeValue::Integer(number)) => {
                self.whole(key, &at, number, *least, *most)
            }
            (Form::List(of), DeValue::Array(list)) => self.list(key, list, of),
            (Form::Table(form), DeValue::Table(table)) => self.table(&at, table, form),
            (Form::OneKey(form), DeValue::Table(table)) => self.one_key(key, &at, table, form),
            (Form::ByName(_, of), DeValue::Table(table)) => self.by_name(table, of),
            _ => true,
        }
    }

    fn text(&mut self, key: &str, at: &Range<usize>, text: &str, spelled: &Spelled) -> bool {
        match (spelled.check)(text) {
            Ok(()) => true,
            Err(wrong) => {
                let help = respelled(text, spelled).map_or_else(
                    || format!("say {}, such as `\"{}\"`", spelled.what, spelled.example),
                    |right| format!("write `{key} = \"{right}\"`"),
                );
                self.wrong(at, format!("`{key}`: {wrong}"), Some(help))
            }
        }
    }

    fn word(
        &mut self,
        key: &str,
        at: &Range<usize>,
        text: &str,
        words: &[Word],
        form: &Form,
    ) -> bool {
        if words.iter().any(|word| word.name == text) {
            return true;
        }
        let names = words.iter().map(|word| (word.name.as_str(), &word.note.flink));
        let help = longer(key, text, form)
            .or_else(|| flinks(text, names, false))
            .or_else(|| suggestion(text, words.iter().map(|word| word.name.as_str())));
        self.wrong(at, format!("`{key}`: unknown word `{text}`"), help)
    }

    fn whole(
        &mut self,
        key: &str,
        at: &Range<usize>,
        number: &DeInteger<'_>,
        least: i64,
        most: i64,
    ) -> bool {
        let found = i64::from_str_radix(number.as_str(), number.radix());
        if found.is_ok_and(|found| (least..=most).contains(&found)) {
            return true;
        }
        self.wrong(at, format!("`{key}`: {number} is not within {least} to {most}"), None)
    }

    /// Takes out what is wrong of a list; the rest can be read.
    fn list<'t>(&mut self, key: &str, list: &mut DeArray<'t>, of: &Form) -> bool {
        let mut right = DeArray::new();
        for mut item in std::mem::replace(list, DeArray::new()) {
            match self.value(key, &mut item, of, None) {
                true => right.push(item),
                false => self.found.dropped.push(item.span()),
            }
        }
        *list = right;
        true
    }

    fn by_name<'t>(&mut self, table: &mut DeTable<'t>, of: &Form) -> bool {
        for (name, mut value) in std::mem::take(table) {
            match self.value(&name.get_ref().clone(), &mut value, of, None) {
                true => drop(table.insert(name, value)),
                false => self.found.dropped.extend([name.span(), value.span()]),
            }
        }
        true
    }

    fn table<'t>(&mut self, at: &Range<usize>, table: &mut DeTable<'t>, form: &Table) -> bool {
        let made = form.has_kinds.then(|| {
            let make = || form.keys(self.catalogue).into();
            Rc::clone(self.of_operators.get_or_init(make))
        });
        let keys = made.as_deref().unwrap_or(&form.keys);
        let mut entries = Vec::new();
        for (mut name, value) in std::mem::take(table) {
            self.bring_up_to_date(&mut name, keys);
            entries.push((name, value));
        }
        let is_there = |key: &Key| entries.iter().any(|(name, _)| *name.get_ref() == key.name);
        let missing = keys.iter().find(|key| key.is_needed && !is_there(key));
        let mut is_whole = true;
        if let Some(missing) = missing {
            let message = format!("{} lacks `{}`", form.title, missing.name);
            let help = format!("add `{} = {}`", missing.name, missing.example());
            is_whole = self.wrong(at, message, Some(help));
        }
        for (name, mut value) in entries {
            let known = keys.iter().find(|key| key.name == name.get_ref().as_ref());
            let is_right = match known {
                Some(key) if table.contains_key(key.name.as_str()) => {
                    let message = format!("the key `{}` is there twice", key.name);
                    self.wrong(&name.span(), message, Some("keep one of them".to_owned()))
                }
                Some(key) => self.value(&key.name, &mut value, &key.form, Some(key)),
                None => self.unknown(&name, &value, form, keys),
            };
            if is_right {
                table.insert(name, value);
            } else {
                self.found.dropped.extend([name.span(), value.span()]);
                is_whole &= !known.is_some_and(|key| key.is_needed);
            }
        }
        is_whole
    }

    fn one_key<'t>(
        &mut self,
        key: &str,
        at: &Range<usize>,
        table: &mut DeTable<'t>,
        form: &Table,
    ) -> bool {
        if table.len() == 1 {
            self.table(at, table, form);
            return table.len() == 1;
        }
        let keys: Vec<&str> = form.keys.iter().map(|key| key.name.as_str()).collect();
        let message = format!("`{key}` must have exactly one key, and has {}", table.len());
        let help = match table.len() {
            0 => suggestion("", keys).unwrap_or_default(),
            _ => format!("say one thing, as in `{key} = {}`", form.example()),
        };
        self.wrong(at, message, Some(help))
    }

    /// Gives a key the name that it has now.
    fn bring_up_to_date(&mut self, name: &mut Spanned<Cow<'_, str>>, keys: &[Key]) {
        let was = name.get_ref().as_ref();
        if keys.iter().any(|key| key.name == was) {
            return;
        }
        let Some(key) = keys.iter().find(|key| key.note.was.iter().any(|older| older == was))
        else {
            return;
        };
        let (at, was, now) = (name.span(), was.to_owned(), key.name.clone());
        *name.get_mut() = Cow::Owned(now.clone());
        self.found.outdated.push(Outdated { at, was, now });
    }

    fn unknown(
        &mut self,
        name: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        form: &Table,
        keys: &[Key],
    ) -> bool {
        let text = name.get_ref().as_ref();
        let whole = dotted(text, value.get_ref());
        let aliases = keys.iter().map(|key| (key.name.as_str(), &key.note.flink));
        let guess = suggestion(text, keys.iter().map(|key| key.name.as_str()));
        let is_guess = guess.as_ref().is_some_and(|guess| guess.starts_with("did you mean"));
        let known =
            flinks(&whole, aliases.clone(), false).or_else(|| self.flinks_elsewhere(&whole));
        let shown = if known.is_some() { &whole } else { text };
        let message = format!("unknown key `{shown}` of {}", form.title);
        let help = known
            // Of a table with one key, `whole` says more than the name.
            .or_else(|| flinks(text, aliases.clone(), false))
            .or_else(|| self.elsewhere(text, form))
            .or_else(|| guess.clone().filter(|_| is_guess))
            .or_else(|| flinks(text, aliases, true))
            .or(guess);
        self.wrong(&name.span(), message, help)
    }

    /// The key, of whichever table, that Flink calls so.
    fn flinks_elsewhere(&self, name: &str) -> Option<String> {
        self.root.all(self.catalogue).into_iter().find_map(|table| {
            let keys = table.keys(self.catalogue);
            let key = keys
                .iter()
                .find(|key| key.note.flink.iter().any(|flink| is_called(flink, name)))?;
            Some(format!(
                "what Flink calls `{name}` is a key of {} here: `{} = {}`",
                table.title,
                key.name,
                key.example()
            ))
        })
    }

    /// Where a key belongs that stands in the wrong table.
    fn elsewhere(&self, name: &str, form: &Table) -> Option<String> {
        let tables = self.root.all(self.catalogue);
        let mut others = tables.iter().filter(|other| other.title != form.title);
        others.find_map(|other| {
            let key = other.keys(self.catalogue).into_iter().find(|key| key.name == name)?;
            Some(format!("`{name}` is a key of {}: `{name} = {}`", other.title, key.example()))
        })
    }
}

/// A text that was meant by one whose units are spelled otherwise: `1 min`, `500 millis`.
fn respelled(text: &str, spelled: &Spelled) -> Option<String> {
    let number = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let name = text[number.len()..].trim().to_lowercase();
    let single = name.strip_suffix('s').filter(|single| single.len() > 1).unwrap_or(&name);
    let units = [("millisecond", "ms"), ("second", "s"), ("minute", "m"), ("hour", "h")];
    let is_it = |(long, short): &(&str, &str)| {
        *short == name || (single.len() >= UNIT_LEAST && long.starts_with(single))
    };
    let (_, unit) = units.into_iter().find(is_it)?;
    let right = format!("{}{unit}", number.trim());
    (spelled.check)(&right).is_ok().then_some(right)
}

/// The help for a word that is a key of a longer form.
fn longer(key: &str, text: &str, form: &Form) -> Option<String> {
    let keys = form.choices().iter().filter_map(|form| match form {
        Form::OneKey(table) => Some(&table.keys),
        Form::Text(_)
        | Form::Whole(..)
        | Form::Truth
        | Form::Words(_)
        | Form::List(_)
        | Form::Table(_)
        | Form::ByName(..)
        | Form::Either(..) => None,
    });
    let found = keys.flatten().find(|other| other.name == text)?;
    Some(format!("say more of it: `{key} = {{ {text} = {} }}`", found.example()))
}

/// A name without what differs between its spellings.
fn plain(name: &str) -> String {
    let plain = name.to_lowercase().replace(['_', '.', ' '], "-");
    plain.trim_end_matches("()").trim_start_matches('-').to_owned()
}

/// Whether this is Flink's name for it.
fn is_called(flink: &str, name: &str) -> bool {
    plain(flink) == plain(name)
}

/// A key with those that a bare name with dots makes of it: `execution.checkpointing.interval = …` is a table in a table.
fn dotted(name: &str, value: &DeValue<'_>) -> String {
    let mut whole = name.to_owned();
    let mut value = value;
    while let DeValue::Table(table) = value
        && let Some((inner, next)) = table.iter().next()
        && table.len() == 1
    {
        whole.push('.');
        whole.push_str(inner.get_ref());
        value = next.get_ref();
    }
    whole
}

/// The help for a name of Flink's own, or for the last part of one.
fn flinks<'k>(
    name: &str,
    known: impl Iterator<Item = (&'k str, &'k Vec<String>)>,
    in_part: bool,
) -> Option<String> {
    let is_it = |flink: &String| {
        is_called(flink, name) || (in_part && plain(flink).ends_with(&format!("-{}", plain(name))))
    };
    let mut known = known.filter(|(_, flink)| flink.iter().any(is_it));
    known.next().map(|(ours, _)| format!("what Flink calls `{name}` is `{ours}` here"))
}

/// Whether a value is of the kind that a form is written as.
fn fits(form: &Form, value: &DeValue<'_>) -> bool {
    match form {
        Form::Text(_) | Form::Words(_) => value.is_str(),
        Form::Whole(..) => value.is_integer(),
        Form::Truth => value.is_bool(),
        Form::List(_) => value.is_array(),
        Form::Table(_) | Form::OneKey(_) | Form::ByName(..) => value.is_table(),
        Form::Either(_, forms) => forms.iter().any(|form| fits(form, value)),
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// How to say what was meant.
fn help_with(key: &str, value: &DeValue<'_>, form: &Form, example: &str) -> String {
    let form = &form.choices()[0];
    match (form, value) {
        (Form::Text(spelled), DeValue::Integer(number)) if spelled.example.ends_with("ms") => {
            format!("a span has a unit: `{key} = \"{number}ms\"`, or `us`, `s`, `m`, `h`")
        }
        (Form::Text(_), DeValue::Float(number)) => {
            format!("put it in quotes: `{key} = \"{}\"`", number.as_str())
        }
        (Form::Text(_) | Form::Words(_), DeValue::Integer(_) | DeValue::Boolean(_)) => {
            format!("put it in quotes, as in `{key} = {example}`")
        }
        (Form::List(of), _) if fits(of, value) => {
            format!("put it in brackets: `{key} = {example}`")
        }
        (Form::Whole(..) | Form::Truth, DeValue::String(_)) => {
            format!("leave the quotes out, as in `{key} = {example}`")
        }
        _ => format!("write it as in `{key} = {example}`"),
    }
}
