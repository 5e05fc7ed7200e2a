//! Takes from records of one type what is asked for, column by column.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::codes::Codes;
use crate::cursor::Cursor;
use crate::dictionary::{made, Dictionary, Kind, NONE};
use crate::keys::{Keys, NO_SLOT, START};
use crate::memory::{Held, Memory};
use crate::quotes::index;
use crate::records::{bytes_of, prefetch, AHEAD};

// What may stand under a key; where it is nothing of it, the key must not be there.
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const BOOLEAN: u8 = 4;
const NULL: u8 = 8;
const REQUIRED: u8 = 16;

/// What there are columns for.
const STANDING: u8 = TEXT | NUMBER | BOOLEAN;

/// Values of a column after which it is decided whether a dictionary of them is worth it.
const TRIED: usize = 1_000;

/// Of so many values at least one must have been in it.
const WORTH: usize = 3;

/// Values that are then made anew, one and all, before it is tried again.
const PAUSE: usize = 20_000;

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
    /// How many there are in which something must.
    required: usize,
    closed: bool,
    limits: Limits,
    /// Which have been seen in a record.
    seen: Vec<bool>,
}

/// Values of a batch; `None` where all of them are null or missing.
type Values<'py> = Option<Bound<'py, PyAny>>;

/// The values of a batch under one key.
enum Column {
    Coded(Vec<u32>),
    Plain(Vec<Option<Py<PyAny>>>),
}

/// What stands under a key.
struct Slot {
    may_be: u8,
    column: Column,
    only: Vec<Py<PyAny>>,
    /// The code of the one of these that was found last.
    last: u32,
    dictionary: Option<Dictionary>,
    /// Values since it was last decided whether there is to be one.
    looked: usize,
    known: usize,
    /// Values before a dictionary is tried again.
    pause: usize,
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
        let standing = (0..count).filter(|slot| may_be[*slot] & STANDING != 0).collect();
        let slot = |(may_be, only)| Slot {
            may_be,
            column: Column::Plain(Vec::new()),
            only,
            last: NONE,
            dictionary: None,
            looked: 0,
            known: 0,
            pause: 0,
        };
        let (small, bytes, values, product, depth) = limits;
        Ok(Scanner {
            keys: Keys::new(&names),
            slots: may_be.iter().copied().zip(only).map(slot).collect(),
            standing,
            required: may_be.iter().filter(|may_be| *may_be & REQUIRED != 0).count(),
            closed,
            limits: Limits { small, bytes, values, product, depth: depth.min(DEEPEST) },
            seen: vec![false; count],
        })
    }

    /// Returns for each key under which more than null may stand the column of its values: `Codes`, a list
    /// where the values are hardly ever the same, or None where all of them are null or missing; and the rows
    /// of records that are not of this type or leave a doubt.
    ///
    /// Args:
    ///     memory: shared by scanners.
    ///     records: of the batch.
    ///     rows: of the records that are to be looked at.
    fn scan<'py>(
        &mut self,
        py: Python<'py>,
        memory: &mut Memory,
        records: &Bound<'py, PyList>,
        rows: Vec<usize>,
    ) -> PyResult<(Vec<Values<'py>>, Vec<usize>)> {
        for slot in &mut self.slots {
            slot.begin(py, &memory.held, rows.len())?;
        }
        let mut wrong = Vec::new();
        let mut place = 0;
        for (at, row) in rows.iter().copied().enumerate() {
            if let Some(next) = rows.get(at + AHEAD) {
                prefetch(records, *next);
            }
            let record = records.get_item(row)?;
            if self.record(py, memory, bytes_of(&record)?, place).is_some() {
                place += 1;
            } else {
                wrong.push(row);
                self.slots.iter_mut().for_each(|slot| slot.column.clear(place));
            }
        }
        let mut found = Vec::with_capacity(self.standing.len());
        for slot in &self.standing {
            found.push(self.slots[*slot].taken(py, place)?);
        }
        self.slots.iter_mut().for_each(Slot::end);
        Ok((found, wrong))
    }
}

impl Column {
    fn clear(&mut self, place: usize) {
        match self {
            Column::Coded(codes) => codes.get_mut(place).map(|code| *code = NONE),
            Column::Plain(values) => values.get_mut(place).map(|value| *value = None),
        };
    }
}

impl Scanner {
    /// Puts what a record says at a place of the columns; `None` if it is not of this type, or leaves a doubt.
    fn record(&mut self, py: Python<'_>, memory: &mut Memory, text: &[u8], place: usize) -> Option<()> {
        self.limits.check(text)?;
        let mut quotes = std::mem::take(&mut memory.quotes);
        let taken = match index(text, &mut quotes, memory.portable) {
            Some(found) if found.is_ascii || std::str::from_utf8(text).is_ok() => {
                self.object(py, &mut Cursor::new(text, &quotes[..found.quotes]), place)
            }
            _ => None,
        };
        memory.quotes = quotes;
        taken
    }

