//! Rows about one job alone: how its end is called, which requests are refused, which files it leaves.

use super::Differences;
use super::jobs::Job;
use super::plot::{Exit, Plot, Request};
use super::stage::{listing, play_a, setup_of};
use sandbar::{Played, play_out};
use serde_json::Value as Json;
use toml::{Table, Value};

fn status_of(played: &Played) -> String {
    let status = played.outcome.jobs[0].status;
    status.map_or_else(String::new, |status| status.to_string().to_uppercase())
}

pub(super) fn compare_status(plot: &Plot, row: &Json, found: &mut Differences) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (played, _) = play_a(plot, scratch.path());
    found.compare("status", status_of(&played), super::text(row, "outcome").to_owned());
}

/// Names of files: random ones count as such, sizes do not.
pub(super) fn compare_files(plot: &Plot, row: &Json, found: &mut Differences) {
    let scratch = tempfile::tempdir().expect("a folder");
    let (_, path) = play_a(plot, scratch.path());
    let path = path.expect("job A leaves a snapshot");
    let folder =
        if plot.exit == Exit::Retained { path.parent().expect("a job's folder") } else { &path };
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

/// Compares how the last of some steps is answered.
pub(super) fn compare_request(request: &Request, row: &Json, found: &mut Differences) {
    let mut world = Job::default().world("idle", "10us");
    world.insert("until".to_owned(), "3s".into());
    world.insert("step".to_owned(), request.steps.clone().into());
    let mut put = |name: &str, key: &str, value: Value| {
        let table = world[name].as_table_mut().expect("it is a table");
        table.insert(key.to_owned(), value);
    };
    if let Some(folder) = &request.savepoint_dir {
        put("cluster", "savepoint-dir", folder.as_str().into());
    }
    if let Some(other) = &request.beside {
        put("job", other, Table::from_iter([("extends".to_owned(), "job".into())]).into());
    }
    let text = world.to_string();
    let setup = setup_of(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let played = play_out(setup);
    let refusal = played.outcome.refusals.first().map(|(_, why)| why.to_string());
    let outcome = if refusal.is_some() { "failure" } else { "success" };
    found.compare("outcome", outcome, super::text(row, "outcome"));
    let says = &request.says;
    if let Some(why) = refusal.filter(|why| !why.to_lowercase().contains(says)) {
        found.add(format!("the message lacks `{says}`: {why}"));
    }
    if let Some(status) = row["job_status_after"].as_str() {
        found.compare("status", status_of(&played), status.to_owned());
    }
}
