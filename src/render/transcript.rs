//! The session of a user: what was typed to the command-line client and to the shell, and what came back.
//!
//! Every operation is a block, in order of asking; what came back later stands in its block, as it would in a terminal of
//! its own. Says what Flink's client says, in words of its own. Faults of the world are remarks.

use super::words::damage_in_words;
use crate::job::{
    CheckpointId, ClaimMode, JobId, METADATA, RunId, folder_of_pointer, names_metadata,
};
use crate::kernel::{SimTime, to_index};
use crate::scenario::{
    Action, Cancel, CopyFiles, Dispose, FileAction, MoveFiles, Piece, Run, Scenario, Stop,
    TakeCheckpoint, TakeSavepoint,
};
use crate::trace::{CheckpointEvent, Entry, JobEvent, JobStatus, Trace, TraceEvent, WorldEvent};
use std::collections::BTreeMap;

/// The session of a world; `jobs` are the ids of its runs, where they have one.
pub fn transcript(trace: &Trace, scenario: &Scenario, jobs: &[Option<JobId>]) -> String {
    let mut session = Session {
        trace,
        scenario,
        jobs,
        blocks: Vec::new(),
        by_step: BTreeMap::new(),
        runs: Vec::new(),
        paths: BTreeMap::new(),
        asked: BTreeMap::new(),
    };
    trace.entries.iter().for_each(|entry| session.observe(entry));
    session.text()
}

/// One command, and what came back.
struct Block {
    at: SimTime,
    command: String,
    answers: Vec<String>,
    /// What it says once it went well, where nothing in the trace tells that it did.
    if_well: Option<String>,
}

/// A run as its user knows it.
struct Known {
    name: String,
    since: SimTime,
    status: JobStatus,
    /// Whether a step submitted it, and is answered if it is refused.
    is_asked_for: bool,
}

struct Session<'s> {
    trace: &'s Trace,
    scenario: &'s Scenario,
    jobs: &'s [Option<JobId>],
    blocks: Vec<Block>,
    /// The newest block of a step: one that is tried again has several.
    by_step: BTreeMap<u32, usize>,
    runs: Vec<Known>,
    /// Where a user has noted that a snapshot lies, by label.
    paths: BTreeMap<String, String>,
    /// Checkpoints that steps asked for.
    asked: BTreeMap<(RunId, CheckpointId), u32>,
}

