use super::JsonSchema;
use crate::error::{EngineError, ErrorKind, Result};
use std::collections::BTreeSet;

/// Digits of a number before its point: every whole number of so many is exact in an f64.
pub(super) const DIGITS: u8 = 15;
/// Digits behind the point.
pub(super) const DECIMALS: u8 = 6;

/// What a value may look like. Rules refer to others by their place.
#[derive(Debug)]
pub(super) enum Rule {
    /// One of these texts, sorted, none of which begins with another.
    OneOf(Vec<Box<[u8]>>),
    /// A string of at most so many characters.
    Text { most: u32 },
    /// A number, whole or with decimals.
    Number { whole: bool },
    /// These one after the other.
    Sequence(Vec<usize>),
    /// `[`, items with `, ` between them, `]`.
    List { item: usize, least: u32, most: u32 },
}

/// A compiled schema.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Most bytes a value of each rule can have.
    longest: Vec<u64>,
}

impl Rules {
    /// Compiles a schema; its own rule comes last. Values are written as Python's `json.dumps` does: one space behind `,` and `:`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a choice of nothing, a list with `least` above `most`, a field that comes twice.
    pub(super) fn new(schema: &JsonSchema) -> Result<Self> {
        let mut rules = Self::default();
        rules.add(schema)?;
        Ok(rules)
    }

    pub(super) fn root(&self) -> usize {
        self.rules.len() - 1
    }

    pub(super) fn rule(&self, rule: usize) -> &Rule {
        &self.rules[rule]
    }

    /// Most bytes of a value.
    pub(super) fn longest(&self) -> u64 {
        self.longest.last().copied().unwrap_or(0)
    }

    fn add(&mut self, schema: &JsonSchema) -> Result<usize> {
        Ok(match schema {
            JsonSchema::Text { most } => self.push(Rule::Text { most: *most }, 2 + 4 * u64::from(*most)),
            JsonSchema::Integer => self.push(Rule::Number { whole: true }, 1 + u64::from(DIGITS)),
            JsonSchema::Number => self.push(Rule::Number { whole: false }, 2 + u64::from(DIGITS + DECIMALS)),
            JsonSchema::Boolean => self.one_of(["true".into(), "false".into()].into()),
            JsonSchema::Choice(strings) if strings.is_empty() => return Err(invalid("a choice of nothing")),
            JsonSchema::Choice(strings) => self.one_of(strings.iter().map(|string| quoted(string)).collect()),
            JsonSchema::List { least, most, .. } if least > most => {
                return Err(invalid(&format!("a list of {least} to {most}")));
            }
            JsonSchema::List { item, least, most } => {
                let item = self.add(item)?;
                let bytes = u64::from(*most).saturating_mul(self.longest[item].saturating_add(2)).saturating_add(2);
                self.push(Rule::List { item, least: *least, most: *most }, bytes)
            }
            JsonSchema::Object(fields) => self.object(fields)?,
        })
    }

    fn object(&mut self, fields: &[(String, JsonSchema)]) -> Result<usize> {
        let names: BTreeSet<&String> = fields.iter().map(|(name, _)| name).collect();
        if names.len() < fields.len() {
            return Err(invalid("a field comes twice"));
        }
        let mut parts = Vec::new();
        let mut open = "{";
        for (name, value) in fields {
            parts.push(self.one_of([format!("{open}{}: ", quoted(name))].into()));
            parts.push(self.add(value)?);
            open = ", ";
        }
        let close = if fields.is_empty() { "{}" } else { "}" };
        parts.push(self.one_of([close.into()].into()));
        let bytes = parts.iter().fold(0_u64, |sum, &part| sum.saturating_add(self.longest[part]));
        Ok(self.push(Rule::Sequence(parts), bytes))
    }

    fn one_of(&mut self, texts: BTreeSet<String>) -> usize {
        let texts: Vec<Box<[u8]>> = texts.into_iter().map(|text| text.into_bytes().into()).collect();
        let longest = texts.iter().map(|text| text.len() as u64).max().unwrap_or(0);
        self.push(Rule::OneOf(texts), longest)
    }

    fn push(&mut self, rule: Rule, longest: u64) -> usize {
        self.rules.push(rule);
        self.longest.push(longest);
        self.root()
    }
}

/// As JSON: quoted and escaped. So no text of a choice begins with another.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn invalid(what: &str) -> EngineError {
    EngineError::new(ErrorKind::Invalid, format!("the schema has {what}"))
}
