//! A trace as text: every event as a line, the story as a handful of lines, and one JSON object an event.
//!
//! Reads a trace and the names in it, and decides nothing. Does not print, and does not know what the checks said.

mod columns;
mod jsonl;
mod names;
pub mod picture;
mod story;
mod style;
mod timeline;
mod transcript;
mod words;

#[cfg(feature = "cli")]
pub use columns::{columns, padded};
pub use jsonl::json_lines;
pub use names::Names;
pub use story::story;
pub use style::Style;
#[cfg(feature = "cli")]
pub use timeline::event_line;
pub use timeline::timeline;
pub use transcript::transcript;
pub use words::never_in_words;
#[cfg(feature = "cli")]
pub use words::step_in_words;
