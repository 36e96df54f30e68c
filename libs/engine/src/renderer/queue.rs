//! Who is drawn next. Lanes share the device by their weights and the owners of a lane share it equally, both by stride
//! scheduling (Waldspurger and Weihl 1995): every flow has a pass that grows by what it was served over its weight, and
//! the flow with the least pass is next.

use cavendish_renderer::Share;
use std::collections::VecDeque;

/// Something that waits to be drawn.
pub(super) trait Waiting {
    /// Tickets of the same key can share a batch.
    type Key: PartialEq;

    /// What must agree within a batch.
    fn key(&self) -> Self::Key;

    /// Whether nobody waits for it any more.
    fn left(&self) -> bool;

    /// Whose turn it takes.
    fn share(&self) -> &Share;

    /// Tokens it brings into a batch: of image, text and references.
    fn cost(&self) -> u64;
}

/// Pass that a token costs at weight 1; divisible by the weights of the lanes.
const STRIDE: u64 = 60 * 1024;
/// Tickets of an owner that may go before its oldest one because they fit others' batches.
const OVERTAKERS: u32 = 16;

/// Tickets by lane and owner.
///
/// There is no batching window: whoever has a free device takes what waits. Under light load that is one ticket at
/// once, under backlog as many as the budget holds. The one that is next decides the batch's key; the others of its
/// key join in the order of turns, and whoever rides along pays for it.
pub(super) struct Queue<T> {
    lanes: Vec<Lane<T>>,
    /// The pass of the lane that was served last: where a lane starts that had nothing to do.
    now: u64,
    arrivals: u64,
    budget: u64,
}

struct Lane<T> {
    weight: u32,
    pass: u64,
    owners: Vec<Owner<T>>,
    /// As [`Queue::now`], for owners.
    now: u64,
}

struct Owner<T> {
    name: String,
    pass: u64,
    /// With the number of their arrival, the oldest first.
    tickets: VecDeque<(u64, T)>,
    /// Tickets that went before the oldest.
    overtakers: u32,
}

/// Where a ticket waits, and when it came.
#[derive(Clone, Copy)]
struct Place {
    lane: usize,
    owner: usize,
    index: usize,
    arrival: u64,
}

/// What [`Queue::take`] found.
pub(super) struct Taken<T> {
    /// Tickets to draw, of one key, in the order of their turns; empty if all had left.
    pub(super) batch: Vec<T>,
    /// Tickets nobody waits for.
    pub(super) left: Vec<T>,
}

impl<T: Waiting> Queue<T> {
    pub(super) fn new() -> Self {
        Self { lanes: Vec::new(), now: 0, arrivals: 0, budget: u64::MAX }
    }

    /// Tokens of a batch from now on, at most; a single ticket may exceed it.
    pub(super) fn set_budget(&mut self, tokens: u64) {
        self.budget = tokens;
    }

    pub(super) fn push(&mut self, ticket: T) {
        self.arrivals += 1;
        let Share { owner, weight } = ticket.share();
        let weight = (*weight).max(1);
        let at = self.lanes.iter().position(|lane| lane.weight == weight).unwrap_or_else(|| {
            self.lanes.push(Lane { weight, pass: 0, owners: Vec::new(), now: 0 });
            self.lanes.len() - 1
        });
        let lane = &mut self.lanes[at];
        if lane.is_idle() {
            // Nothing is saved up by having been away.
            lane.pass = lane.pass.max(self.now);
        }
        let now = lane.now;
        let owner = lane.owner(owner);
        if owner.tickets.is_empty() {
            owner.pass = owner.pass.max(now);
        }
        owner.tickets.push_back((self.arrivals, ticket));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.iter().all(Lane::is_idle)
    }

