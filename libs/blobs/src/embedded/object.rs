//! The file of one object: its bytes, then what is known of them, then where that begins.
//!
//! One file and not two, so that an object appears whole and with its type in a single rename or link. At the end
//! and not at the beginning, so that the file of a PNG opens as a PNG.

use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::SystemTime;

const MAGIC: [u8; 8] = *b"CVDBLOB1";
const FOOTER: u64 = 4 + MAGIC.len() as u64;
const MAX_ATTRIBUTES: u64 = 1 << 20;

/// What is kept of an object beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// MD5 of the bytes, in hex.
    pub(super) e_tag: String,
    /// Response headers that the writer asked for (`content-type`, `cache-control`, …).
    pub(super) headers: HashMap<String, String>,
    /// `x-amz-meta-*`.
    pub(super) metadata: HashMap<String, String>,
}

/// An object's file, opened, with its attributes read.
pub(super) struct Object {
    pub(super) file: File,
    /// Bytes of the object, which is less than the file has.
    pub(super) len: u64,
    pub(super) modified: SystemTime,
    pub(super) attributes: Attributes,
}

impl Attributes {
    /// What follows the object's bytes in its file.
    pub(super) fn trailer(&self) -> Vec<u8> {
        let mut bytes =
            json!({"etag": self.e_tag, "headers": self.headers, "metadata": self.metadata}).to_string().into_bytes();
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&MAGIC);
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut map: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let mut texts = |name: &str| serde_json::from_value(map.remove(name)?).ok();
        let (headers, metadata) = (texts("headers")?, texts("metadata")?);
        Some(Self { e_tag: map.get("etag")?.as_str()?.to_owned(), headers, metadata })
    }
}

impl Object {
    /// Reads the attributes off the end of `file`.
    pub(super) fn read(mut file: File) -> io::Result<Self> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the file is not a whole object");
        let meta = file.metadata()?;
        let end = meta.len().checked_sub(FOOTER).ok_or_else(damaged)?;
        file.seek(SeekFrom::Start(end))?;
        let (mut len, mut magic) = ([0; 4], [0; 8]);
        file.read_exact(&mut len)?;
        file.read_exact(&mut magic)?;
        let len = u64::from(u32::from_le_bytes(len));
        if magic != MAGIC || len > MAX_ATTRIBUTES {
            return Err(damaged());
        }
        let start = end.checked_sub(len).ok_or_else(damaged)?;
        file.seek(SeekFrom::Start(start))?;
        let mut json = Vec::new();
        file.by_ref().take(len).read_to_end(&mut json)?;
        let attributes = Attributes::parse(&json).ok_or_else(damaged)?;
        Ok(Self { file, len: start, modified: meta.modified()?, attributes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn attributes_come_back_and_a_torn_file_is_noticed() {
        let attributes = Attributes {
            e_tag: "abc".into(),
            headers: [("content-type".into(), "image/png".into())].into(),
            metadata: [("who".into(), "Käse".into())].into(),
        };
        let whole = [b"pixels".as_slice(), &attributes.trailer()].concat();
        let object = Object::read(file_of(&whole)).unwrap();
        assert_eq!((object.len, object.attributes), (6, attributes));

        for cut in 0..whole.len() {
            assert!(Object::read(file_of(&whole[..cut])).is_err(), "{cut} of {} bytes", whole.len());
        }
    }
}
