//! What the fuzz targets check, for them, for the corpora and for the tests of the project.

pub mod absurd;
pub mod savepoint;
pub mod scenario;
