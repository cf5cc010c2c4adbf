//! What the fuzz targets check, for them, for the corpora and for the tests of the project.

#[path = "absurd.rs"]
pub mod absurd;
pub mod savepoint;
pub mod scenario;
