//! The counter-based generator Squares, in its 64-bit form.
//!
//! Bernard Widynski, "Squares: A Fast Counter-Based RNG", arXiv:2004.06278: five rounds of the
//! middle-square method over a Weyl sequence. The paper asks for keys of irregular bits, odd.

/// The `index`-th number under `key`.
#[inline]
pub(super) fn squares64(key: u64, index: u64) -> u64 {
    let y = index.wrapping_mul(key);
    let z = y.wrapping_add(key);
    let first = round(y, y);
    let second = round(first, z);
    let third = round(second, y);
    let fourth = square_plus(third, z);
    let fifth = square_plus(fourth.rotate_left(32), y);
    fourth ^ (fifth >> 32)
}

#[inline]
fn round(x: u64, addend: u64) -> u64 {
    square_plus(x, addend).rotate_left(32)
}

#[inline]
fn square_plus(x: u64, addend: u64) -> u64 {
    x.wrapping_mul(x).wrapping_add(addend)
}
