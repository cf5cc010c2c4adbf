//! Every deliberately broken protocol is caught, and by the check that is there for it.

use sandbar::internals::{Word, drawn_setup};
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
        | Mutation::UcReorderInFlight
        | Mutation::UnionResnapshotAll => CheckName::CutConsistency,
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
        Mutation::RetainedFileLost => CheckName::Restorability,
        Mutation::EndedChannelAwaited => CheckName::BoundedProgress,
        Mutation::OrphanedKeyRanges | Mutation::MaxpMismatch => CheckName::OwnershipPartition,
        Mutation::ListStateLeftBehind => CheckName::MappingTotality,
        Mutation::WatermarkAheadOfReplay
        | Mutation::WatermarkBeforeTimers
        | Mutation::SnapshotOmitsTimers
        | Mutation::SwsEmitsEndOfInput => CheckName::TimeFidelity,
    }
}

/// The checks that notice a mutation in the story of a seed.
fn broken(mutation: Mutation, seed: u64, catalogue: &Arc<Catalogue>) -> BTreeSet<CheckName> {
    let played = play_out(drawn_setup(seed, &Profile::default(), &[mutation], catalogue));
    // What the release breaks by its own rules is no sign of the mutation.
    let is_new = |check: &CheckName| played.verdict.excuse(*check).is_none();
    played.verdict.violations().map(|violation| violation.check).filter(is_new).collect()
}

#[test]
fn every_mutation_is_caught_by_its_check_and_every_check_is_once_alone() {
    let catalogue = Arc::new(Catalogue::built_in());
    let mut alone = BTreeSet::new();
    for mutation in Mutation::ALL.iter().copied() {
        let check = check_against(mutation);
        let mut first = None;
        for seed in 0..SEEDS {
            let broken = broken(mutation, seed, &catalogue);
            if broken.contains(&check) && first.is_none() {
                println!("{mutation:?}: caught at seed {seed} by {broken:?}");
                first = Some(seed);
            }
            if broken == BTreeSet::from([check]) && alone.insert(check) {
                println!("{check} alone is broken by {mutation:?} at seed {seed}");
            }
            if first.is_some() && alone.contains(&check) {
                break;
            }
        }
        assert!(first.is_some(), "{mutation:?} went unnoticed by {check} in {SEEDS} stories");
    }
    let all: BTreeSet<CheckName> = CheckName::ALL.iter().copied().collect();
    assert_eq!(alone, all, "a check is never the only one that is broken");
}
