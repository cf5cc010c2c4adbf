//! The folder that a failure leaves: the story as it was played and a smaller one, the report for people and for programs, the
//! trace, and what led to what is broken.
//!
//! It is written beside its place and renamed, so that a reader sees all of it or none. One that is there is replaced if it is of
//! this kind; anything else stays.

use super::draw::whole;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::json;
use super::open::{base, program, shell_path};
use super::run::names;
use super::shrink::player;
use super::why::{causes, first_broken, played};
use crate::operator::Catalogue;
use crate::render::{Names, Told, marked_timeline};
use crate::scenario::Scenario;
use crate::search::{Played, Setup, Shrinking, Shrunk, moved};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The version of `report.json`. It counts up when a key changes its name or meaning, not when one is added.
const SCHEMA: u64 = 1;
/// What `report.json` says it is of.
const KIND: &str = "sandbar-failure";
/// How many worlds are played at most to make the story smaller.
const PLAYS: u32 = 400;

/// A play that failed.
pub(super) struct Case<'c> {
    /// What was played, with its inputs.
    pub(super) setup: Setup,
    /// The folder that the paths in the story are relative to.
    pub(super) from: &'c Path,
    /// What was printed of it.
    pub(super) report: &'c str,
    /// The command that plays it again where it was played.
    pub(super) replay: &'c str,
    /// Whether it is broken only where it is tried to restore what is kept.
    pub(super) deep: bool,
}

/// Whether a folder is free for a failure, or holds one that may be replaced.
pub(super) fn check_place(folder: &Path) -> Result<(), Failure> {
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(Failure::unwritable(folder, &error)),
    };
    if is_free || report_in(folder).is_some() {
        return Ok(());
    }
    Err(Failure::wrong(
        format!("`{}` holds something that is no failure of this program", folder.display()),
        "give a folder that does not exist yet, or one that --keep has written",
    ))
}

/// The story that a user means: of the folder of a failure, the one in it.
pub(super) fn story_of(file: &Path) -> PathBuf {
    if report_in(file).is_some() { file.join("story.toml") } else { file.to_owned() }
}

/// The `report.json` of a folder that a failure left.
pub(super) fn report_in(folder: &Path) -> Option<Value> {
    let text = fs::read(folder.join("report.json")).ok()?;
    let report: Value = serde_json::from_slice(&text).ok()?;
    (report["kind"] == KIND).then_some(report)
}

/// What is different here from where a failure was kept, in words: a replay may come to something else.
pub(super) fn drift(file: &Path, story: &Scenario) -> Option<String> {
    let report = report_in(base(file))?;
    let mut differs = Vec::new();
    let mut compare = |name: &str, here: String| {
        if let Some(there) = report[name].as_str().filter(|there| *there != here) {
            differs.push(format!("{name} is {here}, and was {there}"));
        }
    };
    compare("version", env!("CARGO_PKG_VERSION").to_owned());
    compare("flink", story.flink.to_string());
    compare("rules", rules_of(story));
    (!differs.is_empty())
        .then(|| format!("warning: it was kept under other conditions: {}\n", differs.join("; ")))
}

/// A fingerprint of the rules that a story is played under.
fn rules_of(story: &Scenario) -> String {
    format!("{:08x}", crc32fast::hash(story.rules().words().join(" ").as_bytes()))
}

/// Keeps a failure. What was written, in lines.
pub(super) fn keep(
    folder: &Path,
    case: Case<'_>,
    catalogue: &Arc<Catalogue>,
    interrupt: &Interrupt,
) -> Result<String, Failure> {
    check_place(folder)?;
    let Case { setup, from, report, replay, deep } = case;
    let story = Arc::clone(&setup.scenario);
    let again = Setup { keeps_trace: true, keeps_records: true, ..setup };
    let seed = again.choices.seed();
    let played = played(again, replay, interrupt)?;
    let story = Scenario { seed, ..Scenario::clone(&story) };
    let (signature, small) = smaller(&story, from, deep, catalogue, interrupt);
    let files = Files { played: &played, story: &story, names: &names(&played, &story) };
    let text = |story: &Scenario| moved(story, from, folder).to_text();
    let mut all = vec![
        ("report.txt", report.to_owned()),
        ("report.json", files.report((signature, small.as_ref()), replay, folder)),
        ("story.toml", text(&story)),
        ("trace.jsonl", files.trace(folder)),
        ("why.txt", files.why()),
        ("timeline.txt", files.timeline()),
    ];
    let title =
        folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    all.extend(whole(&title, &story, &played).map(|picture| ("picture.svg", picture)));
    all.extend(small.as_ref().map(|small| ("small.toml", text(&small.scenario))));
    write_all(folder, &all).map_err(|error| Failure::unwritable(folder, &error))?;
    let size = small.map_or_else(String::new, |small| {
        let path = folder.join("small.toml");
        format!("small: {} ({})\n", shell_path(&path), small.after)
    });
    Ok(format!("kept: {}\n{size}", shell_path(folder)))
}

