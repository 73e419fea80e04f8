//! The ids of Takt: one type a thing, so that an item is never taken for a supplier. It must not know the
//! things. Invariant: an id is 1 to 64 characters of A-Z a-z 0-9 . _ - / and therefore safe in logs and URLs.
use crate::parse::ParseError;
use std::fmt;
use std::sync::Arc;

fn check(kind: &'static str, text: &str) -> Result<(), ParseError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/');
    if text.is_empty() || text.len() > 64 || !text.bytes().all(legal) {
        return Err(ParseError::new(
            kind,
            text,
            "it has 1 to 64 characters of A-Z a-z 0-9 . _ - /",
        ));
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident $kind:literal;)+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads an id; see the module for the characters it may have.
            pub fn parse(text: &str) -> Result<Self, ParseError> {
                check($kind, text)?;
                Ok(Self(text.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().into()
            }
        }
    )+};
}

ids! {
    /// A part, material or vehicle of the bill of material: `EX-01`.
    ItemId "item id";
    /// A supplier or site of the network: `CATL`.
    SupplierId "supplier id";
    /// A customer's order: `SO-000123`.
    OrderId "order id";
    /// A plant.
    PlantId "plant id";
    /// An imported programme: `su7`.
    ProgrammeId "programme id";
    /// A variant of the vehicle: `STD`.
    VariantId "variant id";
    /// A transport lane: `IN-AEROGEL`.
    LaneId "lane id";
    /// A master plan: `MP-2024-03-28`.
    PlanId "plan id";
    /// A purchase order: `PO-CATL-2023-12-17`.
    PurchaseOrderId "purchase order id";
    /// A supplier's shipping notice.
    AsnId "asn id";
    /// A shipment of finished vehicles: one lane and date.
    ShipmentId "shipment id";
    /// A hold on released stock.
    ReservationId "reservation id";
    /// An outage of suppliers that was declared: `D-2024-07`.
    DisruptionId "disruption id";
    /// A routing operation: `ST-010`.
    OperationId "operation id";
    /// A shop of the plant: `FA`.
    ShopId "shop id";
    /// A city that vehicles are delivered to.
    CityId "city id";
    /// A delivery centre: `SHANGHAI-1`.
    CentreId "centre id";
    /// An option of the vehicle: `WHEEL`.
    OptionKey "option key";
    /// A value of an option: `W21`.
    OptionValue "option value";
    /// One import of a programme folder, the hash of its content.
    ImportId "import id";
    /// A case of service after the handover: `SC-000123`.
    CaseId "case id";
    /// One run of the replay.
    RunId "run id";
}

/// The name of one wish to change something (AIP-155): the same id gives the same observable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// Reads a UUID; the nil UUID is refused, because it is what a forgotten field looks like.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        match uuid::Uuid::parse_str(text) {
            Ok(uuid) if !uuid.is_nil() => Ok(Self(uuid)),
            _ => Err(ParseError::new(
                "request id",
                text,
                "it is a UUID that is not nil",
            )),
        }
    }

    /// The id of a step of this request: the same step always gets the same id.
    pub fn derive(self, step: &str) -> Self {
        Self(uuid::Uuid::new_v5(&self.0, step.as_bytes()))
    }

    /// The id that a name always gives, for example of run, day, step and chunk.
    pub fn named(name: &str) -> Self {
        Self(uuid::Uuid::new_v5(
            &uuid::Uuid::NAMESPACE_OID,
            name.as_bytes(),
        ))
    }

    /// A new id that nobody has had.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4())
    }

    /// The sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::str::FromStr for RequestId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_to_their_characters() {
        assert_eq!(
            ItemId::parse("EX-01").map(String::from),
            Ok("EX-01".to_owned())
        );
        for bad in ["", "a b", "ä", "x;y", &"x".repeat(65)] {
            assert!(ItemId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_derived_request_id_is_always_the_same() {
        let run = RequestId::named("run/1");
        assert_eq!(run.derive("reserve"), run.derive("reserve"));
        assert_ne!(run.derive("reserve"), run.derive("issue"));
        assert!(RequestId::parse("00000000-0000-0000-0000-000000000000").is_err());
        assert_eq!(RequestId::parse(&run.to_string()), Ok(run));
    }
}
