//! For tests only: a database, a vhost and a bucket of its own for every test, on the running stack.
//!
//! ```no_run
//! # async fn test() -> anyhow::Result<()> {
//! let world = cavendish_testkit::TestWorld::create().await?;
//! // … services over world.database_url, world.amqp_url and world.blobs …
//! cavendish_testkit::wait_until("the job to complete", std::time::Duration::from_secs(10), async || true).await;
//! # Ok(())
//! # }
//! ```
//!
//! Everything is removed when it is dropped. A test that was killed leaves its own behind, which disturbs nobody;
//! names begin with `test`.

mod bucket;
mod cleanup;
mod database;
mod stack;
mod vhost;
mod wait;
mod world;

pub use bucket::TestBucket;
pub use database::TestDatabase;
pub use stack::{BrokerAddress, DatabaseAddress, Stack};
pub use vhost::TestVhost;
pub use wait::wait_until;
pub use world::TestWorld;
