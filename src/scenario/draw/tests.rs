use super::*;
use crate::job::{OperatorKind, Plan, StateBackend};
use crate::operator::Catalogue;
use crate::scenario::{Action, JobConfig, Step};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Enough seeds for each feature to come up with each other one.
const SEEDS: u64 = 300;

fn stories(profile: Profile) -> impl Iterator<Item = Scenario> {
    (0..SEEDS).map(move |seed| Scenario::draw(&Choices::new(seed), &profile))
}

#[test]
fn a_drawn_story_is_written_and_read_back() {
    for story in stories(Profile::default()) {
        let text = story.to_text();
        let read = Scenario::parse(&text, "drawn.toml", &Catalogue::built_in());
        assert_eq!(read.unwrap_or_else(|error| panic!("{error}\n{text}")), story, "{text}");
    }
}

#[test]
fn every_drawn_job_can_be_built() {
    for story in stories(Profile::default()) {
        for job in &story.jobs {
            let plan = Plan::build(Arc::new(job.graph.clone()));
            plan.unwrap_or_else(|error| panic!("seed {}: {error}", story.seed));
        }
    }
}

#[test]
fn every_state_backend_is_drawn_unless_a_profile_says_otherwise() {
    let backends = |profile| {
        let jobs = stories(profile).flat_map(|story| story.jobs);
        let word = |job: JobConfig| match job.checkpoint.backend {
            StateBackend::JobManager { .. } => "job-manager",
            StateBackend::FileSystem { .. } => "file-system",
            StateBackend::Incremental => "incremental",
            StateBackend::RocksDb => "rocksdb",
        };
        jobs.map(word).collect::<BTreeSet<_>>()
    };
    assert_eq!(backends(Profile::default()).len(), 3);
    assert_eq!(backends(Profile { backends: false, ..Profile::default() }).len(), 1);
    let before = Profile { flink: Release::V1_2, releases: false, ..Profile::default() };
    assert!(!backends(before).contains("incremental"), "1.2 has no incremental checkpoints");
}

#[test]
fn stories_of_every_release_are_drawn_unless_a_profile_says_otherwise() {
    let releases = |profile| stories(profile).map(|story| story.flink).collect::<BTreeSet<_>>();
    assert_eq!(releases(Profile::default()), BTreeSet::from(Release::ALL));
    let one = Profile { flink: Release::V1_4, releases: false, ..Profile::default() };
    assert_eq!(releases(one), BTreeSet::from([Release::V1_4]));
}

#[test]
fn a_story_asks_its_release_for_nothing_that_it_has_not() {
    for flink in Release::ALL {
        let profile = Profile { flink, releases: false, ..Profile::default() };
        for story in stories(profile).take(60) {
            let read = Scenario::parse(&story.to_text(), "drawn.toml", &Catalogue::built_in());
            assert_eq!(read.unwrap_or_else(|error| panic!("{error}")), story);
        }
    }
}

#[test]
fn a_seed_draws_the_same_story_again() {
    assert!(stories(Profile::default()).eq(stories(Profile::default())));
}

#[test]
fn what_a_profile_leaves_out_changes_nothing_else() {
    let quiet = Profile { kills: false, messages: false, ..Profile::default() };
    for (all, quiet) in stories(Profile::default()).zip(stories(quiet)) {
        assert_eq!(all.jobs, quiet.jobs);
        assert_eq!(all.inputs, quiet.inputs);
        assert_eq!(all.network, quiet.network);
        assert_eq!(all.cluster, quiet.cluster);
        let mut steps = all.steps.iter();
        for step in &quiet.steps {
            assert!(steps.any(|other| other == step), "{step:?} is missing, or comes earlier");
        }
    }
}

/// Percent of stories of which something holds.
fn share(holds: impl Fn(&Scenario) -> bool) -> u64 {
    let stories = stories(Profile::default());
    let count = stories.filter(|story| holds(story)).count();
    u64::try_from(count).expect("few") * 100 / SEEDS
}

fn has(story: &Scenario, is: impl Fn(&Action) -> bool) -> bool {
    story.steps.iter().any(|Step { action, .. }| is(action))
}

#[test]
fn stories_are_as_various_as_the_goals_of_a_sweep_ask_for() {
    let totals = |job: &JobConfig| {
        let nodes = &job.graph.operators;
        nodes.iter().find(|node| node.name == "totals").map(|node| node.parallelism)
    };
    let rescaled = |story: &Scenario| {
        story
            .jobs
            .windows(2)
            .any(|pair| totals(&pair[0]).is_some() && totals(&pair[0]) != totals(&pair[1]))
    };
    let kills = |story: &Scenario| has(story, |action| matches!(action, Action::Kill(_)));
    let goes_on = |story: &Scenario| story.jobs.len() > 1;
    let exact = |story: &Scenario| {
        let plain =
            |kind: &OperatorKind| matches!(kind, OperatorKind::Sink { kind } if kind == "plain");
        !story.jobs[0].graph.operators.iter().any(|node| plain(&node.kind))
    };
    let operators = |story: &Scenario| (3..=9).contains(&story.jobs[0].graph.operators.len());
    let check = |what, share, at_least| assert!(share >= at_least, "{what}: {share} %");
    check("restored", share(|story| kills(story) || goes_on(story)), 75);
    check("rescaled keyed state", share(rescaled), 30);
    check("exact sinks", share(exact), 70);
    check("three to nine operators", share(operators), 80);
}
