//! Colour, where a terminal shows it.

use anstyle::{AnsiColor, Effects, Style as Paint};

/// How text is marked. Without colour every method returns the text as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Style {
    /// Whether escape sequences are written.
    pub colour: bool,
}

impl Style {
    /// No colour at all.
    pub const PLAIN: Self = Self { colour: false };

    /// What a heading looks like.
    pub fn heading(self, text: &str) -> String {
        self.paint(Effects::BOLD.into(), text)
    }
    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default(), text)
    }
    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default(), text)
    }
    /// What was done to the world.
    pub fn notable(self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }
    /// What can be skipped.
    pub fn faint(self, text: &str) -> String {
        self.paint(Effects::DIMMED.into(), text)
    }

    fn paint(self, paint: Paint, text: &str) -> String {
        if self.colour { format!("{paint}{text}{paint:#}") } else { text.to_owned() }
    }
}
