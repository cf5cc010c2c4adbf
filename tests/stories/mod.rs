//! Stories in files, as `sandbar run` reads them.

use sandbar::savepoints::open;
use sandbar::{Catalogue, Choices, Scenario, Setup};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a file of this repository lies: `sim/word_count.toml`.
fn place(file: &Path) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

pub(crate) fn read(file: impl AsRef<Path>) -> Scenario {
    let name = file.as_ref().display().to_string();
    let text = fs::read_to_string(place(file.as_ref()));
    let text = text.unwrap_or_else(|error| panic!("{name}: {error}"));
    let scenario = Scenario::parse(&text, &name, &Catalogue::built_in());
    scenario.unwrap_or_else(|error| panic!("{error}"))
}

/// A story that was read from a file, with the inputs that lie beside it.
pub(crate) fn setup(file: impl AsRef<Path>, scenario: Scenario) -> Setup {
    let place = place(file.as_ref());
    let folder = place.parent().expect("a file lies in a folder");
    let choices = Choices::new(scenario.seed);
    let inputs = open(&scenario, folder, &BTreeMap::new(), &choices);
    let inputs = inputs.unwrap_or_else(|error| panic!("{error}"));
    Setup::new(Arc::new(scenario), Arc::new(Catalogue::built_in()), inputs, choices)
}
