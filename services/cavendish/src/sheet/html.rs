/// Text that is safe in HTML, also within double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// The class of what is told of files: whether all are on spec, and whether any of their cut-outs is doubtful.
pub(crate) fn tone(on_spec: bool, doubtful: bool) -> &'static str {
    match (on_spec, doubtful) {
        (false, _) => "bad",
        (true, true) => "doubtful",
        (true, false) => "good",
    }
}

/// An element with escaped text.
pub(crate) fn tag(name: &str, class: &str, text: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<{name}{class}>{}</{name}>\n", escape(text))
}
