//! Sandbar.

<<<<<<< HEAD
pub mod check;
=======
pub mod coordinator;
>>>>>>> main
pub mod effect;
pub mod job;
pub mod kernel;
pub mod operator;
pub mod rules;
pub mod scenario;
pub mod state;
pub mod task;
pub mod trace;
