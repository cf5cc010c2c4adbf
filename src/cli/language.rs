//! What the command line tells of the language of scenarios: its schema, its lists, a first story, whether a file is read.

use super::arguments::{Check, List, New};
use super::exit::{HOLDS, WRONG_INPUT};
use super::failure::Failure;
use super::open;
use super::output::Target;
use super::screen::Screen;
use crate::operator::Catalogue;
use crate::render::{columns, padded};
use crate::scenario::Scenario;
use crate::search::unreadable;
use clap::ValueEnum;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A first story, by what it is about.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Rows are counted by key; a subtask dies
    WordCount,
    /// Windows of event time over records that are out of order
    Window,
    /// A savepoint, and another parallelism
    Rescale,
    /// A two-phase sink beside one that writes at once
    TwoPhase,
    /// A task manager is cut off, and its tasks go on
    Zombie,
}

impl Kind {
    /// The name of its file, and what is in it.
    const fn story(self) -> (&'static str, &'static str) {
        match self {
            Self::WordCount => ("word_count.toml", include_str!("stories/word_count.toml")),
            Self::Window => ("window.toml", include_str!("stories/window.toml")),
            Self::Rescale => ("rescale.toml", include_str!("stories/rescale.toml")),
            Self::TwoPhase => ("two_phase.toml", include_str!("stories/two_phase.toml")),
            Self::Zombie => ("zombie.toml", include_str!("stories/zombie.toml")),
        }
    }
}

/// What the schema is called beside stories whose first line names it.
const SCHEMA: &str = "sandbar.schema.json";

/// `sandbar new`: writes a first story into a file that is not there yet.
pub(super) fn new(new: &New, screen: &mut Screen) -> Result<u8, Failure> {
    let (name, story) = new.kind.story();
    let file = new.file.clone().unwrap_or_else(|| PathBuf::from(name));
    if file.as_os_str() == crate::search::STDIN {
        screen.say_as_it_is(story);
        return Ok(HOLDS);
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|cause| Failure::unwritable(&file, &cause))?;
    }
    let schema = match file.with_file_name(SCHEMA).exists() {
        true => format!("#:schema ./{SCHEMA}\n"),
        false => String::new(),
    };
    let story = schema + story;
    let made = File::create_new(&file).and_then(|mut made| made.write_all(story.as_bytes()));
    made.map_err(|cause| {
        if cause.kind() == ErrorKind::AlreadyExists {
            let help = "name another file, or `-` to print the story";
            return Failure::wrong(format!("`{}` is there already", file.display()), help);
        }
        Failure::unwritable(&file, &cause)
    })?;
    let shown = file.display();
    screen.say(&format!("wrote {shown}\nplay it: sandbar run {shown}\n"));
    Ok(HOLDS)
}

/// `sandbar check`: reads files and their inputs without playing them, and tells all that is wrong with each.
pub(super) fn check(
    check: &Check,
    catalogue: &Catalogue,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let mut wrong = 0;
    for file in &check.files {
        let read = open::text(file).and_then(|(text, shown)| {
            let upgraded = Scenario::upgrade(&text, &shown, catalogue)?;
            check_inputs(file, &Scenario::parse(&text, &shown, catalogue)?)?;
            let row = |(line, was, now): &(u32, String, String)| {
                format!("{shown}:{line}: `{was}` is `{now}` now; `sandbar upgrade {shown}` rewrites it\n")
            };
            Ok(upgraded.changes.iter().map(row).collect::<String>())
        });
        match read {
            Ok(notes) => screen.say(&notes),
            Err(failure) => {
                wrong += 1;
                screen.complain(&failure.text);
            }
        }
    }
    let files = check.files.len();
    let noun = if files == 1 { "file" } else { "files" };
    screen.say(&match wrong {
        0 => format!("{files} {noun} read, nothing wrong\n"),
        wrong => format!("{files} {noun} read, {wrong} wrong\n"),
    });
    Ok(if wrong == 0 { HOLDS } else { WRONG_INPUT })
}

/// Whether the files that a scenario reads are there, and are what it says of them.
fn check_inputs(file: &Path, scenario: &Scenario) -> Result<(), Failure> {
    let errors = unreadable(scenario, open::base(file));
    let told = errors
        .iter()
        .map(|error| Failure::wrong(format!("{}: {error}", file.display()), error.help()).text);
    let text = told.collect::<Vec<_>>().join("\n");
    if text.is_empty() { Ok(()) } else { Err(Failure { text, code: WRONG_INPUT }) }
}

/// `sandbar upgrade`: rewrites files in the newest format, each as a whole or not at all.
pub(super) fn upgrade(
    files: &Check,
    catalogue: &Catalogue,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let mut code = HOLDS;
    for file in &files.files {
        match upgrade_file(file, catalogue) {
            Ok(told) => screen.say(&told),
            Err(failure) => {
                screen.complain(&failure.text);
                code = failure.code;
            }
        }
    }
    Ok(code)
}

fn upgrade_file(file: &Path, catalogue: &Catalogue) -> Result<String, Failure> {
    let (text, shown) = open::text(file)?;
    let upgraded = Scenario::upgrade(&text, &shown, catalogue)?;
    if upgraded.changes.is_empty() {
        return Ok(format!("{shown}: up to date\n"));
    }
    if file.as_os_str() == crate::search::STDIN {
        return Ok(upgraded.text);
    }
    Target::prepare(file)?.write(upgraded.text.as_bytes())?;
    let row = |(line, was, now): &(u32, String, String)| {
        format!("{shown}:{line}: `{was}` is `{now}` now\n")
    };
    Ok(upgraded.changes.iter().map(row).collect())
}

/// `sandbar list`: one list out of the language.
pub(super) fn list(list: &List, catalogue: &Catalogue, screen: &mut Screen) -> u8 {
    let found =
        Scenario::list(&list.what, catalogue).expect("the arguments allow lists that exist");
    let width = found.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, about) in found {
        text.push_str(format!("{}  {about}", padded(&name, width)).trim_end());
        text.push('\n');
    }
    screen.say(&text);
    HOLDS
}

/// `sandbar schema`: the language as a JSON schema.
pub(super) fn schema(catalogue: &Catalogue, screen: &mut Screen) -> u8 {
    let schema = serde_json::to_string_pretty(&Scenario::schema(catalogue)).expect("it is JSON");
    screen.say_as_it_is(&format!("{schema}\n"));
    HOLDS
}
