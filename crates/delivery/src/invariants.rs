//! The rules that delivery's rows keep at rest.
//!
//! It must not know how rows come to be. Invariant: every rule stands here once, with its id.

use takt_service::Invariant;

/// The rules.
pub(crate) const INVARIANTS: &[Invariant] = &[
    Invariant {
        id: "OR-1",
        rule: "an order has at most one vehicle",
        checked: "SELECT COUNT(*) FROM sales_order",
        violated: "SELECT o.order_id FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no \
                   GROUP BY o.order_id HAVING COUNT(*) > 1 LIMIT 20",
    },
    Invariant {
        id: "OR-2",
        rule: "a vehicle is known once and has at most one order, which exists",
        checked: "SELECT COUNT(*) FROM vehicle",
        violated: "SELECT w.vin FROM vehicle w LEFT JOIN sales_order o ON o.order_no = w.order_no \
                   WHERE w.order_no IS NOT NULL AND o.order_no IS NULL \
                   UNION SELECT vin FROM vehicle GROUP BY vin HAVING COUNT(*) > 1 LIMIT 20",
    },
    Invariant {
        id: "OR-3",
        rule: "an order is open without a vehicle, allocated with one, or cancelled with the day and without one",
        checked: "SELECT COUNT(*) FROM sales_order",
        violated: "SELECT o.order_id FROM sales_order o LEFT JOIN vehicle w ON w.order_no = o.order_no \
                   LEFT JOIN cancellation x ON x.order_no = o.order_no \
                   WHERE (o.state = 1) <> (w.vin IS NOT NULL) OR (o.state = 2) <> (x.order_no IS NOT NULL) LIMIT 20",
    },
    Invariant {
        id: "OR-4",
        rule: "orders are numbered from 1 without gaps",
        checked: "SELECT COUNT(*) FROM sales_order",
        violated: "SELECT name FROM counter WHERE name = 'order' AND (value <> (SELECT COUNT(*) FROM sales_order) \
                   OR value <> (SELECT COALESCE(MAX(order_no), 0) FROM sales_order))",
    },
    Invariant {
        id: "OR-5",
        rule: "an order and the vehicle it gets have the same configuration",
        checked: "SELECT COUNT(*) FROM vehicle WHERE order_no IS NOT NULL",
        violated: "SELECT o.order_id FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no \
                   WHERE w.config_no <> o.config_no LIMIT 20",
    },
    Invariant {
        id: "CU-1",
        rule: "a customer is known with a sealed person or erased without one",
        checked: "SELECT COUNT(*) FROM customer",
        violated: "SELECT customer_id FROM customer WHERE (state = 2) <> (erased_at IS NOT NULL) OR (state = 1) <> (sealed IS NOT NULL) \
                   OR (state = 1) <> (key_id <> '') LIMIT 20",
    },
    Invariant {
        id: "CH-1",
        rule: "the changes of an order are numbered without gaps, one is under way at most, and the last one done says what the order is",
        checked: "SELECT COUNT(*) FROM order_change",
        violated: "SELECT o.order_id FROM sales_order o JOIN (SELECT order_no, COUNT(*) AS kept, MAX(change_no) AS top, \
                   MAX(CASE WHEN state = 2 THEN change_no ELSE 0 END) AS done, CAST(SUM(CASE WHEN state = 1 THEN 1 ELSE 0 END) AS BIGINT) AS under_way \
                   FROM order_change GROUP BY order_no) n ON n.order_no = o.order_no \
                   LEFT JOIN order_change l ON l.order_no = o.order_no AND l.change_no = n.done \
                   LEFT JOIN order_change u ON u.order_no = o.order_no AND u.state = 1 \
                   WHERE n.kept <> n.top OR n.under_way > 1 OR l.to_config <> o.config_no OR l.to_lane <> o.lane_no \
                   OR u.from_config <> o.config_no OR u.from_lane <> o.lane_no OR u.changed_on < o.locked_on OR l.changed_on < o.locked_on LIMIT 20",
    },
    Invariant {
        id: "RV-1",
        rule: "a reservation is locked exactly when there is the order, and ends on its day or later",
        checked: "SELECT COUNT(*) FROM reservation",
        violated: "SELECT r.order_id FROM reservation r LEFT JOIN sales_order o ON o.order_id = r.order_id \
                   WHERE (r.state = 2) <> (o.order_no IS NOT NULL) OR (r.state = 1) <> (r.ended_on IS NULL) OR r.ended_on < r.reserved_on \
                   OR (r.state = 2 AND (o.locked_on <> r.ended_on OR r.ended_on > r.lapses_on)) LIMIT 20",
    },
    Invariant {
        id: "LA-1",
        rule: "the load of a lane is the number of its orders",
        checked: "SELECT COUNT(*) FROM lane_load",
        violated: "SELECT CAST(l.lane_no AS TEXT) FROM lane_load l LEFT JOIN (SELECT lane_no, COUNT(*) AS orders FROM sales_order \
                   GROUP BY lane_no) o ON o.lane_no = l.lane_no WHERE l.order_count <> COALESCE(o.orders, 0) LIMIT 20",
    },
    Invariant {
        id: "PR-1",
        rule: "the promises of an order are numbered from 1 without gaps",
        checked: "SELECT COUNT(*) FROM promise",
        violated: "SELECT CAST(order_no AS TEXT) FROM promise GROUP BY order_no HAVING MAX(promise_no) <> COUNT(*) OR MIN(promise_no) <> 1 LIMIT 20",
    },
    Invariant {
        id: "PR-2",
        rule: "a promise differs from the one before by more than seven days and is not made before it",
        checked: "SELECT COUNT(*) FROM promise WHERE promise_no > 1",
        violated: "SELECT CAST(p.order_no AS TEXT) FROM promise p JOIN promise b ON b.order_no = p.order_no AND b.promise_no = p.promise_no - 1 \
                   WHERE p.promise_no > 1 AND (ABS(p.deliver_on - b.deliver_on) <= 7 OR p.made_on < b.made_on) LIMIT 20",
    },
    Invariant {
        id: "PR-3",
        rule: "no promise lies before its build or before the first handover date, and every one is on an order",
        checked: "SELECT COUNT(*) FROM promise",
        violated: "SELECT CAST(p.order_no AS TEXT) FROM promise p LEFT JOIN sales_order o ON o.order_no = p.order_no CROSS JOIN programme g \
                   WHERE p.deliver_on < p.build_on OR p.deliver_on < g.first_handover_on OR o.order_no IS NULL LIMIT 20",
    },
    Invariant {
        id: "SH-1",
        rule: "a shipment carries the vehicles that point to it and counts the handovers of them",
        checked: "SELECT COUNT(*) FROM shipment",
        violated: "SELECT CAST(s.shipment_no AS TEXT) FROM shipment s LEFT JOIN (SELECT shipment_no, COUNT(*) AS vehicles, \
                   COUNT(handed_over_on) AS handed_over FROM vehicle WHERE shipment_no IS NOT NULL GROUP BY shipment_no) w \
                   ON w.shipment_no = s.shipment_no \
                   WHERE s.vehicle_count <> COALESCE(w.vehicles, 0) OR s.handed_over_count <> COALESCE(w.handed_over, 0) LIMIT 20",
    },
    Invariant {
        id: "SH-2",
        rule: "a shipment's state follows from its dates and counts",
        checked: "SELECT COUNT(*) FROM shipment",
        violated: "SELECT CAST(shipment_no AS TEXT) FROM shipment WHERE state <> CASE WHEN departed_on IS NULL THEN 1 \
                   WHEN arrived_on IS NULL THEN 2 WHEN handed_over_count < vehicle_count THEN 3 ELSE 4 END LIMIT 20",
    },
    Invariant {
        id: "SH-3",
        rule: "a vehicle leaves with a load on the lane of its order, after its release, and the load on its day or later",
        checked: "SELECT COUNT(*) FROM vehicle WHERE shipment_no IS NOT NULL",
        violated: "SELECT w.vin FROM vehicle w JOIN sales_order o ON o.order_no = w.order_no LEFT JOIN shipment s ON s.shipment_no = w.shipment_no \
                   WHERE w.shipment_no IS NOT NULL AND (s.shipment_no IS NULL OR s.lane_no <> o.lane_no OR s.planned_on < w.released_on \
                   OR s.departed_on < s.planned_on OR s.arrived_on < s.departed_on OR w.released_on < w.built_on) LIMIT 20",
    },
    Invariant {
        id: "HO-1",
        rule: "no vehicle is handed over before its arrival or before the first handover date",
        checked: "SELECT COUNT(*) FROM vehicle WHERE handed_over_on IS NOT NULL",
        violated: "SELECT w.vin FROM vehicle w LEFT JOIN shipment s ON s.shipment_no = w.shipment_no CROSS JOIN programme g \
                   WHERE w.handed_over_on IS NOT NULL AND (s.arrived_on IS NULL OR w.handed_over_on < s.arrived_on \
                   OR w.handed_over_on < g.first_handover_on) LIMIT 20",
    },
    Invariant {
        id: "QT-1",
        rule: "a quote that was confirmed has an order for each of its vehicles, and no other has any",
        checked: "SELECT COUNT(*) FROM quote",
        violated: "SELECT q.quote_id FROM quote q LEFT JOIN (SELECT quote_no, COUNT(*) AS orders FROM quote_order GROUP BY quote_no) o \
                   ON o.quote_no = q.quote_no LEFT JOIN (SELECT quote_no, CAST(SUM(vehicle_count) AS BIGINT) AS vehicles FROM quote_slot GROUP BY quote_no) s \
                   ON s.quote_no = q.quote_no WHERE COALESCE(o.orders, 0) <> CASE WHEN q.state = 3 THEN COALESCE(s.vehicles, 0) ELSE 0 END LIMIT 20",
    },
    Invariant {
        id: "SC-1",
        rule: "a case is about a vehicle that was handed over, and is not opened before that",
        checked: "SELECT COUNT(*) FROM service_case",
        violated: "SELECT c.case_id FROM service_case c LEFT JOIN vehicle w ON w.vin = c.vin \
                   WHERE w.handed_over_on IS NULL OR c.opened_on < w.handed_over_on LIMIT 20",
    },
    Invariant {
        id: "SC-2",
        rule: "a case has the steps that its state says, on days that do not run backwards, and a part that failed has an item and a lot or a serial number",
        checked: "SELECT COUNT(*) FROM service_case",
        violated: "SELECT case_id FROM service_case WHERE (repaired_on IS NOT NULL) <> (state IN (3, 4)) OR (ended_on IS NOT NULL) <> (state IN (4, 5)) \
                   OR (state IN (2, 3, 4) AND diagnosed_on IS NULL) OR diagnosed_on < opened_on OR repaired_on < diagnosed_on OR ended_on < repaired_on \
                   OR ended_on < opened_on OR (item_id = '') <> (lot_id = '' AND serial_number = '') OR (state = 1 AND item_id <> '') LIMIT 20",
    },
    Invariant {
        id: "RC-1",
        rule: "a vehicle that is affected, or about which something was done, is recalled, by a recall that exists",
        checked: "SELECT COUNT(*) FROM recall_vehicle",
        violated: "SELECT k.vin FROM recall_vehicle k LEFT JOIN recall r ON r.recall_no = k.recall_no WHERE r.recall_no IS NULL \
                   OR (k.recalled = 0 AND (k.affected = 1 OR k.state <> 1)) OR (k.affected = 1 AND k.exposed_to IS NOT NULL) LIMIT 20",
    },
    Invariant {
        id: "RC-2",
        rule: "no vehicle left the plant under a stop-ship: of those that it keeps back, none stands on a load that left since",
        checked: "SELECT COUNT(*) FROM recall WHERE stop_ship > 0",
        violated: "SELECT w.vin FROM recall r JOIN recall_vehicle k ON k.recall_no = r.recall_no JOIN vehicle w ON w.vin = k.vin \
                   JOIN shipment s ON s.shipment_no = w.shipment_no WHERE r.stop_ship > 0 AND k.affected = 1 AND k.state NOT IN (4, 6) \
                   AND k.gone = 0 AND s.state > 1 LIMIT 20",
    },
    Invariant {
        id: "RC-3",
        rule: "a step of a vehicle lies on the opening of its recall or later, and a remedy on its notice or later",
        checked: "SELECT COUNT(*) FROM recall_vehicle WHERE state <> 1",
        violated: "SELECT k.vin FROM recall_vehicle k JOIN recall r ON r.recall_no = k.recall_no \
                   WHERE k.state_on < r.opened_on OR k.remedied_on < k.notified_on OR (k.state = 4) <> (k.remedied_on IS NOT NULL) LIMIT 20",
    },
    Invariant {
        id: "OU-1",
        rule: "there is one outlook, and it says what is built as of its day or nothing at all",
        checked: "SELECT COUNT(*) FROM outlook",
        violated: "SELECT 'outlook' WHERE (SELECT COUNT(*) FROM outlook WHERE outlook_no = 1 \
                   AND (as_of IS NULL) = (builds IS NULL) AND (as_of IS NULL) = (plan_id = '')) <> (SELECT COUNT(*) FROM outlook) \
                   OR (SELECT COUNT(*) FROM outlook) <> 1",
    },
    Invariant {
        id: "OU-2",
        rule: "a disruption that is over ended on its first day or later",
        checked: "SELECT COUNT(*) FROM known_disruption",
        violated: "SELECT disruption_id FROM known_disruption WHERE resolved_on < begins_on LIMIT 20",
    },
    Invariant {
        id: "OT-1",
        rule: "at most one set of terms stands, and no deposit or time of it is negative",
        checked: "SELECT COUNT(*) FROM order_terms",
        violated: "SELECT CAST(terms_no AS TEXT) FROM order_terms WHERE terms_no <> 1 OR deposit_minor < 0 OR refundable_days < 0",
    },
    Invariant {
        id: "TX-1",
        rule: "no vehicle with an open damage is handed over, and none that was lost or written off",
        checked: "SELECT COUNT(*) FROM transport_exception WHERE kind > 1",
        violated: "SELECT w.vin FROM transport_exception x JOIN vehicle w ON w.vin = x.vin WHERE w.handed_over_on IS NOT NULL \
                   AND ((x.kind = 2 AND x.ended_by IS NULL) OR x.ended_by IN (3, 5)) LIMIT 20",
    },
    Invariant {
        id: "TX-2",
        rule: "a vehicle that was lost or written off has neither an order nor a load",
        checked: "SELECT COUNT(*) FROM transport_exception WHERE ended_by IN (3, 5)",
        violated: "SELECT w.vin FROM transport_exception x JOIN vehicle w ON w.vin = x.vin WHERE x.ended_by IN (3, 5) \
                   AND (w.order_no IS NOT NULL OR w.shipment_no IS NOT NULL) LIMIT 20",
    },
    Invariant {
        id: "TX-3",
        rule: "the exceptions of a shipment are numbered from 1 without gaps, and none of a load that has arrived is an open delay",
        checked: "SELECT COUNT(*) FROM transport_exception",
        violated: "SELECT CAST(x.shipment_no AS TEXT) FROM transport_exception x LEFT JOIN shipment s ON s.shipment_no = x.shipment_no \
                   GROUP BY x.shipment_no HAVING MAX(x.line_no) <> COUNT(*) OR MIN(x.line_no) <> 1 \
                   OR MAX(CASE WHEN x.kind = 1 AND x.ended_by IS NULL AND s.arrived_on IS NOT NULL THEN 1 ELSE 0 END) = 1 LIMIT 20",
    },
    Invariant {
        id: "PD-1",
        rule: "a proof of delivery is of a load that has arrived, and of its day",
        checked: "SELECT COUNT(*) FROM proof_of_delivery",
        violated: "SELECT CAST(p.shipment_no AS TEXT) FROM proof_of_delivery p JOIN shipment s ON s.shipment_no = p.shipment_no \
                   WHERE s.arrived_on IS NULL OR s.arrived_on <> p.signed_on LIMIT 20",
    },
    Invariant {
        id: "AL-1",
        rule: "both orders tell of an exchange of vehicles, and a change tells of a vehicle that is known",
        checked: "SELECT COUNT(*) FROM allocation_change",
        violated: "SELECT c.vin FROM allocation_change c LEFT JOIN vehicle w ON w.vin = c.vin \
                   LEFT JOIN allocation_change o ON o.order_no = c.other_order_no AND o.other_order_no = c.order_no \
                   AND o.vin = c.before_vin AND o.before_vin = c.vin AND o.changed_on = c.changed_on \
                   WHERE w.vin IS NULL OR (c.kind = 2 AND o.change_no IS NULL) LIMIT 20",
    },
    Invariant {
        id: "TM-1",
        rule: "a carrier takes a vehicle at least, and no mass or emission is negative",
        checked: "SELECT COUNT(*) FROM transport_mode",
        violated: "SELECT mode FROM transport_mode WHERE vehicles_per_load < 1 OR grams_per_tonne_km < 0 OR vehicle_mass_kg < 1",
    },
    Invariant {
        id: "CE-1",
        rule: "a centre stands in a city to which a lane leads, and knows its days from its first day on",
        checked: "SELECT COUNT(*) FROM centre",
        violated: "SELECT c.centre_id FROM centre c WHERE NOT EXISTS (SELECT 1 FROM lane l WHERE l.city = c.city) \
                   OR NOT EXISTS (SELECT 1 FROM centre_hours h WHERE h.centre_no = c.centre_no) LIMIT 20",
    },
    Invariant {
        id: "CE-2",
        rule: "what is booked on a day of a centre is what appointments take of it, and no more than it can do",
        checked: "SELECT COUNT(*) FROM centre_day",
        violated: "SELECT CAST(x.centre_no AS TEXT) FROM (SELECT centre_no, day_on, booked, capacity, 0 AS taken FROM centre_day UNION ALL \
                   SELECT centre_no, appointed_on, 0, 0, 1 FROM appointment WHERE state IN (1, 2, 5)) x \
                   GROUP BY x.centre_no, x.day_on HAVING SUM(x.booked) <> SUM(x.taken) OR SUM(x.booked) > SUM(x.capacity) LIMIT 20",
    },
    Invariant {
        id: "AP-1",
        rule: "an order has at most one appointment that stands, and none once it was cancelled or handed over",
        checked: "SELECT COUNT(*) FROM appointment",
        violated: "SELECT o.order_id FROM appointment a JOIN sales_order o ON o.order_no = a.order_no LEFT JOIN vehicle w ON w.order_no = o.order_no \
                   WHERE a.state = 1 AND (o.state = 2 OR w.handed_over_on IS NOT NULL) \
                   UNION SELECT CAST(order_no AS TEXT) FROM appointment WHERE state = 1 GROUP BY order_no HAVING COUNT(*) > 1 LIMIT 20",
    },
    Invariant {
        id: "AP-2",
        rule: "an appointment that was kept lies on the day on which the vehicle was handed over",
        checked: "SELECT COUNT(*) FROM appointment WHERE state = 2",
        violated: "SELECT CAST(a.appointment_no AS TEXT) FROM appointment a LEFT JOIN vehicle w ON w.order_no = a.order_no \
                   WHERE a.state = 2 AND (w.handed_over_on IS NULL OR w.handed_over_on <> a.appointed_on) LIMIT 20",
    },
    Invariant {
        id: "PI-1",
        rule: "an inspection is passed when no major or critical defect of the vehicle was open at its end",
        checked: "SELECT COUNT(*) FROM inspection",
        violated: "SELECT i.vin FROM inspection i WHERE (i.passed = 1) = EXISTS (SELECT 1 FROM inspection f \
                   JOIN inspection_defect d ON d.inspection_no = f.inspection_no WHERE f.vin = i.vin AND f.inspection_no <= i.inspection_no \
                   AND d.severity > 1 AND (d.mended_by IS NULL OR d.mended_by > i.inspection_no)) LIMIT 20",
    },
];
