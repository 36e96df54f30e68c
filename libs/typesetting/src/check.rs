//! What can be said of a brief's copy without fonts and brands.

use crate::error::TypeError;
use crate::money;
use crate::template::Template;
use crate::wording;
use cavendish_domain::{AdCopy, Brief, FieldError};
use icu_locale::Locale;

/// What a brief asks for that cannot be set: a locale, a template or a currency that is none. Placeholders that are none are
/// told by [`Brief::validate`].
#[must_use]
pub fn faults(brief: &Brief) -> Vec<FieldError> {
    let template = brief.template.as_deref().map(Template::named).transpose().map(drop);
    let copy = brief.copy.as_ref();
    let written = money::locale(brief.locale.as_deref())
        .and_then(|locale| copy.map(|copy| writable(copy, &locale)).transpose().map(drop));
    [template, written].into_iter().filter_map(|checked| checked.err().map(told)).collect()
}

fn writable(copy: &AdCopy, locale: &Locale) -> Result<(), TypeError> {
    copy.price.iter().try_for_each(|price| money::price(price, locale).map(drop))?;
    let mut whole = copy.stretches().filter_map(|(_, found)| found.ok());
    whole.try_for_each(|stretches| wording::text(&stretches, locale).map(drop))
}

fn told(error: TypeError) -> FieldError {
    match error {
        TypeError::Field { field, reason } => FieldError { field, reason },
        other => FieldError { field: "template".into(), reason: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_locales_are_looked_up() {
        let fields = |extra: &str| {
            let text = format!(r#"{{"prompt": "x", "deliverables": [], {extra}}}"#);
            let brief: Brief = serde_json::from_str(&text).unwrap();
            faults(&brief).into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert!(fields(r#""template": "story", "locale": "zh-Hant-TW""#).is_empty());
        assert_eq!(fields(r#""template": "stroy", "locale": "de-DE-DE-DE""#), ["template", "locale"]);
        assert!(fields(r#""copy": {"legal": "{date:2026-12-24} {number:1}"}, "locale": "ar-EG""#).is_empty());
        assert!(fields(r#""copy": {"legal": "{date:2026-02-30} {x}"}"#).is_empty(), "the brief's own faults");
    }
}
