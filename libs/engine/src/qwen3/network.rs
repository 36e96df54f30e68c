use super::attention::Reach;
use super::keys::KeyValues;
use super::layer::Layer;
use super::{Qwen3Config, Rotary};
use crate::error::{EngineError, ErrorKind, Result};
use crate::nn::{Linear, RmsNorm};
use crate::weights::Weights;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// How much of the network is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// All layers and the output: needed to generate.
    Whole,
    /// The first layers only, enough for the states after them; the rest stays in the files.
    Layers(usize),
}

/// The network of transformers' `Qwen3ForCausalLM`; fields follow the checkpoint's keys below `model`.
#[derive(Debug)]
pub struct Qwen3 {
    embed_tokens: Tensor, // (vocab_size, hidden_size)
    layers: Vec<Layer>,
    output: Option<Output>,
    config: Qwen3Config,
}

/// `model.norm` and `lm_head`.
#[derive(Debug)]
struct Output {
    norm: RmsNorm,
    lm_head: Option<Linear>, // tied to the embedding where there is none
}

/// Texts side by side, padded on the right to one length.
#[derive(Debug, Clone, Copy)]
pub struct Padded<'a> {
    /// Token ids, pads included: (batch, tokens).
    pub ids: &'a Tensor,
    /// Real tokens of each text, 1..=tokens.
    pub lengths: &'a [i64],
}

impl Qwen3 {
    /// Loads `config.json` and all `*.safetensors` of a folder.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] for the configuration, [`ErrorKind::Weights`] for the weights.
    pub fn load(dir: &Path, depth: Depth, device: Device, kind: Kind) -> Result<Self> {
        let config = Qwen3Config::read(&dir.join("config.json"))?;
        let weights = Weights::open_dir(dir, device, kind)?;
        let network = Self::from_weights(&weights, config, depth)?;
        weights.finish()?;
        Ok(network)
    }

    /// Takes the network out of opened weights, and declares to them what is left out; [`Weights::finish`] is the caller's.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for more layers than there are, or none.
    pub fn from_weights(weights: &Weights, config: Qwen3Config, depth: Depth) -> Result<Self> {
        let count = match depth {
            Depth::Whole => config.num_hidden_layers,
            Depth::Layers(count) => count,
        };
        if count == 0 || count > config.num_hidden_layers {
            let what = format!("{count} layers are not within 1..={}", config.num_hidden_layers);
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        (count..config.num_hidden_layers).for_each(|n| weights.skip(&format!("model.layers.{n}.")));
        let model = weights.root().sub("model");
        let layers = model.sub("layers");
        Ok(Self {
            embed_tokens: model.sub("embed_tokens").tensor("weight", &[config.vocab_size, config.hidden_size]),
            layers: (0..count).map(|n| Layer::load(&layers.sub(n), &config)).collect(),
            output: Output::load(weights, &config, depth),
            config,
        })
    }

    /// The configuration the network was built from.
    #[must_use]
    pub fn config(&self) -> &Qwen3Config {
        &self.config
    }

    /// Where the weights are.
    #[must_use]
    pub fn device(&self) -> Device {
        self.embed_tokens.device()
    }

    /// The number type of the weights and the states.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.embed_tokens.kind()
    }

    /// Rotations for texts of up to `tokens` tokens.
    #[must_use]
    pub fn rotary(&self, tokens: i64) -> Rotary {
        Rotary::new(&self.config, tokens, self.device(), self.kind())
    }

