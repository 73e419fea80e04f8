//! The world of the end-to-end tests: the real binaries as processes, folders to edit, a PostgreSQL of one's own.
//!
//! It must not know how a service works inside: it starts what people start and asks what people ask. Invariants:
//! nothing outlives the test that started it; a tool that is not there fails a run with `CI=true` and is told loudly
//! elsewhere; no test waits without an end.

pub mod place;
