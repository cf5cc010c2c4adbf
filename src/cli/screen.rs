//! Where text goes. The only place that writes to the standard streams.

use crate::render::Style;
use std::io::{ErrorKind, IsTerminal, Write};

/// The standard streams, which may close at any moment: a reader that has seen enough is no failure.
#[derive(Debug)]
pub(super) struct Screen {
    /// Whether the output stream shows colour.
    pub(super) style: Style,
    failed: Option<std::io::Error>,
}

impl Screen {
    /// The streams of this process.
    pub(super) fn of_terminal() -> Self {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = std::io::stdout().is_terminal() && !is_plain;
        Self { style: Style { colour }, failed: None }
    }

    /// Writes to the output stream, at once.
    pub(super) fn say(&mut self, text: &str) {
        self.say_bytes(text.as_bytes());
    }

    /// Writes to the output stream, at once. After a failure nothing more is tried.
    pub(super) fn say_bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            let mut stream = std::io::stdout().lock();
            let written = stream.write_all(bytes).and_then(|()| stream.flush());
            self.failed = written.err();
        }
    }

    /// Whether nothing more can be said, so that going on only to say more is in vain.
    pub(super) fn is_closed(&self) -> bool {
        self.failed.is_some()
    }

    /// Writes to the error stream, at once. If nobody listens there, nobody is told.
    pub(super) fn complain(&self, text: &str) {
        let mut stream = std::io::stderr().lock();
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// An error text if what was said could not be written, except to a reader that had gone.
    pub(super) fn finish(self) -> Result<(), String> {
        match self.failed {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(format!("error: cannot write to the standard output: {error}\n"))
            }
            Some(_) | None => Ok(()),
        }
    }
}
