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
        let is_read = (rules.oldest_metadata..=rules.metadata).contains(&written);
        let weight = if is_read { READABLE } else { 1 };
        (to, if to == from { 0 } else { weight })
    };
    Some(draw.weighted("upgrade-to", &Release::ALL.map(weight)))
}

/// What two releases have in common of what jobs and steps can ask for.
pub(super) fn in_common(one: Rules, other: Rules) -> Rules {
    macro_rules! both {
        ($($rule:ident,)+ ; $($choice:tt)+) => {
            Rules { $($rule: one.$rule && other.$rule,)+ $($choice)+ }
        };
    }
    both! {
        stop_with_savepoint, unaligned_checkpoints, aligned_timeout, alignment_limit,
        broadcast_state, side_outputs, two_phase_sinks, committers, split_readers,
        allowed_lateness, idle_sources, prefer_checkpoint, savepoint_target, retained_number,
        retained_checkpoints, cancel_with_savepoint, allow_non_restored_state,
        checkpoints_after_tasks_finish, region_failover, tolerable_failures,
        incremental_checkpoints, exponential_delay, in_flight_rescaled, uid_in_chain, uid_hash,
        checkpointed_state, state_ttl, key_groups,
        ;
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
