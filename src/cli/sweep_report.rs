//! What a sweep came to, for people.

use super::arguments::Sweep;
use super::open::{program, shell_path, story_words};
use super::rates::{Rate, fewer_than_one_in};
use super::words::name_of;
use crate::render::Style;
use crate::search::{Goal, SweepTotals};
use std::collections::BTreeMap;

/// The command that plays one seed of this sweep again.
pub(super) fn replay(arguments: &Sweep, seed: u64) -> String {
    let file = arguments.file.as_ref();
    match (file, arguments.mutation.is_empty() && !arguments.around) {
        (Some(file), true) => format!("{} run {} --seed {seed}", program(), shell_path(file)),
        (Some(_), false) | (None, _) => {
            let file = file.map_or_else(String::new, |file| format!(" {}", shell_path(file)));
            let mutations = arguments.mutation.iter();
            let mutations = mutations.map(|name| format!(" --mutation {}", name_of(name)));
            let mutations: String = mutations.collect();
            let flink =
                arguments.flink.map_or_else(String::new, |flink| format!(" --flink {flink}"));
            let around = if arguments.around { " --around" } else { "" };
            let seeds = format!("--seeds {seed}..{}", seed + 1);
            format!("{} sweep{file}{around} {seeds}{flink}{mutations}", program())
        }
    }
}

/// The words behind a command that goes on from the story of a seed; none for one that is drawn around a file.
fn going_on(arguments: &Sweep, seed: u64) -> Option<String> {
    if arguments.around {
        return None;
    }
    let mutations = arguments.mutation.iter();
    let mutations = mutations.map(|name| format!("--mutation {}", name_of(name)));
    let flink = arguments.flink.map(|flink| format!("--flink {flink}"));
    let more: Vec<String> = flink.into_iter().chain(mutations).collect();
    story_words(arguments.file.as_deref(), seed, &more)
}

