//! What is measured.

use crate::ours::{self, Order};
use crate::peer::{self, Peer, Took};
use crate::{Args, Finding};
use anyhow::{Context, Result};
use cavendish_engine::Pipeline;
use serde_json::{Value, json};
use std::path::Path;

/// One comparison.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Not part of a plain run: too large for a small machine.
    pub(crate) on_request: bool,
    run: fn(&Args, &Case) -> Result<Vec<Finding>>,
}

/// All cases.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: "default_b1",
        about: "the default model, one image of 256 × 256 in 12 guided steps",
        on_request: false,
        run: |args, case| default_model(args, case, 1),
    },
    Case {
        name: "default_b8",
        about: "the default model, eight images in one batch",
        on_request: false,
        run: |args, case| default_model(args, case, 8),
    },
    Case {
        name: "klein_small_b1",
        about: "a klein of 8 blocks × 1024, one image of 256 × 256 in 4 steps",
        on_request: false,
        run: |args, case| klein(args, case, "small", 256, 1),
    },
    Case {
        name: "klein_small_b8",
        about: "a klein of 8 blocks × 1024, eight images in one batch",
        on_request: false,
        run: |args, case| klein(args, case, "small", 256, 8),
    },
    Case {
        name: "reuse",
        about: "references of 256 × 256, kept beside references in every step",
        on_request: false,
        run: |args, _| reuse(args, "small", 256),
    },
    Case {
        name: "seconds_1024",
        about: "the default model, one image of 1024 × 1024 with everything",
        on_request: false,
        run: |args, _| seconds_1024(args),
    },
    Case {
        name: "klein_4b_512",
        about: "klein 4B of random weights, 512 × 512, batches of 1 to 16",
        on_request: true,
        run: |args, case| klein_4b(args, case, 512),
    },
    Case {
        name: "klein_4b_1024",
        about: "klein 4B of random weights, 1024 × 1024, batches of 1 to 16",
        on_request: true,
        run: |args, case| klein_4b(args, case, 1024),
    },
    Case {
        name: "klein_4b_reuse",
        about: "klein 4B of random weights, references of 1024 × 1024",
        on_request: true,
        run: |args, _| reuse(args, "4b", 1024),
    },
];

/// Their names, for the command line.
pub(crate) fn names() -> Vec<&'static str> {
    CASES.iter().map(|case| case.name).collect()
}

impl Case {
    pub(crate) fn run(&self, args: &Args) -> Result<Vec<Finding>> {
        (self.run)(args, self)
    }
}

fn default_model(args: &Args, case: &Case, images: usize) -> Result<Vec<Finding>> {
    let order = Order { images, side: 256, steps: 12, references: 0 };
    let pipeline = ours::load(args, &args.nano, images)?;
    let mut peer = Peer::start(args, &peer::load_nano(args))?;
    compare(args, case.name, &pipeline, &mut peer, order, images == 1)
}

fn klein(args: &Args, case: &Case, preset: &str, side: u32, images: usize) -> Result<Vec<Finding>> {
    let model = peer::random_klein(args, preset)?;
    let order = Order { images, side, steps: 4, references: 0 };
    let pipeline = ours::load(args, &model, images)?;
    let mut peer = Peer::start(args, &load_klein(&pipeline, &model))?;
    compare(args, case.name, &pipeline, &mut peer, order, images == 1)
}

fn klein_4b(args: &Args, case: &Case, side: u32) -> Result<Vec<Finding>> {
    let model = peer::random_klein(args, "4b")?;
    let mut peer = None;
    let mut findings = Vec::new();
    for images in [1, 2, 4, 8, 16] {
        let pipeline = ours::load(args, &model, images)?;
        let peer = match &mut peer {
            Some(peer) => peer,
            none => none.insert(Peer::start(args, &load_klein(&pipeline, &model))?),
        };
        let order = Order { images, side, steps: 4, references: 0 };
        findings.extend(compare(args, &format!("{}_b{images}", case.name), &pipeline, peer, order, images == 1)?);
    }
    Ok(findings)
}

fn load_klein(pipeline: &Pipeline, model: &Path) -> Value {
    json!({"load": "klein", "model": model, "tokens": pipeline.manifest().text_encoder.tokens})
}

