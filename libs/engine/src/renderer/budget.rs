//! How many tokens a batch may hold, found by measuring: more, as long as more tokens a second come of it.

use std::collections::BTreeMap;

/// How much faster twice the tokens must be to be worth it: the share by which tokens per second must grow.
const GROWTH: f64 = 0.05;
/// Batches that must be measured at a size before it is judged.
const ENOUGH: u32 = 3;
/// How much the newest batch weighs in a size's rate.
const NEWEST: f64 = 0.25;
/// The largest power of two that is tried.
const LARGEST: u32 = 40;

/// What batches of one size did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rate {
    /// Tokens per second, exponentially weighted.
    per_second: f64,
    batches: u32,
}

impl Rate {
    fn observe(&mut self, per_second: f64) {
        self.batches = self.batches.saturating_add(1);
        let weight = (1.0 / f64::from(self.batches)).max(NEWEST);
        self.per_second += weight * (per_second - self.per_second);
    }
}

/// The power of two, as an exponent, up to which batches are worth filling: from the smallest size that was measured,
/// doubled while throughput grew, and once more where the next size is not measured yet. `None` while nothing is
/// judged. Sizes above `ceiling` are not tried.
pub(super) fn worth_filling(rates: &BTreeMap<u32, Rate>, ceiling: u32) -> Option<u32> {
    let judged = |exponent: u32| rates.get(&exponent).filter(|rate| rate.batches >= ENOUGH);
    let mut best = rates.keys().copied().find(|exponent| judged(*exponent).is_some())?;
    while best < ceiling {
        match (judged(best), judged(best + 1)) {
            (Some(now), Some(next)) if next.per_second > now.per_second * (1.0 + GROWTH) => best += 1,
            (Some(_), Some(_)) => break,
            _ => {
                best += 1;
                break;
            }
        }
    }
    Some(best.min(ceiling))
}

/// The token budget of a device and model.
///
/// It starts at one size, tries the double when enough batches were measured, stays where throughput stops growing, and
/// steps back for good when the device runs out of memory.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    rates: BTreeMap<u32, Rate>,
    first: u32,
    ceiling: u32,
}

impl Budget {
    /// Starts with batches of about `tokens`: those of one image of the model's default size.
    pub(super) fn new(tokens: u64) -> Self {
        Self { rates: BTreeMap::new(), first: exponent(tokens), ceiling: LARGEST }
    }

    /// Tokens that the next batch may hold.
    pub(super) fn tokens(&self) -> u64 {
        1 << worth_filling(&self.rates, self.ceiling).unwrap_or_else(|| self.first.min(self.ceiling))
    }

    /// Takes in that a batch of `tokens` took `seconds`.
    pub(super) fn observe(&mut self, tokens: u64, seconds: f64) {
        if tokens > 0 && seconds.is_finite() && seconds > 0.0 {
            self.rates.entry(exponent(tokens)).or_default().observe(tokens as f64 / seconds);
        }
    }

    /// Takes in that a batch of `tokens` was too much for the device: no batch of more than half as many is tried again.
    pub(super) fn out_of_memory(&mut self, tokens: u64) {
        self.ceiling = self.ceiling.min(exponent(tokens).saturating_sub(1));
        self.rates.retain(|exponent, _| *exponent <= self.ceiling);
    }
}

/// The least power of two that holds `tokens`, as an exponent.
fn exponent(tokens: u64) -> u32 {
    tokens.max(1).next_power_of_two().trailing_zeros().min(LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fills every batch to its budget on a device of that speed; says where the budget ends up.
    fn settle(budget: &mut Budget, batches: usize, seconds: impl Fn(u64, usize) -> f64) -> u64 {
        for batch in 0..batches {
            let tokens = budget.tokens();
            budget.observe(tokens, seconds(tokens, batch));
        }
        budget.tokens()
    }

    /// A device that is filled by `full` tokens: fewer take as long.
    fn device(full: u64) -> impl Fn(u64, usize) -> f64 {
        move |tokens, _| tokens.max(full) as f64 / 1000.0
    }

    #[test]
    fn it_grows_until_the_device_is_full() {
        assert_eq!(settle(&mut Budget::new(1024), 100, device(8192)), 8192);
        assert_eq!(settle(&mut Budget::new(1024), 100, device(1)), 1024, "one image fills it");
        assert_eq!(settle(&mut Budget::new(4608), 100, device(1)), 8192, "the first size holds an image");
    }

    #[test]
    fn noise_below_what_counts_does_not_make_it_grow() {
        let noisy = |tokens: u64, batch: usize| tokens as f64 / 1000.0 * (1.0 + 0.02 * ((batch % 3) as f64 - 1.0));
        assert_eq!(settle(&mut Budget::new(2048), 300, noisy), 2048);
    }

    #[test]
    fn light_load_says_nothing_of_sizes_that_were_not_filled() {
        let mut budget = Budget::new(4096);
        (0..50).for_each(|_| budget.observe(1024, 1.0));
        assert_eq!(budget.tokens(), 2048, "one size above what is known");
        (0..3).for_each(|_| budget.observe(2048, 1.0));
        assert_eq!(budget.tokens(), 4096);
    }

    #[test]
    fn out_of_memory_halves_and_is_remembered() {
        let mut budget = Budget::new(1024);
        assert_eq!(settle(&mut budget, 6, device(1 << 30)), 4096);
        budget.out_of_memory(4096);
        assert_eq!(budget.tokens(), 2048);
        assert_eq!(settle(&mut budget, 100, device(1 << 30)), 2048, "never above again");
        budget.out_of_memory(2000);
        assert_eq!(budget.tokens(), 1024);
        (0..20).for_each(|_| budget.out_of_memory(1));
        assert_eq!(budget.tokens(), 1, "and never nothing");
    }

    #[test]
    fn a_device_that_became_slower_is_measured_anew() {
        let mut budget = Budget::new(1024);
        assert_eq!(settle(&mut budget, 100, device(4096)), 4096);
        // Now half as many tokens are as fast: what was gained by the larger batch is gone.
        (0..40).for_each(|_| budget.observe(2048, 2.048));
        (0..40).for_each(|_| budget.observe(4096, 4.096));
        assert_eq!(budget.tokens(), 2048);
    }

    #[test]
    fn what_is_no_measurement_is_left_out() {
        let mut budget = Budget::new(1024);
        for (tokens, seconds) in [(0, 1.0), (1024, 0.0), (1024, f64::NAN), (1024, -1.0)] {
            (0..9).for_each(|_| budget.observe(tokens, seconds));
        }
        assert_eq!(budget.tokens(), 1024);
    }
}
