//! all-MiniLM-L6-v2 as a text encoder: the token states of its last layer.

mod config;
mod encoder;
mod prompt;

pub use config::MiniLmConfig;
pub use encoder::MiniLm;
pub use prompt::PromptEncoder;
