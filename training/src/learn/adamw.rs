use tch::{Kind, Tensor, no_grad};

/// What a step is taken with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) learning: f64,
    pub(crate) decay: f64,
    /// Of the moving average: how much of it stays.
    pub(crate) average: f64,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.99;
const EPS: f64 = 1e-8;
/// The gradient's norm, at most.
const CLIP: f64 = 1.0;

/// AdamW (Loshchilov and Hutter 2019) with the moving average of the parameters beside it. Written here because the
/// state of tch's optimisers cannot be stored. It steps in f32, whatever numbers the network computes with (mixed precision,
/// Micikevicius et al. 2018).
pub(crate) struct AdamW {
    /// What the network computes with.
    parameters: Vec<Tensor>,
    /// The same in f32: the parameters themselves where they are f32.
    masters: Vec<Tensor>,
    first: Vec<Tensor>,
    second: Vec<Tensor>,
    average: Vec<Tensor>,
    steps: i64,
}

impl AdamW {
    pub(crate) fn new(parameters: &[Tensor]) -> Self {
        let masters: Vec<Tensor> = parameters.iter().map(|parameter| parameter.detach().to_kind(Kind::Float)).collect();
        let zeros = || masters.iter().map(Tensor::zeros_like).collect::<Vec<_>>();
        let (first, second, average) = (zeros(), zeros(), masters.iter().map(Tensor::copy).collect());
        let parameters = parameters.iter().map(Tensor::shallow_clone).collect();
        Self { parameters, masters, first, second, average, steps: 0 }
    }

    /// One step along the gradients, which are cleared. Gives their norm; takes no step where that is no number.
    pub(crate) fn step(&mut self, rates: Rates) -> f64 {
        no_grad(|| {
            let grad = |parameter: &Tensor| {
                let grad = parameter.grad();
                if grad.defined() { grad.to_kind(Kind::Float) } else { grad }
            };
            let grads: Vec<Tensor> = self.parameters.iter().map(grad).collect();
            let squares: Vec<Tensor> =
                grads.iter().filter(|grad| grad.defined()).map(|grad| grad.square().sum(Kind::Float)).collect();
            let norm = Tensor::stack(&squares, 0).sum(Kind::Float).sqrt().double_value(&[]);
            if norm.is_finite() {
                self.steps += 1;
                let clip = (CLIP / norm.max(1e-12)).min(1.0);
                for (index, grad) in grads.iter().enumerate().filter(|(_, grad)| grad.defined()) {
                    self.update(index, &(grad * clip), rates);
                }
            }
            self.parameters.iter_mut().for_each(Tensor::zero_grad);
            norm
        })
    }

    fn update(&mut self, index: usize, grad: &Tensor, rates: Rates) {
        let (first, second) = (&mut self.first[index], &mut self.second[index]);
        let _ = first.g_mul_scalar_(BETA1).g_add_(&(grad * (1.0 - BETA1)));
        let _ = second.g_mul_scalar_(BETA2).g_add_(&(grad.square() * (1.0 - BETA2)));
        let correct = |beta: f64| 1.0 - beta.powi(self.steps.min(100_000) as i32);
        let step = &*first / ((&*second / correct(BETA2)).sqrt() + EPS) * (rates.learning / correct(BETA1));
        let master = &mut self.masters[index];
        let decays = master.dim() > 1; // norms and biases stay as they learn to be
        if decays {
            let _ = master.g_mul_scalar_(1.0 - rates.learning * rates.decay);
        }
        let _ = master.g_sub_(&step);
        // An average over all steps at first, so that it does not start from what was drawn by lot.
        let keep = rates.average.min(self.steps as f64 / (self.steps as f64 + 10.0));
        let average = &mut self.average[index];
        let _ = average.g_mul_scalar_(keep).g_add_(&(&*master * (1.0 - keep)));
        self.parameters[index].copy_(&self.masters[index]);
    }

    /// Does `work` with the moving average in the parameters' place.
    pub(crate) fn averaged<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let learnt: Vec<Tensor> = self.masters.iter().map(Tensor::copy).collect();
        put(&mut self.parameters, &self.average);
        let done = work();
        put(&mut self.parameters, &learnt);
        done
    }

    /// Everything by name, to be stored.
    pub(crate) fn state(&self) -> Vec<(String, Tensor)> {
        let mut state = vec![("steps".to_owned(), Tensor::from_slice(&[self.steps as f32]))];
        for (name, tensors) in self.parts() {
            state.extend(tensors.iter().enumerate().map(|(n, tensor)| (format!("{name}.{n}"), tensor.detach())));
        }
        state
    }

    /// Takes up what [`Self::state`] gave; `find` gives a stored tensor by its name.
    pub(crate) fn resume(&mut self, find: impl Fn(&str) -> anyhow::Result<Tensor>) -> anyhow::Result<()> {
        self.steps = find("steps")?.double_value(&[0]) as i64;
        no_grad(|| {
            let parts: [(&str, &mut Vec<Tensor>); 4] = [
                ("parameter", &mut self.masters),
                ("first", &mut self.first),
                ("second", &mut self.second),
                ("average", &mut self.average),
            ];
            for (name, tensors) in parts {
                for (n, tensor) in tensors.iter_mut().enumerate() {
                    tensor.f_copy_(&find(&format!("{name}.{n}"))?)?;
                }
            }
            Ok::<_, anyhow::Error>(())
        })?;
        put(&mut self.parameters, &self.masters);
        Ok(())
    }

    fn parts(&self) -> [(&'static str, &Vec<Tensor>); 4] {
        [("parameter", &self.masters), ("first", &self.first), ("second", &self.second), ("average", &self.average)]
    }
}

fn put(parameters: &mut [Tensor], values: &[Tensor]) {
    no_grad(|| parameters.iter_mut().zip(values).for_each(|(parameter, value)| parameter.copy_(value)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    /// Steps towards 1 that are far smaller than what bf16 tells apart there.
    fn learnt(kind: Kind) -> (f64, f64) {
        let parameter = Tensor::full([2, 2], 0.99, (kind, Device::Cpu)).set_requires_grad(true);
        let mut optimiser = AdamW::new(&[parameter.shallow_clone()]);
        for _ in 0..40 {
            (&parameter - 1.0).square().sum(Kind::Float).backward();
            optimiser.step(Rates { learning: 1e-4, decay: 0.0, average: 0.5 });
        }
        let averaged = optimiser.averaged(|| parameter.mean(Kind::Double).double_value(&[]));
        (parameter.mean(Kind::Double).double_value(&[]), averaged)
    }

    #[test]
    fn small_steps_add_up_in_bf16_as_in_f32() {
        let ((plain, averaged), (coarse, _)) = (learnt(Kind::Float), learnt(Kind::BFloat16));
        assert!((plain - 0.994).abs() < 5e-4 && averaged < plain && averaged > 0.993, "{plain} {averaged}");
        assert!((coarse - plain).abs() < 4e-3 && coarse > 0.991, "{coarse}");
    }
}
