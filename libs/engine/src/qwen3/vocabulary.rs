use super::Qwen3Tokenizer;
use crate::error::{EngineError, ErrorKind, Result};
use std::collections::HashMap;

/// What the tokens of a byte-level tokenizer stand for.
pub(super) struct Vocabulary {
    /// Bytes by id; none for special tokens and for ids without a token.
    bytes: Vec<Box<[u8]>>,
    /// Tokens of plain text, those before others that begin with them: (id, bytes shared with the one before).
    sorted: Vec<(u32, usize)>,
    longest: usize,
}

impl Vocabulary {
    /// Of a tokenizer whose network knows `size` tokens.
    ///
    /// # Errors
    /// [`ErrorKind::Model`] if the tokenizer is not byte-level, cannot write every byte, or has more tokens than the network.
    pub(super) fn new(tokenizer: &Qwen3Tokenizer, size: usize) -> Result<Self> {
        let model = |what: String| EngineError::new(ErrorKind::Model, what);
        let byte_of = alphabet();
        let added = tokenizer.inner().get_added_tokens_decoder();
        let mut bytes = vec![Box::default(); size];
        let mut plain = Vec::new();
        for (token, id) in tokenizer.inner().get_vocab(true) {
            let place = bytes
                .get_mut(id as usize)
                .ok_or_else(|| model(format!("token {id} is beyond the network's {size}")))?;
            *place = match added.get(&id) {
                Some(special) if special.special => Box::default(),
                Some(_) => token.as_bytes().into(),
                None => {
                    plain.push(id);
                    let spelt: Option<Box<[u8]>> = token.chars().map(|letter| byte_of.get(&letter).copied()).collect();
                    spelt.ok_or_else(|| model(format!("{token:?} is not written in the byte alphabet")))?
                }
            };
        }
        plain.sort_unstable_by(|&a, &b| bytes[a as usize].cmp(&bytes[b as usize]));
        let single = plain.iter().filter(|&&id| bytes[id as usize].len() == 1).count();
        if single < 256 {
            return Err(model(format!("the tokenizer has tokens for {single} of 256 bytes")));
        }
        let longest = plain.iter().map(|&id| bytes[id as usize].len()).max().unwrap_or(0);
        let sorted = with_shared(&plain, &bytes);
        Ok(Self { bytes, sorted, longest })
    }

    /// What a token adds to a text.
    pub(super) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// Tokens with their bytes, sorted by these, and how many of them the one before shares.
    pub(super) fn sorted(&self) -> impl Iterator<Item = (u32, &[u8], usize)> {
        self.sorted.iter().map(|&(id, shared)| (id, self.bytes(id), shared))
    }

    /// Ids the network knows.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes of the longest token of plain text.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }
}

fn with_shared(plain: &[u32], bytes: &[Box<[u8]>]) -> Vec<(u32, usize)> {
    let mut before: &[u8] = &[];
    let shared = plain.iter().map(|&id| {
        let own = &bytes[id as usize];
        let shared = own.iter().zip(before).take_while(|(a, b)| a == b).count();
        before = own;
        (id, shared)
    });
    shared.collect()
}

/// The letters that GPT-2's byte-level tokenizers write bytes with (`bytes_to_unicode`): printable bytes as themselves, the
/// others, in order, as the code points from 256.
fn alphabet() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let others = (0..=u8::MAX).filter(|&byte| !printable(byte));
    let moved = ('\u{100}'..).zip(others);
    (0..=u8::MAX).filter(|&byte| printable(byte)).map(|byte| (char::from(byte), byte)).chain(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_alphabet_is_gpt_2s() {
        let byte_of = alphabet();
        assert_eq!(byte_of.len(), 256);
        for (letter, byte) in [('A', b'A'), ('Ġ', b' '), ('Ċ', b'\n'), ('Ã', 0xC3), ('ł', 0xA0), ('Ń', 0xAD)] {
            assert_eq!(byte_of[&letter], byte, "{letter}");
        }
    }
}
