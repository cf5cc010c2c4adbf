//! Opening what a command is given: scenario files, and the command that would play the same again.

use super::arguments::Binding;
use super::failure::Failure;
use crate::operator::Catalogue;
use crate::scenario::Scenario;
use crate::scenario::bounds::{INPUT_BYTES, SCENARIO_BYTES};
use crate::search::{STDIN, read_bounded, read_file};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reads a scenario file.
pub(super) fn scenario(file: &Path, catalogue: &Catalogue) -> Result<Scenario, Failure> {
    let (text, shown) = text(file)?;
    Ok(Scenario::parse(&text, &shown, catalogue)?)
}

/// The text of a scenario file, and what messages call the file.
pub(super) fn text(file: &Path) -> Result<(String, String), Failure> {
    let shown = file.display().to_string();
    let bytes = match file == Path::new(STDIN) {
        true => read_bounded(std::io::stdin().lock(), &SCENARIO_BYTES),
        false => read_file(file, &SCENARIO_BYTES),
    };
    let bytes = bytes.map_err(|cause| {
        let usual = "give the path of a scenario file, such as sim/word_count.toml";
        let help = cause.help().unwrap_or(usual);
        Failure::wrong(format!("cannot read the scenario `{shown}`: {cause}"), help)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::wrong(
            format!("the scenario `{shown}` is not UTF-8: byte {at} is not part of a character"),
            "give a scenario file, which is a text",
        )
    })?;
    Ok((text, shown))
}

/// What is read from standard input in place of an input's file; `file` is the scenario.
pub(super) fn given_input(
    file: &Path,
    replaced: &BTreeMap<String, PathBuf>,
) -> Result<Option<Vec<u8>>, Failure> {
    let stdin = Path::new(STDIN);
    let mut readers = replaced.iter().filter(|(_, path)| *path == stdin).map(|(name, _)| name);
    let Some(first) = readers.next() else { return Ok(None) };
    let other = readers.next().map(|other| format!("input `{other}`"));
    let other = if file == stdin { Some("the scenario".to_owned()) } else { other };
    if let Some(other) = other {
        return Err(Failure::wrong(
            format!("both {other} and input `{first}` are to be read from standard input"),
            "give a file for one of them",
        ));
    }
    let bytes = read_bounded(std::io::stdin().lock(), &INPUT_BYTES).map_err(|cause| {
        let help = cause.help().unwrap_or("give a file");
        Failure::wrong(format!("input `{first}`: cannot read standard input: {cause}"), help)
    })?;
    Ok(Some(bytes))
}

/// The folder that the paths in a scenario file are relative to.
pub(super) fn base(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new(""))
}

/// The path that is meant by what names a savepoint or a data folder: a path, or a `file:` URI. What is at it is found, from
/// the root on, before anything is played or removed.
pub(super) fn local(given: &Path) -> Result<PathBuf, Failure> {
    let uri = given.to_str().and_then(|text| text.strip_prefix("file:"));
    let Some(rest) = uri else { return Ok(given.to_owned()) };
    path_of_uri(rest).map(PathBuf::from).map_err(|why| {
        let message = format!("`{}` is no path: {why}", given.display());
        Failure::wrong(message, "give a path, or file:///PATH")
    })
}

/// The path of a `file:` URI, from behind the colon: `/a/b`, `///a/b` or `//localhost/a/b`.
fn path_of_uri(rest: &str) -> Result<&str, &'static str> {
    let Some(behind) = rest.strip_prefix("//") else {
        return Some(rest).filter(|path| path.starts_with('/')).ok_or("it is not absolute");
    };
    let path = behind.strip_prefix("localhost").unwrap_or(behind);
    Some(path).filter(|path| path.starts_with('/')).ok_or("it names another machine")
}

/// Bindings by name, of which none is given twice.
pub(super) fn by_name(
    option: &str,
    bindings: &[Binding],
) -> Result<BTreeMap<String, PathBuf>, Failure> {
    let mut paths = BTreeMap::new();
    for Binding { name, path } in bindings {
        if paths.insert(name.clone(), path.clone()).is_some() {
            return Err(Failure::wrong(
                format!("`{name}` is given twice with {option}"),
                format!("give {option} {name}=PATH once"),
            ));
        }
    }
    Ok(paths)
}

/// A path as one word of a shell, that is not taken for an option.
pub(super) fn shell_path(path: &Path) -> String {
    let text = path.as_os_str().as_encoded_bytes();
    let is_like_an_option = text.starts_with(b"-") && text != b"-";
    shell_word(&if is_like_an_option { Path::new(".").join(path) } else { path.to_owned() })
}

/// A path as one word of a shell.
pub(super) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-=+,:@%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The program as one types it to run it again: a program with operators of its own has a name of its own.
pub(super) fn program() -> String {
    let name = std::env::args_os().next().filter(|name| !name.is_empty());
    name.map_or_else(|| "sandbar".to_owned(), |name| shell_word(Path::new(&name)))
}

/// The command as it was typed.
pub(super) fn typed() -> String {
    let rest = std::env::args_os().skip(1);
    let words = rest.map(|word| format!(" {}", shell_word(Path::new(&word))));
    program() + &words.collect::<String>()
}

/// The words behind a command that goes on from the story of a seed: ` my.toml --seed 8`. None for what is not read from a file that
/// stays.
pub(super) fn story_words(file: Option<&Path>, seed: u64, more: &[String]) -> Option<String> {
    if file == Some(Path::new(STDIN)) {
        return None;
    }
    let file = file.map_or_else(String::new, |file| format!(" {}", shell_path(file)));
    let more: String = more.iter().map(|word| format!(" {word}")).collect();
    Some(format!("{file} --seed {seed}{more}"))
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    let scored = known.iter().map(|other| (strsim::damerau_levenshtein(name, other), *other));
    let best = scored.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= 1 + name.chars().count() / 4).then_some(best.1)
}
