//! What a command fails with: a text for the error stream and an exit code.

use super::{BROKEN, WRONG_INPUT};
use crate::scenario::ScenarioError;
use crate::search::{InputError, PlayError};
use crate::store::StoreError;
use anstyle::{AnsiColor, Style};
use std::fmt::Display;

/// The colours of a scenario's mistakes.
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();

/// Why a command did not do what it should.
#[derive(Debug)]
pub(super) struct Failure {
    /// Complete lines for the error stream, with colours, which [`Screen::complain`](super::screen::Screen::complain) takes
    /// out where they are not shown.
    pub(super) text: String,
    /// What to exit with.
    pub(super) code: u8,
}

impl Failure {
    /// The user gave something wrong, and can do something about it.
    pub(super) fn wrong(message: impl Display, help: impl Display) -> Self {
        let text = format!("{ERROR}error{ERROR:#}: {message}\n{HELP}help{HELP:#}: {help}\n");
        Self { text, code: WRONG_INPUT }
    }

    /// A file of the user's cannot be written.
    pub(super) fn unwritable(path: &std::path::Path, cause: &std::io::Error) -> Self {
        Self::wrong(
            format!("cannot write `{}`: {cause}", path.display()),
            "give a file in a folder that exists and that you may write to",
        )
    }

    /// The engine broke one of its own rules: a panic with this message.
    pub(super) fn engine(message: &str, replay: &str) -> Self {
        let text = format!(
            "{ERROR}error{ERROR:#}: the engine broke a rule of its own: {message}\n\
             {HELP}help{HELP:#}: report this as a bug, with the command below\nreplay: {replay}\n"
        );
        Self { text, code: BROKEN }
    }

    /// The same failure, with the command that replays it.
    pub(super) fn with_replay(mut self, replay: &str) -> Self {
        self.text.push_str(&format!("replay: {replay}\n"));
        self
    }
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        Self { text: format!("{}\n", error.show(true)), code: WRONG_INPUT }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::wrong(&error, error.help())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::wrong(&error, error.help())
    }
}

impl From<PlayError> for Failure {
    fn from(error: PlayError) -> Self {
        if matches!(error, PlayError::Interrupted) {
            return Self { text: "interrupted\n".to_owned(), code: super::INTERRUPTED };
        }
        Self::wrong(&error, error.help())
    }
}
