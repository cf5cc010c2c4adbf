//! Random choices, each keyed by what is decided, for whom and for which thing.
//!
//! A [`Stream`] is named by what is decided (its kind, say `channel-delay`) and for whom
//! (`count#0/lines->words/0->1/a0`). A draw in it is made by an index: a record's offset, a
//! checkpoint's id, a count. The value depends on the seed, the name and the index, and on
//! nothing else: a draw added anywhere leaves every other draw of an old seed as it was.
//!
//! `ChaCha8` turns the seed into four base words, once. A stream's key is a hash of its name under
//! these words; a draw is the counter-based generator Squares of key and index.

mod name;
mod squares;
#[cfg(test)]
mod tests;

use super::SimTime;
use name::NameHash;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use squares::squares64;
use std::fmt::{self, Write};

/// The greatest seed: seeds fit in a signed integer, as TOML and JSON want them.
pub const SEED_MAX: u64 = u64::MAX >> 1;

/// All random choices of a world. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Choices {
    seed: u64,
    base: [u64; 4],
}

impl Choices {
    /// The choices of a seed.
    ///
    /// # Panics
    ///
    /// If the seed is above 2^63 - 1.
    pub fn new(seed: u64) -> Self {
        assert!(seed <= SEED_MAX, "{seed} is not a seed: seeds are 0 to 2^63 - 1");
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        Self { seed, base: std::array::from_fn(|_| generator.next_u64()) }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream of draws that decide `kind` for `whom`. Its name is `kind/whom`.
    pub fn stream(&self, kind: &str, whom: impl fmt::Display) -> Stream {
        self.family(kind, whom).stream(&[])
    }

    /// The streams whose names begin alike: what they share is hashed once.
    pub fn family(&self, kind: &str, whom: impl fmt::Display) -> Family {
        let mut hash = NameHash::new(&self.base);
        hash.text(kind);
        hash.text("/");
        write!(hash, "{whom}").expect("hashing a name cannot fail");
        Family { hash }
    }
}

/// A piece of a stream's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// As it is.
    Text(&'a str),
    /// In decimal.
    Number(u64),
}

/// Streams whose names begin alike. Making one of them costs no formatting.
#[derive(Clone, Debug)]
pub struct Family {
    hash: NameHash,
}

impl Family {
    /// The stream whose name goes on with these pieces: the same that [`Choices::stream`] gives for the whole name.
    ///
    /// ```
    /// use sandbar::Choices;
    /// use sandbar::simulation::Piece;
    ///
    /// let choices = Choices::new(7);
    /// let family = choices.family("channel-delay", "lines->words");
    /// let stream = family.stream(&[Piece::Text("/"), Piece::Number(12)]);
    /// assert_eq!(stream.draw(5), choices.stream("channel-delay", "lines->words/12").draw(5));
    /// ```
    pub fn stream(&self, pieces: &[Piece<'_>]) -> Stream {
        let mut hash = self.hash.clone();
        for piece in pieces {
            match piece {
                Piece::Text(text) => hash.text(text),
                Piece::Number(number) => hash.decimal(*number),
            }
        }
        Stream { key: hash.key() }
    }
}

/// The draws that decide one kind of thing for one party. One word: keep it with the party.
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
}

impl Stream {
    /// The draw at `index`: every `u64` is as likely as any other.
    #[inline]
    pub fn draw(&self, index: u64) -> u64 {
        squares64(self.key, index)
    }

    /// A number below `n`. Bias: at most `n` / 2^64, which no run can notice.
    ///
    /// # Panics
    ///
    /// If `n` is zero: there is no number below it.
    #[inline]
    pub fn below(&self, index: u64, n: u64) -> u64 {
        assert!(n > 0, "a draw below zero");
        scale(self.draw(index), n)
    }

    /// A number from `low` to `high`, both included.
    ///
    /// # Panics
    ///
    /// If `low` is above `high`.
    #[inline]
    pub fn within(&self, index: u64, low: u64, high: u64) -> u64 {
        assert!(low <= high, "a draw within {low} to {high}");
        match (high - low).checked_add(1) {
            Some(width) => low + scale(self.draw(index), width),
            None => self.draw(index),
        }
    }

    /// True `numerator` times in `denominator`.
    ///
    /// # Panics
    ///
    /// If the denominator is zero.
    #[inline]
    pub fn chance(&self, index: u64, numerator: u64, denominator: u64) -> bool {
        assert!(denominator > 0, "a chance of {numerator} in none");
        scale(self.draw(index), denominator) < numerator
    }

    /// A span from `low` to `high`, both included.
    ///
    /// # Panics
    ///
    /// If `low` is above `high`.
    #[inline]
    pub fn span(&self, index: u64, low: SimTime, high: SimTime) -> SimTime {
        SimTime::from_nanos(self.within(index, low.nanos(), high.nanos()))
    }
}

/// The `draw`-th 2^64-th of `n`, rounded down.
#[inline]
fn scale(draw: u64, n: u64) -> u64 {
    upper_half(u128::from(draw) * u128::from(n))
}

/// The upper 64 bits of a product.
#[inline]
#[expect(clippy::as_conversions, reason = "the upper half of 128 bits is 64 bits")]
fn upper_half(product: u128) -> u64 {
    (product >> 64) as u64
}
