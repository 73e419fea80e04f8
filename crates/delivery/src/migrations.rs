//! The tables of delivery, in the order in which they came to be.
//!
//! It must not know any rule beyond what a constraint can hold. Invariants: a migration that was released is never
//! changed; dates are epoch days, shares millionths, quantities whole vehicles; constraints bear the id of the
//! invariant that they hold.

use takt_service::Migration;

/// What the import brings: the parts of a programme that delivery owns.
const PROGRAMME: Migration = Migration {
    name: "m0001_programme",
    up: &[
        "CREATE TABLE programme (programme_no {id}, programme_id {text} NOT NULL, name {text} NOT NULL, plant_id {text} NOT NULL, \
         time_zone {text} NOT NULL, launch_on {int} NOT NULL, first_handover_on {int} NOT NULL, vehicle_count {int} NOT NULL, \
         priority_option {text} NOT NULL, priority_value {text} NOT NULL, CONSTRAINT pg_1 CHECK (programme_no = 1))",
        "CREATE TABLE variant (variant_no {id}, variant_id {text} NOT NULL UNIQUE, name {text} NOT NULL, reference {text} NOT NULL)",
        "CREATE TABLE option_value (option_key {text} NOT NULL, variant_id {text} NOT NULL, value_id {text} NOT NULL, \
         value_no {int} NOT NULL, share {int} NOT NULL, PRIMARY KEY (option_key, variant_id, value_id)) {rowless}",
        "CREATE TABLE lane (lane_no {id}, lane_id {text} NOT NULL UNIQUE, city {text} NOT NULL, mode {text} NOT NULL, \
         distance_km {int} NOT NULL, transit_millidays {int} NOT NULL, share {int} NOT NULL, CONSTRAINT la_2 CHECK (share >= 0 AND transit_millidays >= 0))",
        "CREATE TABLE milestone (milestone_no {id}, published_on {int} NOT NULL, event {text} NOT NULL, \
         cumulative_produced {int}, cumulative_delivered {int}, locked_orders {int}, source_kind {text} NOT NULL)",
    ],
};

/// Orders. A configuration is stored once and orders point to it; `state` is the order's place in the queue, what
/// happens to the vehicle afterwards stands with the vehicle and its shipment.
const ORDER: Migration = Migration {
    name: "m0002_order",
    up: &[
        "CREATE TABLE counter (name {text} NOT NULL PRIMARY KEY, value {int} NOT NULL) {rowless}",
        "INSERT INTO counter (name, value) VALUES ('cancellation', 0), ('order', 0), ('promise', 0), ('vehicle', 0)",
        "CREATE TABLE configuration (config_no {id}, variant_no {int} NOT NULL, priority {int} NOT NULL, options {text} NOT NULL)",
        "CREATE TABLE sales_order (order_no {id}, order_id {text} NOT NULL UNIQUE, customer_id {text} NOT NULL, config_no {int} NOT NULL, \
         lane_no {int} NOT NULL, locked_on {int} NOT NULL, state {int} NOT NULL, traceparent {text}, \
         CONSTRAINT or_4 CHECK (order_no > 0), CONSTRAINT or_3 CHECK (state IN (0, 1, 2)))",
        "CREATE TABLE lane_load (lane_no {id}, order_count {int} NOT NULL)",
        "CREATE TABLE cancellation (cancellation_no {id}, order_no {int} NOT NULL UNIQUE, cancelled_on {int} NOT NULL)",
    ],
};

/// Promises, in the order of their order and their number.
const PROMISE: Migration = Migration {
    name: "m0003_promise",
    up: &[
        "CREATE TABLE promise (order_no {int} NOT NULL, promise_no {int} NOT NULL, kind {int} NOT NULL, build_on {int} NOT NULL, \
         deliver_on {int} NOT NULL, made_on {int} NOT NULL, plan_id {text} NOT NULL, PRIMARY KEY (order_no, promise_no), \
         CONSTRAINT pr_1 CHECK (promise_no > 0), CONSTRAINT pr_3 CHECK (deliver_on >= build_on)) {rowless}",
    ],
};

