//! Where text goes. The only place that writes to the standard streams.

use super::fitted::{WIDTH, fitted};
use crate::render::Style;
use anstream::{AutoStream, ColorChoice};
use std::io::{ErrorKind, IsTerminal, Write};

/// The narrowest terminal that text is broken for.
const WIDTH_MIN: usize = 40;

/// The standard streams, which may close at any moment: a reader that has seen enough is no failure.
#[derive(Debug)]
pub(super) struct Screen {
    /// Whether the output stream shows colour.
    pub(super) style: Style,
    /// How many columns its lines have.
    width: usize,
    failed: Option<std::io::Error>,
}

impl Screen {
    /// The streams of this process. Colour is shown as `--color`, NO_COLOR, CLICOLOR_FORCE and TERM say.
    pub(super) fn of_terminal() -> Self {
        let out = std::io::stdout();
        let colour = AutoStream::choice(&out) != ColorChoice::Never;
        let size = out.is_terminal().then(terminal_size::terminal_size).flatten();
        let width = size.map_or(WIDTH, |(width, _)| usize::from(width.0).max(WIDTH_MIN));
        Self { style: Style { colour }, width, failed: None }
    }

    /// Writes lines for people to the output stream, at once, in the width that it has.
    pub(super) fn say(&mut self, text: &str) {
        let text = fitted(text, self.width);
        match self.style.colour {
            true => self.write(&mut AutoStream::always(std::io::stdout().lock()), text.as_bytes()),
            false => self.write(&mut std::io::stdout().lock(), text.as_bytes()),
        }
    }

    /// Writes what a program reads to the output stream, at once and as it is.
    pub(super) fn say_as_it_is(&mut self, text: &str) {
        self.write(&mut std::io::stdout().lock(), text.as_bytes());
    }

    /// After a failure nothing more is tried.
    fn write(&mut self, stream: &mut impl Write, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = stream.write_all(bytes).and_then(|()| stream.flush()).err();
        }
    }

    /// Whether nothing more can be said, so that going on only to say more is in vain.
    pub(super) fn is_closed(&self) -> bool {
        self.failed.is_some()
    }

    /// Writes to the error stream, at once, without its colours where they are not shown. If nobody listens there, nobody is
    /// told.
    pub(super) fn complain(&self, text: &str) {
        let mut stream = AutoStream::auto(std::io::stderr()).lock();
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
