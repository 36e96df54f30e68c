//! What a text of the copy leaves to its locale: `Ends {date:2026-12-24}, over {number:12500} sold, now {price}`.

use crate::copy::Price;
use chrono::{Datelike, NaiveDate};
use std::fmt;

/// Digits of a number before its point, and after it, at most.
const NUMBER_DIGITS: (usize, usize) = (12, 4);

/// A stretch of a text of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// Words, as they are.
    Words(&'a str),
    /// A day of the calendar that most of the world goes by.
    Date(NaiveDate, DateForm),
    /// Decimal digits with a point, and a `-` before them where it is less than nothing.
    Number(&'a str),
    /// A number of hundredths, likewise.
    Percent(&'a str),
    /// The price of the copy.
    Price(&'a Price),
}

/// How a day is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateForm {
    /// With the month's name: 24. Dezember 2026.
    Long,
    /// In figures: 24.12.2026.
    Short,
}

/// As it would be without a locale: `2026-12-24`, `1234.5`, `25%`, `9.95 EUR`.
impl fmt::Display for Stretch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(text) | Self::Number(text) => f.write_str(text),
            Self::Date(day, _) => day.fmt(f),
            Self::Percent(digits) => write!(f, "{digits}%"),
            Self::Price(price) => write!(f, "{} {}", price.amount, price.currency),
        }
    }
}

/// Takes a text of a copy with this price apart.
///
/// # Errors
/// What is wrong with the first placeholder that is none, for a person.
pub fn stretches<'a>(text: &'a str, price: Option<&'a Price>) -> Result<Vec<Stretch<'a>>, String> {
    let (mut found, mut rest) = (vec![], text);
    while let Some(at) = rest.find(['{', '}']) {
        let (words, tail) = rest.split_at(at);
        found.push(Stretch::Words(words));
        let (brace, behind) = tail.split_at(1);
        if let Some(after) = behind.strip_prefix(brace) {
            found.push(Stretch::Words(brace));
            rest = after;
            continue;
        }
        let Some((inside, after)) = behind.split_once('}').filter(|_| brace == "{") else {
            return Err("has a brace without its other half; `{{` and `}}` are braces".into());
        };
        found.push(placeholder(inside, price)?);
        rest = after;
    }
    found.push(Stretch::Words(rest));
    found.retain(|stretch| !matches!(stretch, Stretch::Words("")));
    Ok(found)
}

fn placeholder<'a>(inside: &'a str, price: Option<&'a Price>) -> Result<Stretch<'a>, String> {
    let (name, value) = inside.split_once(':').map_or((inside, None), |(name, value)| (name, Some(value.trim())));
    match (&*name.trim().to_ascii_lowercase(), value) {
        ("date", Some(value)) => date(value),
        ("number", Some(value)) => number(value).map(Stretch::Number),
        ("percent", Some(value)) => number(value).map(Stretch::Percent),
        ("price", None) => price.map(Stretch::Price).ok_or_else(|| "has `{price}`, but the copy has no price".into()),
        _ => Err(format!(
            "`{{{inside}}}` is no placeholder: there are `{{date:2026-12-24}}`, `{{date:2026-12-24 short}}`, \
             `{{number:1234.5}}`, `{{percent:25}}` and `{{price}}`; `{{{{` and `}}}}` are braces"
        )),
    }
}

fn date(value: &str) -> Result<Stretch<'_>, String> {
    let (day, form) = value.split_once(' ').unwrap_or((value, ""));
    let form = match &*form.trim().to_ascii_lowercase() {
        "" => DateForm::Long,
        "short" => DateForm::Short,
        other => return Err(format!("`{other}` is no way to write a date: there is `short`")),
    };
    let day = iso_day(day).ok_or_else(|| format!("`{day}` is no day: year, month and day as in 2026-12-24"))?;
    Ok(Stretch::Date(day, form))
}

