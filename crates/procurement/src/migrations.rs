//! The tables of procurement, in the order in which they came to be.
//!
//! It must not know any rule beyond what a constraint can hold. Invariants: a migration that was released is never
//! changed; dates are epoch days, quantities thousandths, prices millionths; constraints bear the id of the invariant
//! that they hold. A `source_no` is an item and one of its suppliers (item x 100 + rank), a `lot_number` a source and a
//! running number (source x 10^7 + n): so no table repeats what the number says.

use takt_service::Migration;

/// What the import brings: the parts of a programme that procurement owns.
const PROGRAMME: Migration = Migration {
    name: "m0001_programme",
    up: &[
        "CREATE TABLE programme (programme_no {id}, programme_id {text} NOT NULL, name {text} NOT NULL, plant_id {text} NOT NULL, \
         plant_supplier_id {text} NOT NULL, order_from {int} NOT NULL, last_plan_on {int} NOT NULL, CONSTRAINT pg_1 CHECK (programme_no = 1))",
        "CREATE TABLE supplier (supplier_no {id}, supplier_id {text} NOT NULL UNIQUE, name {text} NOT NULL, country_code {text} NOT NULL, \
         city {text} NOT NULL, latitude_micro {int} NOT NULL, longitude_micro {int} NOT NULL, tier {int} NOT NULL, description {text} NOT NULL)",
        "CREATE TABLE item (item_no {id}, item_id {text} NOT NULL UNIQUE, name {text} NOT NULL, item_group {text} NOT NULL, \
         unit_code {text} NOT NULL, made {int} NOT NULL)",
        "CREATE TABLE agreement (item_id {text} NOT NULL, supplier_rank {int} NOT NULL, supplier_id {text} NOT NULL, share {int} NOT NULL, \
         lot_size {int} NOT NULL, lead_days {int} NOT NULL, price_micros {int} NOT NULL, currency {text} NOT NULL, \
         PRIMARY KEY (item_id, supplier_rank), CONSTRAINT ag_1 CHECK (supplier_rank BETWEEN 1 AND 99 AND share >= 0 AND lot_size > 0 \
         AND lead_days >= 0 AND price_micros >= 0)) {rowless}",
        "CREATE TABLE lane (lane_no {id}, lane_id {text} NOT NULL UNIQUE, supplier_id {text} NOT NULL, from_place {text} NOT NULL, \
         to_place {text} NOT NULL, mode {text} NOT NULL, distance_km {int} NOT NULL, transit_millidays {int} NOT NULL, \
         cost_micros {int}, cost_currency {text}, cost_unit {text} NOT NULL, CONSTRAINT la_1 CHECK (transit_millidays >= 0))",
        "CREATE TABLE link (link_no {serial}, from_supplier_id {text} NOT NULL, to_supplier_id {text} NOT NULL, item_id {text} NOT NULL, \
         name {text} NOT NULL, into_item_ids {text} NOT NULL, share {int} NOT NULL, quantity {int} NOT NULL, lead_days {int} NOT NULL, \
         customer_stock_days {int} NOT NULL, valid_from {int}, valid_until {int}, evidence {text} NOT NULL)",
        "CREATE TABLE node (supplier_id {text} NOT NULL, item_id {text} NOT NULL, name {text} NOT NULL, capacity_per_week {int}, \
         stock_days {int}, recover_days {int}, process_hours {int}, wait_hours {int}, yield_share {int}, co2e_grams {int}, \
         stock_survives {int}, PRIMARY KEY (supplier_id, item_id)) {rowless}",
    ],
};

/// What the plan needs: the series of the newest plan alone, packed a row an item.
const REQUIREMENT: Migration = Migration {
    name: "m0002_requirement",
    up: &[
        "CREATE TABLE requirement_plan (plan_no {id}, plan_id {text} NOT NULL, as_of {int} NOT NULL, position {int} NOT NULL, \
         revision {int} NOT NULL, CONSTRAINT rq_1 CHECK (plan_no = 1))",
        "CREATE TABLE requirement (item_no {id}, first_day {int} NOT NULL, days {blob} NOT NULL, issued_before {int} NOT NULL)",
    ],
};

