//! A trace as text: every event as a line, the story as a handful of lines, and one JSON object an event.
//!
//! Reads a trace and the names in it, and decides nothing. Does not print, and does not know what the checks said.

mod broken;
mod columns;
#[cfg(feature = "cli")]
mod explain;
mod jsonl;
mod names;
pub mod picture;
mod story;
mod style;
mod timeline;
mod transcript;
mod words;

pub use broken::Broken;
#[cfg(feature = "cli")]
pub use columns::{columns, padded};
#[cfg(feature = "cli")]
pub use explain::{
    Moment, Told, TraceLine, checkpoint, difference, key, lines_of, lines_of_file, marked_timeline,
    moment, record, rows, violation,
};
pub use jsonl::{cast_line, end_line, json_lines};
pub use names::Names;
pub use story::story;
pub use style::Style;
pub use timeline::timeline;
#[cfg(feature = "cli")]
pub use timeline::{Only, event_line};
pub use transcript::transcript;
pub use words::never_in_words;
#[cfg(feature = "cli")]
pub use words::step_in_words;
