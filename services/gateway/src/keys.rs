//! API keys: `cav_`, 32 random characters, and a checksum of six that catches typing errors before the database is
//! asked. Only the SHA-256 of a key is stored.

use rand::Rng;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

const PREFIX: &str = "cav_";
const SECRET_LEN: usize = 32;
const CHECKSUM_LEN: usize = 6;
const KEY_LEN: usize = PREFIX.len() + SECRET_LEN + CHECKSUM_LEN;
/// Characters of a key that are stored readably, to recognise it by: 48 of its 190 random bits.
const SHOWN_LEN: usize = PREFIX.len() + 8;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A well-formed key. Printed only by [`Key::reveal`].
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MalformedKey {
    /// Wrong start, length or characters.
    #[error("an API key is `cav_` and 38 letters and digits")]
    Shape,
    /// The checksum does not fit.
    #[error("the API key's checksum does not fit: a character is missing or mistyped")]
    Checksum,
}

impl Key {
    /// A new key from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut rng = rand::rng();
        let secret: String =
            (0..SECRET_LEN).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect();
        let body = format!("{PREFIX}{secret}");
        Self(format!("{body}{}", checksum(&body)))
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`MalformedKey`] when it cannot be one; whether it is known is for the database to say.
    pub fn parse(text: &str) -> Result<Self, MalformedKey> {
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || text.len() != KEY_LEN || !text.starts_with(PREFIX) {
            return Err(MalformedKey::Shape);
        }
        let (body, sum) = text.split_at(KEY_LEN - CHECKSUM_LEN);
        if checksum(body) == sum { Ok(Self(text.into())) } else { Err(MalformedKey::Checksum) }
    }

    /// The whole key: shown once, when it is made.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The start of the key, to recognise it by.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.0[..SHOWN_LEN]
    }

    /// What is stored: SHA-256, 32 bytes. A key has 190 random bits, so a slow hash would add nothing.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Whether `hash` is of this key.
    #[must_use]
    pub fn verify(&self, hash: &[u8]) -> bool {
        self.hash() == hash
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}…)", self.shown())
    }
}

/// CRC-32 in base 62, six characters.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[rest % ALPHABET.len()];
        rest /= ALPHABET.len();
    }
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_reads_back_and_verifies_against_its_hash_only() {
        let (key, other) = (Key::generate(), Key::generate());
        assert_ne!(key, other);
        assert_eq!(key.reveal().len(), 42);
        assert_eq!(Key::parse(&format!(" {}\n", key.reveal())), Ok(key.clone()));
        assert!(key.verify(&key.hash()) && !key.verify(&other.hash()));
    }

    #[test]
    fn every_mistyped_character_is_caught_without_the_database() {
        let key = Key::generate();
        for at in PREFIX.len()..KEY_LEN {
            let mut typed: Vec<u8> = key.reveal().bytes().collect();
            typed[at] = if typed[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(Key::parse(&String::from_utf8(typed).unwrap()), Err(MalformedKey::Checksum), "at {at}");
        }
        for text in ["", "cav_", "sk_live_123", &key.reveal()[..41], &format!("{}x", key.reveal()), "cav_ümlaut"] {
            assert_eq!(Key::parse(text), Err(MalformedKey::Shape), "{text}");
        }
    }

    #[test]
    fn debug_output_never_spills_a_key() {
        let key = Key::generate();
        assert_eq!(format!("{key:?}"), format!("Key({}…)", &key.reveal()[..12]));
    }
}
