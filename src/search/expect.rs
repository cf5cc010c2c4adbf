//! Expectations: what a scenario says must come out, held against what did.

use super::spelled::list;
use super::story::Story;
use super::{folded, protocol_facts, restore_facts};
use crate::check::{Finding, Verdict};
use crate::cluster::{At, NeverTaken, Outcome};
use crate::effect::ExternalSystem;
use crate::job::CheckpointId;
use crate::kernel::{SimTime, to_index};
use crate::render::never_in_words;
use crate::scenario::{Action, Expect, Holds, Scenario, Step, TaskName, Trigger};
use std::collections::BTreeMap;

/// Every expectation that was not met, as a sentence.
pub(super) fn unmet(
    scenario: &Scenario,
    outcome: &Outcome,
    verdict: &Verdict,
    story: &Story,
    wants_sometimes: bool,
) -> Vec<String> {
    let expect = &scenario.expect;
    let mut unmet = Vec::new();
    jobs(expect, outcome, &mut unmet);
    stalls(expect, outcome, &mut unmet);
    checks(expect, verdict, &mut unmet);
    if wants_sometimes {
        for name in &expect.sometimes {
            if !verdict.sometimes.contains(name) {
                unmet.push(format!("`{name}` should have happened and never did"));
            }
        }
    }
    steps(scenario, outcome, &mut unmet);
    facts(expect, story, &mut unmet);
    restore_facts::unmet(scenario, outcome, story, &mut unmet);
    protocol_facts::unmet(scenario, outcome, story, &mut unmet);
    callbacks(expect, story, &mut unmet);
    attempts(expect, story, &mut unmet);
    retained(expect, outcome, &mut unmet);
    files(expect, outcome, &mut unmet);
    committed(expect, outcome, &mut unmet);
    unmet
}

fn jobs(expect: &Expect, outcome: &Outcome, unmet: &mut Vec<String>) {
    for (name, wanted) in &expect.jobs {
        let run = outcome.jobs.iter().rev().find(|job| job.name == *name);
        match run.map(|run| run.status) {
            Some(Some(status)) if status == *wanted => {}
            Some(Some(status)) => {
                unmet.push(format!("job `{name}` should be {wanted} and is {status}"));
            }
            Some(None) => unmet.push(format!("job `{name}` should be {wanted} and was refused")),
            None => unmet.push(format!("job `{name}` should be {wanted} and was never submitted")),
        }
    }
}

fn stalls(expect: &Expect, outcome: &Outcome, unmet: &mut Vec<String>) {
    let Some(words) = &expect.stalls else { return };
    match outcome.stall.as_ref().map(ToString::to_string) {
        Some(why) if folded::says(&why, words) => {}
        Some(why) => {
            unmet.push(format!("the world should stall with `{words}`; it did with: {why}"))
        }
        None => unmet.push(format!("the world should stall with `{words}`, and did not")),
    }
}

fn checks(expect: &Expect, verdict: &Verdict, unmet: &mut Vec<String>) {
    let mut checks: Vec<_> = verdict.checks.iter().collect();
    // What the release breaks by its own rules comes last: it is the least that went wrong.
    checks.sort_by_key(|(name, _)| verdict.excuse(*name).is_some());
    for (name, finding) in checks {
        let should_break = expect.breaks.iter().any(|other| other == name);
        let must_hold = match &expect.holds {
            Holds::All => !should_break,
            Holds::Only(names) => names.iter().any(|other| other == name),
        };
        match finding {
            Finding::Broken(violations) if must_hold => {
                unmet.push(format!("{name} is broken: {}", violations[0].text));
            }
            Finding::Held | Finding::Skipped(_) if should_break => {
                unmet.push(format!("{name} should be broken and holds"));
            }
            Finding::Broken(_) | Finding::Held | Finding::Skipped(_) => {}
        }
    }
}