/// Vehicles in the yard and on their way. The number of a shipment is its day and lane, see `shipment::ShipmentNo`;
/// the number of a vehicle counts arrivals of the news and means nothing outside.
const VEHICLE: Migration = Migration {
    name: "m0004_vehicle",
    up: &[
        "CREATE TABLE shipment (shipment_no {id}, lane_no {int} NOT NULL, planned_on {int} NOT NULL, expected_on {int} NOT NULL, \
         state {int} NOT NULL, departed_on {int}, arrived_on {int}, vehicle_count {int} NOT NULL, handed_over_count {int} NOT NULL, \
         CONSTRAINT sh_1 CHECK (vehicle_count > 0 AND handed_over_count BETWEEN 0 AND vehicle_count), \
         CONSTRAINT sh_2 CHECK ((state >= 2) = (departed_on IS NOT NULL) AND (state >= 3) = (arrived_on IS NOT NULL) \
         AND (state = 4) = (handed_over_count = vehicle_count)), \
         CONSTRAINT sh_3 CHECK ((departed_on IS NULL OR departed_on >= planned_on) AND (arrived_on IS NULL OR arrived_on >= departed_on)))",
        "CREATE INDEX shipment_by_state ON shipment (state, shipment_no)",
        "CREATE TABLE vehicle (vehicle_no {id}, vin {text} NOT NULL UNIQUE, order_no {int} UNIQUE, config_no {int}, build_no {int} NOT NULL, \
         built_on {int} NOT NULL, released_on {int}, shipment_no {int}, handed_over_on {int}, \
         CONSTRAINT ve_1 CHECK (shipment_no IS NULL OR (released_on IS NOT NULL AND order_no IS NOT NULL)), \
         CONSTRAINT ho_1 CHECK (handed_over_on IS NULL OR shipment_no IS NOT NULL))",
        "CREATE INDEX vehicle_by_shipment ON vehicle (shipment_no)",
    ],
};

/// Quotes: what was offered to a customer on a hold of production, and the orders that took it. Such orders do not stand in the queue.
const QUOTE: Migration = Migration {
    name: "m0005_quote",
    up: &[
        "CREATE TABLE quote (quote_no {serial}, quote_id {text} NOT NULL UNIQUE, customer_id {text} NOT NULL, variant_id {text} NOT NULL, \
         options {text} NOT NULL, city {text} NOT NULL, state {int} NOT NULL CHECK (state BETWEEN 1 AND 5), expires_at {int} NOT NULL, plan_id {text} NOT NULL)",
        "CREATE TABLE quote_slot (quote_no {int} NOT NULL, build_on {int} NOT NULL, deliver_on {int} NOT NULL, vehicle_count {int} NOT NULL, \
         PRIMARY KEY (quote_no, build_on, deliver_on), CONSTRAINT qt_2 CHECK (vehicle_count > 0 AND deliver_on >= build_on)) {rowless}",
        "CREATE TABLE quote_order (order_no {id}, quote_no {int} NOT NULL)",
        "CREATE INDEX quote_order_by_quote ON quote_order (quote_no)",
    ],
};

/// Cases of service. A case knows its vehicle by the number that people know, and the part that failed by the names that production told.
const SERVICE_CASE: Migration = Migration {
    name: "m0006_service_case",
    up: &[
        "CREATE TABLE service_case (case_no {serial}, case_id {text} NOT NULL UNIQUE, vin {text} NOT NULL, state {int} NOT NULL, \
         category {text} NOT NULL, symptom {text} NOT NULL, odometer_km {int}, city {text} NOT NULL, opened_on {int} NOT NULL, \
         diagnosed_on {int}, finding {text} NOT NULL, item_id {text} NOT NULL, lot_id {text} NOT NULL, serial_number {text} NOT NULL, \
         supplier_id {text} NOT NULL, repaired_on {int}, remedy {text} NOT NULL, labour_millihours {int} NOT NULL, cost_minor {int} NOT NULL, \
         cost_currency {text} NOT NULL, new_lot_id {text} NOT NULL, new_serial_number {text} NOT NULL, new_supplier_id {text} NOT NULL, \
         ended_on {int}, cancel_reason {text} NOT NULL, \
         CONSTRAINT sc_2 CHECK (state BETWEEN 1 AND 5 AND (repaired_on IS NOT NULL) = (state IN (3, 4)) AND (ended_on IS NOT NULL) = (state IN (4, 5)) \
         AND (state NOT IN (2, 3, 4) OR diagnosed_on IS NOT NULL)))",
        "CREATE INDEX service_case_by_vin ON service_case (vin)",
    ],
};

