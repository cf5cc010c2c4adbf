//! A tape: a seed, and the draws that are to differ from what it says.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The greatest seed: seeds fit in a signed integer, as TOML and JSON want them.
pub const SEED_MAX: u64 = u64::MAX >> 1;

/// A seed plus pins. Every tape is legal: a pinned draw returns its pin, or what is nearest to
/// it in the range asked for.
///
/// ```
/// use sandbar::Choices;
/// use sandbar::simulation::Tape;
///
/// let tape: Tape = "seed 7\nchannel-delay/lines->words/0->1[12] = 5\n".parse().unwrap();
/// let choices = Choices::with_tape(tape.clone());
/// let delay = choices.stream("channel-delay", "lines->words/0->1");
/// assert_eq!(delay.within(12, 10, 20), 10);
/// assert!(choices.unasked_pins().is_empty());
/// assert_eq!(tape.to_string().parse(), Ok(tape));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tape {
    /// 0 to 2^63 - 1.
    pub seed: u64,
    /// From the name of a draw, `kind/whom[index]`, to its value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, u64>,
}

/// What is wrong with a text that is to be a tape.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line} of the tape: {cause}")]
pub struct TapeError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub cause: TapeCause,
}

/// What is wrong with a line of a tape.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TapeCause {
    /// The first line names no seed.
    #[error("expected `seed` and a number from 0 to 2^63 - 1, found `{0}`")]
    NoSeed(String),
    /// A line pins nothing.
    #[error("expected `kind/whom[index] = value`, found `{0}`")]
    NoPin(String),
    /// A draw is pinned twice.
    #[error("`{0}` is pinned twice")]
    Twice(String),
}

impl Tape {
    /// A tape without pins.
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, pins: BTreeMap::new() }
    }
}

/// The seed on the first line, then a pin a line.
impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        self.pins.iter().try_for_each(|(name, value)| writeln!(f, "{name} = {value}"))
    }
}

/// As displayed; empty lines are passed over.
impl FromStr for Tape {
    type Err = TapeError;

    fn from_str(text: &str) -> Result<Self, TapeError> {
        let mut lines = text.lines().zip(1..).filter(|(text, _)| !text.trim().is_empty());
        let (first, line) = lines.next().unwrap_or(("", 1));
        let seed = parse_seed(first)
            .ok_or(TapeError { line, cause: TapeCause::NoSeed(first.to_owned()) })?;
        let mut pins = BTreeMap::new();
        for (text, line) in lines {
            let (name, value) = parse_pin(text)
                .ok_or_else(|| TapeError { line, cause: TapeCause::NoPin(text.to_owned()) })?;
            if pins.insert(name.to_owned(), value).is_some() {
                return Err(TapeError { line, cause: TapeCause::Twice(name.to_owned()) });
            }
        }
        Ok(Self { seed, pins })
    }
}

fn parse_seed(line: &str) -> Option<u64> {
    let seed = line.trim().strip_prefix("seed ")?.trim().parse().ok()?;
    (seed <= SEED_MAX).then_some(seed)
}

fn parse_pin(line: &str) -> Option<(&str, u64)> {
    let (name, value) = line.rsplit_once('=')?;
    let name = name.trim();
    split_pin(name)?;
    Some((name, value.trim().parse().ok()?))
}

/// The stream and the index in the name of a draw.
pub(super) fn split_pin(name: &str) -> Option<(&str, u64)> {
    let (stream, index) = name.strip_suffix(']')?.rsplit_once('[')?;
    Some((stream, index.parse().ok()?))
}
