//! The wasm boundary of the inspection page: encoded bytes in, typed results out. All computing is in `cse`.

mod clock;
mod comparison;
mod engine;
mod failure;
mod report;
mod route;
mod start;
mod teaching;
