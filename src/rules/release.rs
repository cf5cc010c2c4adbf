//! Releases of Flink, each a patch to the rules.

use super::{
    CommitWhen, Failover, InFlightKept, IncrementBase, KeyGroupOwner, Rules, SharedFileEnd,
    WatermarkTaken,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A release line of Flink that a scenario can be played under.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Release {
    /// 2.3.0.
    #[default]
    #[serde(rename = "2.x")]
    V2,
}

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Self; 1] = [Self::V2];

    /// Its rules.
    pub const fn rules(self) -> Rules {
        match self {
            Self::V2 => Rules {
                savepoint_in_completed_store: false,
                savepoint_notifies_commit: false,
                savepoint_subsumes_pending: false,
                first_trigger_at_once: true,
                checkpoints_after_tasks_finish: true,
                empty_entries_skipped: true,
                ttl_may_change: true,
                uid_hash_decides: false,
                barrier_blocks_channel: true,
                cancellation_markers: true,
                in_flight: InFlightKept::All,
                commit_when: CommitWhen::Completed,
                watermark: WatermarkTaken::OfTheSlowest,
                timers_before_watermark: true,
                timers_in_snapshot: true,
                suspended_windows_stay_open: true,
                key_group_owner: KeyGroupOwner::Range,
                list_state_restored: true,
                final_committables_sent: true,
                restored_committables_committed: true,
                markers_are_stable: true,
                split_events_gated: true,
                split_events_acknowledged: true,
                split_enumerators_told_of_regions: true,
                ack_awaits_durability: true,
                pointer_stored_before_notify: true,
                start_is_recovery_point: true,
                pointers_outlive_restarts: true,
                every_participant_awaited: true,
                restored_transactions_committed: true,
                restarts_abort_pending: true,
                attempts_fenced: true,
                tolerance_counts_expired: true,
                tolerance_counts_async: true,
                tolerance_counts_finalize: true,
                failover: Failover::Region,
                increments_build_on: IncrementBase::Completed,
                shared_file_names_unique: true,
                shared_file_ends: SharedFileEnd::WithLastUser,
                aborted_files_kept: true,
                unclaimed_files_built_upon: false,
                unclaimed_files_kept: true,
                late_acks_registered: true,
            },
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V2 => "2.x",
        })
    }
}

impl FromStr for Release {
    type Err = UnknownRelease;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|release| release.to_string() == text)
            .ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}

/// A release that is not known.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no release `{0}` is known")]
pub struct UnknownRelease(pub String);
