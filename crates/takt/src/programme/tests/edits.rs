//! One edit of the built-in folder for every kind of error, and the edits that must stay legal.
use super::{built_in, edited, errors, lines, programme, text};
use crate::programme::parse;
use takt_kernel::{ItemId, Quantity};
