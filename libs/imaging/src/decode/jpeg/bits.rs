//! Entropy-coded data, bit by bit (ITU-T T.81, F.2.2).

/// The data ended before a bit that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended;

/// Bits up to the next marker.
#[derive(Debug, Clone)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    hold: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// The bits from `at` on.
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, hold: 0, count: 0 }
    }

    fn fill(&mut self) {
        while self.count <= 48 {
            let byte = match self.data.get(self.at..) {
                Some([0xff, 0, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some([0xff, ..]) | Some([]) | None => return,
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.hold = self.hold << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    /// The next 16 bits; ones stand for those that are not there.
    pub(super) fn peek(&mut self) -> u16 {
        if self.count < 16 {
            self.fill();
        }
        match self.count.checked_sub(16) {
            Some(rest) => (self.hold >> rest) as u16,
            None => ((self.hold << (16 - self.count)) | ((1 << (16 - self.count)) - 1)) as u16,
        }
    }

    /// Passes over up to 16 bits and gives them.
    pub(super) fn take(&mut self, bits: u32) -> Result<u16, Ended> {
        if self.count < bits {
            self.fill();
        }
        self.count = self.count.checked_sub(bits).ok_or(Ended)?;
        Ok((self.hold >> self.count & ((1 << bits) - 1)) as u16)
    }

    /// Leaves for the marker behind the data. None where bytes lie before it that are no padding: one value again and again,
    /// after a last byte that was filled up with bits of one value.
    pub(super) fn leave(mut self) -> Option<usize> {
        let rest = self.count % 8;
        let filler = self.hold >> (self.count - rest) & ((1 << rest) - 1);
        let mut left: Option<u8> = None;
        loop {
            self.fill();
            if self.count < 8 {
                break;
            }
            self.count -= self.count % 8 + 8;
            let byte = (self.hold >> self.count) as u8;
            if left.is_some_and(|earlier| earlier != byte) {
                return None;
            }
            left = Some(byte);
        }
        let is_filled = filler == 0 || filler == (1 << rest) - 1;
        (left.is_none() || is_filled).then_some(self.at)
    }
}
