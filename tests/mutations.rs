//! Every deliberately broken protocol is caught, and by the check that is there for it.

use sandbar::internals::drawn_setup;
use sandbar::{Catalogue, CheckName, Mutation, Profile, play_out};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Within so many drawn stories each mutation must show.
const SEEDS: u64 = 1_000;

/// The check that a mutation must break. A new mutation says here how it is noticed.
const fn check_against(mutation: Mutation) -> CheckName {
    match mutation {
        Mutation::ProcessPastBarrier
        | Mutation::SnapshotOmitsOutputs
        | Mutation::UcReorderInFlight => CheckName::CutConsistency,
        Mutation::CommitOnSnapshot
        | Mutation::FinalCommitLost
        | Mutation::CommittablesForgotten
        | Mutation::DedupUnstableIdentity
        | Mutation::OpEventLossyUnacked
        | Mutation::OpEventNotGated
        | Mutation::ResetHookOnlyOnGlobal => CheckName::OutputEquivalence,
        Mutation::AckBeforeDurable | Mutation::NotifyBeforeStore => CheckName::DurableBeforeVisible,
        Mutation::NoAttemptFencing
        | Mutation::CompleteRacesRestart
        | Mutation::CompleteWithMissingParticipant => CheckName::ParticipantsAndFencing,
        Mutation::InitialRestoreNotSticky
        | Mutation::RestoreSkipsUnreadable
        | Mutation::SuspendAsTerminal => CheckName::RecoveryPoint,
        Mutation::RestoredTransactionsAborted => CheckName::TransactionHygiene,
        Mutation::GcByEpochWindow
        | Mutation::AbortDeletesShared
        | Mutation::DeleteRestoredShared
        | Mutation::NameReuseDedup
        | Mutation::LeakLateAck => CheckName::ReferenceSafety,
        Mutation::PauseNotKept => CheckName::ConfiguredBounds,
        Mutation::OrphanedKeyRanges => CheckName::OwnershipPartition,
        Mutation::ListStateLeftBehind => CheckName::MappingTotality,
        Mutation::WatermarkAheadOfReplay
        | Mutation::WatermarkBeforeTimers
        | Mutation::SnapshotOmitsTimers
        | Mutation::SwsEmitsEndOfInput => CheckName::TimeFidelity,
    }
}

/// The first seed whose story a mutation breaks, and the checks that notice.
fn first_caught(mutation: Mutation) -> Option<(u64, BTreeSet<CheckName>)> {
    let catalogue = Arc::new(Catalogue::built_in());
    (0..SEEDS).find_map(|seed| {
        let played = play_out(drawn_setup(seed, &Profile::default(), &[mutation], &catalogue));
        // What the release breaks by its own rules is no sign of the mutation.
        let is_new = |check: &CheckName| played.verdict.excuse(*check).is_none();
        let broken = played.verdict.violations().map(|v| v.check).filter(is_new);
        let broken: BTreeSet<_> = broken.collect();
        (!broken.is_empty()).then_some((seed, broken))
    })
}

#[test]
fn every_mutation_is_caught_by_its_check() {
    for mutation in Mutation::ALL.iter().copied() {
        let check = check_against(mutation);
        let Some((seed, broken)) = first_caught(mutation) else {
            panic!("{mutation:?} went unnoticed in {SEEDS} stories; {check} should have noticed");
        };
        println!("{mutation:?}: caught at seed {seed} by {broken:?}");
        assert!(
            broken.contains(&check),
            "{mutation:?} breaks {broken:?} at seed {seed}, not {check}"
        );
    }
}
