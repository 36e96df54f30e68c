//! The words that are set onto finished images.

use crate::faults::Faults;
use crate::stretch::{Stretch, is_decimal, stretches};
use serde::{Deserialize, Serialize};

/// Characters of a headline, at most.
pub const MAX_HEADLINE_CHARS: usize = 120;
/// Characters of a call to action, at most.
pub const MAX_CTA_CHARS: usize = 40;
/// Characters of a body and of a legal line, at most.
pub const MAX_LINES_CHARS: usize = 400;
/// Digits of an amount before its point, and after it, at most.
const AMOUNT_DIGITS: (usize, usize) = (12, 4);

/// The copy of an advertisement. What is absent or blank is not set. Its texts may leave days, numbers and the price to
/// their locale: `Ends {date:2026-12-24}`, see [`Stretch`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AdCopy {
    /// What is read first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// What is read next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Written as the locale writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Call to action, set as a button.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cta: Option<String>,
    /// What the law asks for, in small type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal: Option<String>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Decimal digits with a point: `1234.5`. A JSON number is taken as well.
    #[serde(deserialize_with = "digits")]
    pub amount: String,
    /// ISO 4217, such as `EUR`.
    pub currency: String,
}

/// Text keeps every digit of an amount; a number is what people write first.
fn digits<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Number(f64),
    }
    Ok(match Form::deserialize(from)? {
        Form::Text(text) => text,
        Form::Number(number) => number.to_string(),
    })
}

impl AdCopy {
    /// Its texts with their field names, blank ones left out; the price is no text yet.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("headline", &self.headline), ("body", &self.body), ("cta", &self.cta), ("legal", &self.legal)];
        all.into_iter()
            .filter_map(|(field, text)| Some((field, text.as_deref()?.trim())))
            .filter(|(_, text)| !text.is_empty())
    }

    /// [`Self::texts`], each taken apart; or what is wrong with it.
    pub fn stretches(&self) -> impl Iterator<Item = (&'static str, Result<Vec<Stretch<'_>>, String>)> {
        self.texts().map(|(field, text)| (field, stretches(text, self.price.as_ref())))
    }

    /// [`Self::texts`] as they would be without a locale. What cannot be taken apart is as it was written.
    pub(crate) fn plain_texts(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.texts().zip(self.stretches()).map(|((field, text), (_, found))| {
            let plain = |found: Vec<Stretch<'_>>| found.iter().map(Stretch::to_string).collect();
            (field, found.map_or_else(|_| text.to_owned(), plain))
        })
    }

    pub(crate) fn validate(&self, faults: &mut Faults) {
        for (field, text) in self.texts() {
            let most = match field {
                "headline" => MAX_HEADLINE_CHARS,
                "cta" => MAX_CTA_CHARS,
                _ => MAX_LINES_CHARS,
            };
            let (field, chars) = (format!("copy.{field}"), text.chars().count());
            faults.check(chars <= most, &field, || format!("has {chars} characters, at most {most} are allowed"));
            let control = text.contains(|c: char| c.is_control() && c != '\n');
            faults.check(!control, &field, || "contains control characters".into());
            if let Err(reason) = stretches(text, self.price.as_ref()) {
                faults.add(field, reason);
            }
        }
        if let Some(price) = &self.price {
            price.validate(faults);
        }
    }
}

impl Price {
    fn validate(&self, faults: &mut Faults) {
        faults.check(is_decimal(&self.amount, AMOUNT_DIGITS), "copy.price.amount", || {
            let (whole, fraction) = AMOUNT_DIGITS;
            format!("`{}` is no amount: up to {whole} digits, a point and up to {fraction} digits", self.amount)
        });
        let code = self.currency.len() == 3 && self.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        faults.check(code, "copy.price.currency", || {
            format!("`{}` is no currency of ISO 4217, such as EUR", self.currency)
        });
    }
}

/// What is wrong with a locale, if anything: whether its language is known is not looked up.
pub(crate) fn locale_fault(locale: &str) -> Option<String> {
    let mut subtags = locale.split('-');
    let language = subtags.next().unwrap_or_default();
    let letters = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let rest = subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let good = letters && rest && locale.len() <= 35;
    (!good).then(|| format!("`{locale}` is no language tag of BCP 47, such as de-DE"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(copy: serde_json::Value) -> Vec<String> {
        let copy: AdCopy = serde_json::from_value(copy).unwrap();
        let mut faults = Faults::default();
        copy.validate(&mut faults);
        faults.into_result().err().map_or(vec![], |found| found.errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn an_amount_is_a_number_or_its_digits() {
        let amount = |amount: serde_json::Value| json!({"price": {"amount": amount, "currency": "EUR"}});
        for good in [json!("1234.50"), json!(1234.5), json!(12), json!("0.0005")] {
            assert!(fields(amount(good.clone())).is_empty(), "{good}");
        }
        for bad in [json!("1,234.50"), json!(-1), json!(""), json!("1e9"), json!(1e13), json!("1.")] {
            assert_eq!(fields(amount(bad.clone())), ["copy.price.amount"], "{bad}");
        }
        assert_eq!(fields(json!({"price": {"amount": 1, "currency": "€"}})), ["copy.price.currency"]);
    }

    #[test]
    fn copy_is_short_and_blank_copy_is_none() {
        let long = "x".repeat(401);
        assert_eq!(
            fields(json!({"headline": long, "body": long, "cta": long, "legal": long})),
            ["copy.headline", "copy.body", "copy.cta", "copy.legal"]
        );
        assert_eq!(fields(json!({"headline": "a\u{7}b", "body": "two\nlines"})), ["copy.headline"]);
        let blank: AdCopy = serde_json::from_value(json!({"headline": "  ", "cta": " Buy "})).unwrap();
        assert_eq!(blank.texts().collect::<Vec<_>>(), [("cta", "Buy")]);
    }

    #[test]
    fn what_is_left_to_the_locale_is_there_to_be_written() {
        let good = json!({"headline": "Now {price}", "legal": "Ends {date:2026-12-24}. {{1}}", "cta": "{number:3} left",
                          "price": {"amount": 1, "currency": "EUR"}});
        assert_eq!(fields(good), [""; 0]);
        let bad =
            json!({"headline": "Now {price}", "body": "{colour}", "cta": "{number:1,5}", "legal": "{date:2026-02-30}"});
        assert_eq!(fields(bad), ["copy.headline", "copy.body", "copy.cta", "copy.legal"]);
    }

    #[test]
    fn locales_have_the_shape_of_language_tags() {
        for good in ["de", "de-DE", "zh-Hant-TW", "ar-EG-u-nu-latn", "yue"] {
            assert_eq!(locale_fault(good), None);
        }
        for bad in ["", "d", "deutsch", "de_DE", "de--DE", "de-", "12-DE"] {
            assert!(locale_fault(bad).is_some(), "{bad}");
        }
    }
}
