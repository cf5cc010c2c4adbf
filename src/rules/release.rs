//! Releases of Flink as data: the newest one in full, and what each before it did otherwise.

use super::{
    CommitWhen, Failover, FirstTrigger, HeldBack, IdScheme, IgnoredSnapshots, InFlightKept,
    IncrementBase, KeyGroupOwner, MetadataVersion, Rescaling, Rules, SavepointLayout,
    SharedFileEnd, StateAddress, UsualRestart, WatermarkTaken,
};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A release line of Flink that a scenario can be played under.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub enum Release {
    /// 1.0.3.
    #[serde(rename = "1.0")]
    V1_0,
    /// 1.1.4.
    #[serde(rename = "1.1")]
    V1_1,
    /// 1.2.1.
    #[serde(rename = "1.2")]
    V1_2,
    /// 1.3.3.
    #[serde(rename = "1.3")]
    V1_3,
    /// 1.4.2.
    #[serde(rename = "1.4")]
    V1_4,
    /// 1.7.2.
    #[serde(rename = "1.7")]
    V1_7,
    /// 1.11.3.
    #[serde(rename = "1.11")]
    V1_11,
    /// 1.13.3.
    #[serde(rename = "1.13")]
    V1_13,
    /// 1.15.
    #[serde(rename = "1.15")]
    V1_15,
    /// 2.3.0.
    #[default]
    #[serde(rename = "2.x")]
    V2,
}

/// What 2.3.0 does.
const NEWEST: Rules = Rules {
    generated_ids: IdScheme::RanksOnly,
    uid_in_chain: true,
    legacy_ids_tried: false,
    savepoint_in_completed_store: false,
    savepoint_notifies_commit: false,
    savepoint_subsumes_pending: false,
    first_trigger: FirstTrigger::AtOnce,
    minimum_pause_kept: true,
    savepoints_without_checkpointing: true,
    refused_savepoints_take_ids: false,
    savepoints_hold_checkpoints_back: true,
    savepoints_subsume_savepoints: false,
    waiting_restarts_schedule: false,
    ignored_snapshots: IgnoredSnapshots::Removed,
    declines_trigger_again: false,
    declined_savepoints_answered: true,
    takeover_keeps_all: true,
    newest_checkpoint_spared: true,
    abort_notifications: true,
    failed_exits_resume_schedule: true,
    async_failure_fails_task: false,
    held_back: HeldBack::InChannels,
    start_in_store: true,
    usual_restart: UsualRestart::ExponentialDelay,
    in_flight_rescaled: true,
    checkpoints_rescale: true,
    unaligned_checkpoints: true,
    aligned_timeout: true,
    alignment_limit: false,
    savepoint_target: true,
    stop_with_savepoint: true,
    cancel_with_savepoint: true,
    allow_non_restored_state: true,
    retained_checkpoints: true,
    retained_number: true,
    prefer_checkpoint: false,
    tolerable_failures: true,
    incremental_checkpoints: true,
    region_failover: true,
    exponential_delay: true,
    two_phase_sinks: true,
    committers: true,
    split_readers: true,
    broadcast_state: true,
    side_outputs: true,
    checkpointed_state: false,
    state_ttl: true,
    uid_hash: true,
    allowed_lateness: true,
    idle_sources: true,
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
    state_stored_by: StateAddress::Operator,
    stateless_chains_recorded: true,
    chain_length_checked: false,
    key_groups: true,
    rescaling: Rescaling::ByKeyGroup,
    migrated_keys_regrouped: true,
    metadata: MetadataVersion::V6,
    oldest_metadata: MetadataVersion::V2,
    savepoint_layout: SavepointLayout::RelativeFolder,
    claim_modes: true,
    disposal_takes_classes: true,
    checkpoint_metadata_apart: false,
    savepoint_backend_falls_back: true,
    savepoint_backend_factories: false,
    failover: Failover::Region,
    increments_build_on: IncrementBase::Completed,
    shared_file_names_unique: true,
    shared_file_ends: SharedFileEnd::WithLastUser,
    aborted_files_kept: true,
    unclaimed_files_built_upon: false,
    unclaimed_files_kept: true,
    late_acks_registered: true,
};

