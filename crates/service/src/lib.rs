//! The chassis: everything the three services share, written once.
//!
//! It must not know any service. A message becomes a value, a value meets an entity, the entity answers with a fact,
//! and the fact and the row are written together: `store` writes, `facts` tells, `intents` owes, `stack` and `serve`
//! carry calls, `host` puts a service together.

mod admin;
pub mod call;
mod compute;
pub mod config;
pub mod error;
mod facts;
pub mod health;
mod host;
mod import;
mod intents;
mod janitor;
pub mod page;
pub mod peer;
mod revise;
pub mod seal;
pub mod serve;
mod slices;
mod stack;
mod standing;
mod store;
pub mod stream;
pub mod telemetry;

pub use admin::{Invariant, Table};
pub use call::{Call, Caller};
pub use compute::compute;
pub use error::{Error, Outcome, Refusal, Result};
pub use facts::{NewFact, Reactions, SHARDS};
pub use futures_util::future::BoxFuture;
pub use host::{Definition, Deps, Running, Wiring, core_migrations};
pub use import::{ActiveProgramme, ImportSink};
pub use intents::{Intent, IntentHandler};
pub use janitor::Retention;
pub use page::{PageToken, page_size};
pub use revise::{MasterRows, MasterTable, Revision};
pub use sea_orm::Value;
pub use slices::Slices;
pub use stack::Routes;
pub use standing::{Column, Form, Standing};
pub use store::{Dialect, Migration, Once, Row, Store, StoreOptions, Synchronous, Tx};
