//! The pages of a TIFF: which of them is the picture.

use std::io::Cursor;
use tiff::decoder::Decoder;
use tiff::tags::{IfdPointer, Tag};
use tiff::{Directory, TiffError};

use super::{header_of, refused};
use crate::decode::header::Header;
use crate::decode::malformed;
use crate::error::ImageError;
use cavendish_specs::Format;

/// Pages that are looked at.
const MOST_PAGES: usize = 256;
/// Bits of NewSubfileType: a reduced copy, and a mask.
const NO_PICTURE: u32 = 1 | 4;
/// Entries of a directory that are looked at.
const MOST_ENTRIES: usize = 4096;
/// PhotometricInterpretation of greys that begin with black, of a palette, and of inks.
const GREY: u16 = 1;
pub(super) const PALETTE: u16 = 3;
const SEPARATED: u16 = 5;
/// ExtraSamples that say nothing of themselves, and those that are alpha.
const UNSPECIFIED: u16 = 0;
pub(super) const PREMULTIPLIED: u16 = 1;
pub(super) const STRAIGHT: u16 = 2;

/// What a directory says of its picture.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// Its place among the directories.
    pub(super) index: usize,
    /// Where its directory lies.
    at: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bit_depth: u8,
    pub(super) samples: u16,
    pub(super) inks: bool,
    pub(super) photometric: u16,
    /// What the samples beyond the colours are.
    pub(super) extra: Vec<u16>,
    is_reduced: bool,
}

/// The header of the largest page.
pub(in crate::decode) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    Ok(header_of(&page(bytes)?))
}

/// The largest page at full resolution; of several, the first.
pub(super) fn page(bytes: &[u8]) -> Result<Page, ImageError> {
    let pages = pages(bytes).map_err(|error| refused(&error))?;
    let area = |page: &Page| u64::from(page.width) * u64::from(page.height);
    let best = pages.into_iter().reduce(|best, page| {
        let is_better = (page.is_reduced, area(&best)) < (best.is_reduced, area(&page));
        if is_better && (best.is_reduced || !page.is_reduced) { page } else { best }
    });
    best.ok_or_else(|| malformed(Format::Tiff, "it has no page"))
}

fn pages(bytes: &[u8]) -> Result<Vec<Page>, TiffError> {
    let mut decoder = Decoder::new(Cursor::new(bytes))?;
    let mut next = decoder.ifd_pointer();
    let mut pages = vec![];
    while let Some(IfdPointer(at)) = next.filter(|_| pages.len() < MOST_PAGES) {
        let directory = match decoder.read_directory(IfdPointer(at)) {
            Ok(directory) => directory,
            // A first page is a picture, whatever is wrong behind it.
            Err(_) if !pages.is_empty() => break,
            Err(error) => return Err(error),
        };
        next = directory.next();
        let page = read(&mut decoder, &directory, at, pages.len())?;
        if pages.iter().any(|earlier: &Page| earlier.at == page.at) {
            break;
        }
        pages.push(page);
    }
    Ok(pages)
}

fn read(decoder: &mut Decoder<Cursor<&[u8]>>, directory: &Directory, at: u64, index: usize) -> Result<Page, TiffError> {
    let mut tags = decoder.read_directory_tags(directory);
    let mut number = |tag| tags.find_tag_unsigned::<u32>(tag).map(|value| value.unwrap_or(0));
    let (width, height) = (number(Tag::ImageWidth)?, number(Tag::ImageLength)?);
    let is_reduced = number(Tag::NewSubfileType)? & NO_PICTURE != 0;
    let photometric = number(Tag::PhotometricInterpretation)?.min(u16::MAX.into()) as u16;
    let samples = number(Tag::SamplesPerPixel)?.clamp(1, u16::MAX.into()) as u16;
    let mut list = |tag| tags.find_tag_unsigned_vec::<u16>(tag).map(Option::unwrap_or_default);
    let bit_depth = list(Tag::BitsPerSample)?.first().map_or(1, |bits| (*bits).min(64) as u8);
    let extra = list(Tag::ExtraSamples)?;
    let inks = photometric == SEPARATED;
    Ok(Page { index, at, width, height, bit_depth, samples, inks, photometric, extra, is_reduced })
}

impl Page {
    /// Whether its alpha has to be guessed: there is one sample beyond the colours, which says nothing of itself. Design
    /// programs and RIPs write alpha so.
    pub(super) fn is_unspecified(&self) -> bool {
        self.extra == [UNSPECIFIED]
    }

    /// The file in words that the codec understands: a sample that says nothing of itself is called alpha, since no other
    /// is handed over, and indices of a palette grey, since it takes none. None where nothing is to be changed.
    pub(super) fn told_plainly(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (tag, plain) = match () {
            () if self.is_unspecified() => (Tag::ExtraSamples, STRAIGHT),
            () if self.photometric == PALETTE => (Tag::PhotometricInterpretation, GREY),
            () => return None,
        };
        let place = self.place_of(tag, bytes)?;
        let mut patched = bytes.to_vec();
        patched.get_mut(place..place + 2)?.copy_from_slice(&value(bytes[0] == b'I', plain));
        Some(patched)
    }

    /// Where the only value of a tag lies.
    fn place_of(&self, tag: Tag, bytes: &[u8]) -> Option<usize> {
        let little = bytes[0] == b'I';
        let is_big = bytes.get(2..4)? == value(little, 43);
        // Directories begin with the number of entries; an entry has tag, type, count and value.
        let [head, entry, to_value] = if is_big { [8, 20, 12] } else { [2, 12, 8] };
        let first = usize::try_from(self.at).ok()?.checked_add(head)?;
        let wanted = value(little, tag.to_u16());
        let index =
            bytes.get(first..)?.chunks_exact(entry).take(MOST_ENTRIES).position(|entry| entry[..2] == wanted)?;
        Some(first + index * entry + to_value)
    }
}

fn value(little: bool, number: u16) -> [u8; 2] {
    if little { number.to_le_bytes() } else { number.to_be_bytes() }
}