/// Orders. One order is all lines of a supplier and a day, so its key is the two; the book holds the counters.
const PURCHASE_ORDER: Migration = Migration {
    name: "m0003_purchase_order",
    up: &[
        "CREATE TABLE order_book (book_no {id}, released_through {int} NOT NULL, next_line {int} NOT NULL, CONSTRAINT po_0 CHECK (book_no = 1))",
        "CREATE TABLE quota_count (source_no {id}, released_lots {int} NOT NULL, first_released_on {int} NOT NULL)",
        "CREATE TABLE purchase_order (released_on {int} NOT NULL, supplier_no {int} NOT NULL, line_count {int} NOT NULL, \
         closed_line_count {int} NOT NULL, PRIMARY KEY (released_on, supplier_no), \
         CONSTRAINT po_4 CHECK (closed_line_count BETWEEN 0 AND line_count)) {rowless}",
        "CREATE TABLE order_line (line_no {id}, source_no {int} NOT NULL, first_lot {int} NOT NULL, lots {int} NOT NULL, lot_size {int} NOT NULL, \
         needed_on {int} NOT NULL, receipt_on {int} NOT NULL, ship_on {int} NOT NULL, released_on {int} NOT NULL, past_due {int} NOT NULL, \
         response {int} NOT NULL, shipped_lots {int} NOT NULL, received_lots {int} NOT NULL, \
         CONSTRAINT po_1 CHECK (lots > 0 AND received_lots >= 0 AND received_lots <= shipped_lots AND shipped_lots <= lots))",
        "CREATE INDEX order_line_by_day ON order_line (released_on)",
    ],
};

/// Goods on their way and in the house. Lots lie in the order of their arrival, because those that came last are used
/// next: a day touches few pages. `ordinal` counts lots within a run, where a statement makes one row a lot. The lots of a notice's line are one row until they are received; `quantities`
/// is there only where a lot was shipped short.
const INBOUND: Migration = Migration {
    name: "m0004_inbound",
    up: &[
        "CREATE TABLE asn (asn_no {serial}, asn_id {text} NOT NULL UNIQUE, supplier_no {int} NOT NULL, shipped_on {int} NOT NULL, \
         expected_on {int} NOT NULL, received_on {int}, lot_count {int} NOT NULL, \
         CONSTRAINT as_1 CHECK (lot_count > 0 AND expected_on >= shipped_on AND (received_on IS NULL OR received_on >= shipped_on)))",
        "CREATE INDEX asn_open ON asn (asn_no) WHERE received_on IS NULL",
        "CREATE TABLE asn_line (asn_no {int} NOT NULL, first_lot {int} NOT NULL, line_no {int} NOT NULL, lots {int} NOT NULL, \
         short_lots {int} NOT NULL, quantity {int} NOT NULL, quantities {blob}, maker_lot {text} NOT NULL, PRIMARY KEY (asn_no, first_lot), \
         CONSTRAINT as_2 CHECK (lots > 0 AND quantity > 0 AND short_lots BETWEEN 0 AND lots)) {rowless}",
        // State 6 is the one in which matter has moved that the books do not cover.
        "CREATE TABLE lot (received_on {int} NOT NULL, lot_number {int} NOT NULL, item_no {int} NOT NULL, quantity {int} NOT NULL, \
         on_hand {int} NOT NULL, reserved {int} NOT NULL, state {int} NOT NULL, PRIMARY KEY (received_on, lot_number), \
         CONSTRAINT st_2 CHECK (reserved >= 0 AND on_hand <= quantity AND (reserved <= on_hand OR state = 6))) {rowless}",
        "CREATE INDEX lot_free ON lot (item_no, received_on, lot_number) WHERE state = 3 AND on_hand > reserved",
        "CREATE TABLE ordinal (n {id})",
        "INSERT INTO ordinal (n) WITH d (n) AS (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) \
         SELECT a.n * 100 + b.n * 10 + c.n FROM d AS a CROSS JOIN d AS b CROSS JOIN d AS c",
        "CREATE TABLE lot_hold (lot_number {id}, line_no {int} NOT NULL, inspection {int} NOT NULL, open {int} NOT NULL, reason {text} NOT NULL)",
    ],
};

