//! One edit of the built-in folder for every kind of error, and the edits that must stay legal.
use super::{built_in, edited, errors, lines, programme, text, with_column};
use crate::programme::{FILES, parse};
use std::fmt::Write;
use takt_kernel::{ItemId, Quantity};

/// File, what is replaced, by what, and the one line that must come of it.
type Edit = (&'static str, &'static str, &'static str, &'static str);

fn check(edits: &[Edit]) {
    let mut wrong = String::new();
    for (file, from, to, want) in edits {
        let got = errors(&edited(file, from, to));
        if !got.iter().any(|line| line == want) {
            let _ = writeln!(
                wrong,
                "{file}: {from:?} -> {to:?}\n want {want}\n got {got:#?}"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn bills_that_cannot_be() {
    check(&[
        (
            "bom.csv",
            "UBF,ST-04,",
            "UBF,BIW-99,",
            "bom.csv:17: child \"BIW-99\" is not in items.csv",
        ),
        (
            "bom.csv",
            "UBF,ST-04,",
            "UBX,ST-04,",
            "bom.csv:17: parent \"UBX\" is not in items.csv",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,",
            "UBF,ST-04,0,",
            "bom.csv:17: qty \"0\" cannot be read: it must be more than 0",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,",
            "UBF,ST-04,-2,",
            "bom.csv:17: qty \"-2\" cannot be read: it must be more than 0",
        ),
        (
            "bom.csv",
            "RM-HSS,16.935",
            "RM-HSS,16.9351",
            "bom.csv:18: qty \"16.9351\" cannot be read: it has more decimals than can be kept",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,",
            "UBF,ST-04,,",
            "bom.csv:17: qty is empty; it is required",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,1",
            "UBF,ST-04,1,,1.2",
            "bom.csv:17: mass_yield \"1.2\" cannot be read: it must lie between 0 and 1",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,1",
            "UBF,ST-04,1",
            "bom.csv:17: has 3 fields and the header has 5; quote a field that holds a comma",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,",
            "UBF,ST-04,1,VAR=LUX,",
            "bom.csv:17: variant_condition: \"LUX\" is not a value of VAR; values are STD, PRO, MAX, ULTRA",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,",
            "UBF,ST-04,1,TYRE=A,",
            "bom.csv:17: variant_condition: \"TYRE\" is not a feature of programme.yaml; features are VAR, COLOR, WHEEL, INT, EDITION",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,",
            "UBF,ST-04,1,MAX,",
            "bom.csv:17: variant_condition: \"MAX\" is not KEY=VALUE,VALUE",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,",
            "UBF,ST-04,1,VAR=MAX;VAR=PRO,",
            "bom.csv:17: variant_condition: VAR stands there twice; write its values in one term",
        ),
        (
            "bom.csv",
            "UBF,ST-04,",
            "UBF,UBF-13,",
            "bom.csv:17: this parent with this child and condition stands already on line 16",
        ),
        (
            "bom.csv",
            "UBF,ST-04,",
            "UBF-01,ST-04,",
            "bom.csv:17: parent UBF-01 is bought and has no parts; write make in items.csv",
        ),
        (
            "bom.csv",
            "ST-04,RM-HSS,",
            "UBF,RM-HSS,",
            "items.csv:22: ST-04 is made and is no parent in bom.csv; add its parts there, or write buy",
        ),
        (
            "bom.csv",
            "UBF,ST-04,1,,1\r\n",
            "UBF,ST-04,1,,1\r\nST-04,UBF,1,,1\r\n",
            "bom.csv: cycle UBF > ST-04 > UBF",
        ),
        (
            "bom.csv",
            "UBF,ST-04,",
            "UBF,UBF,",
            "bom.csv: cycle UBF > UBF",
        ),
        (
            "bom.csv",
            "parent,child,qty",
            "parent,child,quantity",
            "bom.csv:1: column \"quantity\" is not known; the columns are parent, child, qty, variant_condition, mass_yield, component_scrap",
        ),
        (
            "bom.csv",
            "parent,child,qty",
            "parent,child,quantity",
            "bom.csv:1: column qty is missing; it is required",
        ),
        (
            "bom.csv",
            "parent,child,qty,variant_condition",
            "parent,child,qty,qty",
            "bom.csv:1: column qty stands there twice",
        ),
    ]);
}

#[test]
fn items_that_cannot_be() {
    check(&[
        (
            "items.csv",
            "HBIS,0.25",
            "HBIS,0.35",
            "items.csv:23: the shares of RM-HSS over SHOUGANG, HBIS, BAOSTEEL add up to 1.1 instead of 1",
        ),
        (
            "items.csv",
            "31,20000,HBIS",
            "31,30000,HBIS",
            "items.csv:24: lot_size \"30000\" of RM-HSS is another than on line 23; rows of one item differ in supplier, share, lead time, cost range and source_kind only",
        ),
        (
            "items.csv",
            "20000,HBIS,",
            "20000,SHOUGANG,",
            "items.csv:24: this item with this supplier stands already on line 23",
        ),
        (
            "items.csv",
            "31,60,LINGYUN",
            "31,60,NOBODY",
            "items.csv:5: supplier \"NOBODY\" is not in suppliers.csv",
        ),
        (
            "items.csv",
            "31,60,LINGYUN",
            "31,60,XIAOMI",
            "items.csv:5: UBF-01 is bought from the plant itself; name its supplier, or write make",
        ),
        (
            "items.csv",
            "0,1,XIAOMI",
            "0,1,CATL",
            "items.csv:2: SU7 is made, so its supplier is the plant, XIAOMI; or write buy",
        ),
        (
            "items.csv",
            "pc,buy,BW,6.75",
            "pc,made,BW,6.75",
            "items.csv:5: make_buy \"made\" cannot be read: it is make or buy",
        ),
        (
            "items.csv",
            "pc,buy,BW,6.75",
            "lb,buy,BW,6.75",
            "items.csv:5: uom \"lb\" cannot be read: it is one of pc, kg, set",
        ),
        (
            "items.csv",
            "pc,buy,BW,6.75",
            "pc,buy,XX,6.75",
            "items.csv:5: shop \"XX\" is not in programme.yaml; shops are ST, DC, BW, PT, BT, FA",
        ),
        (
            "items.csv",
            "pc,buy,BW,6.75",
            "pc,buy,BW,heavy",
            "items.csv:5: mass_kg \"heavy\" cannot be read: write digits with at most one decimal point",
        ),
        (
            "items.csv",
            "40.8,31,60",
            "40.8,31,60.5",
            "items.csv:5: lot_size 60.5 is not whole, but pc cannot be split",
        ),
        (
            "items.csv",
            "40.8,31,60",
            "40.8,31,0",
            "items.csv:5: lot_size \"0\" cannot be read: it must be more than 0",
        ),
        (
            "items.csv",
            "40.8,31,60",
            "40.8,-1,60",
            "items.csv:5: lead_time_days \"-1\" cannot be read: it must not be negative",
        ),
        (
            "items.csv",
            "40.8,31,60",
            "30.8,31,60",
            "items.csv:5: unit_cost_usd lies outside unit_cost_low_usd to unit_cost_high_usd",
        ),
        (
            "items.csv",
            "LINGYUN,1.0,estimated,0",
            "LINGYUN,1.0,estimated,2",
            "items.csv:5: serial \"2\" cannot be read: it is 0 or 1",
        ),
        (
            "items.csv",
            "UBF-01,",
            "UBF 01,",
            "items.csv:5: item_id \"UBF 01\" cannot be read: it has 1 to 64 characters of A-Z a-z 0-9 . _ - /",
        ),
        (
            "items.csv",
            "UBF-01,",
            "UBF-99,",
            "bom.csv:4: child \"UBF-01\" is not in items.csv",
        ),
    ]);
}

#[test]
fn networks_that_cannot_be() {
    check(&[
        (
            "suppliers.csv",
            "\nCATL,",
            "\nXIAOMI,",
            "suppliers.csv:3: this id stands already on line 2",
        ),
        (
            "suppliers.csv",
            "116.55,0,",
            "116.55,1,",
            "suppliers.csv: has no row with tier 0; that row is the plant",
        ),
        (
            "suppliers.csv",
            "119.55,1,",
            "119.55,0,",
            "suppliers.csv: has 2 rows with tier 0: XIAOMI, CATL; one is the plant",
        ),
        (
            "suppliers.csv",
            "26.66,119.55",
            "96.66,119.55",
            "suppliers.csv:3: lat \"96.66\" cannot be read: latitude is -90 to 90 and longitude -180 to 180 degrees",
        ),
        (
            "suppliers.csv",
            "26.66,119.55",
            "26.66,",
            "suppliers.csv:3: has one of lat and lon; give both or none",
        ),
        (
            "suppliers.csv",
            "CN,Ningde",
            "China,Ningde",
            "suppliers.csv:3: country \"China\" cannot be read: it is two capitals of ISO 3166",
        ),
        (
            "supply_edges.csv",
            "\nYUNENG,CATL",
            "\nYUNENGX,CATL",
            "supply_edges.csv:2: from_supplier \"YUNENGX\" is not in suppliers.csv",
        ),
        (
            "supply_edges.csv",
            "BP-01;BS-01,0.333333",
            "BP-01;BS-91,0.333333",
            "supply_edges.csv:2: into \"BS-91\" is neither in items.csv nor an item_id of supply_edges.csv",
        ),
        (
            "supply_edges.csv",
            "BP-01;BS-01,0.333333",
            ",0.333333",
            "supply_edges.csv:2: into is empty; say which items of CATL it goes into",
        ),
        (
            "supply_edges.csv",
            "BP-01;BS-01,0.333333",
            "BP-01;BS-01,0",
            "supply_edges.csv:2: share \"0\" cannot be read: it must be more than 0 and at most 1",
        ),
        (
            "supply_edges.csv",
            "\nYUNENG,CATL",
            "\nCATL,YUNENG",
            "supply_edges.csv:2: runs from CATL of tier 1 to YUNENG of tier 2; links run from the same or a deeper tier",
        ),
        (
            "supply_edges.csv",
            "\nYUNENG,CATL,",
            "\nCATL,YUNENG,X-1,x,BP-01,1,,,,,,,\nYUNENG,CATL,",
            "supply_edges.csv: cycle CATL > YUNENG > CATL",
        ),
        (
            "supply_edges.csv",
            "2023-12-01,,",
            "2023-12-01,2023-11-01,",
            "supply_edges.csv:2: valid_to 2023-11-01 is before valid_from 2023-12-01",
        ),
        (
            "nodes.csv",
            "AEROGEL,BS-14,",
            "AEROGEL,BS-94,",
            "nodes.csv:2: item \"BS-94\" is neither in items.csv nor an item_id of supply_edges.csv",
        ),
        (
            "nodes.csv",
            "AEROGEL,M-AEROGEL-SHEETS,",
            "AEROGEL,BS-14,",
            "nodes.csv:3: this supplier with this item stands already on line 2",
        ),
        (
            "nodes.csv",
            "48,240,0.97,0.037",
            "48,240,0,0.037",
            "nodes.csv:2: yield \"0\" cannot be read: it must be more than 0 and at most 1",
        ),
        (
            "materials.csv",
            "YUNENG;DYNANONIC;",
            "YUNENG;NOBODY;",
            "materials.csv:2: supplier \"NOBODY\" is not in suppliers.csv",
        ),
        (
            "logistics.csv",
            "IN-CATL,inbound",
            "IN-CATL,in",
            "logistics.csv:20: kind \"in\" cannot be read: it is inbound or outbound",
        ),
        (
            "logistics.csv",
            "1 per day,CATL,",
            "1 per day,FDB,",
            "logistics.csv: no inbound lane for supplier CATL, which supplies BS-01 (items.csv:158); add one",
        ),
        (
            "logistics.csv",
            "Ningde,Beijing-Yizhuang",
            "Ningde,Beijing",
            "logistics.csv:20: to is \"Beijing\", but the plant's city in programme.yaml is Beijing-Yizhuang",
        ),
        (
            "logistics.csv",
            "vehicle,0.0039,",
            "vehicle,0,",
            "logistics.csv:126: share \"0\" cannot be read: it must be more than 0 and at most 1",
        ),
        (
            "logistics.csv",
            "vehicle,0.0039,",
            "vehicle,,",
            "logistics.csv:126: share is empty; it is required",
        ),
        (
            "stakes.csv",
            "HESAI,Hesai Group,3.22",
            "HESAI,Hesai Group,103.22",
            "stakes.csv:2: stake_pct \"103.22\" is more than 100",
        ),
        (
            "stakes.csv",
            "2025-09-16",
            "2025-9",
            "stakes.csv:2: date \"2025-9\" cannot be read: it is written YYYY, YYYY-MM or YYYY-MM-DD and must exist",
        ),
    ]);
}

#[test]
fn lines_and_calendars_that_cannot_be() {
    check(&[
        (
            "routing.csv",
            "ST-010,ST,",
            "ST-010,SX,",
            "routing.csv:2: shop \"SX\" is not in programme.yaml; shops are ST, DC, BW, PT, BT, FA",
        ),
        (
            "routing.csv",
            "sorting,STD,",
            "sorting,STX,",
            "routing.csv:31: applies_to \"STX\" is not a variant; write ALL or some of STD, PRO, MAX, ULTRA",
        ),
        (
            "routing.csv",
            "\nST-020,ST,20",
            "\nST-010,ST,20",
            "routing.csv:3: this op_id stands already on line 2",
        ),
        (
            "routing.csv",
            "\nST-020,ST,20",
            "\nST-020,ST,10",
            "routing.csv:3: this shop with this seq stands already on line 2",
        ),
        (
            "routing.csv",
            "sorting,STD,144",
            "sorting,STD,0",
            "routing.csv:31: cycle_time_s \"0\" cannot be read: it must be more than 0",
        ),
        (
            "daily.csv",
            "2024-03-30",
            "2024-03-31",
            "daily.csv:3: date 2024-03-31 does not follow; the next day is 2024-03-30, one row a day",
        ),
        (
            "daily.csv",
            "\n2,2024",
            "\n3,2024",
            "daily.csv:3: day 3 does not follow; this is day 2, one row a day",
        ),
        (
            "daily.csv",
            "271,87,0,184",
            "271,88,0,184",
            "daily.csv:2: produced is 271, but produced_std, produced_pro, produced_max add up to 272",
        ),
        (
            "daily.csv",
            "2024-11-14,0,",
            "2024-11-14,1,",
            "daily.csv:232: works on 2024-11-14, but no period of shifts in programme.yaml covers that day",
        ),
        (
            "daily.csv",
            "produced_pro",
            "produced_plus",
            "daily.csv:1: column produced_pro is missing; it is required",
        ),
        (
            "orders.csv",
            "2024-03-29,",
            "2024-04-29,",
            "orders.csv:3: date 2024-04-29 does not follow; the next day is 2024-03-29, one row a day",
        ),
        (
            "orders.csv",
            "8572,8572",
            "8572.5,8572",
            "orders.csv:2: new_locked_orders \"8572.5\" cannot be read: it has more decimals than can be kept",
        ),
        (
            "orders.csv",
            "2024-03-28,8572",
            "2024-02-30,8572",
            "orders.csv:2: date \"2024-02-30\" cannot be read: it is written YYYY-MM-DD and must exist",
        ),
        (
            "orders.csv",
            "\n2024-03-28,",
            "\n2024-03-27,1,1,0,1,\n2024-03-28,",
            "orders.csv:2: orders begin on 2024-03-27, before day 0, 2024-03-28; no order is locked before the launch",
        ),
    ]);
}

#[test]
fn surroundings_that_cannot_be() {
    check(&[
        (
            "recalls.csv",
            "2024-11-26,AD-01",
            "2024-11-26,AD-99",
            "recalls.csv:2: item_hint \"AD-99\" is not in items.csv",
        ),
        (
            "recalls.csv",
            "\nRC-02,",
            "\nRC-01,",
            "recalls.csv:3: this recall_id stands already on line 2",
        ),
        (
            "recalls.csv",
            "2024-02-06,2024-11-26",
            "2024-02-06,2023",
            "recalls.csv:2: built_to 2023 is before built_from 2024-02-06",
        ),
        (
            "service_cases.csv",
            "TR-03;SA-05",
            "TR-03;SA-95",
            "service_cases.csv:2: item \"SA-95\" is not in items.csv",
        ),
        (
            "sequence_rules.csv",
            "VAR=MAX",
            "VAR=MIN",
            "sequence_rules.csv:2: \"MIN\" is not a value of VAR; values are STD, PRO, MAX, ULTRA",
        ),
        (
            "sequence_rules.csv",
            "VAR=MAX,1,2",
            "VAR=MAX,3,2",
            "sequence_rules.csv:2: allows 3 of 2; p is at most q",
        ),
        (
            "sequence_rules.csv",
            "ratio,VAR=MAX",
            "quota,VAR=MAX",
            "sequence_rules.csv:2: rule \"quota\" is not known; rules are ratio, paint_batch_max, objectives",
        ),
        (
            "sequence_rules.csv",
            "paint_batch_max,COLOR",
            "paint_batch_max,COLOUR",
            "sequence_rules.csv:7: \"COLOUR\" is not a feature; features are VAR, COLOR, WHEEL, INT, EDITION",
        ),
        (
            "co2_factors.csv",
            "transport,truck,0.09,tonne-km",
            "transport,truck,0.09,kWh",
            "co2_factors.csv:2: per \"kWh\" of transport must be tonne-km",
        ),
        (
            "world.csv",
            "lateness,chip,probability,0.12",
            "lateness,chip,probability,1.2",
            "world.csv:2: value \"1.2\" of probability is more than 1",
        ),
        (
            "world.csv",
            "lateness,chip,probability",
            "delay,chip,probability",
            "world.csv:2: kind \"delay\" is not known; kinds are lateness, short_shipment, lot_reject, lane_delay, station, changeover, bad_lot",
        ),
        (
            "world.csv",
            "station,ST,mtbf",
            "station,SX,mtbf",
            "world.csv:44: shop \"SX\" is not in programme.yaml; shops are ST, DC, BW, PT, BT, FA",
        ),
        (
            "world.csv",
            "supplier,SANHUA",
            "supplier,NOBODY",
            "world.csv:59: value \"NOBODY\" is not in suppliers.csv",
        ),
    ]);
}

#[test]
fn sheets_that_cannot_be() {
    let file = "programme.yaml";
    let cases: [(&str, &str, &str); 20] = [
        (
            "takt_s: 76",
            "takt_s: fast",
            ":9: plant.takt_s: \"fast\" cannot be read: write digits with at most one decimal point",
        ),
        (
            "takt_s: 76",
            "takt_s: 0",
            ":9: plant.takt_s: \"0\" cannot be read: it must be more than 0",
        ),
        (
            "  takt_s: 76\n",
            "",
            ":2: plant.takt_s is missing; it is the takt in seconds",
        ),
        (
            "wmi: LXM",
            "wmi: LIM",
            ":67: vin.wmi: \"LIM\" cannot be read: it is three digits or capitals, never I, O or Q",
        ),
        (
            "STD: SU7A1",
            "STD: SU7A",
            ":68: vin.vds_by_variant.STD: \"SU7A\" cannot be read: it is five digits or capitals, never I, O or Q",
        ),
        (
            "model_year: R",
            "model_year: U",
            ":69: vin.model_year: \"U\" cannot be read: a model year is never U, Z or 0",
        ),
        (
            "serial_digits: 6",
            "serial_digits: 7",
            ":71: vin.serial_digits: must be 6: a VIN has 17 characters and 11 stand before the serial",
        ),
        (
            "order_from: '2023-12-17'",
            "order_from: 'soon'",
            ":64: order_from: \"soon\" cannot be read: it is written YYYY-MM-DD and must exist",
        ),
        (
            "  share: 0.28",
            "  share: 0.38",
            ":332: variants: the shares of the variants add up to 1.1 instead of 1",
        ),
        (
            "  share: 0.28",
            "  share: 1.28",
            ":351: variants[0].share: \"1.28\" cannot be read: it must lie between 0 and 1",
        ),
        (
            "AQUA_BLUE: 0.24",
            "AQUA_BLUE: 0.25",
            ":414: options.COLOR.values: the shares of AQUA_BLUE, MINERAL_GREY, VERDANT_GREEN, BASALT_GREY, METEOR_BLUE, RADIANT_PURPLE, LAVA_ORANGE, PEARL_WHITE, DIAMOND_BLACK add up to 1.01 instead of 1",
        ),
        (
            "        W21: 0.14",
            "        W21: 0.24",
            ":444: options.WHEEL.by_variant.MAX: the shares of W19A, W19S, W20, W21 add up to 1.1 instead of 1",
        ),
        (
            "      RADIANT_PURPLE: 7000",
            "      PINK: 7000",
            ":425: options.COLOR.surcharge_cny.PINK: \"PINK\" is not a value of COLOR; values are AQUA_BLUE, MINERAL_GREY, VERDANT_GREEN, BASALT_GREY, METEOR_BLUE, RADIANT_PURPLE, LAVA_ORANGE, PEARL_WHITE, DIAMOND_BLACK",
        ),
        (
            "the first 5,000 STD/MAX",
            "the best 5,000 STD/MAX",
            ":461: options.EDITION.rule: \"the best 5,000 STD/MAX vehicles are FOUNDERS, all others NOR\"... cannot be read: write: the first 5,000 A/B vehicles are X, all others Y",
        ),
        (
            "      WHEEL: W19A",
            "      WHEEL: W18",
            ":469: bom_rules.reference_configs.STD.WHEEL: \"W18\" is not a value of WHEEL here",
        ),
        (
            "last: '2024-05-31'\n  shifts",
            "last: '2024-01-31'\n  shifts",
            ":543: shifts[0]: ends on 2024-01-31, before it begins on 2024-03-28",
        ),
        (
            "last: '2024-05-31'\n  shifts",
            "last: '2024-06-30'\n  shifts",
            ":547: shifts[1]: overlaps the period from 2024-03-28 to 2024-06-30",
        ),
        (
            "hours_per_shift: 10.5",
            "hours_per_shift: 25",
            ":546: shifts[0].hours_per_shift: must not be more than 24",
        ),
        (
            "asp_net_q2: 31756",
            "asp_net_q1: 31756",
            ":517: economics.mix.asp_net_q1: names a quarter that is not in published_volumes.quarters_reported",
        ),
        (
            "fixed_manufacturing_per_month_usd",
            "fixed_manufacturing_per_month_cny",
            ": economics is in CNY, items.csv in USD; give the figures of economics in USD",
        ),
    ];
    let mut wrong = String::new();
    for (from, to, want) in cases {
        let (got, want) = (errors(&edited(file, from, to)), format!("{file}{want}"));
        if !got.contains(&want) {
            let _ = writeln!(wrong, "{from:?} -> {to:?}\n want {want}\n got {got:#?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn yaml_that_is_none_is_refused_with_a_line() {
    let file = "programme.yaml";
    for (from, to, line) in [
        ("milestones:", "milestones: [", 74),
        ("programme: Xiaomi", "programme: *nobody", 1),
        ("plant:\n", "plant: &a\n  self: *a\n", 3),
        ("order_from:", "plant:", 64),
        ("vin:\n", "? [a]\n: b\nvin:\n", 65),
    ] {
        let got = errors(&edited(file, from, to));
        assert!(
            got.len() == 1 && got[0].starts_with(&format!("{file}:{line}: ")),
            "{to:?}: {got:#?}"
        );
    }
    assert!(
        programme(&edited(file, "plant:\n", "plant: &here\n"))
            .warnings
            .is_empty()
    );
}

#[test]
fn a_missing_file_is_named_and_optional_ones_are_not_needed() {
    for file in FILES {
        let result = parse(&built_in().without(file));
        let required = super::super::read::REQUIRED.contains(&file);
        assert_eq!(result.is_err(), required, "{file}");
        if let Err(problems) = result {
            let want = format!("{file}: is missing; a programme needs");
            assert!(
                lines(&problems).iter().any(|line| line.starts_with(&want)),
                "{problems}"
            );
            assert_eq!(
                problems.total(),
                1,
                "one missing file is one problem: {problems}"
            );
        }
    }
}

#[test]
fn an_empty_file_and_one_that_is_not_text_are_named() {
    let bom = built_in()
        .with("bom.csv", "parent,child,qty\n")
        .expect("it counts");
    assert_eq!(
        errors(&bom),
        ["bom.csv: has no row; a programme needs at least one"]
    );
    let orders = built_in()
        .with("orders.csv", "date,new_locked_orders\n")
        .expect("it counts");
    assert_eq!(
        errors(&orders),
        ["orders.csv: has no row; a programme needs at least one"]
    );
    let latin = built_in()
        .with("items.csv", b"item_id\nK\xf6ln\n".to_vec())
        .expect("it counts");
    assert_eq!(
        errors(&latin),
        ["items.csv:2: is not UTF-8 from here on; save the file as UTF-8"]
    );
}

#[test]
fn everything_is_told_at_once_and_at_most_fifty_a_file() {
    let broken = text("bom.csv").replacen(",1,,1", ",none,,1", 62);
    let folder = built_in().with("bom.csv", broken).expect("it counts");
    let folder = folder
        .with("orders.csv", text("orders.csv").replacen("8572", "x", 1))
        .expect("it counts");
    let problems = parse(&folder).expect_err("it is broken");
    let told = lines(&problems);
    assert_eq!(
        (problems.total(), problems.shown().count(), told.len()),
        (63, 51, 52)
    );
    assert_eq!(told[50], "bom.csv: and 12 more");
    assert!(told[51].starts_with("orders.csv:2: new_locked_orders \"x\""));
    let numbers: Vec<u32> = problems
        .shown()
        .filter(|p| p.file == "bom.csv")
        .filter_map(|p| p.line)
        .collect();
    assert!(numbers.is_sorted());
}

#[test]
fn a_line_is_counted_through_quotes_blank_lines_and_either_line_end() {
    for end in ["\n", "\r\n"] {
        let lines = [
            "rule,feature,p,q,priority,note",
            "",
            "ratio,VAR=MAX,1,2,high,\"two",
            "lines\"",
            "",
            "",
            "ratio,VAR=NO,1,2,high,x",
        ];
        let folder = built_in()
            .with("sequence_rules.csv", lines.join(end))
            .expect("it counts");
        let want =
            "sequence_rules.csv:7: \"NO\" is not a value of VAR; values are STD, PRO, MAX, ULTRA";
        assert_eq!(errors(&folder), [want]);
    }
    let folder = built_in()
        .with("bom.csv", format!("\u{feff}{}", text("bom.csv")))
        .expect("it counts");
    assert_eq!(programme(&folder).bom.len(), 451);
}

#[test]
fn the_edits_of_a_what_if_stay_legal() {
    let slow = programme(&edited("programme.yaml", "takt_s: 76", "takt_s: 152"));
    assert_eq!(
        (slow.plant.takt_ms, slow.warnings.to_string()),
        (152_000, String::new())
    );
    let late = programme(&edited("items.csv", "1056.0,102,48", "1056.0,132,48"));
    let id = ItemId::parse("AD-02").expect("an id");
    assert_eq!(
        late.item(&id).map(|item| item.agreements[0].lead_time_days),
        Some(132)
    );
    let twice = |count: &str| {
        count
            .parse::<i64>()
            .map_or(String::new(), |count| (2 * count).to_string())
    };
    let doubled = programme(&with_column("orders.csv", "new_locked_orders", twice));
    assert_eq!(
        doubled.orders.iter().map(|day| day.locked).sum::<i64>(),
        378_126
    );
    assert_eq!(
        doubled.warnings.to_string(),
        "orders.csv:2: cum_locked_orders is 8572 but new_locked_orders adds up to 17144; cum_locked_orders is not used"
    );
    let fewer = programme(&edited("daily.csv", "271,87,0,184,271", "84,0,0,84,271"));
    assert_eq!(
        (fewer.vehicles, fewer.days[0].planned_total()),
        (100_000, 84)
    );
}

#[test]
fn a_removed_line_of_the_bill_warns_and_ten_times_the_lots_are_read() {
    let removed = programme(&edited("bom.csv", "UBF,UBF-01,1,,1\r\n", ""));
    let warning = "items.csv:5: UBF-01 does not go into SU7 by any line of bom.csv; it is neither planned nor bought";
    assert_eq!(
        (removed.bom.len(), removed.warnings.to_string()),
        (450, warning.to_owned())
    );
    let larger = programme(&with_column("items.csv", "lot_size", |lot| {
        format!("{lot}0")
    }));
    let id = ItemId::parse("UBF-01").expect("an id");
    assert_eq!(
        larger.item(&id).map(|item| item.lot_size),
        Some(Quantity::from_units(600))
    );
}

#[test]
fn optional_columns_have_their_defaults_and_are_read_where_they_stand() {
    let bom = text("bom.csv").replacen("mass_yield", "mass_yield,component_scrap", 1);
    let bom: Vec<String> = bom
        .lines()
        .enumerate()
        .map(|(n, line)| match n {
            0 => line.to_owned(),
            1 => format!("{line},0.05"),
            _ => format!("{line},"),
        })
        .collect();
    let read = programme(
        &built_in()
            .with("bom.csv", bom.join("\n"))
            .expect("it counts"),
    );
    assert_eq!(
        (
            read.bom[0].component_scrap.millionths(),
            read.bom[1].component_scrap.millionths()
        ),
        (50_000, 0)
    );
    let plain = programme(&built_in());
    assert!(
        plain
            .items
            .iter()
            .all(|item| item.order_yield == takt_kernel::Share::ONE)
    );
    let zone = programme(&edited(
        "programme.yaml",
        "plant:\n",
        "plant:\n  time_zone: Asia/Shanghai\n",
    ));
    assert_eq!(
        (
            plain.plant.time_zone.as_str(),
            zone.plant.time_zone.as_str()
        ),
        ("UTC", "Asia/Shanghai")
    );
    let near = programme(&edited("programme.yaml", "milestones:\n", "milestone:\n"));
    assert_eq!(
        near.warnings.to_string(),
        "programme.yaml:73: key \"milestone\" is not read; is it meant to be milestones?"
    );
    assert!(near.milestones.is_empty());
}

#[test]
fn links_that_contradict_items_warn() {
    let folder = edited("items.csv", "XUSHENG,0.6", "XUSHENG,0.7");
    let items =
        String::from_utf8(folder.file("items.csv").expect("it is there").to_vec()).expect("text");
    // Both shock towers stand there; only the first one's shares are changed.
    let folder = folder
        .with("items.csv", items.replacen("TUOPU,0.4", "TUOPU,0.3", 1))
        .expect("it counts");
    let warnings = programme(&folder).warnings.to_string();
    assert!(
        warnings
            .contains("share of XUSHENG for UBF-03 is 0.6 here and 0.7 in items.csv, which counts"),
        "{warnings}"
    );
    assert_eq!(warnings.lines().count(), 2, "{warnings}");
}
