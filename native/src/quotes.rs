//! Where the strings of a JSON text begin and end, found 64 bytes at a time.
//!
//! The way to tell escaped quotes from others without looking at each byte is that of Langdale and Lemire,
//! "Parsing Gigabytes of JSON per Second" (2019), section 3.1.

const EVEN: u64 = 0x5555_5555_5555_5555;

/// Which of 64 bytes are a quote, a backslash, a control character, not ASCII.
struct Masks {
    quote: u64,
    backslash: u64,
    control: u64,
    high: u64,
}

/// What is known of a text.
pub struct Index {
    /// How many quotes it has that are not escaped.
    pub quotes: usize,
    pub is_ascii: bool,
}

/// Puts the places of all quotes that are not escaped into `found`, which grows as is needed.
///
/// Returns `None` where a string is not as JSON wants it or holds half a surrogate pair, or one is not closed.
/// What stands outside of strings is not judged.
///
/// If it is to be portable, it does without what only some processors have.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub fn index(text: &[u8], found: &mut Vec<u32>, portable: bool) -> Option<Index> {
    #[cfg(target_arch = "x86_64")]
    if !portable && std::is_x86_feature_detected!("avx2") && has_bits() {
        // SAFETY: the processor has AVX2, and what counts and finds bits.
        return unsafe { x86_64::index(text, found) };
    }
    index_by(text, found, masks)
}

#[cfg(target_arch = "x86_64")]
fn has_bits() -> bool {
    std::is_x86_feature_detected!("bmi1") && std::is_x86_feature_detected!("popcnt")
}

#[inline(always)]
fn index_by(text: &[u8], found: &mut Vec<u32>, masks: impl Fn(&[u8; 64]) -> Masks) -> Option<Index> {
    if text.len() > u32::MAX as usize {
        return None;
    }
    let mut walk = Walk::default();
    let mut blocks = text.chunks_exact(64);
    let mut start = 0;
    for block in &mut blocks {
        walk.step(text, start, masks(block.try_into().ok()?), found)?;
        start += 64;
    }
    let rest = blocks.remainder();
    if !rest.is_empty() {
        let mut block = [b' '; 64];
        block[..rest.len()].copy_from_slice(rest);
        walk.step(text, start, masks(&block), found)?;
    }
    (walk.count % 2 == 0).then_some(Index { quotes: walk.count, is_ascii: walk.high == 0 })
}

/// What is carried from block to block.
#[derive(Default)]
struct Walk {
    /// Quotes found.
    count: usize,
    escapes: bool,
    high: u64,
}

impl Walk {
    #[inline(always)]
    fn step(&mut self, text: &[u8], start: usize, masks: Masks, found: &mut Vec<u32>) -> Option<()> {
        self.high |= masks.high;
        let mut quotes = masks.quote;
        if masks.backslash != 0 || self.escapes {
            let escaped = self.escaped(masks.backslash);
            quotes &= !escaped;
            let mut odd = escaped & !(masks.quote | masks.backslash);
            while odd != 0 {
                let place = start + odd.trailing_zeros() as usize;
                if !is_simple(*text.get(place)?) {
                    check_code_unit(text, place)?;
                }
                odd &= odd - 1;
            }
        }
        if masks.control != 0 {
            let before = if self.count % 2 == 1 { u64::MAX } else { 0 };
            if masks.control & (prefix_xor(quotes) ^ before) != 0 {
                return None;
            }
        }
        if found.len() < self.count + 64 {
            found.resize(2 * self.count + 64, 0);
        }
        let mut room = found[self.count..].iter_mut();
        self.count += quotes.count_ones() as usize;
        while quotes != 0 {
            *room.next()? = (start + quotes.trailing_zeros() as usize) as u32;
            quotes &= quotes - 1;
        }
        Some(())
    }

    /// Returns which bytes stand behind a backslash that is not itself escaped.
    #[inline(always)]
    fn escaped(&mut self, backslash: u64) -> u64 {
        let carried = u64::from(self.escapes);
        let backslash = backslash & !carried;
        let follows = backslash << 1 | carried;
        let odd_starts = backslash & !EVEN & !follows;
        let (even_ends, overflow) = odd_starts.overflowing_add(backslash);
        self.escapes = overflow;
        (EVEN ^ (even_ends << 1)) & follows
    }
}

/// Returns of each bit whether an odd number of bits is set up to and with it.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

/// Says whether a byte may stand behind a backslash, beside quotes, backslashes and `u`.
#[inline(always)]
fn is_simple(byte: u8) -> bool {
    const SIMPLE: u64 =
        1 << (b'b' - 64) | 1 << (b'f' - 64) | 1 << (b'n' - 64) | 1 << (b'r' - 64) | 1 << (b't' - 64);
    byte == b'/' || (byte.wrapping_sub(64) < 64 && SIMPLE >> (byte - 64) & 1 == 1)
}

/// Accepts `u` and four digits, but for half a surrogate pair.
#[cold]
fn check_code_unit(text: &[u8], place: usize) -> Option<()> {
    let unit = code_unit(text.get(place + 1..place + 5)?)?;
    (text[place] == b'u' && !(0xD800..0xE000).contains(&unit)).then_some(())
}

/// Returns what four hexadecimal digits say.
pub fn code_unit(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
}

fn masks(block: &[u8; 64]) -> Masks {
    let mut found = Masks { quote: 0, backslash: 0, control: 0, high: 0 };
    for (place, byte) in block.iter().enumerate() {
        found.quote |= u64::from(*byte == b'"') << place;
        found.backslash |= u64::from(*byte == b'\\') << place;
        found.control |= u64::from(*byte < 0x20) << place;
        found.high |= u64::from(*byte >= 0x80) << place;
    }
    found
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use std::arch::x86_64::{
        __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
        _mm256_set1_epi8,
    };

    use super::{index_by, Index, Masks};

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub unsafe fn index(text: &[u8], found: &mut Vec<u32>) -> Option<Index> {
        index_by(text, found, |block| masks(block))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn masks(block: &[u8; 64]) -> Masks {
        let first = block.as_ptr().cast::<__m256i>();
        // SAFETY: both loads are within the 64 bytes.
        let (low, high) = (_mm256_loadu_si256(first), _mm256_loadu_si256(first.add(1)));
        Masks {
            quote: equal(low, high, b'"'),
            backslash: equal(low, high, b'\\'),
            control: control(low, high),
            high: bits(low, high),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn equal(low: __m256i, high: __m256i, byte: u8) -> u64 {
        let wanted = _mm256_set1_epi8(byte as i8);
        bits(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn control(low: __m256i, high: __m256i) -> u64 {
        let last = _mm256_set1_epi8(0x1F);
        let is_control = |bytes| _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last), bytes);
        bits(is_control(low), is_control(high))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn bits(low: __m256i, high: __m256i) -> u64 {
        u64::from(_mm256_movemask_epi8(low) as u32) | u64::from(_mm256_movemask_epi8(high) as u32) << 32
    }
}
