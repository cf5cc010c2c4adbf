//! The list of all checks. A new one is a file in `list/`, two lines here, and its name in `trace/vocabulary.rs`.

mod bounds;
mod cut;
mod durable;
mod mapping;
mod open_transactions;
mod output;
mod ownership;
mod participants;
mod progress;
mod recovery;
mod references;
mod restorability;
mod time;

use super::observer::{End, Observer, Subjects};
use super::past::Past;
use super::setup::CheckSetup;
use super::verdict::{Evidence, Findings, KEPT_MAX, Skipped, Violation};
use crate::trace::{CheckName, Entry};

/// Declares the list: each check by the file that it lives in, and the name that it has there and in the vocabulary.
macro_rules! checks {
    ($($file:ident: $check:ident,)+) => {
        /// All checks of one world.
        #[derive(Clone)]
        pub(super) struct List {
            $($file: $file::$check,)+
        }

        impl List {
            pub(super) fn of(setup: &CheckSetup) -> Self {
                Self { $($file: $file::$check::of(setup),)+ }
            }

            /// Each check that looks at such events judges what happened.
            pub(super) fn observe(&mut self, entry: &Entry, past: Past<'_>, found: &mut Findings) {
                let subject = Subjects::of(&entry.event);
                $(if $file::$check::LOOKS_AT.has(subject) {
                    self.$file.observe(entry, past, found);
                })+
            }

            /// Each check judges what only the end shows.
            pub(super) fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
                $(self.$file.finish(end, found);)+
            }
        }

        /// No name is without a check, and none has two.
        const _: fn(CheckName) = |name| match name {
            $(CheckName::$check => {})+
        };
    };
}

checks! {
    cut: CutConsistency,
    output: OutputEquivalence,
    ownership: OwnershipPartition,
    mapping: MappingTotality,
    durable: DurableBeforeVisible,
    participants: ParticipantsAndFencing,
    open_transactions: TransactionHygiene,
    references: ReferenceSafety,
    recovery: RecoveryPoint,
    time: TimeFidelity,
    bounds: ConfiguredBounds,
    restorability: Restorability,
    progress: BoundedProgress,
}
