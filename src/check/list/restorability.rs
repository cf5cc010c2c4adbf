//! Restorability: whatever is kept can be read from its files, and be restored in the end. Who plays the world tries it; here
//! it is entered.

use super::{End, Findings, Observer, Past, Skipped, Subjects};
use crate::trace::{CheckName, Entry};

/// Takes what was tried.
#[derive(Clone, Debug, Default)]
pub(super) struct Restorability;

impl Observer for Restorability {
    const LOOKS_AT: Subjects = Subjects::NONE;

    fn observe(&mut self, _entry: &Entry, _past: Past<'_>, _found: &mut Findings) {}

    fn finish(&mut self, end: &End<'_>, found: &mut Findings) {
        let Some(restored) = end.world.restored else {
            return found.skip(CheckName::Restorability, Skipped::NotRestored);
        };
        found.coverage.restoring_tried = 1;
        found.coverage.read_back = u64::from(restored.read_back);
        for text in restored.wrong {
            found.add(end.violation(CheckName::Restorability, text.clone()));
        }
        if restored.any {
            found.coverage.restored_in_shadow = 1;
        } else {
            found.skip(CheckName::Restorability, Skipped::NothingKept);
        }
    }
}
