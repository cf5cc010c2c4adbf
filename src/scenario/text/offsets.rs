//! Where a source starts: `"earliest"`, `"latest"`, or a time.

use super::layout::{Table, quoted, time};
use super::word::Time;
use crate::job::StartingOffsets;
use crate::scenario::language::{Described, Form, one_key, words_of};
use serde::{Deserialize, Deserializer};

crate::documented::documented! {
    /// A word for where a source starts.
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(rename_all = "kebab-case")]
    enum OffsetWord {
        /// At the first entry.
        Earliest,
        /// Behind the last entry that is there when the source starts.
        Latest,
    }
}

one_key!("a time to start at":
    /// A source starts at what came at a time or later.
    /// e.g. `{ timestamp = "2s" }`
    #[derive(Deserialize, Clone, Copy, Debug)]
    #[serde(rename_all = "kebab-case")]
    enum OffsetTime {
        /// When; behind the last entry if none came since.
        /// e.g. `"2s"`
        Timestamp(Time),
    }
);

/// `starting-offsets = "latest"` or `starting-offsets = { timestamp = "2s" }`.
#[derive(Clone, Copy, Debug)]
pub(super) struct OffsetsText(pub StartingOffsets);

impl Described for OffsetsText {
    fn form() -> Form {
        let what = "`\"earliest\"`, `\"latest\"` or `{ timestamp = \"2s\" }`";
        Form::Either(what, vec![OffsetTime::form(), Form::Words(words_of::<OffsetWord>())])
    }
}

impl<'de> Deserialize<'de> for OffsetsText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Word(OffsetWord),
            Time(OffsetTime),
        }
        Ok(Self(match Either::deserialize(deserializer)? {
            Either::Word(OffsetWord::Earliest) => StartingOffsets::Earliest,
            Either::Word(OffsetWord::Latest) => StartingOffsets::Latest,
            Either::Time(OffsetTime::Timestamp(at)) => StartingOffsets::Timestamp(at.0),
        }))
    }
}

/// As a file says it; none where nobody needs to.
pub(super) fn offsets_text(starting: StartingOffsets) -> Option<String> {
    match starting {
        StartingOffsets::Earliest => None,
        StartingOffsets::Latest => Some(quoted("latest")),
        StartingOffsets::Timestamp(at) => Some(Table::one("timestamp", time(at))),
    }
}
