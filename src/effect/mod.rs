//! What a part may ask for: send, store, answer, tell. The cluster carries it out; nothing happens here.

mod external;

pub use external::{ExternalRequest, ExternalSystem, Row, SinkKind, TransactionId};
