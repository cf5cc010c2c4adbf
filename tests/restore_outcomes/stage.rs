//! Plays job A into files, and job B from them.

use super::jobs::Job;
use super::plot::{Damage, Exit, Path as Way, Plot};
use sandbar::events::{At, Call, CheckpointEvent, RunId, TaskEvent, TraceEvent};
use sandbar::internals::with_version;
use sandbar::savepoints::{DataDir, PlayError, open, play_with_files, start_from};
use sandbar::story::ClaimMode;
use sandbar::{Catalogue, Choices, Played, Restoring, Scenario, Setup};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// When the sources have read 1000 entries each, and no more.
const HALF: &str = "999500us";

/// How many subtasks `counter` has in job A.
const COUNTERS: u32 = 4;

/// What one subtask said when it was initialized.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Init {
    pub(crate) restored: Option<u64>,
    pub(crate) items: Vec<String>,
}

/// A job that was played, or could not be.
pub(crate) struct Told {
    /// Why it was refused before any task ran.
    pub(crate) refused: Option<String>,
    /// Why a task failed.
    pub(crate) failed: Vec<String>,
    pub(crate) status: Option<String>,
    /// By operator and subtask.
    pub(crate) inits: BTreeMap<(String, u32), Init>,
    /// How many records reached the sink.
    pub(crate) emitted: u64,
    /// The sum of the last count of each key.
    pub(crate) sum: i64,
    /// The states of the snapshot by operator id: those that no operator of the job has.
    pub(crate) dropped: usize,
}

impl Told {
    fn refused(why: String) -> Self {
        Self {
            refused: Some(why),
            failed: Vec::new(),
            status: None,
            inits: BTreeMap::new(),
            emitted: 0,
            sum: 0,
            dropped: 0,
        }
    }
}

fn parse(text: &str) -> Result<Scenario, String> {
    let catalogue = Catalogue::built_in();
    Scenario::parse(text, "row.toml", &catalogue).map_err(|error| error.to_string())
}

pub(crate) fn setup_of(text: &str) -> Result<Setup, String> {
    let scenario = parse(text)?;
    let choices = Choices::new(scenario.seed);
    let inputs = open(&scenario, Path::new("."), &BTreeMap::new(), &choices);
    Ok(Setup {
        scenario: Arc::new(scenario),
        catalogue: Arc::new(Catalogue::built_in()),
        inputs: inputs.unwrap_or_else(|error| panic!("{error}")),
        choices,
        externals: Vec::new(),
        start: None,
        keeps_trace: true,
        keeps_records: true,
        wants_sometimes: false,
        bounds_percent: 100,
        restoring: Restoring::Never,
    })
}

/// The steps by which job A is left, and what it needs to be set to for that.
fn leave(plot: &Plot, job: &mut Job) -> (String, &'static str) {
    let format = if plot.native { ", format = \"native\"" } else { "" };
    let retained = "retention = \"retain-on-cancellation\", tolerable-failures = 9";
    let step = |when: &str, action: &str| format!("[[step]]\n{when}\ndo = {{ {action} }}\n");
    let at = format!("at = \"{HALF}\"");
    match plot.exit {
        Exit::Stop => (step(&at, &format!("stop = {{ as = \"left\"{format} }}")), "10us"),
        Exit::Drain => {
            (step(&at, &format!("stop = {{ as = \"left\", drain = true{format} }}")), "10us")
        }
        Exit::CancelWithSavepoint => {
            let action = format!("cancel = {{ with-savepoint = true, as = \"left\"{format} }}");
            (step(&at, &action), "10us")
        }
        Exit::Retained => {
            job.change(&format!("checkpoint = {{ interval = \"1h\", {retained} }}"));
            let mut steps = step(&at, "checkpoint = { as = \"left\" }");
            steps.push_str(&step("when = { completed = 2 }", "cancel = {}"));
            (steps, "10us")
        }
        Exit::Unaligned => {
            job.change(&format!(
                "checkpoint = {{ interval = \"1h\", unaligned = true, timeout = \"500ms\", {retained} }}"
            ));
            // The first checkpoint expires behind the busy tasks; the second finds everything in flight.
            let mut steps = String::new();
            for subtask in 0..COUNTERS {
                let action =
                    format!("block = {{ task = \"counter/{subtask}\", for = \"3200ms\" }}");
                steps.push_str(&step("when = { running = \"job\" }", &action));
            }
            steps.push_str(&step("at = \"3s\"", "checkpoint = { as = \"left\" }"));
            steps.push_str(&step("when = { completed = 2 }", "cancel = {}"));
            (steps, "5ms")
        }
    }
}

/// Plays job A; where it left its snapshot.
pub(crate) fn play_a(plot: &Plot, folder: &Path) -> (Played, Option<PathBuf>) {
    let mut job = plot.a.clone();
    let (steps, latency) = leave(plot, &mut job);
    let then = if plot.exit == Exit::Unaligned { "end" } else { "idle" };
    let text = job.text(then, latency, &steps);
    let setup = setup_of(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let data = DataDir::open_or_create(folder).expect("a folder");
    let played = play_with_files(setup, &data, |_| Ok::<(), PlayError>(()));
    let (played, paths) = played.unwrap_or_else(|error| panic!("{error}"));
    let path = paths.get("left").cloned().or_else(|| find(&folder.join("checkpoints"), "chk-2"));
    (played, path)
}

/// A folder of this name, at whatever depth.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    let found = paths.iter().find(|path| path.file_name().is_some_and(|found| found == name));
    found.cloned().or_else(|| paths.iter().find_map(|path| find(path, name)))
}

