//! Columns of which the different values have codes.

use std::sync::Arc;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyString, PyTuple};

/// A column: of each row the code of its value.
///
/// Attributes:
///     values: by code. There can be more of them than the column has, and become more.
///     tables: what was worked out of these values, by whatever name.
#[pyclass(frozen, sequence)]
pub struct Codes {
    pub codes: Arc<Vec<u32>>,
    #[pyo3(get)]
    pub values: Py<PyList>,
    #[pyo3(get)]
    pub tables: Py<PyDict>,
}

#[pymethods]
impl Codes {
    #[new]
    fn new(py: Python<'_>, codes: Vec<u32>, values: Py<PyList>) -> Self {
        Codes { codes: Arc::new(codes), values, tables: PyDict::new(py).unbind() }
    }

    fn __len__(&self) -> usize {
        self.codes.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Bound<'py, PyAny>> {
        match self.codes.get(place) {
            Some(code) => self.values.bind(py).get_item(*code as usize),
            None => Err(PyIndexError::new_err("there are fewer rows")),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.listed(py)?.try_iter()
    }

    /// Returns the values of all rows.
    fn listed<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let values = self.values.bind(py);
        let found = self.codes.iter().map(|code| item(values, *code as usize).map(|value| value.to_owned()));
        let found: Vec<_> = found.collect::<PyResult<_>>()?;
        PyList::new(py, found)
    }

    /// Returns the column with other values for its codes.
    fn with_values(&self, values: Py<PyList>, tables: Py<PyDict>) -> Self {
        Codes { codes: Arc::clone(&self.codes), values, tables }
    }

    /// Returns some of the rows.
    fn at(&self, py: Python<'_>, places: Vec<usize>) -> PyResult<Self> {
        let code = |place: usize| self.codes.get(place).copied();
        let codes: Option<Vec<u32>> = places.into_iter().map(code).collect();
        let codes = codes.ok_or_else(|| PyIndexError::new_err("there are fewer rows"))?;
        Ok(Codes {
            codes: Arc::new(codes),
            values: self.values.clone_ref(py),
            tables: self.tables.clone_ref(py),
        })
    }

    /// Returns each object that stands in it with its rows, rising; with none where it stands in all.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Bound<'py, PyAny>, Vec<usize>)>> {
        let values = self.values.bind(py);
        let mut parts: Vec<(Borrowed<'_, 'py, PyAny>, Vec<usize>)> = Vec::new();
        let mut last = 0;
        for (row, code) in self.codes.iter().enumerate() {
            let value = item(values, *code as usize)?;
            if parts.get(last).map_or(true, |(known, _)| !known.is(value)) {
                let known = parts.iter().position(|(known, _)| known.is(value));
                last = known.unwrap_or(parts.len());
                if known.is_none() {
                    parts.push((value, Vec::new()));
                }
            }
            parts[last].1.push(row);
        }
        if parts.len() == 1 {
            parts[0].1.clear();
        }
        Ok(parts.into_iter().map(|(value, rows)| (value.to_owned(), rows)).collect())
    }

    /// Says whether any row has None.
    fn has_none(&self, py: Python<'_>) -> PyResult<bool> {
        let values = self.values.bind(py);
        for code in self.codes.iter() {
            if item(values, *code as usize)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Says whether all rows have None.
    fn has_only_none(&self, py: Python<'_>) -> PyResult<bool> {
        let values = self.values.bind(py);
        for code in self.codes.iter() {
            if !item(values, *code as usize)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Says whether all rows have texts.
    fn has_only_texts(&self, py: Python<'_>) -> PyResult<bool> {
        let values = self.values.bind(py);
        for code in self.codes.iter() {
            if !item(values, *code as usize)?.is_exact_instance_of::<PyString>() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// A column as Python has it: `Codes`, a list, or a tuple of the one value that all rows have.
pub enum Column<'py> {
    Coded(Bound<'py, Codes>, Bound<'py, PyList>),
    Listed(Bound<'py, PyList>),
    Single(Bound<'py, PyAny>),
}

impl<'py> Column<'py> {
    pub fn of(column: Bound<'py, PyAny>, count: usize) -> PyResult<Self> {
        let (column, length) = if let Ok(codes) = column.downcast::<Codes>() {
            let values = codes.get().values.bind(column.py()).clone();
            (Column::Coded(codes.clone(), values), codes.get().codes.len())
        } else if let Ok(list) = column.downcast::<PyList>() {
            (Column::Listed(list.clone()), list.len())
        } else {
            (Column::Single(column.downcast_into::<PyTuple>()?.get_item(0)?), count)
        };
        if length == count {
            Ok(column)
        } else {
            Err(PyValueError::new_err("columns differ in length"))
        }
    }

    /// Returns the value of a row.
    #[inline(always)]
    pub fn at(&self, row: usize) -> PyResult<Borrowed<'_, 'py, PyAny>> {
        match self {
            Column::Coded(codes, values) => item(values, codes.get().codes[row] as usize),
            Column::Listed(list) => item(list, row),
            Column::Single(value) => Ok(value.as_borrowed()),
        }
    }
}

/// Returns the value at a place of a list.
#[inline(always)]
pub fn item<'a, 'py>(list: &'a Bound<'py, PyList>, place: usize) -> PyResult<Borrowed<'a, 'py, PyAny>> {
    if place >= list.len() {
        return Err(PyIndexError::new_err("there are fewer values"));
    }
    // SAFETY: the place is within the list, which keeps the value as long as nobody changes it: whoever
    // borrows it lets no Python code run meanwhile.
    unsafe {
        let found = ffi::PyList_GET_ITEM(list.as_ptr(), place as ffi::Py_ssize_t);
        Ok(Borrowed::from_ptr(list.py(), found))
    }
}
