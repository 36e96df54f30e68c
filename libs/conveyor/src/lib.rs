//! The stage runtime: consume, claim, work, commit, relay, retry, dead-letter, drain. lapin lives here and nowhere
//! else. Postgres is the truth and the broker carries hints of it: a message says "look at this claim", so a message
//! that comes twice is harmless and a worker that dies is found by its lease.

mod broker;
mod committer;
mod config;
mod conveyor;
mod dead_queue;
mod dispatch;
mod flight;
mod handler;
mod keeper;
mod lanes;
mod listener;
mod probe;
mod relay;
mod topology;
pub mod trace;

pub use broker::BrokerError;
pub use config::ConveyorConfig;
pub use conveyor::{Conveyor, ConveyorHandle};
pub use handler::{Handler, HandlerError, Turn};
pub use listener::Listener;
pub use probe::{BrokerVersion, probe};
pub use relay::{Notice, Relay, RelayHandle};
pub use topology::declare_topology;
