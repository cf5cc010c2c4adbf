//! Bounded progress and restorability, and how worlds end: each story here failed, hung or held in silence once.

use sandbar::events::{End, Stall};
use sandbar::internals::drawn_setup;
use sandbar::{
    Catalogue, CheckName, Judgement, Played, Profile, Restoring, Scenario, Setup, play_out,
};
use std::sync::Arc;

fn setup(text: &str) -> Setup {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(text, "story.toml", &catalogue).expect("the story can be read");
    Setup::of(Arc::new(scenario), catalogue).expect("it reads no files")
}

fn played(text: &str) -> Played {
    play_out(setup(text))
}

/// Worlds without faults.
fn calm() -> Profile {
    Profile {
        kills: false,
        messages: false,
        user_code: false,
        high_availability: false,
        partitions: false,
        storage: false,
        files: false,
        ..Profile::default()
    }
}

/// Of how many worlds without faults so many hundredths of the bounds are too little: which, and what is late.
fn too_slow(percent: u64) -> Vec<(u64, String)> {
    let catalogue = Arc::new(Catalogue::built_in());
    let late = |seed: u64| {
        let setup = drawn_setup(seed, &calm(), &[], &catalogue);
        let restoring = Restoring::Never;
        let played = play_out(Setup { bounds_percent: percent, restoring, ..setup });
        let mut violations = played.verdict.violations();
        let late = violations.find(|violation| violation.check == CheckName::BoundedProgress);
        late.map(|violation| (seed, violation.text.clone()))
    };
    (0..160).filter_map(late).collect()
}

#[test]
fn the_bounds_are_met_and_their_halves_are_not() {
    assert_eq!(too_slow(100), []);
    assert!(!too_slow(50).is_empty(), "the bounds could be halved");
}

#[test]
fn a_request_is_refused_when_the_job_manager_dies_for_good() {
    let played = played(
        r#"
        seed = 3
        [input.rows]
        generate = { records = 400, keys = 20 }
        every = "20ms"
        [job.load]
        checkpoint = { interval = "10s" }
        operators = [
          { name = "rows", source = "rows", uid = "rows-id" },
          { name = "out", sink = "two-phase", uid = "out-id" },
        ]
        [[step]]
        at = "2s"
        do = { savepoint = { as = "a" } }
        refused = "the job manager died"
        [[step]]
        at = "2001ms"
        do = { kill-job-manager = true }
        [expect]
        jobs = { load = "lost" }
        "#,
    );
    assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
}

const PATIENT: &str = r#"
    seed = 1
    [input.rows]
    generate = { records = 2, keys = 1 }
    every = "10ms"
    [job.first]
    operators = [
      { name = "rows", source = "rows", uid = "rows-id" },
      { name = "out", sink = "plain", uid = "out-id" },
    ]
    [[step]]
    at = "1s"
    do = { savepoint = { as = "late" } }
    retry = "100ms"
"#;

#[test]
fn a_request_of_a_job_that_is_over_is_refused_for_good() {
    for until in ["", "until = \"5s\"\n"] {
        let played = played(&format!("{until}{PATIENT}"));
        assert_eq!(played.judgement(), Judgement::Broken);
        assert!(played.unmet[0].starts_with("step 0 (line "), "{:?}", played.unmet);
        assert!(
            played.unmet[0].contains("was refused: job `first` is finished"),
            "{:?}",
            played.unmet
        );
    }
}

#[test]
fn a_request_that_was_never_granted_never_happened() {
    let text = r#"
        until = "3s"
        [input.rows]
        generate = { records = 2, keys = 1 }
        [job.first]
        operators = [
          { name = "rows", source = "rows", then = "idle" },
          { name = "out", sink = "plain" },
        ]
        [job.second]
        extends = "first"
        [[step]]
        at = "1s"
        do = { savepoint = { job = "second", as = "late" } }
        retry = "100ms"
        [[step]]
        at = "10s"
        do = { run = { job = "second" } }
        may-miss = true
    "#;
    let played = played(text);
    assert_eq!(played.judgement(), Judgement::Broken);
    assert_eq!(played.unmet.len(), 1, "{:?}", played.unmet);
    assert!(played.unmet[0].contains("never happened"), "{:?}", played.unmet);
    assert!(played.unmet[0].contains("has not been submitted"), "{:?}", played.unmet);
}

#[test]
fn a_step_whose_moment_never_comes_fails_the_story_unless_it_may_miss() {
    let text = |may_miss: &str| {
        format!(
            r#"
            [input.rows]
            generate = {{ records = 2, keys = 1 }}
            [job.first]
            operators = [
              {{ name = "rows", source = "rows" }},
              {{ name = "out", sink = "plain" }},
            ]
            [[step]]
            when = {{ completed = 3 }}
            do = {{ kill = "out/0" }}
            {may_miss}
            "#
        )
    };
    let missed = played(&text(""));
    assert_eq!(missed.judgement(), Judgement::Broken);
    assert!(
        missed.unmet[0].contains("checkpoint 3 of first never completed"),
        "{:?}",
        missed.unmet
    );
    assert_eq!(played(&text("may-miss = true")).judgement(), Judgement::Holds);
}

