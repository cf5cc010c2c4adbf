//! Upgrades of the cluster between the first job and the second: from which release to which, and what both have.

use super::{Draw, Profile};
use crate::rules::{FirstTrigger, Release, Rescaling, Rules, StateAddress};

/// Percent of worlds of other releases than the newest in which the cluster is upgraded.
const UPGRADED: u64 = 30;
/// How much likelier a release is that reads the snapshots of the one before.
const READABLE: u64 = 6;

/// The release that the cluster is upgraded to, if it is.
pub(super) fn draw(draw: &Draw<'_>, profile: &Profile, from: Release) -> Option<Release> {
    let is_upgraded = profile.upgrades && from != Release::default();
    if !is_upgraded || !draw.chance("upgrade", UPGRADED) {
        return None;
    }
    let written = from.rules().metadata;
    let weight = |to: Release| {
        let rules = to.rules();
        let is_read =
            !written.is_before(rules.oldest_metadata) && !rules.metadata.is_before(written);
        let weight = if is_read { READABLE } else { 1 };
        (to, if to == from { 0 } else { weight })
    };
    Some(draw.weighted("upgrade-to", &Release::ALL.map(weight)))
}

/// What two releases have in common of what jobs and steps can ask for.
pub(super) fn in_common(one: Rules, other: Rules) -> Rules {
    Rules {
        stop_with_savepoint: one.stop_with_savepoint && other.stop_with_savepoint,
        unaligned_checkpoints: one.unaligned_checkpoints && other.unaligned_checkpoints,
        aligned_timeout: one.aligned_timeout && other.aligned_timeout,
        alignment_limit: one.alignment_limit && other.alignment_limit,
        broadcast_state: one.broadcast_state && other.broadcast_state,
        side_outputs: one.side_outputs && other.side_outputs,
        two_phase_sinks: one.two_phase_sinks && other.two_phase_sinks,
        committers: one.committers && other.committers,
        split_readers: one.split_readers && other.split_readers,
        allowed_lateness: one.allowed_lateness && other.allowed_lateness,
        idle_sources: one.idle_sources && other.idle_sources,
        prefer_checkpoint: one.prefer_checkpoint && other.prefer_checkpoint,
        savepoint_target: one.savepoint_target && other.savepoint_target,
        retained_number: one.retained_number && other.retained_number,
        retained_checkpoints: one.retained_checkpoints && other.retained_checkpoints,
        cancel_with_savepoint: one.cancel_with_savepoint && other.cancel_with_savepoint,
        allow_non_restored_state: one.allow_non_restored_state && other.allow_non_restored_state,
        checkpoints_after_tasks_finish: one.checkpoints_after_tasks_finish
            && other.checkpoints_after_tasks_finish,
        region_failover: one.region_failover && other.region_failover,
        tolerable_failures: one.tolerable_failures && other.tolerable_failures,
        incremental_checkpoints: one.incremental_checkpoints && other.incremental_checkpoints,
        exponential_delay: one.exponential_delay && other.exponential_delay,
        in_flight_rescaled: one.in_flight_rescaled && other.in_flight_rescaled,
        uid_in_chain: one.uid_in_chain && other.uid_in_chain,
        uid_hash: one.uid_hash && other.uid_hash,
        checkpointed_state: one.checkpointed_state && other.checkpointed_state,
        state_ttl: one.state_ttl && other.state_ttl,
        key_groups: one.key_groups && other.key_groups,
        state_stored_by: match one.state_stored_by {
            StateAddress::Chain => StateAddress::Chain,
            StateAddress::Operator => other.state_stored_by,
        },
        rescaling: match one.rescaling {
            Rescaling::ByKeyGroup => other.rescaling,
            Rescaling::Refused | Rescaling::AboveState => one.rescaling,
        },
        first_trigger: match one.first_trigger {
            FirstTrigger::AtOnce => other.first_trigger,
            FirstTrigger::Drawn | FirstTrigger::AfterInterval => one.first_trigger,
        },
        ..one
    }
}
