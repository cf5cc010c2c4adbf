//! What a real Flink did when a changed job met an old savepoint, row by row: job A is played into files, job B from them.
//!
//! Compared: whether it goes well and where it fails, the facts of the message, sums, and which subtask was given what. Not
//! compared: the order of list items of different old subtasks, which of several mismatching operators is named, sizes
//! and random names of files. A job that our own words refuse before it can be submitted counts as refused before any task
//! runs, wherever Flink does it.

#![expect(clippy::wildcard_enum_match_arm, reason = "a row speaks of few events")]

mod facts;
mod jobs;
mod plot;
mod requests;
mod stage;
#[path = "../tables/mod.rs"]
mod tables;

use plot::{Compared, Path as Way, Plot};
use sandbar::story::ClaimMode;
use serde_json::Value as Json;
use stage::{Init, Told, listing, play_a, play_b, prepare};
use std::collections::BTreeMap;
use toml::Table;

fn rows() -> Vec<Json> {
    let mut json: Json = serde_json::from_str(include_str!("../golden/restore_outcomes.json"))
        .expect("a golden file is JSON");
    serde_json::from_value(json["rows"].take()).expect("it has rows")
}

fn text<'r>(row: &'r Json, key: &str) -> &'r str {
    row[key].as_str().unwrap_or_else(|| panic!("{row} has no text `{key}`"))
}

/// What has been found to differ.
#[derive(Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    pub(crate) fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: &str,
        found: T,
        recorded: T,
    ) {
        if found != recorded {
            self.0.push(format!("{what}\n    recorded {recorded:?}\n    found    {found:?}"));
        }
    }

    pub(crate) fn add(&mut self, what: String) {
        self.0.push(what);
    }
}

#[test]
fn every_changed_job_comes_back_as_recorded() {
    let mut plots = plot::all();
    let mut complaints = Vec::new();
    for row in rows() {
        let name = text(&row, "variant");
        let plot = plots.remove(name).unwrap_or_else(|| panic!("how is {name} played?"));
        let mut found = Differences::default();
        match &plot.compared {
            Compared::Restore if plot.stricter => {}
            Compared::Restore => play_row(&plot, &row, &mut found),
            Compared::Status => requests::compare_status(&plot, &row, &mut found),
            Compared::Files => requests::compare_files(&plot, &row, &mut found),
            Compared::Request(request) => requests::compare_request(request, &row, &mut found),
        }
        complaints.extend(found.0.iter().map(|text| format!("{name}: {text}")));
    }
    assert!(complaints.is_empty(), "{} differences\n{}", complaints.len(), complaints.join("\n"));
    assert!(plots.is_empty(), "nothing was recorded of {:?}", plots.keys());
}

#[test]
fn what_is_stricter_than_flink_is_refused() {
    for (name, plot) in plot::all().iter().filter(|(_, plot)| plot.stricter) {
        let (told, _) = play_pair(plot, false, ClaimMode::NoClaim);
        assert!(told.refused.is_some(), "{name} was read");
    }
}

/// Whether the metadata that B started from is still there in the end, and what B's checkpoint folder holds.
struct Left {
    restored_from: bool,
    checkpoints: usize,
}

/// Plays both jobs.
fn play_pair(plot: &Plot, allow: bool, claim: ClaimMode) -> (Told, Left) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (played, path) = play_a(plot, &scratch.path().join("a"));
    let path = path.unwrap_or_else(|| panic!("job A left nothing: {:?}", played.outcome.refusals));
    let path = prepare(plot, &path, scratch.path());
    let folder = scratch.path().join("b");
    let told = play_b(plot, &path, &folder, allow, claim);
    let restored_from = path.join("_metadata").exists();
    let checkpoints = listing(&folder.join("checkpoints")).len();
    (told, Left { restored_from, checkpoints })
}

fn play_row(plot: &Plot, row: &Json, found: &mut Differences) {
    let claim = match row["claim_mode"].as_str() {
        None | Some("NO_CLAIM") => ClaimMode::NoClaim,
        Some("CLAIM") => ClaimMode::Claim,
        Some("LEGACY") => ClaimMode::Legacy,
        Some(other) => panic!("no claim mode {other}"),
    };
    let allow = row["allow_non_restored_state"].as_bool().unwrap_or(false);
    let (told, left) = play_pair(plot, allow, claim);
    let outcome = match (&told.refused, told.failed.is_empty()) {
        (None, true) => "success",
        (Some(_), _) | (None, false) => "failure",
    };
    found.compare("outcome", outcome, text(row, "outcome"));
    if outcome != text(row, "outcome") {
        found.add(format!("refused: {:?}, failed: {:?}", told.refused, told.failed));
        return;
    }
    if outcome == "failure" {
        let phase = if told.refused.is_some() { "before any task runs" } else { "task runtime" };
        let recorded =
            if row["phase"] == "task runtime" { "task runtime" } else { "before any task runs" };
        found.compare("phase", phase, recorded);
        let messages: Vec<&str> =
            told.refused.iter().chain(&told.failed).map(String::as_str).collect();
        facts::compare(plot, row, &messages.join("; "), found);
    }
    compare_numbers(&told, row, found);
    compare_inits(plot, &told.inits, row, found);
    if let Some(exists) = row["restored_path_metadata_still_exists_after_job_B_finished"].as_bool()
    {
        found.compare("what B started from is there", left.restored_from, exists);
    }
    if let Some(count) = row["job_B_checkpoint_dir_left"].as_u64() {
        found.compare(
            "left of B's checkpoints",
            left.checkpoints,
            usize::try_from(count).expect("few"),
        );
    }
}

