//! W3C trace context in and out, and one span and one measurement per request.

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use cavendish_service_kit::trace;
use std::time::Instant;
use tracing::Instrument;

/// The caller's trace context if it is well-formed, otherwise a new one.
pub(crate) fn traceparent(headers: &HeaderMap) -> String {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).filter(|text| is_traceparent(text));
    given.map_or_else(fresh, str::to_owned)
}

fn fresh() -> String {
    let (trace, span): (u128, u64) = (rand::random(), rand::random());
    // All-zero ids are invalid in the standard; one bit keeps clear of them.
    format!("00-{:032x}-{:016x}-01", trace | 1, span | 1)
}

/// `version-trace-parent-flags` as in the W3C recommendation; a later version may carry more at its end.
fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |len: usize| {
        parts
            .next()
            .filter(|part| part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
    };
    let (version, trace, span, flags) = (hex(2), hex(32), hex(16), hex(2));
    let not_zero = |part: Option<&str>| part.is_some_and(|part| part.bytes().any(|b| b != b'0'));
    let ends = parts.next().is_none();
    version.is_some_and(|version| version != "ff" && (ends || version != "00"))
        && not_zero(trace)
        && not_zero(span)
        && flags.is_some()
}

/// Runs a request in its span, and counts it.
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let traceparent = traceparent(request.headers());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().to_string();
    let trace_id = traceparent.get(3..35).unwrap_or_default().to_owned();
    let span = tracing::info_span!("http", %method, %route, %trace_id);
    trace::follow(&span, Some(&traceparent));
    let onward = trace::traceparent_of(&span).unwrap_or(traceparent);
    request.extensions_mut().insert(TraceParent(onward));
    let begun = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let (status, seconds) = (response.status().as_u16(), begun.elapsed().as_secs_f64());
    span.in_scope(|| tracing::debug!(status, seconds, "answered"));
    let labels = [("method", method), ("route", route), ("status", status.to_string())];
    metrics::counter!("cavendish_http_requests_total", &labels).increment(1);
    metrics::histogram!("cavendish_http_request_seconds", &labels).record(seconds);
    response
}

/// The trace context of a request, set by [`observe`].
#[derive(Debug, Clone)]
pub(crate) struct TraceParent(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_trace_contexts_are_carried_on() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_traceparent(good) && is_traceparent(&fresh()));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert!(!is_traceparent(bad), "{bad}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", good.parse().unwrap());
        assert_eq!(traceparent(&headers), good);
        headers.insert("traceparent", "nonsense".parse().unwrap());
        assert!(is_traceparent(&traceparent(&headers)));
    }
}
