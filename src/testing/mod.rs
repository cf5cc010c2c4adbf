//! Stories as tests of one's own: a file is played under many seeds, what fails is kept, and is played first the next time.

mod asked;
mod kept;
mod told;

use crate::kernel::Choices;
use crate::operator::Catalogue;
use crate::scenario::bounds::SCENARIO_BYTES;
use crate::scenario::{Profile, Scenario};
use crate::search::{Judgement, Setup, around, open, play_out, read_file};
use asked::{Asked, Seeds};
use kept::Keep;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A story that must hold, to be played by a test.
///
/// Three variables of the environment say what a run of the tests does otherwise. `SANDBAR_SEED=17` plays under this seed
/// alone, as the command does that a failure prints; `SANDBAR_SEEDS=500` plays under as many seeds, `SANDBAR_SEEDS=0..500` under
/// these; `SANDBAR_KEEP=FOLDER` is where what fails is kept. A value that means nothing is an error.
#[derive(Clone)]
#[must_use = "nothing is played before `holds` or `play`"]
pub struct StoryTest {
    catalogue: Arc<Catalogue>,
    told: Told,
    seeds: u64,
    keep: Option<PathBuf>,
    is_around: bool,
}

/// Where a story stands.
#[derive(Clone, Debug)]
enum Told {
    File(PathBuf),
    Text(String, String),
}

/// A story in a file: from the folder of the package, where `cargo test` runs its tests. What it reads lies beside it.
///
/// ```
/// sandbar::testing::file("sim/word_count.toml").seeds(3).holds();
/// ```
pub fn file(path: impl Into<PathBuf>) -> StoryTest {
    StoryTest::of(Told::File(path.into()))
}

/// A story that stands in the test itself, under the name by which messages call it. What it reads lies in the folder of
/// the package.
///
/// ```should_panic
/// let story = r#"
///     [input.clicks]
///     generate = { records = 100, keys = 5 }
///
///     [job.copy]
///     operators = [
///       { name = "clicks", source = "clicks", uid = "clicks" },
///       { name = "out", sink = "two-phase", uid = "out" },
///     ]
///
///     [expect]
///     committed-rows = { out = 101 }
/// "#;
/// sandbar::testing::text("copy", story).holds(); // `copy` under seed 0 is broken: …
/// ```
pub fn text(name: impl Into<String>, story: impl Into<String>) -> StoryTest {
    StoryTest::of(Told::Text(name.into(), story.into()))
}

impl StoryTest {
    fn of(told: Told) -> Self {
        let catalogue = Arc::new(Catalogue::built_in());
        Self { catalogue, told, seeds: 1, keep: None, is_around: false }
    }

    /// With faults, savepoints and, around one job without steps, a restart at another parallelism drawn around it: another
    /// story for each seed, with the same inputs and operators. What the story expects is not asked for then, but that all
    /// checks hold.
    pub fn around(mut self) -> Self {
        self.is_around = true;
        self
    }

    /// With operators of one's own.
    pub fn with(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = Arc::new(catalogue);
        self
    }

