//! Goes over the bytes of records once, and takes from them what rules read.
//!
//! A record is taken only if it is JSON without any doubt and of the type that is expected; all others are
//! left to Python, which decides what they are. So whatever is done here is a matter of speed alone.

use pyo3::prelude::*;

mod cursor;
mod groups;
mod keys;
mod memory;
mod quotes;
mod scanner;

/// What Python calls has changed when this has: a library that was built before is not used then.
const INTERFACE: u32 = 1;

#[pymodule]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add_class::<memory::Memory>()?;
    module.add_class::<scanner::Scanner>()?;
    module.add_function(wrap_pyfunction!(groups::rows_by_mark, module)?)
}