fn compare_numbers(told: &Told, row: &Json, found: &mut Differences) {
    if let Some(recorded) = row["sum_of_final_counts"].as_i64() {
        found.compare("sum of final counts", told.sum, recorded);
    }
    if let Some(recorded) = row["records_emitted_after_restore"].as_u64() {
        found.compare("records emitted after the restore", told.emitted, recorded);
    }
    if let (Some(recorded), Some(status)) = (row["final_status"].as_str(), &told.status) {
        found.compare("final status", status.clone(), recorded.to_lowercase());
    }
}

/// What one line of a row says: who, and what it was given.
type Line = ((String, u32), (Init, bool));

/// `la[1] isRestored=true cp=1 list=[la/1:0, la/1:1]`, and whether the line names its checkpoint.
fn line(text: &str) -> Line {
    let (who, what) = text.split_once(' ').expect("a name and what it says");
    let (name, subtask) = who.split_once('[').expect("a subtask");
    let subtask = subtask.trim_end_matches(']').parse().expect("a number");
    let (head, list) = what.split_once("list=[").unwrap_or((what, ""));
    let is_restored = head.contains("isRestored=true");
    let checkpoint = head.split_once("cp=").map(|(_, id)| id.trim().parse().expect("an id"));
    let items = list.trim_end_matches(']').split(", ").filter(|item| !item.is_empty());
    let items = items.map(str::to_owned).collect();
    let restored = is_restored.then(|| checkpoint.unwrap_or(0));
    ((name.to_owned(), subtask), (Init { restored, items }, checkpoint.is_some()))
}

/// A source's `(partition, next)` as `start:stride:next`, of two partitions.
fn as_range(item: &str) -> String {
    let inner = item.trim_matches(['(', ')']);
    let numbers: Option<Vec<u64>> = inner.split(", ").map(|number| number.parse().ok()).collect();
    match numbers.as_deref() {
        Some([partition, next]) if item.starts_with('(') => {
            format!("{partition}:2:{}", partition + 2 * next)
        }
        _ => item.to_owned(),
    }
}

/// Items by the old subtask that they come from, each in order.
fn by_origin(items: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut origins: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in items {
        let origin = match item.split_once('/') {
            Some(_) => item.split(':').next().expect("a first part").to_owned(),
            None => item.clone(),
        };
        origins.entry(origin).or_default().push(item.clone());
    }
    origins
}

fn compare_inits(
    plot: &Plot,
    inits: &BTreeMap<(String, u32), Init>,
    row: &Json,
    found: &mut Differences,
) {
    let Some(lines) = row["operator_init"].as_array() else { return };
    let recorded: BTreeMap<_, _> =
        lines.iter().map(|text| line(text.as_str().expect("a line"))).collect();
    let operators = plot.b.operators();
    let tells = |name: &str| {
        let is_told = |op: &Table| !op.contains_key("map") && !op.contains_key("sink");
        operators.iter().any(|op| op["name"].as_str() == Some(name) && is_told(op))
    };
    // Where a task fails others may have come to tell, or not.
    let is_whole = row["outcome"] == "success";
    if is_whole {
        let ours: Vec<_> = inits.keys().filter(|(name, _)| tells(name)).collect();
        found.compare("who was initialized", ours, recorded.keys().collect());
    }
    for (who, (wanted, tells_checkpoint)) in &recorded {
        let Some(init) = inits.get(who).filter(|_| tells(&who.0)) else { continue };
        found.compare(
            &format!("{who:?} was restored"),
            init.restored.is_some(),
            wanted.restored.is_some(),
        );
        if *tells_checkpoint {
            found.compare(&format!("the checkpoint of {who:?}"), init.restored, wanted.restored);
        }
        let items: Vec<String> = init.items.iter().map(|item| as_range(item)).collect();
        let is_told = is_whole || !items.is_empty();
        if wanted.restored.is_some() && is_told {
            found.compare(
                &format!("items of {who:?}"),
                by_origin(&items),
                by_origin(&wanted.items),
            );
        }
    }
}

/// Whether the path between the jobs is not that of a snapshot.
pub(crate) fn is_about_files(plot: &Plot) -> bool {
    !matches!(plot.path, Way::Folder)
}