/// Reads `2026-12-24`, and nothing that merely looks like it.
fn iso_day(text: &str) -> Option<NaiveDate> {
    let shaped = text.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let day: NaiveDate = text.parse().ok().filter(|_| shaped && text.len() == 10)?;
    (day.year() > 0).then_some(day)
}

fn number(value: &str) -> Result<&str, String> {
    let (whole, fraction) = NUMBER_DIGITS;
    let good = is_decimal(value.strip_prefix('-').unwrap_or(value), NUMBER_DIGITS);
    let told = || format!("`{value}` is no number: up to {whole} digits, a point and up to {fraction} digits");
    good.then_some(value).ok_or_else(told)
}

/// Whether `text` is up to so many decimal digits, and after a point, if there is one, up to so many more.
pub(crate) fn is_decimal(text: &str, most: (usize, usize)) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let plain = |text: &str, most| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain(whole, most.0) && plain(fraction, most.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price() -> Price {
        Price { amount: "9.95".into(), currency: "EUR".into() }
    }

    fn fault(text: &str) -> String {
        stretches(text, None).unwrap_err()
    }

    #[test]
    fn a_text_is_words_and_what_its_locale_writes() {
        let price = price();
        let found = stretches(
            "Ends {date:2026-12-24}, { Number: -1234.50 } {{sold}} {date:2028-02-29 SHORT}{price}{percent:-12.5}",
            Some(&price),
        );
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let expected = [
            Stretch::Words("Ends "),
            Stretch::Date(day(2026, 12, 24), DateForm::Long),
            Stretch::Words(", "),
            Stretch::Number("-1234.50"),
            Stretch::Words(" "),
            Stretch::Words("{"),
            Stretch::Words("sold"),
            Stretch::Words("}"),
            Stretch::Words(" "),
            Stretch::Date(day(2028, 2, 29), DateForm::Short),
            Stretch::Price(&price),
            Stretch::Percent("-12.5"),
        ];
        assert_eq!(found.unwrap(), expected);
        let plain: String = expected.iter().map(Stretch::to_string).collect();
        assert_eq!(plain, "Ends 2026-12-24, -1234.50 {sold} 2028-02-299.95 EUR-12.5%");
        assert_eq!(stretches("{{{number:1}}}", None).unwrap()[1], Stretch::Number("1"), "in braces");
        assert!(stretches("", None).unwrap().is_empty());
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for bad in [
            "2026-02-30",
            "2026-13-01",
            "2026-2-3",
            "26-12-24",
            "24.12.2026",
            "0000-01-01",
            "+026-01-01",
            "",
            "2026-1é-1",
        ] {
            assert_eq!(
                fault(&format!("{{date:{bad}}}")),
                format!("`{bad}` is no day: year, month and day as in 2026-12-24")
            );
        }
        assert_eq!(fault("{date:2026-12-24 medium}"), "`medium` is no way to write a date: there is `short`");
    }

    #[test]
    fn a_number_is_digits_with_a_point() {
        for bad in ["1,234", "12 500", "1e9", "1.", ".5", "", "--1", "+1", "1234567890123", "1.23456", "١"] {
            assert!(fault(&format!("{{number:{bad}}}")).starts_with(&format!("`{bad}` is no number: up to 12 digits")));
        }
    }

    #[test]
    fn what_is_no_placeholder_is_told() {
        for bad in ["{dat:2026-12-24}", "{title}", "{}", "{number}", "{price:1}", "{a {date:2026-12-24}"] {
            let told = fault(bad);
            let inside = bad.split_once('}').unwrap().0;
            assert!(told.starts_with(&format!("`{inside}}}` is no placeholder: there are `{{date:")), "{told}");
        }
        for half in ["50 % {off", "off} 50 %", "{{x}"] {
            assert!(fault(half).starts_with("has a brace without its other half"), "{half}");
        }
        assert_eq!(fault("now {price}"), "has `{price}`, but the copy has no price");
    }
}
