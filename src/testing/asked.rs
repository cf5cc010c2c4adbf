//! What the environment asks of a run of the tests.

use crate::kernel::SEED_MAX;
use std::ops::Range;
use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Asked {
    pub(super) seeds: Seeds,
    pub(super) keep: Option<PathBuf>,
}

/// Under which seeds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Seeds {
    AsTold,
    AsMany(u64),
    These(Range<u64>),
}

impl Asked {
    /// Reads the variables.
    pub(super) fn by(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let seed = variable("SANDBAR_SEED").map(|text| {
            let seed = text.parse().ok().filter(|seed| *seed <= SEED_MAX);
            seed.ok_or(format!(
                "SANDBAR_SEED is a whole number from 0 to {SEED_MAX}, and not `{text}`"
            ))
        });
        let seeds = variable("SANDBAR_SEEDS").map(|text| {
            seeds_of(&text).ok_or(format!(
                "SANDBAR_SEEDS is how many seeds, or A..B with A < B, up to {SEED_MAX}, and not `{text}`"
            ))
        });
        let seeds = match (seed.transpose()?, seeds.transpose()?) {
            (Some(seed), _) => Seeds::These(seed..seed + 1),
            (None, Some(seeds)) => seeds,
            (None, None) => Seeds::AsTold,
        };
        let keep = variable("SANDBAR_KEEP").map(|folder| {
            let is_named = !folder.is_empty();
            is_named.then(|| PathBuf::from(folder)).ok_or("SANDBAR_KEEP is a folder, and not empty")
        });
        Ok(Self { seeds, keep: keep.transpose()? })
    }
}

fn seeds_of(text: &str) -> Option<Seeds> {
    let Some((from, to)) = text.split_once("..") else {
        return text.parse().ok().filter(|count| *count > 0).map(Seeds::AsMany);
    };
    let seeds: Range<u64> = from.parse().ok()?..to.parse().ok()?;
    let is_sound = !seeds.is_empty() && seeds.end <= SEED_MAX;
    is_sound.then_some(Seeds::These(seeds))
}

impl Seeds {
    /// The seeds of a story that has this one, and is told to be played under so many.
    pub(super) fn of(&self, first: u64, told: u64) -> Range<u64> {
        let following =
            |count: u64| first..first.saturating_add(count).min(SEED_MAX.saturating_add(1));
        match self {
            Self::AsTold => following(told),
            Self::AsMany(count) => following(*count),
            Self::These(seeds) => seeds.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(variables: &[(&str, &str)]) -> Result<Asked, String> {
        Asked::by(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn variables_say_which_seeds() {
        let seeds = |variables: &[_]| asked(variables).expect("they are sound").seeds.of(7, 3);
        assert_eq!(seeds(&[]), 7..10);
        assert_eq!(seeds(&[("SANDBAR_SEEDS", "5")]), 7..12);
        assert_eq!(seeds(&[("SANDBAR_SEEDS", "20..30")]), 20..30);
        assert_eq!(seeds(&[("SANDBAR_SEEDS", "20..30"), ("SANDBAR_SEED", "4")]), 4..5);
    }

    #[test]
    fn a_variable_that_means_nothing_is_an_error() {
        let wrong = [
            ("SANDBAR_SEED", "seven"),
            ("SANDBAR_SEED", "-1"),
            ("SANDBAR_SEEDS", "0"),
            ("SANDBAR_SEEDS", "9..9"),
            ("SANDBAR_SEEDS", "9.."),
            ("SANDBAR_SEEDS", ""),
            ("SANDBAR_KEEP", ""),
        ];
        for (name, value) in wrong {
            let why = asked(&[(name, value)]).expect_err("it means nothing");
            assert!(why.starts_with(name), "{name}={value}: {why}");
        }
    }
}
