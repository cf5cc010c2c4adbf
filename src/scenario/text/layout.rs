//! How TOML is laid out: strings, keys, lists and tables on one line. Knows nothing of scenarios.

use crate::kernel::SimTime;
use serde::Serialize;
use std::fmt::Display;

/// A string on one line.
pub(in crate::scenario) fn quoted(text: impl AsRef<str>) -> String {
    let mut out = String::from("\"");
    for letter in text.as_ref().chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                out.push_str(&format!("\\U{:08X}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A key, bare where TOML allows it.
pub(in crate::scenario) fn key(text: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !text.is_empty() && text.chars().all(is_bare) { text.to_owned() } else { quoted(text) }
}

/// A span of time.
pub(in crate::scenario) fn time(time: SimTime) -> String {
    quoted(time.to_string())
}

/// A range of spans.
pub(in crate::scenario) fn range((low, high): (SimTime, SimTime)) -> String {
    if low == high { time(low) } else { quoted(format!("{low}..{high}")) }
}

/// A truth, or a word of an enum, as serde spells it.
pub(in crate::scenario) fn word(word: &impl Serialize) -> String {
    match toml::Value::try_from(word) {
        Ok(toml::Value::String(word)) => quoted(word),
        Ok(toml::Value::Boolean(truth)) => truth.to_string(),
        Ok(_) | Err(_) => unreachable!("only truths and enums without fields are words"),
    }
}

/// A list on one line.
pub(in crate::scenario) fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

/// Keys and values, in order.
#[derive(Default, Debug)]
pub(in crate::scenario) struct Table(Vec<(String, String)>);

impl Table {
    /// `{ key = value }`.
    pub(in crate::scenario) fn one(key: &str, value: impl Display) -> String {
        Self::default().put(key, value).inline()
    }

    /// Adds a key with a value that is TOML already.
    pub(in crate::scenario) fn put(&mut self, name: &str, value: impl Display) -> &mut Self {
        self.0.push((key(name), value.to_string()));
        self
    }

    /// Adds a key if the condition holds.
    pub(in crate::scenario) fn put_if(
        &mut self,
        holds: bool,
        name: &str,
        value: impl Display,
    ) -> &mut Self {
        if holds { self.put(name, value) } else { self }
    }

    /// Adds a key if there is a value.
    pub(in crate::scenario) fn put_some(
        &mut self,
        name: &str,
        value: Option<impl Display>,
    ) -> &mut Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    /// Whether nothing was put.
    pub(in crate::scenario) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `{ a = 1, b = 2 }`.
    pub(in crate::scenario) fn inline(&self) -> String {
        if self.is_empty() {
            return "{}".to_owned();
        }
        let entries: Vec<String> =
            self.0.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        format!("{{ {} }}", entries.join(", "))
    }

    /// `a = 1` and `b = 2` on lines of their own.
    pub(in crate::scenario) fn lines(&self) -> String {
        self.0.iter().map(|(key, value)| format!("{key} = {value}\n")).collect()
    }
}