/// Recalls. `recall_check` are vehicles that came in and on which production's word is awaited; the gate's row is held by
/// whatever leaves and whatever keeps back; `gone` are vehicles that had left before a stop-ship could keep them.
const RECALL: Migration = Migration {
    name: "m0007_recall",
    up: &[
        "CREATE TABLE recall_gate (gate_no {id} CHECK (gate_no = 1), recall_no {int} NOT NULL)",
        "INSERT INTO recall_gate (gate_no, recall_no) VALUES (1, 0)",
        "CREATE TABLE recall (recall_no {id}, recall_id {text} NOT NULL UNIQUE, title {text} NOT NULL, defect {text} NOT NULL, \
         remedy {int} NOT NULL CHECK (remedy BETWEEN 1 AND 2), software_item {text} NOT NULL, software_version {text} NOT NULL, regulator {text} NOT NULL, \
         reference {text} NOT NULL, published {int} NOT NULL CHECK (published >= 0), opened_on {int} NOT NULL, closed_on {int}, \
         stop_ship {int} NOT NULL CHECK (stop_ship BETWEEN 0 AND 2), stop_ship_on {int}, version {int} NOT NULL, due {int} NOT NULL, \
         CONSTRAINT rc_2 CHECK ((stop_ship > 0) = (stop_ship_on IS NOT NULL) AND (closed_on IS NULL OR stop_ship = 0)))",
        "CREATE TABLE recall_scope (recall_no {int} NOT NULL, line_no {int} NOT NULL, scope {text} NOT NULL, PRIMARY KEY (recall_no, line_no)) {rowless}",
        "CREATE TABLE recall_vehicle (recall_no {int} NOT NULL, vin {text} NOT NULL, affected {int} NOT NULL CHECK (affected IN (0, 1)), \
         recalled {int} NOT NULL CHECK (recalled IN (0, 1)), state {int} NOT NULL CHECK (state BETWEEN 1 AND 6), state_on {int} NOT NULL, \
         notified_on {int}, remedied_on {int}, exposed_from {int} NOT NULL, exposed_to {int}, note {text} NOT NULL, \
         gone {int} NOT NULL CHECK (gone IN (0, 1)), \
         CONSTRAINT rc_1 CHECK ((affected = 1) <= (recalled = 1) AND (state = 1 OR recalled = 1)), \
         CONSTRAINT rc_3 CHECK ((state = 4) = (remedied_on IS NOT NULL) AND (notified_on IS NULL OR notified_on <= state_on)), \
         PRIMARY KEY (recall_no, vin)) {rowless}",
        "CREATE INDEX recall_vehicle_by_vin ON recall_vehicle (vin)",
        "CREATE TABLE recall_check (recall_no {int} NOT NULL, vin {text} NOT NULL, build_no {int} NOT NULL, PRIMARY KEY (recall_no, vin)) {rowless}",
        "CREATE INDEX recall_check_by_vin ON recall_check (vin)",
    ],
};

/// How promises stand: one row of what was looked at last, the disruptions that procurement has told, and the terms of cancelling.
const OUTLOOK: Migration = Migration {
    name: "m0008_outlook",
    up: &[
        "CREATE TABLE outlook (outlook_no {id}, revision {int} NOT NULL, plan_id {text} NOT NULL, as_of {int}, vehicle_mark {int} NOT NULL, \
         builds {blob}, reasons {blob}, CONSTRAINT ou_1 CHECK (outlook_no = 1 AND (as_of IS NULL) = (builds IS NULL) \
         AND (as_of IS NULL) = (reasons IS NULL)))",
        "INSERT INTO outlook (outlook_no, revision, plan_id, vehicle_mark) VALUES (1, 0, '', 0)",
        "CREATE TABLE known_disruption (disruption_id {text} NOT NULL PRIMARY KEY, begins_on {int} NOT NULL, expected_end_on {int}, \
         resolved_on {int}, CONSTRAINT ou_2 CHECK (resolved_on IS NULL OR resolved_on >= begins_on)) {rowless}",
        "CREATE TABLE order_terms (terms_no {id}, currency {text} NOT NULL, deposit_minor {int} NOT NULL, refundable_days {int} NOT NULL, \
         CONSTRAINT ot_1 CHECK (terms_no = 1 AND deposit_minor >= 0 AND refundable_days >= 0))",
    ],
};