    fn object(&mut self, py: Python<'_>, cursor: &mut Cursor<'_>, place: usize) -> Option<()> {
        self.seen.iter_mut().for_each(|seen| *seen = false);
        let mut required = self.required;
        let depth = self.limits.depth.checked_sub(1)?;
        let mut before = START;
        let mut more = cursor.open(b'{', b'}')?;
        while more {
            let name = cursor.string()?;
            let (slot, key) = self.keys.find(before, name)?;
            before = key;
            cursor.expect(b':')?;
            cursor.blanks();
            if slot != NO_SLOT {
                self.member(py, cursor, slot, place)?;
                required -= usize::from(self.slots[slot].may_be & REQUIRED != 0);
            } else if self.closed {
                return None;
            } else {
                cursor.skip(depth)?;
            }
            more = cursor.goes_on(b'}')?;
        }
        cursor.end()?;
        (required == 0).then_some(())
    }

    /// Takes the value at the cursor for a slot.
    #[inline]
    fn member(&mut self, py: Python<'_>, cursor: &mut Cursor<'_>, slot: usize, place: usize) -> Option<()> {
        if std::mem::replace(&mut self.seen[slot], true) {
            return None; // of two with one key the last counts: that is left to Python
        }
        let taking = &mut self.slots[slot];
        let (kind, raw) = match cursor.peek()? {
            b'"' if taking.may_be & TEXT != 0 => (Kind::Text, cursor.string()?),
            b'n' if taking.may_be & NULL != 0 => return cursor.word(b"null").map(|_| ()),
            b't' if taking.may_be & BOOLEAN != 0 => (Kind::Truth, cursor.word(b"true")?),
            b'f' if taking.may_be & BOOLEAN != 0 => (Kind::Truth, cursor.word(b"false")?),
            b'-' | b'0'..=b'9' if taking.may_be & NUMBER != 0 => (Kind::Number, cursor.number_as_written()?),
            _ => return None,
        };
        taking.looked += 1;
        if taking.dictionary.is_some() {
            let code = taking.code(py, raw, kind)?;
            if let Column::Coded(codes) = &mut taking.column {
                *codes.get_mut(place)? = code;
            }
            return Some(());
        }
        let value = made(py, raw, kind)?;
        if !taking.only.is_empty() {
            taking.check(value.bind(py))?;
        }
        if let Column::Plain(values) = &mut taking.column {
            *values.get_mut(place)? = Some(value);
        }
        Some(())
    }
}

impl Slot {
    /// Makes ready for a batch.
    fn begin(&mut self, py: Python<'_>, held: &Held, count: usize) -> PyResult<()> {
        let is_usable = self.dictionary.as_ref().map_or(false, |dictionary| !dictionary.is_full());
        if self.pause == 0 && !is_usable {
            self.dictionary = Some(Dictionary::new(py, held.clone())?);
            self.last = NONE;
        }
        let count = if self.may_be & STANDING == 0 { 0 } else { count };
        self.column = match self.dictionary {
            Some(_) => Column::Coded(vec![NONE; count]),
            None => Column::Plain((0..count).map(|_| None).collect()),
        };
        Ok(())
    }

    /// Returns the first values of its column.
    fn taken<'py>(&mut self, py: Python<'py>, count: usize) -> PyResult<Values<'py>> {
        match (std::mem::replace(&mut self.column, Column::Plain(Vec::new())), &self.dictionary) {
            (Column::Coded(mut codes), Some(dictionary)) if codes.iter().any(|code| *code != NONE) => {
                codes.truncate(count);
                let (values, tables) = dictionary.shared(py);
                let column = Codes { codes: Arc::new(codes), values, tables };
                Ok(Some(Bound::new(py, column)?.into_any()))
            }
            (Column::Plain(mut values), _) if values.iter().any(Option::is_some) => {
                values.truncate(count);
                PyList::new(py, values).map(|list| Some(list.into_any()))
            }
            _ => Ok(None),
        }
    }

    /// Decides after a batch whether the next one is to have a dictionary.
    fn end(&mut self) {
        if self.dictionary.is_none() {
            self.pause = self.pause.saturating_sub(self.looked);
        } else if self.looked < TRIED {
            return;
        } else if self.known * WORTH < self.looked {
            self.dictionary = None;
            self.pause = PAUSE;
        }
        self.looked = 0;
        self.known = 0;
    }

    /// Returns the code of a value.
    #[inline]
    fn code(&mut self, py: Python<'_>, raw: &[u8], kind: Kind) -> Option<u32> {
        let dictionary = self.dictionary.as_mut()?;
        let (code, known) = dictionary.code(py, raw, kind)?;
        self.known += usize::from(known);
        if code != self.last && !self.only.is_empty() {
            let (values, _) = dictionary.shared(py);
            self.check(&values.bind(py).get_item(code as usize).ok()?)?;
            self.last = code;
        }
        Some(code)
    }

    /// Accepts one of the values that there may be.
    fn check(&self, value: &Bound<'_, PyAny>) -> Option<()> {
        let is_text = |one: &Bound<'_, PyAny>| one.is_instance_of::<PyString>();
        let mut allowed = self.only.iter().map(|one| one.bind(value.py()));
        allowed.any(|one| is_text(one) == is_text(value) && one.eq(value).unwrap_or(false)).then_some(())
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
