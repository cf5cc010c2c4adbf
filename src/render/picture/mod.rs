//! Pictures of a run: one model, laid out on a page, written as SVG or as sentences.
//!
//! The model is built in one pass from a trace; no layout reads the trace, and no back end the model. Every mark names the
//! entries that it stands for. The same trace and options give the same bytes.

mod choose;
mod gantt;
mod glyphs;
mod labels;
mod legend;
mod lettering;
mod mermaid;
mod model;
mod overview;
mod page;
mod scale;
mod scene;
mod sentences;
mod space_time;
mod svg;
mod terminal;

pub use labels::Placed;
pub use mermaid::mermaid;
pub use model::{
    Arrow, ArrowKind, Checkpoint, CheckpointEnd, CheckpointOf, Lane, LaneKind, Picture, Point,
    PointKind, Span, SpanKind, Step, Undone,
};
pub use page::{Options, PictureError, Scene, View, layout};
pub use sentences::text;
pub use svg::svg;
pub use terminal::ascii;
