//! What befalls a disk: faults at every call that an operation makes of it, and things of others around snapshots.
//!
//! `cargo test --test disk` walks a thinned set of the faults. All of them, some ten thousand, are walked by
//!
//! ```text
//! SANDBAR_DISK_FAULTS=all cargo test --test disk -- --nocapture faults
//! ```
//!
//! which prints how many calls of which kind each operation makes, and how many faults it was put to.
#![cfg(unix)]

mod faults;
mod faulty;
mod operations;
mod real;
mod things;
mod tree;
mod worlds;
