//! A hash map with a fixed hash: fast, and the same on every run.
//!
//! Its iteration order differs between processors, so whoever exports it sorts.

use std::hash::{BuildHasherDefault, Hasher};

/// A map whose hash depends on nothing but the key. Sort what you take out of it.
pub type FixedMap<K, V> = hashbrown::HashMap<K, V, BuildHasherDefault<FixedHasher>>;

/// Multiply and fold, a word at a time.
#[derive(Clone, Copy, Default, Debug)]
pub struct FixedHasher(u64);

impl FixedHasher {
    #[inline]
    fn fold(&mut self, word: u64) {
        let product =
            u128::from(self.0 ^ word ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93_u128;
        #[expect(clippy::as_conversions, reason = "folds both halves of the product")]
        let folded = (product as u64) ^ ((product >> 64) as u64);
        self.0 = folded;
    }
}

impl Hasher for FixedHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.fold(u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.fold(u64::from_le_bytes(word));
        }
    }
    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.fold(number.into());
    }
    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.fold(number.into());
    }
    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.fold(number);
    }
    #[inline]
    fn write_i64(&mut self, number: i64) {
        self.fold(u64::from_le_bytes(number.to_le_bytes()));
    }
    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.fold(u64::try_from(number).expect("usize fits in 64 bits"));
    }
    #[inline]
    fn write_isize(&mut self, number: isize) {
        self.fold(u64::from_le_bytes(
            i64::try_from(number).expect("isize fits in 64 bits").to_le_bytes(),
        ));
    }
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