/// Changes of orders. State 1 is under way, 2 done, 3 refused by production; `done_no` counts what was done, so that who keeps the queue in
/// memory sees what it has not seen.
const ORDER_CHANGE: Migration = Migration {
    name: "m0009_order_change",
    up: &[
        "INSERT INTO counter (name, value) VALUES ('change', 0)",
        "CREATE TABLE order_change (order_no {int} NOT NULL, change_no {int} NOT NULL CHECK (change_no > 0), changed_on {int} NOT NULL, \
         state {int} NOT NULL CHECK (state BETWEEN 1 AND 3), from_config {int} NOT NULL, to_config {int} NOT NULL, from_lane {int} NOT NULL, \
         to_lane {int} NOT NULL, done_no {int} NOT NULL, request_id {text} NOT NULL, \
         CONSTRAINT ch_1 CHECK ((done_no > 0) = (state = 2)), PRIMARY KEY (order_no, change_no)) {rowless}",
        "CREATE UNIQUE INDEX order_change_under_way ON order_change (order_no) WHERE state = 1",
        "CREATE INDEX order_change_done ON order_change (done_no) WHERE done_no > 0",
    ],
};

/// Reservations: orders to be. State 1 is reserved, 2 locked, 3 given up, 4 lapsed.
const RESERVATION: Migration = Migration {
    name: "m0010_reservation",
    up: &[
        "CREATE TABLE reservation (order_id {text} NOT NULL PRIMARY KEY, customer_id {text} NOT NULL, config_no {int} NOT NULL, \
         city {text} NOT NULL, state {int} NOT NULL CHECK (state BETWEEN 1 AND 4), reserved_on {int} NOT NULL, lapses_on {int} NOT NULL, \
         ended_on {int}, currency {text} NOT NULL, deposit_minor {int} NOT NULL, \
         CONSTRAINT rv_1 CHECK ((state = 1) = (ended_on IS NULL) AND lapses_on >= reserved_on AND deposit_minor >= 0)) {rowless}",
        "CREATE INDEX reservation_open ON reservation (lapses_on) WHERE state = 1",
    ],
};

/// What goes wrong on the way and what was signed for, who exchanged vehicles, what carriers take and emit, and what a lane costs.
/// `ended_by` is how an exception ended; a delay and a loss end without a person's word.
const TRANSPORT: Migration = Migration {
    name: "m0011_transport",
    up: &[
        "ALTER TABLE lane ADD COLUMN cost_micros {int} NOT NULL DEFAULT 0",
        "ALTER TABLE lane ADD COLUMN cost_currency {text} NOT NULL DEFAULT ''",
        "CREATE TABLE transport_exception (shipment_no {int} NOT NULL, line_no {int} NOT NULL, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3), \
         vin {text} NOT NULL, order_no {int}, reported_on {int} NOT NULL, description {text} NOT NULL, \
         severity {int} NOT NULL CHECK (severity BETWEEN 0 AND 3), expected_before {int}, expected_on {int}, \
         ended_by {int} CHECK (ended_by BETWEEN 1 AND 5), ended_on {int}, cost_minor {int}, cost_currency {text} NOT NULL, note {text} NOT NULL, \
         replacement_vin {text} NOT NULL, PRIMARY KEY (shipment_no, line_no), \
         CONSTRAINT tx_3 CHECK (line_no > 0 AND (ended_by IS NULL) = (ended_on IS NULL) AND (ended_on IS NULL OR ended_on >= reported_on) \
         AND (kind = 1) = (vin = '') AND (kind = 1) = (expected_on IS NOT NULL) AND (kind = 2) = (severity > 0))) {rowless}",
        "CREATE INDEX transport_exception_by_vin ON transport_exception (vin)",
        "CREATE TABLE proof_of_delivery (shipment_no {id}, signed_by {text} NOT NULL, document {text} NOT NULL, signed_on {int} NOT NULL)",
        "CREATE TABLE allocation_change (change_no {serial}, kind {int} NOT NULL CHECK (kind BETWEEN 1 AND 3), order_no {int} NOT NULL, \
         vin {text} NOT NULL, before_vin {text} NOT NULL, other_order_no {int}, changed_on {int} NOT NULL, \
         CONSTRAINT al_1 CHECK ((kind = 2) = (other_order_no IS NOT NULL) AND (kind = 1) = (before_vin = '')))",
        "CREATE INDEX allocation_change_by_order ON allocation_change (order_no)",
        "CREATE TABLE transport_mode (mode {text} NOT NULL PRIMARY KEY, vehicles_per_load {int} NOT NULL, grams_per_tonne_km {int} NOT NULL, \
         vehicle_mass_kg {int} NOT NULL, empty_places {int} NOT NULL CHECK (empty_places IN (0, 1)), \
         CONSTRAINT tm_1 CHECK (vehicles_per_load > 0 AND grams_per_tonne_km >= 0 AND vehicle_mass_kg > 0)) {rowless}",
    ],
};

