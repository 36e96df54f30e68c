//! Postgres: the truth about jobs, shots, claims and events. The only crate that knows SQL.
//!
//! Everything that the line commits is set-based: a batch of finished work is one transaction with a handful of
//! statements, whatever its size. Rows are always locked in the order claims → jobs → shots, and by id within each.

pub mod admin;
mod claims;
mod commits;
mod dead_letters;
mod error;
mod events;
mod jobs;
mod keys;
mod outbox;
mod profiles;
mod renderers;
mod retention;
mod settle;
mod stats;
mod subjects;
mod transaction;

pub use claims::{Claim, Failure, Outcome, Reaped, Work};
pub use commits::{FinishCommit, NewAsset, NewRender, PlanCommit, PlannedShot, RenderCommit};
pub use dead_letters::{DeadLetter, NewDeadLetter};
pub use error::StoreError;
pub use jobs::{Accepted, AssetRow, HistoryEntry, JobSummary, JobView, NewJob, RenderRow, RenderedShot, ShotView};
pub use keys::{ApiKey, Caller};
pub use outbox::OutboxRow;
pub use profiles::{
    NewProfile, NewProfileTest, PinnedProfile, PinnedReference, ProfileAccepted, ProfileCommit, ProfileHead,
    ProfileOutcome, ProfileReferenceRow, ProfileTestView, ProfileView, ProfiledReference, ProfiledVersion, RequestedAs,
    UsedBy, VersionHead, VersionView,
};
pub use renderers::Measured;
pub use retention::{Expired, Retention};
pub use stats::QueueDepth;
pub use subjects::{NewReference, NewSubject};
pub use transaction::Handover;

use crate::renderers::OutlookCache;
use crate::transaction::Outlet;
use sqlx::ConnectOptions;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use std::str::FromStr;
use std::time::Duration;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The repositories over one connection pool. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    outlet: Outlet,
    outlook: OutlookCache,
}

impl Store {
    /// Opens a pool; the first connection is made at once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached or refuses.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, StoreError> {
        // sqlx asks whether statements are to be logged without logging them, which leaves tracing's per-layer
        // filters in a state that swallows the next span. Slow statements are still told.
        let options =
            PgConnectOptions::from_str(url)?.application_name("cavendish").log_statements(log::LevelFilter::Off);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(10))
            // A connection in constant use needs no question whether it is alive: that is a round trip per query.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > Duration::from_secs(1) {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self { pool, outlet: Outlet::default(), outlook: OutlookCache::default() })
    }

    /// Brings the schema up to date. Safe to run from several processes at once.
    ///
    /// # Errors
    /// [`StoreError::Migration`] when a migration fails or was changed after it ran.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        Ok(MIGRATIONS.run(&self.pool).await?)
    }

    /// A number that changes with the migrations, for naming template databases.
    #[must_use]
    pub fn schema_fingerprint() -> u64 {
        MIGRATIONS
            .iter()
            .flat_map(|migration| migration.checksum.iter())
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes the pool after the queries under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