/// Does to the snapshot what the row says; the path to give.
pub(crate) fn prepare(plot: &Plot, path: &Path, scratch: &Path) -> PathBuf {
    match &plot.path {
        Way::Folder => path.to_owned(),
        Way::Metadata => path.join("_metadata"),
        Way::TrailingSlash => PathBuf::from(format!("{}/", path.display())),
        Way::Moved => {
            let target = scratch.join("moved");
            fs::rename(path, &target).expect("it can be moved");
            target
        }
        Way::Text(text) => PathBuf::from(text),
        Way::Damaged(damage) => {
            spoil(*damage, &path.join("_metadata"));
            path.to_owned()
        }
    }
}

fn spoil(damage: Damage, file: &Path) {
    let mut bytes = fs::read(file).expect("metadata");
    let length = bytes.len();
    match damage {
        Damage::Missing => return fs::remove_file(file).expect("it is removed"),
        Damage::Magic => bytes[0] ^= 0xff,
        Damage::Version => bytes = with_version(&bytes, 99),
        Damage::FlippedId => bytes[15] ^= 0xff,
        Damage::FlippedQuarter => bytes[length / 4] ^= 0xff,
        Damage::FlippedLast => bytes[length - 1] ^= 0xff,
        Damage::Truncated => bytes.truncate(length - 1),
        Damage::Longer => bytes.push(0),
        Damage::Garbage => bytes = b"this is a text and no savepoint at all\n".to_vec(),
    }
    fs::write(file, bytes).expect("it is written");
}

/// Plays job B from a path, into a folder of its own.
pub(crate) fn play_b(
    plot: &Plot,
    path: &Path,
    folder: &Path,
    allow: bool,
    claim: ClaimMode,
) -> Told {
    let text = plot.b.text("end", "10us", "[expect]\nlists = { \"src/0\" = {} }\n");
    let mut setup = match setup_of(&text) {
        Ok(setup) => setup,
        Err(why) => return Told::refused(why),
    };
    match start_from(path, None, allow, &setup.scenario, &setup.inputs) {
        Ok((mut start, externals)) => {
            start.claim = claim;
            (setup.start, setup.externals) = (Some(start), externals);
        }
        Err(error) => return Told::refused(format!("{error}; {}", error.help())),
    }
    let data = DataDir::open_or_create(folder).expect("a folder");
    let played = play_with_files(setup, &data, |_| Ok::<(), PlayError>(()));
    told(&played.unwrap_or_else(|error| panic!("{error}")).0)
}

/// What happened in job B.
fn told(played: &Played) -> Told {
    if let Some(why) = played.outcome.refusal(At::Start) {
        return Told::refused(why.to_string());
    }
    let layout = &played.trace.layouts[RunId::default()];
    let plan = &layout.plan;
    let name = |operator| {
        let place = plan.operator_with_id(operator).expect("an operator of the job");
        plan.graph.operators[place.index()].name.clone()
    };
    let subtask = |task: sandbar::events::TaskId| layout.plan_task(task).subtask;
    let mut told = Told::refused(String::new());
    told.refused = None;
    told.status = played.outcome.jobs[0].status.map(|status| status.to_string());
    let sink = plan.operator_named("sink").expect("every job has a sink");
    for entry in &played.trace.entries {
        match &entry.event {
            TraceEvent::Task(
                task,
                _,
                TaskEvent::Callback { operator, call: Call::InitializeState, checkpoint },
            ) => {
                let init = told.inits.entry((name(*operator), subtask(*task))).or_default();
                init.restored = checkpoint.map(|id| id.number());
            }
            TraceEvent::Task(task, _, TaskEvent::ListInitialized { operator, items, .. }) => {
                let init = told.inits.entry((name(*operator), subtask(*task))).or_default();
                init.items.extend(items.iter().map(|item| item.to_string()));
            }
            TraceEvent::Task(.., TaskEvent::OperatorFailed { why, .. }) => {
                told.failed.push(why.to_string());
            }
            TraceEvent::Checkpoint(.., CheckpointEvent::RestoreMapped { report, .. }) => {
                told.dropped = report.dropped.len();
            }
            TraceEvent::Task(task, _, TaskEvent::RecordTaken { .. }) => {
                let vertex = layout.plan_task(*task).vertex;
                told.emitted += u64::from(vertex == plan.vertex_of(sink));
            }
            _ => {}
        }
    }
    let systems = played.outcome.externals.iter().filter(|system| system.name == "sink");
    let last = systems.flat_map(|system| system.last_values().into_values());
    told.sum = last.filter_map(|value| value.as_int()).sum();
    told
}

/// Everything under a folder, itself included: `d ` and its path for a folder, `f ` for a file.
pub(crate) fn listing(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, name: &str, found: &mut Vec<String>) {
        found.push(format!("d {name}"));
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let own = entry.file_name().to_string_lossy().into_owned();
            let own = if name.is_empty() { own } else { format!("{name}/{own}") };
            match entry.path().is_dir() {
                true => walk(&entry.path(), &own, found),
                false => found.push(format!("f {own}")),
            }
        }
    }
    let mut found = Vec::new();
    if folder.exists() {
        walk(folder, "", &mut found);
    }
    found.sort();
    found
}
