//! What all scanners of a process share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use pyo3::prelude::*;

/// Bytes that the values of all dictionaries may take, more or less, before the large ones start anew.
const MOST: usize = 24 << 20;

/// Shared by scanners.
///
/// Args:
///     portable: whether to do without what only some processors have, as all others have to.
#[pyclass]
pub struct Memory {
    /// The places of a record's quotes; room that is used again.
    pub quotes: Vec<u32>,
    pub portable: bool,
    pub held: Held,
}

#[pymethods]
impl Memory {
    #[new]
    #[pyo3(signature = (portable=false))]
    fn new(portable: bool) -> Self {
        Memory { quotes: Vec::new(), portable, held: Held::default() }
    }
}

/// Bytes that the values of all dictionaries take.
#[derive(Clone, Default)]
pub struct Held(Arc<AtomicUsize>);

impl Held {
    pub fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn release(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub fn is_too_much(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MOST
    }
}
