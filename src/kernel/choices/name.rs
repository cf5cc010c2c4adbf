//! The key of a stream: a hash of its name under the words of the seed.
//!
//! A name is hashed as the text it is, eight bytes at a time, however many pieces it is written
//! in; nothing is allocated.

use std::fmt;

/// As many as fit in a word of text.
const EIGHT_DIGITS: u64 = 100_000_000;

/// Hashes one name.
#[derive(Clone, Debug)]
pub(super) struct NameHash {
    state: u64,
    base: [u64; 4],
    /// Up to seven bytes of text not hashed yet, the first lowest.
    rest: u64,
    rest_bits: u32,
    length: u64,
}

impl NameHash {
    pub(super) fn new(base: &[u64; 4]) -> Self {
        Self { state: base[0], base: *base, rest: 0, rest_bits: 0, length: 0 }
    }

    /// More of the name.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        for bytes in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            let bits = u32::try_from(bytes.len() * 8).expect("a chunk has eight bytes at most");
            self.bits(u64::from_le_bytes(word), bits);
        }
    }

    /// More of the name: a number in decimal.
    #[inline]
    pub(super) fn decimal(&mut self, number: u64) {
        let (higher, mut lower) = (number / EIGHT_DIGITS, number % EIGHT_DIGITS);
        if higher > 0 {
            self.decimal(higher);
        }
        let (mut word, mut bits) = (0, 0);
        while lower > 0 || bits == 0 || (higher > 0 && bits < u64::BITS) {
            word = word << 8 | (u64::from(b'0') + lower % 10);
            bits += u8::BITS;
            lower /= 10;
        }
        self.bits(word, bits);
    }

    /// The key: odd, as the generator asks.
    #[inline]
    pub(super) fn key(mut self) -> u64 {
        self.fold(self.rest);
        let length = self.length ^ u64::from(self.rest_bits);
        let mixed = multiply_fold(self.state ^ self.base[2], length ^ self.base[3]);
        // A last round of its own, so that two names that differ little have keys that do not.
        multiply_fold(mixed ^ self.base[1], 0x9E37_79B9_7F4A_7C15) | 1
    }

    /// Appends the lowest `bits` of `word`, above which it is zero.
    #[inline]
    fn bits(&mut self, word: u64, bits: u32) {
        self.length += u64::from(bits) << 8;
        self.rest |= word << self.rest_bits;
        let filled = self.rest_bits + bits;
        if filled < u64::BITS {
            self.rest_bits = filled;
            return;
        }
        self.fold(self.rest);
        self.rest = word.checked_shr(u64::BITS - self.rest_bits).unwrap_or(0);
        self.rest_bits = filled - u64::BITS;
    }

    #[inline]
    fn fold(&mut self, word: u64) {
        self.state = multiply_fold(self.state ^ word, self.base[1] | 1).rotate_left(29) ^ word;
    }
}

impl fmt::Write for NameHash {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// The widening product of two words, folded to one.
#[inline]
#[expect(clippy::as_conversions, reason = "splitting 128 bits into twice 64 loses nothing")]
fn multiply_fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