impl Release {
    /// Every release, oldest first.
    pub const ALL: [Self; 10] = [
        Self::V1_0,
        Self::V1_1,
        Self::V1_2,
        Self::V1_3,
        Self::V1_4,
        Self::V1_7,
        Self::V1_11,
        Self::V1_13,
        Self::V1_15,
        Self::V2,
    ];

    /// The releases whose rules say so, as people tell them: `since 1.11`, `in 1.2 to 1.7`; none if no release does.
    pub fn that_have(has: impl Fn(&Rules) -> bool) -> Option<String> {
        let having: Vec<Self> =
            Self::ALL.into_iter().filter(|release| has(&release.rules())).collect();
        let (first, last) = (having.first()?, having.last()?);
        Some(if *last == Self::default() {
            format!("since {first}")
        } else {
            format!("in {first} to {last}")
        })
    }

    /// Its rules: those of the newest release, with every change since taken back.
    pub fn rules(self) -> Rules {
        let mut rules = NEWEST;
        for release in Self::ALL.into_iter().rev().take_while(|release| *release >= self) {
            release.differ_from_next(&mut rules);
        }
        rules
    }

    /// Patches the rules of the release that follows this one.
    const fn differ_from_next(self, rules: &mut Rules) {
        match self {
            Self::V2 => {}
            Self::V1_15 => {
                rules.metadata = MetadataVersion::V3;
                rules.oldest_metadata = MetadataVersion::V1;
                rules.first_trigger = FirstTrigger::Drawn;
                rules.ttl_may_change = false;
                rules.tolerance_counts_finalize = false;
                rules.usual_restart = UsualRestart::AfterOneSecond;
            }
            Self::V1_13 => {
                rules.checkpoints_after_tasks_finish = false;
                rules.prefer_checkpoint = true;
                rules.savepoint_in_completed_store = true;
                rules.savepoint_notifies_commit = true;
                rules.savepoint_subsumes_pending = true;
                rules.unclaimed_files_built_upon = true;
                rules.claim_modes = false;
            }
            Self::V1_11 => {
                rules.tolerance_counts_async = false;
                rules.newest_checkpoint_spared = false;
                rules.in_flight_rescaled = false;
                rules.aligned_timeout = false;
                rules.exponential_delay = false;
                rules.committers = false;
            }
            Self::V1_7 => Self::before_1_9(rules),
            Self::V1_4 => {
                rules.savepoint_in_completed_store = false;
                rules.savepoint_subsumes_pending = false;
                rules.first_trigger = FirstTrigger::AfterInterval;
                rules.failed_exits_resume_schedule = false;
                rules.usual_restart = UsualRestart::AfterTenSeconds;
                rules.broadcast_state = false;
                rules.checkpoint_metadata_apart = true;
                rules.state_ttl = false;
            }
            Self::V1_3 => {
                rules.empty_entries_skipped = false;
                rules.stateless_chains_recorded = false;
                rules.uid_hash_decides = true;
                rules.checkpointed_state = true;
                rules.two_phase_sinks = false;
            }
            Self::V1_2 => {
                rules.state_stored_by = StateAddress::Chain;
                rules.chain_length_checked = true;
                rules.metadata = MetadataVersion::V1;
                rules.savepoint_layout = SavepointLayout::MetadataFile;
                rules.uid_in_chain = false;
                rules.legacy_ids_tried = true;
                rules.savepoint_in_completed_store = true;
                rules.savepoint_subsumes_pending = true;
                rules.retained_number = false;
                rules.incremental_checkpoints = false;
                rules.side_outputs = false;
            }
            Self::V1_1 => Self::before_1_2(rules),
            Self::V1_0 => Self::before_1_1(rules),
        }
    }

