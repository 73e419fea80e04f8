//! As-built records from and for the outside: Catena-X twins are read, EPCIS 2.0 events are written. It must not know
//! services. Invariant: what cannot be read is told with its place in the file, and nothing of it is guessed.
pub mod catena;
pub mod epcis;
