//! Colour, where a terminal shows it.

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
        self.paint("1", text)
    }
    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }
    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }
    /// What was done to the world.
    pub fn notable(self, text: &str) -> String {
        self.paint("33", text)
    }
    /// What can be skipped.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
