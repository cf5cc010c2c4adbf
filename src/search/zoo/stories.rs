//! The stories of the zoo as part of the program, since users have no source tree: each file of `sim/bugs`, in order of its name.

use super::Bug;

/// Declares the stories; one that is a mistake of its user's is told as it should be in a second file.
macro_rules! stories {
    ($($name:literal $(with $fixed:literal)?,)+) => {
        impl Bug {
            /// Every bug, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(
                Self { name: $name, text: text!($name), fixed: fixed!($($fixed)?) },
            )+];
        }
    };
}

/// The text of a story.
macro_rules! text {
    ($name:literal) => {
        include_str!(concat!("../../../sim/bugs/", $name, ".toml"))
    };
}

/// The text of the second file, if there is one.
macro_rules! fixed {
    () => {
        None
    };
    ($name:literal) => {
        Some(text!($name))
    };
}

stories! {
    "a01_ack_before_flush",
    "a02_write_error_not_looked_at",
    "a03_empty_epoch_not_kept",
    "a07_timers_left_out",
    "a09_restored_and_not_adopted",
    "a10_early_checkpoint_after_unaligned",
    "b02_past_the_barrier",
    "b03_in_flight_out_of_order",
    "b06_forward_edge_rescaled",
    "b10_one_barrier_too_many",
    "c01_worker_not_asked",
    "c02_late_ack_races_restart",
    "c03_late_ack_leaks",
    "c03_late_ack_leaks_state",
    "c05_unreadable_one_skipped",
    "c06_suspended_like_canceled",
    "c07_revived_from_the_beginning" with "c07_revived_from_the_beginning_fixed",
    "c08_forgotten_by_the_next_leader",
    "c08_savepoint_forgotten",
    "c09_nobody_hears_of_the_abort",
    "c10_hook_not_told_of_a_region",
    "c12_told_before_stored",
    "d01_assignment_lost",
    "d02_split_between_two_snapshots",
    "d03_failed_send_forgotten",
    "d04_gate_for_one_checkpoint",
    "d06_positions_filtered" with "d06_positions_filtered_fixed",
    "d10_enumerator_starts_afresh" with "d10_enumerator_starts_afresh_fixed",
    "d11_position_outside_is_ahead" with "d11_position_outside_is_ahead_fixed",
    "e02_aborted_takes_files_along",
    "e03_files_of_the_start",
    "e04_old_content_wins",
    "e08_files_of_an_old_epoch",
    "e09_gone_before_the_restart",
    "e11_entries_of_another_attempt",
    "f01_savepoint_commits_and_is_left",
    "f01_savepoint_is_the_recovery_point",
    "f02_stopped_and_restarted",
    "f03_stop_ends_the_input",
    "f04_drained_and_told_too_late",
    "f06_declined_and_never_told",
    "f07_older_artifact" with "f07_older_artifact_fixed",
    "f08_flag_on_one_path_only" with "f08_flag_on_one_path_only_fixed",
    "g01_commit_at_the_barrier",
    "g03_final_commit_lost",
    "g03_left_prepared_at_the_end",
    "g08_gone_taken_for_committed",
    "g10_marker_of_the_attempt",
    "h01_key_groups_of_another",
    "h04_all_entries_stored_again",
    "h06_list_left_behind",
    "h06_uid_forgotten" with "h06_uid_forgotten_fixed",
    "h07_hash_that_works_once",
    "h08_groups_without_owner",
    "i01_time_is_not_restored" with "i01_time_is_not_restored_fixed",
    "i02_ahead_of_the_replay",
    "i03_in_flight_before_time" with "i03_in_flight_before_time_fixed",
    "i04_hold_released_early",
    "i05_timers_of_another_store",
    "i06_one_run_is_too_short" with "i06_one_run_is_too_short_fixed",
    "j03_zombie_beside_its_successor",
    "j04_state_beyond_the_position" with "j04_state_beyond_the_position_fixed",
}
