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
/// state of tch's optimisers cannot be stored.
pub(crate) struct AdamW {
    parameters: Vec<Tensor>,
    first: Vec<Tensor>,
    second: Vec<Tensor>,
    average: Vec<Tensor>,
    steps: i64,
}

impl AdamW {
    pub(crate) fn new(parameters: &[Tensor]) -> Self {
        let zeros = || parameters.iter().map(Tensor::zeros_like).collect::<Vec<_>>();
        let average = parameters.iter().map(|parameter| parameter.detach().copy()).collect();
        let parameters = parameters.iter().map(Tensor::shallow_clone).collect();
        Self { parameters, first: zeros(), second: zeros(), average, steps: 0 }
    }

    /// One step along the gradients, which are cleared. Gives their norm; takes no step where that is no number.
    pub(crate) fn step(&mut self, rates: Rates) -> f64 {
        no_grad(|| {
            let grads: Vec<Tensor> = self.parameters.iter().map(Tensor::grad).collect();
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
        let parameter = &mut self.parameters[index];
        let decays = parameter.dim() > 1; // norms and biases stay as they learn to be
        if decays {
            let _ = parameter.g_mul_scalar_(1.0 - rates.learning * rates.decay);
        }
        let _ = parameter.g_sub_(&step);
        // An average over all steps at first, so that it does not start from what was drawn by lot.
        let keep = rates.average.min(self.steps as f64 / (self.steps as f64 + 10.0));
        let average = &mut self.average[index];
        let _ = average.g_mul_scalar_(keep).g_add_(&(&*parameter * (1.0 - keep)));
    }

    /// Does `work` with the moving average in the parameters' place.
    pub(crate) fn averaged<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.swap();
        let done = work();
        self.swap();
        done
    }

    fn swap(&mut self) {
        no_grad(|| {
            for (parameter, average) in self.parameters.iter_mut().zip(&mut self.average) {
                let learnt = parameter.copy();
                parameter.copy_(average);
                average.copy_(&learnt);
            }
        });
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
                ("parameter", &mut self.parameters),
                ("first", &mut self.first),
                ("second", &mut self.second),
                ("average", &mut self.average),
            ];
            for (name, tensors) in parts {
                for (n, tensor) in tensors.iter_mut().enumerate() {
                    tensor.f_copy_(&find(&format!("{name}.{n}"))?)?;
                }
            }
            Ok(())
        })
    }

    fn parts(&self) -> [(&'static str, &Vec<Tensor>); 4] {
        [("parameter", &self.parameters), ("first", &self.first), ("second", &self.second), ("average", &self.average)]
    }
}
