use cavendish_domain::Lane;
use std::collections::VecDeque;

/// Messages fetched ahead, and whose turn it is: smooth weighted round-robin over the lanes that have something,
/// so bulk is never starved and never in the way.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    queues: [VecDeque<T>; 3],
    credit: [i64; 3],
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { queues: Default::default(), credit: [0; 3] }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn push(&mut self, lane: Lane, item: T) {
        self.queues[lane as usize].push_back(item);
    }

    pub(crate) fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next item by weight.
    pub(crate) fn pop(&mut self) -> Option<(Lane, T)> {
        let ready: Vec<Lane> = Lane::ALL.into_iter().filter(|lane| !self.queues[*lane as usize].is_empty()).collect();
        for lane in &ready {
            self.credit[*lane as usize] += lane.weight();
        }
        let chosen = ready.iter().copied().max_by_key(|lane| (self.credit[*lane as usize], lane.weight()))?;
        self.credit[chosen as usize] -= ready.iter().map(|lane| lane.weight()).sum::<i64>();
        self.queues[chosen as usize].pop_front().map(|item| (chosen, item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(lanes: &[Lane], turns: usize) -> Vec<Lane> {
        let mut queue = Lanes::default();
        for _ in 0..turns {
            lanes.iter().for_each(|lane| queue.push(*lane, ()));
        }
        (0..turns).filter_map(|_| queue.pop().map(|(lane, ())| lane)).collect()
    }

    #[test]
    fn full_lanes_are_served_by_weight_and_none_is_starved() {
        let turns = served(&Lane::ALL, 100);
        let share = |lane| turns.iter().filter(|served| **served == lane).count();
        assert_eq!((share(Lane::Interactive), share(Lane::Standard), share(Lane::Bulk)), (60, 30, 10));
        assert!(turns[..10].contains(&Lane::Bulk));
    }

    #[test]
    fn a_lane_alone_gets_every_turn_and_saves_up_no_credit() {
        assert_eq!(served(&[Lane::Bulk], 5).len(), 5);
        let mut queue = Lanes::default();
        (0..50).for_each(|_| queue.push(Lane::Bulk, ()));
        assert_eq!((0..50).filter_map(|_| queue.pop()).count(), 50);
        queue.push(Lane::Interactive, ());
        queue.push(Lane::Bulk, ());
        assert_eq!(queue.pop().map(|(lane, ())| lane), Some(Lane::Interactive));
    }
}
