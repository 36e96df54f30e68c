use super::product::Fields;
use anyhow::Context;
use std::io::Read;

/// The rows under a head of names, divided by `delimiter`.
pub(super) fn rows(
    file: impl Read + Send + 'static,
    delimiter: u8,
) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Fields>> + Send> {
    let mut builder = csv::ReaderBuilder::new();
    // Exports to tabs do not quote: a quotation mark is an inch.
    let mut reader = builder.delimiter(delimiter).quoting(delimiter == b',').flexible(true).from_reader(file);
    let head = reader.headers().context("the feed's first line names no fields")?.clone();
    Ok(reader.into_records().map(move |record| {
        let record = record.context("the row cannot be read")?;
        let mut fields = Fields::default();
        head.iter().zip(&record).for_each(|(name, value)| fields.add(name.trim_start_matches('\u{feff}'), value));
        Ok(fields)
    }))
}
