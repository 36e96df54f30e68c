//! What can be said of a brief's copy without fonts and brands.

use crate::error::TypeError;
use crate::money;
use crate::template::Template;
use cavendish_domain::{Brief, FieldError};

/// What a brief asks for that cannot be set: a locale, a template or a currency that is none.
#[must_use]
pub fn faults(brief: &Brief) -> Vec<FieldError> {
    let template = brief.template.as_deref().map(Template::named).transpose().map(drop);
    let price = brief.copy.as_ref().and_then(|copy| copy.price.as_ref());
    let written = money::locale(brief.locale.as_deref())
        .and_then(|locale| price.map(|price| money::price(price, &locale)).transpose().map(drop));
    [template, written].into_iter().filter_map(|checked| checked.err().map(told)).collect()
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
    }
}
