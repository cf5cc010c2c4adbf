//! Which story shows a rule: it comes out otherwise under the releases before and after a change of the rule.
//!
//! A rule that says what exists is shown by a story that asks for it: older releases refuse the story.

/// By rule, the story that shows it, from the root of the project.
const SHOWN: &[(&str, &str)] = &[
    ("allowed_lateness", "sim/rules/allowed_lateness.toml"),
    ("chain_length_checked", "sim/rules/chain_longer_1_2.toml"),
    ("checkpointed_state", "sim/rules/b10.toml"),
    ("generated_ids", "sim/rules/a4_1_0.toml"),
    ("key_groups", "sim/rules/rescaled.toml"),
    ("legacy_ids_tried", "sim/rules/legacy_ids.toml"),
    ("metadata", "sim/rules/metadata.toml"),
    ("oldest_metadata", "sim/rules/metadata_too_old.toml"),
    ("rescaling", "sim/rules/rescaled.toml"),
    ("state_stored_by", "sim/rules/uid_hash_of_a_chain.toml"),
    ("state_ttl", "sim/rules/ttl_enabled.toml"),
    ("stateless_chains_recorded", "sim/rules/stateless_chain_removed.toml"),
    ("ttl_may_change", "sim/rules/ttl_enabled.toml"),
    ("uid_hash", "sim/rules/uid_hash_of_a_chain.toml"),
    ("uid_in_chain", "sim/rules/a2_1_2.toml"),
    ("unclaimed_files_built_upon", "sim/rules/unclaimed_files.toml"),
    ("abort_notifications", "sim/rules/abort_notifications.toml"),
    ("allow_non_restored_state", "sim/rules/allow_non_restored_state.toml"),
    ("cancellation_markers", "sim/rules/d4_cancellation_markers.toml"),
    ("empty_entries_skipped", "sim/rules/f9_stateless_removed.toml"),
    ("exponential_delay", "sim/rules/exponential_delay.toml"),
    ("held_back", "sim/rules/d9_held_back.toml"),
    ("in_flight_rescaled", "sim/rules/d7_in_flight_rescaled.toml"),
    ("refused_savepoints_take_ids", "sim/rules/refused_savepoint.toml"),
    ("region_failover", "sim/rules/failover_scope.toml"),
    ("savepoint_subsumes_pending", "sim/rules/c5_savepoint_subsumes.toml"),
    ("savepoints_subsume_savepoints", "sim/rules/savepoints_subsume_savepoints.toml"),
    ("side_outputs", "sim/rules/side_outputs.toml"),
    ("waiting_restarts_schedule", "sim/rules/c6_waiting.toml"),
    ("ignored_snapshots", "sim/rules/c4_late_ack.toml"),
    ("declines_trigger_again", "sim/rules/declined_checkpoint.toml"),
    ("declined_savepoints_answered", "sim/rules/declined_savepoint.toml"),
    ("savepoint_target", "sim/rules/f6_target.toml"),
    ("prefer_checkpoint", "sim/rules/prefer_checkpoint.toml"),
    ("takeover_keeps_all", "sim/rules/takeover_keeps.toml"),
    ("aligned_timeout", "sim/aligned_timeout.toml"),
    ("alignment_limit", "sim/alignment_limit.toml"),
    ("async_failure_fails_task", "sim/rules/async_failure.toml"),
    ("broadcast_state", "sim/rules/broadcast_state.toml"),
    ("cancel_with_savepoint", "sim/rules/newest_checkpoint_spared.toml"),
    ("checkpoints_after_tasks_finish", "sim/rules/finished_tasks.toml"),
    ("committers", "sim/committer.toml"),
    ("failed_exits_resume_schedule", "sim/rules/failed_exit.toml"),
    ("failover", "sim/rules/failover_scope.toml"),
    ("first_trigger", "sim/rules/first_trigger.toml"),
    ("incremental_checkpoints", "sim/rules/incremental_checkpoints.toml"),
    ("minimum_pause_kept", "sim/rules/c7_minimum_pause.toml"),
    ("newest_checkpoint_spared", "sim/rules/newest_checkpoint_spared.toml"),
    ("retained_checkpoints", "sim/rules/newest_checkpoint_spared.toml"),
    ("retained_number", "sim/rules/retained_number.toml"),
    ("savepoint_in_completed_store", "sim/rules/f13_savepoint_then_crash.toml"),
    ("savepoint_notifies_commit", "sim/rules/f13_savepoint_then_crash.toml"),
    ("savepoints_hold_checkpoints_back", "sim/rules/savepoints_hold_back.toml"),
    ("savepoints_without_checkpointing", "sim/rules/c13_savepoint_without_checkpoints.toml"),
    ("split_readers", "sim/split_enumerator.toml"),
    ("start_in_store", "sim/rules/e9_start_across_job_managers.toml"),
    ("stop_with_savepoint", "sim/stop.toml"),
    ("tolerance_counts_async", "sim/rules/async_failure.toml"),
    ("tolerance_counts_expired", "sim/rules/c10_expired.toml"),
    ("tolerance_counts_finalize", "sim/rules/finalize_failure.toml"),
    ("tolerable_failures", "sim/tolerable_failures.toml"),
    ("unaligned_checkpoints", "sim/unaligned.toml"),
    ("idle_sources", "sim/late_and_idle.toml"),
    ("two_phase_sinks", "sim/rules/finished_tasks.toml"),
    ("disposal_takes_classes", "sim/rules/custom_handles.toml"),
    ("claim_modes", "sim/rules/f16_claim.toml"),
    ("savepoint_layout", "sim/rules/f5_moved.toml"),
    ("checkpoint_metadata_apart", "sim/rules/retained_checkpoint_moved.toml"),
    ("uid_hash_decides", "sim/rules/uid_hash_decides.toml"),
    ("usual_restart", "sim/rules/usual_restart.toml"),
];

/// The stories that show a rule, by its name in the code.
pub(super) fn stories_of(field: &'static str) -> impl Iterator<Item = &'static str> {
    SHOWN.iter().filter(move |(shown, _)| *shown == field).map(|(_, story)| *story)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;

    #[test]
    fn every_story_shows_a_rule() {
        for (field, _) in SHOWN {
            assert!(Rules::FIELDS.iter().any(|known| known.name == *field), "no rule `{field}`");
        }
    }
}
