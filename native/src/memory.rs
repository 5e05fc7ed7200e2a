//! Remembers the texts that were made of strings, so that equal ones are one and the same Python object.
//!
//! That spares making them, and spares Python hashing them and comparing them character by character.

use memchr::memchr;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::quotes::code_unit;

/// Strings of more bytes than this are made anew each time.
const LONGEST: usize = 384;

/// Strings that are remembered at once; a new one takes the place of another.
const PLACES: usize = 1 << 14;

struct Known {
    hash: u64,
    raw: Box<[u8]>,
    text: Py<PyString>,
}

/// Texts by the bytes between the quotes of strings.
///
/// Args:
///     portable: whether to do without what only some processors have, as all others have to.
#[pyclass]
pub struct Memory {
    known: Vec<Option<Known>>,
    /// The places of a record's quotes; room that is used again.
    pub quotes: Vec<u32>,
    pub portable: bool,
}

#[pymethods]
impl Memory {
    #[new]
    #[pyo3(signature = (portable=false))]
    fn new(portable: bool) -> Self {
        Memory { known: (0..PLACES).map(|_| None).collect(), quotes: Vec::new(), portable }
    }
}

impl Memory {
    /// Returns the text of a string that `quotes::index` found to be sound, in UTF-8.
    ///
    /// Says too whether it was known. `None` only where the bytes are not such a string after all.
    #[inline]
    pub fn text(&mut self, py: Python<'_>, raw: &[u8], remember: bool) -> Option<(Py<PyString>, bool)> {
        if !remember || raw.len() > LONGEST {
            return Some((made(py, raw)?, false));
        }
        let hash = hash(raw);
        let place = &mut self.known[(hash >> 44) as usize & (PLACES - 1)];
        if let Some(known) = place {
            if known.hash == hash && *known.raw == *raw {
                return Some((known.text.clone_ref(py), true));
            }
        }
        let text = made(py, raw)?;
        *place = Some(Known { hash, raw: raw.into(), text: text.clone_ref(py) });
        Some((text, false))
    }
}

/// A hash that is only to be fast: what it finds is compared byte by byte.
#[inline]
fn hash(raw: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut sum = raw.len() as u64;
    let mut words = raw.chunks_exact(8);
    for word in &mut words {
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
        sum = (sum.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
    let mut last = [0; 8];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    sum = (sum.rotate_left(23) ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    (sum ^ sum >> 32).wrapping_mul(FACTOR)
}

fn made(py: Python<'_>, raw: &[u8]) -> Option<Py<PyString>> {
    if memchr(b'\\', raw).is_some() {
        Some(PyString::new(py, &unescaped(raw)?).unbind())
    } else {
        Some(PyString::new(py, std::str::from_utf8(raw).ok()?).unbind())
    }
}

/// Returns a string without its escapes, none of which is half a surrogate pair.
pub fn unescaped(raw: &[u8]) -> Option<String> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..at]);
        let mut taken = 2;
        match rest.get(at + 1)? {
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => {
                let character = char::from_u32(code_unit(rest.get(at + 2..at + 6)?)?)?;
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                taken = 6;
            }
            other => text.push(*other),
        }
        rest = &rest[at + taken..];
    }
    text.extend_from_slice(rest);
    String::from_utf8(text).ok()
}
