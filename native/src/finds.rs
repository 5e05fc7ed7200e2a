//! What is found in several texts that are looked at together.

use std::collections::HashMap;

use memchr::memchr;
use memchr::memmem::Finder;
use pyo3::exceptions::PyIndexError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::bytes::Fast;

/// Bytes of texts, and what is found in them, for which there is room from then on: more are rare.
const ROOM: usize = 1 << 16;

/// Collects numbers for texts, and gives each text what was made of the set of its numbers.
#[pyclass]
#[derive(Default)]
pub struct Finds {
    /// The texts, with a NUL before and behind each; between two there is one.
    joined: Vec<u8>,
    /// Where in them the NULs are.
    borders: Vec<usize>,
    /// What a scan told: where a literal ends, and its place among all.
    hits: Vec<(usize, usize)>,
    /// The places of texts with a number that each has.
    found: Vec<Found>,
    /// What was made of sets of numbers. Whoever has the rules can tell the hashes of these beforehand, as
    /// he can those of Python's sets.
    made: HashMap<Box<[i32]>, Py<PyAny>, Fast>,
}

#[pymethods]
impl Finds {
    #[new]
    fn new() -> Self {
        Finds::default()
    }

    /// Takes texts, of which nothing is found yet. Says whether they have ASCII characters but NUL only.
    fn begin(&mut self, texts: &Bound<'_, PyList>) -> bool {
        self.joined.clear();
        self.borders.clear();
        self.hits.clear();
        self.found.clear();
        for text in texts {
            let text = match text.downcast::<PyString>().ok().and_then(ascii) {
                Some(text) if memchr(0, text).is_none() => text,
                _ => return false,
            };
            self.end_text();
            self.joined.extend_from_slice(text);
        }
        self.end_text();
        true
    }

    #[getter]
    fn joined<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.joined)
    }

    /// Takes what Hyperscan tells of a place where a literal ends.
    fn take(
        &mut self,
        place: usize,
        _start: &Bound<'_, PyAny>,
        end: usize,
        _flags: &Bound<'_, PyAny>,
        _context: &Bound<'_, PyAny>,
    ) {
        self.hits.push((end, place));
    }

    /// Adds what a scan told.
    ///
    /// Args:
    ///     numbers: of the literals, by place.
    fn walk(&mut self, numbers: &Bound<'_, PyList>) -> PyResult<()> {
        let mut text = 0;
        for (end, place) in self.hits.drain(..) {
            // A text's literals end behind its first character, or behind the NUL that follows it.
            let is_in = |text: usize| self.borders[text] + 1 < end && end <= self.borders[text + 1] + 1;
            if text + 1 >= self.borders.len() || !is_in(text) {
                text = self.borders.partition_point(|border| border + 1 < end).wrapping_sub(1);
                if text >= self.borders.len().saturating_sub(1) {
                    text = 0;
                    continue;
                }
            }
            for number in numbers.get_item(place)?.downcast::<PyList>()? {
                self.found.push(found(text as u32, number.extract()?));
            }
        }
        Ok(())
    }

    /// Adds a number to the texts at some places.
    fn add(&mut self, number: i32, places: Vec<u32>) -> PyResult<()> {
        if places.iter().any(|place| *place as usize + 1 >= self.borders.len()) {
            return Err(PyIndexError::new_err("there are fewer texts"));
        }
        self.found.extend(places.into_iter().map(|place| found(place, number)));
        Ok(())
    }

    /// Adds the number of each need to the texts that have it.
    fn add_having(&mut self, needs: &Needs) {
        for (number, places) in self.having(needs) {
            self.found.extend(places.into_iter().map(|place| found(place, number)));
        }
    }

    /// Returns the numbers of the needs that any text has, each with the places of these texts, rising.
    fn having(&self, needs: &Needs) -> Vec<(i32, Vec<u32>)> {
        if needs.0.is_empty() {
            return Vec::new();
        }
        let folded = self.joined.to_ascii_lowercase();
        let each = needs.0.iter().map(|need| (need.number, need.places(&folded, &self.borders)));
        each.filter(|(_, places)| !places.is_empty()).collect()
    }

    /// Takes the negative numbers out; returns each with the places of its texts, rising.
    fn guards(&mut self) -> Vec<(i32, Vec<u32>)> {
        let mut guards: Vec<(i32, u32)> = Vec::new();
        self.found.retain(|found| {
            let is_guard = number_of(*found) < 0;
            if is_guard {
                guards.push((number_of(*found), place_of(*found)));
            }
            !is_guard
        });
        guards.sort_unstable();
        guards.dedup();
        let mut each: Vec<(i32, Vec<u32>)> = Vec::new();
        for (guard, place) in guards {
            match each.last_mut() {
                Some((last, places)) if *last == guard => places.push(place),
                _ => each.push((guard, vec![place])),
            }
        }
        each
    }

    /// Returns what is made of the set of numbers of each text, and ends with these texts.
    ///
    /// Args:
    ///     make: makes it of a list of numbers; called for sets that are new.
    fn made<'py>(&mut self, make: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = make.py();
        self.found.sort_unstable();
        self.found.dedup();
        let mut found = self.found.iter().copied().peekable();
        let mut each = Vec::with_capacity(self.borders.len());
        let mut numbers: Vec<i32> = Vec::new();
        for place in 1..self.borders.len() as u32 {
            numbers.clear();
            while let Some(one) = found.next_if(|found| place_of(*found) < place) {
                numbers.push(number_of(one));
            }
            each.push(match self.made.get(numbers.as_slice()) {
                Some(made) => made.clone_ref(py),
                None => {
                    let made = make.call1((PyList::new(py, &numbers)?,))?.unbind();
                    self.made.insert(numbers.as_slice().into(), made.clone_ref(py));
                    made
                }
            });
        }
        self.borders.clear();
        self.joined.clear();
        self.joined.shrink_to(ROOM);
        self.found.clear();
        self.found.shrink_to(ROOM / std::mem::size_of::<Found>());
        self.hits.shrink_to(ROOM / std::mem::size_of::<(usize, usize)>());
        PyList::new(py, each)
    }

    /// Makes everything anew from now on.
    fn forget(&mut self) {
        self.made.clear();
    }
}

