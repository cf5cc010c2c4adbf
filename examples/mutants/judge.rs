//! Who notices a mutant: a sweep, a story, or a story that leaves files.

use crate::mutant::Mutant;
use crate::process::{Program, Ran, stories};
use crate::tell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many times the time of the unmutated copy a mutant may take.
const PATIENCE: u32 = 8;
/// What it may take at least: a busy machine is slow now and then.
const PATIENCE_LEAST: Duration = Duration::from_secs(20);
/// A sweep is in parts that end here, since most mutants fall in the first worlds: whoever has fallen is not tried further.
const PARTS: [u64; 3] = [30, 90, 240];
/// How many stories are played at once.
const THREADS: usize = 4;
/// The exit code of a story that cannot be played alone.
const WRONG_INPUT: i32 = 2;
/// After so many stories it is seen whether one has noticed.
const AT_A_TIME: usize = 16;
/// How many stories are named that notice a mutant.
const NAMED: usize = 3;

/// What became of a mutant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// The sweep failed; by which checks, or by an assertion of the engine.
    Sweep(String),
    /// The sweep came to no end.
    Hang,
    /// Stories failed, and the sweep did not.
    Stories(String),
    /// Only what stories left in files was wrong.
    Files(String),
    /// Worlds or files are others, and nobody fails.
    Survived(&'static str),
    /// Everything is as it was.
    NoEffect,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sweep(by) => write!(f, "sweep: {by}"),
            Self::Hang => write!(f, "hang"),
            Self::Stories(by) => write!(f, "stories: {by}"),
            Self::Files(by) => write!(f, "files: {by}"),
            Self::Survived(what) => write!(f, "**survived** ({what})"),
            Self::NoEffect => write!(f, "no effect"),
        }
    }
}

/// What the copy does without any mutant.
pub(crate) struct Judge {
    program: Program,
    /// The sweep in parts, each with what it said and for how long it may go on.
    sweeps: Vec<(Range<u64>, Ran)>,
    stories: BTreeMap<String, Told>,
    files: BTreeMap<String, Told>,
    patience: Duration,
    /// Whether stories are asked of what the sweep noticed, too.
    asks_stories: bool,
}

/// Plays a story with some mutant, on some thread.
type Play = dyn Fn(&Judge, Option<usize>, &str, usize) -> Result<Told, String> + Sync;

/// What a story came to.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Told {
    /// The exit code of its play, then those of what was done with its files.
    codes: Vec<Option<i32>>,
    /// The digests of its worlds, or all that was said of its files.
    facts: Vec<String>,
}

impl Judge {
    /// Plays everything without a mutant: all of it must hold.
    pub(crate) fn new(
        root: &Path,
        binary: &Path,
        seeds: Range<u64>,
        asks_stories: bool,
    ) -> Result<Self, String> {
        let scratch = root.join("target/mutants/scratch");
        fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        let program = Program { binary: binary.into(), root: root.into(), scratch };
        let ends = PARTS.map(|end| seeds.start + end).into_iter().filter(|end| *end < seeds.end);
        let ends: Vec<u64> = [seeds.start].into_iter().chain(ends).chain([seeds.end]).collect();
        let parts = ends.windows(2).map(|pair| pair[0]..pair[1]);
        let mut judge = Self {
            program,
            sweeps: Vec::new(),
            stories: BTreeMap::new(),
            files: BTreeMap::new(),
            patience: Duration::from_secs(600),
            asks_stories,
        };
        for part in parts {
            let ran = judge.sweep(None, &part, judge.patience)?;
            if ran.code != Some(0) {
                return Err(format!("the sweep fails without a mutant:\n{}", ran.said));
            }
            judge.sweeps.push((part, ran));
        }
        judge.stories = judge.each_story(None, &all_stories(root), &Self::story)?;
        judge.files = judge.each_story(None, &stories_with_files(root), &Self::files)?;
        // What another story is to go on from is not there.
        judge.stories.retain(|_, told| told.codes[0] != Some(WRONG_INPUT));
        judge.files.retain(|_, told| told.codes[0] != Some(WRONG_INPUT));
        for (story, told) in judge.stories.iter().chain(&judge.files) {
            if told.codes[0] != Some(0) {
                return Err(format!("{story} fails without a mutant: {:?}", told.codes));
            }
        }
        judge.patience = PATIENCE_LEAST;
        let took = judge.sweeps.iter().map(|(_, ran)| ran.took).sum::<Duration>();
        tell(&format!("the sweep takes {took:?}, {} stories hold", judge.stories.len()));
        Ok(judge)
    }

    /// Plays with one mutant until somebody notices.
    pub(crate) fn try_mutant(&self, number: usize, mutant: &Mutant) -> Result<Fate, String> {
        let mut is_moved = false;
        let mut noticed = None;
        for (part, before) in &self.sweeps {
            let ran =
                self.sweep(Some(number), part, (before.took * PATIENCE).max(PATIENCE_LEAST))?;
            is_moved |= digests(&ran.said) != digests(&before.said);
            noticed = match ran.code {
                Some(0) => continue,
                None if ran.said.is_empty() => Some(Fate::Hang),
                Some(_) | None => Some(Fate::Sweep(by(&ran.said))),
            };
            break;
        }
        if noticed.is_some() && !self.asks_stories {
            return Ok(noticed.unwrap_or(Fate::NoEffect));
        }
        let (failed, moved) = self.ask(number, &self.stories, &Self::story)?;
        if let Some(Fate::Sweep(by)) = noticed {
            return Ok(Fate::Sweep(format!("{by}; {} stories", failed.len())));
        }
        if let Some(fate) = noticed {
            return Ok(fate);
        }
        if !failed.is_empty() {
            return Ok(Fate::Stories(named(&failed)));
        }
        is_moved |= moved;
        if mutant.room == "store" {
            let (failed, moved) = self.ask(number, &self.files, &Self::files)?;
            if !failed.is_empty() {
                return Ok(Fate::Files(named(&failed)));
            }
            if moved && !is_moved {
                return Ok(Fate::Survived("files"));
            }
        }
        Ok(if is_moved { Fate::Survived("worlds") } else { Fate::NoEffect })
    }

