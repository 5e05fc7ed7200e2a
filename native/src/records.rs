//! Records as Python has them, which lie anywhere in memory.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// Records ahead of the one that is gone over, whose bytes are to be brought into the processor's cache.
pub const AHEAD: usize = 2;

/// Bytes of these that are; what follows the processor brings by itself.
const FIRST: usize = 768;

/// Lets the beginning of a record be brought into the processor's cache, if it can be.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
pub fn prefetch(records: &Bound<'_, PyList>, row: usize) {
    #[cfg(target_arch = "x86_64")]
    if row < records.len() {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        // SAFETY: the row is within the list; and what is prefetched is not read, whatever the address.
        unsafe {
            let record = ffi::PyList_GET_ITEM(records.as_ptr(), row as ffi::Py_ssize_t).cast::<i8>();
            (0..FIRST).step_by(64).for_each(|at| _mm_prefetch(record.wrapping_add(at), _MM_HINT_T0));
        }
    }
}

/// Returns the bytes of a record; none for None.
#[inline(always)]
pub fn bytes_of<'a>(record: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    if record.is_none() {
        return Ok(&[]);
    }
    Ok(record.downcast::<PyBytes>()?.as_bytes())
}
