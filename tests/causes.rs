//! The cause of an entry is the entry that made it happen.

use sandbar::events::{EntryNumber, Trace};
use sandbar::internals::drawn_setup;
use sandbar::{Catalogue, Mutation, Profile, play_out};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many drawn worlds are played with all their records.
const SEEDS: u64 = 120;

/// The trace of a drawn world, with records.
fn trace_of(seed: u64, mutations: &[Mutation], catalogue: &Arc<Catalogue>) -> Trace {
    let mut setup = drawn_setup(seed, &Profile::default(), mutations, catalogue);
    (setup.keeps_trace, setup.keeps_records) = (true, true);
    play_out(setup).trace
}

/// An entry as a line of a trace tells it.
struct Told {
    kind: String,
    fields: Value,
}

fn told(trace: &Trace) -> BTreeMap<EntryNumber, Told> {
    let entries = trace.entries.iter().map(|entry| {
        let fields = serde_json::to_value(&entry.event).expect("plain data");
        let mut kind = fields["event"].as_str().expect("an event has a kind").to_owned();
        for more in ["status", "how"] {
            if let Some(more) = fields[more].as_str() {
                kind.push_str(&format!(" {}", more.to_lowercase()));
            }
        }
        (entry.number, Told { kind, fields })
    });
    entries.collect()
}

/// Kinds of entries, of which kinds their causes must be, and which fields both must share.
const CAUSES: &[(&str, &[&str], &[&str])] = &[
    ("barrier-arrived", &["barrier-emitted"], &["checkpoint"]),
    ("record-taken", &["record-sent", "in-flight-restored"], &["channel"]),
    ("record-sent", &["record-read", "record-taken", "timers-fired", "data-ended"], &["task"]),
    ("record-read", &["task-running"], &["task", "attempt"]),
    (
        "barrier-emitted",
        &["barrier-arrived", "checkpoint-triggered", "alignment-switched"],
        &["checkpoint"],
    ),
    (
        "snapshot-taken",
        &["barrier-arrived", "checkpoint-triggered", "alignment-switched"],
        &["checkpoint"],
    ),
    ("snapshot-durable", &["snapshot-taken"], &["checkpoint", "task", "attempt"]),
    ("ack-sent", &["snapshot-durable"], &["checkpoint", "task", "attempt"]),
    ("ack-handled", &["ack-sent"], &["checkpoint", "task"]),
    ("metadata-written", &["ack-handled", "checkpoint-triggered"], &["checkpoint", "run"]),
    ("pointer-stored", &["metadata-written"], &["checkpoint", "run"]),
    (
        "checkpoint-completed",
        &["metadata-written", "pointer-stored", "ack-handled"],
        &["checkpoint", "run"],
    ),
    ("notify-handled", &["checkpoint-completed"], &["checkpoint"]),
    ("task-deployed", &["restore-mapped", "attempt-started", "region-restarted"], &[]),
    ("task-initialized", &["task-deployed"], &["task", "attempt"]),
    ("task-running", &["task-initialized"], &["task", "attempt"]),
    ("job-status-changed running", &["task-running"], &[]),
    ("job-status-changed finished", &["task-ended finished"], &[]),
    (
        "transaction-committed",
        &[
            "notify-handled",
            "task-running",
            "task-initialized",
            "task-ended finished",
            "data-ended",
        ],
        &["task", "attempt"],
    ),
    (
        "task-ended failed",
        &[
            "fault-injected",
            "operator-failed",
            "file-missing",
            "job-manager-lost",
            "task-manager-lost",
            "state-too-large",
            "step-refused",
            "job-status-changed suspended",
            "job-status-changed lost",
            "checkpoint-aborted",
            "snapshot-taken",
        ],
        &[],
    ),
    (
        "task-ended canceled",
        &[
            "job-status-changed restarting",
            "job-status-changed canceling",
            "job-status-changed suspended",
            "job-status-changed lost",
            "job-status-changed failed",
        ],
        &[],
    ),
];

/// Fields that an ack and a line of its checkpoint name differently.
fn field<'t>(told: &'t Told, name: &str) -> Option<&'t Value> {
    told.fields.get(name)
}

#[test]
fn causes_are_what_made_an_entry_happen() {
    let catalogue = Arc::new(Catalogue::built_in());
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for seed in 0..SEEDS {
        let trace = trace_of(seed, &[], &catalogue);
        let told = told(&trace);
        for entry in &trace.entries {
            let own = &told[&entry.number];
            let Some((kind, causes, shared)) = CAUSES.iter().find(|(kind, ..)| *kind == own.kind)
            else {
                continue;
            };
            seen.insert(*kind);
            let cause = entry.cause.map(|cause| &told[&cause]);
            let of = cause.map(|cause| &*cause.kind);
            if !of.is_some_and(|of| causes.contains(&of)) {
                wrong.push(format!(
                    "{} is caused by {of:?}: seed {seed}, {}",
                    own.kind, entry.number
                ));
            }
            for name in *shared {
                let both = (field(own, name), cause.and_then(|cause| field(cause, name)));
                if both.0.is_some() && both.1.is_some() && both.0 != both.1 {
                    wrong.push(format!(
                        "{}: `{name}` differs from its cause: {both:?}: seed {seed}, {}",
                        own.kind, entry.number
                    ));
                }
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    let never: Vec<_> = CAUSES.iter().filter(|(kind, ..)| !seen.contains(kind)).collect();
    assert!(never.is_empty(), "never told: {never:?}");
}

#[test]
fn no_cause_is_later_or_of_another_run_or_the_entry_itself() {
    let catalogue = Arc::new(Catalogue::built_in());
    let runs_of = |trace: &Trace, fields: &Value| {
        let number = |name: &str| fields.get(name).and_then(Value::as_u64);
        let task = number("task").map(|task| usize::try_from(task).expect("it fits"));
        let of_task = task.and_then(|task| {
            let mut layouts = trace.layouts.iter();
            layouts.find(|layout| layout.tasks().any(|other| json!(other) == json!(task)))
        });
        number("run").or_else(|| of_task.and_then(|layout| json!(layout.run).as_u64()))
    };
    for seed in 0..SEEDS {
        let trace = trace_of(seed, &[], &catalogue);
        let told = told(&trace);
        for entry in &trace.entries {
            let Some(cause) = entry.cause else { continue };
            assert!(cause < entry.number, "seed {seed}: {cause} caused {}", entry.number);
            let of_record = entry.event.is_of_record();
            assert!(
                of_record || cause.record == 0,
                "seed {seed}: {} has a cause that is of a record: {cause}",
                entry.number
            );
            let runs = [entry.number, cause].map(|number| runs_of(&trace, &told[&number].fields));
            let [Some(own), Some(other)] = runs else { continue };
            assert_eq!(own, other, "seed {seed}: {} and {cause}", entry.number);
        }
    }
}

#[test]
fn causes_and_numbers_stay_when_records_are_told_too() {
    let catalogue = Arc::new(Catalogue::built_in());
    for seed in 0..30 {
        let with = trace_of(seed, &[], &catalogue);
        let mut setup = drawn_setup(seed, &Profile::default(), &[], &catalogue);
        setup.keeps_trace = true;
        let without = play_out(setup).trace;
        let kept: Vec<_> =
            with.entries.iter().filter(|entry| !entry.event.is_of_record()).collect();
        assert_eq!(kept, without.entries.iter().collect::<Vec<_>>(), "seed {seed}");
        assert!(kept.len() < with.entries.len(), "seed {seed}: no record was told");
    }
}