/// Returns the bytes of a text of ASCII characters; of others Python would keep a copy in UTF-8.
fn ascii<'a>(text: &'a Bound<'_, PyString>) -> Option<&'a [u8]> {
    // SAFETY: it is a text.
    let is_ascii = unsafe { ffi::PyUnicode_IS_ASCII(text.as_ptr()) } != 0;
    is_ascii.then(|| text.to_str().map(str::as_bytes).ok()).flatten()
}

impl Finds {
    fn end_text(&mut self) {
        self.borders.push(self.joined.len());
        self.joined.push(0);
    }
}

/// The place of a text with a number; they are sorted by their places.
type Found = u64;

fn found(place: u32, number: i32) -> Found {
    u64::from(place) << 32 | u64::from(number as u32)
}

fn place_of(found: Found) -> u32 {
    (found >> 32) as u32
}

fn number_of(found: Found) -> i32 {
    found as i32
}

/// What texts need to have, each by a number.
///
/// Args:
///     needs: of each its number, bytes in small letters of which a text with a NUL on either side has some
///         (any text if there are none), and how many characters it has at least.
#[pyclass(frozen)]
pub struct Needs(Vec<Need>);

struct Need {
    number: i32,
    any_of: Vec<Finder<'static>>,
    least: usize,
}

#[pymethods]
impl Needs {
    #[new]
    fn new(needs: Vec<(i32, Vec<Vec<u8>>, usize)>) -> Self {
        let needs = needs.into_iter().map(|(number, any_of, least)| {
            let any_of = any_of.iter().map(|bytes| Finder::new(bytes).into_owned()).collect();
            Need { number, any_of, least }
        });
        Needs(needs.collect())
    }
}

impl Need {
    /// Returns the places of the texts that have it, rising.
    fn places(&self, folded: &[u8], borders: &[usize]) -> Vec<u32> {
        let count = borders.len().saturating_sub(1);
        let mut places = Vec::new();
        if self.any_of.is_empty() {
            places.extend(0..count as u32);
        }
        for finder in &self.any_of {
            let mut from = 0;
            let mut place = 0;
            while let Some(at) = finder.find(&folded[from..]) {
                let at = from + at;
                while place < count && borders[place + 1] <= at {
                    place += 1;
                }
                if place >= count {
                    break;
                }
                if at + finder.needle().len() > borders[place + 1] + 1 {
                    from = at + 1; // it is of two texts
                    continue;
                }
                places.push(place as u32);
                place += 1;
                from = borders[place];
            }
        }
        if self.any_of.len() > 1 {
            places.sort_unstable();
            places.dedup();
        }
        if self.least > 0 {
            let length = |place: usize| borders[place + 1] - borders[place] - 1;
            places.retain(|place| length(*place as usize) >= self.least);
        }
        places
    }
}