    /// What 1.0 did otherwise than 1.1.
    const fn before_1_1(rules: &mut Rules) {
        rules.cancellation_markers = false;
        rules.ignored_snapshots = IgnoredSnapshots::Stay;
        rules.declines_trigger_again = true;
        rules.declined_savepoints_answered = false;
        rules.metadata = MetadataVersion::Object;
        rules.oldest_metadata = MetadataVersion::Object;
        rules.minimum_pause_kept = false;
        rules.savepoints_without_checkpointing = false;
        rules.refused_savepoints_take_ids = true;
        rules.disposal_takes_classes = false;
        rules.allow_non_restored_state = false;
        rules.allowed_lateness = false;
    }

    /// What 1.1 did otherwise than 1.2, which brought key groups, and savepoints that are files.
    const fn before_1_2(rules: &mut Rules) {
        rules.chain_length_checked = false;
        rules.key_groups = false;
        rules.rescaling = Rescaling::Refused;
        rules.uid_hash = false;
        rules.metadata = MetadataVersion::V0;
        rules.savepoint_layout = SavepointLayout::Pointer;
        rules.generated_ids = IdScheme::WithClassNames;
        rules.legacy_ids_tried = false;
        rules.savepoint_in_completed_store = false;
        rules.savepoint_subsumes_pending = false;
        rules.savepoints_hold_checkpoints_back = false;
        rules.savepoints_subsume_savepoints = true;
        rules.start_in_store = false;
        rules.takeover_keeps_all = false;
        rules.ignored_snapshots = IgnoredSnapshots::OfLastOnes;
        rules.alignment_limit = false;
        rules.cancel_with_savepoint = false;
        rules.savepoint_target = false;
        rules.retained_checkpoints = false;
    }

    /// What 1.7 did otherwise than 1.11: most of it changed with the scheduler of 1.9 and the network stack of 1.11.
    const fn before_1_9(rules: &mut Rules) {
        rules.metadata = MetadataVersion::V2;
        rules.waiting_restarts_schedule = true;
        rules.oldest_metadata = MetadataVersion::V0;
        rules.savepoint_layout = SavepointLayout::AbsoluteFolder;
        rules.tolerance_counts_expired = false;
        rules.tolerable_failures = false;
        rules.prefer_checkpoint = false;
        rules.async_failure_fails_task = true;
        rules.failover = Failover::Full;
        rules.region_failover = false;
        rules.usual_restart = UsualRestart::AtOnce;
        rules.held_back = HeldBack::InBuffers;
        rules.alignment_limit = true;
        rules.abort_notifications = false;
        rules.unaligned_checkpoints = false;
        rules.in_flight_rescaled = false;
        rules.stop_with_savepoint = false;
        rules.split_readers = false;
        rules.idle_sources = false;
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::V1_4 => "1.4",
            Self::V1_7 => "1.7",
            Self::V1_11 => "1.11",
            Self::V1_13 => "1.13",
            Self::V1_15 => "1.15",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_reads_back_as_it_is_spelled() {
        for release in Release::ALL {
            assert_eq!(release.to_string().parse(), Ok(release));
        }
        assert_eq!("1.9".parse::<Release>(), Err(UnknownRelease("1.9".to_owned())));
    }

    #[test]
    fn an_intermediate_savepoint_is_a_recovery_point_where_its_release_made_it_one() {
        let stored = Release::ALL.map(|release| release.rules().savepoint_in_completed_store);
        let expected = [false, false, true, false, false, true, true, true, false, false];
        assert_eq!(stored, expected);
        let notified = Release::ALL.map(|release| release.rules().savepoint_notifies_commit);
        assert_eq!(notified, [true, true, true, true, true, true, true, true, false, false]);
    }

    #[test]
    fn what_a_release_has_is_told_by_when_it_came_and_went() {
        let told = |has: fn(&Rules) -> bool| Release::that_have(has).expect("some release has it");
        assert_eq!(told(|rules| rules.unaligned_checkpoints), "since 1.11");
        assert_eq!(told(|rules| rules.alignment_limit), "in 1.2 to 1.7");
        assert_eq!(Release::that_have(|rules| !rules.attempts_fenced), None);
    }

    #[test]
    fn the_newest_release_is_the_usual_one() {
        assert_eq!(Release::default(), *Release::ALL.last().expect("there is one"));
        assert_eq!(Release::default().rules(), NEWEST);
    }
}