/// A step that must be refused must be, with those words; no other may be, unless the scenario allows it.
fn steps(scenario: &Scenario, outcome: &Outcome, unmet: &mut Vec<String>) {
    for (number, step) in (0..).zip(&scenario.steps) {
        let line =
            if step.line.0 == 0 { String::new() } else { format!(" (line {})", step.line.0) };
        let refused = outcome.refusal(At::Step(number));
        match (refused, &step.refused) {
            (Some(why), Some(wanted)) if !folded::says(why, wanted) => unmet.push(format!(
                "step {number}{line} should be refused with `{wanted}` and was refused with `{why}`"
            )),
            (Some(_), None) if is_of_refused_job(scenario, &step.action) => {}
            (Some(why), None) if !scenario.expect.may_refuse => {
                unmet.push(format!("step {number}{line} was refused: {why}"));
            }
            (None, Some(wanted)) => unmet
                .push(format!("step {number}{line} should be refused with `{wanted}` and was not")),
            (Some(_) | None, Some(_) | None) => {}
        }
    }
    never(scenario, outcome, unmet);
    let is_expected = scenario.expect.refused.contains_key(&scenario.jobs[0].graph.name);
    if let Some(why) = outcome.refusal(At::Start).filter(|_| !is_expected) {
        unmet.push(format!("the first job was refused: {why}"));
    }
}

/// A step whose moment never came is told of, unless it may miss, or the story itself ends before it; so is a story in which no job ever runs.
fn never(scenario: &Scenario, outcome: &Outcome, unmet: &mut Vec<String>) {
    for (number, why) in &outcome.never {
        let Some(step) = scenario.steps.get(to_index(*number)).filter(|step| !step.may_miss) else {
            continue;
        };
        if matches!(step.trigger, Trigger::At(at) if scenario.until.is_some_and(|until| until < at))
        {
            continue;
        }
        let line =
            if step.line.0 == 0 { String::new() } else { format!(" (line {})", step.line.0) };
        let why = why_never(step, why, outcome.ended);
        unmet.push(format!(
            "step {number}{line} never happened: {why}; say `may-miss = true` if it need not"
        ));
    }
    let is_expected = !scenario.expect.refused.is_empty()
        || scenario.steps.iter().any(|step| step.refused.is_some())
        || outcome.refusal(At::Start).is_some();
    let has_run = outcome.jobs.iter().any(|job| job.status.is_some());
    let may_miss = scenario.steps.iter().any(|step| step.may_miss);
    if !has_run && !is_expected && !may_miss && unmet.is_empty() {
        let job = &scenario.jobs[0].graph.name;
        unmet.push(format!(
            "no job ever ran: a step is to run `{job}`, so that it does not run at time 0"
        ));
    }
}

/// Why a step was never taken, in words.
pub fn why_never(step: &Step, why: &NeverTaken, ended: SimTime) -> String {
    let ended = ended.in_millis();
    match (why, &step.trigger) {
        (NeverTaken::NeverGranted(why), _) => {
            format!("the world ended at {ended}, and it was refused until then: {why}")
        }
        (NeverTaken::NoMilestone, Trigger::When(milestone, _)) => never_in_words(milestone),
        (NeverTaken::EndedBefore, Trigger::When(_, after)) => {
            format!("the world ended at {ended}, before its time, {after} after its milestone")
        }
        (NeverTaken::NoMilestone | NeverTaken::EndedBefore, Trigger::At(at)) => {
            format!("the world ended at {ended}, before its time, {at}")
        }
    }
}

/// Whether a step submits a job that is to be refused: what is said of that is held against it elsewhere.
fn is_of_refused_job(scenario: &Scenario, action: &Action) -> bool {
    matches!(action, Action::Run(run) if scenario.expect.refused.contains_key(&run.job))
}

