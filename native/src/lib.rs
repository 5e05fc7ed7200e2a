//! Goes over the bytes of records once, and takes from them what rules read.
//!
//! A record is taken only if it is JSON without any doubt and of the type that is expected; all others are
//! left to Python, which decides what they are. So whatever is done here is a matter of speed alone.

use pyo3::prelude::*;

mod bytes;
mod codes;
mod combinations;
mod cursor;
mod dictionary;
mod finds;
mod groups;
mod keys;
mod memory;
mod quotes;
mod records;
mod scanner;
mod times;

/// What Python calls has changed when this has: a library that was built before is not used then.
const INTERFACE: u32 = 3;

#[pymodule]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add_class::<codes::Codes>()?;
    module.add_class::<combinations::Combinations>()?;
    module.add_class::<finds::Finds>()?;
    module.add_class::<finds::Needs>()?;
    module.add_class::<memory::Memory>()?;
    module.add_class::<scanner::Scanner>()?;
    module.add_class::<times::Zones>()?;
    module.add_function(wrap_pyfunction!(groups::in_order, module)?)?;
    module.add_function(wrap_pyfunction!(groups::rows_by_mark, module)?)?;
    module.add_function(wrap_pyfunction!(times::filled, module)?)
}
