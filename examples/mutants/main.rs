//! Breaks the engine in many small ways, one at a time, and tells which of them the checks notice.
//!
//! `cargo run --release --example mutants -- [--only NAME]… [--room ROOM] [--seeds A..B] [--stories] [--list] [--output FILE]`
//!
//! A mutant is one expression of the source that says something else (`mutants/`, a file for each room). The source itself
//! stays as it is: a copy of it is made in `target/mutants`, in which each mutant is an `if`, built once, and run once for
//! each mutant. HACKING.md says how a mutant is added.

mod judge;
mod mutant;
mod process;
mod table;
mod tree;

use judge::Judge;
use mutant::Mutant;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What was asked for.
struct Arguments {
    only: Vec<String>,
    room: Option<String>,
    seeds: Range<u64>,
    stories: bool,
    list: bool,
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tell(&format!("error: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for whoever watches.
fn tell(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

fn run() -> Result<(), String> {
    let arguments = arguments(std::env::args().skip(1))?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = mutant::read_all(&root.join("mutants"))?;
    let unknown = arguments.only.iter().find(|name| !all.iter().any(|one| one.name == **name));
    if let Some(unknown) = unknown {
        return Err(format!("no mutant is called `{unknown}`; see --list"));
    }
    let is_wanted = |(_, mutant): &(usize, &Mutant)| {
        let is_named = arguments.only.is_empty() || arguments.only.contains(&mutant.name);
        is_named && arguments.room.as_ref().is_none_or(|room| *room == mutant.room)
    };
    let wanted: Vec<(usize, &Mutant)> = all.iter().enumerate().filter(is_wanted).collect();
    if arguments.list {
        let rows =
            wanted.iter().map(|(_, one)| format!("{}/{}: {}\n", one.room, one.name, one.what));
        return print(&rows.collect::<String>());
    }
    let binary = tree::build(root, &all)?;
    let judge = Judge::new(root, &binary, arguments.seeds.clone(), arguments.stories)?;
    let mut judged = Vec::new();
    for (done, (number, mutant)) in wanted.iter().enumerate() {
        let fate = judge.try_mutant(*number, mutant)?;
        tell(&format!("{}/{} {}: {fate}", done + 1, wanted.len(), mutant.name));
        judged.push((*mutant, fate));
    }
    let text = table::markdown(&judged, &arguments.seeds);
    match arguments.output {
        Some(path) => {
            std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
        }
        None => print(&text),
    }
}

fn print(text: &str) -> Result<(), String> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| error.to_string())
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let (only, seeds) = (Vec::new(), 0..600);
    let mut found =
        Arguments { only, room: None, seeds, stories: false, list: false, output: None };
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--only" => found.only.push(value()?),
            "--room" => found.room = Some(value()?),
            "--seeds" => {
                found.seeds = seeds_of(&value()?).ok_or("--seeds takes A..B, with A < B")?
            }
            "--output" => found.output = Some(value()?.into()),
            "--stories" => found.stories = true,
            "--list" => found.list = true,
            other => return Err(format!("unknown argument `{other}`")),
        }
    }
    Ok(found)
}

fn seeds_of(text: &str) -> Option<Range<u64>> {
    let (start, end) = text.split_once("..")?;
    let seeds = start.parse().ok()?..end.parse().ok()?;
    (seeds.start < seeds.end).then_some(seeds)
}
