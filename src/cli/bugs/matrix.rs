//! `sandbar bugs --matrix`: every broken protocol in drawn worlds, and which checks notice it.

use super::by_mutation;
use crate::cli::arguments::{Answer, Bugs};
use crate::cli::failure::Failure;
use crate::cli::interrupt::{Interrupt, progress};
use crate::cli::screen::Screen;
use crate::cli::threads::threads;
use crate::cli::words::name_of;
use crate::cli::{BROKEN, HOLDS, INTERRUPTED, panics};
use crate::operator::Catalogue;
use crate::render::Style;
use crate::rules::Mutation;
use crate::scenario::Profile;
use crate::search::{Bug, Matrix, PlayError, drawn_setup, play};
use crate::trace::{CheckName, Word};
use indicatif::ProgressBar;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The version of the object. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u32 = 1;
/// How many seeds of a mutation a thread takes at a time.
const CHUNK: u64 = 16;

/// All that a thread must know.
struct Plan<'p> {
    catalogue: &'p Arc<Catalogue>,
    seeds: Range<u64>,
    interrupt: Interrupt,
    bar: ProgressBar,
}

/// Plays every mutation over the seeds, and tells who notices it.
pub(super) fn matrix(
    arguments: &Bugs,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let seeds = arguments.seeds();
    let mutations = u64::try_from(Mutation::ALL.len()).expect("there are few");
    let worlds = (seeds.end - seeds.start).saturating_mul(mutations);
    let bar = progress(Some(worlds), "{bar:30} {pos}/{len} worlds, {per_sec}, {eta} left");
    let plan = Plan { catalogue, seeds, interrupt: Interrupt::listen(), bar };
    let matrix = threads(arguments.jobs)?.install(|| play_all(&plan));
    plan.bar.finish_and_clear();
    let matrix = matrix?;
    let zoo = by_mutation(catalogue);
    match arguments.format {
        Answer::Human => {
            screen.say_as_it_is(&table(&matrix));
            screen.say(&legend(&plan, &matrix, &zoo, screen.style));
        }
        Answer::Json => screen.say_as_it_is(&object(&plan, &matrix, &zoo)),
    }
    if plan.interrupt.is_asked() {
        let text = "interrupted: the table is that of the worlds that were played\n".to_owned();
        return Err(Failure { text, code: INTERRUPTED });
    }
    let is_noticed = |mutation: &Mutation| matrix.is_noticed(*mutation);
    Ok(if Mutation::ALL.iter().all(is_noticed) { HOLDS } else { BROKEN })
}

/// Chunks of seeds of each mutation, folded so that the output does not depend on the number of threads.
fn play_all(plan: &Plan<'_>) -> Result<Matrix, Failure> {
    let Range { start, end } = plan.seeds;
    let chunks = (end - start).div_ceil(CHUNK);
    let mutations = u64::try_from(Mutation::ALL.len()).expect("there are few");
    (0..chunks.saturating_mul(mutations))
        .into_par_iter()
        .map(|place| {
            let index = usize::try_from(place / chunks).expect("there are few");
            let first = start + place % chunks * CHUNK;
            let seeds = first..first.saturating_add(CHUNK).min(end);
            play_chunk(plan, Mutation::ALL[index], seeds)
        })
        .try_reduce(Matrix::default, |mut one, other| {
            one.merge(other);
            Ok(one)
        })
}

fn play_chunk(plan: &Plan<'_>, mutation: Mutation, seeds: Range<u64>) -> Result<Matrix, Failure> {
    let mut matrix = Matrix::default();
    for seed in seeds {
        if plan.interrupt.is_asked() {
            break;
        }
        let setup = drawn_setup(seed, &Profile::default(), &[mutation], plan.catalogue);
        // The engine asserts what holds of sound protocols: an assertion may end a world before any check is asked.
        match panics::caught(|| play(setup, |_| plan.interrupt.check())) {
            Ok(Ok(played)) => matrix.add(mutation, &played),
            Ok(Err(PlayError::Interrupted)) => break,
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => matrix.add_ended(mutation, seed),
        }
        plan.bar.inc(1);
    }
    Ok(matrix)
}

