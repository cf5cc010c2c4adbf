//! Breaks the protocol in every way that a mutation knows, and makes the first drawn story small that is broken by it.
//!
//! `cargo run --release --example shrinking -- [--only NAME]… [--output FILE]`
//!
//! Prints a page with a table of how large the stories were and are, or writes it to a file.

use sandbar::internals::drawn_setup;
use sandbar::shrinking::{Shrinking, Shrunk, Size, Stopped, plays_generated};
use sandbar::{Catalogue, Mutation, Played, Profile, play_out};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Within so many drawn stories each mutation shows.
const SEEDS: u64 = 1_000;
/// How many worlds are played for one story at most.
const PLAYS: u32 = 400;

const HEAD: &str = "\
# How small broken stories become

For each mutation the first drawn story that it breaks, and what `sandbar shrink` makes of it within 400 plays: jobs, steps,
and of the largest job operators and subtasks, then records. The aim is 3 steps, 3 operators, 3 subtasks and 20 records at most.
`cargo run --release --example shrinking` writes this page; seconds are those of the machine on which it did.

| mutation | seed | before | after | plays | seconds | aim | any seed | broken |
|---|---|---|---|---|---|---|---|---|
";

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

/// What was asked for: the mutations, and the file that is written.
fn arguments() -> Result<(Vec<Mutation>, Option<PathBuf>), String> {
    let (mut only, mut output) = (Vec::new(), None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
        match word.as_str() {
            "--only" => {
                let mut all = Mutation::ALL.iter().copied();
                let found = all.find(|mutation| name_of(*mutation) == value);
                only.push(found.ok_or_else(|| format!("no mutation is called `{value}`"))?);
            }
            "--output" => output = Some(PathBuf::from(value)),
            other => return Err(format!("`{other}` is not --only or --output")),
        }
    }
    Ok((if only.is_empty() { Mutation::ALL.to_vec() } else { only }, output))
}

fn run() -> Result<(), String> {
    let (mutations, output) = arguments()?;
    let mut rows = String::new();
    let (mut within, mut all) = (0, 0);
    for mutation in mutations {
        let (row, is_within) = row(mutation)?;
        tell(row.trim_end());
        rows.push_str(&row);
        (within, all) = (within + u32::from(is_within), all + 1);
    }
    let page = format!("{HEAD}{rows}\n{within} of {all} are as small as they should be.\n");
    match output {
        Some(path) => {
            fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))
        }
        None => std::io::stdout().write_all(page.as_bytes()).map_err(|error| error.to_string()),
    }
}

fn name_of(mutation: Mutation) -> String {
    let name = serde_json::to_value(mutation).expect("it is a word");
    name.as_str().expect("it is a word").to_owned()
}

/// Whether a world fails, and not because its release breaks a promise.
fn fails(played: &Played) -> bool {
    !played.unmet.is_empty() && played.known_break().is_none()
}

/// The row of a mutation, and whether its story becomes as small as it should.
#[expect(clippy::disallowed_types, reason = "how long it takes is part of the table")]
fn row(mutation: Mutation) -> Result<(String, bool), String> {
    let catalogue = Arc::new(Catalogue::built_in());
    let setup = |seed| drawn_setup(seed, &Profile::default(), &[mutation], &catalogue);
    let name = name_of(mutation);
    let seed = (0..SEEDS).find(|seed| fails(&play_out(setup(*seed))));
    let seed = seed.ok_or_else(|| format!("`{name}` breaks none of {SEEDS} stories"))?;
    let scenario = setup(seed).scenario;
    let start = std::time::Instant::now();
    // What shows only where it is tried to restore what is kept is asked for last.
    let shrunk = [false, true].into_iter().find_map(|deep| {
        let mut player = plays_generated(&catalogue, deep);
        let shrinking = Shrinking::of(&scenario, &catalogue, &mut *player)?;
        let found = shrinking.first(None)?.clone();
        Some(shrinking.shrink(&found, PLAYS, &mut *player, &mut |_, _| {}))
    });
    let Shrunk { before, after, plays, stopped, found, under_any_seed, .. } =
        shrunk.ok_or_else(|| format!("`{name}` breaks nothing under seed {seed}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let is_within =
        after.steps <= 3 && after.operators <= 3 && after.subtasks <= 3 && after.records <= 20;
    let mark = |is_so: bool| if is_so { "yes" } else { "no" };
    let spent = if stopped == Stopped::Budget { ", all" } else { "" };
    let row = format!(
        "| {name} | {seed} | {} | {} | {plays}{spent} | {seconds:.1} | {} | {} | {} |\n",
        numbers(&before),
        numbers(&after),
        mark(is_within),
        mark(under_any_seed),
        found.in_words().split(": ").next().unwrap_or_default()
    );
    Ok((row, is_within))
}

/// Jobs, steps, operators, subtasks, records.
fn numbers(size: &Size) -> String {
    let Size { jobs, steps, operators, subtasks, records, .. } = size;
    format!("{jobs} / {steps} / {operators} / {subtasks} / {records}")
}
