//! Where folders come from, their hash, and a folder much larger than any car.
use super::{built_in, errors, programme, text};
use crate::programme::{FILES, Folder, FolderError, parse};
use std::fmt::Write;

#[test]
fn a_copy_on_disk_is_the_same_programme() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    for file in FILES {
        std::fs::write(dir.path().join(file), text(file))?;
    }
    std::fs::write(dir.path().join("README.txt"), "not read")?;
    let copy = Folder::read(dir.path())?;
    assert_eq!(copy.programme_hash(), built_in().programme_hash());
    assert_eq!(programme(&copy).warnings.to_string(), "");
    std::fs::write(dir.path().join("item.csv"), "not read either")?;
    let stranger = Folder::read(dir.path())?;
    assert_eq!(stranger.programme_hash(), copy.programme_hash());
    let warning = "programme.yaml: the folder holds \"item.csv\", which is not read";
    assert_eq!(programme(&stranger).warnings.to_string(), warning);
    std::fs::write(dir.path().join("world.csv"), "kind,key,parameter,value\n")?;
    assert_ne!(
        Folder::read(dir.path())?.programme_hash(),
        copy.programme_hash()
    );
    Ok(())
}

#[test]
fn what_is_no_programme_says_so() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    assert!(matches!(
        Folder::read(dir.path()),
        Err(FolderError::Empty(_))
    ));
    let missing = Folder::open("no/such/folder").expect_err("there is no such folder");
    assert_eq!(
        missing.to_string(),
        "no/such/folder is neither a directory nor a built-in programme; built in: su7, yu7"
    );
    assert_eq!(Folder::open("su7")?.name(), "su7");
    Ok(())
}

/// A vehicle of 20,000 parts from 2,000 suppliers, and the network behind them: about 107,000 rows.
#[test]
fn a_hundred_thousand_rows_are_read() {
    let plant = "P,Plant,CN,Beijing-Yizhuang,0,,,,,\n";
    let mut suppliers =
        format!("id,name,country,city,tier,lat,lon,what,source_kind,source\n{plant}");
    let mut lanes = text("logistics.csv")
        .lines()
        .filter(|line| !line.starts_with("IN-"))
        .fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "{line}");
            all
        });
    for n in 0..2_000 {
        let _ = writeln!(suppliers, "S{n},Supplier {n},CN,City,1,,,,,");
        let _ = writeln!(
            lanes,
            "IN-S{n},inbound,City,Beijing-Yizhuang,,,truck,100,1.5,,,,,S{n},"
        );
    }
    let mut items = "item_id,name,group,uom,make_buy,shop,mass_kg,unit_cost_usd,lead_time_days,lot_size,supplier_id,share\n\
                     CAR,Car,final,pc,make,FA,1,1,0,1,P,1\n".to_owned();
    let mut bom = "parent,child,qty\n".to_owned();
    let mut links = "from_supplier,to_supplier,item_id,share,into\n".to_owned();
    let mut nodes = "supplier_id,item_id,stock_days\n".to_owned();
    for n in 0..20_000 {
        let supplier = n % 2_000;
        let _ = writeln!(
            items,
            "I{n},Item {n},body,pc,buy,BW,0.5,1.25,30,100,S{supplier},1"
        );
        let _ = writeln!(bom, "CAR,I{n},{}", 1 + n % 4);
        let _ = writeln!(links, "S{supplier},P,I{n},1,");
        let _ = writeln!(nodes, "S{supplier},I{n},7.5");
    }
    for n in 0..25_000 {
        // Deeper links run to a supplier with a smaller number, so there is no cycle.
        let from = 1 + n % 1_999;
        let _ = writeln!(links, "S{from},S{},M-{n},1,I{}", from - 1, from - 1);
    }
    let folder = [
        "materials.csv",
        "recalls.csv",
        "service_cases.csv",
        "stakes.csv",
        "world.csv",
    ]
    .into_iter()
    .fold(built_in(), Folder::without);
    let files = [
        ("suppliers.csv", suppliers),
        ("logistics.csv", lanes),
        ("items.csv", items),
        ("bom.csv", bom),
        ("supply_edges.csv", links),
        ("nodes.csv", nodes),
    ];
    let folder = files.into_iter().fold(folder, |folder, (file, text)| {
        folder.with(file, text).expect("it counts")
    });
    let programme = programme(&folder);
    assert_eq!(programme.warnings.to_string(), "");
    let rows =
        programme.items.len() + programme.bom.len() + programme.links.len() + programme.nodes.len();
    assert_eq!(rows, 105_001);
}

#[test]
fn a_deep_bill_does_not_exhaust_the_stack() {
    let mut items = text("items.csv");
    let mut bom = text("bom.csv");
    for n in 0..50_000 {
        let _ = writeln!(
            items,
            "D{n},Deep {n},biw,pc,make,BW,1,1,1,1,0,1,XIAOMI,1,,0"
        );
        let parent = if n == 0 {
            "SU7".to_owned()
        } else {
            format!("D{}", n - 1)
        };
        let _ = writeln!(bom, "{parent},D{n},1,,1");
    }
    let _ = writeln!(bom, "D49999,UBF-01,1,,1");
    let folder = built_in()
        .with("items.csv", items)
        .and_then(|f| f.with("bom.csv", bom.clone()))
        .expect("they count");
    assert_eq!(programme(&folder).items.len(), 50_412);
    let _ = writeln!(bom, "D49999,D0,1,,1");
    let problems = parse(&folder.with("bom.csv", bom).expect("it counts")).expect_err("a cycle");
    let text = problems.to_string();
    assert!(text.starts_with("bom.csv: cycle D0 > D1 > D2 > "), "{text}");
    assert!(text.ends_with(" > D23 > (49976 more) > D0"), "{text}");
}

/// The import format is a promise: a column that is read and not documented would be a secret.
#[test]
fn every_column_is_documented() {
    let manual = include_str!("../../../programmes/README.md");
    for file in FILES.into_iter().filter(|file| file.ends_with(".csv")) {
        let folder = built_in()
            .with(file, "no_such_column\n")
            .expect("it counts");
        let told = errors(&folder).join("\n");
        let known = told.split("the columns are ").nth(1).unwrap_or_default();
        let known = known.lines().next().unwrap_or_default();
        let section = manual.split("\n## ").find(|part| part.starts_with(file));
        let section = section.unwrap_or_default();
        assert!(!known.is_empty() && !section.is_empty(), "{file}: {told}");
        for column in known.split(", ") {
            let variant = column.starts_with("produced_");
            let name = if variant {
                "produced_<variant>"
            } else {
                column
            };
            let documented = section.contains(&format!("`{name}`"));
            assert!(
                documented,
                "{file}: {column} is not in programmes/README.md"
            );
        }
    }
}
