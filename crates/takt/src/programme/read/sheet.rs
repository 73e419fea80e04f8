//! programme.yaml: the plant, its shops and shifts, the VIN scheme and the dates; variants and options are
//! read by `offer`, published figures by `published`. It must not know the csv files. Invariant: keys that
//! are not read are notes for people; one that nearly is a known key is told as a warning.
use super::offer::{self, Offer};
use super::published::{self, Published};
use crate::programme::document::{Field, document};
use crate::programme::folder::Folder;
use crate::programme::model::{Place, Shop, VinScheme};
use crate::programme::problem::{Log, quote};
use crate::programme::table::text_of;
use takt_kernel::{Date, ItemId, ParseError, ProgrammeId, ShopId, Zone};

pub(super) const FILE: &str = "programme.yaml";

/// The keys that are read at the top and in `plant`; every other key is a note.
const KEYS: [&str; 18] = [
    "id",
    "programme",
    "plant",
    "order_from",
    "final_item",
    "first_handover",
    "vin",
    "variants",
    "options",
    "bom_rules",
    "units_by_variant",
    "shifts",
    "milestones",
    "published_volumes",
    "delivery_volumes",
    "economics",
    "first_100000_elsewhere",
    "production_volumes",
];
const PLANT_KEYS: [&str; 7] = [
    "name",
    "city",
    "lat",
    "lon",
    "takt_s",
    "shop_codes",
    "time_zone",
];

/// What programme.yaml says.
pub(in crate::programme) struct Sheet {
    pub id: Option<ProgrammeId>,
    pub title: String,
    pub plant_name: String,
    pub city: String,
    pub place: Option<Place>,
    pub time_zone: String,
    pub takt_ms: i64,
    pub shops: Vec<Shop>,
    pub vin: VinScheme,
    pub order_from: Option<Date>,
    pub final_item: Option<(u32, ItemId)>,
    pub first_handover: Option<Date>,
    pub vehicles: Option<i64>,
    pub shifts: Vec<Shifts>,
    pub offer: Offer,
    pub published: Published,
}

/// A period with a number of shifts a day.
pub(in crate::programme) struct Shifts {
    pub first: Date,
    pub last: Date,
    pub shifts: i64,
    pub shift_ms: i64,
}

pub(super) fn read(folder: &Folder, log: &mut Log) -> Option<Sheet> {
    let text = text_of(folder, FILE, log)?;
    let node = document(text, FILE, log)?;
    let root = Field::root(&node, FILE);
    misspelt(&root, &KEYS, log);
    let plant = root.key("plant");
    misspelt(&plant, &PLANT_KEYS, log);
    let vin = vin(&root.key("vin"), log);
    let offer = offer::read(&root, &vin, log);
    let published = published::read(&root, &offer, log);
    Some(Sheet {
        id: root.key("id").maybe(log, ProgrammeId::parse),
        title: root.key("programme").must_text(log, "the programme's name"),
        plant_name: plant.key("name").must_text(log, "the plant's name"),
        city: plant
            .key("city")
            .must_text(log, "the city where inbound lanes end"),
        place: place(&plant, log),
        time_zone: plant
            .key("time_zone")
            .maybe(log, |text| Zone::named(text).map(|_| text.to_owned()))
            .unwrap_or_else(|| "UTC".to_owned()),
        takt_ms: plant
            .key("takt_s")
            .must_number(log, "the takt in seconds", 3, 1),
        shops: shops(&plant.key("shop_codes"), log),
        vin,
        order_from: root.key("order_from").must(
            log,
            "the first day of purchase orders",
            Date::parse,
        ),
        final_item: {
            let field = root.key("final_item");
            field.maybe(log, ItemId::parse).map(|id| (field.line(), id))
        },
        first_handover: first_handover(&root, log),
        vehicles: vehicles(&root.key("units_by_variant"), &offer, log),
        shifts: shifts(&root.key("shifts"), log),
        offer,
        published,
    })
}

fn place(plant: &Field<'_>, log: &mut Log) -> Option<Place> {
    let lat_micro = plant
        .key("lat")
        .maybe(log, |text| super::degrees(text, 90))?;
    let lon_micro = plant
        .key("lon")
        .maybe(log, |text| super::degrees(text, 180))?;
    Some(Place {
        lat_micro,
        lon_micro,
    })
}

fn shops(field: &Field<'_>, log: &mut Log) -> Vec<Shop> {
    if !field.is_there() {
        field.missing(
            log,
            "a mapping from the codes of routing.csv to the names of the shops",
        );
    }
    let mut shops = Vec::new();
    for (code, name) in field.entries(log) {
        match ShopId::parse(code) {
            Ok(id) => shops.push(Shop {
                id,
                name: name.must_text(log, "the shop's name"),
            }),
            Err(error) => name.error(log, error),
        }
    }
    shops
}