fn facts(expect: &Expect, story: &Story, unmet: &mut Vec<String>) {
    for (job, wanted) in &expect.restored_from {
        let restored = story.restored_from.get(job).copied().flatten();
        if restored != Some(CheckpointId::new(*wanted)) {
            let found = restored.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
            unmet.push(format!(
                "job `{job}` should be restored from {wanted} and was restored from {found}"
            ));
        }
    }
    for (job, wanted) in &expect.completed {
        let completed = story.completed.get(job).map_or(&[][..], Vec::as_slice);
        if completed != wanted {
            let (wanted, completed) = (list(wanted), list(completed));
            unmet.push(format!("job `{job}` should complete {wanted} and completed {completed}"));
        }
    }
}

fn attempts(expect: &Expect, story: &Story, unmet: &mut Vec<String>) {
    for (task, wanted) in &expect.attempts {
        let found = story.attempts.get(task).copied().unwrap_or(0);
        if found != *wanted {
            let TaskName { operator, subtask, .. } = task;
            unmet.push(format!(
                "`{operator}/{subtask}` should have {wanted} attempts and has {found}"
            ));
        }
    }
}

fn callbacks(expect: &Expect, story: &Story, unmet: &mut Vec<String>) {
    for (task, wanted) in &expect.callbacks {
        let found = story.callbacks.get(task).map_or(&[][..], Vec::as_slice);
        let differs = (0..wanted.len().max(found.len())).find(|n| wanted.get(*n) != found.get(*n));
        if let Some(place) = differs {
            let nothing = "nothing".to_owned();
            let (wanted, found) = (wanted.get(place), found.get(place));
            let (wanted, found) = (wanted.unwrap_or(&nothing), found.unwrap_or(&nothing));
            let TaskName { operator, subtask, .. } = task;
            unmet.push(format!(
                "call {place} of `{operator}/{subtask}` should be `{wanted}` and is `{found}`"
            ));
        }
    }
}

fn retained(expect: &Expect, outcome: &Outcome, unmet: &mut Vec<String>) {
    for (name, wanted) in &expect.retained {
        let run = outcome.jobs.iter().rev().find(|job| job.name == *name);
        let kept = run.map_or(&[][..], |run| &run.retained);
        let kept: Vec<u64> = kept.iter().map(|id| id.number()).collect();
        if kept != *wanted {
            let (wanted, kept) = (list(wanted), list(&kept));
            unmet.push(format!("job `{name}` should keep {wanted} and keeps {kept}"));
        }
    }
}

fn files(expect: &Expect, outcome: &Outcome, unmet: &mut Vec<String>) {
    for (label, wanted) in &expect.files {
        let found = outcome.files.iter().find(|(known, _)| **known == **label);
        let found = found.map_or(&[][..], |(_, pieces)| pieces);
        if found != wanted.as_slice() {
            let (wanted, found) = (list(wanted), list(found));
            unmet.push(format!("of `{label}` there should be {wanted} and there is {found}"));
        }
    }
}

fn committed(expect: &Expect, outcome: &Outcome, unmet: &mut Vec<String>) {
    let sink = |name: &str| outcome.externals.iter().find(|external| external.name == name);
    for (name, wanted) in &expect.committed_rows {
        let rows = sink(name).map_or(0, rows_of);
        if rows != *wanted {
            unmet.push(format!(
                "sink `{name}` should hold {wanted} committed rows and holds {rows}"
            ));
        }
    }
    for (name, wanted) in &expect.committed {
        let found = sink(name).map_or_else(BTreeMap::new, |sink| sink.last_values());
        for (key, value) in wanted {
            let last = found.iter().find(|(other, _)| other.to_string() == *key);
            let last = last.map(|(_, value)| value.to_string());
            if last.as_deref() != Some(value) {
                let last = last.unwrap_or_else(|| "nothing".to_owned());
                unmet.push(format!("sink `{name}` should hold `{key}` = {value} and holds {last}"));
            }
        }
    }
}

fn rows_of(system: &ExternalSystem) -> u64 {
    let rows = system.committed.len() + system.table.len();
    u64::try_from(rows).expect("usize fits in 64 bits")
}
