//! Records that look alike, by a few bytes behind a mark.

use std::collections::HashMap;

use memchr::memmem::Finder;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use crate::bytes::Fast;
use crate::codes::item;
use crate::records::{bytes_of, prefetch, AHEAD};

/// Returns the bytes behind the first mark in a record -> the rows of the records that have them there.
///
/// Records without the mark, and None in the place of a record, are under no bytes at all.
///
/// Args:
///     records: of the batch.
///     mark: what is looked for.
///     length: how many bytes behind it count.
#[pyfunction]
pub fn rows_by_mark<'py>(
    py: Python<'py>,
    records: &Bound<'py, PyList>,
    mark: &[u8],
    length: usize,
) -> PyResult<Bound<'py, PyDict>> {
    let finder = Finder::new(mark);
    let mut places: HashMap<Box<[u8]>, usize, Fast> = HashMap::default();
    let mut found: Vec<(Box<[u8]>, Vec<usize>)> = Vec::new();
    for (row, record) in records.iter().enumerate() {
        prefetch(records, row + AHEAD);
        let record = bytes_of(&record)?;
        let behind = match finder.find(record) {
            Some(at) => &record[at + mark.len()..],
            None => &[],
        };
        let behind = &behind[..length.min(behind.len())];
        match places.get(behind) {
            Some(place) => found[*place].1.push(row),
            None => {
                places.insert(behind.into(), found.len());
                found.push((behind.into(), vec![row]));
            }
        }
    }
    let rows_by = PyDict::new(py);
    for (bytes, rows) in found {
        rows_by.set_item(PyBytes::new(py, &bytes), rows)?;
    }
    Ok(rows_by)
}

/// Returns columns of all rows, put together from parts.
///
/// Args:
///     rows: of each part; every row is in one of them.
///     parts: of each part its columns, as lists.
#[pyfunction]
pub fn in_order<'py>(
    py: Python<'py>,
    rows: Vec<Vec<usize>>,
    parts: Vec<Vec<Bound<'py, PyList>>>,
) -> PyResult<Vec<Bound<'py, PyList>>> {
    let count = rows.iter().map(Vec::len).sum();
    let width = parts.first().map_or(0, Vec::len);
    let mut every: Vec<Vec<Option<Bound<'py, PyAny>>>> = (0..width).map(|_| vec![None; count]).collect();
    for (rows, columns) in rows.iter().zip(&parts) {
        for (column, values) in every.iter_mut().zip(columns) {
            for (place, row) in rows.iter().enumerate() {
                let value = item(values, place)?.to_owned();
                *column.get_mut(*row).ok_or_else(|| PyIndexError::new_err("there are fewer rows"))? =
                    Some(value);
            }
        }
    }
    every.into_iter().map(|column| PyList::new(py, column)).collect()
}
