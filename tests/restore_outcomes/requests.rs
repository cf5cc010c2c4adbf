//! Rows about one job alone: how its end is called, which requests are refused, which files it leaves.

use super::Differences;
use super::jobs::Job;
use super::plot::{Exit, Path, Plot};
use super::stage::{listing, play_a, setup_of};
use sandbar::{Played, play_out};
use serde_json::Value as Json;

/// Plays a row about one job; whether it is one.
pub(super) fn play(name: &str, row: &Json, found: &mut Differences) -> bool {
    match name {
        "stop_status" => compare_status(Exit::Stop, row, found),
        "drain_status" | "stop_drain_status" => compare_status(Exit::Drain, row, found),
        "savepoint_then_cancel_status" | "cancel_with_savepoint_status" => {
            compare_status(Exit::CancelWithSavepoint, row, found);
        }
        "threshold0_savepoint_files" => compare_files(Exit::Stop, Some(0), row, found),
        "threshold0_checkpoint_files" => compare_files(Exit::Retained, Some(0), row, found),
        "default_threshold_savepoint_files" => compare_files(Exit::Stop, None, row, found),
        "default_threshold_checkpoint_files" => compare_files(Exit::Retained, None, row, found),
        _ if name.starts_with("trigger_") || name.starts_with("stop_no_") => {
            return compare_request(name, row, found);
        }
        _ => return false,
    }
    true
}

fn plot(exit: Exit, inline_below: Option<u32>) -> Plot {
    let a = Job { inline_below, ..Job::default() };
    Plot { b: a.clone(), a, exit, native: false, path: Path::Folder }
}

fn status_of(played: &Played) -> String {
    let status = played.outcome.jobs[0].status;
    status.map_or_else(String::new, |status| status.to_string().to_uppercase())
}

fn compare_status(exit: Exit, row: &Json, found: &mut Differences) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (played, _) = play_a(&plot(exit, None), scratch.path());
    found.compare("status", status_of(&played), super::text(row, "outcome").to_owned());
}

/// Names of files: random ones count as such, sizes do not.
fn compare_files(exit: Exit, inline_below: Option<u32>, row: &Json, found: &mut Differences) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (_, path) = play_a(&plot(exit, inline_below), scratch.path());
    let path = path.expect("job A leaves a snapshot");
    let folder =
        if exit == Exit::Retained { path.parent().expect("a job's folder") } else { &path };
    let mut ours: Vec<String> = listing(folder).iter().map(|entry| plain(entry)).collect();
    let recorded = row["files"].as_array().expect("files").iter();
    let recorded = recorded.map(|entry| entry.as_str().expect("a name"));
    let mut recorded: Vec<String> = recorded.map(without_size).map(|entry| plain(&entry)).collect();
    ours.sort();
    recorded.sort();
    found.compare("files", ours, recorded);
    if let Some(name) = row["dir_name"].as_str() {
        let own = folder.file_name().expect("it has a name").to_string_lossy().into_owned();
        found.compare("the folder's name", shape(&own), shape(name));
    }
}

/// `f 202 chk-2/NAME` without the size.
fn without_size(entry: &str) -> String {
    let mut parts = entry.splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("f"), Some(_), Some(name)) => format!("f {name}"),
        _ => entry.to_owned(),
    }
}

/// With `UUID` for a random name.
fn plain(entry: &str) -> String {
    let (folder, name) = entry.rsplit_once(['/', ' ']).unwrap_or(("", entry));
    let is_random = name.len() == 36 && name.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let separator = &entry[folder.len()..entry.len() - name.len()];
    format!("{folder}{separator}{}", if is_random { "UUID" } else { name })
}

/// A name with `x` for each hex digit.
fn shape(name: &str) -> String {
    match name.strip_prefix("savepoint-") {
        Some(rest) => format!("savepoint-{}", rest.replace(|c: char| c.is_ascii_hexdigit(), "x")),
        None => name.replace(|c: char| c.is_ascii_hexdigit(), "x"),
    }
}

/// One request, and whether it is refused.
fn compare_request(name: &str, row: &Json, found: &mut Differences) -> bool {
    let mut text = Job::default().text("idle", "10us", "");
    let mut put = |when: &str, action: &str| {
        text.push_str(&format!("[[step]]\n{when}\ndo = {{ {action} }}\n"));
    };
    let (at, later) = ("at = \"500ms\"", "at = \"1s\"");
    let mut cluster = "";
    let words = match name {
        "trigger_checkpoint_disabled" => {
            put(at, "checkpoint = { as = \"c\" }");
            ""
        }
        "trigger_savepoint_checkpointing_disabled" => {
            put(at, "savepoint = { as = \"s\" }");
            ""
        }
        "trigger_on_finished_job" => {
            put(at, "stop = { as = \"left\" }");
            put(later, "savepoint = { as = \"s\" }");
            "is finished"
        }
        "trigger_unknown_job" => {
            let other = "[job.other]\nextends = \"job\"\n[[step]]\nat = \"5000s\"\ndo = { run = { job = \"other\" } }\n";
            text.push_str(other);
            text.push_str(&format!(
                "[[step]]\n{at}\ndo = {{ savepoint = {{ job = \"other\", as = \"s\" }} }}\n"
            ));
            "has not been submitted"
        }
        "stop_no_target_dir" => {
            cluster = "none";
            put(at, "stop = { as = \"s\" }");
            "no savepoint directory configured"
        }
        "trigger_no_target_dir" => {
            cluster = "none";
            put(at, "savepoint = { as = \"s\" }");
            "no savepoint directory configured"
        }
        "trigger_unwritable_dir" => {
            cluster = "unwritable";
            put(at, "savepoint = { as = \"s\" }");
            "failed to create savepoint directory"
        }
        _ => return false,
    };
    if !cluster.is_empty() {
        let to = format!("slots = 1000, savepoint-dir = \"{cluster}\" }}");
        text = text.replace("slots = 1000 }", &to);
    }
    let text = format!("{}\n", text.replace("until = \"20000s\"", "until = \"3s\""));
    let setup = setup_of(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let played = play_out(setup);
    let refusal = played.outcome.refusals.first().map(|(_, why)| why.to_string());
    let outcome = if refusal.is_some() { "failure" } else { "success" };
    found.compare("outcome", outcome, super::text(row, "outcome"));
    if let Some(why) = refusal.filter(|why| !why.to_lowercase().contains(words)) {
        found.add(format!("the message lacks `{words}`: {why}"));
    }
    if let Some(status) = row["job_status_after"].as_str() {
        found.compare("status", status_of(&played), status.to_owned());
    }
    true
}
