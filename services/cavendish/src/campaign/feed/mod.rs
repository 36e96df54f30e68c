//! Product feeds as merchants already have them (Google Merchant Center: XML, TSV, CSV), and JSON lines. Read one product
//! at a time, whatever their number.

mod product;
mod table;
mod xml;

pub(crate) use product::Product;

use anyhow::{Context, bail};
use product::Fields;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use thiserror::Error;

/// Bytes of one product in the feed, at most.
const MOST_BYTES: usize = 1 << 20;

/// A product that cannot be used; the feed goes on behind it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("product {number}{}: {field}: {reason}", .id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default())]
pub(crate) struct BadProduct {
    /// Its place in the feed, from 1.
    pub(crate) number: u64,
    /// Its id, where it has one.
    pub(crate) id: Option<String>,
    /// The field at fault.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

/// One product after the other. What breaks the file itself is the outer error, and the last item.
pub(crate) type Products = Box<dyn Iterator<Item = anyhow::Result<Result<Product, BadProduct>>> + Send>;

/// Opens a feed; its form is told from its name.
///
/// # Errors
/// When it cannot be read, or its name ends in nothing known.
pub(crate) fn open(path: &Path) -> anyhow::Result<Products> {
    let file = BufReader::new(File::open(path).with_context(|| format!("cannot read the feed {}", path.display()))?);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let rows: Box<dyn Iterator<Item = anyhow::Result<Fields>> + Send> = match ending.as_str() {
        "xml" | "rss" | "atom" => Box::new(xml::Items::new(file)),
        "tsv" | "txt" => Box::new(table::rows(file, b'\t')?),
        "csv" => Box::new(table::rows(file, b',')?),
        "jsonl" | "ndjson" => Box::new(lines(file)),
        _ => bail!("{}: a feed is .xml, .tsv, .csv or .jsonl", path.display()),
    };
    let name = path.display().to_string();
    let products = rows.zip(1..).map(move |(fields, number)| {
        let fields = fields.with_context(|| format!("{name}: product {number}"))?;
        Ok(Product::of(number, fields))
    });
    Ok(Box::new(Ended(products, false)))
}

/// Ends behind the first error of the file: what follows cannot be told apart.
struct Ended<I>(I, bool);

impl<T, I: Iterator<Item = anyhow::Result<T>>> Iterator for Ended<I> {
    type Item = anyhow::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = if self.1 { None } else { self.0.next() };
        self.1 = matches!(item, Some(Err(_)));
        item
    }
}

/// JSON objects, one on a line; blank lines are passed over.
fn lines(mut file: impl BufRead + Send) -> impl Iterator<Item = anyhow::Result<Fields>> + Send {
    let mut next = move || -> anyhow::Result<Option<Fields>> {
        loop {
            let mut line = String::new();
            let read = std::io::Read::take(&mut file, MOST_BYTES as u64 + 1).read_line(&mut line)?;
            anyhow::ensure!(read <= MOST_BYTES, "the line has more than {MOST_BYTES} bytes");
            match line.trim() {
                "" if read == 0 => return Ok(None),
                "" => {}
                text => return Ok(Some(Fields::of_json(serde_json::from_str(text).context("is not JSON")?))),
            }
        }
    };
    std::iter::from_fn(move || next().transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Vec<anyhow::Result<Result<Product, BadProduct>>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        open(&path).unwrap().collect()
    }

    fn ids(name: &str, text: &str) -> Vec<String> {
        read(name, text).into_iter().map(|product| product.unwrap().map_or_else(|e| e.to_string(), |p| p.id)).collect()
    }

    const XML: &str = r#"<?xml version="1.0"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
        <item><g:id>a-1</g:id><g:title>Mug &amp; saucer</g:title><g:image_link>a.jpg</g:image_link>
          <g:additional_image_link>b.jpg</g:additional_image_link>
          <g:additional_image_link>c.jpg</g:additional_image_link><g:price>15.00 EUR</g:price></item>
        <item><g:id>a-2</g:id><title><![CDATA[Tall <mug>]]></title></item></channel></rss>"#;

    #[test]
    fn xml_as_merchants_have_it() {
        let products = read("feed.xml", XML);
        let mug = products[0].as_ref().unwrap().as_ref().unwrap();
        assert_eq!((mug.id.as_str(), mug.title.as_str()), ("a-1", "Mug & saucer"));
        assert_eq!(mug.images, ["a.jpg", "b.jpg", "c.jpg"]);
        assert_eq!(mug.fields["price"], "15.00 EUR");
        let bad = products[1].as_ref().unwrap().as_ref().unwrap_err();
        assert_eq!(bad.to_string(), "product 2 (a-2): image_link: is missing");
    }

    #[test]
    fn tables_and_lines_say_the_same() {
        let tsv = "id\ttitle\timage link\tadditional image link\nx\tA mug\tm.jpg\tn.jpg,o.jpg\n";
        let csv = "id,title,image_link,additional_image_link\r\nx,\"A mug\",m.jpg,\"n.jpg, o.jpg\"\r\n";
        let jsonl = "{\"id\":\"x\",\"title\":\"A mug\",\"image_link\":\"m.jpg\",\"additional_image_link\":[\"n.jpg\",\"o.jpg\"]}\n\n";
        for (name, text) in [("f.tsv", tsv), ("f.csv", csv), ("f.jsonl", jsonl)] {
            let product = read(name, text).remove(0).unwrap().unwrap();
            assert_eq!((product.id.as_str(), product.title.as_str()), ("x", "A mug"), "{name}");
            assert_eq!(product.images, ["m.jpg", "n.jpg", "o.jpg"], "{name}");
        }
    }

    #[test]
    fn a_bad_product_is_told_and_the_next_one_read() {
        let said = ids("f.csv", "id,title,image_link\n,t,i.jpg\ny,,i.jpg\nz,t,i.jpg\n");
        assert_eq!(said, ["product 1: id: is missing", "product 2 (y): title: is missing", "z"]);
    }

    #[test]
    fn a_broken_file_ends_the_feed() {
        let broken = read("f.jsonl", "{\"id\":\"x\",\"title\":\"t\",\"image_link\":\"i\"}\n{oops\n{}\n");
        assert_eq!(broken.len(), 2);
        assert!(format!("{:#}", broken[1].as_ref().unwrap_err()).contains("product 2: is not JSON"));
        assert!(read("f.xml", "<rss><item><g:id>1</g:id>").pop().unwrap().is_err());
        assert!(open(Path::new("feed.pdf")).is_err());
    }
}
