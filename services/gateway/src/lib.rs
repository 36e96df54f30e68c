//! The HTTP side of Cavendish: takes in briefs, tells how jobs stand, streams their history, hands out finished files.
//!
//! A brief that was answered with 202 is in Postgres together with the event that calls ingest; the broker may be
//! away meanwhile. [`Gateway::start`] serves until its token is cancelled; [`api`] holds the shapes on the wire, shared
//! with the command line; [`keys`] makes and checks API keys.

pub mod api;
mod auth;
mod config;
mod error;
mod follow;
pub mod keys;
mod routes;
mod service;
mod state;
mod subject_views;
mod submission;
mod trace;
mod views;

pub use config::{GatewayConfig, HttpConfig};
pub use error::ApiError;
pub use service::{Gateway, GatewayHandle};