    /// The ticket that is next and those that fit with it, at most `max` and within the budget, and all that have left.
    pub(super) fn take(&mut self, max: usize) -> Taken<T> {
        let left = self.lanes.iter_mut().flat_map(|lane| &mut lane.owners).flat_map(Owner::take_left).collect();
        let mut batch: Vec<T> = Vec::new();
        let (mut key, mut tokens) = (None, 0_u64);
        while batch.len() < max
            && let Some(place) = self.next(key.as_ref())
        {
            let cost = self.lanes[place.lane].owners[place.owner].tickets[place.index].1.cost();
            tokens = tokens.saturating_add(cost);
            if !batch.is_empty() && tokens > self.budget {
                break;
            }
            let Some(ticket) = self.remove(place, cost, key.is_none()) else { break };
            key.get_or_insert_with(|| ticket.key());
            batch.push(ticket);
        }
        self.forget_idle_owners();
        Taken { batch, left }
    }

    /// The ticket whose turn it is, of all or of those with `key`; of equals the one that came first.
    fn next(&self, key: Option<&T::Key>) -> Option<Place> {
        let lanes = self.lanes.iter().enumerate().filter_map(|(at, lane)| Some((lane.pass, lane.next(at, key)?)));
        lanes.min_by_key(|(pass, place)| (*pass, place.arrival)).map(|(_, place)| place)
    }

    /// Takes a ticket out and charges its lane and owner; the one that leads a batch says what time it is.
    fn remove(&mut self, place: Place, cost: u64, leads: bool) -> Option<T> {
        let lane = &mut self.lanes[place.lane];
        let owner = &mut lane.owners[place.owner];
        if leads {
            self.now = self.now.max(lane.pass);
            lane.now = lane.now.max(owner.pass);
        }
        let charge = cost.max(1).saturating_mul(STRIDE);
        owner.pass = owner.pass.saturating_add(charge);
        lane.pass = lane.pass.saturating_add(charge / u64::from(lane.weight));
        owner.overtakers = if place.index == 0 { 0 } else { owner.overtakers + 1 };
        owner.tickets.remove(place.index).map(|(_, ticket)| ticket)
    }

    /// Owners come and go; one that waits for nothing and owes nothing is forgotten.
    fn forget_idle_owners(&mut self) {
        for lane in &mut self.lanes {
            let now = lane.now;
            lane.owners.retain(|owner| !owner.tickets.is_empty() || owner.pass > now);
        }
    }
}

impl<T: Waiting> Lane<T> {
    fn is_idle(&self) -> bool {
        self.owners.iter().all(|owner| owner.tickets.is_empty())
    }

    fn owner(&mut self, name: &str) -> &mut Owner<T> {
        let at = self.owners.iter().position(|owner| owner.name == name).unwrap_or_else(|| {
            self.owners.push(Owner { name: name.into(), pass: 0, tickets: VecDeque::new(), overtakers: 0 });
            self.owners.len() - 1
        });
        &mut self.owners[at]
    }

    fn next(&self, lane: usize, key: Option<&T::Key>) -> Option<Place> {
        let candidates = self.owners.iter().enumerate().filter_map(|(at, owner)| {
            let (index, arrival) = owner.candidate(key)?;
            Some((owner.pass, Place { lane, owner: at, index, arrival }))
        });
        candidates.min_by_key(|(pass, place)| (*pass, place.arrival)).map(|(_, place)| place)
    }
}

impl<T: Waiting> Owner<T> {
    /// The place and arrival of the oldest ticket, or of the oldest with `key` while the oldest of all can wait.
    fn candidate(&self, key: Option<&T::Key>) -> Option<(usize, u64)> {
        let most = if key.is_none() || self.overtakers >= OVERTAKERS { 1 } else { self.tickets.len() };
        let fits = |ticket: &T| key.is_none_or(|key| ticket.key() == *key);
        let mut tickets = self.tickets.iter().take(most).enumerate();
        tickets.find(|(_, (_, ticket))| fits(ticket)).map(|(index, (arrival, _))| (index, *arrival))
    }

    fn take_left(&mut self) -> Vec<T> {
        let (left, staying): (VecDeque<_>, VecDeque<_>) = self.tickets.drain(..).partition(|(_, ticket)| ticket.left());
        self.tickets = staying;
        left.into_iter().map(|(_, ticket)| ticket).collect()
    }
}

#[cfg(test)]
mod tests;
