//! The releases of Flink that can be played. What each does stands in the table of rules.

use super::Rules;
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
    }
}
