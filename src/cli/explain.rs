//! `sandbar explain-error`: from a message of Flink to what is behind it.
//!
//! Owns the table of messages (`explain/messages.toml`), from which the answers, the JSON and docs/errors.md come. How a message is
//! known again in a stack trace is in `explain/recognition.rs`.

mod page;
mod recognition;
mod table;

use super::arguments::{Answer, ExplainError};
use super::exit::HOLDS;
use super::failure::Failure;
use super::screen::Screen;
use crate::render::Style;
use crate::scenario::bounds::INPUT_BYTES;
use crate::search::{STDIN, read_bounded, read_file};
use serde_json::{Value, json};
use std::path::Path;
use table::{Message, Table};

/// The version of the JSON object. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u32 = 1;

/// Tells what is behind each message that a text holds, the innermost cause first; or prints the page of all of them.
pub(super) fn explain(of: &ExplainError, screen: &mut Screen) -> Result<u8, Failure> {
    let table = Table::read();
    if of.all {
        match of.format {
            Answer::Human => screen.say_as_it_is(&page::page(&table)),
            Answer::Json => screen.say_as_it_is(&object(table.messages(), &[])),
        }
        return Ok(HOLDS);
    }
    let text = given(of)?;
    let known = recognition::recognized(&table, &text);
    let near = if known.is_empty() { recognition::nearest(&table, &text) } else { Vec::new() };
    match of.format {
        Answer::Json => screen.say_as_it_is(&object(known.iter().copied(), &near)),
        Answer::Human => screen.say(&told(&known, screen.style)),
    }
    if known.is_empty() { Err(unknown(&text, &near)) } else { Ok(HOLDS) }
}

/// The text that was given, on the command line, in a file or on standard input. A log may hold any bytes.
fn given(of: &ExplainError) -> Result<String, Failure> {
    let typed = of.text.join(" ");
    let file = of.file.as_deref().or_else(|| (typed == STDIN).then(|| Path::new(STDIN)));
    let Some(file) = file else { return Ok(typed) };
    let bytes = match file == Path::new(STDIN) {
        true => read_bounded(std::io::stdin().lock(), &INPUT_BYTES),
        false => read_file(file, &INPUT_BYTES),
    };
    let bytes = bytes.map_err(|cause| {
        let help = cause.help().unwrap_or("give the path of a log, or the message itself");
        Failure::wrong(format!("cannot read `{}`: {cause}", file.display()), help)
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The answer for people.
fn told(known: &[&Message], style: Style) -> String {
    let mut text = String::new();
    for message in known {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{}\n", style.heading(message.spelling())));
        text.push_str(&format!("    means    {}\n", message.means));
        text.push_str(&format!("    way out  {}\n", message.way_out));
        if !message.rules.is_empty() {
            text.push_str(&format!("    rules    {}\n", message.rules.join(", ")));
        }
        for story in &message.shown_by {
            text.push_str(&format!("    story    sandbar run {story}\n"));
        }
    }
    text
}

/// The answer for programs: one JSON object, with a line end behind it.
fn object<'m>(known: impl Iterator<Item = &'m Message>, near: &[&Message]) -> String {
    let message = |message: &Message| {
        json!({
            "message": message.spelling(),
            "spellings": message.says,
            "means": message.means,
            "way_out": message.way_out,
            "rules": message.rules,
            "stories": message.shown_by,
        })
    };
    let object = json!({
        "schema": SCHEMA,
        "explained": known.map(message).collect::<Vec<Value>>(),
        "nearest": near.iter().map(|near| near.spelling()).collect::<Vec<_>>(),
    });
    format!("{object:#}\n")
}

/// Nothing in the text is a message that the table has.
fn unknown(text: &str, near: &[&Message]) -> Failure {
    let what = match text.trim().is_empty() {
        true => "there is no text to explain",
        false => "no message in this text is known",
    };
    let near: String = near.iter().map(|near| format!("\n  {}", near.spelling())).collect();
    let near = if near.is_empty() { near } else { format!("\nthese are nearest:{near}") };
    Failure::wrong(
        what,
        format!(
            "give the lines of the log that begin with `Caused by`, the last above all; `sandbar explain-error --all` has all messages that are known{near}"
        ),
    )
}
