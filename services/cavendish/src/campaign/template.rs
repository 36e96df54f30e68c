//! `{title} on linen`: text with the fields of a product in it.

use anyhow::bail;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A text with `{names}` in it; `{{` and `}}` are braces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

/// What names stand for.
pub(crate) type Values<'a> = BTreeMap<&'a str, &'a str>;

impl TryFrom<String> for Template {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        let (mut parts, mut plain, mut rest) = (vec![], String::new(), text.as_str());
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, behind) = rest[at..].split_at(1);
            if let Some(escaped) = behind.strip_prefix(brace) {
                plain.push_str(brace);
                rest = escaped;
                continue;
            }
            let Some((name, after)) = behind.split_once('}').filter(|_| brace == "{") else {
                bail!("`{text}` has a brace without its other half; `{{{{` and `}}}}` are braces");
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Name(name.trim().to_lowercase()));
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }
}

impl Template {
    /// The text with every name's value, each as `shape` makes it. A name that stands for nothing gives nothing.
    pub(crate) fn fill(&self, values: &Values<'_>, shape: impl Fn(&str) -> String) -> String {
        self.filled(|name| values.get(name).map(|value| shape(value)).unwrap_or_default())
    }

    /// The text as a brief's copy, which has placeholders of its own: those that its locale writes stay, and braces in values
    /// are braces there, too.
    pub(crate) fn fill_copy(&self, values: &Values<'_>) -> String {
        let literal = |value: &&str| value.replace('{', "{{").replace('}', "}}");
        self.filled(|name| match is_for_locale(name) {
            true => format!("{{{name}}}"),
            false => values.get(name).map(literal).unwrap_or_default(),
        })
    }

    fn filled(&self, value: impl Fn(&str) -> String) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Name(name) => value(name),
        };
        self.0.iter().map(part).collect()
    }

    /// The names in it.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

/// Whether a name in a copy is none of a field, which have no colon, but a date or a number for the locale to write.
pub(crate) fn is_for_locale(name: &str) -> bool {
    name.contains(':')
}

/// A value as part of a path: nothing that leaves its folder or troubles a file system.
pub(crate) fn path_part(value: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let kept: String = value.chars().map(safe).take(80).collect();
    kept.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> anyhow::Result<Template> {
        text.to_owned().try_into()
    }

    #[test]
    fn names_are_filled_and_braces_kept() {
        let values = Values::from([("title", "Mug / tall"), ("id", "../a 1")]);
        let filled = template("{Title} on {{linen}}{nothing}").unwrap().fill(&values, str::to_owned);
        assert_eq!(filled, "Mug / tall on {linen}");
        assert_eq!(template("{id}/x.{ext}").unwrap().fill(&values, path_part), "a-1/x.");
        assert_eq!(template("{id}{x}").unwrap().names().collect::<Vec<_>>(), ["id", "x"]);
        let copy = "{title}: {{price}}, {date:2026-12-24}, {{number:{sold}}}{nothing}";
        let values = Values::from([("title", "Mug {L}"), ("sold", "1250"), ("price", "9.95 EUR")]);
        assert_eq!(template(copy).unwrap().fill_copy(&values), "Mug {{L}}: {price}, {date:2026-12-24}, {number:1250}");
        assert!(template("{title").is_err() && template("title}").is_err());
    }
}