/// Delivery centres, what is booked on their days, appointments, and inspections before the handover.
const CENTRE: Migration = Migration {
    name: "m0012_centre",
    up: &[
        "INSERT INTO counter (name, value) VALUES ('appointment', 0), ('inspection', 0)",
        "CREATE TABLE centre (centre_no {id}, centre_id {text} NOT NULL UNIQUE, name {text} NOT NULL, city {text} NOT NULL, \
         inspection {int} NOT NULL CHECK (inspection IN (0, 1)), version {int} NOT NULL)",
        "CREATE TABLE centre_hours (centre_no {int} NOT NULL, from_on {int} NOT NULL, monday {int} NOT NULL, tuesday {int} NOT NULL, \
         wednesday {int} NOT NULL, thursday {int} NOT NULL, friday {int} NOT NULL, saturday {int} NOT NULL, sunday {int} NOT NULL, \
         PRIMARY KEY (centre_no, from_on)) {rowless}",
        "CREATE TABLE centre_closed (centre_no {int} NOT NULL, closed_on {int} NOT NULL, PRIMARY KEY (centre_no, closed_on)) {rowless}",
        "CREATE TABLE centre_day (centre_no {int} NOT NULL, day_on {int} NOT NULL, capacity {int} NOT NULL, booked {int} NOT NULL, \
         PRIMARY KEY (centre_no, day_on), CONSTRAINT ce_2 CHECK (booked BETWEEN 0 AND capacity)) {rowless}",
        "CREATE TABLE appointment (appointment_no {id}, order_no {int} NOT NULL, centre_no {int} NOT NULL, appointed_on {int} NOT NULL, \
         state {int} NOT NULL, made_on {int} NOT NULL, ended_on {int}, \
         CONSTRAINT ap_2 CHECK (state BETWEEN 1 AND 5 AND (state = 1) = (ended_on IS NULL) AND (state <> 2 OR ended_on = appointed_on)))",
        "CREATE UNIQUE INDEX ap_1 ON appointment (order_no) WHERE state = 1",
        "CREATE INDEX appointment_by_order ON appointment (order_no)",
        "CREATE TABLE inspection (inspection_no {id}, vin {text} NOT NULL, centre_no {int} NOT NULL, inspected_on {int} NOT NULL, \
         passed {int} NOT NULL CHECK (passed IN (0, 1)))",
        "CREATE INDEX inspection_by_vin ON inspection (vin)",
        "CREATE TABLE inspection_defect (inspection_no {int} NOT NULL, line_no {int} NOT NULL, code {text} NOT NULL, \
         severity {int} NOT NULL CHECK (severity BETWEEN 1 AND 3), mended_by {int}, mended_on {int}, PRIMARY KEY (inspection_no, line_no), \
         CONSTRAINT pi_2 CHECK ((mended_by IS NULL) = (mended_on IS NULL) AND (mended_by IS NULL OR mended_by > inspection_no))) {rowless}",
    ],
};

/// Who customers are, sealed; of one that was erased nothing is left but that it was.
const CUSTOMER: Migration = Migration {
    name: "m0013_customer",
    up: &[
        "CREATE TABLE customer (customer_id {text} NOT NULL PRIMARY KEY, state {int} NOT NULL CHECK (state BETWEEN 1 AND 2), key_id {text} NOT NULL, \
         sealed {blob}, written_at {int} NOT NULL, erased_at {int}, \
         CONSTRAINT cu_1 CHECK ((state = 2) = (erased_at IS NOT NULL) AND (state = 1) = (sealed IS NOT NULL)))",
        "CREATE INDEX customer_by_key ON customer (key_id)",
    ],
};

/// The schema, step by step.
pub const MIGRATIONS: &[Migration] = &[
    PROGRAMME,
    ORDER,
    PROMISE,
    VEHICLE,
    QUOTE,
    SERVICE_CASE,
    RECALL,
    OUTLOOK,
    ORDER_CHANGE,
    RESERVATION,
    TRANSPORT,
    CENTRE,
    CUSTOMER,
];
