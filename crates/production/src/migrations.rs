//! The tables of production, one text for both databases.
//!
//! It must not know how they are read. Invariants: a released step is never changed; dates are epoch days,
//! quantities thousandths, money minor units or millionths, shares millionths; what a row may hold is checked here
//! as well as in the domain.

mod floor;
mod genealogy;
mod hold;
mod material;
mod order_book;
mod sequence;
mod software;

use takt_service::Migration;

/// Every step of the schema, oldest first.
pub const MIGRATIONS: &[Migration] = &[
    PROGRAMME,
    PLAN,
    DEMAND,
    VEHICLE,
    AS_BUILT,
    SHOP_FLOOR,
    hold::HOLD,
    material::MATERIAL_PLAN,
    sequence::SEQUENCE,
    floor::JOB,
    floor::QUALITY,
    PERFORMANCE,
    genealogy::GENEALOGY,
    ENGINEERING_CHANGE,
    PROGRAMME_PART,
    VARIANT_PRICE,
    software::SOFTWARE,
    order_book::ORDER_BOOK,
];

/// What an import brings; replaced as a whole by the next one.
const PROGRAMME: Migration = Migration {
    name: "m0001_programme",
    up: &[
        "CREATE TABLE programme (programme_no {id}, programme_id {text} NOT NULL, name {text} NOT NULL, plant_id {text} NOT NULL, \
         plant_supplier_id {text} NOT NULL, time_zone {text} NOT NULL, launch_on {int} NOT NULL, order_from {int} NOT NULL, first_handover_on {int} NOT NULL, \
         last_plan_on {int} NOT NULL, vehicle_item_id {text} NOT NULL, vehicle_count {int} NOT NULL CHECK (vehicle_count > 0), \
         scale_vehicles {int} NOT NULL CHECK (scale_vehicles > 0), takt_millis {int} NOT NULL CHECK (takt_millis > 0), \
         shift_seconds {int} NOT NULL CHECK (shift_seconds > 0), vin_wmi {text} NOT NULL, vin_model_year {text} NOT NULL, \
         vin_plant_code {text} NOT NULL, priority_option {text} NOT NULL, priority_value {text} NOT NULL)",
        "CREATE TABLE shop (shop_no {id}, shop_id {text} NOT NULL UNIQUE, name {text} NOT NULL, is_line {int} NOT NULL)",
        "CREATE TABLE item (item_no {id}, item_id {text} NOT NULL UNIQUE, name {text} NOT NULL, item_group {text} NOT NULL, \
         unit_code {text} NOT NULL, made {int} NOT NULL, shop_id {text} NOT NULL, unit_cost_micros {int} NOT NULL CHECK (unit_cost_micros >= 0), \
         currency {text} NOT NULL, serialised {int} NOT NULL, mass_milligrams {int} NOT NULL, order_yield {int} NOT NULL, \
         universal {int} NOT NULL)",
        "CREATE TABLE bom_line (line_no {id}, parent_item_id {text} NOT NULL, child_item_id {text} NOT NULL, \
         quantity {int} NOT NULL CHECK (quantity > 0), option_condition {text} NOT NULL, component_scrap {int} NOT NULL)",
        "CREATE TABLE variant (variant_no {id}, variant_id {text} NOT NULL UNIQUE, name {text} NOT NULL, vin_vds {text} NOT NULL, \
         list_price_minor {int} NOT NULL, currency {text} NOT NULL, share {int} NOT NULL, vehicle_count {int} NOT NULL)",
        "CREATE TABLE reference_option (variant_no {int} NOT NULL, option_key {text} NOT NULL, option_value {text} NOT NULL, \
         PRIMARY KEY (variant_no, option_key)) {rowless}",
        "CREATE TABLE option_value (option_key {text} NOT NULL, value_no {int} NOT NULL, option_value {text} NOT NULL, \
         variant_id {text} NOT NULL, share {int} NOT NULL CHECK (share >= 0), PRIMARY KEY (option_key, option_value, variant_id)) {rowless}",
        "CREATE TABLE operation (operation_id {text} NOT NULL PRIMARY KEY, shop_id {text} NOT NULL, sequence {int} NOT NULL, \
         name {text} NOT NULL, variant_ids {text} NOT NULL, cycle_millis {int} NOT NULL, flow_millis {int} NOT NULL, \
         stations {int} NOT NULL CHECK (stations > 0), first_pass_yield {int} NOT NULL, energy_watt_hours {int} NOT NULL) {rowless}",
        "CREATE TABLE calendar_day (calendar_on {id}, shifts {int} NOT NULL CHECK (shifts >= 0), capacity {int} NOT NULL CHECK (capacity >= 0), \
         published_delivered {int} NOT NULL)",
        "CREATE TABLE ramp_plan_day (calendar_on {int} NOT NULL, variant_id {text} NOT NULL, vehicle_count {int} NOT NULL CHECK (vehicle_count >= 0), \
         PRIMARY KEY (calendar_on, variant_id)) {rowless}",
        "CREATE TABLE milestone (milestone_no {id}, published_on {int} NOT NULL, event {text} NOT NULL, produced {int}, delivered {int}, \
         source_kind {text} NOT NULL)",
        "CREATE TABLE economics (economics_no {id}, currency {text} NOT NULL, average_price_minor {int} NOT NULL, \
         variable_conversion_minor {int} NOT NULL, fixed_per_month_minor {int} NOT NULL)",
        "CREATE TABLE economics_quarter (quarter {text} NOT NULL PRIMARY KEY, reported_deliveries {int} NOT NULL, \
         average_price_minor {int}, operating_per_month_minor {int}) {rowless}",
        "CREATE TABLE economics_mix (variant_id {text} NOT NULL PRIMARY KEY, vehicle_count {int} NOT NULL) {rowless}",
    ],
};

