//! The fewest shots that feed all deliverables: one per variant, since a subject is set into every shape anew and a
//! drawn scene is fitted to it.

use crate::subjects::Prepared;
use cavendish_domain::{Brief, JobId, Method, Quality, ShotId, ShotRequest};
use cavendish_store::PlannedShot;

/// Side in pixels of a render that every deliverable is made from.
const SIDE: u32 = 1024;

/// Plans the shots of a brief; planning the same brief again gives the same shots.
pub(crate) fn plan(job: JobId, brief: &Brief, subject: Option<&Prepared>) -> Vec<PlannedShot> {
    let seed = brief.seed.unwrap_or_default();
    let method = || match subject {
        Some(Prepared { cutout, confidence, uncertain, .. }) => Method::Compose {
            cutout: cutout.clone(),
            confidence: *confidence,
            uncertain: uncertain.clone(),
            backdrop: brief.backdrop.clone(),
        },
        None => Method::Draw,
    };
    (0..brief.variants)
        .map(|variant| PlannedShot {
            id: ShotId::of_job(job, variant),
            request: ShotRequest {
                variant,
                prompt: brief.prompt.clone(),
                seed: seed.wrapping_add(u64::from(variant)),
                width: SIDE,
                height: SIDE,
                steps: steps(brief.quality),
                method: method(),
                deliverables: (0..brief.deliverables.len()).collect(),
            },
        })
        .collect()
}

/// Denoising steps by quality; `None` leaves it to the model.
fn steps(quality: Quality) -> Option<u32> {
    match quality {
        Quality::Flash => Some(6),
        Quality::Balanced | Quality::Auto => None,
        Quality::Best => Some(24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_shot_per_variant_feeds_every_deliverable_and_replanning_changes_nothing() {
        let json = serde_json::json!({
            "prompt": "hamburger", "variants": 3, "seed": u64::MAX, "quality": "flash",
            "deliverables": ["amazon-main", "meta-story"],
        });
        let brief: Brief = serde_json::from_value(json).unwrap();
        let job = JobId::new();
        let shots = plan(job, &brief, None);
        assert_eq!(shots.len(), 3);
        assert!(shots.iter().all(|shot| shot.request.deliverables == [0, 1] && shot.request.steps == Some(6)));
        assert_eq!(shots.iter().map(|shot| shot.request.seed).collect::<Vec<_>>(), [u64::MAX, 0, 1]);
        let again = plan(job, &brief, None);
        assert!(shots.iter().zip(&again).all(|(a, b)| a.id == b.id && a.request == b.request));
    }
}
