//! What a run came to, for people.

use super::arguments::Run;
use super::open::{program, shell_word, story_words};
use super::output::is_keyed;
use crate::check::{Compared, Finding};
use crate::effect::ExternalSystem;
use crate::job::Value;
use crate::kernel::to_index;
use crate::render::{Names, Style, columns, padded, step_in_words, story, timeline, transcript};
use crate::scenario::Step;
use crate::search::{Judgement, Played, Setup, why_never};
use crate::trace::{CheckName, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// How many violations of a check are told.
const VIOLATIONS_MAX: usize = 3;
/// How many keys of a sink are told.
const TOP: usize = 5;
/// How many jobs, savepoints or unmet expectations are told.
const ROWS_MAX: usize = 40;

/// All that a report speaks of.
pub(super) struct Report<'r> {
    pub(super) arguments: &'r Run,
    pub(super) setup: &'r Setup,
    pub(super) played: &'r Played,
    /// Where each savepoint lies as files, by label.
    pub(super) paths: &'r BTreeMap<Arc<str>, PathBuf>,
    pub(super) names: &'r Names,
    pub(super) replay: &'r str,
}

/// The report: story, jobs, restores, savepoints, sinks, checks, verdict.
pub(super) fn report(of: &Report<'_>, style: Style) -> String {
    let told = if of.arguments.verbose {
        let only = of.arguments.only.of(&of.played.trace, of.names);
        timeline(&only, of.names, true)
    } else {
        story(&of.played.trace, of.names, style)
    };
    let sections = [
        ("jobs", jobs(of, style)),
        ("restores", restores(of)),
        ("savepoints", savepoints(of, style)),
        ("left on disk", left(of)),
        ("sinks", sinks(of)),
        ("never happened", never_rows(of)),
        ("noticed", of.played.verdict.noticed.clone()),
        ("not as expected", unmet(of, style)),
    ];
    let mut text = told;
    if of.arguments.transcript {
        let ids: Vec<_> = of.played.outcome.jobs.iter().map(|job| job.job).collect();
        let session = transcript(&of.played.trace, &of.setup.scenario, &ids);
        text.push_str(&format!("\n{}\n", style.heading("session")));
        if !of.paths.is_empty() {
            let note =
                "paths are those of the story; where its files lie is told under `savepoints`";
            text.push_str(&format!("  {}\n", style.faint(note)));
        }
        text.push_str(&session);
    }
    for (title, rows) in sections {
        if !rows.is_empty() {
            text.push_str(&format!("\n{}\n", style.heading(title)));
            text.push_str(&bounded(&rows));
        }
    }
    text.push_str(&format!("\n{}\n{}", checks(of, style), conclusion(of, style)));
    text
}

fn bounded(rows: &[String]) -> String {
    let shown = rows.iter().take(ROWS_MAX).map(|row| format!("  {row}\n"));
    let mut text: String = shown.collect();
    if rows.len() > ROWS_MAX {
        text.push_str(&format!("  … {} more\n", rows.len() - ROWS_MAX));
    }
    text
}

fn jobs(of: &Report<'_>, style: Style) -> Vec<String> {
    let jobs = &of.played.outcome.jobs;
    let width = jobs.iter().map(|job| columns(&job.label)).max().unwrap_or(0);
    let row = |job: &crate::cluster::JobEnd| {
        let status = job.status.map_or_else(|| "refused".to_owned(), |status| status.to_string());
        let id = job.job.map_or_else(String::new, |id| style.faint(&format!("job {id}")));
        format!("{}  {status:<10}  {id}", padded(&job.label, width)).trim_end().to_owned()
    };
    jobs.iter().map(row).collect()
}

/// A row for each restore from a snapshot of another job; more for those that left something behind, or for all of them.
fn restores(of: &Report<'_>) -> Vec<String> {
    let told = of.played.restores.told();
    let width = told.iter().map(|restore| columns(&restore.run)).max().unwrap_or(0);
    let mut rows = Vec::new();
    for restore in &told {
        let restored = restore.restored.len();
        let left = restore.dropped.len() + restore.unread.len() + restore.untaken.len();
        let states = restored + left;
        let how = match (left, states) {
            (0, 1) => "its one state".to_owned(),
            (0, _) => format!("all {states} states"),
            (1.., _) => format!("{restored} of {states} states"),
        };
        let empty = match restore.empty.is_empty() {
            true => String::new(),
            false => format!("; empty: {}", restore.empty.join(", ")),
        };
        let run = padded(&restore.run, width);
        rows.push(format!("{run}  snapshot {}: {how}{empty}", restore.checkpoint));
        if left > 0 || of.arguments.verbose {
            let given = restore.restored.iter().map(|state| format!("  restored  {state}"));
            rows.extend(given);
        }
        let untaken = restore.untaken.iter();
        rows.extend(
            untaken.map(|state| {
                format!("  untaken   {state}: no subtask of its operator came so far")
            }),
        );
        let unread = restore.unread.iter();
        rows.extend(unread.map(|state| {
            format!("  unread    {state}: its operator was given it, and does not declare it")
        }));
        let left = restore.dropped.iter();
        rows.extend(left.map(|(state, why)| format!("  dropped   {state}: {why}")));
        let fresh = restore.fresh.iter();
        rows.extend(fresh.map(|state| {
            format!("  fresh     {state}: it starts empty, the snapshot has no such state")
        }));
        if restore.dropped_in_flight > 0 {
            let records = restore.dropped_in_flight;
            rows.push(format!("  dropped   {records} records in flight beside it"));
        }
    }
    rows
}