/// Plans: the days of the first one are the baseline of the ramp, the last two keep their requirements.
const PLAN: Migration = Migration {
    name: "m0002_plan",
    up: &[
        "CREATE TABLE plan (plan_no {id}, plan_id {text} NOT NULL UNIQUE, as_of {int} NOT NULL, vehicle_count {int} NOT NULL, \
         last_build_on {int} NOT NULL, item_count {int} NOT NULL)",
        "CREATE TABLE plan_day (plan_no {int} NOT NULL, build_on {int} NOT NULL, capacity {int} NOT NULL, PRIMARY KEY (plan_no, build_on)) {rowless}",
        "CREATE TABLE plan_day_variant (plan_no {int} NOT NULL, build_on {int} NOT NULL, variant_no {int} NOT NULL, \
         vehicle_count {int} NOT NULL CHECK (vehicle_count > 0), PRIMARY KEY (plan_no, build_on, variant_no)) {rowless}",
        // A series is 64-bit little-endian integers of thousandths, one a day.
        "CREATE TABLE plan_requirement (plan_no {int} NOT NULL, item_no {int} NOT NULL, first_on {int} NOT NULL, series {blob} NOT NULL, \
         PRIMARY KEY (plan_no, item_no)) {rowless}",
    ],
};

/// Orders as production sees them. A configuration is one integer (see `takt_planning::feature`); its text stands here once.
const DEMAND: Migration = Migration {
    name: "m0003_demand",
    up: &[
        "CREATE TABLE configuration (config {id}, variant_no {int} NOT NULL, options {text} NOT NULL)",
        "CREATE TABLE demand_order (order_number {id}, order_id {text} NOT NULL, variant_no {int} NOT NULL, config {int} NOT NULL, \
         queue_rank {int} NOT NULL CHECK (queue_rank IN (0, 1)), state {int} NOT NULL CHECK (state IN (0, 1, 2)), locked_on {int} NOT NULL, \
         traceparent {text} NOT NULL)",
        // The oldest open order of a variant; built orders leave the index, so that it stays small.
        "CREATE INDEX demand_order_queue ON demand_order (variant_no, queue_rank, order_number) WHERE state = 0",
    ],
};

