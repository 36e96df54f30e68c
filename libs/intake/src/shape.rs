use cavendish_domain::Brief;
use cavendish_specs::Catalogue;

/// Longer side in pixels of a render, at least: what every deliverable is made from.
pub const RENDER_SIDE: u32 = 1024;

/// What the deliverables of a brief ask of the render that feeds them all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Width over height: the geometric mean over the deliverables.
    pub ratio: f64,
    /// Pixels of the largest deliverable.
    pub largest: u64,
}

/// The shape a brief asks for; what is not in `specs` is passed over.
#[must_use]
pub fn shape(brief: &Brief, specs: &Catalogue) -> Shape {
    let sizes = brief.deliverables.iter().filter_map(|wanted| specs.get(&wanted.spec).ok()).map(|spec| &spec.size);
    let (mut logs, mut count, mut largest) = (0.0, 0_u32, 0);
    for size in sizes {
        logs += size.aspect().ln();
        count += 1;
        largest = largest.max(u64::from(size.width) * u64::from(size.height));
    }
    Shape { ratio: (logs / f64::from(count.max(1))).exp(), largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(specs: &[&str]) -> Shape {
        let brief = serde_json::json!({"prompt": "x", "deliverables": specs});
        shape(&serde_json::from_value(brief).unwrap(), Catalogue::builtin())
    }

    #[test]
    fn wide_and_tall_even_out_and_the_largest_counts() {
        let story = Catalogue::builtin().get("meta-story").unwrap().size.clone();
        assert!((of(&["meta-story"]).ratio - story.aspect()).abs() < 1e-9);
        assert_eq!(of(&["meta-story"]).largest, u64::from(story.width) * u64::from(story.height));
        let both = of(&["meta-story", "linkedin-landscape"]);
        assert!(both.ratio > of(&["meta-story"]).ratio && both.ratio < of(&["linkedin-landscape"]).ratio, "{both:?}");
        assert_eq!(of(&[]), Shape { ratio: 1.0, largest: 0 });
    }
}
