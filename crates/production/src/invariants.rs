//! The rules that production's rows keep at rest, and the columns that make its digest.
//!
//! It must not know how rows come to be. Invariant: every rule stands here once, with its id, and no column of a digest
//! depends on the order of arrival of news or on technical times.

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
        id: "MP-1",
        rule: "the last two material plans have their input, and no older one has",
        checked: "SELECT COUNT(*) FROM material_plan",
        violated: "SELECT p.plan_id FROM material_plan AS p LEFT JOIN material_plan_input AS i ON i.plan_no = p.plan_no \
                   WHERE (i.plan_no IS NOT NULL) <> (p.plan_no > (SELECT MAX(plan_no) FROM material_plan) - 2) LIMIT 20",
    },
];
