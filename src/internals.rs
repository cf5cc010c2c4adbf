//! What this project's own tests, benches and fuzz targets reach into. It is no promise: whatever is here may change or go
//! with any commit, and no user needs it.

pub use crate::check::{BROKEN_PROMISES, CheckSetup, Checks, EndOfWorld};
pub use crate::cluster::{Cluster, Given};
pub use crate::coordinator::assign;
pub use crate::effect::FileChange;
pub use crate::job::{
    Layouts, Plan, PlanRules, RunLayout, default_max_parallelism, java_hash_code, key_group,
    key_group_range, murmur_hash, operator_id_of_uid, subtask_of_key_group,
};
pub use crate::scenario::bounds;
#[cfg(feature = "fs")]
pub use crate::search::start_from_on;
pub use crate::search::{Bug, Enacted, Matrix, Noticed, Switch};
pub use crate::search::{
    CrashFound, CrashTotals, Disturbance, Placement, disturbed, placements, spread,
};
pub use crate::search::{SweepTotals, drawn_setup, generated, play};
pub use crate::state::{LiveState, rescale::ListState, rescale::redistribute};
pub use crate::store::{
    CodecError, FORMAT_VERSION, MAGIC, Savepoint, decode, decode_sink, decode_state,
    encode_inline_below, encode_sink, with_version,
};
#[cfg(feature = "fs")]
pub use crate::store::{
    disk::Content, disk::Disk, disk::DiskFile, disk::Found, disk::Kind, disk::Links,
    disk::RealDisk, dispose_on, move_to_on, move_with_paths_on, read_savepoint, unfinished_name,
};
pub use crate::trace::{TraceSink, Word};
