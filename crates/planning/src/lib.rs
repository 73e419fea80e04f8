//! The mathematics of Takt: pure functions over plain structs. It must not know a network, a database, a
//! clock or a runtime, and it never waits. Invariants: no floats; quantities are thousandths, money is
//! exact until one rounding; items, variants and suppliers are dense indices in file order; the same input
//! gives the same output, ties break by file order.
//!
//! Each module names the rule of the programme (`RULES n`) or the textbook it follows.
pub mod apportion;
pub mod atp;
pub mod bom;
pub mod break_even;
pub mod call_off;
pub mod change;
pub mod cluster;
pub mod ctp;
pub mod day;
pub mod days_of_supply;
pub mod demand_capacity;
pub mod earned_schedule;
pub mod economics;
pub mod feature;
pub mod fixed;
pub mod genealogy;
pub mod handover_days;
pub mod learning;
pub mod learnt;
pub mod liability;
pub mod line;
pub mod loading;
pub mod material;
pub mod milestone_forecast;
pub mod mrp;
pub mod netting;
pub mod oee;
pub mod option_plan;
pub mod orders;
pub mod profit;
pub mod promise;
pub mod quality;
pub mod quota;
pub mod ramp;
pub mod risk;
pub mod safety_stock;
pub mod scale;
pub mod scorecard;
pub mod sequence;
pub mod sequencing;
pub mod shop;
pub mod shortfall;
pub mod stake;
pub mod statistics;
pub mod swap;
pub mod table;
pub mod three_way_match;
pub mod tier;
pub mod transit;
