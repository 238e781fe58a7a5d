//! The wasm boundary of the inspection page: encoded bytes in, typed results out. All computing is in `cse`.

mod engine;
mod report;
mod route;
