//! The names of spans' attributes and of metrics: OpenTelemetry's stable conventions for RPC and databases, once.
//!
//! Nothing else spells such a name. Sources: <https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/>,
//! <https://opentelemetry.io/docs/specs/semconv/database/database-spans/>.

/// The target of every span of ours: what the exporter takes and nothing else. The `tracing` macros want
/// their targets and fields as literals, so a test compares those with the names here.
pub const SPANS: &str = "takt::span";

/// Always `grpc`.
pub const RPC_SYSTEM_NAME: &str = "rpc.system.name";
/// The value of [`RPC_SYSTEM_NAME`].
pub const GRPC: &str = "grpc";
/// `takt.delivery.v1.OrderService/IntakeOrders`.
pub const RPC_METHOD: &str = "rpc.method";
/// What [`RPC_METHOD`] says of methods that this service does not have.
pub const OTHER_METHOD: &str = "_OTHER";
/// The method as the client spelled it, where [`RPC_METHOD`] is [`OTHER_METHOD`].
pub const RPC_METHOD_ORIGINAL: &str = "rpc.method_original";
/// `OK`, `NOT_FOUND`, ...
pub const RPC_RESPONSE_STATUS_CODE: &str = "rpc.response.status_code";
/// The same code, where it counts as an error.
pub const ERROR_TYPE: &str = "error.type";
/// The host that answers, as the caller or the listener names it.
pub const SERVER_ADDRESS: &str = "server.address";
/// Its port.
pub const SERVER_PORT: &str = "server.port";
/// Seconds from the first byte of a call to the last of its answer, on the server.
pub const RPC_SERVER_CALL_DURATION: &str = "rpc.server.call.duration";
/// Seconds from sending a call to the last byte of its answer, on the client.
pub const RPC_CLIENT_CALL_DURATION: &str = "rpc.client.call.duration";

/// `sqlite` or `postgresql`.
pub const DB_SYSTEM_NAME: &str = "db.system.name";
/// The name of the transaction or statement, `order_intake`.
pub const DB_OPERATION_NAME: &str = "db.operation.name";
/// SQLSTATE or result code of a failed statement.
pub const DB_RESPONSE_STATUS_CODE: &str = "db.response.status_code";
/// Seconds a database operation took.
pub const DB_CLIENT_OPERATION_DURATION: &str = "db.client.operation.duration";

/// Calls being answered just now.
pub const TAKT_CALLS_ACTIVE: &str = "takt.server.calls.active";
/// Calls turned away because too many were being answered.
pub const TAKT_CALLS_SHED: &str = "takt.server.calls.shed";
/// Connections open just now.
pub const TAKT_CONNECTIONS: &str = "takt.server.connections";

/// The buckets that the conventions advise for durations in seconds.
pub const DURATION_BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