/// Vehicles by the serial of their number; the build number is taken when parts are issued.
const VEHICLE: Migration = Migration {
    name: "m0004_vehicle",
    up: &[
        "CREATE TABLE vehicle (serial {id}, vin {text} NOT NULL, build_number {int} UNIQUE CHECK (build_number > 0), order_number {int} NOT NULL UNIQUE, \
         variant_no {int} NOT NULL, config {int} NOT NULL, state {int} NOT NULL CHECK (state BETWEEN 1 AND 5), entered_on {int} NOT NULL, \
         built_on {int}, released_on {int}, dispatched_on {int}, handed_over_on {int}, hold_reason {text} NOT NULL, \
         version {int} NOT NULL, CHECK ((build_number IS NULL) = (built_on IS NULL)), CHECK (state <> 1 OR build_number IS NULL), \
         CHECK (state < 3 OR released_on IS NOT NULL))",
        "CREATE INDEX vehicle_built_on ON vehicle (built_on)",
        // What is built of each variant, so that nobody counts a hundred thousand rows every day.
        "CREATE TABLE built_count (variant_no {id}, vehicle_count {int} NOT NULL CHECK (vehicle_count > 0))",
    ],
};

/// Which lots and serials went into which vehicles. A range means the vehicles in it whose configuration uses the item.
const AS_BUILT: Migration = Migration {
    name: "m0005_as_built",
    up: &[
        "CREATE TABLE issue (issue_no {id}, issued_on {int} NOT NULL, reservation_id {text} NOT NULL UNIQUE, vehicle_count {int} NOT NULL CHECK (vehicle_count > 0), \
         first_build {int} NOT NULL, last_build {int} NOT NULL, CHECK (last_build - first_build + 1 = vehicle_count))",
        "CREATE TABLE asbuilt_range (issue_no {int} NOT NULL, lot_number {int} NOT NULL, first_build {int} NOT NULL, last_build {int} NOT NULL, \
         CHECK (first_build <= last_build), PRIMARY KEY (issue_no, lot_number)) {rowless}",
        "CREATE INDEX asbuilt_range_lot ON asbuilt_range (lot_number)",
        "CREATE TABLE asbuilt_serial (build_number {int} NOT NULL, lot_number {int} NOT NULL, unit_no {int} NOT NULL CHECK (unit_no > 0), \
         PRIMARY KEY (build_number, lot_number, unit_no)) {rowless}",
        // How many units of a lot of an item with serials are used, so that serials count on.
        "CREATE TABLE serial_lot (lot_number {id}, used {int} NOT NULL CHECK (used > 0))",
        // Who stands behind the supplier's rank in a lot number, learned from the lots themselves.
        "CREATE TABLE lot_source (item_no {int} NOT NULL, supplier_rank {int} NOT NULL, supplier_id {text} NOT NULL, \
         PRIMARY KEY (item_no, supplier_rank)) {rowless}",
    ],
};

/// What the days were: capacity, stops, and the orders of the feeder shops.
const SHOP_FLOOR: Migration = Migration {
    name: "m0006_shop_floor",
    up: &[
        // A day that was begun keeps what was chosen until it is built, so that a retry builds the same.
        "CREATE TABLE line_day (day_on {id}, request_id {text} NOT NULL, request {blob} NOT NULL, state {int} NOT NULL CHECK (state IN (0, 1)), \
         attempt {int} NOT NULL, chosen {text}, shifts {int} NOT NULL, lost_share {int} NOT NULL, wanted {int} NOT NULL, capacity {int} NOT NULL, \
         built {int} NOT NULL)",
        "CREATE TABLE line_stop (day_on {int} NOT NULL, variant_no {int} NOT NULL, item_no {int} NOT NULL, shop_id {text} NOT NULL, \
         vehicle_count {int} NOT NULL CHECK (vehicle_count > 0), PRIMARY KEY (day_on, variant_no, item_no)) {rowless}",
        // What a shop made of an item on a day and what the next shop used of it, in thousandths.
        "CREATE TABLE shop_order (day_on {int} NOT NULL, item_no {int} NOT NULL, released {int} NOT NULL, made {int} NOT NULL, used {int} NOT NULL, \
         CHECK (released >= made AND made = used), PRIMARY KEY (day_on, item_no)) {rowless}",
    ],
};