/// Stock. A row of the ledger or of a reservation is a run: consecutive lots of one day of receipt, of each of which the
/// same quantity is moved or kept. The ledger lies in the order of days, because it is written and read by days; a reservation's lines are kept
/// until the ledger holds them.
const MATERIAL: Migration = Migration {
    name: "m0005_material",
    up: &[
        "CREATE TABLE balance (item_no {id}, on_hand {int} NOT NULL, reserved {int} NOT NULL, received {int} NOT NULL, issued {int} NOT NULL, \
         lost {int} NOT NULL, lots {int} NOT NULL, CONSTRAINT st_3 CHECK (received = issued + on_hand AND reserved >= 0))",
        "CREATE TABLE ledger (day {int} NOT NULL, kind {int} NOT NULL, first_lot {int} NOT NULL, reservation_no {int} NOT NULL, \
         received_on {int} NOT NULL, lots {int} NOT NULL, quantity {int} NOT NULL, PRIMARY KEY (day, kind, first_lot, reservation_no), CONSTRAINT le_1 CHECK (lots > 0 \
         AND ((kind = 1 AND quantity > 0 AND reservation_no = 0) OR (kind = 2 AND quantity < 0 AND reservation_no > 0)))) {rowless}",
        "CREATE TABLE reservation (reservation_no {serial}, reservation_id {text} NOT NULL UNIQUE, build_on {int} NOT NULL, state {int} NOT NULL, \
         vehicle_count {int} NOT NULL, consumed_count {int} NOT NULL, CONSTRAINT rs_1 CHECK (consumed_count BETWEEN 0 AND vehicle_count))",
        "CREATE INDEX reservation_by_day ON reservation (build_on)",
        "CREATE TABLE reservation_line (reservation_no {int} NOT NULL, received_on {int} NOT NULL, first_lot {int} NOT NULL, \
         lots {int} NOT NULL, quantity {int} NOT NULL, PRIMARY KEY (reservation_no, received_on, first_lot), CONSTRAINT rs_2 CHECK (lots > 0 AND quantity > 0)) {rowless}",
        "CREATE TABLE consumption (build_number {id}, reservation_no {int} NOT NULL, vin {text} NOT NULL)",
        "CREATE TABLE discrepancy (build_number {id}, reservation_id {text} NOT NULL, reason {text} NOT NULL)",
    ],
};

/// The log of supply: a row a transaction that changed it, its changes packed. Its head is locked by whoever writes, so versions
/// follow each other in the order of commits.
const SUPPLY: Migration = Migration {
    name: "m0006_supply",
    up: &[
        "CREATE TABLE supply_head (head_no {id}, version {int} NOT NULL, CONSTRAINT su_1 CHECK (head_no = 1 AND version >= 0))",
        "INSERT INTO supply_head (head_no, version) VALUES (1, 0)",
        "CREATE TABLE supply_log (version {id}, changes {blob} NOT NULL)",
    ],
};

/// Which parts are approved at which supplier; the newest word counts. Who may not supply any more keeps what was said.
const PART_APPROVAL: Migration = Migration {
    name: "m0014_part_approval",
    up: &[
        "CREATE TABLE part_approval (item_id {text} NOT NULL, supplier_id {text} NOT NULL, ppap_level {int} NOT NULL, status {int} NOT NULL, \
         valid_from {int} NOT NULL, PRIMARY KEY (item_id, supplier_id), CONSTRAINT pa_1 CHECK (ppap_level BETWEEN 1 AND 5 AND status IN (1, 2))) {rowless}",
    ],
};

