//! The threads on which many worlds are played.

use super::failure::Failure;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// So many threads, or one a core.
pub(super) fn threads(jobs: Option<u16>) -> Result<ThreadPool, Failure> {
    let threads = ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0).into()).build();
    threads.map_err(|error| Failure::wrong(error, "ask for fewer threads with --jobs N"))
}
