use super::MOST_BYTES;
use super::product::Fields;
use anyhow::{Context, bail};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use std::io::BufRead;

/// The `item`s of RSS 2.0, or `entry`s of Atom 1.0.
pub(super) struct Items<R> {
    reader: Reader<R>,
    buffer: Vec<u8>,
}

impl<R: BufRead> Items<R> {
    pub(super) fn new(file: R) -> Self {
        let mut reader = Reader::from_reader(file);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, buffer: vec![] }
    }

    /// The next product; none at the end of a whole document.
    fn item(&mut self) -> anyhow::Result<Option<Fields>> {
        loop {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer)? {
                Event::Start(tag) if matches!(tag.local_name().as_ref(), b"item" | b"entry") => break,
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
        self.fields().map(Some)
    }

    /// The elements within an item: their names and texts. Elements within elements (shipping, tax) are theirs.
    fn fields(&mut self) -> anyhow::Result<Fields> {
        let (mut fields, mut open, mut text, mut bytes) = (Fields::default(), Vec::<String>::new(), String::new(), 0);
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer)?;
            bytes += event.len();
            if bytes > MOST_BYTES {
                bail!("has more than {MOST_BYTES} bytes");
            }
            match event {
                Event::Start(tag) => {
                    open.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned());
                    text.clear();
                }
                Event::Text(piece) => text.push_str(&piece.decode().context("is not UTF-8")?),
                Event::CData(piece) => text.push_str(&piece.decode().context("is not UTF-8")?),
                Event::GeneralRef(reference) => text.push_str(&resolved(&reference)?),
                Event::End(_) => match open.pop() {
                    None => return Ok(fields),
                    Some(name) if open.is_empty() => fields.add(&name, &std::mem::take(&mut text)),
                    Some(_) => text.clear(),
                },
                Event::Eof => bail!("the document ends within it"),
                _ => {}
            }
        }
    }
}

/// `&amp;`, `&#8364;` and the like; entities of one's own are refused, as they may grow without end.
fn resolved(reference: &BytesRef<'_>) -> anyhow::Result<String> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character.to_string());
    }
    let name = reference.decode()?;
    let known = quick_xml::escape::resolve_predefined_entity(&name);
    known.map(String::from).with_context(|| format!("&{name}; is no entity that feeds may use"))
}

impl<R: BufRead> Iterator for Items<R> {
    type Item = anyhow::Result<Fields>;

    fn next(&mut self) -> Option<Self::Item> {
        self.item().context("is not XML").transpose()
    }
}
