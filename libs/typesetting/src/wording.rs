//! The copy in the words of its locale: days, numbers and the price as CLDR has them (ICU4X), everything else as it is.

use crate::error::TypeError;
use crate::money;
use crate::report::Element;
use cavendish_domain::{AdCopy, DateForm, Stretch};
use chrono::{Datelike, NaiveDate};
use icu_datetime::fieldsets::YMD;
use icu_datetime::input::Date;
use icu_datetime::options::YearStyle;
use icu_datetime::preferences::CalendarAlgorithm;
use icu_datetime::{DateTimeFormatter, DateTimeFormatterPreferences};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_experimental::dimension::percent::formatter::PercentFormatter;
use icu_locale::Locale;

/// The parts of `copy` as `locale` writes them, the price last.
///
/// # Errors
/// [`TypeError::Field`] of a text that asks for what cannot be written, of the price or of the locale.
pub(crate) fn parts(copy: &AdCopy, locale: &Locale) -> Result<Vec<(Element, String)>, TypeError> {
    let mut parts = vec![];
    for (field, found) in copy.stretches() {
        let stretches = found.map_err(|reason| TypeError::field(format!("copy.{field}"), reason))?;
        let element = match field {
            "headline" => Element::Headline,
            "body" => Element::Body,
            "cta" => Element::Cta,
            _ => Element::Legal,
        };
        parts.push((element, text(&stretches, locale)?));
    }
    if let Some(price) = &copy.price {
        parts.push((Element::Price, money::price(price, locale)?));
    }
    Ok(parts)
}