/// Scheduling agreements and their releases, and goods that were lost on their way. The lines of a release are packed: three numbers
/// a line, the day, the zone and the quantity.
const CALL_OFF: Migration = Migration {
    name: "m0022_call_off",
    up: &[
        "CREATE TABLE schedule_agreement (source_no {id}, reset_on {int} NOT NULL, firm_days {int} NOT NULL, fabrication_days {int} NOT NULL, \
         material_days {int} NOT NULL, releases {int} NOT NULL, last_as_of {int}, fabrication {int} NOT NULL, material {int} NOT NULL, cancelled_on {int}, \
         CONSTRAINT co_0 CHECK (firm_days >= 0 AND fabrication_days >= firm_days AND material_days >= fabrication_days \
         AND releases >= 0 AND fabrication >= 0 AND material >= fabrication))",
        "CREATE TABLE call_off (source_no {int} NOT NULL, release_no {int} NOT NULL, as_of {int} NOT NULL, reset_on {int} NOT NULL, \
         plan_id {text} NOT NULL, shipped {int} NOT NULL, received {int} NOT NULL, backlog {int} NOT NULL, fabrication {int} NOT NULL, \
         material {int} NOT NULL, lines {blob} NOT NULL, PRIMARY KEY (source_no, release_no), \
         CONSTRAINT co_3 CHECK (received >= 0 AND shipped >= received AND backlog >= 0 AND material >= fabrication)) {rowless}",
        "ALTER TABLE asn ADD COLUMN lost_on {int}",
        "ALTER TABLE order_line ADD COLUMN lost_lots {int} NOT NULL DEFAULT 0",
    ],
};

/// Disruptions that were declared, with the sites that they put out. What a scope of one kind does not have is empty or 0.
const DISRUPTION: Migration = Migration {
    name: "m0021_disruption",
    up: &[
        "CREATE TABLE disruption (disruption_id {text} NOT NULL PRIMARY KEY, scope {int} NOT NULL, name {text} NOT NULL, detail {text} NOT NULL, \
         latitude_micro {int} NOT NULL, longitude_micro {int} NOT NULL, radius_km {int} NOT NULL, cause {int} NOT NULL, begins_on {int} NOT NULL, \
         expected_end_on {int}, resolved_on {int}, note {text} NOT NULL, measure {text} NOT NULL, sites {int} NOT NULL, \
         CONSTRAINT di_1 CHECK (scope BETWEEN 1 AND 5 AND cause BETWEEN 1 AND 7 AND sites > 0 AND (expected_end_on IS NULL OR expected_end_on > begins_on) \
         AND (resolved_on IS NULL OR resolved_on >= begins_on))) {rowless}",
        "CREATE TABLE disruption_site (disruption_id {text} NOT NULL, supplier_id {text} NOT NULL, item_id {text} NOT NULL, \
         PRIMARY KEY (disruption_id, supplier_id, item_id)) {rowless}",
    ],
};

/// What happens to an order line after it was issued: answers, proposals, changes, cancellations and what is owed for them. Lots that
/// were refused before are withdrawn lots, too.
const ORDER_CHANGE: Migration = Migration {
    name: "m0025_order_change",
    up: &[
        "ALTER TABLE order_line ADD COLUMN withdrawn_lots {int} NOT NULL DEFAULT 0",
        "ALTER TABLE order_line ADD COLUMN version {int} NOT NULL DEFAULT 1",
        "ALTER TABLE order_line ADD COLUMN asked_lots {int} NOT NULL DEFAULT 0",
        "ALTER TABLE order_line ADD COLUMN asked_on {int} NOT NULL DEFAULT 0",
        "ALTER TABLE order_line ADD COLUMN accepted_lots {int} NOT NULL DEFAULT 0",
        "ALTER TABLE order_line ADD COLUMN answered_on {int}",
        "ALTER TABLE order_line ADD COLUMN proposed_lots {int}",
        "ALTER TABLE order_line ADD COLUMN proposed_on {int}",
        "ALTER TABLE order_line ADD COLUMN proposed_reason {text}",
        "ALTER TABLE order_line ADD COLUMN invoiced {int} NOT NULL DEFAULT 0",
        "UPDATE order_line SET asked_lots = lots, asked_on = receipt_on",
        "UPDATE order_line SET accepted_lots = lots WHERE response = 2",
        "UPDATE order_line SET withdrawn_lots = lots - shipped_lots WHERE response = 3",
        "CREATE TABLE order_line_event (line_no {int} NOT NULL, event_no {int} NOT NULL, kind {int} NOT NULL, happened_on {int}, \
         lots {int} NOT NULL, receipt_on {int} NOT NULL, reason {text} NOT NULL, withdrawn_lots {int} NOT NULL, finished {int} NOT NULL, \
         raw {int} NOT NULL, finished_minor {int} NOT NULL, PRIMARY KEY (line_no, event_no), \
         CONSTRAINT po_5 CHECK (event_no > 0 AND kind BETWEEN 1 AND 6 AND finished >= 0 AND raw >= 0)) {rowless}",
        "INSERT INTO order_line_event (line_no, event_no, kind, happened_on, lots, receipt_on, reason, withdrawn_lots, finished, raw, finished_minor) \
         SELECT line_no, 1, 4, NULL, lots - withdrawn_lots, receipt_on, '', withdrawn_lots, 0, 0, 0 FROM order_line WHERE response = 3",
        "CREATE INDEX asn_line_by_line ON asn_line (line_no)",
    ],
};

