//! Material requirements planning from outside: textbook tables, an independent checker, and properties over random
//! problems. It must not know the inside of the planner.
#[path = "mrp/checker.rs"]
mod checker;
#[path = "mrp/fuzz.rs"]
mod fuzz;
#[path = "mrp/hostile.rs"]
mod hostile;
#[path = "mrp/lots.rs"]
mod lots;
#[path = "mrp/page.rs"]
mod page;
#[path = "mrp/peg.rs"]
mod peg;
#[path = "mrp/plant.rs"]
mod plant;
#[path = "mrp/properties.rs"]
mod properties;
#[path = "mrp/random.rs"]
mod random;
#[path = "mrp/reasons.rs"]
mod reasons;
#[path = "mrp/tables.rs"]
mod tables;
