//! Ctrl-C as a flag that long work looks at, and progress that is shown on a terminal.

use crate::search::PlayError;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user has asked to stop.
#[derive(Clone, Debug)]
pub(super) struct Interrupt {
    asked: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on. A second interruption ends the process at once.
    pub(super) fn listen() -> Self {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&asked);
        let handler = move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(super::INTERRUPTED.into());
            }
        };
        // Where the handler cannot be set, the interruption ends the process as it does everywhere.
        let _ = ctrlc::set_handler(handler);
        Self { asked }
    }

    /// Whether the user has asked.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// What whoever watches a play says after an event: that it goes on, unless the user has asked.
    pub(super) fn check(&self) -> Result<(), PlayError> {
        if self.is_asked() { Err(PlayError::Interrupted) } else { Ok(()) }
    }
}

/// A progress bar with this template on a terminal, nothing anywhere else.
pub(super) fn progress(length: Option<u64>, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
