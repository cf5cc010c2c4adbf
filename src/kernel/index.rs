//! From a number to a place in a table.

/// The place in a table that a number of 32 bits is: no machine that this runs on has fewer in a `usize`.
#[inline]
#[expect(clippy::as_conversions, reason = "a widening conversion that must inline")]
pub const fn to_index(number: u32) -> usize {
    number as usize
}
