//! Boxes that must not meet.

use crate::template::{Shares, Slot};
use cavendish_specs::PixelBox;

/// Where type may go in a picture.
pub(crate) struct Site<'a> {
    /// Left, top, right, bottom of the safe area, in pixels.
    pub(crate) safe: [f32; 4],
    pub(crate) keep_clear: &'a [PixelBox],
    /// Pixels round each of them.
    pub(crate) clearance: u32,
    /// The picture's shorter side, in pixels.
    pub(crate) side: u32,
}

impl Site<'_> {
    /// The room of a slot, less what must stay clear.
    pub(crate) fn room(&self, slot: &Slot) -> Option<PixelBox> {
        clear_part(in_pixels(within(slot.frame, self.safe))?, self.keep_clear, self.clearance)
    }
}

/// Shares of the safe area in pixels.
pub(crate) fn within([left, top, right, bottom]: Shares, safe: [f32; 4]) -> [f32; 4] {
    let (width, height) = (safe[2] - safe[0], safe[3] - safe[1]);
    [safe[0] + left * width, safe[1] + top * height, safe[0] + right * width, safe[1] + bottom * height]
}

/// Whether two boxes have a pixel in common.
pub(crate) fn meets(a: &PixelBox, b: &PixelBox) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// Pixels between two boxes, the shortest way; 0 where they meet.
pub(crate) fn gap(a: &PixelBox, b: &PixelBox) -> f32 {
    let between = |a: u32, along_a: u32, b: u32, along_b: u32| {
        a.saturating_sub(b + along_b).max(b.saturating_sub(a + along_a)) as f32
    };
    between(a.x, a.width, b.x, b.width).hypot(between(a.y, a.height, b.y, b.height))
}

/// The whole pixels within left, top, right, bottom; None where there are none.
fn in_pixels([left, top, right, bottom]: [f32; 4]) -> Option<PixelBox> {
    let (x, y) = (left.max(0.0).ceil() as u32, top.max(0.0).ceil() as u32);
    let (right, bottom) = (right.max(0.0).floor() as u32, bottom.max(0.0).floor() as u32);
    (x < right && y < bottom).then(|| PixelBox { x, y, width: right - x, height: bottom - y })
}

/// The largest part of `room` above, below or beside everything in `kept`, and `clearance` pixels away from it.
fn clear_part(room: PixelBox, kept: &[PixelBox], clearance: u32) -> Option<PixelBox> {
    let mut room = room;
    for kept in kept.iter().filter(|kept| kept.width > 0 && kept.height > 0) {
        let (x, y) = (kept.x.saturating_sub(clearance), kept.y.saturating_sub(clearance));
        let (right, bottom) = (kept.x + kept.width + clearance, kept.y + kept.height + clearance);
        let kept = PixelBox { x, y, width: right - x, height: bottom - y };
        if !meets(&room, &kept) {
            continue;
        }
        let (room_right, room_bottom) = (room.x + room.width, room.y + room.height);
        let parts = [
            PixelBox { height: y.saturating_sub(room.y), ..room },
            PixelBox { y: bottom, height: room_bottom.saturating_sub(bottom), ..room },
            PixelBox { width: x.saturating_sub(room.x), ..room },
            PixelBox { x: right, width: room_right.saturating_sub(right), ..room },
        ];
        room = parts.into_iter().max_by_key(|part| part.width * part.height)?;
    }
    (room.width > 0 && room.height > 0).then_some(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(x: u32, y: u32, width: u32, height: u32) -> PixelBox {
        PixelBox { x, y, width, height }
    }

    #[test]
    fn the_largest_clear_part_of_a_room_is_left() {
        let room = frame(10, 10, 100, 40);
        assert_eq!(clear_part(room, &[frame(200, 200, 9, 9)], 5), Some(room));
        assert_eq!(clear_part(room, &[frame(0, 30, 300, 300)], 5), Some(frame(10, 10, 100, 15)));
        assert_eq!(clear_part(room, &[frame(20, 0, 10, 90)], 0), Some(frame(30, 10, 80, 40)));
        assert_eq!(clear_part(room, &[frame(0, 0, 300, 300)], 0), None);
        let between = clear_part(room, &[frame(0, 0, 300, 15), frame(100, 0, 9, 90)], 0);
        assert_eq!(between, Some(frame(10, 15, 90, 35)));
    }

    #[test]
    fn the_gap_between_boxes_is_the_shortest_way() {
        let a = frame(10, 10, 10, 10);
        assert_eq!((gap(&a, &frame(23, 24, 5, 5)), gap(&a, &frame(0, 30, 99, 5)), gap(&a, &a)), (5.0, 10.0, 0.0));
    }

    #[test]
    fn a_box_in_pixels_stays_within_its_shares() {
        assert_eq!(in_pixels([0.2, 0.0, 9.9, 4.0]), Some(frame(1, 0, 8, 4)));
        assert_eq!(in_pixels([0.2, 0.0, 0.9, 4.0]), None);
    }
}
