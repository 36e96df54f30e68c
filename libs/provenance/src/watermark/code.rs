//! Payload to symbols and back: a checksum, then a convolutional code that is decoded softly.
//!
//! Rate 1/3, constraint length 7, generators 133, 171, 165 (octal), terminated; decoded by A. Viterbi, "Error bounds for
//! convolutional codes and an asymptotically optimum decoding algorithm", IEEE Trans. Inf. Theory 13(2), 1967.

const GENERATORS: [u8; 3] = [0o133, 0o171, 0o165];
const MEMORY: usize = 6;
const STATES: usize = 1 << MEMORY;

/// 64 bits of payload, 32 of checksum.
const BITS: usize = 96;

/// How many symbols carry one payload.
pub(super) const SYMBOLS: usize = (BITS + MEMORY) * GENERATORS.len();

/// The symbols of a payload, each 1 or −1.
pub(super) fn encode(payload: u64) -> Vec<f32> {
    let message = u128::from(payload) << 32 | u128::from(checksum(payload));
    let mut state = 0;
    let mut symbols = Vec::with_capacity(SYMBOLS);
    for at in 0..BITS + MEMORY {
        let bit = if at < BITS { (message >> (BITS - 1 - at) & 1) as usize } else { 0 };
        symbols.extend(outputs(state, bit));
        state = next(state, bit);
    }
    symbols
}

/// The payload that symbols of any strength most likely carry; None where its checksum disagrees. Of noise, one in 2³²
/// passes.
pub(super) fn decode(symbols: &[f32]) -> Option<u64> {
    let message = most_likely(symbols);
    let payload = (message >> 32) as u64;
    (checksum(payload) == message as u32).then_some(payload)
}

fn checksum(payload: u64) -> u32 {
    crc32fast::hash(&payload.to_be_bytes())
}

fn next(state: usize, bit: usize) -> usize {
    (state >> 1) | bit << (MEMORY - 1)
}

fn outputs(state: usize, bit: usize) -> [f32; 3] {
    let window = (state | bit << MEMORY) as u8;
    GENERATORS.map(|generator| if (window & generator).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 })
}

/// The best path through the trellis, from state 0 to state 0.
fn most_likely(symbols: &[f32]) -> u128 {
    let mut scores = [f32::NEG_INFINITY; STATES];
    scores[0] = 0.0;
    let mut came_from: Vec<[u8; STATES]> = Vec::with_capacity(BITS + MEMORY);
    for received in symbols.chunks_exact(GENERATORS.len()) {
        let mut best = [f32::NEG_INFINITY; STATES];
        let mut origin = [0; STATES];
        for (state, score) in scores.iter().enumerate().filter(|(_, score)| score.is_finite()) {
            for bit in 0..2 {
                let agreement: f32 = outputs(state, bit).iter().zip(received).map(|(sent, got)| sent * got).sum();
                let to = next(state, bit);
                if score + agreement > best[to] {
                    best[to] = score + agreement;
                    origin[to] = state as u8;
                }
            }
        }
        scores = best;
        came_from.push(origin);
    }
    let (mut state, mut message) = (0, 0u128);
    for (at, origin) in came_from.iter().enumerate().rev() {
        if at < BITS {
            message |= ((state >> (MEMORY - 1)) as u128) << (BITS - 1 - at);
        }
        state = usize::from(origin[state]);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_comes_back_from_symbols_of_which_every_eighth_is_wrong() {
        for payload in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let mut symbols = encode(payload);
            assert_eq!(symbols.len(), SYMBOLS);
            symbols.iter_mut().step_by(8).for_each(|symbol| *symbol = -*symbol);
            assert_eq!(decode(&symbols), Some(payload));
        }
    }

    #[test]
    fn silence_and_noise_carry_nothing() {
        assert_eq!(decode(&[0.0; SYMBOLS]), None);
        let noise: Vec<f32> = (0..SYMBOLS).map(|at| (at as f32 * 12.9898).sin() * 43758.547 % 1.0).collect();
        assert_eq!(decode(&noise), None);
    }
}