/// Rounds of one side after the other; a first draw of each warms up and is not counted.
fn compare(
    args: &Args,
    name: &str,
    pipeline: &Pipeline,
    peer: &mut Peer,
    order: Order,
    compile: bool,
) -> Result<Vec<Finding>> {
    let (mut mine, mut eager, mut compiled) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=args.rounds {
        let prompt = prompt(round);
        let ours = ours::draw(pipeline, order, &prompt)?;
        let theirs = peer.draw(&theirs(order, &prompt, false))?.context("eager drawing failed")?;
        let fast =
            (args.compiled && compile).then(|| peer.draw(&theirs_compiled(order, &prompt))).transpose()?.flatten();
        if round > 0 {
            mine.push(ours);
            eager.push(theirs);
            compiled.extend(fast);
        }
    }
    let ratio = |over: &[Took], pick: fn(&Took) -> f64| -> Vec<f64> {
        over.iter().zip(&mine).map(|(theirs, ours)| pick(theirs) / pick(ours)).collect()
    };
    let all = |of: &[Took], pick: fn(&Took) -> f64| -> Vec<f64> { of.iter().map(pick).collect() };
    let mut findings = vec![
        Finding::metric(format!("ratio_{name}"), ratio(&eager, |took| took.seconds)),
        Finding::metric(format!("ratio_step_{name}"), ratio(&eager, |took| took.step)),
        Finding::detail("ours", all(&mine, |took| took.seconds)),
        Finding::detail("ours_step", all(&mine, |took| took.step)),
        Finding::detail("ours_decode", all(&mine, |took| took.decode)),
        Finding::detail("eager", all(&eager, |took| took.seconds)),
        Finding::detail("eager_step", all(&eager, |took| took.step)),
    ];
    if !compiled.is_empty() {
        findings.push(Finding::metric(format!("ratio_compiled_{name}"), ratio(&compiled, |took| took.seconds)));
        findings.push(Finding::detail("compiled", all(&compiled, |took| took.seconds)));
    }
    Ok(findings)
}

/// 1, 2 and 4 references: kept from an earlier image, beside the image in every step, and what diffusers does with
/// them, beside and kept from the first step of the same image.
fn reuse(args: &Args, preset: &str, side: u32) -> Result<Vec<Finding>> {
    let model = peer::random_klein(args, preset)?;
    let pipeline = ours::load(args, &model, 1)?;
    let beside = ours::load(args, &model, 1)?.with_references_beside();
    let mut peer = Peer::start(args, &load_klein(&pipeline, &model))?;
    let mut findings = Vec::new();
    for references in [1, 2, 4] {
        let order = Order { images: 1, side, steps: 4, references };
        let plural = if references == 1 { "reference" } else { "references" };
        let (mut gain, mut joint, mut kv) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=args.rounds {
            let prompt = prompt(round);
            let kept = ours::draw(&pipeline, order, &prompt)?.seconds;
            let full = ours::draw(&beside, order, &prompt)?.seconds;
            let mut theirs = |kv| peer.draw(&theirs(order, &prompt, kv))?.context("eager drawing failed");
            let (their_joint, their_kv) = (theirs(false)?.seconds, theirs(true)?.seconds);
            if round > 0 {
                gain.push(full / kept);
                joint.push(their_joint / kept);
                kv.push(their_kv / kept);
            }
        }
        findings.push(Finding::metric(format!("reuse_gain_{references}_{plural}"), gain));
        findings.push(Finding::metric(format!("reuse_ratio_diffusers_{references}"), joint));
        findings.push(Finding::metric(format!("reuse_ratio_diffusers_kv_{references}"), kv));
    }
    Ok(findings)
}

fn seconds_1024(args: &Args) -> Result<Vec<Finding>> {
    let order = Order { images: 1, side: 1024, steps: 12, references: 0 };
    let pipeline = ours::load(args, &args.nano, 1)?;
    let mut peer = Peer::start(args, &peer::load_nano(args))?;
    let (mut seconds, mut theirs_too) = (Vec::new(), Vec::new());
    for round in 0..=args.rounds {
        let prompt = prompt(round);
        let ours = ours::draw(&pipeline, order, &prompt)?.seconds;
        let theirs = peer.draw(&theirs(order, &prompt, false))?.context("eager drawing failed")?.seconds;
        if round > 0 {
            seconds.push(ours);
            theirs_too.push(theirs);
        }
    }
    Ok(vec![Finding::metric("seconds_1024", seconds), Finding::detail("eager", theirs_too)])
}

fn prompt(round: usize) -> String {
    format!("hamburger number {round} on a sky blue background")
}

fn theirs(order: Order, prompt: &str, kv: bool) -> Value {
    let Order { images, side, steps, references } = order;
    json!({"draw": images, "prompt": prompt, "side": side, "steps": steps, "references": references, "kv": kv})
}

fn theirs_compiled(order: Order, prompt: &str) -> Value {
    let mut order = theirs(order, prompt, false);
    order["compiled"] = json!(true);
    order
}
