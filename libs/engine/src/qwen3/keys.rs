use tch::Tensor;

/// Places a new store has, so that short texts never grow it.
const FIRST_PLACES: i64 = 128;

/// Keys and values of a text so far, of every layer, with room for more: what makes a further token cost one token.
#[derive(Debug)]
pub struct KeyValues {
    layers: Vec<Option<[Tensor; 2]>>, // (1, key heads, places, head_dim) each
    tokens: i64,
}

impl KeyValues {
    pub(super) fn new(layers: usize) -> Self {
        Self { layers: (0..layers).map(|_| None).collect(), tokens: 0 }
    }

    /// Tokens of the text so far.
    #[must_use]
    pub fn tokens(&self) -> i64 {
        self.tokens
    }

    /// Adds what a layer computed for new tokens, and gives all it has: (1, key heads, tokens so far + new, head_dim).
    pub(super) fn append(&mut self, layer: usize, k: &Tensor, v: &Tensor) -> (Tensor, Tensor) {
        let (start, new) = (self.tokens, k.size()[2]);
        let kept = self.layers[layer].take();
        let extended = |n: usize, x: &Tensor| {
            let store = with_room(kept.as_ref().map(|pair| &pair[n]), x, start, start + new);
            store.narrow(2, start, new).copy_(x);
            store
        };
        let pair = [extended(0, k), extended(1, v)];
        let [k, v] = [0, 1].map(|n| pair[n].narrow(2, 0, start + new));
        self.layers[layer] = Some(pair);
        (k, v)
    }

    /// Counts the tokens that every layer has now added.
    pub(super) fn advance(&mut self, tokens: i64) {
        self.tokens += tokens;
    }
}

/// The store itself if it has `needed` places, otherwise one of twice as many with the `used` first ones copied.
fn with_room(store: Option<&Tensor>, like: &Tensor, used: i64, needed: i64) -> Tensor {
    if let Some(store) = store.filter(|store| store.size()[2] >= needed) {
        return store.shallow_clone();
    }
    let mut shape = like.size();
    shape[2] = needed.max(2 * used).max(FIRST_PLACES);
    let larger = like.new_empty(shape, (like.kind(), like.device()));
    if let Some(store) = store {
        larger.narrow(2, 0, used).copy_(&store.narrow(2, 0, used));
    }
    larger
}