fn savepoints(of: &Report<'_>, style: Style) -> Vec<String> {
    let savepoints = &of.played.outcome.savepoints;
    let width = savepoints.iter().map(|savepoint| columns(&savepoint.label)).max().unwrap_or(0);
    let row = |savepoint: &crate::cluster::SavepointEnd| {
        let job = &savepoint.snapshot.properties().job_name;
        let place = match of.paths.get(&savepoint.label) {
            Some(path) if path.ends_with(&*savepoint.path) => path.display().to_string(),
            Some(path) => {
                let in_story = style.faint(&format!("(in the story: {})", savepoint.path));
                format!("{} {in_story}", path.display())
            }
            None => format!("{} {}", savepoint.path, style.faint("(not kept)")),
        };
        let label = padded(&savepoint.label, width);
        format!("{label}  id {} of {job}  {place}", savepoint.checkpoint)
    };
    let mut rows: Vec<String> = savepoints.iter().map(row).collect();
    if savepoints.iter().any(|savepoint| !of.paths.contains_key(&savepoint.label)) {
        rows.push(style.faint("give --data-dir DIR to keep them as files"));
    } else if of.setup.scenario.steps.iter().any(|step| step.action.places_files()) {
        let note = "`to`, `move` and whatever else steps do to files is played only: these lie where they are told here";
        rows.push(style.faint(note));
    }
    rows
}

/// What lies where a snapshot was removed.
fn left(of: &Report<'_>) -> Vec<String> {
    let left = of.played.left.iter();
    left.map(|left| format!("{} {} and was left", left.path.display(), left.why)).collect()
}

fn sinks(of: &Report<'_>) -> Vec<String> {
    of.played.outcome.externals.iter().flat_map(|sink| sink_rows(sink, of)).collect()
}

fn sink_rows(sink: &ExternalSystem, of: &Report<'_>) -> Vec<String> {
    let rows = sink.committed.len() + sink.table.len();
    let mut facts = vec![format!("{rows} rows committed")];
    let waiting = [("prepared", sink.prepared.len()), ("open", sink.open.len())];
    for (what, count) in waiting.into_iter().filter(|(_, count)| *count > 0) {
        let plural = if count == 1 { "" } else { "s" };
        facts.push(format!("{count} transaction{plural} left {what}"));
    }
    if let Some((_, how)) = of.played.verdict.sinks.iter().find(|(name, _)| *name == sink.name) {
        facts.push(how.to_string());
    }
    let mut lines = vec![format!("{}  {}", sink.name, facts.join(", "))];
    lines.extend(top(sink));
    lines
}

/// The keys with the greatest values, if all values are integers.
fn top(sink: &ExternalSystem) -> Option<String> {
    if !is_keyed(sink) {
        return None;
    }
    let values = sink.last_values();
    let counts: Option<Vec<(i64, &Value)>> =
        values.iter().map(|(key, value)| Some((value.as_int()?, key))).collect();
    let mut counts = counts.filter(|counts| !counts.is_empty())?;
    counts.sort_by(|(one, key), (other, other_key)| other.cmp(one).then(key.cmp(other_key)));
    let shown = counts.iter().take(TOP).map(|(count, key)| format!("{key} {count}"));
    let shown: Vec<_> = shown.map(|pair| pair.escape_debug().to_string()).collect();
    let more = if counts.len() > TOP { ", …" } else { "" };
    Some(format!("  {} keys: {}{more}", counts.len(), shown.join(", ")))
}

