//! Vehicles that cannot be: one edit of programme.yaml, items.csv or bom.csv for every kind of error.
use super::{check, edited, errors};
use std::fmt::Write;

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