/// Invoices and what their lines were matched with. The tolerances are one row, which is there from the beginning: nothing is tolerated
/// until somebody says so.
const INVOICE: Migration = Migration {
    name: "m0024_invoice",
    up: &[
        "CREATE TABLE invoice_tolerance (tolerance_no {id}, price_millionths {int} NOT NULL, price_minor {int} NOT NULL, \
         CONSTRAINT iv_0 CHECK (tolerance_no = 1 AND price_millionths >= 0 AND price_minor >= 0))",
        "INSERT INTO invoice_tolerance (tolerance_no, price_millionths, price_minor) VALUES (1, 0, 0)",
        "CREATE TABLE invoice (invoice_no {serial}, supplier_no {int} NOT NULL, invoice_number {text} NOT NULL, invoiced_on {int} NOT NULL, \
         state {int} NOT NULL, self_billed {int} NOT NULL, line_count {int} NOT NULL, minor {int} NOT NULL, blocks {int} NOT NULL, \
         approved_by {text} NOT NULL, reason {text} NOT NULL, decided_on {int}, version {int} NOT NULL, UNIQUE (supplier_no, invoice_number), \
         CONSTRAINT iv_3 CHECK (state BETWEEN 1 AND 5 AND line_count > 0))",
        "CREATE TABLE invoice_line (invoice_no {int} NOT NULL, line_no {int} NOT NULL, quantity {int} NOT NULL, price_micros {int} NOT NULL, \
         agreed_micros {int} NOT NULL, minor {int} NOT NULL, ordered {int} NOT NULL, accepted {int} NOT NULL, invoiced_before {int} NOT NULL, \
         blocks {int} NOT NULL, PRIMARY KEY (invoice_no, line_no), CONSTRAINT iv_4 CHECK (quantity > 0 AND price_micros >= 0)) {rowless}",
        "CREATE INDEX invoice_line_by_line ON invoice_line (line_no)",
    ],
};

/// Links of the supply network beyond those of the programme, and who may see what of it. An import leaves both as they are.
const NETWORK: Migration = Migration {
    name: "m0020_network",
    up: &[
        "CREATE TABLE declared_link (from_supplier_id {text} NOT NULL, from_item_id {text} NOT NULL, to_supplier_id {text} NOT NULL, \
         to_item_id {text} NOT NULL, quantity {int} NOT NULL, share {int} NOT NULL, lead_days {int}, evidence {int} NOT NULL, \
         confidence {int} NOT NULL, valid_from {int}, valid_until {int}, \
         PRIMARY KEY (from_supplier_id, from_item_id, to_supplier_id, to_item_id), \
         CONSTRAINT nw_1 CHECK (quantity > 0 AND share BETWEEN 0 AND 1000000 AND confidence BETWEEN 0 AND 1000000 \
         AND evidence IN (1, 2, 3))) {rowless}",
        "CREATE TABLE visibility_grant (grant_id {text} NOT NULL PRIMARY KEY, supplier_id {text} NOT NULL, item_ids {text} NOT NULL, \
         valid_from {int} NOT NULL, valid_until {int} NOT NULL, revoked {int} NOT NULL, \
         CONSTRAINT nw_2 CHECK (valid_until >= valid_from AND revoked IN (0, 1))) {rowless}",
    ],
};