    /// States after `layers`, each (batch, tokens, hidden_size); 0 is the embedding. Computes no layer beyond the last one
    /// asked for. A text's states depend on the text and the padded length only, but for rounding.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for layers that are not loaded or, being the network's last, come out of the reference
    /// normed; for lengths or rotations that do not fit.
    pub fn states(&self, texts: Padded<'_>, layers: &[usize], rotary: &Rotary) -> Result<Vec<Tensor>> {
        self.check(texts, layers, rotary)?;
        let span = rotary.span(0, texts.ids.size()[1]);
        let last = layers.iter().copied().max().unwrap_or(0);
        let mut x = self.embed(texts.ids); // (batch, tokens, hidden_size)
        let wanted = |n: usize, x: &Tensor| layers.contains(&n).then(|| x.shallow_clone());
        let mut seen = vec![wanted(0, &x)];
        for (n, layer) in self.layers[..last].iter().enumerate() {
            x = layer.forward(&x, &span, Reach::Padded(texts.lengths));
            seen.push(wanted(n + 1, &x));
        }
        Ok(layers.iter().filter_map(|&n| seen[n].as_ref().map(Tensor::shallow_clone)).collect())
    }

    /// An empty text to generate from.
    #[must_use]
    pub fn begin(&self) -> KeyValues {
        KeyValues::new(self.layers.len())
    }

    /// Lets the text go on by `ids`, and gives the logits (vocab_size) of the token after them, in f32.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if the network was not loaded whole, if the rotations do not reach, and for several tokens
    /// anywhere but at the beginning.
    pub fn extend(&self, keys: &mut KeyValues, ids: &[i64], rotary: &Rotary) -> Result<Tensor> {
        let invalid = |what: &str| Err(EngineError::new(ErrorKind::Invalid, what));
        let Some(output) = &self.output else { return invalid("the network was not loaded whole") };
        let (start, new) = (keys.tokens(), ids.len() as i64);
        if new == 0 || (start > 0 && new > 1) || start + new > rotary.tokens() {
            return invalid(
                "a text begins with one token or more, goes on by one at a time, and ends with its rotations",
            );
        }
        let span = rotary.span(start, new);
        let mut x = self.embed(&Tensor::from_slice(ids).unsqueeze(0)); // (1, tokens, hidden_size)
        for (layer, block) in self.layers.iter().enumerate() {
            x = block.forward(&x, &span, Reach::Continued { keys, layer });
        }
        keys.advance(new);
        let last = output.norm.forward(&x.select(1, new - 1)); // (1, hidden_size)
        let logits = match &output.lm_head {
            Some(lm_head) => lm_head.forward(&last),
            None => last.linear(&self.embed_tokens, None::<&Tensor>),
        };
        Ok(logits.squeeze_dim(0).to_kind(Kind::Float))
    }

    fn embed(&self, ids: &Tensor) -> Tensor {
        Tensor::embedding(&self.embed_tokens, &ids.to_device(self.device()), -1, false, false)
    }

    fn check(&self, texts: Padded<'_>, layers: &[usize], rotary: &Rotary) -> Result<()> {
        let shape = texts.ids.size();
        let fits = matches!(shape[..], [batch, tokens]
            if batch > 0
                && batch == texts.lengths.len() as i64
                && texts.lengths.iter().all(|&length| (1..=tokens).contains(&length))
                && tokens <= rotary.tokens());
        if !fits {
            let what = format!("ids {shape:?} with lengths {:?} and rotations of {}", texts.lengths, rotary.tokens());
            return Err(EngineError::new(ErrorKind::Invalid, what));
        }
        let deepest = self.layers.len().min(self.config.num_hidden_layers - 1);
        match layers.iter().find(|&&layer| layer > deepest) {
            Some(layer) => Err(EngineError::new(
                ErrorKind::Invalid,
                format!("states of layer {layer} are not within 0..={deepest}"),
            )),
            None => Ok(()),
        }
    }
}

impl Output {
    fn load(weights: &Weights, config: &Qwen3Config, depth: Depth) -> Option<Self> {
        let root = weights.root();
        if depth != Depth::Whole {
            weights.skip("model.norm.");
            weights.skip("lm_head.");
            return None;
        }
        let tied = config.tie_word_embeddings;
        if tied {
            weights.skip("lm_head."); // some files repeat the embedding under this name
        }
        Some(Self {
            norm: RmsNorm::load(&root.sub("model.norm"), config.hidden_size, config.rms_norm_eps),
            lm_head: (!tied).then(|| Linear::load(&root.sub("lm_head"), config.hidden_size, config.vocab_size)),
        })
    }
}
