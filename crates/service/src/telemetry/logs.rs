//! The lines of the log on stderr, pretty or JSON, each with the ids of the trace it belongs to.
//!
//! It must not know exporters. Invariant: an event is one line; stdout is never written to.

use std::{
    fmt::{self, Write as _},
    io::IsTerminal,
};

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::config::{LogConfig, LogFormat};

/// Libraries that tell more than anybody asked for. A directive of the user for the same target wins.
const QUIET: &str = "h2=warn,hyper=warn,hyper_util=warn,tower=warn,tonic=warn,sqlx=warn,sea_orm=warn,\
     sea_orm_migration=warn,reqwest=warn,opentelemetry=warn,opentelemetry_sdk=warn,opentelemetry_otlp=warn";

/// The layer that writes log lines, or what is wrong with its filter.
///
/// It takes events only: where no exporter listens, no span is ever recorded.
pub(super) fn layer<S>(
    service: &str,
    config: &LogConfig,
) -> Result<impl Layer<S> + Send + Sync + 'static, String>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let wanted = match config.filter.trim() {
        "" => "info",
        wanted => wanted,
    };
    let filter = EnvFilter::builder()
        .parse(format!("{QUIET},{wanted}"))
        .map_err(|error| format!("log filter \"{wanted}\": {error}"))?;
    let format = Line {
        service: service.to_owned(),
        format: config.format,
    };
    let layer = tracing_subscriber::fmt::layer()
        .event_format(format)
        .with_ansi(config.format == LogFormat::Pretty && std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    Ok(layer.with_filter(filter.and(filter_fn(|metadata| metadata.is_event()))))
}

struct Line {
    service: String,
    format: LogFormat,
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let trace = Context::map_current(|context| context.span().span_context().clone());
        match self.format {
            LogFormat::Pretty => self.pretty(context, &mut out, event, &trace),
            LogFormat::Json => self.json(&mut out, event, &trace),
        }
    }
}

impl Line {
    fn pretty<S, N>(
        &self,
        context: &FmtContext<'_, S, N>,
        out: &mut Writer<'_>,
        event: &Event<'_>,
        trace: &SpanContext,
    ) -> fmt::Result
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
        N: for<'a> FormatFields<'a> + 'static,
    {
        let metadata = event.metadata();
        SystemTime.format_time(out)?;
        let level = metadata.level();
        if out.has_ansi_escapes() {
            write!(out, " \u{1b}[{}m{level:>5}\u{1b}[0m", colour(*level))?;
        } else {
            write!(out, " {level:>5}")?;
        }
        write!(out, " {} {}: ", self.service, metadata.target())?;
        context.field_format().format_fields(out.by_ref(), event)?;
        if trace.is_valid() {
            write!(out, " trace={}", trace.trace_id())?;
        }
        writeln!(out)
    }

    fn json(&self, out: &mut Writer<'_>, event: &Event<'_>, trace: &SpanContext) -> fmt::Result {
        let metadata = event.metadata();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), Value::from(time));
        line.insert("level".to_owned(), Value::from(metadata.level().as_str()));
        line.insert("service".to_owned(), Value::from(self.service.as_str()));
        line.insert("target".to_owned(), Value::from(metadata.target()));
        event.record(&mut Fields(&mut line));
        if trace.is_valid() {
            let entry = line.entry("trace_id");
            entry.or_insert_with(|| Value::from(trace.trace_id().to_string()));
            let span = Value::from(trace.span_id().to_string());
            line.insert("span_id".to_owned(), span);
        }
        writeln!(out, "{}", Value::Object(line))
    }
}

fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG => 34,
        Level::TRACE => 35,
    }
}

/// The fields of an event as JSON values.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing into a String cannot fail unless the value's own Debug does; then what there is stays.
        let _partial = write!(text, "{value:?}");
        self.put(field, text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}
