//! What must hold of any text that is read as a scenario.

use sandbar::{Catalogue, Scenario};
use std::sync::OnceLock;

/// Reads it: an error says something, and a scenario is written as the text that it is read from.
pub fn check(bytes: &[u8]) {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    let catalogue = CATALOGUE.get_or_init(Catalogue::built_in);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let scenario = match Scenario::parse(text, "scenario.toml", catalogue) {
        Ok(scenario) => scenario,
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("--> scenario.toml"), "an error names no file: {said}");
            return;
        }
    };
    let written = scenario.to_text();
    match Scenario::parse(&written, "written.toml", catalogue) {
        Ok(again) => assert_eq!(again, scenario, "it is written as another one:\n{written}"),
        Err(error) => panic!("what was written is refused: {error}\n{written}"),
    }
}