impl Session<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "users hear of nothing else")]
    fn observe(&mut self, entry: &Entry) {
        match &entry.event {
            TraceEvent::World(WorldEvent::StepTaken { step }) => self.on_step(*step, entry.at),
            TraceEvent::World(WorldEvent::StepRefused { step, why }) => {
                self.answer(*step, format!("error: {why}"))
            }
            TraceEvent::Job(run, JobEvent::Submitted { .. }) => self.on_submission(*run, entry),
            TraceEvent::Job(run, JobEvent::Refused { why })
                if !self.runs[run.index()].is_asked_for =>
            {
                if let Some(block) = self.blocks.last_mut() {
                    block.answers.push(format!("error: {why}"));
                }
            }
            TraceEvent::Job(run, JobEvent::StatusChanged { status }) => {
                if let Some(known) = self.runs.get_mut(run.index()) {
                    known.status = *status;
                }
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Triggered { .. }) => {
                if let Some(step) = self.step_of(entry) {
                    self.asked.insert((*run, *checkpoint), step);
                }
            }
            TraceEvent::Checkpoint(run, checkpoint, CheckpointEvent::Completed { .. }) => {
                self.on_completion(*run, *checkpoint);
            }
            TraceEvent::Checkpoint(
                run,
                _,
                CheckpointEvent::SavepointStored { label, path, .. },
            ) => {
                self.paths.insert(label.to_string(), path.to_string());
                self.on_stored(*run, label, path);
            }
            _ => {}
        }
    }

    /// The step that caused an entry at once.
    fn step_of(&self, entry: &Entry) -> Option<u32> {
        let cause = self.trace.get(entry.cause?)?;
        if let TraceEvent::World(WorldEvent::StepTaken { step }) = cause.event {
            Some(step)
        } else {
            None
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else gives a snapshot a place")]
    fn on_step(&mut self, step: u32, at: SimTime) {
        let place = to_index(step);
        let action = self.scenario.steps[place].action.clone();
        let Some(command) = self.command(&action) else { return };
        let if_well = self.answer_if_well(&action);
        let answers = if action == Action::List { self.listed() } else { Vec::new() };
        self.by_step.insert(step, self.blocks.len());
        self.blocks.push(Block { at, command, answers, if_well });
        match action {
            Action::Files(FileAction::Move(files)) => self.paths.insert(files.savepoint, files.to),
            Action::Files(FileAction::Copy(copy)) => self.paths.insert(copy.label, copy.to),
            _ => None,
        };
    }

    /// What the user types.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "faults of the world are nothing that a user types"
    )]
    fn command(&self, action: &Action) -> Option<String> {
        let to = |option: &str| match action.target() {
            Some(to) => format!("{option} {to}"),
            None => String::new(),
        };
        Some(match action {
            Action::Run(Run { job, from, path, allow_non_restored, claim }) => {
                let from = match (from, path) {
                    (Some(from), _) => self.start(from),
                    (None, Some(path)) => format!(" -s '{path}'"),
                    (None, None) => String::new(),
                };
                let drops = if *allow_non_restored { " -n" } else { "" };
                let claim = match claim {
                    ClaimMode::NoClaim => "",
                    ClaimMode::Claim => " -claimMode CLAIM",
                    ClaimMode::Legacy => " -claimMode LEGACY",
                };
                format!("{}{from}{drops}{claim} {job}.jar", self.client("run"))
            }
            Action::Savepoint(TakeSavepoint { job, native, .. }) => {
                let format = if *native { " --type native" } else { "" };
                format!("{}{format} {}{}", self.client("savepoint"), self.id(job), to(""))
            }
            Action::Cancel(Cancel { job, with_savepoint: Some(_), .. }) => {
                format!("{} -s{} {}", self.client("cancel"), to(""), self.id(job))
            }
            Action::Cancel(Cancel { job, with_savepoint: None, .. }) => {
                format!("{} {}", self.client("cancel"), self.id(job))
            }
            Action::Stop(Stop { job, drain, .. }) => {
                let drain = if *drain { " --drain" } else { "" };
                format!("{}{drain}{} {}", self.client("stop"), to(" -p"), self.id(job))
            }
            Action::Checkpoint(TakeCheckpoint { job, .. }) => {
                format!("{} {}", self.client("checkpoint"), self.id(job))
            }
            Action::List => self.client("list"),
            Action::Files(action) => self.on_files(action),
            Action::KillJobManager => "# the job manager dies".to_owned(),
            Action::Upgrade(release) => format!("# the cluster starts again under Flink {release}"),
            _ => return None,
        })
    }

    /// What comes back where nothing in the trace tells that it went well.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of the others the trace tells")]
    fn answer_if_well(&self, action: &Action) -> Option<String> {
        match action {
            Action::Cancel(Cancel { job, with_savepoint: None, .. }) => {
                Some(format!("job {} is canceled", self.id(job)))
            }
            Action::Files(FileAction::Dispose(dispose)) => {
                Some(format!("savepoint {} is disposed of", self.path(&dispose.savepoint)))
            }
            _ => None,
        }
    }

    fn on_files(&self, action: &FileAction) -> String {
        let path = self.path(action.savepoint());
        match action {
            FileAction::Move(MoveFiles { to, .. }) => format!("{} {path} {to}", shell("mv", &path)),
            FileAction::Copy(CopyFiles { to, .. }) => {
                format!("{} -r {path} {to}", shell("cp", &path))
            }
            FileAction::Delete(files) => {
                let remove = shell("rm", &path);
                match files.what {
                    Piece::All => format!("{remove} -r {path}"),
                    Piece::Metadata => format!("{remove} {path}/{METADATA}"),
                    Piece::Data => format!("{remove} {path}/*  # all but its metadata"),
                }
            }
            FileAction::Damage(damage) => format!("# {}", damage_in_words(&path, &damage.how)),
            FileAction::Dispose(Dispose { with_jar, .. }) => {
                let jar = if *with_jar { " -j job.jar" } else { "" };
                format!("{} -d {path}{jar}", self.client("savepoint"))
            }
            FileAction::RewritePaths(_) => {
                format!("sandbar savepoint move --rewrite-paths {path} {path}")
            }
        }
    }

    /// The client, told which cluster is meant where that has a name.
    fn client(&self, operation: &str) -> String {
        match &self.scenario.cluster_name {
            Some(name) => format!("flink {operation} -m {name}"),
            None => format!("flink {operation}"),
        }
    }

    /// Where a job starts: from a path, or, as was first asked for, from what was saved of a job.
    fn start(&self, from: &str) -> String {
        match from.split_once('@') {
            Some((job, "newest")) if !self.paths.contains_key(from) => {
                format!(" --loadCheckpoint {}", self.id(job))
            }
            Some((job, id)) if !self.paths.contains_key(from) => {
                format!(" --loadCheckpoint ({}, {id})", self.id(job))
            }
            Some(_) | None => format!(" -s {}", self.path(from)),
        }
    }

    fn path(&self, label: &str) -> String {
        let known = folder_of_pointer(label);
        let path = self.paths.get(known).map_or(known, String::as_str);
        if names_metadata(label) { format!("{path}/{METADATA}") } else { path.to_owned() }
    }

    /// The id of the run at this place, if it has one.
    fn job_of(&self, place: usize) -> Option<JobId> {
        self.jobs.get(place).copied().flatten()
    }

    /// The id of the newest run of a job; its name while there is none.
    fn id(&self, job: &str) -> String {
        let place = self.runs.iter().rposition(|known| known.name == job);
        let id = place.and_then(|place| self.job_of(place));
        id.map_or_else(|| job.to_owned(), |id| id.to_string())
    }

    fn on_submission(&mut self, run: RunId, entry: &Entry) {
        let name = self.trace.layouts[run].job_name().to_owned();
        let step = self.step_of(entry);
        if step.is_none() {
            let command = format!("{} {name}.jar", self.client("run"));
            let block = Block { at: entry.at, command, answers: Vec::new(), if_well: None };
            self.blocks.push(block);
        }
        let is_asked_for = step.is_some();
        let status = JobStatus::Created;
        self.runs.push(Known { name, since: entry.at, status, is_asked_for });
        let Some(id) = self.job_of(run.index()) else { return };
        let said = format!("submitted as job {id}");
        match step {
            Some(step) => self.answer(step, said),
            None => self.blocks.last_mut().expect("it was pushed").answers.push(said),
        }
    }

    fn on_completion(&mut self, run: RunId, checkpoint: CheckpointId) {
        let Some(step) = self.asked.get(&(run, checkpoint)).copied() else { return };
        let place = to_index(step);
        if let Action::Checkpoint(TakeCheckpoint { label, .. }) = &self.scenario.steps[place].action
        {
            let job = self.job_of(run.index());
            let job = job.map_or_else(String::new, |job| job.to_string());
            self.paths.insert(label.clone(), format!("checkpoints/{job}/chk-{checkpoint}"));
            self.answer(step, format!("checkpoint {checkpoint} is complete"));
        }
    }

    fn on_stored(&mut self, run: RunId, label: &str, path: &str) {
        let step = self.scenario.steps.iter().position(|step| step.action.label() == Some(label));
        let step = step.and_then(|step| Some((u32::try_from(step).ok()?, step)));
        let Some((number, place)) = step else { return };
        let id = self.job_of(run.index());
        let id = id.map_or_else(String::new, |id| id.to_string());
        self.answer(number, format!("savepoint complete: {path}"));
        let action = &self.scenario.steps[place].action;
        if matches!(action, Action::Savepoint(_)) {
            self.answer(number, format!("start from it with: {} -s {path}", self.client("run")));
        } else if matches!(action, Action::Cancel(_)) {
            self.answer(number, format!("job {id} is being canceled"));
        }
    }

    fn listed(&self) -> Vec<String> {
        let is_listed = |status: JobStatus| match status {
            JobStatus::Created | JobStatus::Running | JobStatus::Restarting => true,
            JobStatus::Canceling
            | JobStatus::Canceled
            | JobStatus::Finished
            | JobStatus::Failed
            | JobStatus::Lost
            | JobStatus::Suspended => false,
        };
        let mut lines = vec!["jobs that run or restart:".to_owned()];
        for (place, known) in self.runs.iter().enumerate() {
            if let Some(id) = self.job_of(place)
                && is_listed(known.status)
            {
                let status = known.status.to_string().to_uppercase();
                let since = known.since.in_millis();
                lines.push(format!("{since} : {id} : {} ({status})", known.name));
            }
        }
        if lines.len() == 1 {
            lines = vec!["no job runs or restarts".to_owned()];
        }
        lines
    }

    fn answer(&mut self, step: u32, text: String) {
        if let Some(place) = self.by_step.get(&step) {
            self.blocks[*place].answers.push(text);
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            let is_remark = block.command.starts_with('#');
            let prompt = if is_remark { "" } else { "$ " };
            text.push_str(&format!("{:>12}  {prompt}{}\n", block.at.in_millis(), block.command));
            let well = block.if_well.iter().filter(|_| block.answers.is_empty());
            for answer in block.answers.iter().chain(well) {
                text.push_str(&format!("              {answer}\n"));
            }
            // The client waits for an answer.
            let waits = block.command.starts_with("flink ") && block.answers.is_empty();
            if waits && block.if_well.is_none() {
                text.push_str("              (no answer)\n");
            }
        }
        text
    }
}

/// A command of the shell, or, for what lies in HDFS, of its client.
fn shell(command: &str, path: &str) -> String {
    if path.starts_with("hdfs:") { format!("hdfs dfs -{command}") } else { command.to_owned() }
}
