use crate::error::Result;
use lru::LruCache;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use tch::Tensor;

/// The latest encoded prompts, by token ids: those bound a key's size however long a prompt is.
pub(crate) struct PromptCache(RefCell<LruCache<Vec<i64>, Tensor>>);

impl PromptCache {
    pub(crate) fn new(prompts: NonZeroUsize) -> Self {
        Self(RefCell::new(LruCache::new(prompts)))
    }

    /// What is known for `ids`, or what `encode` makes of them.
    pub(crate) fn get_or_encode(&self, ids: Vec<i64>, encode: impl FnOnce(&[i64]) -> Result<Tensor>) -> Result<Tensor> {
        if let Some(known) = self.0.borrow_mut().get(&ids) {
            return Ok(known.shallow_clone());
        }
        let encoded = encode(&ids)?;
        self.0.borrow_mut().put(ids, encoded.shallow_clone());
        Ok(encoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{EngineError, ErrorKind};

    #[test]
    fn the_latest_are_remembered_and_failures_are_not() {
        let cache = PromptCache::new(NonZeroUsize::new(2).unwrap());
        let mut encoded = Vec::new();
        for id in [1, 2, 1, 3, 1, 2] {
            let states = cache.get_or_encode(vec![id], |ids| {
                encoded.push(ids[0]);
                Ok(Tensor::from_slice(ids))
            });
            assert_eq!(states.unwrap().int64_value(&[0]), id);
        }
        assert_eq!(encoded, [1, 2, 3, 2]);
        let failure = || EngineError::new(ErrorKind::Torch, "away");
        assert!(cache.get_or_encode(vec![9], |_| Err(failure())).is_err());
        assert!(cache.get_or_encode(vec![9], |ids| Ok(Tensor::from_slice(ids))).is_ok());
    }
}