/// Engineering changes. A released one has a mask of its own: the bit that a vehicle's configuration has above its options.
const ENGINEERING_CHANGE: Migration = Migration {
    name: "m0014_engineering_change",
    up: &[
        "CREATE TABLE engineering_change (change_id {text} NOT NULL PRIMARY KEY, title {text} NOT NULL, reason {text} NOT NULL, \
         effectivity {int} NOT NULL CHECK (effectivity BETWEEN 1 AND 3), effective_on {int}, effective_build {int}, \
         interchange {int} NOT NULL CHECK (interchange BETWEEN 0 AND 2), state {int} NOT NULL CHECK (state BETWEEN 1 AND 6), \
         version {int} NOT NULL, assessed_on {int}, first_possible_on {int}, approved_by {text} NOT NULL, mask {int} UNIQUE, first_build {int}, \
         CONSTRAINT ec_1 CHECK ((mask IS NOT NULL) = (state IN (4, 5)) AND (first_build IS NOT NULL) = (state = 5))) {rowless}",
        "CREATE TABLE engineering_change_item (change_id {text} NOT NULL, line_no {int} NOT NULL, parent_item_id {text} NOT NULL, \
         old_item_id {text} NOT NULL, new_item_id {text} NOT NULL, quantity {int} NOT NULL, option_condition {text} NOT NULL, \
         PRIMARY KEY (change_id, line_no)) {rowless}",
    ],
};

/// What machines and meters reported, in seconds of the plant's clock; an end does not belong to its interval.
const PERFORMANCE: Migration = Migration {
    name: "m0012_performance",
    up: &[
        // States are 1 planned down, 2 down, 3 setup, 4 delay.
        "CREATE TABLE equipment_state (work_unit_id {text} NOT NULL, start_at {int} NOT NULL, end_at {int} NOT NULL, \
         state {int} NOT NULL CHECK (state BETWEEN 1 AND 4), reason {text} NOT NULL, CHECK (start_at < end_at), \
         PRIMARY KEY (work_unit_id, start_at, end_at, state, reason)) {rowless}",
        "CREATE INDEX equipment_state_start ON equipment_state (start_at)",
        "CREATE TABLE energy_reading (work_unit_id {text} NOT NULL, start_at {int} NOT NULL, end_at {int} NOT NULL, \
         watt_hours {int} NOT NULL CHECK (watt_hours >= 0), CHECK (start_at < end_at), PRIMARY KEY (work_unit_id, start_at)) {rowless}",
        "CREATE INDEX energy_reading_start ON energy_reading (start_at)",
    ],
};

/// Several programmes on one plant; a plant with one programme has no row.
const PROGRAMME_PART: Migration = Migration {
    name: "m0015_programme_part",
    up: &[
        "CREATE TABLE programme_part (part_no {id}, programme_id {text} NOT NULL UNIQUE, name {text} NOT NULL, launch_on {int} NOT NULL, \
         last_plan_on {int} NOT NULL, variant_ids {text} NOT NULL, vin_wmi {text} NOT NULL, vin_model_year {text} NOT NULL, \
         vin_plant_code {text} NOT NULL)",
    ],
};

/// Prices of variants without tax; a programme that does not give them has no rows.
const VARIANT_PRICE: Migration = Migration {
    name: "m0021_variant_price",
    up: &[
        "CREATE TABLE variant_price (variant_no {id}, net_price_micros {int} NOT NULL, currency {text} NOT NULL)",
    ],
};
