//! A product's photographs, wherever a feed says they are.

use crate::brief_file::{self, MAX_PHOTO_BYTES};
use crate::settings;
use anyhow::{Context, bail, ensure};
use cavendish_blobs::{BlobStore, Blobs, BlobsConfig};
use cavendish_domain::BlobKey;
use futures::StreamExt;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches photographs.
pub(crate) struct Pictures {
    http: reqwest::Client,
    /// Where the feed lies; what its relative links begin at.
    folder: PathBuf,
    private: bool,
    config: Option<PathBuf>,
}

impl Pictures {
    /// For a feed in `folder`. Addresses within one's own network are refused unless `private`: a feed comes from
    /// outside, and must not read what only this machine can.
    ///
    /// # Errors
    /// When no HTTP client can be set up.
    pub(crate) fn new(folder: &Path, private: bool, config: Option<&Path>) -> anyhow::Result<Self> {
        let guard = move |url: &Url| private || !is_private_literal(url);
        let redirects = Policy::custom(move |attempt| {
            if attempt.previous().len() > 4 || !guard(attempt.url()) { attempt.stop() } else { attempt.follow() }
        });
        let mut client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(Duration::from_secs(10))
            .redirect(redirects)
            .user_agent(concat!("cavendish/", env!("CARGO_PKG_VERSION")));
        if !private {
            client = client.dns_resolver(Arc::new(PublicOnly));
        }
        Ok(Self { http: client.build()?, folder: folder.into(), private, config: config.map(Path::to_owned) })
    }

    /// The bytes behind a link.
    ///
    /// # Errors
    /// With the link and the reason.
    pub(crate) async fn fetch(&self, link: &str) -> anyhow::Result<Vec<u8>> {
        let bytes = match Url::parse(link) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => self.download(url).await,
            Ok(url) if url.scheme() == "s3" => self.stored(&url).await,
            Ok(url) if url.scheme() == "file" => match url.to_file_path() {
                Ok(path) => read(&path).await,
                Err(()) => bail!("{link}: is no path of this machine"),
            },
            Ok(url) => bail!("{link}: {}:// is neither a file nor http(s):// nor s3://", url.scheme()),
            Err(_) => read(&self.folder.join(link)).await,
        };
        bytes.with_context(|| format!("cannot fetch {link}"))
    }

    async fn download(&self, url: Url) -> anyhow::Result<Vec<u8>> {
        ensure!(self.private || !is_private_literal(&url), "{}", PRIVATE);
        let response = self.http.get(url).send().await.map_err(reqwest::Error::without_url)?.error_for_status()?;
        let length = response.content_length().unwrap_or(0);
        ensure!(length <= MAX_PHOTO_BYTES, "the file has {length} bytes, at most {MAX_PHOTO_BYTES} are allowed");
        let (mut bytes, mut pieces) = (vec![], response.bytes_stream());
        while let Some(piece) = pieces.next().await {
            bytes.extend_from_slice(&piece.map_err(reqwest::Error::without_url)?);
            ensure!(bytes.len() as u64 <= MAX_PHOTO_BYTES, "the file has more than {MAX_PHOTO_BYTES} bytes");
        }
        Ok(bytes)
    }

    async fn stored(&self, url: &Url) -> anyhow::Result<Vec<u8>> {
        let config = settings::blobs(self.config.as_deref());
        let config = config.context("s3:// links need the [blobs] section of a configuration (--config)")?;
        let bucket = url.host_str().context("names no bucket")?.to_owned();
        let blobs = Blobs::connect(&BlobsConfig { bucket, ..config })?;
        let key: BlobKey = serde_json::from_value(url.path().trim_start_matches('/').into())?;
        Ok(blobs.get(&key, MAX_PHOTO_BYTES).await?.to_vec())
    }
}

async fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || brief_file::read_photo(&path)).await?.map_err(anyhow::Error::msg)
}

const PRIVATE: &str = "it is an address of a private network; --allow-private permits that";

/// Resolves names to public addresses only.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() { Err(PRIVATE.into()) } else { Ok(Box::new(public.into_iter()) as Addrs) }
        })
    }
}

/// Whether a URL names an address, not a host, that is not public: such are never resolved.
fn is_private_literal(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.parse().is_ok_and(|ip| !is_public(ip))
}

/// Whether an address is reachable from anywhere (IANA special-purpose registries).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_public_v4(ip),
            None => {
                let first = ip.segments()[0];
                let local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80;
                let translated = first == 0x0064 || first == 0x2002 || first == 0x2001;
                !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || local || translated)
                    || (first == 0x2001 && ip.segments()[1] >= 0x0200)
            }
        },
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (18..20).contains(&b);
    let never = ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation();
    !(never || ip.is_multicast() || a == 0 || a >= 240 || shared || benchmark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for (ip, public) in [
            ("8.8.8.8", true),
            ("10.1.2.3", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("::ffff:192.168.0.1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("2606:4700::1111", true),
            ("2001:4860:4860::8888", true),
        ] {
            assert_eq!(is_public(ip.parse().unwrap()), public, "{ip}");
        }
    }

    #[tokio::test]
    async fn links_are_files_or_guarded_addresses() {
        // As the program does when it begins; another test may have done so.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.jpg"), b"jpeg").unwrap();
        let pictures = Pictures::new(dir.path(), false, None).unwrap();
        assert_eq!(pictures.fetch("a.jpg").await.unwrap(), b"jpeg");
        for (link, said) in [
            ("b.jpg", "cannot fetch b.jpg"),
            ("http://127.0.0.1:1/a.jpg", "private network"),
            ("http://localhost:1/a.jpg", "private network"),
            ("ftp://x/a.jpg", "neither a file nor"),
        ] {
            let error = format!("{:#}", pictures.fetch(link).await.unwrap_err());
            assert!(error.contains(said), "{link}: {error}");
        }
    }
}
