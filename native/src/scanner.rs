//! Takes from records of one type what is asked for, column by column.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PyList, PyString};

use crate::cursor::Cursor;
use crate::keys::{Keys, NO_SLOT, START};
use crate::memory::Memory;
use crate::quotes::index;

// What may stand under a key; where it is nothing of it, the key must not be there.
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const BOOLEAN: u8 = 4;
const NULL: u8 = 8;
const REQUIRED: u8 = 16;

/// Values of a column after which it is decided whether they are worth remembering.
const TRIED: u32 = 1_000;

/// Of so many values at least one must have been known.
const WORTH: u32 = 3;

/// Values that are then made anew, one and all, before it is tried again.
const PAUSE: u32 = 20_000;

/// How deeply objects and arrays are followed at most, whatever the limit: each level takes room on the stack.
const DEEPEST: usize = 1_000;

/// Records of one type.
///
/// Args:
///     names: keys of objects, all different.
///     may_be: for each what may stand there, as a sum of TEXT, NUMBER, BOOLEAN, NULL and REQUIRED.
///     only: for each the values of which it must be one; an empty list where it may be any.
///     closed: whether an object with other keys is of another type.
///     limits: on what a record may be: bytes up to which it is within all limits but for the depth; bytes;
///         values; values times bytes; depth of objects and arrays.
#[pyclass]
pub struct Scanner {
    keys: Keys,
    slots: Vec<Slot>,
    /// The slots in which something else than null may stand.
    standing: Vec<usize>,
    closed: bool,
    limits: Limits,
    // What is used for record after record:
    values: Vec<Option<Py<PyAny>>>,
    seen: Vec<bool>,
}

/// Values of a batch; `None` where all of them are null or missing.
type Column<'py> = Option<Bound<'py, PyList>>;

/// What stands under a key.
struct Slot {
    may_be: u8,
    only: Vec<Py<PyAny>>,
    /// The one of these that was found last.
    last: Option<Py<PyAny>>,
    looked: u32,
    known: u32,
    pause: u32,
}

struct Limits {
    small: usize,
    bytes: usize,
    values: usize,
    product: usize,
    depth: usize,
}

#[pymethods]
impl Scanner {
    #[new]
    fn new(
        names: Vec<String>,
        may_be: &[u8],
        only: Vec<Vec<Py<PyAny>>>,
        closed: bool,
        limits: (usize, usize, usize, usize, usize),
    ) -> PyResult<Self> {
        let count = names.len();
        if may_be.len() != count || only.len() != count {
            return Err(PyValueError::new_err("names, may_be and only differ in length"));
        }
        let standing = (0..count).filter(|slot| may_be[*slot] & (TEXT | NUMBER | BOOLEAN) != 0).collect();
        let slot = |(may_be, only)| Slot { may_be, only, last: None, looked: 0, known: 0, pause: 0 };
        let (small, bytes, values, product, depth) = limits;
        Ok(Scanner {
            keys: Keys::new(&names),
            slots: may_be.iter().copied().zip(only).map(slot).collect(),
            standing,
            closed,
            limits: Limits { small, bytes, values, product, depth: depth.min(DEEPEST) },
            values: (0..count).map(|_| None).collect(),
            seen: vec![false; count],
        })
    }

    /// Returns for each key under which more than null may stand the column of its values, None where all
    /// of them are null or missing; and the rows of records that are not of this type or leave a doubt.
    ///
    /// Args:
    ///     memory: of texts.
    ///     records: of the batch.
    ///     rows: of the records that are to be looked at.
    fn scan<'py>(
        &mut self,
        py: Python<'py>,
        memory: &mut Memory,
        records: &Bound<'py, PyList>,
        rows: Vec<usize>,
    ) -> PyResult<(Vec<Column<'py>>, Vec<usize>)> {
        let mut columns: Vec<Vec<Option<Py<PyAny>>>> =
            self.standing.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        let mut wrong = Vec::new();
        for row in rows {
            let record = records.get_item(row)?;
            if self.record(py, memory, record.downcast::<PyBytes>()?.as_bytes()).is_some() {
                for (column, slot) in columns.iter_mut().zip(&self.standing) {
                    column.push(self.values[*slot].take());
                }
            } else {
                wrong.push(row);
                self.values.iter_mut().for_each(|value| *value = None);
            }
        }
        let columns = columns.into_iter().map(|column| listed(py, column)).collect::<PyResult<_>>()?;
        Ok((columns, wrong))
    }
}

