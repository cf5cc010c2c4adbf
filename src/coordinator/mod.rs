//! The job manager's side of one run: job status, checkpoints, restarts, state assignment on restore.
//!
//! Decides, and asks through `JobEffects`. Has no clock (it is handed `now`), no queue and no file; does not place
//! tasks nor carry messages.

mod backoff;
mod checkpoints;
mod decide;
mod in_flight;
mod job_master;
mod legacy_state;
mod lists;
mod pending;
mod positions;
mod requests;
mod restore;
mod shared_registry;
mod splits;

pub use job_master::{JobMaster, RecoveredJob, Submission};
pub use pending::Purpose;
pub use restore::assign;
pub use splits::SplitSource;