/// What is wrong, less names and numbers; and a smaller story that is broken in the same way, if one is found.
fn smaller(
    story: &Scenario,
    from: &Path,
    deep: bool,
    catalogue: &Arc<Catalogue>,
    interrupt: &Interrupt,
) -> (Option<String>, Option<Shrunk>) {
    let mut player = player(from, catalogue, deep, interrupt);
    let shrinking = Shrinking::of(story, catalogue, &mut *player);
    let found = shrinking.as_ref().and_then(|shrinking| Some((shrinking, shrinking.first(None)?)));
    let Some((shrinking, found)) = found else { return (None, None) };
    let shrunk = shrinking.shrink(found, PLAYS, &mut *player, &mut |_, _| {});
    let is_smaller = shrunk.after < shrunk.before;
    (Some(found.signature.to_string()), is_smaller.then_some(shrunk))
}

/// What the files say.
struct Files<'f> {
    played: &'f Played,
    story: &'f Scenario,
    names: &'f Names,
}

impl Files<'_> {
    fn told(&self) -> Told<'_> {
        let externals = &self.played.outcome.externals;
        Told { trace: &self.played.trace, names: self.names, externals }
    }

    fn why(&self) -> String {
        let told = self.told();
        first_broken(self.played).map_or_else(
            || format!("{}\n", self.played.why().unwrap_or_else(|| "it holds".to_owned())),
            |broken| causes(&told, &broken),
        )
    }

    fn timeline(&self) -> String {
        marked_timeline(&self.told(), first_broken(self.played).as_ref())
    }

    fn trace(&self, folder: &Path) -> String {
        json::trace(self.story, &folder.join("story.toml"), self.played, self.names)
    }

    fn report(
        &self,
        (signature, small): (Option<String>, Option<&Shrunk>),
        replay: &str,
        folder: &Path,
    ) -> String {
        let Self { played, story, .. } = self;
        let story_file = folder.join("story.toml");
        let object = json!({
            "kind": KIND,
            "schema": SCHEMA,
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules_of(story),
            "flink": story.flink.to_string(),
            "seed": story.seed,
            "mutations": story.mutations,
            "verdict": played.judgement(),
            "why": played.why(),
            "signature": signature,
            "violations": played.verdict.violations().map(json::violation).collect::<Vec<_>>(),
            "unmet": played.unmet,
            "digest": format!("{:032x}", played.outcome.digest),
            "found_by": replay,
            "replay": {
                "command": format!("{} run {}", program(), shell_path(&story_file)),
                "program": program(),
                "arguments": ["run", story_file.display().to_string()],
            },
            "story": "story.toml",
            "small": small.map(|_| "small.toml"),
        });
        format!("{object:#}\n")
    }
}

/// Writes all files of a folder beside its place, and puts it there.
fn write_all(folder: &Path, files: &[(&str, String)]) -> io::Result<()> {
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let made = tempfile::Builder::new().prefix(".sandbar-failure-").tempdir_in(parent)?;
    for (name, text) in files {
        fs::write(made.path().join(name), text)?;
    }
    let before = aside(folder, parent)?;
    fs::rename(made.keep(), folder)?;
    before.map_or(Ok(()), fs::remove_dir_all)
}

/// Moves what is in the place of a folder out of the way.
fn aside(folder: &Path, parent: &Path) -> io::Result<Option<PathBuf>> {
    if !folder.exists() {
        return Ok(None);
    }
    let free = tempfile::Builder::new().prefix(".sandbar-replaced-").tempdir_in(parent)?;
    let place = free.keep().join("failure");
    fs::rename(folder, &place)?;
    Ok(place.parent().map(Path::to_owned))
}
