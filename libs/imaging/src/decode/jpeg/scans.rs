//! Walks through the scans of a sequential JPEG block by block, since the decoder passes over much that cannot be: blocks of
//! more than 64 coefficients, light beyond any, data behind the last block. What is out of step shows in these.

use super::bits::Bits;
use super::huffman::{Fault, Table};
use crate::decode::segments::{END, SCAN, following};

/// Light that a block's mean may stand for, in eighths of a level round the middle: what eight bits hold, and the room that
/// encoders take against ringing.
const MOST_LIGHT: i32 = 1024 + 320;
/// Scans of a sequential picture: one for each component, and some room.
const MOST_SCANS: usize = 16;

#[derive(Clone, Copy, Default)]
struct Component {
    id: u8,
    across: usize,
    down: usize,
    quantised_by: usize,
}

#[derive(Default)]
struct Walk {
    size: [usize; 2],
    components: Vec<Component>,
    /// For DC and AC, four each.
    tables: [[Option<Table>; 4]; 2],
    /// Steps of DC.
    steps: [i32; 4],
    restart: usize,
}

/// Whether the scans hold what they say. Pictures by progressive or arithmetic coding are not looked at.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut walk = Walk::default();
    let mut at = 2;
    let mut scans = 0;
    while let Some((segment, next)) = following(bytes, at) {
        at = next;
        match segment.kind {
            END => break,
            0xc0 | 0xc1 => walk.frame(segment.data),
            0xc2 | 0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => return Ok(()),
            0xc4 => walk.huffman(segment.data),
            0xdb => walk.quantisation(segment.data),
            0xdd => walk.restart = segment.data.first_chunk().map_or(0, |v| u16::from_be_bytes(*v).into()),
            SCAN => {
                scans += 1;
                match walk.scan(bytes, segment.data, at)? {
                    Some(end) if scans < MOST_SCANS => at = end,
                    _ => break,
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl Walk {
    fn frame(&mut self, data: &[u8]) {
        let [_, h1, h0, w1, w0, count, rest @ ..] = data else { return };
        self.size = [[*w1, *w0], [*h1, *h0]].map(|side| u16::from_be_bytes(side).into());
        let component = |c: &[u8]| Component {
            id: c[0],
            across: usize::from(c[1] >> 4).clamp(1, 4),
            down: usize::from(c[1] & 15).clamp(1, 4),
            quantised_by: usize::from(c[2] & 3),
        };
        self.components = rest.chunks_exact(3).take((*count).into()).map(component).collect();
    }

    fn huffman(&mut self, mut data: &[u8]) {
        while let Some((&[which], rest)) = data.split_first_chunk() {
            let Some((table, length)) = Table::new(rest) else { return };
            self.tables[usize::from(which >> 4 & 1)][usize::from(which & 3)] = Some(table);
            data = &rest[length..];
        }
    }

    fn quantisation(&mut self, mut data: &[u8]) {
        while let [which, first, second, ..] = *data {
            let wide = which >> 4 != 0;
            let step = if wide { u16::from_be_bytes([first, second]).into() } else { i32::from(first) };
            self.steps[usize::from(which & 3)] = step;
            data = data.get(if wide { 129 } else { 65 }..).unwrap_or_default();
        }
    }

    /// Walks through a scan; answers with the place of the marker behind it. None where the decoder is to say what is wrong
    /// with its header.
    fn scan(&self, bytes: &[u8], data: &[u8], at: usize) -> Result<Option<usize>, Fault> {
        let Some((&[count], rest)) = data.split_first_chunk() else { return Ok(None) };
        let parts = rest.chunks_exact(2).take(count.into()).map(|part| {
            let component = *self.components.iter().find(|component| component.id == part[0])?;
            let dc = self.tables[0].get(usize::from(part[1] >> 4))?.as_ref()?;
            let ac = self.tables[1].get(usize::from(part[1] & 15))?.as_ref()?;
            Some((component, dc, ac))
        });
        let Some(parts) = parts.collect::<Option<Vec<_>>>().filter(|parts| !parts.is_empty()) else { return Ok(None) };
        let (units, alone) = self.units(&parts.iter().map(|part| part.0).collect::<Vec<_>>());
        let mut bits = Bits::new(bytes, at);
        let mut light = vec![0i32; parts.len()];
        for unit in 0..units {
            if self.restart > 0 && unit > 0 && unit % self.restart == 0 {
                bits = restarted(bytes, bits)?;
                light.fill(0);
            }
            for ((component, dc, ac), light) in parts.iter().zip(&mut light) {
                for _ in 0..if alone { 1 } else { component.across * component.down } {
                    block(&mut bits, dc, ac, light)?;
                    let step = self.steps[component.quantised_by];
                    if light.saturating_mul(step).abs() > MOST_LIGHT + 2 * step {
                        return Err(Fault::Broken("light beyond any"));
                    }
                }
            }
        }
        bits.leave().map(Some).ok_or(Fault::Broken("data behind its last block"))
    }

    /// How many units a scan of these components has, and whether they are the blocks of its only component: else each holds
    /// some of every component (A.2).
    fn units(&self, parts: &[Component]) -> (usize, bool) {
        let most = |side: fn(&Component) -> usize| self.components.iter().map(side).max().unwrap_or(1);
        let of = [most(|c| c.across), most(|c| c.down)];
        match parts {
            [only] => {
                let own = |axis: usize, part: usize| (self.size[axis] * part).div_ceil(of[axis]).div_ceil(8);
                (own(0, only.across) * own(1, only.down), true)
            }
            _ => (self.size[0].div_ceil(8 * of[0]) * self.size[1].div_ceil(8 * of[1]), false),
        }
    }
}

/// Passes over the marker that stands where decoding can be taken up again.
fn restarted<'a>(bytes: &'a [u8], bits: Bits<'a>) -> Result<Bits<'a>, Fault> {
    let at = bits.leave().ok_or(Fault::Broken("data before a restart"))?;
    let fill = bytes[at..].iter().take_while(|byte| **byte == 0xff).count();
    match bytes.get(at + fill) {
        Some(0xd0..=0xd7) if fill > 0 => Ok(Bits::new(bytes, at + fill + 1)),
        _ => Err(Fault::Ended),
    }
}

/// Passes over a block (F.2.2); `light` is the mean of the one before.
fn block(bits: &mut Bits<'_>, dc: &Table, ac: &Table, light: &mut i32) -> Result<(), Fault> {
    let size = u32::from(dc.symbol(bits)?);
    if size > 11 {
        return Err(Fault::Broken("a difference beyond any"));
    }
    let value = i32::from(bits.take(size)?);
    let half = (1 << size) >> 1;
    *light += if value < half { value - (1 << size) + 1 } else { value };
    let mut place = 1;
    while place < 64 {
        let symbol = ac.symbol(bits)?;
        let (run, size) = (symbol >> 4, u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => place += 16,
            (_, 0) => return Ok(()),
            _ => place += run + 1,
        }
        if place > 64 || size > 10 {
            return Err(Fault::Broken("a block of more coefficients than it has room for"));
        }
        bits.take(size)?;
    }
    Ok(())
}
