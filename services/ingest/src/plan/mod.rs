//! The fewest shots that feed all deliverables, and how each is drawn: one shot per variant, since a subject is set into
//! every shape anew and a drawn scene is fitted to it.

mod complexity;
mod keep;
mod outpaint;
mod recipe;
#[cfg(test)]
mod tests;

use cavendish_domain::effort::early_stop;
use cavendish_domain::outlook::{STUDIO, lone};
use cavendish_domain::{
    Backlog, Brief, Decision, Expected, InvalidBrief, JobId, Outlook, Reason, Reference, Reuse, ShotId, ShotRequest,
    ShotSubject, Way,
};
use cavendish_intake::{RENDER_SIDE, shape};
use cavendish_specs::Catalogue;
use cavendish_store::PlannedShot;
use complexity::Complexity;
use recipe::{Recipe, recipe};
use sha2::{Digest, Sha256};

/// What a plan is made under.
#[derive(Debug, Clone)]
pub(crate) struct Circumstances<'a> {
    /// The specs that the brief may name.
    pub(crate) specs: &'a Catalogue,
    /// What is known of the renderers.
    pub(crate) outlook: &'a Outlook,
    /// For a brief with a deadline.
    pub(crate) deadline: Option<Deadline>,
}

/// What a brief with a deadline is planned against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// Seconds that are left; negative when it is past.
    pub(crate) left: f64,
    /// What waits, the brief itself left out.
    pub(crate) backlog: Backlog,
}

/// Plans the shots of a brief; the same brief under the same circumstances gives the same shots.
///
/// # Errors
/// When the subjects are to be drawn and nothing else will do, and the model takes no references.
pub(crate) fn plan(
    job: JobId,
    brief: &Brief,
    subjects: &[ShotSubject],
    under: &Circumstances<'_>,
) -> Result<Vec<PlannedShot>, InvalidBrief> {
    let shown = subjects.iter().map(|subject| subject.cutouts.len() as u32).sum();
    let way = brief.way(under.outlook.model.as_ref(), shown);
    let why = keep::reasons(brief, way, shown, under.outlook)?;
    let shape = shape(brief, under.specs);
    let complexity = Complexity::of(brief, shape.largest);
    let mut recipe = match way {
        Way::Placed { scene: false } => placed(under),
        Way::Placed { scene: true } => recipe(brief, shape.ratio, &complexity, 0, under),
        Way::Drawn { references } => recipe(brief, shape.ratio, &complexity, references, under),
    };
    recipe.reasons.splice(0..0, why);
    let (size, steps) = (rendered(recipe.native).0, recipe.steps);
    let outpaint = outpaint::of(brief, way, size, under);
    recipe.reasons.extend(outpaint.as_ref().map(outpaint::reason));
    let decision = decision(brief, way, recipe, complexity.score, under);
    let shot = |variant| PlannedShot {
        id: ShotId::of_job(job, variant),
        request: ShotRequest {
            variant,
            prompt: keep::prompt(brief),
            seed: brief.seed.unwrap_or_default().wrapping_add(u64::from(variant)),
            width: size[0],
            height: size[1],
            steps,
            method: keep::method(brief, way),
            subjects: subjects.to_vec(),
            keeping: brief.keeping(),
            instead: keep::instead(brief, way),
            deliverables: (0..brief.deliverables.len()).collect(),
            outpaint: outpaint.clone(),
            decision: Some(for_variant(decision.clone(), variant, brief.variants)),
        },
        render: None,
    };
    Ok((0..brief.variants).map(shot).collect())
}

/// The recipe and its reasons, to be kept with the shots.
fn decision(brief: &Brief, way: Way, recipe: Recipe, complexity: f64, under: &Circumstances<'_>) -> Decision {
    let drawn = way != Way::Placed { scene: false };
    let shown = matches!(way, Way::Drawn { references: 1.. });
    Decision {
        model: under.outlook.model.as_ref().filter(|_| drawn).map(|facts| facts.drawing(shown).model.clone()),
        quality: brief.quality,
        complexity: (complexity * 1e3).round() / 1e3,
        native: recipe.native,
        upscale: rendered(recipe.native).1,
        early_stop: early_stop(brief.quality),
        reuse: reuse(brief),
        seconds: recipe.expected,
        reasons: recipe.reasons,
    }
}

/// The recipe where a subject's own pixels are placed on a backdrop.
fn placed(under: &Circumstances<'_>) -> Recipe {
    let costs = &under.outlook.costs;
    let estimate = costs.knows(STUDIO).then(|| costs.predict(&lone(STUDIO, [RENDER_SIDE; 2], 0, 0)));
    let expected = estimate.map(|estimate| Expected { mean: estimate.mean, upper: estimate.upper });
    Recipe { expected, ..Recipe::default() }
}

/// Size of the render in pixels, and how many times as large it is as what the model draws.
fn rendered(native: Option<[u32; 2]>) -> ([u32; 2], f64) {
    let Some([width, height]) = native else { return ([RENDER_SIDE; 2], 1.0) };
    let factor = (f64::from(RENDER_SIDE) / f64::from(width.max(height))).max(1.0);
    ([width, height].map(|side| (f64::from(side) * factor).round() as u32), factor)
}

/// Names of what the shots of this brief have in common with each other and with earlier ones.
fn reuse(brief: &Brief) -> Reuse {
    let of_reference = |reference: &Reference| match reference {
        Reference::Blob(key) => key.clone(),
        Reference::Data(data) => name(data),
    };
    let references = brief.subjects.iter().flat_map(|subject| match &subject.profile {
        Some(pin) => vec![pin.to_string()],
        None => subject.references.iter().map(of_reference).collect(),
    });
    Reuse { prompt: name(&brief.prompt), references: references.collect(), expected: false }
}

/// 128 bits of SHA-256, in hexadecimal.
fn name(text: &str) -> String {
    Sha256::digest(text.as_bytes())[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All variants but the first find the prompt encoded.
fn for_variant(mut decision: Decision, variant: u32, variants: u32) -> Decision {
    if variants > 1 && decision.model.is_some() {
        decision.reuse.expected = variant > 0;
        let text = format!("the encoded prompt serves all {variants} variants");
        decision.reasons.push(Reason::new("reuse_prompt", text));
    }
    decision
}
