//! What a run came to, for other programs: one JSON object.

use super::report::{Report, never};
use crate::check::{Compared, Finding, Violation};
use crate::cluster::At;
use crate::render::{Names, cast_line, end_line, json_lines};
use crate::scenario::Scenario;
use crate::search::Played;
use crate::trace::Word;
use serde_json::{Value, json};
use std::path::Path;

/// The version of the object. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u32 = 1;

/// A trace as a file holds it: the cast before its entries, and what came of it behind them.
pub(super) fn trace(scenario: &Scenario, file: &Path, played: &Played, names: &Names) -> String {
    let about = json!({
        "story": file.display().to_string(),
        "seed": played.seed,
        "flink": scenario.flink.to_string(),
        "mutations": scenario.mutations,
    });
    let end = json!({
        "digest": format!("{:032x}", played.outcome.digest),
        "ns": played.outcome.ended.nanos(),
        "end": played.outcome.end,
        "verdict": played.judgement(),
        "violations": played.verdict.violations().map(violation).collect::<Vec<_>>(),
        "unmet": played.unmet,
    });
    let (Value::Object(about), Value::Object(end)) = (about, end) else {
        unreachable!("both are objects")
    };
    let lines = json_lines(&played.trace, names);
    cast_line(&played.trace, names, about) + &lines + &end_line(end)
}

pub(super) fn violation(of: &Violation) -> Value {
    json!({
        "check": of.check.name(),
        "event": of.event,
        "at_ns": of.at.nanos(),
        "text": of.text,
        "evidence": of.evidence,
    })
}

/// The object, in lines, with a line end behind it. Keys are sorted, so that equal runs print equal text.
pub(super) fn object(of: &Report<'_>) -> String {
    let (played, outcome) = (of.played, &of.played.outcome);
    let violations = played.verdict.violations().map(violation);
    let checks = played.verdict.checks.iter().map(|(name, finding)| {
        let state = match finding {
            Finding::Held => "held",
            Finding::Skipped(_) => "skipped",
            Finding::Broken(_) => "broken",
        };
        (name.name().to_owned(), json!(state))
    });
    let skipped = played.verdict.checks.iter().filter_map(|(name, finding)| match finding {
        Finding::Skipped(why) => Some((name.name().to_owned(), json!(why.to_string()))),
        Finding::Held | Finding::Broken(_) => None,
    });
    let refusals = outcome.refusals.iter().map(|(at, why)| {
        let step = match at {
            At::Start => None,
            At::Step(step) => Some(*step),
        };
        json!({ "step": step, "why": &**why })
    });
    let never = never(of).map(|(step, _, why)| json!({ "step": step, "why": why }));
    let object = json!({
        "schema": SCHEMA,
        "scenario": of.arguments.file.display().to_string(),
        "flink": of.setup.scenario.flink.to_string(),
        "seed": played.seed,
        "digest": format!("{:032x}", outcome.digest),
        "events": outcome.events,
        "virtual_ns": outcome.ended.nanos(),
        "end": outcome.end,
        "panicked": outcome.panicked,
        "stalled": outcome.stall.as_ref().map(ToString::to_string),
        "verdict": played.judgement(),
        "checks": checks.collect::<serde_json::Map<_, _>>(),
        "skipped": skipped.collect::<serde_json::Map<_, _>>(),
        "violations": violations.collect::<Vec<_>>(),
        "noticed": played.verdict.noticed,
        "unmet": played.unmet,
        "sometimes": played.verdict.sometimes.iter().map(|what| what.name()).collect::<Vec<_>>(),
        "jobs": jobs(of),
        "restores": restores(of),
        "savepoints": savepoints(of),
        "left_on_disk": left(of),
        "sinks": sinks(of),
        "refusals": refusals.collect::<Vec<_>>(),
        "never": never.collect::<Vec<_>>(),
        "replay": of.replay,
    });
    format!("{object:#}\n")
}

fn jobs(of: &Report<'_>) -> Vec<Value> {
    let job = |job: &crate::cluster::JobEnd| {
        json!({
            "label": job.label,
            "name": job.name,
            "id": job.job.map(|id| id.to_string()),
            "status": job.status,
        })
    };
    of.played.outcome.jobs.iter().map(job).collect()
}

fn restores(of: &Report<'_>) -> Vec<Value> {
    let restore = |told: crate::search::RestoreTold| {
        let dropped = told.dropped.iter().map(|(state, why)| json!({ "state": state, "why": why }));
        json!({
            "run": told.run,
            "checkpoint": told.checkpoint.number(),
            "restored": told.restored,
            "dropped": dropped.collect::<Vec<_>>(),
            "unread": told.unread,
            "fresh": told.fresh,
            "empty": told.empty,
            "dropped_in_flight": told.dropped_in_flight,
            "untaken": told.untaken,
        })
    };
    of.played.restores.told().into_iter().map(restore).collect()
}

fn savepoints(of: &Report<'_>) -> Vec<Value> {
    let savepoint = |savepoint: &crate::cluster::SavepointEnd| {
        let kept = of.paths.get(&savepoint.label);
        let path = kept.map_or_else(|| savepoint.path.to_string(), |p| p.display().to_string());
        json!({
            "label": &*savepoint.label,
            "checkpoint": savepoint.checkpoint.number(),
            "job": savepoint.snapshot.properties().job_name,
            "path": path,
            "kept": kept.is_some(),
        })
    };
    of.played.outcome.savepoints.iter().map(savepoint).collect()
}

fn left(of: &Report<'_>) -> Vec<Value> {
    let left = of.played.left.iter();
    left.map(|left| json!({ "path": left.path.display().to_string(), "why": left.why })).collect()
}

fn sinks(of: &Report<'_>) -> Vec<Value> {
    let sink = |sink: &crate::effect::ExternalSystem| {
        let sinks = &of.played.verdict.sinks;
        let how = sinks.iter().find(|(name, _)| *name == sink.name).map(|(_, how)| how);
        let (compared, not_compared) = match how {
            Some(Compared::Not(why)) => (None, Some(why.to_string())),
            Some(how) => (Some(how.to_string()), None),
            None => (None, None),
        };
        json!({
            "name": sink.name,
            "rows": sink.committed.len() + sink.table.len(),
            "prepared": sink.prepared.len(),
            "open": sink.open.len(),
            "compared": compared,
            "not_compared": not_compared,
        })
    };
    of.played.outcome.externals.iter().map(sink).collect()
}
