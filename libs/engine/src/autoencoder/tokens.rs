use super::AutoencoderConfig;
use crate::weights::Vars;
use tch::Tensor;

/// `bn`: the statistics that latents are normalised with, and the patches that become tokens (the klein pipeline's
/// `_patchify_latents`, `_unpatchify_latents` and the lines around them).
#[derive(Debug)]
pub(super) struct TokenNorm {
    mean: Tensor,      // (token channels)
    deviation: Tensor, // (token channels)
    patch: [i64; 2],   // rows, columns
}

impl TokenNorm {
    pub(super) fn load(vars: &Vars<'_>, config: &AutoencoderConfig) -> Self {
        let channels = config.token_channels();
        // The checkpoint counts the batches of its training, which nobody needs.
        let _ = vars.tensor("num_batches_tracked", &[]);
        Self {
            mean: vars.tensor("running_mean", &[channels]),
            deviation: (vars.tensor("running_var", &[channels]) + config.batch_norm_eps).sqrt(),
            patch: config.patch_size,
        }
    }

    /// What all of the network computes with: its weights have one number type and one device.
    pub(super) fn like(&self) -> &Tensor {
        &self.mean
    }

    /// Latents (batch, channels, height, width) to tokens (batch, tokens, token channels) in row-major order.
    pub(super) fn tokens(&self, latents: &Tensor) -> Tensor {
        let ([high, wide], size) = (self.patch, latents.size());
        let tokens = latents
            .reshape([size[0], size[1], size[2] / high, high, size[3] / wide, wide])
            .permute([0, 2, 4, 1, 3, 5]) // (batch, rows, columns, channels, patch rows, patch columns)
            .reshape([size[0], -1, size[1] * high * wide]);
        (tokens - &self.mean) / &self.deviation
    }

    /// Tokens (batch, rows · columns, token channels) back to latents.
    pub(super) fn latents(&self, tokens: &Tensor, rows: i64, columns: i64) -> Tensor {
        let ([high, wide], batch) = (self.patch, tokens.size()[0]);
        (tokens * &self.deviation + &self.mean)
            .reshape([batch, rows, columns, -1, high, wide])
            .permute([0, 3, 1, 4, 2, 5]) // (batch, channels, rows, patch rows, columns, patch columns)
            .reshape([batch, -1, rows * high, columns * wide])
    }
}
