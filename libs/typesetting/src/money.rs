//! Prices as a locale writes them: CLDR's symbols, patterns, digits and groups. ICU4X has its currency formatter in
//! `icu_experimental` only; a table of our own would have to know what 700 locales do.

use crate::error::TypeError;
use cavendish_domain::Price;
use icu_experimental::dimension::currency::CurrencyType;
use icu_experimental::dimension::currency::formatter::CurrencyFormatter;
use icu_locale::Locale;

/// The locale of a brief that names none.
pub(crate) const USUAL_LOCALE: &str = "en-US";

/// Reads a language tag.
///
/// # Errors
/// [`TypeError::Field`] of `locale`.
pub fn locale(tag: Option<&str>) -> Result<Locale, TypeError> {
    let tag = tag.unwrap_or(USUAL_LOCALE);
    Locale::try_from_str(tag).map_err(|error| TypeError::field("locale", format!("`{tag}` is not BCP 47: {error}")))
}

/// The price in words of `locale`, rounded to the digits of its currency: 1234.5 EUR is `1.234,50 €` in German.
///
/// # Errors
/// [`TypeError::Field`] of `copy.price`.
pub(crate) fn price(price: &Price, locale: &Locale) -> Result<String, TypeError> {
    let amount = price.amount.parse().map_err(|_| TypeError::field("copy.price.amount", "is no decimal number"))?;
    let currency = CurrencyType::try_from_str(&price.currency)
        .map_err(|_| TypeError::field("copy.price.currency", "is no currency of ISO 4217"))?;
    let formatter = CurrencyFormatter::try_new_symbol(locale.into(), currency, Default::default())
        .map_err(|error| TypeError::field("locale", format!("has no way to write prices: {error}")))?;
    // CLDR's yen in Japanese is as wide as a Han character; prices are set in figures of the common width.
    Ok(formatter.format_fixed_decimal(&amount).to_string().replace('\u{ffe5}', "¥"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(amount: &str, currency: &str, tag: &str) -> String {
        let wanted = Price { amount: amount.into(), currency: currency.into() };
        price(&wanted, &locale(Some(tag)).unwrap()).unwrap()
    }

    #[test]
    fn prices_are_written_as_their_locale_writes_them() {
        assert_eq!(written("1234.5", "EUR", "de-DE"), "1.234,50\u{a0}€");
        assert_eq!(written("1234.5", "EUR", "en-US"), "€1,234.50");
        assert_eq!(written("1234.5", "EUR", "fr-FR"), "1\u{202f}234,50\u{a0}€");
        assert_eq!(written("1234.5", "JPY", "ja-JP"), "¥1,235");
        assert_eq!(written("1234567", "INR", "hi-IN"), "₹12,34,567.00");
        assert_eq!(written("1234.5", "EGP", "ar-EG"), "\u{200f}١٬٢٣٤٫٥٠\u{a0}ج.م.\u{200f}");
        assert_eq!(written("9.95", "CHF", "de-CH"), "CHF\u{a0}9.95");
        assert_eq!(written("1.5", "KWD", "en"), "KWD\u{a0}1.500");
    }
}
