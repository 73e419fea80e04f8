//! The rules that production's rows keep at rest.
//!
//! It must not know how rows come to be. Invariant: every rule stands here once, with its id.

pub mod holds;

use takt_service::Invariant;

/// The rules.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        id: "VIN-1",
        rule: "the serials of vehicle identification numbers have no gaps",
        checked: "SELECT COUNT(*) FROM vehicle",
        violated: "SELECT 'serial ' || CAST(MAX(serial) AS TEXT) || ' of ' || CAST(COUNT(*) AS TEXT) || ' vehicles' FROM vehicle \
                   HAVING COUNT(*) > 0 AND (MIN(serial) <> 1 OR MAX(serial) <> COUNT(*))",
    },
    Invariant {
        id: "VIN-2",
        rule: "a vehicle identification number has 17 characters, ends with its serial and stands once",
        checked: "SELECT COUNT(*) FROM vehicle",
        violated: "SELECT vin FROM vehicle WHERE LENGTH(vin) <> 17 OR CAST(SUBSTR(vin, 12) AS BIGINT) <> serial \
                   UNION ALL SELECT vin FROM vehicle GROUP BY vin HAVING COUNT(*) > 1",
    },
    Invariant {
        id: "BN-1",
        rule: "build numbers have no gaps",
        checked: "SELECT COUNT(*) FROM vehicle WHERE build_number IS NOT NULL",
        violated: "SELECT 'build number ' || CAST(MAX(build_number) AS TEXT) || ' of ' || CAST(COUNT(*) AS TEXT) || ' vehicles' FROM vehicle \
                   WHERE build_number IS NOT NULL HAVING COUNT(*) > 0 AND (MIN(build_number) <> 1 OR MAX(build_number) <> COUNT(*))",
    },
    Invariant {
        id: "OV-1",
        // Above the options a vehicle's configuration has the engineering changes that it was built with.
        rule: "an order has at most one vehicle, of its own configuration, and is built when the vehicle is",
        checked: "SELECT COUNT(*) FROM demand_order",
        violated: "SELECT o.order_id FROM demand_order AS o LEFT JOIN vehicle AS w ON w.order_number = o.order_number \
                   WHERE (o.state = 0) <> (w.serial IS NULL) OR (o.state = 2) <> (w.build_number IS NOT NULL) OR w.config % 72057594037927936 <> o.config LIMIT 20",
    },
    Invariant {
        id: "AB-1",
        rule: "every vehicle has its lots of each item that every vehicle needs: the ranges of an issue add up to its vehicles",
        checked: "SELECT (SELECT COUNT(*) FROM issue) * (SELECT COUNT(*) FROM item WHERE universal = 1)",
        // A vehicle on the border of two lots stands in both ranges and counts once.
        violated: "WITH r AS (SELECT issue_no, lot_number / 1000000000 AS item_no, first_build, last_build, LAG(last_build) OVER \
                   (PARTITION BY issue_no, lot_number / 1000000000 ORDER BY first_build, last_build) AS before_build FROM asbuilt_range), \
                   c AS (SELECT issue_no, item_no, CAST(SUM(last_build - first_build + 1 - CASE WHEN first_build = before_build THEN 1 ELSE 0 END) \
                   AS BIGINT) AS covered FROM r GROUP BY issue_no, item_no) \
                   SELECT i.reservation_id || ' ' || t.item_id FROM issue AS i CROSS JOIN item AS t LEFT JOIN c ON c.issue_no = i.issue_no \
                   AND c.item_no = t.item_no WHERE t.universal = 1 AND COALESCE(c.covered, 0) <> i.vehicle_count LIMIT 20",
    },
    Invariant {
        id: "AB-2",
        rule: "the ranges of an item within an issue follow each other and stay inside the issue",
        checked: "SELECT COUNT(*) FROM asbuilt_range",
        violated: "WITH r AS (SELECT issue_no, lot_number, first_build, last_build, LAG(last_build) OVER \
                   (PARTITION BY issue_no, lot_number / 1000000000 ORDER BY first_build, last_build) AS before_build FROM asbuilt_range) \
                   SELECT i.reservation_id || ' ' || CAST(r.lot_number AS TEXT) FROM r JOIN issue AS i ON i.issue_no = r.issue_no \
                   WHERE r.first_build < r.before_build OR r.first_build < i.first_build OR r.last_build > i.last_build LIMIT 20",
    },
    Invariant {
        id: "AB-3",
        rule: "a piece with a serial lies in a range of its lot, and the pieces of a lot count to those used",
        checked: "SELECT COUNT(*) FROM asbuilt_serial",
        violated: "SELECT CAST(s.lot_number AS TEXT) FROM serial_lot AS s LEFT JOIN (SELECT lot_number, COUNT(*) AS pieces, MAX(unit_no) AS last_unit \
                   FROM asbuilt_serial GROUP BY lot_number) AS p ON p.lot_number = s.lot_number \
                   WHERE COALESCE(p.pieces, 0) <> s.used OR COALESCE(p.last_unit, 0) <> s.used LIMIT 20",
    },
    Invariant {
        id: "AB-4",
        rule: "issues follow each other without gaps and cover every vehicle that was built",
        checked: "SELECT COUNT(*) FROM issue",
        violated: "SELECT 'issues cover ' || CAST(COALESCE(SUM(vehicle_count), 0) AS TEXT) FROM issue \
                   HAVING COALESCE(SUM(vehicle_count), 0) <> (SELECT COUNT(*) FROM vehicle WHERE build_number IS NOT NULL) \
                   OR COALESCE(MAX(last_build), 0) <> COALESCE(SUM(vehicle_count), 0)",
    },
    Invariant {
        id: "AB-5",
        rule: "a piece with a serial is in one place at a time, by all that was ever known",
        checked: "SELECT (SELECT COUNT(*) FROM asbuilt_serial) + (SELECT COUNT(*) FROM asbuilt_edge WHERE child_piece > 0)",
        violated: "SELECT CAST(a.child_key AS TEXT) || '-' || CAST(a.child_piece AS TEXT) FROM asbuilt_edge AS a JOIN asbuilt_edge AS b \
                   ON b.child_key = a.child_key AND b.child_piece = a.child_piece AND b.edge_no > a.edge_no WHERE a.child_piece > 0 \
                   AND a.recorded_from < b.recorded_to AND b.recorded_from < a.recorded_to AND a.valid_from < b.valid_to AND b.valid_from < a.valid_to \
                   UNION ALL SELECT CAST(e.child_key AS TEXT) || '-' || CAST(e.child_piece AS TEXT) FROM asbuilt_edge AS e \
                   JOIN asbuilt_range AS r ON r.lot_number = e.child_key JOIN asbuilt_serial AS s ON s.build_number BETWEEN r.first_build AND r.last_build \
                   AND s.lot_number = e.child_key AND s.unit_no = e.child_piece JOIN vehicle AS w ON w.build_number = s.build_number \
                   LEFT JOIN asbuilt_mask AS m ON m.build_number = s.build_number AND m.lot_number = s.lot_number AND m.unit_no = s.unit_no \
                   WHERE e.child_piece > 0 AND e.valid_to > w.built_on AND (m.recorded_from IS NULL OR e.recorded_from < m.recorded_from) LIMIT 20",
    },
    Invariant {
        id: "AB-6",
        rule: "a part of an item is in a unit once at a time, by all that was ever known",
        checked: "SELECT COUNT(*) FROM asbuilt_edge",
        violated: "SELECT 'edge ' || CAST(a.edge_no AS TEXT) || ' and ' || CAST(b.edge_no AS TEXT) FROM asbuilt_edge AS a JOIN asbuilt_edge AS b \
                   ON b.parent_key = a.parent_key AND b.parent_piece = a.parent_piece AND b.child_key = a.child_key AND b.child_piece = a.child_piece \
                   AND b.item_no = a.item_no AND b.edge_no > a.edge_no WHERE a.parent_key <> 0 AND a.recorded_from < b.recorded_to \
                   AND b.recorded_from < a.recorded_to AND a.valid_from < b.valid_to AND b.valid_from < a.valid_to LIMIT 20",
    },
    Invariant {
        id: "AB-7",
        rule: "records of the as-built memory have no gaps, never go back in time, and every issue has one",
        checked: "SELECT COUNT(*) FROM asbuilt_record",
        violated: "SELECT 'clock at ' || CAST(record_no AS TEXT) FROM asbuilt_clock WHERE record_no <> (SELECT COUNT(*) FROM asbuilt_record) \
                   OR record_no <> (SELECT COALESCE(MAX(record_no), 0) FROM asbuilt_record) \
                   UNION ALL SELECT 'record ' || CAST(record_no AS TEXT) FROM (SELECT record_no, recorded_at, LAG(recorded_at) OVER (ORDER BY record_no) \
                   AS before_at FROM asbuilt_record) AS r WHERE recorded_at < before_at \
                   UNION ALL SELECT 'issue ' || CAST(i.issue_no AS TEXT) FROM issue AS i LEFT JOIN asbuilt_record AS k ON k.issue_no = i.issue_no \
                   WHERE k.record_no IS NULL LIMIT 20",
    },
    Invariant {
        id: "AB-8",
        rule: "edges begin and end at records, and what they took over of a range lies in it",
        checked: "SELECT (SELECT COUNT(*) FROM asbuilt_edge) + (SELECT COUNT(*) FROM asbuilt_mask)",
        violated: "SELECT 'edge ' || CAST(edge_no AS TEXT) FROM asbuilt_edge WHERE recorded_from > (SELECT record_no FROM asbuilt_clock) \
                   OR recorded_from < 1 OR (recorded_to > (SELECT record_no FROM asbuilt_clock) AND recorded_to < 9223372036854775807) \
                   UNION ALL SELECT 'mask of ' || CAST(m.lot_number AS TEXT) || ' in ' || CAST(m.build_number AS TEXT) FROM asbuilt_mask AS m \
                   LEFT JOIN asbuilt_range AS r ON r.lot_number = m.lot_number AND m.build_number BETWEEN r.first_build AND r.last_build \
                   LEFT JOIN asbuilt_serial AS s ON s.build_number = m.build_number AND s.lot_number = m.lot_number AND s.unit_no = m.unit_no \
                   WHERE r.issue_no IS NULL OR (m.unit_no > 0 AND s.unit_no IS NULL) LIMIT 20",
    },
    Invariant {
        id: "BLD-1",
        rule: "no variant is built ahead of the ramp plan",
        checked: "SELECT COUNT(*) FROM line_day WHERE state = 1",
        violated: "WITH b AS (SELECT built_on, variant_no, COUNT(*) AS built FROM vehicle WHERE built_on IS NOT NULL GROUP BY built_on, variant_no), \
                   c AS (SELECT built_on, variant_no, SUM(built) OVER (PARTITION BY variant_no ORDER BY built_on) AS built FROM b), \
                   w AS (SELECT p.calendar_on, v.variant_no, SUM(p.vehicle_count) OVER (PARTITION BY v.variant_no ORDER BY p.calendar_on) AS wanted \
                   FROM ramp_plan_day AS p JOIN variant AS v ON v.variant_id = p.variant_id) \
                   SELECT CAST(c.built_on AS TEXT) || ' variant ' || CAST(c.variant_no AS TEXT) FROM c WHERE c.built > COALESCE((SELECT MAX(w.wanted) \
                   FROM w WHERE w.variant_no = c.variant_no AND w.calendar_on <= c.built_on), 0) LIMIT 20",
    },
    Invariant {
        id: "BLD-2",
        rule: "no day builds more than the line could do, and what it built is what its vehicles say",
        checked: "SELECT COUNT(*) FROM line_day WHERE state = 1",
        violated: "SELECT CAST(d.day_on AS TEXT) FROM line_day AS d LEFT JOIN (SELECT built_on, COUNT(*) AS built FROM vehicle \
                   WHERE built_on IS NOT NULL GROUP BY built_on) AS v ON v.built_on = d.day_on \
                   WHERE d.state = 1 AND (d.built > d.capacity OR d.built <> COALESCE(v.built, 0)) LIMIT 20",
    },
    Invariant {
        id: "BLD-3",
        rule: "the counts of built vehicles by variant are those of the vehicles",
        checked: "SELECT COUNT(*) FROM variant",
        violated: "SELECT v.variant_id FROM variant AS v LEFT JOIN built_count AS c ON c.variant_no = v.variant_no WHERE COALESCE(c.vehicle_count, 0) <> \
                   (SELECT COUNT(*) FROM vehicle AS w WHERE w.variant_no = v.variant_no AND w.build_number IS NOT NULL)",
    },
    Invariant {
        id: "SO-1",
        rule: "what a shop made of an item on a day was used on the same day",
        checked: "SELECT COUNT(*) FROM shop_order",
        violated: "SELECT CAST(day_on AS TEXT) || ' item ' || CAST(item_no AS TEXT) FROM shop_order WHERE made <> used OR released < made LIMIT 20",
    },
    Invariant {
        id: "JOB-1",
        rule: "a job leaves WAITING when the one before it is completed, and not earlier",
        checked: "SELECT COUNT(*) FROM job",
        violated: "SELECT CAST(j.subject_no AS TEXT) || '/' || j.operation_id FROM job AS j LEFT JOIN job AS b ON b.subject_no = j.subject_no \
                   AND b.place = j.place - 1 WHERE (COALESCE(b.state, 6) = 6) = (j.state = 1 OR j.held_from = 1 OR (j.state = 7 AND j.station = 0 \
                   AND b.state = 7)) LIMIT 20",
    },
    Invariant {
        id: "SEQ-1",
        rule: "a day's sequence has one place a vehicle",
        checked: "SELECT COUNT(*) FROM sequence_day",
        violated: "SELECT CAST(day_on AS TEXT) FROM sequence_day WHERE LENGTH(orders) <> 8 * vehicle_count LIMIT 20",
    },
    Invariant {
        id: "SEQ-2",
        rule: "the sequence of a day that was built has every vehicle that the day built",
        checked: "SELECT COUNT(*) FROM sequence_day WHERE state = 2",
        violated: "SELECT CAST(s.day_on AS TEXT) FROM sequence_day AS s LEFT JOIN line_day AS d ON d.day_on = s.day_on \
                   WHERE s.state = 2 AND (d.day_on IS NULL OR d.state <> 1 OR s.vehicle_count < d.built) LIMIT 20",
    },
    Invariant {
        id: "SEQ-3",
        rule: "what the rules count by themselves adds up to the objectives of the day",
        checked: "SELECT COUNT(*) FROM sequence_excess",
        violated: "SELECT CAST(s.day_on AS TEXT) FROM sequence_day AS s LEFT JOIN (SELECT e.day_on, CAST(SUM(e.excess) AS BIGINT) AS excess, \
                   CAST(SUM(e.even_excess) AS BIGINT) AS even_excess FROM sequence_excess AS e GROUP BY e.day_on) AS r ON r.day_on = s.day_on \
                   WHERE COALESCE(r.excess, 0) <> s.high + s.low OR COALESCE(r.even_excess, 0) <> s.even_high + s.even_low LIMIT 20",
    },
    Invariant {
        id: "JOB-2",
        rule: "what a job begins with is what the one before it made good",
        checked: "SELECT COUNT(*) FROM job WHERE place > 1",
        violated: "SELECT CAST(j.subject_no AS TEXT) || '/' || j.operation_id FROM job AS j JOIN job AS b ON b.subject_no = j.subject_no \
                   AND b.place = j.place - 1 WHERE b.state = 6 AND j.quantity <> b.quantity - b.scrapped LIMIT 20",
    },
    Invariant {
        id: "JOB-3",
        rule: "a job has as many events as changed it, and its last one tells its state",
        checked: "SELECT COUNT(*) FROM job_event",
        violated: "SELECT CAST(j.subject_no AS TEXT) || '/' || j.operation_id FROM job AS j LEFT JOIN (SELECT subject_no, place, COUNT(*) AS events, \
                   MAX(sequence) AS last FROM job_event GROUP BY subject_no, place) AS e ON e.subject_no = j.subject_no AND e.place = j.place \
                   LEFT JOIN job_event AS l ON l.subject_no = e.subject_no AND l.place = e.place AND l.sequence = e.last \
                   WHERE COALESCE(e.events, 0) <> j.sequence OR COALESCE(e.last, 0) <> j.sequence \
                   OR (l.state <> j.state AND j.state <> 7 AND NOT (l.state = 1 AND j.state = 2)) LIMIT 20",
    },
    Invariant {
        id: "JOB-4",
        rule: "the jobs of a day are those that were dispatched",
        checked: "SELECT COUNT(*) FROM job_day",
        violated: "SELECT CAST(d.day_on AS TEXT) FROM job_day AS d LEFT JOIN (SELECT day_on, COUNT(*) AS jobs FROM job GROUP BY day_on) AS j \
                   ON j.day_on = d.day_on WHERE COALESCE(j.jobs, 0) <> d.job_count LIMIT 20",
    },
    Invariant {
        id: "EC-1",
        rule: "a change that plans follow has one bit of its own, and one that is effective its first vehicle",
        checked: "SELECT COUNT(*) FROM engineering_change",
        violated: "SELECT change_id FROM engineering_change WHERE (mask IS NOT NULL) <> (state IN (4, 5)) OR (first_build IS NOT NULL) <> (state = 5) \
                   OR (mask IS NOT NULL AND mask NOT IN (1, 2, 4, 8, 16, 32)) LIMIT 20",
    },
    Invariant {
        id: "EC-2",
        rule: "no vehicle before the break point of a change has it, and every later one has",
        checked: "SELECT COUNT(*) FROM engineering_change WHERE first_build IS NOT NULL",
        violated: "SELECT c.change_id || ' build ' || CAST(w.build_number AS TEXT) FROM engineering_change AS c JOIN vehicle AS w \
                   ON w.build_number IS NOT NULL WHERE c.mask IS NOT NULL AND \
                   (w.config / 72057594037927936 / c.mask % 2 = 1) <> (w.build_number >= COALESCE(c.first_build, 9000000000000000)) LIMIT 20",
    },
    Invariant {
        id: "EC-3",
        rule: "every item of a change that plans follow is an item of the programme",
        checked: "SELECT COUNT(*) FROM engineering_change_item",
        violated: "SELECT x.change_id || ' ' || x.item_id FROM (SELECT change_id, old_item_id AS item_id FROM engineering_change_item UNION ALL \
                   SELECT change_id, new_item_id FROM engineering_change_item) AS x JOIN engineering_change AS c ON c.change_id = x.change_id \
                   LEFT JOIN item AS i ON i.item_id = x.item_id WHERE c.mask IS NOT NULL AND x.item_id <> '' AND i.item_id IS NULL LIMIT 20",
    },
    holds::SL_1,
    holds::SL_2,
    holds::SL_3,
    Invariant {
        id: "QH-1",
        rule: "a vehicle that a hold keeps back, or that is scrapped, is not released",
        checked: "SELECT COUNT(*) FROM hold_vehicle WHERE state IN (1, 3)",
        violated: "SELECT w.vin FROM hold_vehicle AS k JOIN vehicle AS w ON w.serial = k.serial WHERE k.state IN (1, 3) AND w.state = 3 LIMIT 20",
    },
    Invariant {
        id: "QH-2",
        rule: "a hold in force on build numbers names every vehicle in them",
        checked: "SELECT COUNT(*) FROM quality_hold WHERE kind = 2 AND in_force = 1",
        violated: "SELECT CAST(h.hold_no AS TEXT) || ' ' || w.vin FROM quality_hold AS h JOIN vehicle AS w ON w.build_number \
                   BETWEEN h.first_build AND h.last_build LEFT JOIN hold_vehicle AS k ON k.hold_no = h.hold_no AND k.serial = w.serial \
                   WHERE h.kind = 2 AND h.in_force = 1 AND k.serial IS NULL LIMIT 20",
    },
    Invariant {
        id: "NC-1",
        rule: "the record of a non-conformance leads to its step, and a closed one holds nothing",
        checked: "SELECT COUNT(*) FROM non_conformance",
        violated: "SELECT c.title FROM non_conformance AS c LEFT JOIN (SELECT nc_no, COUNT(*) AS entries, MAX(sequence) AS last FROM nc_step GROUP BY nc_no) \
                   AS e ON e.nc_no = c.nc_no LEFT JOIN nc_step AS s ON s.nc_no = c.nc_no AND s.sequence = e.last \
                   WHERE c.version <> COALESCE(e.entries, 0) + 1 OR c.step <> COALESCE(s.step - s.reopened, 0) OR (c.step = 9 AND EXISTS \
                   (SELECT 1 FROM quality_hold AS h WHERE h.nc_no = c.nc_no AND (h.in_force = 1 OR EXISTS (SELECT 1 FROM hold_vehicle AS k \
                   WHERE k.hold_no = h.hold_no AND k.state = 1)))) LIMIT 20",
    },
    Invariant {
        id: "EQ-1",
        rule: "what was reported or metered is about a shop or an operation of the routing",
        checked: "SELECT (SELECT COUNT(*) FROM equipment_state) + (SELECT COUNT(*) FROM energy_reading)",
        violated: "SELECT u.work_unit_id FROM (SELECT DISTINCT work_unit_id FROM equipment_state UNION SELECT DISTINCT work_unit_id FROM energy_reading) AS u \
                   WHERE NOT EXISTS (SELECT 1 FROM shop AS s WHERE s.shop_id = u.work_unit_id) \
                   AND NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.operation_id = u.work_unit_id) LIMIT 20",
    },
    Invariant {
        id: "EN-1",
        rule: "the readings of a meter follow each other and never overlap",
        checked: "SELECT COUNT(*) FROM energy_reading",
        violated: "WITH r AS (SELECT work_unit_id, start_at, LAG(end_at) OVER (PARTITION BY work_unit_id ORDER BY start_at) AS before_end FROM energy_reading) \
                   SELECT work_unit_id || ' at ' || CAST(start_at AS TEXT) FROM r WHERE before_end > start_at LIMIT 20",
    },
    Invariant {
        id: "MP-1",
        rule: "the last two material plans have their input, and no older one has",
        checked: "SELECT COUNT(*) FROM material_plan",
        violated: "SELECT p.plan_id FROM material_plan AS p LEFT JOIN material_plan_input AS i ON i.plan_no = p.plan_no \
                   WHERE (i.plan_no IS NOT NULL) <> (p.plan_no > (SELECT MAX(plan_no) FROM material_plan) - 2) LIMIT 20",
    },
    Invariant {
        id: "SW-1",
        rule: "software was changed in vehicles that were built by then, each once a change",
        checked: "SELECT COUNT(*) FROM software_run",
        violated: "WITH r AS (SELECT change_no, first_build, last_build, LAG(last_build) OVER (PARTITION BY change_no ORDER BY first_build) AS before \
                   FROM software_run) SELECT CAST(r.change_no AS TEXT) || ' at ' || CAST(r.first_build AS TEXT) FROM r \
                   LEFT JOIN software_change AS c ON c.change_no = r.change_no LEFT JOIN vehicle AS w ON w.build_number = r.last_build \
                   WHERE r.before >= r.first_build OR w.serial IS NULL OR c.change_no IS NULL OR c.installed_on < w.built_on LIMIT 20",
    },
];