/// The checks that hold, in one paragraph; what was skipped with its reason; what is broken in full.
fn checks(of: &Report<'_>, style: Style) -> String {
    let checks = &of.played.verdict.checks;
    let held = checks.iter().filter(|(_, finding)| *finding == Finding::Held);
    let held: Vec<String> = held.map(|(name, _)| held_in_words(*name, of)).collect();
    let mut text = String::new();
    if !held.is_empty() {
        let count = style.good(&format!("{} hold", held.len()));
        text.push_str(&format!("checks   {count}: {}\n", held.join(", ")));
    }
    for (name, finding) in checks {
        match finding {
            Finding::Held => {}
            Finding::Skipped(why) => text.push_str(&format!("skipped  {name}: {why}\n")),
            Finding::Broken(violations) => {
                let said = style.faint(name.about());
                text.push_str(&format!("{}   {name}: {said}\n", style.bad("broken")));
                for violation in violations.iter().take(VIOLATIONS_MAX) {
                    text.push_str(&format!("         violation: {violation}\n"));
                }
                if violations.len() > VIOLATIONS_MAX {
                    let more = violations.len() - VIOLATIONS_MAX;
                    text.push_str(&format!("         … {more} more, all in --format json\n"));
                }
            }
        }
    }
    text
}

/// The name of a check, and of the one that compares outputs, how.
fn held_in_words(name: CheckName, of: &Report<'_>) -> String {
    let ways: BTreeSet<&Compared> = of.played.verdict.sinks.iter().map(|(_, how)| how).collect();
    if name != CheckName::OutputEquivalence || ways.is_empty() {
        return name.to_string();
    }
    let ways: Vec<String> = ways.into_iter().rev().map(Compared::to_string).collect();
    format!("{name} ({})", ways.join("; "))
}

/// Steps whose moment never came: which, the step, why.
pub(super) fn never<'r>(of: &'r Report<'_>) -> impl Iterator<Item = (u32, &'r Step, String)> {
    let steps = &of.setup.scenario.steps;
    let ended = of.played.outcome.ended;
    of.played.outcome.never.iter().filter_map(move |(number, why)| {
        let step = steps.get(to_index(*number))?;
        Some((*number, step, why_never(step, why, ended)))
    })
}

fn never_rows(of: &Report<'_>) -> Vec<String> {
    let row = |(_, step, why): (u32, &Step, String)| {
        format!("line {}: {}: {why}", step.line.0, step_in_words(step))
    };
    never(of).map(row).collect()
}

fn unmet(of: &Report<'_>, style: Style) -> Vec<String> {
    of.played.unmet.iter().map(|sentence| style.bad(sentence)).collect()
}

/// The words behind a command that goes on from the story; none where more than the story was given.
fn going_on(of: &Report<'_>) -> Option<String> {
    let given = of.arguments;
    let is_alone = given.input.is_empty()
        && given.until.is_none()
        && given.data_dir.is_none()
        && given.from_savepoint.is_none();
    if !is_alone || of.played.judgement() == Judgement::Interrupted {
        return None;
    }
    let flink = given.flink.map(|flink| format!("--flink {flink}"));
    story_words(Some(&given.file), of.played.seed, flink.as_slice())
}

fn conclusion(of: &Report<'_>, style: Style) -> String {
    let outcome = &of.played.outcome;
    let mut text = format!(
        "digest   {:032x}\nplayed   {} events in {} of virtual time, seed {}\n",
        outcome.digest,
        outcome.events,
        outcome.ended.in_millis(),
        of.played.seed
    );
    let verdict = match of.played.judgement() {
        Judgement::Holds => style.good("holds"),
        Judgement::Broken => style.bad("broken"),
        Judgement::Stalled => match &outcome.stall {
            Some(stall) => style.bad(&format!("stalled: {stall}")),
            None => style.bad("stalled"),
        },
        Judgement::UserPanicked => style.bad(&of.played.why().unwrap_or_default()),
        Judgement::Interrupted => style.bad("none: interrupted, and told as far as it was played"),
    };
    text.push_str(&format!("verdict  {verdict}\n"));
    if let Some(stall) = &outcome.stall {
        text.push_str(&format!("help: {}\n", stall.help()));
    }
    if outcome.panicked.is_some() {
        text.push_str("help: mend the operator, or let the task fail with `on_panic: OnPanic::FailsTheTask` in its catalogue entry\n");
    }
    if of.played.judgement() != Judgement::Holds {
        text.push_str(&format!("replay: {}\n", of.replay));
        if let Some(words) = going_on(of) {
            let program = program();
            if !of.played.verdict.holds() {
                text.push_str(&format!("explain: {program} explain{words}\n"));
                text.push_str(&format!("draw: {program} draw{words} -o broken.svg\n"));
            }
            text.push_str(&format!("shrink: {program} shrink{words}\n"));
        }
    }
    let last = outcome.savepoints.iter().max_by_key(|savepoint| savepoint.checkpoint);
    if let Some(path) = last.and_then(|savepoint| of.paths.get(&savepoint.label)) {
        text.push_str(&format!(
            "go on    {} run FILE -s {}   (a file with one job)\n",
            program(),
            shell_word(path)
        ));
    }
    text
}