/// A text that was taken apart, put together in the words of `locale`.
///
/// # Errors
/// [`TypeError::Field`] of the price or of the locale.
pub(crate) fn text(stretches: &[Stretch<'_>], locale: &Locale) -> Result<String, TypeError> {
    let written = stretches.iter().map(|stretch| match stretch {
        Stretch::Words(words) => Ok((*words).to_owned()),
        Stretch::Date(day, form) => date(*day, *form, locale),
        Stretch::Number(digits) => number(digits, locale),
        Stretch::Percent(digits) => percent(digits, locale),
        Stretch::Price(price) => money::price(price, locale),
    });
    written.collect()
}

/// Days are those of the Gregorian calendar, in which they are given, also where it is not the usual one: offers end by it.
/// A locale that asks for another calendar (`th-TH-u-ca-buddhist`) has that one.
fn date(day: NaiveDate, form: DateForm, locale: &Locale) -> Result<String, TypeError> {
    let mut wanted = DateTimeFormatterPreferences::from(locale);
    wanted.calendar_algorithm.get_or_insert(CalendarAlgorithm::Gregory);
    let fields = match form {
        DateForm::Long => YMD::long(),
        // Two figures of a year can be taken for a day.
        DateForm::Short => YMD::short().with_year_style(YearStyle::Full),
    };
    let formatter = DateTimeFormatter::try_new(wanted, fields).map_err(|error| unwritable("dates", &error))?;
    let (month, of_month) = (day.month() as u8, day.day() as u8);
    let day = Date::try_new_iso(day.year(), month, of_month).map_err(|error| unwritable("this date", &error))?;
    Ok(formatter.format(&day).to_string())
}

/// Every digit that is given, in the groups and figures of `locale`.
fn number(digits: &str, locale: &Locale) -> Result<String, TypeError> {
    let formatter = DecimalFormatter::try_new(locale.into(), Default::default());
    Ok(formatter.map_err(|error| unwritable("numbers", &error))?.format(&decimal(digits)?).to_string())
}

fn decimal(digits: &str) -> Result<Decimal, TypeError> {
    digits.parse().map_err(|_| TypeError::field("copy", format!("`{digits}` is no decimal number")))
}

/// A number of hundredths with the sign that `locale` has for them, and on the side where it has it.
fn percent(digits: &str, locale: &Locale) -> Result<String, TypeError> {
    let formatter = PercentFormatter::try_new(locale.into(), Default::default());
    let text = formatter.map_err(|error| unwritable("percentages", &error))?.format(&decimal(digits)?).to_string();
    // ICU4X has the signs of Latin figures for all; Arabic ones have their own in CLDR.
    let arabic = |c: char| matches!(c, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}');
    if !text.contains(arabic) {
        return Ok(text);
    }
    Ok(text.replace("\u{200e}-", "\u{61c}-").replace("\u{200e}%\u{200e}", "%\u{61c}").replace('%', "٪"))
}

fn unwritable(what: &str, error: &dyn std::fmt::Display) -> TypeError {
    TypeError::field("locale", format!("has no way to write {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cavendish_domain::Price;

    fn written(legal: &str, tag: &str) -> String {
        let price = Price { amount: "9.95".into(), currency: "EUR".into() };
        let copy = AdCopy { legal: Some(legal.into()), price: Some(price), ..AdCopy::default() };
        let parts = parts(&copy, &money::locale(Some(tag)).unwrap()).unwrap();
        assert_eq!(parts.iter().map(|part| part.0).collect::<Vec<_>>(), [Element::Legal, Element::Price]);
        parts[0].1.clone()
    }

    #[test]
    fn days_are_written_as_their_locale_writes_them() {
        for (tag, long, short) in [
            ("de-DE", "24. Dezember 2026", "24.12.2026"),
            ("en-US", "December 24, 2026", "12/24/2026"),
            ("en-GB", "24 December 2026", "24/12/2026"),
            ("fr-FR", "24 décembre 2026", "24/12/2026"),
            ("ar-EG", "٢٤ ديسمبر ٢٠٢٦", "٢٤\u{200f}/١٢\u{200f}/٢٠٢٦"),
            ("ar-EG-u-nu-latn", "24 ديسمبر 2026", "24\u{200f}/12\u{200f}/2026"),
            ("hi-IN", "24 दिसंबर, 2026", "24/12/2026"),
            ("hi-IN-u-nu-deva", "२४ दिसंबर, २०२६", "२४/१२/२०२६"),
            ("th-TH", "24 ธันวาคม ค.ศ. 2026", "24/12/2026"),
            ("th-TH-u-ca-buddhist", "24 ธันวาคม 2569", "24/12/2569"),
            ("ja-JP", "2026年12月24日", "2026/12/24"),
            ("xx", "2026 M12 24", "2026-12-24"),
        ] {
            assert_eq!(written("{date:2026-12-24}", tag), long, "{tag}");
            assert_eq!(written("{date:2026-12-24 short}", tag), short, "{tag}");
        }
    }

    #[test]
    fn numbers_are_written_as_their_locale_writes_them() {
        for (tag, large, small) in [
            ("de-DE", "1.234.567,50", "-3"),
            ("en-US", "1,234,567.50", "-3"),
            ("fr-FR", "1\u{202f}234\u{202f}567,50", "-3"),
            ("pl-PL", "1\u{a0}234\u{a0}567,50", "-3"),
            ("ar-EG", "١٬٢٣٤٬٥٦٧٫٥٠", "\u{61c}-٣"),
            ("hi-IN", "12,34,567.50", "-3"),
            ("th-TH", "1,234,567.50", "-3"),
            ("th-TH-u-nu-thai", "๑,๒๓๔,๕๖๗.๕๐", "-๓"),
            ("ja-JP", "1,234,567.50", "-3"),
        ] {
            assert_eq!(written("{number:1234567.50}", tag), large, "{tag}");
            assert_eq!(written("{number:-3}", tag), small, "{tag}");
        }
    }

    #[test]
    fn percentages_are_written_as_their_locale_writes_them() {
        for (tag, half, less) in [
            ("de-DE", "12,5\u{a0}%", "-25\u{a0}%"),
            ("en-US", "12.5%", "-25%"),
            ("fr-FR", "12,5\u{a0}%", "-25\u{a0}%"),
            ("tr-TR", "%12,5", "-%25"),
            ("ar-EG", "١٢٫٥٪\u{61c}", "\u{61c}-٢٥٪\u{61c}"),
            ("ja-JP", "12.5%", "-25%"),
        ] {
            assert_eq!(written("{percent:12.5}", tag), half, "{tag}");
            assert_eq!(written("{percent:-25}", tag), less, "{tag}");
        }
    }

    #[test]
    fn words_and_braces_stay_and_the_price_is_the_copys_own() {
        let legal = "Nur bis {date:2026-12-24}: {price} statt {number:12500} {{Punkte}}.";
        assert_eq!(written(legal, "de-DE"), "Nur bis 24. Dezember 2026: 9,95\u{a0}€ statt 12.500 {Punkte}.");
        let copy = AdCopy { cta: Some("Now {price}".into()), ..AdCopy::default() };
        let told = parts(&copy, &money::locale(None).unwrap()).unwrap_err().to_string();
        assert_eq!(told, "copy.cta: has `{price}`, but the copy has no price");
    }
}
