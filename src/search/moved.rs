//! A story as it reads in another folder.

use crate::scenario::{InputKind, Scenario};
use std::path::{Component, Path, PathBuf};

/// The same story in another folder: the paths of what it reads are relative to it, or from the root on.
pub fn moved(scenario: &Scenario, from: &Path, to: &Path) -> Scenario {
    let mut there = scenario.clone();
    let is_inside = to.components().all(|part| matches!(part, Component::Normal(_)));
    for input in &mut there.inputs {
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
    there
}