    /// Under so many seeds: that of the story, and those that follow it. 1, unless this is called.
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.seeds = seeds;
        self
    }

    /// Keeps each story that fails in this folder, which is made, as a file that plays without this test, and beside it a
    /// smaller one that is broken in the same way; and plays those that lie there first, the newest before the others.
    pub fn keep(mut self, folder: impl Into<PathBuf>) -> Self {
        self.keep = Some(folder.into());
        self
    }

    /// Plays it.
    ///
    /// # Panics
    ///
    /// As soon as it does not hold under a seed, with what is broken, what happened before that, and the command that
    /// plays the same again. Also if the story or what it reads cannot be read.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test fails by a panic")]
    pub fn holds(&self) {
        if let Err(why) = self.play() {
            panic!("{why}");
        }
    }

    /// Plays it: under how many seeds it held, kept stories counted.
    ///
    /// # Errors
    ///
    /// Where [`holds`](Self::holds) panics, with the same text.
    pub fn play(&self) -> Result<u64, String> {
        #[expect(clippy::disallowed_methods, reason = "who runs the tests says so here")]
        let asked = Asked::by(|name| std::env::var(name).ok())?;
        let keep = asked.keep.as_deref().or(self.keep.as_deref());
        let (scenario, base) = self.scenario()?;
        let mut played = 0;
        if let (Some(folder), Seeds::AsTold) = (keep, &asked.seeds) {
            for kept in self.kept(folder)? {
                let story = self.parse(&kept)?;
                let base = kept.parent().unwrap_or(&base);
                self.play_story(&story, base, None).map_err(|why| {
                    // It is played first, whatever the seeds; under the seed alone the story of today would be.
                    format!("{}: {why}\nreplay: {}\n", kept.display(), told::replay(None))
                })?;
                played += 1;
            }
        }
        for seed in asked.seeds.of(scenario.seed, self.seeds) {
            for release in scenario.releases() {
                let story = self.story(Scenario { seed, ..scenario.under(release) }, &base)?;
                self.play_story(&story, &base, keep)
                    .map_err(|why| format!("{why}\nreplay: {}\n", told::replay(Some(seed))))?;
            }
            played += 1;
        }
        Ok(played)
    }

    /// The story of a seed: as it is told, or with what is drawn around it.
    fn story(&self, told: Scenario, base: &Path) -> Result<Scenario, String> {
        if !self.is_around {
            return Ok(told);
        }
        let choices = Choices::new(told.seed);
        let inputs = open(&told, base, &BTreeMap::new(), &choices)
            .map_err(|error| format!("{error}\nhelp: {}", error.help()))?;
        let profile = Profile { flink: told.flink, releases: false, ..Profile::default() };
        Ok(around(&told, &inputs, &choices, &profile, &self.catalogue))
    }

    fn name(&self) -> String {
        match &self.told {
            Told::File(path) => path.display().to_string(),
            Told::Text(name, _) => name.clone(),
        }
    }

    /// What files of stories that failed are called, in front of their seed.
    fn stem(&self) -> String {
        let name = match &self.told {
            Told::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Told::Text(name, _) => name.clone(),
        };
        let is_plain = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
        name.chars().map(|letter| if is_plain(letter) { letter } else { '-' }).collect()
    }

    /// The story, and the folder that its paths are relative to.
    fn scenario(&self) -> Result<(Scenario, PathBuf), String> {
        match &self.told {
            Told::File(path) => {
                Ok((self.parse(path)?, path.parent().unwrap_or(Path::new("")).to_owned()))
            }
            Told::Text(name, text) => {
                let scenario = Scenario::parse(text, name, &self.catalogue);
                Ok((scenario.map_err(|error| error.to_string())?, PathBuf::new()))
            }
        }
    }

    fn parse(&self, path: &Path) -> Result<Scenario, String> {
        let shown = path.display().to_string();
        let bytes = read_file(path, &SCENARIO_BYTES)
            .map_err(|cause| format!("cannot read the story `{shown}`: {cause}"))?;
        let text =
            String::from_utf8(bytes).map_err(|_| format!("the story `{shown}` is not UTF-8"))?;
        Scenario::parse(&text, &shown, &self.catalogue).map_err(|error| error.to_string())
    }

    /// Stories of this name that failed once and are kept, the newest first.
    fn kept(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
        let stem = self.stem();
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let seed = name.strip_prefix(&stem).and_then(|rest| rest.strip_prefix('-'));
            let seed = seed.and_then(|rest| rest.strip_suffix(".toml"));
            if seed.is_some_and(|seed| seed.parse::<u64>().is_ok()) {
                let changed = entry.metadata().and_then(|about| about.modified()).ok();
                found.push((std::cmp::Reverse(changed), entry.path()));
            }
        }
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }

    /// Plays a story under its seed. What is broken, if anything is, and what became of it as a file.
    fn play_story(
        &self,
        scenario: &Scenario,
        base: &Path,
        keep: Option<&Path>,
    ) -> Result<(), String> {
        let choices = Choices::new(scenario.seed);
        let inputs = open(scenario, base, &BTreeMap::new(), &choices)
            .map_err(|error| format!("{error}\nhelp: {}", error.help()))?;
        let scenario = Arc::new(scenario.clone());
        let setup = Setup::new(Arc::clone(&scenario), Arc::clone(&self.catalogue), inputs, choices);
        if play_out(setup.clone()).judgement() == Judgement::Holds {
            return Ok(());
        }
        let played = play_out(Setup { keeps_trace: true, ..setup });
        let mut why = told::failure(&self.name(), &scenario, &played);
        if let Some(folder) = keep {
            let stem = self.stem();
            let keep = Keep { folder, stem: &stem, base, catalogue: &self.catalogue };
            why.push_str(&keep.keep(&scenario, &played.why().unwrap_or_default()));
        }
        Err(why)
    }
}
