//! Which release restores the savepoints of which: each writes one, each other is given it, at the same parallelism and at
//! another. And what a savepoint is made of on its way through the releases.

use sandbar::events::At;
use sandbar::savepoints::Earlier;
use sandbar::story::ClaimMode;
use sandbar::{Catalogue, Judgement, Played, Release, Scenario, Setup, play_out};
use std::path::PathBuf;
use std::sync::Arc;

/// How often a stage takes its savepoint, and how long after it the job goes on.
const STAGE: u64 = 400;

/// A job that takes a savepoint at the end of a stage, from 1, and is canceled a little later.
fn scenario(release: Release, parallelism: u32, stage: u64, rules: &str) -> String {
    let (taken, canceled) = (stage * STAGE, stage * STAGE + 100);
    format!(
        r#"
seed = {stage}
flink = "{release}"
{rules}

[input.log]
generate = {{ records = 900, keys = 40 }}
partitions = 2
every = "10ms"

[job.sums]
operators = [
  {{ name = "rows", source = "log", then = "idle", parallelism = 2, uid = "rows-id" }},
  {{ name = "sums", aggregate = "sum", key-by = 0, parallelism = {parallelism}, uid = "sums-id" }},
  {{ name = "out", sink = "plain", partitioner = "rebalance", uid = "out-id" }},
]
checkpoint = {{ interval = "150ms" }}

[[step]]
at = "{taken}ms"
do = {{ savepoint = {{ as = "taken" }} }}

[[step]]
at = "{canceled}ms"
do = {{ cancel = {{}} }}
"#
    )
}

fn played(text: &str, start: Option<&Earlier>) -> Played {
    let catalogue = Arc::new(Catalogue::built_in());
    let scenario = Scenario::parse(text, "matrix.toml", &catalogue);
    let scenario = Arc::new(scenario.unwrap_or_else(|error| panic!("{error}")));
    let mut setup = Setup::of(scenario, catalogue).expect("it generates its input");
    setup.start = start.cloned();
    play_out(setup)
}

/// The savepoint that a play took, for a later process.
fn taken(played: &Played) -> Earlier {
    assert_eq!(played.judgement(), Judgement::Holds, "{:#?}", played.unmet);
    let savepoint = played.outcome.savepoints.first().expect("it was taken");
    let (snapshot, clock) = (Arc::clone(&savepoint.snapshot), played.outcome.ended);
    Earlier {
        snapshot,
        clock,
        allow_non_restored: false,
        claim: ClaimMode::default(),
        folder: PathBuf::new(),
        externals_in: None,
    }
}

/// A stage at this parallelism, from what the one before it left.
fn stage(release: Release, parallelism: u32, number: u64, start: Option<&Earlier>) -> Played {
    played(&scenario(release, parallelism, number, ""), start)
}

/// Why the job was not submitted, if it was not.
fn refusal(played: &Played) -> Option<&str> {
    played.outcome.refusal(At::Start)
}

/// By writer, then by reader, both oldest first: restores at any parallelism, at its own only, or not at all.
const MATRIX: [&str; 10] = [
    "kRRRRRRRRR", // 1.0
    "RkkkkkRRRR", // 1.1
    "RRykkkRRRR", // 1.2
    "RRRyyyyyyy", // 1.3
    "RRRyyyyyyy", // 1.4
    "RRRyyyyyyy", // 1.7
    "RRRRRRyyyy", // 1.11
    "RRRRRRRyyy", // 1.13
    "RRRRRRRyyy", // 1.15
    "RRRRRRRRRy", // 2.x
];

#[test]
fn each_release_restores_what_it_can_read_and_says_why_it_cannot_read_the_rest() {
    for (writer, row) in Release::ALL.into_iter().zip(MATRIX) {
        let written = taken(&stage(writer, 2, 1, None));
        for (reader, cell) in Release::ALL.into_iter().zip(row.chars()) {
            let same = stage(reader, 2, 2, Some(&written));
            let other = stage(reader, 3, 2, Some(&written));
            let case = format!("written by {writer}, read by {reader}");
            let cause = match (writer, reader) {
                (Release::V1_0, _) => "unexpected magic number",
                (_, Release::V1_0) => "invalid stream header",
                (Release::V1_2, reader) if reader > Release::V1_2 => "is no longer supported",
                (Release::V1_13 | Release::V1_15, Release::V1_11) => "KeyedStateHandle, type: 7",
                _ => "unrecognized checkpoint version number",
            };
            match cell {
                'R' => {
                    for played in [same, other] {
                        let why = refusal(&played).unwrap_or_else(|| panic!("{case}: restored"));
                        assert!(why.contains(cause), "{case}: {why}");
                    }
                }
                'k' => {
                    assert_eq!(refusal(&same), None, "{case}");
                    taken(&same);
                    let why = refusal(&other).unwrap_or_else(|| panic!("{case}: rescaled"));
                    let cause = match reader {
                        Release::V1_0 | Release::V1_1 => "parallelism mismatch",
                        Release::V1_2 => "has non-partitioned state and its parallelism changed",
                        _ => "detected change in parallelism during migration",
                    };
                    assert!(why.contains(cause), "{case}: {why}");
                }
                _ => {
                    for played in [same, other] {
                        assert_eq!(refusal(&played), None, "{case}");
                        taken(&played);
                    }
                }
            }
        }
    }
}

#[test]
fn a_savepoint_goes_through_the_releases_and_is_rescaled_once_it_has_key_groups() {
    let path = [
        (Release::V1_1, 2),
        (Release::V1_2, 2),
        (Release::V1_2, 3),
        (Release::V1_3, 3),
        (Release::V1_7, 4),
        (Release::V1_11, 2),
        (Release::V1_15, 5),
        (Release::V2, 3),
    ];
    let mut start = None;
    for ((release, parallelism), number) in path.into_iter().zip(1..) {
        let played = stage(release, parallelism, number, start.as_ref());
        assert_eq!(refusal(&played), None, "{release} at {parallelism}");
        start = Some(taken(&played));
    }
}

#[test]
fn without_regrouping_a_migrated_job_has_as_many_key_groups_as_subtasks() {
    let old = taken(&stage(Release::V1_1, 2, 1, None));
    let rules = "rules = { migrated-keys-regrouped = false }";
    let migrated = played(&scenario(Release::V1_2, 2, 2, rules), Some(&old));
    let migrated = taken(&migrated);
    let wider = stage(Release::V1_2, 3, 3, Some(&migrated));
    let why = refusal(&wider).expect("there are two groups for three subtasks");
    assert!(why.contains("maximum parallelism (2) of the restored state is lower"), "{why}");
    taken(&stage(Release::V1_2, 1, 3, Some(&migrated)));
}