/// The table: a row for each mutation, a column for each check, in how many worlds.
fn table(matrix: &Matrix) -> String {
    let names: Vec<String> = Mutation::ALL.iter().map(name_of).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let mut text = format!("{:width$}", "");
    for number in 1..=CheckName::ALL.len() {
        text.push_str(&format!("{number:>5}"));
    }
    text.push('\n');
    for (mutation, name) in Mutation::ALL.iter().zip(&names) {
        text.push_str(&format!("{name:width$}"));
        for check in CheckName::ALL {
            match matrix.noticed.get(&(*mutation, *check)) {
                Some(noticed) => text.push_str(&format!("{:>5}", noticed.worlds)),
                None => text.push_str("    ."),
            }
        }
        text.push('\n');
    }
    text
}

/// What the columns are, who notices first, and who notices first in the zoo.
fn legend(
    plan: &Plan<'_>,
    matrix: &Matrix,
    zoo: &BTreeMap<Mutation, Vec<Bug>>,
    style: Style,
) -> String {
    let mut text = format!("\n{}\n", style.heading("the checks"));
    for (check, number) in CheckName::ALL.iter().zip(1..) {
        text.push_str(&format!("  {number:>2}  {check}: {}\n", check.about()));
    }
    text.push_str(&format!(
        "\n{}\n",
        style.heading("the first seed, and the first check in the zoo")
    ));
    for mutation in Mutation::ALL {
        let name = name_of(mutation);
        let firsts = CheckName::ALL.iter().filter_map(|check| {
            let noticed = matrix.noticed.get(&(*mutation, *check))?;
            Some(format!("{check} at seed {}", noticed.first))
        });
        let firsts: Vec<String> = firsts.collect();
        let firsts = match firsts.is_empty() {
            true => style.bad("noticed by no check"),
            false => firsts.join(", "),
        };
        text.push_str(&format!("  {name}: {firsts}\n"));
        if let Some(ended) = matrix.ended.get(mutation) {
            let (worlds, first) = (ended.worlds, ended.first);
            let told =
                format!("an assertion of the engine ended {worlds} worlds, first at seed {first}");
            text.push_str(&format!("      {}\n", style.bad(&told)));
        }
        for bug in zoo.get(mutation).into_iter().flatten() {
            let caught = bug.caught_by(plan.catalogue).map_or("no check", CheckName::name);
            text.push_str(&format!("      {}\n", style.faint(&format!("{}: {caught}", bug.name))));
        }
    }
    let noticed = Mutation::ALL.iter().filter(|mutation| matrix.is_noticed(**mutation)).count();
    let Range { start, end } = plan.seeds;
    let of = Mutation::ALL.len();
    text.push_str(&format!(
        "\n{noticed} of {of} mutations are noticed in the seeds {start}..{end}\n"
    ));
    text
}

/// The same for programs, as one object in lines. Keys are sorted.
fn object(plan: &Plan<'_>, matrix: &Matrix, zoo: &BTreeMap<Mutation, Vec<Bug>>) -> String {
    let rows = Mutation::ALL.iter().map(|mutation| {
        let checks = CheckName::ALL.iter().filter_map(|check| {
            let noticed = matrix.noticed.get(&(*mutation, *check))?;
            Some((
                check.to_string(),
                json!({ "worlds": noticed.worlds, "first_seed": noticed.first }),
            ))
        });
        let stories = zoo.get(mutation).into_iter().flatten().map(|bug| {
            let caught = bug.caught_by(plan.catalogue).map(|check| check.to_string());
            json!({ "name": bug.name, "entry": bug.entry(), "caught_by": caught })
        });
        json!({
            "mutation": name_of(mutation),
            "worlds": matrix.worlds.get(mutation).copied().unwrap_or(0),
            "checks": checks.collect::<serde_json::Map<_, _>>(),
            "ended": matrix.ended.get(mutation).map(|ended| {
                json!({ "worlds": ended.worlds, "first_seed": ended.first })
            }),
            "zoo": stories.collect::<Vec<Value>>(),
        })
    });
    let Range { start, end } = plan.seeds;
    let object = json!({
        "schema": SCHEMA,
        "seeds": { "first": start, "end": end },
        "mutations": rows.collect::<Vec<Value>>(),
    });
    format!("{}\n", serde_json::to_string_pretty(&object).expect("names and numbers are JSON"))
}
