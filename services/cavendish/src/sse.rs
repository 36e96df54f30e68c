//! Server-sent events from bytes, after the HTML standard as far as our own gateway uses it.

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    pub(crate) id: Option<String>,
    pub(crate) data: String,
}

/// Takes bytes in pieces of any size and gives out whole events.
#[derive(Debug, Default)]
pub(crate) struct SseParser {
    rest: Vec<u8>,
    event: SseEvent,
}

impl SseParser {
    /// Adds bytes; answers with the events that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<SseEvent> {
        self.rest.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            events.extend(self.line(line.trim_end_matches(['\n', '\r'])));
        }
        events
    }

    fn line(&mut self, line: &str) -> Option<SseEvent> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return (!event.data.is_empty()).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.event.id = Some(value.into()),
            "data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments, names and retry hints say nothing that the data does not.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_whole_however_the_bytes_are_cut() {
        let stream =
            ": still here\n\nid: 7\r\nevent: job.planned\r\ndata: {\"ü\":\ndata:1}\n\ndata: x\n\ndata: unfinished";
        let event = |id: Option<&str>, data: &str| SseEvent { id: id.map(Into::into), data: data.into() };
        let expected = [event(Some("7"), "{\"ü\":\n1}"), event(None, "x")];
        for size in 1..stream.len() {
            let mut parser = SseParser::default();
            let events: Vec<_> = stream.as_bytes().chunks(size).flat_map(|piece| parser.push(piece)).collect();
            assert_eq!(events, expected, "pieces of {size}");
        }
    }
}