fn listed(py: Python<'_>, column: Vec<Option<Py<PyAny>>>) -> PyResult<Column<'_>> {
    if column.iter().all(Option::is_none) {
        return Ok(None);
    }
    PyList::new(py, column).map(Some)
}

impl Scanner {
    /// Puts what a record says into `values`; `None` if it is not of this type, or leaves a doubt.
    fn record(&mut self, py: Python<'_>, memory: &mut Memory, text: &[u8]) -> Option<()> {
        self.limits.check(text)?;
        let mut quotes = std::mem::take(&mut memory.quotes);
        let taken = match index(text, &mut quotes, memory.portable) {
            Some(ascii) if ascii || std::str::from_utf8(text).is_ok() => {
                self.object(py, memory, &mut Cursor::new(text, &quotes))
            }
            _ => None,
        };
        memory.quotes = quotes;
        taken
    }

    fn object(&mut self, py: Python<'_>, memory: &mut Memory, cursor: &mut Cursor<'_>) -> Option<()> {
        self.seen.iter_mut().for_each(|seen| *seen = false);
        let depth = self.limits.depth.checked_sub(1)?;
        let mut before = START;
        let mut more = cursor.open(b'{', b'}')?;
        while more {
            let name = cursor.string()?;
            let (slot, place) = self.keys.find(before, name)?;
            before = place;
            cursor.expect(b':')?;
            cursor.blanks();
            if slot != NO_SLOT {
                self.member(py, memory, cursor, slot)?;
            } else if self.closed {
                return None;
            } else {
                cursor.skip(depth)?;
            }
            more = cursor.goes_on(b'}')?;
        }
        cursor.end()?;
        let mut slots = self.slots.iter().zip(&self.seen);
        slots.all(|(slot, seen)| *seen || slot.may_be & REQUIRED == 0).then_some(())
    }

    /// Puts the value at the cursor into a slot.
    #[inline]
    fn member(
        &mut self,
        py: Python<'_>,
        memory: &mut Memory,
        cursor: &mut Cursor<'_>,
        slot: usize,
    ) -> Option<()> {
        if std::mem::replace(&mut self.seen[slot], true) {
            return None; // of two with one key the last counts: that is left to Python
        }
        self.values[slot] = self.slots[slot].value(py, memory, cursor)?;
        Some(())
    }
}

impl Slot {
    #[inline]
    fn value(
        &mut self,
        py: Python<'_>,
        memory: &mut Memory,
        cursor: &mut Cursor<'_>,
    ) -> Option<Option<Py<PyAny>>> {
        let truth = |truth| PyBool::new(py, truth).to_owned().into_any().unbind();
        let found = match cursor.peek()? {
            b'"' if self.may_be & TEXT != 0 => self.text(py, memory, cursor.string()?)?,
            b'n' if self.may_be & NULL != 0 => return cursor.word(b"null").map(|_| None),
            b't' if self.may_be & BOOLEAN != 0 => cursor.word(b"true").map(|_| truth(true))?,
            b'f' if self.may_be & BOOLEAN != 0 => cursor.word(b"false").map(|_| truth(false))?,
            b'-' | b'0'..=b'9' if self.may_be & NUMBER != 0 => {
                PyInt::new(py, cursor.whole_number()?).into_any().unbind()
            }
            _ => return None,
        };
        if self.only.is_empty() || self.is_allowed(py, &found) {
            Some(Some(found))
        } else {
            None
        }
    }

    #[inline]
    fn text(&mut self, py: Python<'_>, memory: &mut Memory, raw: &[u8]) -> Option<Py<PyAny>> {
        let remember = self.pause == 0;
        let (text, known) = memory.text(py, raw, remember)?;
        if remember {
            self.looked += 1;
            self.known += u32::from(known);
            if self.looked == TRIED {
                self.pause = if self.known * WORTH < TRIED { PAUSE } else { 0 };
                self.looked = 0;
                self.known = 0;
            }
        } else {
            self.pause -= 1;
        }
        Some(text.into_any())
    }

    fn is_allowed(&mut self, py: Python<'_>, value: &Py<PyAny>) -> bool {
        if self.last.as_ref().map_or(false, |last| last.is(value)) {
            return true;
        }
        let value = value.bind(py);
        let is_text = |one: &Bound<'_, PyAny>| one.is_instance_of::<PyString>();
        let mut allowed = self.only.iter().map(|one| one.bind(py));
        let found = allowed.any(|one| is_text(one) == is_text(value) && one.eq(value).unwrap_or(false));
        if found {
            self.last = Some(value.clone().unbind());
        }
        found
    }
}

impl Limits {
    /// Returns nothing where a record may be beyond the limits, however it is divided into values.
    fn check(&self, text: &[u8]) -> Option<()> {
        if text.len() <= self.small {
            return Some(());
        }
        if text.len() > self.bytes {
            return None;
        }
        let count =
            |some: &[u8]| some.iter().map(|byte| u8::from(matches!(*byte, b',' | b'{' | b'['))).sum::<u8>();
        let dividing: usize = text.chunks(192).map(|some| usize::from(count(some))).sum();
        (dividing < self.values && (dividing + 1) * text.len() <= self.product).then_some(())
    }
}
