//! Which rules are in force: one struct of policies. A release, a scenario's override and a mutation are patches to it.
//!
//! Parts read policies, never release numbers.

#[macro_use]
mod policy;
mod evidence;
mod mutation;
mod page;
mod release;
mod table;
mod words;

pub use evidence::{Evidence, Known};
pub use mutation::Mutation;
pub use policy::{Field, Override, Policy, WrongRule};
pub use release::{Release, UnknownRelease};
pub use table::*;
pub use words::*;
