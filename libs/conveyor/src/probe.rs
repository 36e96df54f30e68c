//! Which broker is this? lapin does not pass the server's properties on, so the first frame of the handshake is
//! read by hand: protocol header out, `connection.start` in (AMQP 0-9-1, section 1.4.2.1).

use std::fmt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A broker's version, as far as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerVersion {
    /// For example `RabbitMQ`.
    pub product: String,
    /// For example `3.10.8`.
    pub version: String,
}

impl fmt::Display for BrokerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.product, self.version)
    }
}

impl BrokerVersion {
    /// Major and minor version, 0 where they are not numbers.
    #[must_use]
    pub fn major_minor(&self) -> (u32, u32) {
        let mut parts = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// What this version lacks that the line relies on, if anything: quorum queues dead-letter at least once from
    /// RabbitMQ 3.10 on.
    #[must_use]
    pub fn shortcoming(&self) -> Option<String> {
        (self.product == "RabbitMQ" && self.major_minor() < (3, 10))
            .then(|| format!("{self} is too old: at-least-once dead-lettering needs RabbitMQ 3.10 or newer"))
    }
}

/// Asks the broker of an `amqp://` URL for its version. `None` when it cannot be told: TLS, no answer within 5 s,
/// or an answer that is not AMQP 0-9-1.
pub async fn probe(url: &str) -> Option<BrokerVersion> {
    tokio::time::timeout(Duration::from_secs(5), ask(url)).await.ok().flatten()
}

async fn ask(url: &str) -> Option<BrokerVersion> {
    let authority = url.strip_prefix("amqp://")?.split(['/', '?']).next()?;
    let host = authority.rsplit('@').next()?;
    let address = if host.rsplit(']').next()?.contains(':') { host.to_owned() } else { format!("{host}:5672") };
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await.ok()?;
    let mut header = [0; 7];
    stream.read_exact(&mut header).await.ok()?;
    let length = u32::from_be_bytes([header[3], header[4], header[5], header[6]]) as usize;
    if length > 64 * 1024 {
        return None;
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await.ok()?;
    parse_start(&payload)
}

/// `connection.start`: class 10, method 10, two version bytes, then the table of server properties.
fn parse_start(payload: &[u8]) -> Option<BrokerVersion> {
    let table = payload.strip_prefix(&[0, 10, 0, 10])?.get(2..)?;
    let (length, table) = table.split_first_chunk::<4>()?;
    let mut rest = table.get(..u32::from_be_bytes(*length) as usize)?;
    let (mut product, mut version) = (None, None);
    while let Some((&name_length, after)) = rest.split_first() {
        let (name, after) = after.split_at_checked(name_length.into())?;
        let (&kind, after) = after.split_first()?;
        // Properties are long strings (S) or tables (F), both with a 4-byte length.
        let (length, after) = matches!(kind, b'S' | b'F').then(|| after.split_first_chunk::<4>())??;
        let (value, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        match name {
            b"product" => product = Some(String::from_utf8_lossy(value).into_owned()),
            b"version" => version = Some(String::from_utf8_lossy(value).into_owned()),
            _ => {}
        }
        rest = after;
    }
    Some(BrokerVersion { product: product?, version: version? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(properties: &[(&str, u8, &[u8])]) -> Vec<u8> {
        let mut table = vec![];
        for (name, kind, value) in properties {
            table.push(name.len() as u8);
            table.extend(name.as_bytes());
            table.push(*kind);
            table.extend((value.len() as u32).to_be_bytes());
            table.extend(*value);
        }
        let mut payload = vec![0, 10, 0, 10, 0, 9];
        payload.extend((table.len() as u32).to_be_bytes());
        payload.extend(table);
        payload
    }

    #[test]
    fn the_version_is_found_among_other_properties() {
        let frame =
            start(&[("capabilities", b'F', b"xx"), ("product", b'S', b"RabbitMQ"), ("version", b'S', b"3.9.1")]);
        let version = parse_start(&frame).unwrap();
        assert_eq!((version.to_string().as_str(), version.major_minor()), ("RabbitMQ 3.9.1", (3, 9)));
        assert!(version.shortcoming().unwrap().contains("3.10"));
    }

    #[test]
    fn a_frame_that_lies_about_its_lengths_is_no_version() {
        let good = start(&[("product", b'S', b"RabbitMQ"), ("version", b'S', b"4.1.0")]);
        for end in 0..good.len() {
            assert_eq!(parse_start(&good[..end]), None);
        }
    }
}
