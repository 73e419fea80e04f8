//! The rules that the rows of procurement keep at rest, each with the query that finds who breaks it.
//!
//! It must not repair anything. Invariant: an id never changes its meaning; the README lists them.

use takt_service::Invariant;

/// The rules.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        id: "ST-1",
        rule: "what is on hand of a lot is the sum of its ledger entries, and every entry has its lot",
        checked: "SELECT COUNT(*) FROM lot",
        violated: "SELECT CAST(l.lot_number AS TEXT) FROM lot AS l LEFT JOIN (SELECT o.lot_number, CAST(SUM(e.quantity) AS BIGINT) AS total \
                   FROM ledger AS e JOIN lot AS o ON o.received_on = e.received_on AND o.lot_number BETWEEN e.first_lot AND e.first_lot + e.lots - 1 \
                   GROUP BY o.lot_number) AS s \
                   ON s.lot_number = l.lot_number WHERE s.total IS NULL OR s.total <> l.on_hand UNION ALL \
                   SELECT CAST(e.first_lot AS TEXT) FROM ledger AS e WHERE e.lots <> \
                   (SELECT COUNT(*) FROM lot AS o WHERE o.received_on = e.received_on AND o.lot_number BETWEEN e.first_lot AND e.first_lot + e.lots - 1)",
    },
    Invariant {
        id: "ST-2",
        rule: "nothing is reserved that is not on hand",
        checked: "SELECT COUNT(*) FROM lot",
        violated: "SELECT CAST(lot_number AS TEXT) FROM lot WHERE reserved < 0 OR reserved > on_hand ORDER BY lot_number",
    },
    Invariant {
        id: "ST-3",
        rule: "what was received of an item is what was issued and what is on hand, as the ledger says",
        checked: "SELECT COUNT(*) FROM balance",
        violated: "SELECT i.item_id FROM balance AS b JOIN item AS i ON i.item_no = b.item_no LEFT JOIN \
                   (SELECT first_lot / 1000000000 AS item_no, CAST(SUM(CASE WHEN kind = 1 THEN lots * quantity ELSE 0 END) AS BIGINT) AS received, \
                   CAST(SUM(CASE WHEN kind = 2 THEN -lots * quantity ELSE 0 END) AS BIGINT) AS issued FROM ledger GROUP BY 1) AS s \
                   ON s.item_no = b.item_no WHERE b.received <> b.issued + b.on_hand OR b.received <> COALESCE(s.received, 0) \
                   OR b.issued <> COALESCE(s.issued, 0) ORDER BY i.item_no",
    },
    Invariant {
        id: "ST-4",
        rule: "what is reserved of a lot is what open reservations keep of it",
        checked: "SELECT COUNT(*) FROM lot WHERE reserved > 0",
        violated: "SELECT CAST(l.lot_number AS TEXT) FROM lot AS l LEFT JOIN (SELECT x.lot_number, CAST(SUM(r.quantity) AS BIGINT) AS held \
                   FROM reservation_line AS r JOIN reservation AS o ON o.reservation_no = r.reservation_no \
                   JOIN lot AS x ON x.received_on = r.received_on AND x.lot_number BETWEEN r.first_lot AND r.first_lot + r.lots - 1 WHERE o.state = 1 GROUP BY x.lot_number) AS s ON s.lot_number = l.lot_number WHERE l.reserved <> COALESCE(s.held, 0) ORDER BY l.lot_number",
    },
    Invariant {
        id: "ST-5",
        rule: "the balance of an item is the sum of its lots: on hand, reserved, received and counted",
        checked: "SELECT COUNT(*) FROM balance",
        violated: "SELECT CAST(b.item_no AS TEXT) FROM balance AS b LEFT JOIN (SELECT item_no, CAST(SUM(on_hand) AS BIGINT) AS on_hand, \
                   CAST(SUM(reserved) AS BIGINT) AS reserved, CAST(SUM(quantity) AS BIGINT) AS received, COUNT(*) AS lots \
                   FROM lot GROUP BY item_no) AS s ON s.item_no = b.item_no WHERE b.on_hand <> COALESCE(s.on_hand, 0) \
                   OR b.reserved <> COALESCE(s.reserved, 0) OR b.received <> COALESCE(s.received, 0) OR b.lots <> COALESCE(s.lots, 0) \
                   ORDER BY b.item_no",
    },
    Invariant {
        id: "ST-6",
        rule: "what is lost of an item is what was shipped short, went astray, is kept back, or was refused or taken back",
        checked: "SELECT COUNT(*) FROM balance",
        violated: "SELECT CAST(b.item_no AS TEXT) FROM balance AS b LEFT JOIN (SELECT x.item_no, CAST(SUM(x.lost) AS BIGINT) AS lost FROM ( \
                   SELECT item_no, on_hand - reserved AS lost FROM lot WHERE state = 4 UNION ALL \
                   SELECT l.source_no / 100, l.lot_size * a.lots - a.quantity FROM asn_line AS a \
                   JOIN order_line AS l ON l.line_no = a.line_no WHERE a.short_lots > 0 UNION ALL \
                   SELECT a.first_lot / 1000000000, a.quantity FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no WHERE n.lost_on IS NOT NULL UNION ALL \
                   SELECT source_no / 100, lot_size * withdrawn_lots FROM order_line WHERE withdrawn_lots > 0) AS x \
                   GROUP BY x.item_no) AS s ON s.item_no = b.item_no WHERE b.lost <> COALESCE(s.lost, 0) ORDER BY b.item_no",
    },
    Invariant {
        id: "ST-7",
        rule: "every vehicle's use is covered by its reservation",
        checked: "SELECT COUNT(*) FROM consumption",
        violated: "SELECT CAST(build_number AS TEXT) FROM discrepancy ORDER BY build_number",
    },
    Invariant {
        id: "PO-1",
        rule: "no more is shipped than ordered, and no more received and lost than shipped",
        checked: "SELECT COUNT(*) FROM order_line",
        violated: "SELECT CAST(line_no AS TEXT) FROM order_line WHERE shipped_lots > lots OR received_lots + lost_lots > shipped_lots ORDER BY line_no",
    },
    Invariant {
        id: "PO-2",
        rule: "the lots of a source are numbered without a gap, and as many as were counted",
        checked: "SELECT COUNT(*) FROM quota_count",
        violated: "SELECT CAST(q.source_no AS TEXT) FROM quota_count AS q LEFT JOIN (SELECT source_no, CAST(SUM(lots) AS BIGINT) AS lots, \
                   MIN(first_lot) AS first_lot, MAX(first_lot + lots - 1) AS last_lot FROM order_line GROUP BY source_no) AS s \
                   ON s.source_no = q.source_no WHERE s.lots IS NULL OR s.lots <> q.released_lots OR s.first_lot <> 1 OR s.last_lot <> s.lots \
                   ORDER BY q.source_no",
    },
    Invariant {
        id: "PO-3",
        rule: "what was shipped, received and lost of a line is what its notices say",
        checked: "SELECT COUNT(*) FROM order_line",
        violated: "SELECT CAST(l.line_no AS TEXT) FROM order_line AS l LEFT JOIN (SELECT a.line_no, CAST(SUM(a.lots) AS BIGINT) AS shipped, \
                   CAST(SUM(CASE WHEN n.received_on IS NULL THEN 0 ELSE a.lots END) AS BIGINT) AS received, \
                   CAST(SUM(CASE WHEN n.lost_on IS NULL THEN 0 ELSE a.lots END) AS BIGINT) AS gone \
                   FROM asn_line AS a JOIN asn AS n ON n.asn_no = a.asn_no GROUP BY a.line_no) AS s ON s.line_no = l.line_no \
                   WHERE l.shipped_lots <> COALESCE(s.shipped, 0) OR l.received_lots <> COALESCE(s.received, 0) \
                   OR l.lost_lots <> COALESCE(s.gone, 0) ORDER BY l.line_no",
    },
    Invariant {
        id: "PO-4",
        rule: "an order counts its lines, and those of which nothing more will come",
        checked: "SELECT COUNT(*) FROM purchase_order",
        violated: "SELECT CAST(o.released_on AS TEXT) FROM (SELECT released_on, CAST(SUM(line_count) AS BIGINT) AS lines, \
                   CAST(SUM(closed_line_count) AS BIGINT) AS closed FROM purchase_order GROUP BY released_on) AS o LEFT JOIN \
                   (SELECT released_on, COUNT(*) AS lines, CAST(SUM(CASE WHEN received_lots + lost_lots + withdrawn_lots = lots THEN 1 ELSE 0 END) AS BIGINT) AS closed \
                   FROM order_line GROUP BY released_on) AS s ON s.released_on = o.released_on \
                   WHERE o.lines <> COALESCE(s.lines, 0) OR o.closed <> COALESCE(s.closed, 0) ORDER BY o.released_on",
    },
    Invariant {
        id: "PO-5",
        rule: "what was withdrawn of a line is what its events say, was not shipped, and is owed for at most once",
        checked: "SELECT COUNT(*) FROM order_line",
        violated: "SELECT CAST(l.line_no AS TEXT) FROM order_line AS l LEFT JOIN (SELECT line_no, CAST(SUM(withdrawn_lots) AS BIGINT) AS lots \
                   FROM order_line_event GROUP BY line_no) AS e ON e.line_no = l.line_no \
                   WHERE l.withdrawn_lots <> COALESCE(e.lots, 0) OR l.withdrawn_lots < 0 OR l.shipped_lots + l.withdrawn_lots > l.lots \
                   OR (l.response = 4) <> (l.proposed_on IS NOT NULL) UNION ALL \
                   SELECT CAST(e.line_no AS TEXT) FROM order_line_event AS e LEFT JOIN order_line AS l ON l.line_no = e.line_no \
                   WHERE l.line_no IS NULL OR e.finished + e.raw > CASE WHEN e.withdrawn_lots > 0 THEN e.withdrawn_lots * l.lot_size ELSE 0 END",
    },
    Invariant {
        id: "LOT-1",
        rule: "a received notice has all its lots in the house, with the quantities that it said",
        checked: "SELECT COUNT(*) FROM asn WHERE received_on IS NOT NULL",
        violated: "SELECT n.asn_id FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no LEFT JOIN lot AS l ON l.received_on = n.received_on \
                   AND l.lot_number BETWEEN a.first_lot AND a.first_lot + a.lots - 1 \
                   WHERE n.received_on IS NOT NULL GROUP BY n.asn_id, a.first_lot, a.lots, a.quantity HAVING COUNT(l.lot_number) <> a.lots \
                   OR CAST(SUM(COALESCE(l.quantity, 0)) AS BIGINT) <> a.quantity ORDER BY n.asn_id",
    },
    Invariant {
        id: "LOT-2",
        rule: "a lot that is used up has nothing on hand, and one that has nothing on hand is used up",
        checked: "SELECT COUNT(*) FROM lot",
        violated: "SELECT CAST(lot_number AS TEXT) FROM lot WHERE (state = 5) <> (on_hand = 0) AND state <> 6 ORDER BY lot_number",
    },
    Invariant {
        id: "LOT-3",
        rule: "a lot is kept back for a reason, and only then",
        checked: "SELECT COUNT(*) FROM lot_hold",
        violated: "SELECT CAST(l.lot_number AS TEXT) FROM lot AS l LEFT JOIN lot_hold AS h ON h.lot_number = l.lot_number AND h.open = 1 \
                   WHERE (l.state = 4 AND h.lot_number IS NULL) OR (l.state IN (2, 3) AND h.lot_number IS NOT NULL) ORDER BY l.lot_number",
    },
    Invariant {
        id: "LOT-4",
        rule: "a lot is received once",
        checked: "SELECT COUNT(*) FROM lot",
        violated: "SELECT CAST(lot_number AS TEXT) FROM lot GROUP BY lot_number HAVING COUNT(*) > 1 ORDER BY lot_number",
    },
    Invariant {
        id: "AS-1",
        rule: "goods arrive or are lost on the day they left or later, and were ordered before they left",
        checked: "SELECT COUNT(*) FROM asn",
        violated: "SELECT DISTINCT n.asn_id FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no JOIN order_line AS l ON l.line_no = a.line_no \
                   WHERE n.received_on < n.shipped_on OR n.lost_on < n.shipped_on OR n.shipped_on < l.released_on \
                   OR (n.received_on IS NOT NULL AND n.lost_on IS NOT NULL) ORDER BY n.asn_id",
    },
    Invariant {
        id: "RS-1",
        rule: "a reservation counts its vehicles, and has lines exactly as long as the ledger does not hold them",
        checked: "SELECT COUNT(*) FROM reservation",
        violated: "SELECT r.reservation_id FROM reservation AS r LEFT JOIN (SELECT reservation_no, COUNT(*) AS vehicles FROM consumption \
                   WHERE build_number NOT IN (SELECT build_number FROM discrepancy WHERE reason = 'RESERVATION_USED_UP') GROUP BY reservation_no) AS c \
                   ON c.reservation_no = r.reservation_no LEFT JOIN (SELECT reservation_no, COUNT(*) AS lines FROM reservation_line GROUP BY reservation_no) AS l \
                   ON l.reservation_no = r.reservation_no LEFT JOIN (SELECT reservation_no, COUNT(*) AS entries FROM ledger WHERE kind = 2 \
                   GROUP BY reservation_no) AS e ON e.reservation_no = r.reservation_no WHERE r.consumed_count <> COALESCE(c.vehicles, 0) \
                   OR (r.state = 2) <> (COALESCE(e.entries, 0) > 0) OR (r.state = 2) <> (COALESCE(l.lines, 0) = 0) ORDER BY r.reservation_id",
    },
    Invariant {
        id: "RQ-2",
        rule: "what was issued before the plan's day is what the ledger says of the days before it",
        checked: "SELECT COUNT(*) FROM requirement",
        violated: "SELECT CAST(r.item_no AS TEXT) FROM requirement AS r LEFT JOIN (SELECT e.first_lot / 1000000000 AS item_no, \
                   CAST(SUM(-e.lots * e.quantity) AS BIGINT) AS issued FROM ledger AS e JOIN requirement_plan AS p ON e.day < p.as_of WHERE e.kind = 2 \
                   GROUP BY 1) AS s ON s.item_no = r.item_no WHERE r.issued_before <> COALESCE(s.issued, 0) ORDER BY r.item_no",
    },
    Invariant {
        id: "PA-1",
        rule: "a part is approved or refused at a supplier that has an agreement for it",
        checked: "SELECT COUNT(*) FROM part_approval",
        violated: "SELECT p.item_id || ' ' || p.supplier_id FROM part_approval AS p LEFT JOIN agreement AS a ON a.item_id = p.item_id \
                   AND a.supplier_id = p.supplier_id WHERE a.item_id IS NULL ORDER BY p.item_id, p.supplier_id",
    },
    Invariant {
        id: "PC-1",
        rule: "the agreed prices of a day begin with that of any quantity, in one currency",
        checked: "SELECT COUNT(*) FROM agreed_price",
        violated: "SELECT item_id || ' ' || supplier_id FROM agreed_price GROUP BY item_id, supplier_id, valid_from \
                   HAVING MIN(from_quantity) <> 0 OR MIN(currency) <> MAX(currency) ORDER BY 1",
    },
    Invariant {
        id: "SF-1",
        rule: "a safety time is about a source, is not negative and was learnt from deliveries that happened",
        checked: "SELECT COUNT(*) FROM safety_time",
        violated: "SELECT CAST(s.source_no AS TEXT) FROM safety_time AS s LEFT JOIN item AS i ON i.item_no = s.source_no / 100 \
                   LEFT JOIN agreement AS a ON a.item_id = i.item_id AND a.supplier_rank = s.source_no % 100 WHERE a.item_id IS NULL \
                   OR s.days < 0 OR s.deliveries > (SELECT COUNT(*) FROM asn_line) + (SELECT COUNT(*) FROM order_line) ORDER BY s.source_no",
    },
    Invariant {
        id: "CO-1",
        rule: "the releases of a scheduling agreement are numbered without a gap, and their days do not go back",
        checked: "SELECT COUNT(*) FROM schedule_agreement",
        violated: "SELECT CAST(g.source_no AS TEXT) FROM schedule_agreement AS g LEFT JOIN (SELECT source_no, COUNT(*) AS releases, MAX(release_no) AS last_no, \
                   MAX(as_of) AS last_as_of FROM call_off GROUP BY source_no) AS s ON s.source_no = g.source_no \
                   WHERE g.releases <> COALESCE(s.releases, 0) OR g.releases <> COALESCE(s.last_no, 0) OR g.last_as_of <> s.last_as_of \
                   OR (g.last_as_of IS NULL) <> (s.last_as_of IS NULL) UNION ALL \
                   SELECT CAST(c.source_no AS TEXT) FROM call_off AS c LEFT JOIN schedule_agreement AS g ON g.source_no = c.source_no WHERE g.source_no IS NULL \
                   UNION ALL SELECT CAST(b.source_no AS TEXT) FROM call_off AS b JOIN call_off AS a ON a.source_no = b.source_no \
                   AND a.release_no = b.release_no - 1 WHERE a.as_of > b.as_of",
    },
    Invariant {
        id: "CO-2",
        rule: "what an agreement has authorised is no less than what any of its releases since the reset date did",
        checked: "SELECT COUNT(*) FROM call_off",
        violated: "SELECT CAST(c.source_no AS TEXT) FROM call_off AS c JOIN schedule_agreement AS g ON g.source_no = c.source_no AND g.reset_on = c.reset_on \
                   WHERE g.fabrication < c.fabrication OR g.material < c.material ORDER BY c.source_no",
    },
    Invariant {
        id: "DI-1",
        rule: "a disruption puts out the sites that it counts, and works again not before it began",
        checked: "SELECT COUNT(*) FROM disruption",
        violated: "SELECT d.disruption_id FROM disruption AS d LEFT JOIN (SELECT disruption_id, COUNT(*) AS sites FROM disruption_site GROUP BY disruption_id) AS s \
                   ON s.disruption_id = d.disruption_id WHERE d.sites <> COALESCE(s.sites, 0) OR d.resolved_on < d.begins_on ORDER BY d.disruption_id",
    },
    Invariant {
        id: "PS-1",
        rule: "the milestones of a development programme are reached in their order, none before the one before it",
        checked: "SELECT COUNT(*) FROM development_milestone",
        violated: "SELECT m.development_id FROM development_milestone AS m JOIN development_milestone AS b ON b.development_id = m.development_id \
                   AND b.place = m.place - 1 WHERE m.reached_on IS NOT NULL AND (b.reached_on IS NULL OR b.reached_on > m.reached_on) ORDER BY m.development_id",
    },
    Invariant {
        id: "PS-2",
        rule: "capacity is reserved of a site, and a reservation ends no earlier than it begins unless it was given back before",
        checked: "SELECT COUNT(*) FROM capacity_reservation",
        violated: "SELECT reservation_id FROM capacity_reservation WHERE weekly <= 0 OR valid_until < valid_from - released ORDER BY reservation_id",
    },
    Invariant {
        id: "HU-1",
        rule: "where a notice has handling units, they hold as much of each order line as it ships",
        checked: "SELECT COUNT(*) FROM handling_unit",
        violated: "SELECT DISTINCT n.asn_id FROM asn AS n JOIN (SELECT DISTINCT asn_no FROM handling_unit) AS u ON u.asn_no = n.asn_no \
                   JOIN (SELECT asn_no, line_no, CAST(SUM(quantity) AS BIGINT) AS shipped FROM asn_line GROUP BY asn_no, line_no) AS a ON a.asn_no = n.asn_no \
                   LEFT JOIN (SELECT asn_no, line_no, CAST(SUM(quantity) AS BIGINT) AS held FROM handling_unit_lot GROUP BY asn_no, line_no) AS h \
                   ON h.asn_no = a.asn_no AND h.line_no = a.line_no WHERE a.shipped <> COALESCE(h.held, 0) ORDER BY n.asn_id",
    },
    Invariant {
        id: "HU-2",
        rule: "a serial number is that of a part of a lot of its item, and a lot in the house has as many as whole parts",
        checked: "SELECT COUNT(*) FROM part_serial",
        violated: "SELECT CAST(s.lot_number AS TEXT) FROM (SELECT lot_number, MIN(item_no) AS least, MAX(item_no) AS most, COUNT(*) AS parts \
                   FROM part_serial GROUP BY lot_number) AS s LEFT JOIN lot AS l ON l.lot_number = s.lot_number \
                   WHERE s.least <> s.lot_number / 1000000000 OR s.most <> s.least OR l.quantity <> s.parts * 1000 ORDER BY s.lot_number",
    },
    Invariant {
        id: "CG-1",
        rule: "a capacity group carries groups that are recorded",
        checked: "SELECT COUNT(*) FROM capacity_group_below",
        violated: "SELECT b.group_id FROM capacity_group_below AS b LEFT JOIN capacity_group AS g ON g.group_id = b.below_id \
                   WHERE g.group_id IS NULL ORDER BY b.group_id",
    },
    Invariant {
        id: "CG-2",
        rule: "a week of capacity is named by its Monday",
        checked: "SELECT COUNT(*) FROM capacity_group_week",
        // Day 0 of the epoch was a Thursday.
        violated: "SELECT group_id FROM capacity_group_week WHERE (week_on + 3) % 7 <> 0 ORDER BY group_id",
    },
    Invariant {
        id: "IV-1",
        rule: "what of an order line was invoiced is what its invoices bill that are matched, accepted or paid",
        checked: "SELECT COUNT(*) FROM invoice_line",
        violated: "SELECT CAST(l.line_no AS TEXT) FROM order_line AS l LEFT JOIN (SELECT x.line_no, CAST(SUM(x.quantity) AS BIGINT) AS billed \
                   FROM invoice AS i JOIN invoice_line AS x ON x.invoice_no = i.invoice_no WHERE i.state IN (1, 3, 4) GROUP BY x.line_no) AS s \
                   ON s.line_no = l.line_no WHERE l.invoiced <> COALESCE(s.billed, 0) ORDER BY l.line_no",
    },
    Invariant {
        id: "IV-2",
        rule: "no more of an order line is invoiced than was received of it, unless a person accepted an invoice of it",
        checked: "SELECT COUNT(*) FROM order_line WHERE invoiced > 0",
        violated: "SELECT CAST(l.line_no AS TEXT) FROM order_line AS l LEFT JOIN (SELECT a.line_no, CAST(SUM(a.quantity) AS BIGINT) AS received \
                   FROM asn AS n JOIN asn_line AS a ON a.asn_no = n.asn_no WHERE n.received_on IS NOT NULL GROUP BY a.line_no) AS s \
                   ON s.line_no = l.line_no WHERE l.invoiced > COALESCE(s.received, 0) AND NOT EXISTS (SELECT 1 FROM invoice_line AS x \
                   JOIN invoice AS i ON i.invoice_no = x.invoice_no WHERE x.line_no = l.line_no AND i.state IN (3, 4) AND i.approved_by <> '') ORDER BY l.line_no",
    },
    Invariant {
        id: "IV-3",
        rule: "an invoice counts its lines and comes to what they do; a line that does not agree is blocked unless a person accepted it",
        checked: "SELECT COUNT(*) FROM invoice",
        violated: "SELECT i.invoice_number FROM invoice AS i LEFT JOIN (SELECT invoice_no, COUNT(*) AS lines, CAST(SUM(minor) AS BIGINT) AS minor \
                   FROM invoice_line GROUP BY invoice_no) AS s ON s.invoice_no = i.invoice_no \
                   WHERE i.line_count <> COALESCE(s.lines, 0) OR i.minor <> COALESCE(s.minor, 0) \
                   OR (i.blocks <> 0 AND i.state IN (1, 4) AND i.approved_by = '') ORDER BY i.invoice_number",
    },
    Invariant {
        id: "OP-1",
        rule: "what was open when the books began is an order line, and the books began once",
        checked: "SELECT COUNT(*) FROM opening",
        violated: "SELECT o.order_name FROM opening_order AS o LEFT JOIN order_line AS l ON l.line_no = o.line_no \
                   WHERE l.line_no IS NULL OR NOT EXISTS (SELECT 1 FROM opening) ORDER BY o.order_name",
    },
    Invariant {
        id: "NW-1",
        rule: "a declared link joins two sites, and what goes to the plant is the bought item itself",
        checked: "SELECT COUNT(*) FROM declared_link",
        violated: "SELECT d.from_supplier_id || '/' || d.from_item_id FROM declared_link AS d LEFT JOIN programme AS p ON p.plant_supplier_id = d.to_supplier_id \
                   WHERE (d.from_supplier_id = d.to_supplier_id AND d.from_item_id = d.to_item_id) \
                   OR (p.plant_supplier_id IS NOT NULL AND d.from_item_id <> d.to_item_id) ORDER BY 1",
    },
    Invariant {
        id: "NW-2",
        rule: "a grant ends no earlier than it begins",
        checked: "SELECT COUNT(*) FROM visibility_grant",
        violated: "SELECT grant_id FROM visibility_grant WHERE valid_until < valid_from ORDER BY grant_id",
    },
    Invariant {
        id: "WC-1",
        rule: "a claim has the amounts and days that its state says, and none is more than what is claimed",
        checked: "SELECT COUNT(*) FROM warranty_claim",
        violated: "SELECT claim_id FROM warranty_claim WHERE accepted_minor NOT BETWEEN 0 AND claimed_minor OR settled_minor NOT BETWEEN 0 AND claimed_minor \
                   OR (accepted_minor IS NOT NULL) <> (state IN (2, 4)) OR (settled_on IS NOT NULL) <> (state = 4) OR filed_on < failed_on \
                   OR answered_on < filed_on OR settled_on < answered_on OR supplier_id = '' OR lot_id = '' ORDER BY claim_id LIMIT 20",
    },
];
