//! Networks, lines, calendars and surroundings that cannot be: one edit for every kind of error.
use super::check;

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
            "IN-CATL,inbound,Ningde,Beijing-Yizhuang,26.66,119.55,truck,1895,4,133.5,tonne,,1 per day,CATL,estimated\n",
            "",
            "logistics.csv: no inbound lane for supplier CATL, which supplies BS-01 (items.csv:158); add one",
        ),
        (
            "logistics.csv",
            "1 per day,CATL,",
            "1 per day,FDB,",
            "logistics.csv:29: an inbound lane of this supplier stands already on line 20",
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
