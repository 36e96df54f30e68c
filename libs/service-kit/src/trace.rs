//! Carrying a trace from one process to the next, as the W3C `traceparent`:
//! `00-<trace id, 32 hex>-<span id, 16 hex>-<flags>`.

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const HEADER: &str = "traceparent";

/// The `traceparent` of the current span, to be sent along. `None` outside of any span, or before
/// [`crate::telemetry::init`].
#[must_use]
pub fn current_traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// The `traceparent` of `span`.
#[must_use]
pub fn traceparent_of(span: &Span) -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&span.context(), &mut carrier);
    carrier.remove(HEADER)
}

/// Makes `span` continue the trace that `traceparent` names, and gives it back. Call it before the span is entered.
/// Where there is no valid `traceparent` the span begins a trace of its own.
///
/// ```
/// # use cavendish_service_kit::trace;
/// # let header: Option<&str> = None;
/// let span = trace::parent_span_from(tracing::info_span!("shot", shot = %7), header);
/// ```
pub fn parent_span_from(span: Span, traceparent: Option<&str>) -> Span {
    let Some(traceparent) = traceparent else { return span };
    let carrier = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    // From an empty context: whatever happens to be current here is not the caller's trace.
    let parent = TraceContextPropagator::new().extract_with_context(&opentelemetry::Context::new(), &carrier);
    if parent.span().span_context().is_valid() {
        // Fails where no telemetry is set up, and then there is no trace to continue.
        span.set_parent(parent).ok();
    }
    span
}
