//! TIFF whose strips and tiles are put together here: those in planes, and those by JPEG, which the codec reads without
//! saying what is missing.

use cavendish_jpeg::{Fraction, JpegError, open};
use cavendish_specs::Format;
use std::io::Cursor;
use tiff::decoder::{ChunkType, Decoder, DecodingResult};
use tiff::tags::Tag;

use super::pages::Page;
use super::refused;
use crate::decode::malformed;
use crate::error::{ImageError, Reason};

type Codec<'a> = Decoder<Cursor<&'a [u8]>>;

/// Compression by JPEG, tables apart (TIFF technical note 2).
const JPEG: u16 = 7;
/// PhotometricInterpretation of luma and two differences.
const YCBCR: u16 = 6;
/// Greatest number of samples of a pixel that are put together.
const MOST_SAMPLES: usize = 8;

/// The samples of a picture that the codec does not put together well, pixel by pixel, and how many a pixel has; None for
/// all others.
pub(super) fn read(
    bytes: &[u8],
    decoder: &mut Codec<'_>,
    page: &Page,
) -> Result<Option<(DecodingResult, usize)>, ImageError> {
    let number = |decoder: &mut Codec<'_>, tag| decoder.find_tag_unsigned::<u16>(tag).ok().flatten().unwrap_or(1);
    let planes = if number(decoder, Tag::PlanarConfiguration) == 2 { usize::from(page.samples) } else { 1 };
    let by_jpeg = number(decoder, Tag::Compression) == JPEG;
    if (planes == 1 && !by_jpeg) || page.bit_depth < 8 || planes > MOST_SAMPLES {
        return Ok(None);
    }
    let samples = usize::from(page.samples);
    let size = page.width as usize * page.height as usize * samples;
    let grid = Grid::of(decoder, page, planes);
    if by_jpeg {
        let mut out = vec![0u8; size];
        let source = Source::of(bytes, decoder, page)?;
        for index in 0..grid.count() {
            let (width, channels, data) = source.chunk(index)?;
            grid.place(index, &mut out, [width, channels], &data)?;
        }
        return Ok(Some((DecodingResult::U8(out), samples)));
    }
    let (mut narrow, mut wide) = (vec![], vec![]);
    for index in 0..grid.count() {
        let width = decoder.chunk_data_dimensions(index as u32).0 as usize;
        match decoder.read_chunk(index as u32).map_err(|error| refused(&error))? {
            DecodingResult::U8(data) => {
                narrow.resize(size, 0);
                grid.place(index, &mut narrow, [width, 1], &data)?;
            }
            DecodingResult::U16(data) => {
                wide.resize(size, 0);
                grid.place(index, &mut wide, [width, 1], &data)?;
            }
            _ => return Ok(None),
        }
    }
    let result = if wide.is_empty() { DecodingResult::U8(narrow) } else { DecodingResult::U16(wide) };
    Ok(Some((result, samples)))
}

/// Where strips or tiles lie.
struct Grid {
    size: [usize; 2],
    chunk: [usize; 2],
    across: usize,
    per_plane: usize,
    planes: usize,
    samples: usize,
}

impl Grid {
    fn of(decoder: &Codec<'_>, page: &Page, planes: usize) -> Self {
        let size = [page.width as usize, page.height as usize];
        let (width, height) = decoder.chunk_dimensions();
        let chunk = [(width as usize).max(1), (height as usize).clamp(1, size[1].max(1))];
        let across = size[0].div_ceil(chunk[0]);
        let chunk = if decoder.get_chunk_type() == ChunkType::Strip { chunk } else { [chunk[0], height as usize] };
        let per_plane = across * size[1].div_ceil(chunk[1].max(1));
        Self { size, chunk, across, per_plane, planes, samples: usize::from(page.samples) }
    }

    fn count(&self) -> usize {
        self.per_plane * self.planes
    }

    /// Puts the rows of a chunk, as wide and with as many channels as said, where they belong.
    fn place<T: Copy>(
        &self,
        index: usize,
        out: &mut [T],
        [width, channels]: [usize; 2],
        data: &[T],
    ) -> Result<(), ImageError> {
        let (plane, index) = (index / self.per_plane, index % self.per_plane);
        let [left, top] = [index % self.across * self.chunk[0], index / self.across * self.chunk[1]];
        let columns = self.chunk[0].min(self.size[0] - left);
        let rows = self.chunk[1].min(self.size[1] - top);
        let wanted = if self.planes > 1 { 1 } else { self.samples };
        if channels != wanted || width < columns || data.len() < width * channels * rows {
            return Err(malformed(Format::Tiff, "a strip or tile has another size than its page says"));
        }
        for (y, row) in data.chunks_exact(width * channels).take(rows).enumerate() {
            let to = ((top + y) * self.size[0] + left) * self.samples + plane;
            for (x, pixel) in row.chunks_exact(channels).take(columns).enumerate() {
                out[to + x * self.samples..][..channels].copy_from_slice(pixel);
            }
        }
        Ok(())
    }
}

/// The chunks of a picture by JPEG.
struct Source<'a> {
    bytes: &'a [u8],
    places: Vec<u64>,
    lengths: Vec<u64>,
    tables: Vec<u8>,
    is_ycbcr: bool,
}

impl<'a> Source<'a> {
    fn of(bytes: &'a [u8], decoder: &mut Codec<'_>, page: &Page) -> Result<Self, ImageError> {
        let mut list = |strips, tiles| {
            let found = decoder.get_tag_u64_vec(strips).or_else(|_| decoder.get_tag_u64_vec(tiles));
            found.map_err(|error| refused(&error))
        };
        let places = list(Tag::StripOffsets, Tag::TileOffsets)?;
        let lengths = list(Tag::StripByteCounts, Tag::TileByteCounts)?;
        let tables = decoder.get_tag_u8_vec(Tag::JPEGTables).unwrap_or_default();
        Ok(Self { bytes, places, lengths, tables, is_ycbcr: page.photometric == YCBCR })
    }

    /// Width, channels and samples of a chunk.
    fn chunk(&self, index: usize) -> Result<(usize, usize, Vec<u8>), ImageError> {
        let truncated = || ImageError::from(Reason::Truncated { format: Format::Tiff });
        let (place, length) = self.places.get(index).zip(self.lengths.get(index)).ok_or_else(truncated)?;
        let end = place.checked_add(*length).ok_or_else(truncated)?;
        let range = usize::try_from(*place).ok().zip(usize::try_from(end).ok()).ok_or_else(truncated)?;
        let own = self.bytes.get(range.0..range.1).and_then(|own| own.strip_prefix(&[0xff, 0xd8]));
        let own = own.ok_or_else(truncated)?;
        // An Adobe marker says whether the colours are differences, which libjpeg would guess.
        let adobe = [b"\xff\xd8\xff\xee\0\x0eAdobe\0\x64\0\0\0\0".as_slice(), &[u8::from(self.is_ycbcr)]].concat();
        let tables = self.tables.strip_prefix(&[0xff, 0xd8]).unwrap_or_default();
        let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
        let stream = [&adobe, tables, own].concat();
        let (head, samples) =
            open(&stream, Fraction::Whole).and_then(|opened| opened.decode()).map_err(|error| match error {
                JpegError::Truncated(_) => truncated(),
                JpegError::Broken(words) => malformed(Format::Tiff, words),
            })?;
        Ok((head.width as usize, usize::from(head.channels), samples))
    }
}
