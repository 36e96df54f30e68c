use super::*;
use std::collections::{BTreeMap, HashSet};

#[derive(Debug, Clone, PartialEq)]
struct Ticket {
    key: char,
    number: usize,
    share: Share,
    cost: u64,
    left: bool,
}

impl Waiting for Ticket {
    type Key = char;

    fn key(&self) -> char {
        self.key
    }

    fn left(&self) -> bool {
        self.left
    }

    fn share(&self) -> &Share {
        &self.share
    }

    fn cost(&self) -> u64 {
        self.cost
    }
}

fn ticket(owner: &str, weight: u32, key: char, number: usize) -> Ticket {
    Ticket { key, number, share: Share { owner: owner.into(), weight }, cost: 1, left: false }
}

fn queue(tickets: impl IntoIterator<Item = Ticket>) -> Queue<Ticket> {
    let mut queue = Queue::new();
    tickets.into_iter().for_each(|ticket| queue.push(ticket));
    queue
}

fn numbers(tickets: &[Ticket]) -> Vec<usize> {
    tickets.iter().map(|ticket| ticket.number).collect()
}

/// Counts who was served in `takes` batches of `max`.
fn served(queue: &mut Queue<Ticket>, takes: usize, max: usize) -> BTreeMap<(u32, String), usize> {
    let mut counts = BTreeMap::new();
    for ticket in (0..takes).flat_map(|_| queue.take(max).batch) {
        *counts.entry((ticket.share.weight, ticket.share.owner)).or_default() += 1;
    }
    counts
}

#[test]
fn one_owner_is_served_in_order_and_what_fits_rides_along() {
    let kinds = [('b', true), ('a', false), ('b', false), ('a', false), ('a', true), ('a', false)];
    let tickets = kinds.into_iter().enumerate().map(|(n, (key, left))| Ticket { left, ..ticket("o", 1, key, n) });
    let mut queue = queue(tickets);
    let first = queue.take(2);
    assert_eq!((numbers(&first.batch), numbers(&first.left)), (vec![1, 3], vec![0, 4]));
    assert_eq!(numbers(&queue.take(2).batch), [2], "the oldest decides, however many of another key wait");
    assert_eq!(numbers(&queue.take(2).batch), [5]);
    assert!(queue.is_empty());
    assert!(queue.take(2).batch.is_empty());
}

#[test]
fn a_batch_keeps_within_its_tokens_but_a_large_ticket_goes_alone() {
    let costs = [3, 3, 3, 9, 1];
    let tickets = costs.into_iter().enumerate().map(|(n, cost)| Ticket { cost, ..ticket("o", 1, 'a', n) });
    let mut queue = queue(tickets);
    queue.set_budget(6);
    let batches: Vec<_> = (0..4).map(|_| numbers(&queue.take(64).batch)).collect();
    assert_eq!(batches, [vec![0, 1], vec![2], vec![3], vec![4]], "nobody is overtaken for being large");
}

#[test]
fn a_backlog_of_a_thousand_delays_another_tenant_by_one_turn() {
    for max in [1, 4] {
        let mut queue = queue((0..1000).map(|n| ticket("many", 3, 'a', n)));
        (0..5).for_each(|_| drop(queue.take(max)));
        queue.push(ticket("few", 3, 'b', 7));
        let keys: Vec<_> = (0..2).flat_map(|_| queue.take(max).batch).map(|ticket| ticket.key).collect();
        assert!(keys.contains(&'b'), "{keys:?}");
    }
}

#[test]
fn lanes_share_six_to_three_to_one_and_owners_of_a_lane_equally() {
    let owners = [("x", 6), ("y", 3), ("z", 3), ("w", 1)];
    let tickets = (0..400).flat_map(|n| owners.map(|(owner, weight)| ticket(owner, weight, 'a', n)));
    let counts = served(&mut queue(tickets), 200, 1);
    let of = |weight: u32, owner: &str| counts[&(weight, owner.to_owned())];
    assert_eq!([of(6, "x"), of(3, "y"), of(3, "z"), of(1, "w")], [120, 30, 30, 20]);
}

