//! Log lines that carry the trace id of the span they were written in.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::{Compact, DefaultFields, Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{self as lines, FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// A formatter whose lines get the trace id.
pub(super) enum Traced {
    Pretty(Format<Compact>),
    Json { inner: Format<Json>, service: &'static str },
}

impl Traced {
    pub(super) fn pretty(colours: bool) -> Self {
        Self::Pretty(lines::format().with_ansi(colours).compact())
    }

    pub(super) fn json(service: &'static str) -> Self {
        Self::Json { inner: lines::format().json().flatten_event(true).with_current_span(false), service }
    }

    pub(super) fn layer<S>(self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = lines::layer().with_writer(std::io::stderr);
        match self {
            Self::Pretty(_) => Box::new(layer.fmt_fields(DefaultFields::new()).event_format(self)),
            Self::Json { .. } => Box::new(layer.fmt_fields(JsonFields::new()).event_format(self)),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Traced
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        match self {
            Self::Pretty(inner) => {
                inner.format_event(ctx, Writer::new(&mut line), event)?;
                let line = line.trim_end();
                match current_trace() {
                    Some(trace) => writeln!(out, "{line} trace_id={trace}"),
                    None => writeln!(out, "{line}"),
                }
            }
            Self::Json { inner, service } => {
                inner.format_event(ctx, Writer::new(&mut line), event)?;
                // The line is an object that has at least a timestamp.
                let rest = line.strip_prefix('{').unwrap_or(&line);
                match current_trace() {
                    Some(trace) => write!(out, r#"{{"service":"{service}","trace_id":"{trace}",{rest}"#),
                    None => write!(out, r#"{{"service":"{service}",{rest}"#),
                }
            }
        }
    }
}

/// The trace of the span that the thread is in.
fn current_trace() -> Option<String> {
    let context = Context::current();
    let span = context.span();
    span.span_context().is_valid().then(|| span.span_context().trace_id().to_string())
}