/// With whom the maker is allied: stakes, what is developed together, capacity that is reserved. An import leaves all of it as it is.
const PARTNERSHIP: Migration = Migration {
    name: "m0027_partnership",
    up: &[
        "CREATE TABLE stake (holder_id {text} NOT NULL, company_id {text} NOT NULL, held_on {int} NOT NULL, share {int}, source {text} NOT NULL, \
         PRIMARY KEY (holder_id, company_id, held_on), \
         CONSTRAINT ps_3 CHECK (holder_id <> company_id AND (share IS NULL OR share BETWEEN 0 AND 1000000))) {rowless}",
        "CREATE TABLE development (development_id {text} NOT NULL PRIMARY KEY, supplier_id {text} NOT NULL, title {text} NOT NULL, \
         ended_on {int}, end_reason {text} NOT NULL, version {int} NOT NULL) {rowless}",
        "CREATE TABLE development_item (development_id {text} NOT NULL, item_id {text} NOT NULL, PRIMARY KEY (development_id, item_id)) {rowless}",
        "CREATE TABLE development_milestone (development_id {text} NOT NULL, place {int} NOT NULL, milestone_id {text} NOT NULL, \
         agreed_on {int} NOT NULL, due_on {int} NOT NULL, reached_on {int}, PRIMARY KEY (development_id, place)) {rowless}",
        "CREATE TABLE capacity_reservation (reservation_id {text} NOT NULL PRIMARY KEY, supplier_id {text} NOT NULL, item_id {text} NOT NULL, \
         weekly {int} NOT NULL, valid_from {int} NOT NULL, valid_until {int} NOT NULL, fee_minor {int}, fee_currency {text} NOT NULL, \
         released {int} NOT NULL, CONSTRAINT ps_2 CHECK (weekly > 0 AND released IN (0, 1) AND valid_until >= valid_from - released)) {rowless}",
    ],
};

/// How soon reserved capacity arrives, and what sites go on making in a disruption.
const COVER: Migration = Migration {
    name: "m0029_cover",
    up: &[
        "ALTER TABLE capacity_reservation ADD COLUMN lead_days {int} NOT NULL DEFAULT 0 CHECK (lead_days >= 0)",
        "ALTER TABLE disruption ADD COLUMN remaining {int} NOT NULL DEFAULT 0 CHECK (remaining BETWEEN 0 AND 999999)",
    ],
};

/// What suppliers tell of their capacity by week (CX-0128). An import leaves it as it is.
const CAPACITY: Migration = Migration {
    name: "m0030_capacity",
    up: &[
        "CREATE TABLE capacity_group (group_id {text} NOT NULL PRIMARY KEY, supplier_id {text} NOT NULL, name {text} NOT NULL, inactive {int} NOT NULL) {rowless}",
        "CREATE TABLE capacity_group_item (group_id {text} NOT NULL, item_id {text} NOT NULL, load_factor {int} NOT NULL, \
         PRIMARY KEY (group_id, item_id), CONSTRAINT cg_1 CHECK (load_factor > 0)) {rowless}",
        "CREATE TABLE capacity_group_below (group_id {text} NOT NULL, below_id {text} NOT NULL, PRIMARY KEY (group_id, below_id), \
         CONSTRAINT cg_2 CHECK (group_id <> below_id)) {rowless}",
        "CREATE TABLE capacity_group_week (group_id {text} NOT NULL, week_on {int} NOT NULL, actual {int} NOT NULL, maximum {int} NOT NULL, \
         agreed {int}, delta {int} NOT NULL, PRIMARY KEY (group_id, week_on), CONSTRAINT cg_3 CHECK (actual >= 0 AND maximum >= actual)) {rowless}",
    ],
};

/// The boxes and pallets of notices, what is in them, and the serial numbers of parts by lot.
const HANDLING_UNIT: Migration = Migration {
    name: "m0031_handling_unit",
    up: &[
        "CREATE TABLE handling_unit (asn_no {int} NOT NULL, place {int} NOT NULL, unit_id {text} NOT NULL, parent_id {text} NOT NULL, \
         packaging {text} NOT NULL, PRIMARY KEY (asn_no, place), UNIQUE (asn_no, unit_id)) {rowless}",
        "CREATE TABLE handling_unit_lot (lot_number {int} NOT NULL, asn_no {int} NOT NULL, place {int} NOT NULL, line_no {int} NOT NULL, quantity {int} NOT NULL, \
         PRIMARY KEY (lot_number, asn_no, place), CONSTRAINT hu_1 CHECK (quantity > 0)) {rowless}",
        "CREATE INDEX handling_unit_lot_by_unit ON handling_unit_lot (asn_no, place)",
        "CREATE TABLE part_serial (item_no {int} NOT NULL, serial_number {text} NOT NULL, lot_number {int} NOT NULL, \
         PRIMARY KEY (item_no, serial_number)) {rowless}",
        "CREATE INDEX part_serial_by_lot ON part_serial (lot_number)",
    ],
};

