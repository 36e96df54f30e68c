use super::super::vocabulary::Vocabulary;
use super::JsonSchema;
use super::rules::Rules;
use super::state::State;
use crate::error::Result;
use lru::LruCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::rc::Rc;
use tch::{Device, Tensor};

/// Masks kept; a vocabulary of 150 000 tokens makes each 150 kB.
const KEPT_MASKS: NonZeroUsize = NonZeroUsize::new(512).expect("not zero");

/// A schema compiled for a model's vocabulary. Keep it for as long as its schema is used: it learns masks by being used.
pub struct JsonGrammar {
    rules: Rules,
    vocabulary: Rc<Vocabulary>,
    device: Device,
    /// Which tokens may not follow a state: (vocabulary), true or false.
    masks: RefCell<LruCache<State, Tensor>>,
}

impl JsonGrammar {
    pub(in super::super) fn new(schema: &JsonSchema, vocabulary: Rc<Vocabulary>, device: Device) -> Result<Self> {
        let masks = RefCell::new(LruCache::new(KEPT_MASKS));
        Ok(Self { rules: Rules::new(schema)?, vocabulary, device, masks })
    }

    /// Most bytes, and so most tokens, of a value.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.rules.longest()
    }

    /// The mask of a state. States that differ only in counts that no token can use up have one together: so a long
    /// string needs one mask for nearly all of its tokens.
    fn mask(&self, state: &State) -> Tensor {
        let key = state.within(self.vocabulary.longest());
        let mut masks = self.masks.borrow_mut();
        let mask = masks.get_or_insert(key, || Tensor::from_slice(&self.forbidden(state)).to_device(self.device));
        mask.shallow_clone()
    }

    /// Whether each token may not follow. Tokens come sorted: what begins like the one before goes on from where that was,
    /// and what begins like one that failed is not looked at.
    fn forbidden(&self, state: &State) -> Vec<bool> {
        let mut forbidden = vec![true; self.vocabulary.size()];
        let mut path = vec![state.clone()]; // after each byte of the token
        let mut failed = usize::MAX; // bytes after which the last one looked at failed
        for (id, bytes, shared) in self.vocabulary.sorted() {
            if shared >= failed {
                continue;
            }
            path.truncate(shared + 1);
            failed = self.walk(&mut path, &bytes[shared..]).map_or(usize::MAX, |good| shared + good + 1);
            forbidden[id as usize] = failed != usize::MAX;
        }
        forbidden
    }

    /// Goes on along `bytes`; the number of bytes that were good, if not all were.
    fn walk(&self, path: &mut Vec<State>, bytes: &[u8]) -> Option<usize> {
        bytes.iter().position(|&byte| {
            let mut next = path.last().cloned();
            let good = next.as_mut().is_some_and(|state| state.step(&self.rules, byte));
            path.extend(next.filter(|_| good));
            !good
        })
    }
}

/// A value of a grammar that is being generated.
pub(in super::super) struct Guide<'a> {
    grammar: &'a JsonGrammar,
    state: State,
}

impl<'a> Guide<'a> {
    pub(in super::super) fn new(grammar: &'a JsonGrammar) -> Self {
        Self { grammar, state: State::start(&grammar.rules) }
    }

    /// `logits` (vocabulary) with `-inf` for every token that may not follow.
    pub(in super::super) fn restrict(&self, logits: &Tensor) -> Tensor {
        logits.masked_fill(&self.grammar.mask(&self.state), f64::NEG_INFINITY)
    }

    /// Takes a token; false if it may not follow.
    pub(in super::super) fn take(&mut self, id: u32) -> bool {
        let bytes = self.grammar.vocabulary.bytes(id);
        !bytes.is_empty() && bytes.iter().all(|&byte| self.state.step(&self.grammar.rules, byte))
    }

    /// Whether the value is written.
    pub(in super::super) fn is_complete(&self) -> bool {
        self.state.is_complete()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Qwen3Tokenizer;
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Along a value, written byte by byte, every mask is what trying each token alone gives.
    #[test]
    fn masks_are_those_of_trying_every_token() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3");
        let vocabulary = Vocabulary::new(&Qwen3Tokenizer::load(&dir).unwrap(), 420).unwrap();
        // Added tokens (`<think>`) never come, whatever their letters are.
        let plain: BTreeSet<u32> = vocabulary.sorted().map(|(id, ..)| id).collect();
        assert!(vocabulary.longest() > 4 && !plain.contains(&416) && plain.len() == 413);
        let tags = JsonSchema::list(JsonSchema::Text { most: 40 }, 0, 30);
        let schema =
            JsonSchema::object([("title", JsonSchema::Text { most: 9 }), ("n", JsonSchema::Number), ("tags", tags)]);
        let grammar = JsonGrammar::new(&schema, Rc::new(vocabulary), Device::Cpu).unwrap();
        let text = r#"{"title": "crème 1\"", "n": -10.25, "tags": ["a light mug beside the linen sofa", "b", ""]}"#;
        let mut state = State::start(&grammar.rules);
        for byte in text.bytes() {
            let mask = Vec::<bool>::try_from(grammar.mask(&state)).unwrap();
            for (id, &forbidden) in mask.iter().enumerate() {
                let mut guide = Guide { grammar: &grammar, state: state.clone() };
                let may_follow = plain.contains(&(id as u32)) && guide.take(id as u32);
                assert_eq!(may_follow, !forbidden, "token {id} in {state:?}");
            }
            assert!(state.step(&grammar.rules, byte), "{byte:?} in {state:?}");
        }
        assert!(state.is_complete());
        assert!(grammar.masks.borrow().len() < text.len() - 20, "masks are shared");
    }
}
