//! Times as nearly all records have them; where one is written in another way, Python has to look.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::bytes::Fast;
use crate::codes::Column;

/// Characters of a time up to the minutes.
const MINUTE: usize = 16;

/// Characters of a time up to the seconds.
const SECOND: usize = 19;

/// Returns a column of times with those of another in the place of empty texts; nothing where one of these
/// is not as ISO 8601 writes it, with a `T` and an offset, such as `2020-10-21T07:33:17.123Z`.
///
/// Args:
///     found: the column, of texts.
///     column: the other; None stands for no time.
#[pyfunction]
pub fn filled<'py>(
    py: Python<'py>,
    found: Bound<'py, PyList>,
    column: Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let column = Column::of(column, found.len())?;
    let mut every = Vec::with_capacity(found.len());
    for (row, known) in found.iter().enumerate() {
        let value = column.at(row)?;
        if known.is_truthy()? || value.is_none() {
            every.push(known);
            continue;
        }
        match text_of(&value) {
            Some(text) if is_offset(after_moment(text, b'T').unwrap_or_default()) => {
                every.push(value.to_owned())
            }
            _ => return Ok(None),
        }
    }
    PyList::new(py, every).map(Some)
}

/// Minutes that are remembered with their offsets before it starts anew.
const MOST: usize = 4_096;

/// Times of clocks with their offsets, as `with_zone` in `times.py` has them.
///
/// Args:
///     zone_of: returns the offset of a clock, given a moment up to the minute by it and in UTC.
#[pyclass]
pub struct Zones {
    zone_of: Py<PyAny>,
    known: HashMap<[u8; 2 * MINUTE], String, Fast>,
}

#[pymethods]
impl Zones {
    #[new]
    fn new(zone_of: Py<PyAny>) -> Self {
        Zones { zone_of, known: HashMap::default() }
    }

    /// Returns the times, an empty text where there is none; nothing where one of the moments is written in
    /// another way than is usual.
    ///
    /// Args:
    ///     count: of the rows.
    ///     local: times without an offset.
    ///     stamped: other moments by the same clocks; None for the time itself.
    ///     universal: these in UTC.
    fn column<'py>(
        &mut self,
        py: Python<'py>,
        count: usize,
        local: Bound<'py, PyAny>,
        stamped: Bound<'py, PyAny>,
        universal: Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyList>>> {
        let (local, stamped) = (Column::of(local, count)?, Column::of(stamped, count)?);
        let universal = Column::of(universal, count)?;
        let none = PyString::new(py, "");
        let mut every = Vec::with_capacity(count);
        for row in 0..count {
            let time = local.at(row)?.to_owned(); // as Python code runs before it is done with
            if time.is_none() {
                every.push(none.clone());
                continue;
            }
            let moment = stamped.at(row)?.to_owned();
            let moment = if moment.is_none() { time.clone() } else { moment };
            let universal = universal.at(row)?.to_owned();
            match self.zoned(py, &time, &moment, &universal)? {
                Some(time) => every.push(time),
                None => return Ok(None),
            }
        }
        PyList::new(py, every).map(Some)
    }
}

impl Zones {
    fn zoned<'py>(
        &mut self,
        py: Python<'py>,
        time: &Bound<'py, PyAny>,
        moment: &Bound<'py, PyAny>,
        universal: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let (time, moment, universal) = match (text_of(time), text_of(moment), text_of(universal)) {
            (Some(time), Some(moment), Some(universal)) if moment.len() >= MINUTE => {
                (time, moment, universal)
            }
            _ => return Ok(None),
        };
        if after_moment(time, b' ') != Some(b"") || after_moment(universal, b'T') != Some(b"Z") {
            return Ok(None);
        }
        let mut key = [0; 2 * MINUTE];
        key[..MINUTE].copy_from_slice(&moment[..MINUTE]);
        key[MINUTE..].copy_from_slice(&universal[..MINUTE]);
        if !self.known.contains_key(&key) {
            let minutes = std::str::from_utf8(&key)?.split_at(MINUTE);
            let zone = self.zone_of.bind(py).call1(minutes)?.extract()?;
            if self.known.len() >= MOST {
                self.known.clear();
            }
            self.known.insert(key, zone);
        }
        let mut text = Vec::with_capacity(time.len() + 6);
        for part in [&time[..10], b"T", &time[11..], self.known[&key].as_bytes()] {
            text.extend_from_slice(part);
        }
        Ok(Some(PyString::new(py, std::str::from_utf8(&text)?)))
    }
}

/// Returns the bytes of a text of ASCII characters.
fn text_of<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    let text = value.downcast_exact::<PyString>().ok()?.to_str().ok()?;
    text.is_ascii().then_some(text.as_bytes())
}

/// Returns what follows the seconds of a time and their fraction; `None` where it is no time.
///
/// Args:
///     between: what stands between the date and the time of day.
fn after_moment(text: &[u8], between: u8) -> Option<&[u8]> {
    let (moment, rest) = (text.get(..SECOND)?, &text[SECOND..]);
    let pattern = b"0000-00-00 00:00:00";
    for (found, wanted) in moment.iter().zip(pattern) {
        let fits = match wanted {
            b'0' => found.is_ascii_digit(),
            b' ' => *found == between,
            _ => found == wanted,
        };
        if !fits {
            return None;
        }
    }
    let two = |at: usize| u32::from(moment[at] - b'0') * 10 + u32::from(moment[at + 1] - b'0');
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let is_date = year >= 1 && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day);
    if !is_date || two(11) > 23 || two(14) > 59 || two(17) > 59 {
        return None;
    }
    if rest.first() != Some(&b'.') {
        return Some(rest);
    }
    let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=9).contains(&digits).then(|| &rest[1 + digits..])
}

fn is_offset(text: &[u8]) -> bool {
    match text {
        b"Z" => true,
        [b'+' | b'-', tens, ones, b':', minutes, digit] => {
            let digits = [tens, ones, minutes, digit];
            let is_hour = *tens < b'2' || (*tens == b'2' && *ones < b'4');
            digits.into_iter().all(u8::is_ascii_digit) && is_hour && *minutes < b'6'
        }
        _ => false,
    }
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
