//! What was worked out of the values that rows have in several columns, by which objects these are.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::codes::{item, Codes, Column};

/// Remembers what was worked out of several values. It goes by the identity of these: equal ones that are
/// different objects are worked out each.
///
/// Args:
///     width: how many values.
///     most: combinations from which on it starts anew before more columns are looked at.
#[pyclass]
pub struct Combinations {
    width: usize,
    most: usize,
    /// By hash where a combination is, from 1; 0 where there is none.
    places: Vec<u32>,
    /// The addresses of the values, one combination after the other.
    keys: Vec<usize>,
    hashes: Vec<u64>,
    /// What was worked out, one after the other, and what was worked out of that in turn.
    found: Py<PyList>,
    tables: Py<PyDict>,
    /// The values: as long as these live, no others have their addresses.
    held: Vec<Py<PyTuple>>,
}

#[pymethods]
impl Combinations {
    #[new]
    fn new(py: Python<'_>, width: usize, most: usize) -> Self {
        Combinations {
            width,
            most,
            places: vec![0; 16],
            keys: Vec::new(),
            hashes: Vec::new(),
            found: PyList::empty(py).unbind(),
            tables: PyDict::new(py).unbind(),
            held: Vec::new(),
        }
    }

    /// Returns what follows of each row.
    ///
    /// Args:
    ///     columns: each is `Codes`, a list, or a tuple of the one value that all rows have.
    ///     count: of the rows.
    ///     missing: works it out for a tuple of values.
    fn column<'py>(
        &mut self,
        py: Python<'py>,
        columns: Vec<Bound<'py, PyAny>>,
        count: usize,
        missing: &Bound<'py, PyAny>,
    ) -> PyResult<Codes> {
        let mut codes = Vec::with_capacity(count);
        self.each(columns, count, missing, |_, place, _| codes.push(place as u32))?;
        Ok(Codes {
            codes: Arc::new(codes),
            values: self.found.clone_ref(py),
            tables: self.tables.clone_ref(py),
        })
    }

    /// Returns the rows of which something else than None follows, each with that.
    fn told<'py>(
        &mut self,
        columns: Vec<Bound<'py, PyAny>>,
        count: usize,
        missing: &Bound<'py, PyAny>,
    ) -> PyResult<Vec<(usize, Py<PyAny>)>> {
        let mut told = Vec::new();
        self.each(columns, count, missing, |row, _, found| {
            if !found.is_none() {
                told.push((row, found.to_owned().unbind()));
            }
        })?;
        Ok(told)
    }
}

impl Combinations {
    fn each<'py>(
        &mut self,
        columns: Vec<Bound<'py, PyAny>>,
        count: usize,
        missing: &Bound<'py, PyAny>,
        mut take: impl FnMut(usize, usize, Borrowed<'_, 'py, PyAny>),
    ) -> PyResult<()> {
        if columns.len() != self.width {
            return Err(PyValueError::new_err("there are more or fewer columns"));
        }
        if self.hashes.len() >= self.most {
            self.forget(missing.py());
        }
        let found = self.found.bind(missing.py()).clone();
        let columns = columns.into_iter().map(|column| Column::of(column, count));
        let columns: Vec<_> = columns.collect::<PyResult<_>>()?;
        let mut key = vec![0; self.width];
        for row in 0..count {
            let mut sum = 0;
            for (address, column) in key.iter_mut().zip(&columns) {
                *address = column.at(row)?.as_ptr() as usize;
                sum = mixed(sum, *address);
            }
            let hash = sum ^ sum >> 32;
            let place = match self.place(hash, &key) {
                Some(place) => place,
                None => self.add(hash, &key, &columns, row, missing)?,
            };
            take(row, place, item(&found, place)?);
        }
        Ok(())
    }

    #[inline(always)]
    fn place(&self, hash: u64, key: &[usize]) -> Option<usize> {
        let mask = self.places.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let place = (self.places[at] as usize).checked_sub(1)?;
            if self.hashes[place] == hash && self.keys[place * self.width..][..self.width] == *key {
                return Some(place);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn add<'py>(
        &mut self,
        hash: u64,
        key: &[usize],
        columns: &[Column<'py>],
        row: usize,
        missing: &Bound<'py, PyAny>,
    ) -> PyResult<usize> {
        let values = columns.iter().map(|column| column.at(row).map(|value| value.to_owned()));
        let values: Vec<_> = values.collect::<PyResult<_>>()?;
        let values = PyTuple::new(missing.py(), values)?;
        let found = missing.call1((&values,))?;
        self.keys.extend_from_slice(key);
        self.hashes.push(hash);
        self.found.bind(missing.py()).append(found)?;
        self.held.push(values.unbind());
        let count = self.hashes.len();
        self.put(count);
        if 2 * count > self.places.len() {
            self.places = vec![0; 4 * self.places.len()];
            (1..=count).for_each(|number| self.put(number));
        }
        Ok(count - 1)
    }

    /// Lets a combination be found by its hash.
    fn put(&mut self, number: usize) {
        let mask = self.places.len() - 1;
        let mut at = self.hashes[number - 1] as usize & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = number as u32;
    }

    /// Starts anew; what was worked out lives on where it is in a column.
    fn forget(&mut self, py: Python<'_>) {
        self.places = vec![0; 16];
        self.keys.clear();
        self.hashes.clear();
        self.found = PyList::empty(py).unbind();
        self.tables = PyDict::new(py).unbind();
        self.held.clear();
    }
}

#[inline(always)]
fn mixed(sum: u64, address: usize) -> u64 {
    (sum.rotate_left(23) ^ address as u64 >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
