//! The line end to end: real processes, real RabbitMQ, PostgreSQL and S3. One binary, so that it links once.

mod line;

use std::time::Duration;

/// Long enough for a busy machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);
