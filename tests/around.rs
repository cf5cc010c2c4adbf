//! Faults drawn around a user's own job: its inputs and operators stay, all that can go wrong comes, and what is broken is found.

mod forgetful;

use sandbar::story::{Action, Milestone, Trigger};
use sandbar::{Catalogue, Choices, Profile, Scenario, SimTime, testing};
use std::collections::BTreeMap;
use std::fs;

/// One job, as a user would hand it in.
const JOB: &str = r#"
[input.rows]
generate = { records = 300, keys = 7 }
partitions = 2
every = "5ms"

[job.mine]
checkpoint = { interval = "100ms" }
operators = [
  { name = "rows", source = "rows", parallelism = 2, uid = "rows" },
  { name = "seen", AGGREGATE, key-by = 0, parallelism = 2, uid = "seen" },
  { name = "out", sink = "two-phase", uid = "out" },
]
"#;

fn job(aggregate: &str) -> String {
    JOB.replace("AGGREGATE", &format!("aggregate = \"{aggregate}\""))
}

/// The story of a seed.
fn drawn(seed: u64) -> Scenario {
    let catalogue = Catalogue::built_in();
    let story = Scenario::parse(&job("count"), "job", &catalogue).expect("it is sound");
    let flow = SimTime::from_millis(750);
    story.draw_around(flow, &Choices::new(seed), &Profile::default(), &catalogue)
}

/// What a step does, in a word.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are not drawn around a job")]
const fn deed(action: &Action) -> &'static str {
    match action {
        Action::Kill(_) => "kill a subtask",
        Action::KillTaskManager(_) => "kill a task manager",
        Action::KillJobManager => "kill the job manager",
        Action::Partition(_) => "cut a task manager off",
        Action::Lose(_) => "lose a message",
        Action::Delay(..) => "delay a message",
        Action::Storage(_) => "disturb a write",
        Action::Fail(_) => "let user code throw",
        Action::Block(_) => "let user code take long",
        Action::Stop(_) | Action::Cancel(_) => "leave the job with a savepoint",
        Action::Savepoint(_) => "take a savepoint",
        Action::Checkpoint(_) => "ask for a checkpoint",
        _ => "something else",
    }
}

/// The moment that a fault waits for, in a word: one of the windows between two steps of the protocol.
const fn window(milestone: &Milestone) -> Option<&'static str> {
    Some(match milestone {
        Milestone::Triggered { .. } => "triggered",
        Milestone::Snapshot { .. } => "snapshot taken",
        Milestone::Durable { .. } => "snapshot durable",
        Milestone::AckSent { .. } => "ack sent",
        Milestone::Acked { .. } => "ack counted",
        Milestone::MetadataWritten { .. } => "metadata written",
        Milestone::PointerStored { .. } => "pointer stored",
        Milestone::Completed { .. } => "completed",
        Milestone::Notified { .. } => "notified",
        Milestone::Restored { .. } => "restored",
        Milestone::DataEnded { .. } => "data ended",
        Milestone::Status { .. } => "status",
        _ => return None,
    })
}

#[test]
fn in_a_thousand_seeds_everything_comes_often() {
    let (mut deeds, mut windows) = (BTreeMap::new(), BTreeMap::new());
    for seed in 0..1_000 {
        for step in drawn(seed).steps {
            *deeds.entry(deed(&step.action)).or_insert(0) += 1;
            if let Trigger::When(milestone, _) = &step.trigger
                && let Some(window) = window(milestone)
            {
                *windows.entry(window).or_insert(0) += 1;
            }
        }
    }
    assert!(deeds.len() >= 12 && deeds.values().all(|count| *count >= 20), "{deeds:?}");
    assert!(windows.len() >= 12 && windows.values().all(|count| *count >= 20), "{windows:?}");
}

#[test]
fn the_job_stays_as_it_is_but_for_its_parallelism() {
    let catalogue = Catalogue::built_in();
    let story = Scenario::parse(&job("count"), "job", &catalogue).expect("it is sound");
    let mut rescaled = 0;
    for seed in 0..200 {
        let drawn = drawn(seed);
        assert_eq!(drawn.inputs, story.inputs);
        assert_eq!(drawn.jobs[0], story.jobs[0]);
        assert!(!drawn.steps.is_empty(), "seed {seed} does nothing");
        // What is drawn stands in a file as well.
        let text = drawn.to_text();
        let read = Scenario::parse(&text, "drawn", &catalogue).expect("it is legal");
        assert_eq!(read.to_text(), text);
        if let [first, again] = &drawn.jobs[..] {
            rescaled += 1;
            for (one, other) in first.graph.operators.iter().zip(&again.graph.operators) {
                assert_eq!((&one.name, &one.uid), (&other.name, &other.uid));
                assert!((1..=5).contains(&other.parallelism), "{}", other.parallelism);
            }
        }
    }
    assert!((50..150).contains(&rescaled), "{rescaled} of 200 are rescaled");
}

#[test]
fn a_sound_job_holds_whatever_is_drawn_around_it() {
    let played = testing::text("count", job("count")).around().seeds(300).play();
    assert_eq!(played, Ok(300));
}

#[test]
fn an_operator_that_forgets_is_found_and_kept() {
    let folder = tempfile::tempdir().expect("there is room");
    let test =
        testing::text("seen", job("forgetful")).with(forgetful::catalogue()).around().seeds(50);
    let why = test.keep(folder.path()).play().expect_err("what it counted is forgotten");
    assert!(why.contains("output-equivalence is broken"), "{why}");
    let kept = fs::read_dir(folder.path()).expect("it is there");
    let kept: Vec<_> = kept.map(|file| file.expect("one").file_name()).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
}
