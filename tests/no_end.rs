//! Every world ends: what would go on for ever is ended, and says what it waited for.
//!
//! All stories are played under a few other seeds; under fifty of them with
//! `SANDBAR_SEEDS=50 cargo test --release --test no_end every_story`.

mod stories;

use sandbar::events::{At, End, Stall};
use sandbar::{Catalogue, Judgement, Played, Scenario, Setup, SimTime, play_out};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The end of virtual time, as a scenario spells it.
const END: &str = "18446744073709551615ns";
/// Behind the source, an operator of whose rows nobody knows the columns before it plays.
const UNKNOWN_ROWS: &str = " }, { name = \"p\", aggregate = \"statistics\", key-by = 0";
/// The first of the seeds that the stories are played under, other than their own.
const FIRST_SEED: u64 = 7_100_000_000;

/// Plays a story of one job `j` with operators `s`, `c` and `o`. `operators` are what the three are told beside their
/// names, `rest` follows.
fn played(operators: [&str; 3], before: &str, rest: &str) -> Played {
    let [source, counter, sink] = operators;
    let text = format!(
        r#"
{before}
[input.rows]
generate = {{ records = 100, keys = 5 }}
every = "5ms"
[job.j]
checkpoint = {{ interval = "100ms" }}
operators = [
  {{ name = "s", source = "rows", uid = "s"{source} }},
  {{ name = "c", aggregate = "count", uid = "c"{counter} }},
  {{ name = "o", sink = "plain", uid = "o"{sink} }},
]
{rest}"#
    );
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(&text, "story.toml", &catalogue)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    play_out(Setup::of(Arc::new(scenario), catalogue).expect("it reads no files"))
}

const AS_USUAL: [&str; 3] = ["", ", key-by = 0", ""];

