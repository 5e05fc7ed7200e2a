//! The different values that stood under a key, each with a code: equal ones are one and the same object.
//!
//! So whatever is worked out of a value is worked out once, and found again by its code.

use memchr::memchr;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString};

use crate::bytes::{hash, same};
use crate::memory::Held;
use crate::quotes::code_unit;

/// Of what is missing or null.
pub const NONE: u32 = 0;

/// Values from which one starts anew.
const MOST: usize = 1 << 13;

/// Bytes of their texts from which it does.
const MOST_BYTES: usize = 1 << 20;

/// Values that one may have at least, however many others have.
const FEW: usize = 1 << 10;

/// Bytes that a value takes besides twice its text: the object, its places, and what is worked out of it.
const ROOM: usize = 150;

/// Places that are looked at for a value: more are only ever needed where somebody made values on purpose that
/// have the same hash. Records with such ones are left to Python, which has a hash that nobody can foresee.
const MOST_LOOKS: usize = 128;

/// How a value is written: what else than a text may be written the same way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text = 0,
    Number = 1,
    Truth = 2,
}

/// Where a value's code is found by its hash; `NONE` where there is none.
#[derive(Clone, Copy, Default)]
struct Place {
    hash: u32,
    code: u32,
}

pub struct Dictionary {
    places: Vec<Place>,
    kinds: Vec<Kind>,
    /// By code where its bytes end among those of all; they begin where those of the one before end.
    ends: Vec<u32>,
    raw: Vec<u8>,
    values: Py<PyList>,
    tables: Py<PyDict>,
    held: Held,
    bytes: usize,
}

impl Dictionary {
    pub fn new(py: Python<'_>, held: Held) -> PyResult<Self> {
        Ok(Dictionary {
            places: vec![Place::default(); 16],
            kinds: vec![Kind::Text],
            ends: vec![0],
            raw: Vec::new(),
            values: PyList::new(py, [py.None()])?.unbind(),
            tables: PyDict::new(py).unbind(),
            held,
            bytes: 0,
        })
    }

    /// Returns the values by code, and what is worked out of them.
    pub fn shared(&self, py: Python<'_>) -> (Py<PyList>, Py<PyDict>) {
        (self.values.clone_ref(py), self.tables.clone_ref(py))
    }

    /// Says whether it has so much that it is to be made anew.
    pub fn is_full(&self) -> bool {
        let count = self.ends.len();
        count > MOST || self.raw.len() > MOST_BYTES || (count > FEW && self.held.is_too_much())
    }

    /// Returns the code of a value, and whether it is known; `None` where the bytes are no such value, or too
    /// many have its hash.
    #[inline(always)]
    pub fn code(&mut self, py: Python<'_>, raw: &[u8], kind: Kind) -> Option<(u32, bool)> {
        let hash = hash(raw, kind as u64) as u32;
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        for _ in 0..MOST_LOOKS {
            let place = self.places[at];
            if place.code == NONE {
                return self.add(py, raw, kind, hash).map(|code| (code, false));
            }
            if place.hash == hash && self.is_at(place.code as usize, raw, kind) {
                return Some((place.code, true));
            }
            at = (at + 1) & mask;
        }
        None
    }

    #[inline(always)]
    fn is_at(&self, code: usize, raw: &[u8], kind: Kind) -> bool {
        let (start, end) = (self.ends[code - 1] as usize, self.ends[code] as usize);
        self.kinds[code] == kind && same(&self.raw[start..end], raw)
    }

    #[cold]
    fn add(&mut self, py: Python<'_>, raw: &[u8], kind: Kind, hash: u32) -> Option<u32> {
        let end = u32::try_from(self.raw.len() + raw.len()).ok()?;
        self.values.bind(py).append(made(py, raw, kind)?).ok()?;
        let code = self.ends.len() as u32;
        self.raw.extend_from_slice(raw);
        self.ends.push(end);
        self.kinds.push(kind);
        let bytes = 2 * raw.len() + ROOM;
        self.bytes += bytes;
        self.held.add(bytes);
        self.put(Place { hash, code });
        if 2 * self.ends.len() > self.places.len() {
            let grown = vec![Place::default(); 4 * self.places.len()];
            for place in std::mem::replace(&mut self.places, grown) {
                if place.code != NONE {
                    self.put(place);
                }
            }
        }
        Some(code)
    }

    fn put(&mut self, place: Place) {
        let mask = self.places.len() - 1;
        let mut at = place.hash as usize & mask;
        while self.places[at].code != NONE {
            at = (at + 1) & mask;
        }
        self.places[at] = place;
    }
}

impl Drop for Dictionary {
    fn drop(&mut self) {
        self.held.release(self.bytes);
    }
}

/// Returns a value; `None` where the bytes are not one, or one of which there is a doubt.
///
/// A text is what `quotes::index` found to be sound, in UTF-8.
pub fn made(py: Python<'_>, raw: &[u8], kind: Kind) -> Option<Py<PyAny>> {
    Some(match kind {
        Kind::Text if memchr(b'\\', raw).is_some() => PyString::new(py, &unescaped(raw)?).into_any().unbind(),
        Kind::Text => PyString::new(py, std::str::from_utf8(raw).ok()?).into_any().unbind(),
        Kind::Number => PyInt::new(py, whole_number(raw)?).into_any().unbind(),
        Kind::Truth => PyBool::new(py, raw == b"true").to_owned().into_any().unbind(),
    })
}

/// Returns a number without fraction or exponent, if it is one of 64 bits.
fn whole_number(raw: &[u8]) -> Option<i64> {
    let written = std::str::from_utf8(raw).ok()?;
    if written == "-0" {
        return None;
    }
    written.parse().ok()
}

/// Returns a string without its escapes, none of which is half a surrogate pair.
fn unescaped(raw: &[u8]) -> Option<String> {
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
