//! The wire: the code generated from `proto/` and the conversions between its values and the kernel's words.
//!
//! It must not know any service, database or runtime. Nothing here decides anything.

#![allow(
    missing_docs,
    reason = "the generated code carries the comments of the proto files"
)]
#![allow(
    unused_qualifications,
    reason = "the generated code spells its paths out"
)]
#![allow(clippy::large_enum_variant, reason = "generated code boxes nothing")]
#![allow(
    clippy::doc_lazy_continuation,
    clippy::doc_markdown,
    reason = "generated comments"
)]

mod convert;

pub use convert::{
    date_of, date_opt, date_pb, date_req, day_series, id_req, instant_pb, money_pb, price_pb,
    price_req, quantity_pb, request_id,
};

/// The descriptor set of every proto file, for reflection and for tests over all methods.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/takt.bin"));

/// The words and services that all three services share.
pub mod common {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("takt.common.v1");
    }
}

/// The facts and the log they are read from.
pub mod events {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("takt.events.v1");
    }
}

/// The surface of procurement.
pub mod procurement {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("takt.procurement.v1");
    }
}

/// The surface of production.
pub mod production {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("takt.production.v1");
    }
}

/// The surface of delivery.
pub mod delivery {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("takt.delivery.v1");
    }
}
