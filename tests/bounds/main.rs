//! What is large, deep, endless or not what it seems: read within told bounds, or refused with what to do about it.

mod chains;
mod files;
mod memory;
mod random;
mod table;
mod texts;
mod values;

use sandbar::{Catalogue, Scenario, ScenarioError};
use std::process::{Command, Output};

/// Reads a scenario with the built-in operators.
fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse(text, "bounds.toml", &Catalogue::built_in())
}

/// Runs the command.
fn sandbar(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.output().expect("the command runs")
}

/// What it said, and with which code it ended; a signal is no code.
fn told(output: &Output) -> (Option<i32>, String) {
    let (out, err) = (&output.stdout, &output.stderr);
    let text = String::from_utf8_lossy(out) + String::from_utf8_lossy(err);
    (output.status.code(), text.into_owned())
}
