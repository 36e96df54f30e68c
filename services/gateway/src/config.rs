use cavendish_blobs::BlobsConfig;
use cavendish_intake::ImagingConfig;
use cavendish_service_kit::{BrokerConfig, DatabaseConfig};
use cavendish_specs::SpecsConfig;
use cavendish_typesetting::TypeConfig;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

/// What the gateway must know: its servers, and the section `[gateway]`.
#[derive(Debug, Clone, Deserialize)]
pub struct GatewayConfig {
    /// Postgres.
    pub database: DatabaseConfig,
    /// RabbitMQ.
    pub broker: BrokerConfig,
    /// S3.
    pub blobs: BlobsConfig,
    /// The specs of this installation.
    #[serde(default)]
    pub specs: SpecsConfig,
    /// The templates and brands of this installation.
    #[serde(default, rename = "type")]
    pub typesetting: TypeConfig,
    /// How large photographs may be.
    #[serde(default)]
    pub imaging: ImagingConfig,
    /// The HTTP side itself.
    #[serde(default)]
    pub gateway: HttpConfig,
}

/// The HTTP side.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct HttpConfig {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How clients reach this server (`https://images.example`), for the URLs in answers. Without it, answers carry
    /// paths.
    pub public_url: Option<String>,
    /// Bytes of a request body, at most; raised to what the largest photograph that is allowed takes in base64, where that
    /// is more than usual.
    pub max_body_bytes: usize,
    /// Bytes of a request body that brings the references of a subject, at most.
    pub max_subject_bytes: usize,
    /// Seconds that a request body may take to arrive.
    pub body_timeout_seconds: u64,
    /// Mebibytes of request bodies that are held in memory at once, over all requests.
    pub upload_memory_mib: u32,
    /// Event streams that are open at once, at most.
    pub max_streams: usize,
    /// Seconds that a download URL is good for, at most a week.
    pub asset_url_seconds: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            max_body_bytes: 96 << 20,
            max_subject_bytes: 128 << 20,
            body_timeout_seconds: 60,
            upload_memory_mib: 512,
            max_streams: 2_000,
            asset_url_seconds: 3_600,
        }
    }
}

impl HttpConfig {
    /// With room for photographs that are larger than usual.
    pub(crate) fn with_room_for(mut self, imaging: &ImagingConfig) -> Self {
        if imaging.max_bytes > ImagingConfig::default().max_bytes {
            let room = imaging.max_bytes.min(ImagingConfig::MOST_BYTES) / 3 * 4 + (1 << 20);
            self.max_body_bytes = self.max_body_bytes.max(room);
            self.max_subject_bytes = self.max_subject_bytes.max(room);
        }
        self
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    pub(crate) fn asset_url_ttl(&self) -> Duration {
        Duration::from_secs(self.asset_url_seconds.clamp(1, 7 * 24 * 3_600))
    }
}