    /// Which stories fail with a mutant that do not without, up to a few, and whether anything else is another way.
    fn ask(
        &self,
        number: usize,
        before: &BTreeMap<String, Told>,
        play: &Play,
    ) -> Result<(Vec<String>, bool), String> {
        let names: Vec<String> = before.keys().cloned().collect();
        let (mut failed, mut is_moved) = (Vec::new(), false);
        for some in names.chunks(AT_A_TIME) {
            let played = self.each_story(Some(number), some, play)?;
            for (story, told) in &played {
                is_moved |= told.facts != before[story].facts;
                if told.codes != before[story].codes {
                    failed.push(story.clone());
                }
            }
            if !failed.is_empty() && !self.asks_stories {
                break;
            }
        }
        Ok((failed, is_moved))
    }

    fn sweep(
        &self,
        mutant: Option<usize>,
        part: &Range<u64>,
        at_most: Duration,
    ) -> Result<Ran, String> {
        let seeds = format!("{}..{}", part.start, part.end);
        self.program.run(mutant, &["sweep", "--seeds", &seeds, "--jobs", "2"], at_most, 0)
    }

    /// Plays one story.
    fn story(&self, mutant: Option<usize>, story: &str, thread: usize) -> Result<Told, String> {
        let ran =
            self.program.run(mutant, &["run", story, "--format", "json"], self.patience, thread)?;
        Ok(Told { codes: vec![ran.code], facts: digests(&ran.said) })
    }

    /// Plays one story with a data folder, looks at all that it left there, and goes on from it.
    fn files(&self, mutant: Option<usize>, story: &str, thread: usize) -> Result<Told, String> {
        let folder = self.program.scratch.join(format!("data-{}", story.replace('/', "-")));
        drop(fs::remove_dir_all(&folder));
        let data = folder.to_string_lossy();
        let play = ["run", story, "--format", "json", "--data-dir", &data];
        let ran = self.program.run(mutant, &play, self.patience, thread)?;
        let mut told = Told { codes: vec![ran.code], facts: digests(&ran.said) };
        let next = goes_on_with(story);
        for snapshot in snapshots_in(&folder) {
            let path = snapshot.to_string_lossy();
            let show = ["savepoint", "show", &path];
            let play = ["run", next, "-s", &path, "--format", "json", "--data-dir", &data];
            let shown = self.program.run(mutant, &show, self.patience, thread)?;
            told.facts.push(shown.said);
            let ran = self.program.run(mutant, &play, self.patience, thread)?;
            told.facts.extend(digests(&ran.said));
            told.codes.extend([shown.code, ran.code]);
        }
        Ok(told)
    }

    /// Plays stories, some at once.
    fn each_story(
        &self,
        mutant: Option<usize>,
        names: &[String],
        play: &Play,
    ) -> Result<BTreeMap<String, Told>, String> {
        let next = AtomicUsize::new(0);
        let played = Mutex::new(BTreeMap::new());
        let work = |thread: usize| -> Result<(), String> {
            while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                let told = play(self, mutant, name, thread)?;
                played.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), told);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (1..=THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or(Err("a thread died".to_owned())))
        })?;
        Ok(played.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

fn all_stories(root: &Path) -> Vec<String> {
    ["sim", "sim/rules", "sim/tour"].iter().flat_map(|folder| stories(root, folder)).collect()
}

/// Stories of one release, which may leave files.
fn stories_with_files(root: &Path) -> Vec<String> {
    let all = ["sim", "sim/tour"].iter().flat_map(|folder| stories(root, folder));
    let is_of_one = |story: &String| {
        let text = fs::read_to_string(root.join(story)).unwrap_or_default();
        !text.contains("\nalso")
    };
    all.filter(is_of_one).collect()
}

/// The story that goes on from what a story left: itself, but for one that has a second part.
fn goes_on_with(story: &str) -> &str {
    if story == "sim/word_count_part1.toml" { "sim/word_count_part2.toml" } else { story }
}

/// The folders that hold metadata, below a folder, in order.
fn snapshots_in(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()) {
        if path.join("_metadata").is_file() {
            found.insert(path);
        } else if path.is_dir() {
            found.extend(snapshots_in(&path));
        }
    }
    found
}

/// The digests that were told, of a sweep or a story.
fn digests(said: &str) -> Vec<String> {
    let told = said.lines().filter(|line| line.contains("digest"));
    let digest = |line: &str| line.rsplit("digest").next().unwrap_or_default().to_owned();
    told.map(digest).collect()
}

/// Which checks a sweep says are broken, or that the engine stumbled.
fn by(said: &str) -> String {
    let checks = said.split("checks broken, in how many worlds\n").nth(1).unwrap_or_default();
    let checks = checks.lines().take_while(|line| !line.trim().is_empty());
    let mut by: Vec<&str> = checks.filter_map(|line| line.split_whitespace().nth(1)).collect();
    if said.contains("the engine broke a rule of its own") {
        by.push("assertion");
    }
    if said.contains("stalled") {
        by.push("stalled");
    }
    if by.is_empty() { "expectation".to_owned() } else { by.join(", ") }
}

fn named(stories: &[String]) -> String {
    let first: Vec<&str> = stories.iter().take(NAMED).map(String::as_str).collect();
    let more = stories.len() - first.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}
