//! Hashes and comparisons of short strings of bytes, which are most.

use std::convert::TryInto;
use std::hash::{BuildHasherDefault, Hasher};

/// A hash that is only to be fast: what it finds is compared byte by byte.
#[inline(always)]
pub fn hash(bytes: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut sum = bytes.len() as u64 + (seed << 32);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        sum = (sum.rotate_left(23) ^ eight(word)).wrapping_mul(FACTOR);
    }
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    sum = (sum.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    (sum ^ sum >> 32).wrapping_mul(FACTOR) >> 32
}

/// Says whether two are equal; without a call where they are short.
#[inline(always)]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    let length = one.len();
    if length != other.len() {
        return false;
    }
    match length {
        0 => true,
        1..=3 => {
            let [middle, last] = [length / 2, length - 1];
            one[0] == other[0] && one[middle] == other[middle] && one[last] == other[last]
        }
        4..=7 => four(one) == four(other) && four(&one[length - 4..]) == four(&other[length - 4..]),
        8..=64 => {
            let mut at = 0;
            while at + 8 < length {
                if eight(&one[at..]) != eight(&other[at..]) {
                    return false;
                }
                at += 8;
            }
            eight(&one[length - 8..]) == eight(&other[length - 8..])
        }
        _ => one == other,
    }
}

#[inline(always)]
fn four(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().unwrap_or_default())
}

#[inline(always)]
fn eight(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default())
}

/// Hashes bytes in maps of which nobody chooses the keys to do harm: they are bounded in number.
pub type Fast = BuildHasherDefault<FastHasher>;

#[derive(Default)]
pub struct FastHasher(u64);

impl Hasher for FastHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes, self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    #[inline]
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
