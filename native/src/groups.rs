//! Records that look alike, by a few bytes behind a mark.

use std::collections::HashMap;

use memchr::memmem::Finder;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

/// Returns the bytes behind the first mark in a record -> the rows of the records that have them there.
///
/// Records without the mark are under no bytes at all.
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
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut found: Vec<(&[u8], Vec<usize>)> = Vec::new();
    let records: Vec<_> = records.iter().collect();
    for (row, record) in records.iter().enumerate() {
        let record = record.downcast::<PyBytes>()?.as_bytes();
        let behind = match finder.find(record) {
            Some(at) => &record[at + mark.len()..],
            None => &[],
        };
        let behind = &behind[..length.min(behind.len())];
        let place = *places.entry(behind).or_insert_with(|| {
            found.push((behind, Vec::new()));
            found.len() - 1
        });
        found[place].1.push(row);
    }
    let rows_by = PyDict::new(py);
    for (bytes, rows) in found {
        rows_by.set_item(PyBytes::new(py, bytes), rows)?;
    }
    Ok(rows_by)
}