#[test]
fn a_story_in_which_no_job_ever_runs_fails() {
    let played = played(
        r#"
        [input.rows]
        generate = { records = 2, keys = 1 }
        [job.first]
        operators = [
          { name = "rows", source = "rows" },
          { name = "out", sink = "plain" },
        ]
        [[step]]
        when = { finished = "first" }
        do = { run = { job = "first" } }
        "#,
    );
    assert_eq!(played.judgement(), Judgement::Broken, "{:?}", played.unmet);
}

#[test]
fn a_world_that_waits_goes_on_until_its_end() {
    let played = played(
        r#"
        seed = 1
        until = "3610s"
        [input.rows]
        generate = { records = 1, keys = 1 }
        [job.calm]
        checkpoint = { interval = "300s" }
        operators = [
          { name = "rows", source = "rows", then = "idle", uid = "rows-id" },
          { name = "out", sink = "plain", uid = "out-id" },
        ]
        [expect]
        jobs = { calm = "running" }
        completed = { calm = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }
        "#,
    );
    assert_eq!(played.judgement(), Judgement::Holds, "{:?}", played.unmet);
    assert_eq!(played.outcome.end, End::Until);
}

#[test]
fn time_that_a_reader_without_partition_holds_back_is_told() {
    let played = played(
        r#"
        seed = 3
        until = "30s"
        [input.rows]
        generate = { records = 200, keys = 4, step = "1s" }
        partitions = 2
        every = "20ms"
        [job.win]
        checkpoint = { interval = "500ms" }
        operators = [
          { name = "rows", source = "rows", reader = "splits", then = "idle", parallelism = 3, event-time = { column = 2 }, uid = "rows-id" },
          { name = "w", window = { size = "10s", aggregate = ["count"] }, key-by = 0, uid = "w-id" },
          { name = "out", sink = "plain", uid = "out-id" },
        ]
        "#,
    );
    assert_eq!(played.judgement(), Judgement::Stalled, "{:?}", played.outcome.end);
    let Some(Stall::TimeStandsStill { waits }) = &played.outcome.stall else {
        panic!("{:?}", played.outcome.stall)
    };
    assert!(
        waits[0].starts_with("`w/0` never fired: `rows/")
            && waits[0].ends_with("` has no partition and holds its watermark at min"),
        "{waits:?}"
    );
}

#[test]
fn whatever_is_kept_is_restored_at_other_parallelisms() {
    let text = r#"
        seed = 5
        [input.rows]
        generate = { records = 300, keys = 20 }
        partitions = 2
        every = "10ms"
        [job.first]
        checkpoint = { interval = "200ms", retained = 2, retention = "retain-on-cancellation" }
        operators = [
          { name = "rows", source = "rows", parallelism = 2, uid = "rows-id" },
          { name = "counts", aggregate = "count", key-by = 0, parallelism = 3, uid = "counts-id" },
          { name = "out", sink = "two-phase", uid = "out-id" },
        ]
        [[step]]
        at = "700ms"
        do = { savepoint = { as = "one" } }
        [[step]]
        at = "1s"
        do = { cancel = { job = "first" } }
    "#;
    let setup = setup(text);
    let finding = |restoring| {
        let played = play_out(Setup { restoring, ..setup.clone() });
        let mut checks = played.verdict.checks.iter();
        let (_, finding) =
            checks.rfind(|(check, _)| *check == CheckName::Restorability).expect("it is there");
        finding.clone()
    };
    assert_eq!(
        finding(Restoring::Never).to_owned(),
        sandbar::Finding::Skipped(sandbar::Skipped::NotRestored)
    );
    assert_eq!(finding(Restoring::All), sandbar::Finding::Held);
}

/// No more subtasks are tried than there are key groups in the state that the job was started from (seed 21123480).
#[test]
fn a_job_that_takes_the_key_groups_of_its_state_is_tried_with_no_more() {
    let text = r#"
        seed = 0
        until = "1s"
        [input.rows]
        generate = { records = 1, keys = 1 }
        [job.first]
        checkpoint = { interval = "10ms" }
        max-parallelism = 5
        operators = [
          { name = "rows-source", source = "rows", then = "idle", uid = "rows-source-id" },
        ]
        [job.second]
        checkpoint = { interval = "10ms" }
        operators = [
          { name = "stage-0", flat-map = "repeat", from = ["rows-source"], parallelism = 5, uid = "stage-0-id" },
          { name = "rows-source", source = "rows", then = "idle", parallelism = 5, uid = "rows-source-id" },
        ]
        [[step]]
        when = { completed = 1 }
        do = { cancel = { job = "first", with-savepoint = true, as = "of-first" } }
        [[step]]
        when = { canceled = "first" }
        do = { run = { job = "second", from = "of-first" } }
    "#;
    let played = play_out(Setup { restoring: Restoring::All, ..setup(text) });
    let mut checks = played.verdict.checks.iter();
    let restored = checks.find(|(check, _)| *check == CheckName::Restorability);
    assert_eq!(restored.map(|(_, finding)| finding), Some(&sandbar::Finding::Held));
}
