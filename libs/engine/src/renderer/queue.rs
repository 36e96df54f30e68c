use std::collections::VecDeque;

/// Something that waits to be drawn.
pub(super) trait Waiting {
    /// Tickets of the same key can share a batch.
    type Key: PartialEq;

    /// What must agree within a batch.
    fn key(&self) -> Self::Key;

    /// Whether nobody waits for it any more.
    fn left(&self) -> bool;
}

/// Tickets in the order they came.
///
/// There is no batching window: whoever has a free device takes what waits. Under light load that is one ticket at
/// once, under backlog a full batch.
pub(super) struct Queue<T> {
    tickets: VecDeque<T>,
}

/// What [`Queue::take`] found.
pub(super) struct Taken<T> {
    /// Tickets to draw, of one key, the oldest first; empty if all had left.
    pub(super) batch: Vec<T>,
    /// Tickets nobody waits for.
    pub(super) left: Vec<T>,
}

impl<T: Waiting> Queue<T> {
    pub(super) fn new() -> Self {
        Self { tickets: VecDeque::new() }
    }

    pub(super) fn push(&mut self, ticket: T) {
        self.tickets.push_back(ticket);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// The oldest ticket and those that fit with it, at most `max`, and all that have left. The others keep their places.
    pub(super) fn take(&mut self, max: usize) -> Taken<T> {
        let (left, staying): (Vec<T>, Vec<T>) = self.tickets.drain(..).partition(Waiting::left);
        let key = staying.first().map(Waiting::key);
        let mut batch = Vec::new();
        for ticket in staying {
            if batch.len() < max && Some(ticket.key()) == key {
                batch.push(ticket);
            } else {
                self.tickets.push_back(ticket);
            }
        }
        Taken { batch, left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Ticket(char, u8, bool);

    impl Waiting for Ticket {
        type Key = char;

        fn key(&self) -> char {
            self.0
        }

        fn left(&self) -> bool {
            self.2
        }
    }

    fn numbers(tickets: &[Ticket]) -> Vec<u8> {
        tickets.iter().map(|ticket| ticket.1).collect()
    }

    #[test]
    fn takes_what_fits_with_the_oldest_in_order() {
        let mut queue = Queue::new();
        for (key, number, left) in
            [('b', 0, true), ('a', 1, false), ('b', 2, false), ('a', 3, false), ('a', 4, true), ('a', 5, false)]
        {
            queue.push(Ticket(key, number, left));
        }
        let first = queue.take(2);
        assert_eq!((numbers(&first.batch), numbers(&first.left)), (vec![1, 3], vec![0, 4]));
        assert_eq!(numbers(&queue.take(2).batch), [2], "the oldest decides, however many of another key wait");
        assert_eq!(numbers(&queue.take(2).batch), [5]);
        assert!(queue.is_empty());
        assert!(queue.take(2).batch.is_empty());
    }
}
