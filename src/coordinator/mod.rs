//! The job manager's side of one run: job status, checkpoints, restarts, state assignment on restore.
//!
//! Decides, and asks through `JobEffects`. Has no clock (it is handed `now`), no queue and no file; does not place
//! tasks nor carry messages.

mod backoff;
mod checkpoints;
mod decide;
mod in_flight;
mod job_master;
mod older;
mod pending;
mod requests;
mod restore;
mod shared_registry;
mod splits;

pub use checkpoints::Checkpoints;
pub use decide::{Situation, TriggerDecision, counts_as_failure, decide_trigger, outlives};
pub use job_master::{Inheritance, JobMaster, Submission};
pub use older::OlderError;
pub use pending::{Pending, Purpose};
pub use restore::{Assignment, RestoreError, assign};
pub use shared_registry::SharedStateRegistry;
pub use splits::{SplitSource, Splits};
