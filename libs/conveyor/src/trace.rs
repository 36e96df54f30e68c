//! W3C trace context through message headers.

use opentelemetry::propagation::{Extractor, Injector};
use std::collections::HashMap;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

#[derive(Default)]
struct Headers(HashMap<String, String>);

impl Injector for Headers {
    fn set(&mut self, key: &str, value: String) {
        self.0.insert(key.into(), value);
    }
}

impl Extractor for Headers {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

/// Makes `span` a child of the trace that a message carried.
pub fn follow(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else { return };
    let headers = Headers(HashMap::from([("traceparent".into(), traceparent.into())]));
    let context = opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    // Fails only where no OpenTelemetry layer is installed, and then there is nothing to follow.
    let _ = span.set_parent(context);
}

/// The trace context of `span` as a `traceparent` header; `None` where no tracer is installed.
#[must_use]
pub fn traceparent_of(span: &Span) -> Option<String> {
    let mut headers = Headers::default();
    let context = span.context();
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut headers));
    headers.0.remove("traceparent")
}
