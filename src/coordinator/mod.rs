//! The job manager's side of one run: job status, checkpoints, restarts, state assignment on restore.
//!
//! Decides, and asks through `JobEffects`. Has no clock (it is handed `now`), no queue and no file; does not place
//! tasks nor carry messages.

mod checkpoints;
mod decide;
mod in_flight;
mod job_master;
mod pending;
mod restore;

pub use checkpoints::Checkpoints;
pub use decide::{Situation, TriggerDecision, decide_restart, decide_trigger};
pub use job_master::{JobMaster, Submission};
pub use pending::{Pending, Purpose};
pub use restore::{Assignment, RestoreError, assign};
