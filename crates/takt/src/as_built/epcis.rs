//! EPCIS 2.0 events as JSON-LD (GS1 EPCIS 2.0, 2022, section 10). It must not know where events come from. Invariants: an
//! event is valid by GS1's JSON schema; a quantity is exact; the document is written event by event and never held.
use serde_json::{Map, Number, Value, json};
use takt_contract::production::v1::{EpcisEvent, EpcisEventType, EpcisQuantity};
use takt_kernel::{Date, Zone};

/// What stands before the first event; `micros` is when the document is made.
pub fn head(micros: i64) -> String {
    let context = "https://ref.gs1.org/standards/epcis/epcis-context.jsonld";
    let made = instant(
        micros.div_euclid(1_000_000),
        micros.rem_euclid(1_000_000),
        0,
    );
    format!(
        "{{\"@context\": [\"{context}\"],\n\"type\": \"EPCISDocument\", \"schemaVersion\": \"2.0\", \"creationDate\": \"{made}\",\n\
         \"epcisBody\": {{\"eventList\": ["
    )
}

/// What stands behind the last event.
pub const TAIL: &str = "\n]}}\n";

/// One event.
pub fn event(event: &EpcisEvent) -> Value {
    let kind = event.r#type();
    let mut told = Map::new();
    let mut put = |key: &str, value: Value| {
        let empty = match &value {
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Null => true,
            _ => false,
        };
        if !empty {
            told.insert(key.to_owned(), value);
        }
    };
    let name = match kind {
        EpcisEventType::Transformation => "TransformationEvent",
        EpcisEventType::Aggregation => "AggregationEvent",
        EpcisEventType::Association => "AssociationEvent",
        EpcisEventType::Object | EpcisEventType::Unspecified => "ObjectEvent",
    };
    put("type", json!(name));
    put("eventID", json!(event.event_id));
    let offset = event.zone_offset_minutes;
    let at = |time: Option<&prost_types::Timestamp>, offset| match time {
        Some(time) => json!(instant(time.seconds, i64::from(time.nanos) / 1000, offset)),
        None => Value::Null,
    };
    put("eventTime", at(event.event_time.as_ref(), offset));
    put("eventTimeZoneOffset", json!(zone(offset)));
    put("recordTime", at(event.recorded_at.as_ref(), 0));
    put("action", json!(event.action));
    put("bizStep", json!(event.biz_step));
    put("disposition", json!(event.disposition));
    put("parentID", json!(event.parent_id));
    let (epcs, quantities) = match kind {
        EpcisEventType::Transformation => ("inputEPCList", "inputQuantityList"),
        EpcisEventType::Aggregation | EpcisEventType::Association => {
            ("childEPCs", "childQuantityList")
        }
        EpcisEventType::Object | EpcisEventType::Unspecified => ("epcList", "quantityList"),
    };
    put(epcs, json!(event.epcs));
    let list = event.quantities.iter().map(quantity).collect();
    put(quantities, Value::Array(list));
    put("outputEPCList", json!(event.output_epcs));
    let place = |id: &str| match id {
        "" => Value::Null,
        id => json!({ "id": id }),
    };
    put("readPoint", place(&event.read_point));
    put(
        "bizTransactionList",
        match event.production_order.as_str() {
            "" => Value::Null,
            order => json!([{"type": "prodorder", "bizTransaction": order}]),
        },
    );
    if event.error_declared_at.is_some() {
        let declared = at(event.error_declared_at.as_ref(), 0);
        put(
            "errorDeclaration",
            json!({"declarationTime": declared, "reason": event.error_reason,
                "correctiveEventIDs": event.corrective_event_ids}),
        );
    }
    Value::Object(told)
}

fn quantity(quantity: &EpcisQuantity) -> Value {
    let mut told = Map::new();
    told.insert("epcClass".to_owned(), json!(quantity.epc_class));
    let milli = quantity.thousandths;
    if milli > 0 {
        // Three decimals of a number of this size are exact to the digit when a float is printed.
        let fraction = Number::from_f64(milli as f64 / 1000.0);
        let number = if milli % 1000 == 0 {
            Some(Number::from(milli / 1000))
        } else {
            fraction
        };
        told.insert(
            "quantity".to_owned(),
            number.map_or(Value::Null, Value::Number),
        );
        if !quantity.unit_code.is_empty() {
            told.insert("uom".to_owned(), json!(quantity.unit_code));
        }
    }
    Value::Object(told)
}

/// `+08:00`.
fn zone(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// An instant by the clock of a zone that is so many minutes ahead.
fn instant(seconds: i64, micros: i64, offset: i32) -> String {
    let local = seconds + i64::from(offset) * 60;
    let date = Date::of_instant(local * 1_000_000, &Zone::utc());
    let rest = local.rem_euclid(86_400);
    let suffix = match offset {
        0 => "Z".to_owned(),
        offset => zone(offset),
    };
    format!(
        "{date}T{:02}:{:02}:{:02}.{:03}{suffix}",
        rest / 3600,
        rest / 60 % 60,
        rest % 60,
        micros / 1000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_put_into_a_car_by_the_clock_of_the_plant() {
        let told = event(&EpcisEvent {
            r#type: i32::from(EpcisEventType::Association),
            event_id: "urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8".to_owned(),
            event_time: Some(prost_types::Timestamp {
                seconds: 1_711_641_600,
                nanos: 0,
            }),
            zone_offset_minutes: 480,
            action: "ADD".to_owned(),
            biz_step: "installing".to_owned(),
            parent_id: "urn:takt:vin:X".to_owned(),
            quantities: vec![EpcisQuantity {
                epc_class: "urn:takt:lot:L".to_owned(),
                thousandths: 4_800,
                unit_code: "KGM".to_owned(),
            }],
            ..EpcisEvent::default()
        });
        assert_eq!(
            told,
            json!({"type": "AssociationEvent", "eventID": "urn:uuid:6ba7b810-9dad-41d1-80b4-00c04fd430c8",
                "eventTime": "2024-03-29T00:00:00.000+08:00", "eventTimeZoneOffset": "+08:00", "action": "ADD",
                "bizStep": "installing", "parentID": "urn:takt:vin:X",
                "childQuantityList": [{"epcClass": "urn:takt:lot:L", "quantity": 4.8, "uom": "KGM"}]})
        );
        assert_eq!(instant(0, 5_000, 0), "1970-01-01T00:00:00.005Z");
        assert_eq!(zone(-210), "-03:30");
    }
}
