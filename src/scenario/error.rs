//! What is wrong with a scenario file, where, and what to do about it.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// All that is wrong with a scenario file, in order of the file: one mistake or more.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ScenarioError {
    /// The file, as the caller named it.
    pub file: String,
    /// The mistakes.
    pub mistakes: Vec<Mistake>,
}

/// A mistake in a scenario file.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Mistake {
    /// The line in the file, from 1.
    pub line: u32,
    /// The letter in that line, from 1.
    pub column: u32,
    /// What is wrong: a lowercase fragment without a full stop.
    pub message: String,
    /// What to do about it, if anybody knows: one imperative sentence, or a question.
    pub help: Option<String>,
    /// The bytes of the file that are meant.
    pub(super) at: Range<usize>,
    /// The line itself, if it is not too long to be shown, and the bytes of it that are meant.
    pub(super) shown: Box<(String, Range<usize>)>,
    /// A name that is none of those there are, if that is what is wrong.
    pub(super) unknown: Option<String>,
}

impl ScenarioError {
    /// The mistakes as a compiler shows them: each with its line, an empty line between two. `styled` for a terminal.
    pub fn show(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let shown = self.mistakes.iter().map(|mistake| mistake.show(&self.file, &renderer));
        shown.collect::<Vec<_>>().join("\n\n")
    }
}

impl Mistake {
    fn show(&self, file: &str, renderer: &Renderer) -> String {
        let (text, marked) = &*self.shown;
        let mark = AnnotationKind::Primary.span(marked.clone());
        let line = usize::try_from(self.line).unwrap_or(usize::MAX);
        let snippet = Snippet::source(text).line_start(line).path(file).annotation(mark);
        let mut report = Level::ERROR.primary_title(&self.message).element(snippet);
        if let Some(help) = &self.help {
            report = report.element(Level::HELP.message(help));
        }
        renderer.render(&[report])
    }
}

/// As [`ScenarioError::show`], without the first `error: `.
impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.show(false);
        f.write_str(shown.strip_prefix("error: ").unwrap_or(&shown))
    }
}

impl std::error::Error for ScenarioError {}