/// Checks the parts of a VIN one by one, so that the message names the part.
fn vin(field: &Field<'_>, log: &mut Log) -> VinScheme {
    if !field.is_there() {
        field.missing(
            log,
            "the VIN scheme: wmi, vds_by_variant, model_year, plant_code, serial_digits",
        );
        return VinScheme {
            wmi: "XXX".into(),
            model_year: 'R',
            plant_code: 'A',
            serial_digits: 6,
        };
    }
    let wmi = field
        .key("wmi")
        .must(log, "positions 1 to 3", |text| vin_part(text, 3));
    let year = field
        .key("model_year")
        .must(log, "position 10", |text| match text {
            "U" | "Z" | "0" => Err(ParseError::new(
                "year",
                text,
                "a model year is never U, Z or 0",
            )),
            _ => vin_part(text, 1),
        });
    let plant = field
        .key("plant_code")
        .must(log, "position 11", |text| vin_part(text, 1));
    let digits = field.key("serial_digits");
    let count = digits.must_number(log, "how many digits the serial has, 6", 0, 1);
    if count != 6 {
        digits.error(
            log,
            "must be 6: a VIN has 17 characters and 11 stand before the serial",
        );
    }
    let letter = |part: Option<String>| part.and_then(|text| text.chars().next()).unwrap_or('A');
    VinScheme {
        wmi: wmi.unwrap_or_else(|| "XXX".into()),
        model_year: letter(year),
        plant_code: letter(plant),
        serial_digits: 6,
    }
}

/// Reads so many characters that a VIN may have.
pub(super) fn vin_part(text: &str, length: usize) -> Result<String, ParseError> {
    let legal =
        |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !matches!(c, 'I' | 'O' | 'Q'));
    let rule = match length {
        1 => "it is one digit or capital, never I, O or Q",
        3 => "it is three digits or capitals, never I, O or Q",
        _ => "it is five digits or capitals, never I, O or Q",
    };
    if text.len() == length && text.chars().all(legal) {
        Ok(text.to_owned())
    } else {
        Err(ParseError::new("part of a VIN", text, rule))
    }
}

/// `first_handover`, else the first delivery period: no vehicle is handed over before (RULES 8).
fn first_handover(root: &Field<'_>, log: &mut Log) -> Option<Date> {
    let own = root.key("first_handover");
    if own.is_there() {
        return own.maybe(log, Date::parse);
    }
    let periods = root.key("delivery_volumes").key("periods").members(log);
    periods
        .iter()
        .filter_map(|period| period.key("first").maybe(log, Date::parse))
        .min()
}

fn vehicles(field: &Field<'_>, offer: &Offer, log: &mut Log) -> Option<i64> {
    let mut sum = 0i64;
    for (variant, units) in field.entries(log) {
        if offer.sound && !offer.known_variants.iter().any(|known| known == variant) {
            units.error(log, format_args!("{} is not a variant", quote(variant)));
        }
        sum += units.must_number(log, "vehicles of the variant", 0, 0);
    }
    (sum > 0).then_some(sum)
}

fn shifts(field: &Field<'_>, log: &mut Log) -> Vec<Shifts> {
    if !field.is_there() {
        field.missing(
            log,
            "a list of periods: first, last, shifts, hours_per_shift",
        );
    }
    let mut periods: Vec<Shifts> = Vec::new();
    for period in field.members(log) {
        let first = period.key("first").must(log, "the first day", Date::parse);
        let last = period.key("last").must(log, "the last day", Date::parse);
        let shifts = period.key("shifts").must_number(log, "shifts a day", 0, 0);
        // A thousandth of an hour is 3,600 milliseconds, so no rounding.
        let hours = period
            .key("hours_per_shift")
            .must_number(log, "hours of a shift", 3, 1);
        if hours > 24_000 {
            period
                .key("hours_per_shift")
                .error(log, "must not be more than 24");
        }
        let (Some(first), Some(last)) = (first, last) else {
            continue;
        };
        if last < first {
            period.error(
                log,
                format_args!("ends on {last}, before it begins on {first}"),
            );
        } else if let Some(other) = periods.iter().find(|p| p.first <= last && first <= p.last) {
            let (from, to) = (other.first, other.last);
            period.error(log, format_args!("overlaps the period from {from} to {to}"));
        }
        periods.push(Shifts {
            first,
            last,
            shifts,
            shift_ms: hours.min(24_000) * 3_600,
        });
    }
    periods
}

fn misspelt(field: &Field<'_>, known: &[&str], log: &mut Log) {
    for (key, value) in field.entries(log) {
        let near = known
            .iter()
            .find(|name| !known.contains(&key) && distance(key, name) <= 2);
        if let Some(near) = near.filter(|near| !field.key(near).is_there() && key.len() > 3) {
            let line = Some(value.line());
            log.warning(
                FILE,
                line,
                format_args!("key {} is not read; is it meant to be {near}?", quote(key)),
            );
        }
    }
}

/// How many characters must change to make one word the other (Levenshtein 1966).
fn distance(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > 2 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(right.bytes()) {
            let next = (diagonal + usize::from(a != b))
                .min(before + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, next);
            before = next;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
