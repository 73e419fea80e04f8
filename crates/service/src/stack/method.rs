//! The methods a service has, looked up once a call by the outermost layer.
//!
//! It must not know what a method does. Invariant: names from outside never become names of spans or of metrics;
//! a path that no descriptor knows is one method, `_OTHER`.

use std::{collections::HashMap, sync::Arc};

use http::Extensions;
use opentelemetry::KeyValue;

use crate::{serve::Descriptors, telemetry::names};

/// One method; cheap to clone, found in the extensions of every request.
#[derive(Debug, Clone)]
pub(crate) struct Method(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    name: Arc<str>,
    known: bool,
    streaming: bool,
    endless: bool,
    exempt: bool,
    ok: [KeyValue; 3],
}

impl Method {
    fn new(name: &str, known: bool, streaming: bool, endless: bool) -> Self {
        let name: Arc<str> = Arc::from(name);
        let ok = [
            KeyValue::new(names::RPC_SYSTEM_NAME, names::GRPC),
            KeyValue::new(names::RPC_METHOD, Arc::clone(&name)),
            KeyValue::new(names::RPC_RESPONSE_STATUS_CODE, "OK"),
        ];
        // Probes and reflection must answer just when there is too much of everything else.
        let exempt = known && name.starts_with("grpc.");
        Self(Arc::new(Facts {
            name,
            known,
            streaming,
            endless,
            exempt,
            ok,
        }))
    }

    /// `takt.delivery.v1.OrderService/IntakeOrders`, or `_OTHER`.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether any descriptor knows it.
    pub(crate) fn is_known(&self) -> bool {
        self.0.known
    }

    /// Whether one side sends more than one message.
    pub(crate) fn is_streaming(&self) -> bool {
        self.0.streaming
    }

    /// Whether it is a watch, which lives until one side ends it.
    pub(crate) fn is_endless(&self) -> bool {
        self.0.endless
    }

    /// Whether it is answered however many calls are in flight.
    pub(crate) fn is_exempt(&self) -> bool {
        self.0.exempt
    }

    /// The attributes of a call that went well, made beforehand because most calls do.
    pub(crate) fn ok_attributes(&self) -> &[KeyValue; 3] {
        &self.0.ok
    }

    /// The method of a request that came through the stack.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Self>().cloned()
    }
}

/// All methods of a service by path.
#[derive(Debug)]
pub(crate) struct Methods {
    by_path: HashMap<String, Method>,
    other: Method,
}

impl Methods {
    /// Every method of the descriptors; `endless` names those without a deadline by their path.
    pub(crate) fn new(descriptors: &Descriptors, endless: &[&str]) -> Self {
        let mut by_path = HashMap::new();
        descriptors.each_method(|service, method, streaming| {
            let name = format!("{service}/{method}");
            let path = format!("/{name}");
            let watch = endless.contains(&path.as_str());
            by_path.insert(path, Method::new(&name, true, streaming, watch));
        });
        Self {
            by_path,
            other: Method::new(names::OTHER_METHOD, false, false, false),
        }
    }

    /// The method of a path such as `/takt.delivery.v1.OrderService/IntakeOrders`.
    pub(crate) fn find(&self, path: &str) -> Method {
        self.by_path.get(path).unwrap_or(&self.other).clone()
    }
}
