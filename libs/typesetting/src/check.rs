//! What can be said of a brief's copy without fonts and brands.

use crate::error::TypeError;
use crate::money;
use crate::wording;
use cavendish_domain::{AdCopy, Brief, FieldError};
use icu_locale::Locale;

/// What of a brief's copy its locale cannot write, and a locale that is none. Placeholders that are none are told by
/// [`Brief::validate`].
pub(crate) fn wording_fault(brief: &Brief) -> Option<FieldError> {
    let copy = brief.copy.as_ref();
    let written = money::locale(brief.locale.as_deref())
        .and_then(|locale| copy.map(|copy| writable(copy, &locale)).transpose().map(drop));
    written.err().map(|error| told("locale", error, "cannot be used"))
}

fn writable(copy: &AdCopy, locale: &Locale) -> Result<(), TypeError> {
    copy.price.iter().try_for_each(|price| money::price(price, locale).map(drop))?;
    let mut whole = copy.stretches().filter_map(|(_, found)| found.ok());
    whole.try_for_each(|stretches| wording::text(&stretches, locale).map(drop))
}

/// An error as a fault of a field of the brief: its own, or else this one with this reason. Where files of the installation
/// lie is nothing for those who send briefs.
pub(crate) fn told(field: &str, error: TypeError, reason: &str) -> FieldError {
    match error {
        TypeError::Field { field, reason } => FieldError { field, reason },
        _ => FieldError { field: field.into(), reason: reason.into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_locale_cannot_write_is_told() {
        let field = |extra: &str| {
            let text = format!(r#"{{"prompt": "x", "deliverables": [], {extra}}}"#);
            wording_fault(&serde_json::from_str(&text).unwrap()).map(|error| error.field)
        };
        assert_eq!(field(r#""locale": "zh-Hant-TW""#), None);
        assert_eq!(field(r#""locale": "de-DE-DE-DE""#).as_deref(), Some("locale"));
        assert_eq!(field(r#""copy": {"legal": "{date:2026-12-24} {number:1}"}, "locale": "ar-EG""#), None);
        assert_eq!(field(r#""copy": {"legal": "{date:2026-02-30} {x}"}"#), None, "the brief's own faults");
    }
}