/// Prices by quantity and day that were agreed beside the programme's. An import leaves them as they are.
const AGREED_PRICE: Migration = Migration {
    name: "m0032_agreed_price",
    up: &[
        "CREATE TABLE agreed_price (item_id {text} NOT NULL, supplier_id {text} NOT NULL, valid_from {int} NOT NULL, from_quantity {int} NOT NULL, \
         price_micros {int} NOT NULL, currency {text} NOT NULL, PRIMARY KEY (item_id, supplier_id, valid_from, from_quantity), \
         CONSTRAINT pc_1 CHECK (from_quantity >= 0 AND price_micros >= 0)) {rowless}",
    ],
};

/// The safety times that were learnt, by source. An import leaves them as they are.
const SAFETY_TIME: Migration = Migration {
    name: "m0028_safety_time",
    up: &[
        "CREATE TABLE safety_time (source_no {id}, days {int} NOT NULL, basis {int} NOT NULL, deliveries {int} NOT NULL, learnt_on {int} NOT NULL, \
         CONSTRAINT sf_1 CHECK (days >= 0 AND basis BETWEEN 1 AND 3 AND deliveries > 0))",
    ],
};

/// The opening with which the books began, and how the carmaker names the order lines that were open then.
const OPENING: Migration = Migration {
    name: "m0026_opening",
    up: &[
        "CREATE TABLE opening (opening_no {id}, request_id {text} NOT NULL, as_of {int} NOT NULL, items {int} NOT NULL, lots {int} NOT NULL, \
         orders {int} NOT NULL, CONSTRAINT op_0 CHECK (opening_no = 1))",
        "CREATE TABLE opening_order (line_no {id}, order_name {text} NOT NULL, order_line {text} NOT NULL, received {int} NOT NULL, \
         CONSTRAINT op_1 CHECK (received >= 0))",
    ],
};

/// What suppliers are asked to pay for parts that failed with customers. An import leaves it as it is.
const WARRANTY: Migration = Migration {
    name: "m0033_warranty",
    up: &[
        "CREATE TABLE warranty_claim (claim_id {text} NOT NULL PRIMARY KEY, supplier_id {text} NOT NULL, item_id {text} NOT NULL, \
         lot_id {text} NOT NULL, serial_number {text} NOT NULL, vin {text} NOT NULL, category {text} NOT NULL, failed_on {int} NOT NULL, \
         filed_on {int} NOT NULL, currency {text} NOT NULL, claimed_minor {int} NOT NULL, state {int} NOT NULL, accepted_minor {int}, \
         settled_minor {int}, answered_on {int}, settled_on {int}, reject_reason {text} NOT NULL, \
         CONSTRAINT wc_1 CHECK (state BETWEEN 1 AND 4 AND (answered_on IS NULL) = (state = 1) AND (accepted_minor IS NOT NULL) = (state IN (2, 4)) \
         AND (settled_minor IS NOT NULL) = (state = 4) AND (settled_on IS NOT NULL) = (state = 4)))",
        "CREATE INDEX warranty_claim_by_supplier ON warranty_claim (supplier_id, claim_id)",
        "CREATE INDEX warranty_claim_by_lot ON warranty_claim (lot_id, claim_id)",
    ],
};

/// The schema, step by step.
pub const MIGRATIONS: &[Migration] = &[
    PROGRAMME,
    REQUIREMENT,
    PURCHASE_ORDER,
    INBOUND,
    MATERIAL,
    SUPPLY,
    PART_APPROVAL,
    CALL_OFF,
    NETWORK,
    DISRUPTION,
    INVOICE,
    ORDER_CHANGE,
    OPENING,
    PARTNERSHIP,
    SAFETY_TIME,
    COVER,
    CAPACITY,
    HANDLING_UNIT,
    AGREED_PRICE,
    WARRANTY,
];
