//! A digest of a run: what two equal runs agree on, and two different ones practically never.
//!
//! Two lanes of 64 bits, each folded by one widening multiplication a pair of words, about a
//! nanosecond an event. Depends on the order of what is folded, and on nothing of the machine.
//! Not a cryptographic hash: it finds bugs, not forgers.

mod facts;

pub use facts::aside;

use self::facts::Facts;
use serde::Serialize;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Where the lanes start and what keeps a zero word from wiping them out: the first four words of
/// the binary fraction of pi.
const PI: [u64; 4] =
    [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344, 0xA409_3822_299F_31D0, 0x082E_FA98_EC4E_6C89];

/// The digest of everything folded into it so far.
///
/// ```
/// use sandbar::simulation::Digest;
///
/// let mut digest = Digest::new();
/// digest.fold(1, 2);
/// assert_eq!(digest.to_string().len(), 32);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    lanes: [u64; 2],
}

impl Digest {
    /// The digest of nothing.
    pub const fn new() -> Self {
        Self { lanes: [PI[0], PI[1]] }
    }

    /// Folds in two words.
    #[inline]
    pub fn fold(&mut self, a: u64, b: u64) {
        self.fold4(a, b, b, a);
    }

    /// Folds in four words; as cheap as folding two.
    #[inline]
    pub fn fold4(&mut self, a: u64, b: u64, c: u64, d: u64) {
        let [left, right] = self.lanes;
        self.lanes = [multiply_fold(left ^ a, PI[2] ^ b), multiply_fold(right ^ c, PI[3] ^ d)];
    }

    /// Folds in bytes and how many they are, so that two lists in turn differ from one.
    pub fn fold_bytes(&mut self, bytes: &[u8]) {
        self.fold(length_word(bytes.len()), 1);
        let mut pairs = bytes.chunks_exact(16);
        for pair in &mut pairs {
            let (a, b) = pair.split_at(8);
            self.fold(little_endian(a), little_endian(b));
        }
        let rest = pairs.remainder();
        if !rest.is_empty() {
            let (a, b) = rest.split_at(rest.len().min(8));
            self.fold(little_endian(a), little_endian(b));
        }
    }

    /// Folds in a value of any type that can be hashed, alike on every machine.
    pub fn fold_value<T: Hash + ?Sized>(&mut self, value: &T) {
        let mut hasher = DigestHasher { digest: self };
        value.hash(&mut hasher);
    }

    /// Folds what a value says when it is serialized: the names of its fields, words and numbers. Their order does not count,
    /// nor does how types are nested, nor what is told `aside`.
    pub fn fold_facts<T: Serialize + ?Sized>(&mut self, value: &T) {
        let _whether_it_counts = value.serialize(Facts(self)).expect("plain data spell themselves");
    }

    /// The digest as a number.
    pub fn value(&self) -> u128 {
        // One more round, so that the last words reach every bit.
        let [left, right] = self.lanes;
        let high = multiply_fold(left ^ PI[1], right ^ PI[2]);
        let low = multiply_fold(left ^ PI[3], right.rotate_left(32) ^ PI[0]);
        u128::from(high ^ left) << 64 | u128::from(low ^ right)
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.value())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Lends a digest to `#[derive(Hash)]`, alike on every machine: every integer is widened to 64
/// bits (the discriminant of an enum is an `isize`), and nothing is read in the machine's order
/// of bytes. One exception is out of its hands: the standard library hashes slices and lists of
/// integers wider than a byte as the bytes they have in memory. Fold those one by one.
#[derive(Debug)]
struct DigestHasher<'a> {
    digest: &'a mut Digest,
}

/// Each number is one word, whatever its width.
macro_rules! words {
    ($($method:ident($number:ty) as $how:expr;)+) => {
        $(fn $method(&mut self, number: $number) {
            self.digest.fold($how(number), 0);
        })+
    };
}

impl Hasher for DigestHasher<'_> {
    words! {
        write_u8(u8) as u64::from;
        write_u16(u16) as u64::from;
        write_u32(u32) as u64::from;
        write_u64(u64) as u64::from;
        write_usize(usize) as length_word;
        write_i8(i8) as |number| i64::from(number).cast_unsigned();
        write_i16(i16) as |number| i64::from(number).cast_unsigned();
        write_i32(i32) as |number| i64::from(number).cast_unsigned();
        write_i64(i64) as i64::cast_unsigned;
    }
    fn write(&mut self, bytes: &[u8]) {
        self.digest.fold_bytes(bytes);
    }
    fn write_isize(&mut self, number: isize) {
        self.write_i64(i64::try_from(number).expect("isize has at most 64 bits"));
    }
    fn write_u128(&mut self, number: u128) {
        let [low, high] = halves(number);
        self.digest.fold(low, high);
    }
    fn write_i128(&mut self, number: i128) {
        self.write_u128(number.cast_unsigned());
    }
    /// The upper half of the digest so far.
    fn finish(&self) -> u64 {
        halves(self.digest.value())[1]
    }
}

