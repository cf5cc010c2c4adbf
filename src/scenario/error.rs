//! What is wrong with a scenario file, where, and what to do about it.

use std::fmt;

/// A mistake in a scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ScenarioError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line in it, from 1.
    pub line: u32,
    /// The letter in that line, from 1.
    pub column: u32,
    /// What is wrong: a lowercase fragment without a full stop.
    pub message: String,
    /// What to do about it, if anybody knows: one imperative sentence, or a question.
    pub help: Option<String>,
}

impl ScenarioError {
    /// What to do about it, if anybody knows.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// The message, the place and the help, a line each, without a leading `error: `.
impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  --> {}:{}:{}", self.message, self.file, self.line, self.column)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScenarioError {}
