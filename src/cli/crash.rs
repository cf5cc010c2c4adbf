//! `sandbar crash`: disturbs a story at each moment of its protocol, and tells which placement breaks which check.

use super::arguments::{Answer, Crash};
use super::failure::Failure;
use super::interrupt::{Interrupt, progress};
use super::open::{base, program, scenario, shell_path, typed};
use super::output::beside;
use super::play::releases;
use super::screen::Screen;
use super::threads::threads;
use super::{BROKEN, HOLDS, INTERRUPTED, panics};
use crate::kernel::{Choices, to_index};
use crate::operator::Catalogue;
use crate::render::{Style, step_in_words};
use crate::scenario::Trigger;
use crate::search::{
    CrashTotals, Disturbance, Judgement, Placement, PlayError, Setup, disturbed, open, placements,
    play, spread,
};
use indicatif::ProgressBar;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The version of the object. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u32 = 1;

/// All that a thread must know.
struct Plan<'p> {
    arguments: &'p Crash,
    /// The story, undisturbed.
    setup: Setup,
    /// Whether it stalls by itself.
    stalls: bool,
    interrupt: Interrupt,
    bar: ProgressBar,
}

/// Plays the story, then each placement, and tells what broke.
pub(super) fn crash(
    arguments: &Crash,
    catalogue: &Arc<Catalogue>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let setup = set_up(arguments, catalogue)?;
    let target =
        beside(arguments.output.as_deref(), Some(&arguments.file), &[], &[&setup.scenario])?;
    let interrupt = Interrupt::listen();
    let watched = Setup { keeps_trace: true, ..setup.clone() };
    let calm = panics::caught(|| play(watched, |_| interrupt.check()))
        .map_err(|message| Failure::engine(&message, &typed()))??;
    let all = [
        Disturbance::KillTask,
        Disturbance::KillTaskManager,
        Disturbance::KillJobManager,
        Disturbance::Lose,
    ];
    let only: Vec<Disturbance> = arguments.only.iter().map(|only| only.kind()).collect();
    let is_wanted = |kind: &Disturbance| only.is_empty() || only.contains(kind);
    let kinds: Vec<Disturbance> = all.into_iter().filter(is_wanted).collect();
    let found = placements(&setup.scenario, &calm.trace, &kinds);
    let count = found.len();
    let chosen = spread(found, to_index(arguments.budget));
    let length = u64::try_from(chosen.len()).ok();
    let bar = progress(length, "{bar:30} {pos}/{len} placements, {per_sec}, {eta} left");
    let stalls = calm.judgement() == Judgement::Stalled;
    let plan = Plan { arguments, setup, stalls, interrupt, bar };
    let totals = threads(arguments.jobs)?.install(|| play_all(&plan, &chosen));
    plan.bar.finish_and_clear();
    let totals = totals?;
    let first = totals.first.keys().next().map(|place| &chosen[*place]);
    match arguments.format {
        Answer::Human => screen.say(&report(&plan, count, &chosen, &totals, screen.style)),
        Answer::Json => screen.say_as_it_is(&object(&plan, count, &chosen, &totals)),
    }
    if let (Some(target), Some(first)) = (target, first) {
        target.write(file(&plan, first, &totals).as_bytes())?;
    }
    if plan.interrupt.is_asked() {
        let text = "interrupted: what was played is told\n".to_owned();
        return Err(Failure { text, code: INTERRUPTED });
    }
    Ok(if totals.count() > 0 { BROKEN } else { HOLDS })
}

/// Opens the story under one release.
fn set_up(arguments: &Crash, catalogue: &Arc<Catalogue>) -> Result<Setup, Failure> {
    let told = scenario(&arguments.file, catalogue)?;
    let releases = releases(&told, arguments.flink)?;
    if releases.len() > 1 {
        return Err(Failure::wrong(
            "the story is played under several releases",
            format!("choose one: --flink {}", releases[0]),
        ));
    }
    let mut scenario = told.under(releases[0]);
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    let choices = Choices::new(scenario.seed);
    let inputs = open(&scenario, base(&arguments.file), &BTreeMap::new(), &choices)?;
    let setup = Setup::new(Arc::new(scenario), Arc::clone(catalogue), inputs, choices);
    Ok(Setup { wants_sometimes: false, ..setup })
}

/// Plays the placements on all threads, folded so that the output does not depend on how many there are.
fn play_all(plan: &Plan<'_>, chosen: &[Placement]) -> Result<CrashTotals, Failure> {
    let played = chosen.par_iter().enumerate().map(|(place, placement)| {
        let mut totals = CrashTotals::default();
        if plan.interrupt.is_asked() {
            return Ok(totals);
        }
        let scenario = Arc::new(disturbed(&plan.setup.scenario, placement));
        let setup = Setup { scenario: Arc::clone(&scenario), ..plan.setup.clone() };
        match panics::caught(|| play(setup, |_| plan.interrupt.check())) {
            Ok(Ok(played)) => {
                let of = (placement.kind, &*plan.setup.scenario);
                totals.add(place, of, &played, plan.stalls);
            }
            Ok(Err(PlayError::Interrupted)) => {}
            Ok(Err(error)) => return Err(error.into()),
            Err(message) => {
                let told = format!("{message}, when disturbed: {}", in_words(placement));
                return Err(Failure::engine(&told, &typed()));
            }
        }
        plan.bar.inc(1);
        Ok(totals)
    });
    played.try_reduce(CrashTotals::default, |mut one, other| {
        one.merge(other);
        Ok(one)
    })
}

