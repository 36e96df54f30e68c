use super::BadProduct;
use serde_json::Value;
use std::collections::BTreeMap;

/// Characters of a field, at most; longer ones are of no use here.
const MOST_CHARS: usize = 5_000;
/// Photographs of one product, at most: what a subject profile takes.
const MOST_IMAGES: usize = 14;

/// A product of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    /// Its id in the feed.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) title: String,
    /// Links to its photographs, the main one first: files relative to the feed, `http(s)://`, `s3://`.
    pub(crate) images: Vec<String>,
    /// Every field by its name in the feed's own words, in lower case with underscores.
    pub(crate) fields: BTreeMap<String, String>,
}

/// What a row says, by name; a name that comes again adds to a list.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<String, Vec<String>>);

impl Fields {
    /// Adds a value; blank ones say nothing. `g:image_link`, `Image Link` and `image_link` are the same field.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let name = name.rsplit(':').next().unwrap_or(name).trim().to_lowercase().replace([' ', '-'], "_");
        let value: String = value.trim().chars().take(MOST_CHARS).collect();
        if !value.is_empty() {
            self.0.entry(name).or_default().push(value);
        }
    }

    /// The members of an object; those of lists each by itself.
    pub(super) fn of_json(value: Value) -> Self {
        let mut fields = Self::default();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (name, value) in value.as_object().into_iter().flatten() {
            match value {
                Value::Array(values) => values.iter().for_each(|value| fields.add(name, &text(value))),
                Value::Null => {}
                value => fields.add(name, &text(value)),
            }
        }
        fields
    }

    fn first(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|values| values.first()).cloned()
    }
}

impl Product {
    /// The `number`-th product of a feed.
    pub(super) fn of(number: u64, fields: Fields) -> Result<Self, BadProduct> {
        let id = fields.first("id");
        let missing =
            |field: &str| BadProduct { number, id: id.clone(), field: field.into(), reason: "is missing".into() };
        let main = fields.first("image_link").ok_or_else(|| missing("image_link"));
        let title = fields.first("title").ok_or_else(|| missing("title"));
        let (id, title, main) = (id.clone().ok_or_else(|| missing("id"))?, title?, main?);
        let more = fields.0.get("additional_image_link").into_iter().flatten().flat_map(|links| links.split(','));
        let more = more.map(str::trim).filter(|link| !link.is_empty()).map(String::from);
        let images = std::iter::once(main).chain(more).take(MOST_IMAGES).collect();
        let joined = fields.0.into_iter().map(|(name, values)| (name, values.join(", "))).collect();
        Ok(Self { id, title, images, fields: joined })
    }
}
