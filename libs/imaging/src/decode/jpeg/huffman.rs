//! Huffman tables (ITU-T T.81, annex C).

use super::bits::{Bits, Ended};

/// What is wrong with a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends before all blocks came.
    Ended,
    /// It holds what no encoder writes.
    Broken(&'static str),
}

impl From<Ended> for Fault {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

/// A table: length and symbol for every 16 bits.
#[derive(Clone)]
pub(super) struct Table(Vec<[u8; 2]>);

impl Table {
    /// The table of a definition, and the bytes that it takes; None where it is none.
    pub(super) fn new(definition: &[u8]) -> Option<(Self, usize)> {
        let counts: &[u8; 16] = definition.first_chunk()?;
        let total: usize = counts.iter().map(|count| usize::from(*count)).sum();
        let mut symbols = definition.get(16..16 + total)?.iter();
        let mut table = Vec::with_capacity(1 << 16);
        for (length, count) in (1u8..).zip(counts) {
            for symbol in symbols.by_ref().take(usize::from(*count)) {
                table.resize(table.len() + (1 << (16 - length)), [length, *symbol]);
            }
        }
        (table.len() <= 1 << 16).then(|| {
            table.resize(1 << 16, [0, 0]);
            (Self(table), 16 + total)
        })
    }

    /// The next symbol.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Fault> {
        let [length, symbol] = self.0[usize::from(bits.peek())];
        if length == 0 {
            return Err(Fault::Broken("a code that its tables do not have"));
        }
        bits.take(length.into())?;
        Ok(symbol)
    }
}