/// The restarts after which a world was ended, and the last cause.
fn restarts(played: &Played) -> (u32, String) {
    assert_eq!(played.judgement(), Judgement::Stalled, "{:?}", played.unmet);
    match &played.outcome.stall {
        Some(Stall::Restarts { job, restarts, cause }) => {
            assert_eq!(job, "j#0");
            (*restarts, cause.as_deref().unwrap_or_default().to_owned())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_that_restarts_and_reads_nothing_further_ends_the_world() {
    let (times, cause) = restarts(&played([UNKNOWN_ROWS, ", key-by = 7", ""], "", ""));
    assert_eq!(times, 100);
    assert!(cause.ends_with("has no column 7"), "{cause}");
    let failing = "[[step]]\nat = \"0s\"\ndo = { fail = { in = \"process\", task = \"c/0\", times = 1000000 } }";
    let (times, cause) = restarts(&played(AS_USUAL, "", failing));
    assert_eq!((times, cause.as_str()), (100, "induced failure in processElement"));
    let (times, _) = restarts(&played(AS_USUAL, "budget = { restarts = 7 }", failing));
    assert_eq!(times, 7);
    // Where the story has an end, the job restarts until then, unless a limit is said.
    let until = "until = \"20h\"";
    assert_eq!(played(AS_USUAL, until, failing).outcome.end, End::Until);
    let both = format!("{until}\nbudget = {{ restarts = 7 }}");
    assert_eq!(restarts(&played(AS_USUAL, &both, failing)).0, 7);
}

#[test]
fn a_job_that_recovers_in_the_end_may_restart_as_often_as_it_is_allowed() {
    let failing =
        "[[step]]\nat = \"0s\"\ndo = { fail = { in = \"process\", task = \"c/0\", times = 150 } }";
    let allowed = played(AS_USUAL, "budget = { restarts = 1000 }", failing);
    assert_eq!(allowed.judgement(), Judgement::Holds, "{:?}", allowed.unmet);
    restarts(&played(AS_USUAL, "", failing));
    // Each kill comes after another record, so that no restart is in vain.
    let kills = (0..5).map(|at| {
        let at = 60 + at * 1_000;
        format!("[[step]]\nat = \"{at}ms\"\ndo = {{ kill = \"c/0\" }}\n")
    });
    let kills: String = kills.collect();
    let story = played(AS_USUAL, "budget = { restarts = 2 }", &kills);
    assert!(story.outcome.stall.is_none(), "{:?}", story.outcome.stall);
}

#[test]
fn a_request_to_a_job_that_is_over_is_not_repeated_for_ever() {
    let retried =
        "[[step]]\nat = \"5s\"\ndo = { savepoint = { job = \"j\", as = \"x\" } }\nretry = \"20ms\"";
    let story = played(AS_USUAL, "", retried);
    assert_eq!(story.outcome.end, End::Over);
    assert!(story.outcome.ended < SimTime::from_secs(6), "{}", story.outcome.ended);
    let refusals: Vec<_> =
        story.outcome.refusals.iter().map(|(step, why)| (*step, why.to_string())).collect();
    assert_eq!(refusals, [(At::Step(0), "job `j` is finished".to_owned())]);
    assert_eq!(story.judgement(), Judgement::Broken);
}

#[test]
fn a_request_is_repeated_while_a_step_may_run_its_job_again() {
    let steps = "[[step]]\nat = \"5s\"\ndo = { savepoint = { job = \"j\", as = \"x\" } }\nretry = \"20ms\"\n\
        [[step]]\nat = \"0s\"\ndo = { run = { job = \"j\" } }\n\
        [[step]]\nat = \"3s\"\ndo = { cancel = { job = \"j\" } }\n\
        [[step]]\nat = \"8s\"\ndo = { run = { job = \"j\" } }";
    let story = played([", then = \"idle\"", ", key-by = 0", ""], "", steps);
    assert_eq!(story.judgement(), Judgement::Holds, "{:?}", story.unmet);
    assert_eq!(story.outcome.savepoints.len(), 1);
}

#[test]
fn two_requests_that_wait_for_each_other_do_not_keep_a_world_alive() {
    let both = "[[step]]\nat = \"1s\"\ndo = { run = { job = \"j\", from = \"x\" } }\nretry = \"10ms\"\n\
        [[step]]\nat = \"1s\"\ndo = { savepoint = { job = \"j\", as = \"x\" } }\nretry = \"7ms\"";
    let story = played(AS_USUAL, "", both);
    assert_eq!(story.outcome.end, End::Over);
    assert_eq!(story.outcome.refusals.len(), 2, "{:?}", story.outcome.refusals);
    // A task that is blocked for ever is no better company, nor is a job that idles.
    let blocked = "[[step]]\nat = \"100ms\"\ndo = { block = { task = \"c/0\" } }\n\
        [[step]]\nat = \"1s\"\ndo = { kill = \"nobody:c/0\" }\nretry = \"10ms\"";
    let blocked = blocked.replace("nobody:", "");
    let story = played(AS_USUAL, "", &blocked);
    assert!(story.outcome.events < 100_000, "{}", story.outcome.events);
    let idle = "[[step]]\nat = \"1s\"\ndo = { kill-task-manager = 0 }\nretry = \"10ms\"\n\
        [[step]]\nat = \"1s\"\ndo = { unblock = \"c/0\" }\nretry = \"10ms\"";
    let story = played([", then = \"idle\"", ", key-by = 0", ""], "", idle);
    assert_eq!(story.outcome.end, End::Over);
    assert!(story.outcome.events < 100_000, "{}", story.outcome.events);
}

#[test]
fn the_budget_of_events_ends_a_world_and_tells_what_was_due() {
    let late = format!("[[step]]\nat = \"{END}\"\ndo = {{ kill = \"c/0\" }}");
    let idle = [", then = \"idle\"", ", key-by = 0", ""];
    for (budget, events) in [("", 506_000), ("budget = { events = 5000 }", 5_000)] {
        let story = played(idle, budget, &late);
        assert_eq!(story.judgement(), Judgement::Stalled);
        assert_eq!(story.outcome.events, events);
        let Some(Stall::Events { budget, due, .. }) = &story.outcome.stall else {
            panic!("{:?}", story.outcome.stall)
        };
        assert_eq!(*budget, events);
        assert!(due.iter().any(|due| due.contains("j#0")), "{due:?}");
        assert!(due.iter().any(|due| due.starts_with("later the step in line ")), "{due:?}");
    }
    let story = played(idle, "budget = { megabytes = 3 }", &late);
    let Some(Stall::Memory { budget: 3_000_000, .. }) = &story.outcome.stall else {
        panic!("{:?}", story.outcome.stall)
    };
    assert!(story.outcome.events < 50_000, "{}", story.outcome.events);
}

#[test]
fn a_large_input_has_a_budget_of_its_size() {
    let text = |records: u32| {
        format!(
            "[input.rows]\ngenerate = {{ records = {records}, keys = 5 }}\n[job.j]\noperators = [{{ name = \"s\", source = \"rows\" }}, {{ name = \"o\", sink = \"plain\" }}]"
        )
    };
    let read = |records| {
        Scenario::parse(&text(records), "story.toml", &Catalogue::built_in()).expect("it is right")
    };
    let story = read(10_000_000);
    assert_eq!(story.budget.events(&story, 10_000_000, 0), 400_500_000);
    // A text of 200 megabytes in lines of 40 bytes.
    assert_eq!(story.budget.events(&story, 5_000_000, 200_000_000), 2_200_500_000);
}

#[test]
fn what_is_due_at_the_end_of_time_does_not_happen() {
    let checkpoint = |what: &str| format!("checkpoint = {{ interval = \"1s\", {what} }}");
    let stories = [
        format!("[network]\nmessage-latency = \"{END}\""),
        format!("[network]\ntask-start = \"{END}\""),
        format!("[network]\nchannel-latency = \"{END}\""),
        format!("[network]\nsnapshot-sync = \"{END}\""),
        format!("[network]\nsnapshot-async = \"{END}\""),
        format!("[network]\nmetadata-write = \"{END}\""),
    ];
    for before in &stories {
        let story = played(AS_USUAL, before, "");
        assert_eq!(story.judgement(), Judgement::Stalled, "{before}");
        assert!(story.outcome.events <= 506_000, "{before}: {}", story.outcome.events);
    }
    let takes = format!(", key-by = 0, takes = \"{END}\"");
    let story = played(["", &takes, ""], "", "");
    assert_eq!(story.judgement(), Judgement::Stalled);
    for (what, then) in [
        (format!("min-pause = \"{END}\""), ""),
        (format!("min-pause = \"{END}\""), ", then = \"idle\""),
        (format!("timeout = \"{END}\""), ""),
        ("interval".to_owned(), ""),
        ("interval".to_owned(), ", then = \"idle\""),
    ] {
        let checkpoint = match what.as_str() {
            "interval" => format!("checkpoint = {{ interval = \"{END}\" }}"),
            what => checkpoint(what),
        };
        let text = format!(
            "[input.rows]\ngenerate = {{ records = 10, keys = 5 }}\n[job.j]\n{checkpoint}\noperators = [{{ name = \"s\", source = \"rows\"{then} }}, {{ name = \"o\", sink = \"plain\" }}]"
        );
        for seed in 0..20 {
            let catalogue = Arc::new(Catalogue::built_in());
            let scenario = Scenario::parse(&text, "story.toml", &catalogue)
                .unwrap_or_else(|error| panic!("{error}\n{text}"));
            let scenario = Arc::new(Scenario { seed, ..scenario });
            let story = play_out(Setup::of(scenario, catalogue).expect("it reads no files"));
            assert!(story.outcome.events < 10_000, "{text}: {}", story.outcome.events);
        }
    }
}

#[test]
fn a_step_at_the_end_of_time_never_happens_and_until_does() {
    let story = played(
        AS_USUAL,
        &format!("until = \"{END}\""),
        &format!(
            "[[step]]\nat = \"{END}\"\ndo = {{ cancel = {{ job = \"j\" }} }}\nmay-miss = true"
        ),
    );
    assert!(story.outcome.never.keys().eq([&0]));
    assert_eq!(story.judgement(), Judgement::Holds, "{:?}", story.outcome.stall);
}

/// The scenario files of a folder and of those in it.
fn stories(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of stories is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            stories(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn every_story_ends_under_other_seeds() {
    let seeds = std::env::var_os("SANDBAR_SEEDS").map_or(2, |seeds| {
        let seeds = seeds.to_str().and_then(|seeds| seeds.parse().ok());
        seeds.expect("SANDBAR_SEEDS is a number")
    });
    let mut files = Vec::new();
    stories(&Path::new(env!("CARGO_MANIFEST_DIR")).join("sim"), &mut files);
    files.sort();
    assert!(files.len() > 200, "{} stories", files.len());
    for file in files {
        let told = stories::read(&file);
        let own = [7, told.seed];
        for seed in own.into_iter().chain(FIRST_SEED..FIRST_SEED + seeds) {
            let setup = stories::setup(&file, Scenario { seed, ..told.clone() });
            let played = play_out(Setup { wants_sometimes: false, ..setup });
            let place = format!("{} --seed {seed}", file.display());
            let is_spent = matches!(
                played.outcome.stall,
                Some(Stall::Events { .. } | Stall::Memory { .. } | Stall::EndOfTime { .. })
            );
            assert!(!is_spent, "{place}: {:?}", played.outcome.stall);
        }
    }
}

/// One record that comes to 2^60 values, in one chain and between many, is no hang: neither for the engine nor for the
/// reference that its output is held against.
#[test]
fn a_record_that_multiplies_without_end_ends_the_world() {
    for chaining in ["always", "never"] {
        let mut text = String::from(
            "[input.rows]\ngenerate = { records = 5, keys = 3 }\n[job.j]\noperators = [\n  { name = \"s\", source = \"rows\" },\n",
        );
        for place in 0..60 {
            text += &format!(
                "  {{ name = \"m{place}\", flat-map = \"repeat\", chain = \"{chaining}\" }},\n"
            );
        }
        text += "  { name = \"o\", sink = \"plain\" },\n]\n";
        let catalogue = Arc::new(Catalogue::built_in());
        let scenario = Scenario::parse(&text, "story.toml", &catalogue).expect("it is sound");
        let setup = Setup::of(Arc::new(scenario), catalogue).expect("it reads no files");
        let played = play_out(setup);
        assert!(played.outcome.events < 2_000_000, "{}", played.outcome.events);
        assert!(played.judgement() != Judgement::Broken, "{chaining}: {:?}", played.unmet);
    }
}