/// What is done and when, in words.
fn in_words(placement: &Placement) -> String {
    let what = step_in_words(&placement.step);
    match &placement.step.trigger {
        Trigger::At(at) => format!("{what} at {}", at.in_millis()),
        Trigger::When(..) => what,
    }
}

fn name_of(kind: Disturbance) -> &'static str {
    match kind {
        Disturbance::KillTask => "kill-task",
        Disturbance::KillTaskManager => "kill-task-manager",
        Disturbance::KillJobManager => "kill-job-manager",
        Disturbance::Lose => "lose",
    }
}

fn name_of_check(check: Option<crate::trace::CheckName>) -> String {
    check.map_or_else(|| "stalled".to_owned(), |check| check.to_string())
}

/// What was found, for people.
fn report(
    plan: &Plan<'_>,
    count: usize,
    chosen: &[Placement],
    totals: &CrashTotals,
    style: Style,
) -> String {
    let scenario = &plan.setup.scenario;
    let (file, played) = (plan.arguments.file.display(), chosen.len());
    let head = format!("{file}, seed {}, Flink {}", scenario.seed, scenario.flink);
    let mut text = format!("{}\n{played} placements were played", style.heading(&head));
    if played < count {
        text.push_str(&format!(", spread over {count}: --budget allows more"));
    }
    text.push_str(&format!("\n\n{}\n", style.heading("what was done")));
    for (kind, (plays, broken)) in &totals.kinds {
        let name = name_of(*kind);
        text.push_str(&format!("  {plays:>6}  {name}, of which {broken} break a check\n"));
    }
    if !totals.broken.is_empty() {
        text.push_str(&format!("\n{}\n", style.heading("what is broken first")));
    }
    for (check, (count, first)) in &totals.broken {
        let name = style.bad(&name_of_check(*check));
        let first = in_words(&chosen[*first]);
        text.push_str(&format!("  {count:>6}  {name}, first: {first}\n"));
    }
    if !totals.first.is_empty() {
        let title = format!("the first {} that break a check", totals.first.len());
        text.push_str(&format!("\n{}\n", style.heading(&title)));
    }
    for (place, found) in &totals.first {
        text.push_str(&format!("  {}: {}\n", in_words(&chosen[*place]), found.text));
    }
    let verdict = match totals.count() {
        0 => style.good("holds, wherever it was disturbed"),
        _ => style.bad("broken"),
    };
    text.push_str(&format!("\nverdict  {verdict}\n"));
    if totals.count() > 0 {
        text.push_str(&replay(plan));
    }
    text
}

/// How the first placement that breaks something is played again.
fn replay(plan: &Plan<'_>) -> String {
    match &plan.arguments.output {
        Some(path) => format!("replay: {} run {}\n", program(), shell_path(path)),
        None => {
            "help: give -o FILE to have the story with the first of them as a file\n".to_owned()
        }
    }
}

/// The story with the first placement that breaks something, as a file.
fn file(plan: &Plan<'_>, first: &Placement, totals: &CrashTotals) -> String {
    let found = totals.first.values().next().expect("one that breaks something was found");
    let broken: String = found.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let path = plan.arguments.output.as_ref();
    let played = path.map_or_else(|| "FILE".to_owned(), |path| shell_path(path));
    format!(
        "# Broken: {broken}\n# By:      {}\n# Play it: {} run {played}\n# Found by: {}\n\n{}",
        in_words(first),
        program(),
        typed(),
        disturbed(&plan.setup.scenario, first).to_text()
    )
}

/// What was found, for programs, as one object in lines. Keys are sorted.
fn object(plan: &Plan<'_>, count: usize, chosen: &[Placement], totals: &CrashTotals) -> String {
    let at = |place: usize| match &chosen[place].step.trigger {
        Trigger::At(at) => json!(at.nanos()),
        Trigger::When(..) => Value::Null,
    };
    let kinds = totals.kinds.iter().map(|(kind, (plays, broken))| {
        (name_of(*kind).to_owned(), json!({ "plays": plays, "broken": broken }))
    });
    let broken = totals.broken.iter().map(|(check, (count, first))| {
        let first = json!({ "at_ns": at(*first), "step": step_in_words(&chosen[*first].step) });
        (name_of_check(*check), json!({ "placements": count, "first": first }))
    });
    let first = totals.first.iter().map(|(place, found)| {
        json!({
            "at_ns": at(*place),
            "step": step_in_words(&chosen[*place].step),
            "check": found.check.map(|check| check.to_string()),
            "text": found.text,
        })
    });
    let object = json!({
        "schema": SCHEMA,
        "scenario": plan.arguments.file.display().to_string(),
        "flink": plan.setup.scenario.flink.to_string(),
        "seed": plan.setup.scenario.seed,
        "placements": count,
        "played": chosen.len(),
        "kinds": kinds.collect::<serde_json::Map<_, _>>(),
        "broken": broken.collect::<serde_json::Map<_, _>>(),
        "first": first.collect::<Vec<Value>>(),
    });
    format!("{}\n", serde_json::to_string_pretty(&object).expect("names and numbers are JSON"))
}