/// The widening product of two words, folded to one.
#[inline]
fn multiply_fold(a: u64, b: u64) -> u64 {
    let [low, high] = halves(u128::from(a) * u128::from(b));
    low ^ high
}

/// The lower and the upper half.
#[inline]
#[expect(clippy::as_conversions, reason = "splitting 128 bits into twice 64 loses nothing")]
fn halves(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

/// A length as it is folded.
fn length_word(length: usize) -> u64 {
    u64::try_from(length).expect("usize has at most 64 bits")
}

/// At most eight bytes as a word, the first lowest.
fn little_endian(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn digest(words: &[(u64, u64)]) -> Digest {
        let mut digest = Digest::new();
        words.iter().for_each(|&(a, b)| digest.fold(a, b));
        digest
    }

    fn of<T: Hash + ?Sized>(value: &T) -> u128 {
        let mut digest = Digest::new();
        digest.fold_value(value);
        digest.value()
    }

    #[test]
    fn the_order_counts() {
        assert_ne!(digest(&[(1, 2), (3, 4)]), digest(&[(3, 4), (1, 2)]));
        assert_ne!(digest(&[(1, 2)]), digest(&[(2, 1)]));
        assert_ne!(digest(&[]), digest(&[(0, 0)]));
        assert_ne!(digest(&[(0, 0)]), digest(&[(0, 0), (0, 0)]));
    }

    #[test]
    fn one_bit_changes_half_of_the_digest() {
        let base = digest(&[(5, 6), (7, 8), (9, 10)]).value();
        let mut seen = BTreeSet::from([base]);
        for word in 0..6 {
            for bit in 0..64 {
                let mut words = [5, 6, 7, 8, 9, 10];
                words[word] ^= 1 << bit;
                let [a, b, c, d, e, f] = words;
                let changed = digest(&[(a, b), (c, d), (e, f)]).value();
                let differing = (base ^ changed).count_ones();
                assert!(
                    (34..=94).contains(&differing),
                    "word {word} bit {bit} changes {differing} bits of 128"
                );
                assert!(seen.insert(changed), "word {word} bit {bit} changes nothing of its own");
            }
        }
    }

    #[test]
    fn a_digest_never_changes_between_machines_and_releases() {
        assert_eq!(
            digest(&[(1, 2), (u64::MAX, 0)]).to_string(),
            "d478528a1d92e4954525afdad4e57b61"
        );
        let mut bytes = Digest::new();
        bytes.fold_bytes(b"a sandbar is a barrier in a stream");
        assert_eq!(bytes.to_string(), "b9b819d57a79f8d9118745817735303d");
        assert_eq!(
            of(&(Some("text"), 7_usize, -1_isize, [true, false])),
            0x5de9_28cb_bfee_f1d2_2f9b_f3b5_87c8_7bb5
        );
    }

    #[test]
    fn a_value_folds_alike_whatever_the_width_of_the_machine() {
        assert_eq!(of(&7_usize), of(&7_u64));
        assert_eq!(of(&-7_isize), of(&-7_i64));
        assert_ne!(of(&("ab", "c")), of(&("a", "bc")));
        assert_ne!(of(&[vec![1_u8], vec![]]), of(&[vec![], vec![1_u8]]));
        assert_ne!(of(&None::<u8>), of(&Some(0_u8)));
    }

    #[test]
    fn bytes_fold_with_their_length() {
        let of_bytes = |lists: &[&[u8]]| {
            let mut digest = Digest::new();
            lists.iter().for_each(|bytes| digest.fold_bytes(bytes));
            digest.value()
        };
        assert_ne!(of_bytes(&[b"ab", b"c"]), of_bytes(&[b"a", b"bc"]));
        assert_ne!(of_bytes(&[b"a"]), of_bytes(&[b"a\0"]));
        assert_ne!(of_bytes(&[b""]), of_bytes(&[]));
        assert_ne!(of_bytes(&[&[1; 16], &[2; 16]]), of_bytes(&[&[1; 32]]));
    }
}
