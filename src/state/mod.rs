//! What an operator remembers, and how it is re-dealt when parallelism changes.

pub mod hash_order;
pub mod rescale;
