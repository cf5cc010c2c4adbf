//! Stories that failed, as files: as they were, and made smaller.

use crate::kernel::Choices;
use crate::operator::Catalogue;
use crate::scenario::{InputKind, Scenario};
use crate::search::{Setup, Shrinking, Trial, open, play_within};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// How many worlds are played at most to make a story smaller.
const PLAYS: u32 = 400;

/// Where stories of a test go that fail, and what they read lies until then.
pub(super) struct Keep<'t> {
    pub(super) folder: &'t Path,
    pub(super) stem: &'t str,
    pub(super) base: &'t Path,
    pub(super) catalogue: &'t Arc<Catalogue>,
}

impl Keep<'_> {
    /// Keeps a story under its seed, and beside it a smaller one that is broken in the same way, if there is one. What became
    /// of that, in lines.
    pub(super) fn keep(&self, scenario: &Scenario, why: &str) -> String {
        let seed = scenario.seed;
        let path = self.folder.join(format!("{}-{seed}.toml", self.stem));
        let mut told = match self.write(&path, scenario, why) {
            Ok(()) => format!("\nkept:   {}", path.display()),
            Err(error) => return format!("\nit cannot be kept as {}: {error}", path.display()),
        };
        if let Some((small, size, why)) = self.smaller(scenario) {
            let path = self.folder.join(format!("{}-{seed}-small.toml", self.stem));
            told.push_str(&match self.write(&path, &small, &why) {
                Ok(()) => format!("\nsmall:  {} ({size})", path.display()),
                Err(error) => format!("\nit cannot be kept as {}: {error}", path.display()),
            });
        }
        told
    }

    /// A smaller story, how large it is, and what is wrong with it.
    fn smaller(&self, scenario: &Scenario) -> Option<(Scenario, String, String)> {
        let mut player = |scenario: &Arc<Scenario>, events| {
            let choices = Choices::new(scenario.seed);
            let Ok(inputs) = open(scenario, self.base, &BTreeMap::new(), &choices) else {
                return Trial::Left;
            };
            let (scenario, catalogue) = (Arc::clone(scenario), Arc::clone(self.catalogue));
            play_within(Setup::new(scenario, catalogue, inputs, choices), false, events)
        };
        let shrinking = Shrinking::of(scenario, self.catalogue, &mut player)?;
        let found = shrinking.first(None)?.clone();
        let shrunk = shrinking.shrink(&found, PLAYS, &mut player, &mut |_, _| {});
        let is_smaller = shrunk.after < shrunk.before;
        let why = shrunk.found.in_words();
        is_smaller.then(|| (shrunk.scenario, shrunk.after.to_string(), why))
    }

    /// Writes a story beside its place, and puts it there whole.
    fn write(&self, path: &Path, scenario: &Scenario, why: &str) -> std::io::Result<()> {
        fs::create_dir_all(self.folder)?;
        let note: String = why.lines().map(|line| format!("# {line}\n")).collect();
        let unfinished = path.with_extension("toml.unfinished");
        fs::write(&unfinished, note + &moved(scenario, self.base, self.folder).to_text())?;
        fs::rename(&unfinished, path)
    }
}

/// The same story in another folder: the paths of what it reads are relative to it, or from the root on.
fn moved(scenario: &Scenario, from: &Path, to: &Path) -> Scenario {
    let mut moved = scenario.clone();
    let is_inside = to.components().all(|part| matches!(part, Component::Normal(_)));
    for input in &mut moved.inputs {
        if let InputKind::Text(path) | InputKind::Csv { path, .. } = &mut input.kind {
            let found = from.join(&*path);
            let found = if is_inside && found.is_relative() {
                to.components().map(|_| "..").collect::<PathBuf>().join(found)
            } else {
                std::path::absolute(&found).unwrap_or(found)
            };
            *path = found.to_string_lossy().into_owned();
        }
    }
    moved
}
