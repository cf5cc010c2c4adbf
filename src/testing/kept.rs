//! Stories that failed, as files: as they were, and made smaller.

use crate::kernel::Choices;
use crate::operator::Catalogue;
use crate::scenario::Scenario;
use crate::search::{Setup, Shrinking, Trial, moved, open, play_within};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
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
