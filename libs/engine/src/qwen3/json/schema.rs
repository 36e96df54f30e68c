/// What a generated JSON value must be. All fields of an object come, in order; everything is bounded, so that it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonSchema {
    /// A string of at most so many characters (Unicode scalar values), without control characters but those JSON has
    /// short escapes for.
    Text {
        /// Longest string.
        most: u32,
    },
    /// A whole number of at most 15 digits, with or without a minus.
    Integer,
    /// A number with at most 15 digits before the point and 6 behind it, without an exponent.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of these strings.
    Choice(Vec<String>),
    /// Values that are all alike.
    List {
        /// What each of them is.
        item: Box<JsonSchema>,
        /// Fewest of them.
        least: u32,
        /// Most of them.
        most: u32,
    },
    /// Named values.
    Object(Vec<(String, JsonSchema)>),
}

impl JsonSchema {
    /// An object with these fields.
    pub fn object<N: Into<String>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// One of these strings.
    pub fn choice<S: Into<String>>(strings: impl IntoIterator<Item = S>) -> Self {
        Self::Choice(strings.into_iter().map(Into::into).collect())
    }

    /// A list of `least` to `most` values.
    #[must_use]
    pub fn list(item: Self, least: u32, most: u32) -> Self {
        Self::List { item: Box::new(item), least, most }
    }
}