#[test]
fn cost_is_what_is_shared_not_the_number_of_tickets() {
    let tickets = (0..200).flat_map(|n| [Ticket { cost: 4, ..ticket("large", 1, 'a', n) }, ticket("small", 1, 'b', n)]);
    let counts = served(&mut queue(tickets), 100, 1);
    assert_eq!((counts[&(1, "large".to_owned())], counts[&(1, "small".to_owned())]), (20, 80));
}

#[test]
fn nobody_saves_turns_up_by_being_away() {
    let mut queue = queue((0..300).map(|n| ticket("busy", 1, 'a', n)));
    served(&mut queue, 100, 1);
    (0..100).for_each(|n| queue.push(ticket("late", 1, 'b', n)));
    let counts = served(&mut queue, 20, 1);
    assert_eq!((counts[&(1, "busy".to_owned())], counts[&(1, "late".to_owned())]), (10, 10));
}

#[test]
fn tickets_that_fit_others_batches_cannot_overtake_their_own_oldest_for_ever() {
    let riders = |n: usize| [ticket("two", 1, 'a', n), Ticket { cost: 3, ..ticket("one", 1, 'a', n) }];
    let mut queue = queue([ticket("one", 1, 'b', 0)].into_iter().chain((1..9).flat_map(riders)));
    // From here on `one` gets its part by riding along with `two`, and never comes to lead.
    queue.lanes[0].owner("one").pass += STRIDE / 2;
    let waited = (9..200).find(|n| {
        riders(*n).into_iter().chain(riders(*n)).for_each(|ticket| queue.push(ticket));
        queue.take(2).batch.iter().any(|ticket| ticket.key == 'b')
    });
    assert!(waited.is_some_and(|batches| batches < 9 + 4 * OVERTAKERS as usize), "{waited:?}");
}

/// Random load (xorshift, seeded): nothing is lost, nothing comes twice, and every batch is of one key and within bounds.
#[test]
fn random_load_is_served_whole() {
    for seed in 1..=20_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let (mut queue, mut pushed, mut seen) = (Queue::new(), 0, HashSet::new());
        let (budget, max) = (4 + random(20), 1 + random(6) as usize);
        queue.set_budget(budget);
        for _ in 0..2_000 {
            for _ in 0..random(4) {
                let (owner, weight) = (random(5).to_string(), [6, 3, 1][random(3) as usize]);
                let key = ['a', 'b', 'c'][random(3) as usize];
                let wanted = ticket(&owner, weight, key, pushed);
                queue.push(Ticket { cost: 1 + random(8), left: random(20) == 0, ..wanted });
                pushed += 1;
            }
            let Taken { batch, left } = queue.take(max);
            assert!(batch.len() <= max && batch.iter().all(|ticket| ticket.key == batch[0].key && !ticket.left));
            let tokens: u64 = batch.iter().map(|ticket| ticket.cost).sum();
            assert!(tokens <= budget || batch.len() == 1, "{tokens} of {budget}");
            for ticket in batch.iter().chain(&left) {
                assert!(seen.insert(ticket.number), "{} came twice", ticket.number);
            }
        }
        let waiting = pushed - seen.len();
        let drained = (0..=waiting).map(|_| queue.take(max)).map(|taken| taken.batch.len() + taken.left.len());
        assert_eq!(drained.sum::<usize>(), waiting, "seed {seed}");
        assert!(queue.is_empty());
        let owners: usize = queue.lanes.iter().map(|lane| lane.owners.len()).sum();
        assert!(owners <= 15, "{owners} owners are remembered");
    }
}

#[test]
fn a_single_shot_waits_no_longer_than_one_round_of_owners_under_random_load() {
    for seed in 0..50_usize {
        let others = 1 + seed % 7;
        let backlog = (0..others * 100).map(|n| ticket(&format!("o{}", n % others), 3, ['a', 'b'][n % 2], n));
        let mut queue = queue(backlog);
        (0..seed).for_each(|_| drop(queue.take(1)));
        queue.push(ticket("single", 3, 'c', 0));
        let waited = (0..).find(|_| queue.take(1).batch[0].key == 'c');
        assert!(waited.is_some_and(|turns| turns <= others), "{waited:?} turns among {others}");
    }
}
