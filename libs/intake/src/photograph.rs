//! An inline photograph: out of its base64, out of gzip, and looked at in full, so that what cannot be read is refused before
//! anything is accepted.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use cavendish_domain::InvalidBrief;
use cavendish_imaging::{Limits, probe, verify};
use cavendish_specs::Format;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::sync::LazyLock;
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Photographs that are looked at at once: each may take a core and, the largest, gigabytes.
static AT_ONCE: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, usize::from).clamp(1, 4)));

/// How much of a photograph is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// All of it: it is needed.
    Whole,
    /// Its header: what becomes of it, one of several, is told later.
    Header,
}

/// The bytes of a photograph and their MIME type. Beside the runtime, a few at a time.
///
/// # Errors
/// [`InvalidBrief`] naming `field`, for what is no base64, no picture, a broken one, or too large.
pub(crate) async fn read(field: &str, text: &str, care: Care) -> Result<(Bytes, &'static str), InvalidBrief> {
    let (owned, text) = (field.to_owned(), text.to_owned());
    // The semaphore is never closed.
    let _turn = AT_ONCE.acquire().await;
    let looking = tokio::task::spawn_blocking(move || look(&owned, &text, care));
    looking.await.unwrap_or_else(|_| Err(InvalidBrief::one(field, "cannot be read")))
}

/// As [`read`], on this thread.
pub(crate) fn look(field: &str, text: &str, care: Care) -> Result<(Bytes, &'static str), InvalidBrief> {
    let fault = |reason: String| InvalidBrief::one(field, reason);
    let limits = Limits::allowed();
    // Text files of some systems begin with a mark of their byte order.
    let text = text.trim_start_matches('\u{feff}').trim();
    let (declared, text) = declared(text);
    let bytes = unfolded(text, limits.max_bytes).and_then(|bytes| unpacked(bytes, limits.max_bytes)).map_err(fault)?;
    let header = match care {
        Care::Whole => verify(&bytes, &limits),
        Care::Header => probe(&bytes),
    };
    let header = header.map_err(|error| fault(error.reason.to_string()))?;
    if let Some(declared) = declared.filter(|declared| Format::from_mime(declared) != Some(header.format)) {
        let declared: String = declared.chars().take(80).collect();
        return Err(fault(format!("declared as {declared}, but the content is {}", header.format.mime())));
    }
    Ok((bytes.into(), header.format.mime()))
}

/// The declared type and the base64 of a data URL, which is what browsers hand out.
fn declared(text: &str) -> (Option<&str>, &str) {
    let is_url = text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    match text.get(5..).filter(|_| is_url).and_then(|rest| rest.split_once(',')) {
        Some((head, rest)) => {
            let mime = head.trim_end().strip_suffix(";base64").unwrap_or_default();
            (Some(mime).filter(|mime| !mime.is_empty()), rest)
        }
        None => (None, text),
    }
}

/// What base64 stands for, of either alphabet, padded or not, in one line or many (RFC 2045).
fn unfolded(text: &str, most: usize) -> Result<Vec<u8>, String> {
    let line: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if line.len() / 4 * 3 > most {
        return Err(format!("is larger than {} MB", most / 1_000_000));
    }
    if line.trim_end_matches('=').contains('=') {
        return Err("is not base64: there is padding (`=`) in its middle".into());
    }
    let engine = if line.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    engine.decode(line).map_err(|error| format!("is not base64: {error}"))
}

/// What gzip stands for; other bytes as they are.
fn unpacked(bytes: Vec<u8>, most: usize) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut out = vec![];
    let read = MultiGzDecoder::new(bytes.as_slice()).take(most as u64 + 1).read_to_end(&mut out);
    read.map_err(|error| format!("is gzip that cannot be unpacked: {error}"))?;
    match out.len() > most {
        true => Err(format!("is gzip of more than {} MB", most / 1_000_000)),
        false => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A PNG of one pixel.
    const PIXEL: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    fn in_lines(text: &str, end: &str) -> String {
        text.as_bytes().chunks(38).map(|line| format!("{}{end}", String::from_utf8_lossy(line))).collect()
    }

    #[test]
    fn what_breaks_off_is_refused_where_all_of_it_is_needed() {
        let half = STANDARD.encode(&STANDARD.decode(PIXEL).unwrap()[..40]);
        assert!(look("f", &half, Care::Whole).unwrap_err().to_string().contains("truncated"));
        assert!(look("f", &half, Care::Header).is_ok(), "one of several: profiling tells");
    }

    #[test]
    fn base64_of_every_kind_is_read() {
        let standard = look("f", PIXEL, Care::Whole).unwrap();
        assert_eq!(standard.1, "image/png");
        let url_safe = PIXEL.replace('+', "-").replace('/', "_");
        for text in [
            PIXEL.trim_end_matches('=').to_owned(),
            url_safe.clone(),
            format!("data:image/png;base64,{PIXEL}"),
            in_lines(PIXEL, "\n"),
            in_lines(PIXEL, "\r\n"),
            in_lines(&url_safe, "\n"),
            format!("data:image/png;base64,{}", in_lines(PIXEL, "\n")),
            format!("DATA:image/png;base64,\n{}", in_lines(PIXEL, "\r\n")),
            format!("\u{feff}{PIXEL}\n"),
        ] {
            assert_eq!(look("f", &text, Care::Whole).unwrap(), standard, "{text}");
        }
    }

    #[test]
    fn gzip_of_a_photograph_is_that_photograph() {
        let plain = look("f", PIXEL, Care::Whole).unwrap();
        let mut packer = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        packer.write_all(&plain.0).unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(look("f", &STANDARD.encode(&packed), Care::Whole).unwrap(), plain);
        let error = look("f", &STANDARD.encode(&packed[..packed.len() - 6]), Care::Whole).unwrap_err().to_string();
        assert!(error.starts_with("f: is gzip that cannot be unpacked"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_field_and_reason() {
        let said = |text: &str| look("subjects[0].references[0].data", text, Care::Whole).unwrap_err().to_string();
        assert!(said("!!!").starts_with("subjects[0].references[0].data: is not base64"));
        assert!(said("JVBERi0xLjQ=").starts_with("subjects[0].references[0].data: unsupported format: PDF"));
        assert!(said("").starts_with("subjects[0].references[0].data: "));
        assert!(said(&format!("data:image/jpeg;base64,{PIXEL}")).contains("declared as image/jpeg"));
        let (head, tail) = PIXEL.split_at(40);
        assert!(said(&format!("{head}=={tail}")).contains("padding (`=`) in its middle"));
        // The header is whole, the pixels are not.
        assert!(said(&PIXEL[..72]).contains("truncated"), "{}", said(&PIXEL[..72]));
    }

    #[tokio::test]
    async fn many_are_looked_at_beside_the_runtime() {
        for read in futures_of(8).await {
            assert!(read);
        }
    }

    async fn futures_of(count: usize) -> Vec<bool> {
        let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(read("f", PIXEL, Care::Whole))).collect();
        let mut all = vec![];
        for task in tasks {
            all.push(task.await.unwrap().is_ok());
        }
        all
    }
}