/// The totals: worlds, goals, what happened how often, what is broken, and the first seeds that failed.
pub(super) fn report(
    arguments: &Sweep,
    totals: &SweepTotals,
    is_interrupted: bool,
    style: Style,
) -> String {
    let worlds = totals.coverage.worlds;
    let seeds = arguments.seeds();
    let can_stop =
        arguments.until_found || arguments.fail_fast.is_some() || arguments.budget.is_some();
    let is_cut = can_stop && worlds < seeds.end - seeds.start;
    let which = match is_cut {
        true => format!("from seed {} on", seeds.start),
        false => format!("of seeds {}..{}", seeds.start, seeds.end),
    };
    let mut text = format!(
        "{worlds} worlds {which}, {} events, digest {:016x}\n",
        totals.events, totals.digest
    );
    let is_drawn = arguments.file.is_none();
    if is_drawn || arguments.require_goals {
        text.push_str(&format!("\n{}\n", style.heading("what was put to the test")));
        totals.goals().iter().for_each(|goal| text.push_str(&goal_row(goal, style)));
    }
    let coverage = &totals.coverage;
    let shares = |text: &mut String, heading: &str, rows: &[(&'static str, u64)], of: u64| {
        // What none of many drawn worlds had is a gap; what one story has not is nothing.
        let mut told = rows.iter().filter(|(_, count)| is_drawn || *count > 0).peekable();
        if told.peek().is_some() {
            text.push_str(&format!("\n{}\n", style.heading(heading)));
        }
        for (name, count) in told {
            let share = (count * 100).checked_div(of).unwrap_or(0);
            text.push_str(&format!("           {share:>3}%  {name}\n"));
        }
    };
    let sinks = coverage.sinks().iter().map(|(_, sinks)| sinks).sum();
    shares(&mut text, "what was compared of what sinks wrote", &coverage.sinks(), sinks);
    shares(&mut text, "what jobs were made of", &coverage.operators.rows(), worlds);
    shares(&mut text, "what jobs were restored", &coverage.changes.rows(), worlds);
    shares(&mut text, "what users did", &coverage.operations.rows(), worlds);
    counts(&mut text, &style.heading("what happened, in how many worlds"), &totals.sometimes);
    text.push_str(&format!("\n{}\n", style.heading("which release")));
    for (release, count) in &totals.releases {
        let share = (count * 100).checked_div(worlds).unwrap_or(0);
        text.push_str(&format!("           {share:>3}%  {release}\n"));
    }
    counts(&mut text, &style.heading("checks broken, in how many worlds"), &totals.broken);
    text.push_str(&rates(totals, style));
    let known = style.heading("known: broken by the rules of the release, in how many worlds");
    counts(&mut text, &known, &totals.known);
    for ((name, release), seed) in &totals.known_first {
        let row = format!("{name}, first in {release}: seed {seed}");
        text.push_str(&format!("            {}\n", style.faint(&row)));
    }
    text.push_str(&failures(arguments, totals, style));
    text.push_str(&conclusion(totals, is_cut, is_interrupted, style));
    text
}

/// How often each check was broken.
fn rates(totals: &SweepTotals, style: Style) -> String {
    let rates = totals.broken.iter().map(|(check, seen)| {
        let rate = Rate { seen: *seen, of: totals.coverage.worlds };
        format!("  {check}: {}\n", rate.in_words())
    });
    let rates: String = rates.collect();
    if rates.is_empty() {
        return rates;
    }
    let title = style.heading("how often, and within how many seeds it shows, with 95 % certainty");
    format!("\n{title}\n{rates}")
}

/// The first seeds that failed, each with the commands that go on from there.
fn failures(arguments: &Sweep, totals: &SweepTotals, style: Style) -> String {
    let mut text = String::new();
    if totals.failed > 0 {
        let shown = totals.failures.len();
        let title = format!("{} worlds failed, the first {shown}:", totals.failed);
        text.push_str(&format!("\n{}\n", style.bad(&title)));
    }
    for (seed, why) in &totals.failures {
        text.push_str(&format!("  seed {seed}: {why}\n    replay: {}\n", replay(arguments, *seed)));
        if let Some(words) = going_on(arguments, *seed) {
            let program = program();
            for command in [
                format!("explain: {program} explain{words}"),
                format!("draw: {program} draw{words} -o seed-{seed}.svg"),
                format!("shrink: {program} shrink{words}"),
            ] {
                text.push_str(&format!("    {}\n", style.faint(&command)));
            }
        }
        if arguments.file.is_none() || arguments.around {
            let print = format!("{} --print-scenario", replay(arguments, *seed));
            let tell = format!("story:  {print} > story.toml && {} run story.toml", program());
            text.push_str(&format!("    {}\n", style.faint(&tell)));
        }
    }
    text
}

/// What the worlds say together.
fn conclusion(totals: &SweepTotals, is_cut: bool, is_interrupted: bool, style: Style) -> String {
    let (worlds, mut text) = (totals.coverage.worlds, String::new());
    let verdict = match (totals.failed, worlds) {
        (1.., _) => style.bad("broken"),
        (0, 0) => style.bad("none: no world was played to its end"),
        (0, _) if is_interrupted => style.bad(&format!(
            "none: interrupted, and nothing was broken in the first {worlds} worlds"
        )),
        (0, _) if is_cut => {
            style.good(&format!("holds, in the {worlds} worlds there was time for"))
        }
        (0, _) => style.good("holds"),
    };
    if totals.failed == 0 && worlds > 0 {
        let most = fewer_than_one_in(worlds);
        text.push_str(&format!(
            "\nno world failed: fewer than one in {most} does, with 95 % certainty\n"
        ));
    }
    text.push_str(&format!("\nverdict  {verdict}\n"));
    text
}

fn goal_row(goal: &Goal, style: Style) -> String {
    let met = if goal.is_met() { style.good("met    ") } else { style.bad("not met") };
    let share = (goal.count * 100).checked_div(goal.of).unwrap_or(0);
    let bound = if goal.is_most { "at most" } else { "at least" };
    format!("  {met}  {share:>3}%, {bound} {:>2}%  {}\n", goal.percent, goal.name)
}

fn counts<W: std::fmt::Display>(text: &mut String, title: &str, counts: &BTreeMap<W, u64>) {
    if !counts.is_empty() {
        text.push_str(&format!("\n{title}\n"));
        counts.iter().for_each(|(name, worlds)| text.push_str(&format!("  {worlds:>8}  {name}\n")));
    }
}
