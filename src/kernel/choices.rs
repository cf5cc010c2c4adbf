//! Random choices, each keyed by what is decided, for whom and for which thing.
//!
//! A [`Stream`] is named by what is decided (its kind, say `channel-delay`) and for whom
//! (`count#0/lines->words/0->1/a0`). A draw in it is made by an index: a record's offset, a
//! checkpoint's id, a count. The value depends on the seed, the name and the index, and on
//! nothing else: a draw added anywhere leaves every other draw of an old seed as it was.
//!
//! `ChaCha8` turns the seed into four base words, once. A stream's key is a hash of its name under
//! these words; a draw is the counter-based generator Squares of key and index. A [`Tape`] pins
//! single draws to values of its own; without pins and records, no draw looks anything up.

mod name;
mod squares;
mod tape;
#[cfg(test)]
mod tests;
mod watch;

use super::SimTime;
use name::NameHash;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use squares::squares64;
use std::fmt::{self, Write};
use std::sync::Arc;
pub use tape::{SEED_MAX, Tape, TapeCause, TapeError};
use watch::{Observer, Watch};

/// All random choices of a world. Cheap to clone; clones share what has been asked.
#[derive(Clone, Debug)]
pub struct Choices {
    seed: u64,
    base: [u64; 4],
    /// Pins and records; absent when nobody looks.
    observer: Option<Arc<Observer>>,
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
        Self { seed, base: std::array::from_fn(|_| generator.next_u64()), observer: None }
    }

    /// The choices of a tape's seed, with its pins in force.
    ///
    /// # Panics
    ///
    /// If the seed is above 2^63 - 1.
    pub fn with_tape(tape: Tape) -> Self {
        let mut choices = Self::new(tape.seed);
        if !tape.pins.is_empty() {
            choices.observer = Some(Arc::new(Observer::new(tape.pins, false)));
        }
        choices
    }

    /// As `with_tape`, and remembers every draw, for `asked`. Slow: for shrinking and for
    /// explaining, not for sweeps.
    ///
    /// # Panics
    ///
    /// If the seed is above 2^63 - 1.
    pub fn recording(tape: Tape) -> Self {
        let mut choices = Self::new(tape.seed);
        choices.observer = Some(Arc::new(Observer::new(tape.pins, true)));
        choices
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The stream of draws that decide `kind` for `whom`. Its name on a tape is `kind/whom`.
    pub fn stream(&self, kind: &str, whom: impl fmt::Display) -> Stream {
        let mut hash = NameHash::new(&self.base);
        hash.text(kind);
        hash.text("/");
        write!(hash, "{whom}").expect("hashing a name cannot fail");
        let watch =
            self.observer.as_ref().and_then(|observer| observer.watch(&format!("{kind}/{whom}")));
        Stream { key: hash.key(), watch }
    }

    /// The streams whose names begin alike: what they share is hashed once.
    pub fn family(&self, kind: &str, whom: impl fmt::Display) -> Family {
        let mut hash = NameHash::new(&self.base);
        hash.text(kind);
        hash.text("/");
        write!(hash, "{whom}").expect("hashing a name cannot fail");
        let observer = self.observer.clone().map(|observer| (observer, format!("{kind}/{whom}")));
        Family { hash, observer }
    }

    /// The stream of draws that decide `kind` for whom the words name: cheaper than a text. Its
    /// name on a tape is `kind:` and the words, with dots between them.
    pub fn stream_u64(&self, kind: &'static str, words: &[u64]) -> Stream {
        let mut hash = NameHash::new(&self.base);
        hash.text(kind);
        hash.text(":");
        hash.words(words);
        let watch = self.observer.as_ref().and_then(|observer| {
            let words: Vec<String> = words.iter().map(u64::to_string).collect();
            observer.watch(&format!("{kind}:{}", words.join(".")))
        });
        Stream { key: hash.key(), watch }
    }

    /// Names of the pins that no draw of these choices, or of a clone, has asked for.
    pub fn unasked_pins(&self) -> Vec<String> {
        self.observer.as_ref().map_or_else(Vec::new, |observer| observer.unasked_pins())
    }

    /// A tape that pins every draw made so far to its value, if these choices are `recording`.
    pub fn asked(&self) -> Tape {
        let pins =
            self.observer.as_ref().map_or_else(Default::default, |observer| observer.asked());
        Tape { seed: self.seed, pins }
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

impl fmt::Display for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
        }
    }
}

/// Streams whose names begin alike. Making one of them costs no formatting.
#[derive(Clone, Debug)]
pub struct Family {
    hash: NameHash,
    /// Who looks, and how the names begin.
    observer: Option<(Arc<Observer>, String)>,
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
        let watch = self.observer.as_ref().and_then(|(observer, start)| {
            let rest: String = pieces.iter().map(Piece::to_string).collect();
            observer.watch(&format!("{start}{rest}"))
        });
        Stream { key: hash.key(), watch }
    }
}

/// The draws that decide one kind of thing for one party. Two words: keep it with the party.
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
    watch: Option<Arc<Watch>>,
}

impl Stream {
    /// The draw at `index`: every `u64` is as likely as any other.
    #[inline]
    pub fn draw(&self, index: u64) -> u64 {
        self.settle(index, 0, u64::MAX, squares64(self.key, index))
    }

    /// A number below `n`. Bias: at most `n` / 2^64, which no run can notice.
    ///
    /// # Panics
    ///
    /// If `n` is zero: there is no number below it.
    #[inline]
    pub fn below(&self, index: u64, n: u64) -> u64 {
        assert!(n > 0, "a draw below zero");
        self.settle(index, 0, n - 1, scale(squares64(self.key, index), n))
    }

    /// A number from `low` to `high`, both included.
    ///
    /// # Panics
    ///
    /// If `low` is above `high`.
    #[inline]
    pub fn within(&self, index: u64, low: u64, high: u64) -> u64 {
        assert!(low <= high, "a draw within {low} to {high}");
        let draw = squares64(self.key, index);
        let drawn = match (high - low).checked_add(1) {
            Some(width) => low + scale(draw, width),
            None => draw,
        };
        self.settle(index, low, high, drawn)
    }

    /// True `numerator` times in `denominator`. A pin of 0 says no, of 1 yes.
    ///
    /// # Panics
    ///
    /// If the denominator is zero.
    #[inline]
    pub fn chance(&self, index: u64, numerator: u64, denominator: u64) -> bool {
        assert!(denominator > 0, "a chance of {numerator} in none");
        let drawn = scale(squares64(self.key, index), denominator) < numerator;
        self.settle(index, 0, 1, u64::from(drawn)) == 1
    }

    /// A span from `low` to `high`, both included; a pin of it is in nanoseconds.
    ///
    /// # Panics
    ///
    /// If `low` is above `high`.
    #[inline]
    pub fn span(&self, index: u64, low: SimTime, high: SimTime) -> SimTime {
        SimTime::from_nanos(self.within(index, low.nanos(), high.nanos()))
    }

    /// What was drawn, unless a pin says otherwise.
    #[inline]
    fn settle(&self, index: u64, low: u64, high: u64, drawn: u64) -> u64 {
        match &self.watch {
            None => drawn,
            Some(watch) => watch.settle(index, low, high, drawn),
        }
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
