//! The releases of Flink that can be played. What each does stands in the table of rules.

use super::Rules;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A release line of Flink that a scenario can be played under.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Release {
    major: u8,
    minor: u8,
}

macro_rules! releases {
    ($($release:ident = $major:literal . $minor:literal,)+) => {
        impl Release {
            /// Every release there is, oldest first.
            pub const EVERY: &'static [Self] = &[$(Self::$release,)+];

            $(#[doc = concat!(stringify!($major), ".", stringify!($minor), ".")]
            pub const $release: Self = Self { major: $major, minor: $minor };)+
        }
    };
}

releases! {
    V1_0 = 1 . 0,
    V1_1 = 1 . 1,
    V1_2 = 1 . 2,
    V1_3 = 1 . 3,
    V1_4 = 1 . 4,
    V1_5 = 1 . 5,
    V1_6 = 1 . 6,
    V1_7 = 1 . 7,
    V1_8 = 1 . 8,
    V1_9 = 1 . 9,
    V1_10 = 1 . 10,
    V1_11 = 1 . 11,
    V1_12 = 1 . 12,
    V1_13 = 1 . 13,
    V1_14 = 1 . 14,
    V1_15 = 1 . 15,
    V1_16 = 1 . 16,
    V1_17 = 1 . 17,
    V1_18 = 1 . 18,
    V1_19 = 1 . 19,
    V1_20 = 1 . 20,
    V2_0 = 2 . 0,
    V2_1 = 2 . 1,
    V2_2 = 2 . 2,
    V2_3 = 2 . 3,
}

/// The newest one, which is spelled `2.x`, too.
impl Default for Release {
    fn default() -> Self {
        Self::V2
    }
}

impl Release {
    /// The newest release.
    pub const V2: Self = Self::V2_3;

    /// The releases that were looked into one by one, oldest first: 1.0.3, 1.1.4, 1.2.1, 1.3.3, 1.4.2, 1.7.2, 1.11.3, 1.13.3,
    /// 1.15 and 2.3.0. Those between them are known by the changes of which it is known when they came.
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

    /// What is to be said of a release that nobody has looked into: by whose rules it is played. None if somebody has.
    pub fn stands_for(self) -> Option<String> {
        let older = Self::ALL.into_iter().rev().find(|known| *known <= self)?;
        if older == self {
            return None;
        }
        let words = self.rules().words();
        let changed = words.iter().zip(older.rules().words()).filter(|(own, old)| **own != *old);
        Some(match changed.count() {
            0 => format!("Flink {self} is played by the rules of {older}"),
            1 => {
                format!("Flink {self} is played by the rules of {older} and one that changed since")
            }
            count => format!(
                "Flink {self} is played by the rules of {older} and {count} that changed since"
            ),
        })
    }

    /// The releases whose rules say so, as people tell them: `since 1.11`, `in 1.2 to 1.7`; none if no release does.
    pub fn that_have(has: impl Fn(&Rules) -> bool) -> Option<String> {
        let every = Self::EVERY.iter().copied();
        let having: Vec<Self> = every.filter(|release| has(&release.rules())).collect();
        let (first, last) = (having.first()?, having.last()?);
        Some(if *last == Self::default() {
            format!("since {first}")
        } else {
            format!("in {first} to {last}")
        })
    }
}

/// `1.14`; `2.x` for the newest.
impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::V2 => f.pad("2.x"),
            Self { major, minor } => f.pad(&format!("{major}.{minor}")),
        }
    }
}

/// `1.14`, `2.3`, or `2.x` for the newest.
impl FromStr for Release {
    type Err = UnknownRelease;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = if text == "2.x" { "2.3" } else { text };
        let is_it = |release: &&Self| format!("{}.{}", release.major, release.minor) == number;
        let found = Self::EVERY.iter().find(is_it).copied();
        found.ok_or_else(|| UnknownRelease(text.to_owned()))
    }
}

impl Serialize for Release {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A release that is not known.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("there is no release `{0}` of Flink")]
pub struct UnknownRelease(pub String);

impl UnknownRelease {
    /// What to say instead: the nearest release by number.
    pub fn help(&self) -> String {
        let all = "there are 1.0 to 1.20 and 2.0 to 2.3; `2.x` is the newest".to_owned();
        let mut numbers = self.0.trim_start_matches('v').split('.').map(str::parse::<u8>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
            return all;
        };
        let asked = Release { major, minor };
        let nearest = Release::EVERY.iter().rev().find(|release| **release <= asked);
        nearest.map_or(all.clone(), |nearest| format!("did you mean `{nearest}`? {all}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::UsualRestart;

    #[test]
    fn a_release_reads_back_as_it_is_spelled() {
        for release in Release::ALL {
            assert_eq!(release.to_string().parse(), Ok(release));
        }
        assert_eq!("2.3".parse::<Release>(), Ok(Release::V2));
        assert_eq!(
            "1.9".parse::<Release>().map(|release| release.to_string()),
            Ok("1.9".to_owned())
        );
        let unknown = |text: &str| text.parse::<Release>().expect_err("there is none").help();
        assert!(unknown("1.21").starts_with("did you mean `1.20`?"));
        assert!(unknown("1.14.6").starts_with("did you mean `1.14`?"));
        assert!(unknown("newest").starts_with("there are 1.0 to 1.20"));
    }

    #[test]
    fn a_release_between_two_has_every_change_that_is_known_to_have_come_by_then() {
        let rules = |text: &str| text.parse::<Release>().expect("a release").rules();
        assert_eq!(
            rules("1.5"),
            Rules {
                broadcast_state: true,
                failed_exits_resume_schedule: true,
                unplaced_savepoints_take_ids: true,
                usual_restart: UsualRestart::AtOnce,
                checkpoint_metadata_apart: false,
                ..rules("1.4")
            }
        );
        assert!(rules("1.6").state_ttl && !rules("1.5").state_ttl);
        assert!(rules("1.9").stop_with_savepoint && !rules("1.8").stop_with_savepoint);
        assert!(!rules("1.14").claim_modes && rules("1.15").claim_modes);
        assert_eq!(rules("2.3"), rules("2.x"));
        for pair in Release::ALL.windows(2) {
            let between =
                Release::EVERY.iter().filter(|release| pair[0] < **release && **release < pair[1]);
            for release in between {
                let words = release.rules().words().into_iter();
                let known = pair[0].rules().words().into_iter().zip(pair[1].rules().words());
                let changes = Rules::CHANGED_AFTER.iter().map(|changes| {
                    changes.iter().filter(|last| pair[0] <= **last && **last < pair[1]).count()
                });
                for ((word, (before, after)), changes) in words.zip(known).zip(changes) {
                    assert!(
                        word == before || word == after || changes > 1,
                        "{release}: {word} is in neither neighbour"
                    );
                }
                let told = release.stands_for().expect("nobody looked into it");
                assert!(told.contains(&format!("the rules of {}", pair[0])), "{told}");
            }
        }
        assert_eq!(Release::V1_13.stands_for(), None);
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
        assert_eq!(told(|rules| rules.stop_with_savepoint), "since 1.9");
        assert_eq!(told(|rules| rules.alignment_limit), "in 1.2 to 1.10");
        assert_eq!(Release::that_have(|rules| !rules.attempts_fenced), None);
    }

    #[test]
    fn the_newest_release_is_the_usual_one() {
        assert_eq!(Release::default(), *Release::ALL.last().expect("there is one"));
    }
}
