//! What a means of transport carries and emits.
//!
//! It must not know lanes. Invariants: terms are set by who owns them and never assumed: while a mode has none, no loads are planned and
//! no emissions are told for it; TM-1 a carrier takes one vehicle at least.

use std::collections::{BTreeMap, BTreeSet};

use takt_contract::delivery::v1 as pb;
use takt_kernel::Violations;
use takt_service::{Error, Tx};

use crate::rows::get;

/// The most modes of a request.
const MODES: usize = 50;

/// The terms of a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ModeTerms {
    /// The vehicles that one carrier takes.
    pub(crate) vehicles_per_load: i32,
    /// Emissions in grams for a tonne over a kilometre.
    pub(crate) grams_per_tonne_km: i64,
    /// The mass of a vehicle.
    pub(crate) mass_kg: i64,
    /// Whether empty places are paid for and emit.
    pub(crate) empty_places: bool,
}

/// The terms of all modes that have any.
pub(crate) type Terms = BTreeMap<String, ModeTerms>;

/// Reads the terms that are to stand.
pub(crate) fn terms_req(given: &[pb::TransportTerms], violations: &mut Violations) -> Terms {
    violations.require(
        (1..=MODES).contains(&given.len()),
        "terms",
        format!("give the terms of 1 to {MODES} modes"),
    );
    let (mut terms, mut seen) = (Terms::new(), BTreeSet::new());
    for (place, one) in given.iter().enumerate() {
        violations.scope(format!("terms[{place}]"), |violations| {
            let mode = one.mode.trim();
            violations.require(
                !mode.is_empty() && mode.chars().count() <= 50,
                "mode",
                "give the means of transport as the lanes name it, for example road",
            );
            violations.require(
                seen.insert(mode.to_owned()),
                "mode",
                format!("{mode} stands twice; give each mode once"),
            );
            let takes = one.vehicles_per_load;
            violations.require(
                (1..=20_000).contains(&takes),
                "vehicles_per_load",
                format!("{takes} is not a number of vehicles from 1 to 20000"),
            );
            violations.require(
                (0..=100_000).contains(&one.co2e_grams_per_tonne_km),
                "co2e_grams_per_tonne_km",
                "it is from 0 to 100000",
            );
            violations.require(
                (1..=100_000).contains(&one.vehicle_mass_kg),
                "vehicle_mass_kg",
                "it is from 1 to 100000",
            );
        });
        let read = ModeTerms {
            vehicles_per_load: one.vehicles_per_load,
            grams_per_tonne_km: one.co2e_grams_per_tonne_km,
            mass_kg: one.vehicle_mass_kg,
            empty_places: one.empty_places_count,
        };
        terms.insert(one.mode.trim().to_owned(), read);
    }
    terms
}

/// The terms as they are answered.
pub(crate) fn terms_pb(terms: &Terms) -> Vec<pb::TransportTerms> {
    let told = |(mode, one): (&String, &ModeTerms)| pb::TransportTerms {
        mode: mode.clone(),
        vehicles_per_load: one.vehicles_per_load,
        co2e_grams_per_tonne_km: one.grams_per_tonne_km,
        vehicle_mass_kg: one.mass_kg,
        empty_places_count: one.empty_places,
    };
    terms.iter().map(told).collect()
}

/// The terms that stand.
pub(crate) async fn terms_fetch(tx: &Tx) -> Result<Terms, Error> {
    let sql = "SELECT mode, vehicles_per_load, grams_per_tonne_km, vehicle_mass_kg, empty_places FROM transport_mode ORDER BY mode";
    let rows = tx.rows(sql, vec![]).await?;
    let read = |row| {
        let takes: i64 = get(row, 1)?;
        let terms = ModeTerms {
            vehicles_per_load: i32::try_from(takes).unwrap_or(i32::MAX),
            grams_per_tonne_km: get(row, 2)?,
            mass_kg: get(row, 3)?,
            empty_places: get::<i64>(row, 4)? != 0,
        };
        Ok((get(row, 0)?, terms))
    };
    rows.iter().map(read).collect()
}

/// Sets terms; modes that are not named keep theirs.
pub(crate) async fn terms_set(tx: &Tx, terms: &Terms) -> Result<(), Error> {
    let rows = terms.iter().map(|(mode, one)| {
        vec![
            mode.as_str().into(),
            i64::from(one.vehicles_per_load).into(),
            one.grams_per_tonne_km.into(),
            one.mass_kg.into(),
            i64::from(one.empty_places).into(),
        ]
    });
    let columns = [
        "mode",
        "vehicles_per_load",
        "grams_per_tonne_km",
        "vehicle_mass_kg",
        "empty_places",
    ];
    let suffix = "ON CONFLICT (mode) DO UPDATE SET vehicles_per_load = excluded.vehicles_per_load, \
                  grams_per_tonne_km = excluded.grams_per_tonne_km, vehicle_mass_kg = excluded.vehicle_mass_kg, \
                  empty_places = excluded.empty_places";
    tx.insert_many("transport_mode", &columns, rows.collect(), suffix)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let road = pb::TransportTerms {
            mode: "road".into(),
            vehicles_per_load: 8,
            co2e_grams_per_tonne_km: 90,
            vehicle_mass_kg: 2_200,
            empty_places_count: true,
        };
        let mut found = Violations::new();
        let terms = terms_req(std::slice::from_ref(&road), &mut found);
        assert_eq!(terms_pb(&terms), std::slice::from_ref(&road));
        assert!(found.is_empty());
        let wrong = pb::TransportTerms {
            vehicles_per_load: 0,
            vehicle_mass_kg: 0,
            ..road.clone()
        };
        terms_req(&[road, wrong], &mut found);
        let told = found.finish().unwrap_err();
        let fields: Vec<String> = told.iter().map(ToString::to_string).collect();
        let said = fields.join("; ");
        for field in [
            "terms[1].mode",
            "terms[1].vehicles_per_load",
            "terms[1].vehicle_mass_kg",
        ] {
            assert!(said.contains(field), "{said}");
        }
    }
}
