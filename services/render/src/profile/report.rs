//! What the references of a profile have to do with each other.

use super::picture::Looked;
use cavendish_domain::{Reason, Verdict};
use cavendish_renderer::Embedding;
use cavendish_store::ProfiledReference;
use serde_json::{Value, json};

/// A reference whose mean consistency with the others is below this, that of another subject as likely as the same, is
/// doubtful; with fewer than three there is no telling which one is the stranger.
const STRANGER: f32 = 0.5;

type Row = (ProfiledReference, Option<Looked>);

/// The same file twice counts once.
pub(super) fn mark_duplicates(looked: &mut [Row]) {
    for at in 1..looked.len() {
        let (before, rest) = looked.split_at_mut(at);
        let Some((row, Some(this))) = rest.first_mut() else { continue };
        let twin = before
            .iter()
            .find(|(other, looked)| {
                other.verdict != Verdict::Rejected && looked.as_ref().is_some_and(|other| other.digest == this.digest)
            })
            .map(|(other, _)| other.index);
        if let Some(twin) = twin {
            row.verdict = Verdict::Rejected;
            row.cutout = None;
            row.reasons.push(Reason::new("duplicate", format!("is the same file as references[{twin}]")));
        }
    }
}

/// How consistent the references that are used are with each other: a matrix over their indices, its mean and least.
/// Flags what is unlike all others.
pub(super) fn self_similarity(looked: &mut [Row], consistency: impl Fn(f32) -> f32) -> Value {
    let used: Vec<(usize, Embedding)> =
        looked.iter().enumerate().filter_map(|(at, (row, _))| Some((at, Embedding(row.embedding.clone()?)))).collect();
    let round = |value: f32| (f64::from(value) * 1e4).round() / 1e4;
    let alike = |a: &Embedding, b: &Embedding| consistency(a.cosine(b));
    let (mut matrix, mut pairs) = (vec![], vec![]);
    for (at, (place, one)) in used.iter().enumerate() {
        let row: Vec<f32> = used.iter().map(|(_, other)| alike(one, other)).collect();
        pairs.extend(row.iter().skip(at + 1).copied());
        let others = used.len().saturating_sub(1);
        let mean = (row.iter().sum::<f32>() - row[at]) / others.max(1) as f32;
        if others >= 2 && mean < STRANGER {
            let text = format!("looks like another subject than the others: consistency {mean:.2}");
            let row = &mut looked[*place].0;
            row.verdict = Verdict::Flagged;
            row.reasons.push(Reason::new("unlike_others", text));
        }
        matrix.push(row.iter().map(|value| round(*value)).collect::<Vec<_>>());
    }
    let indices: Vec<i32> = used.iter().map(|(place, _)| looked[*place].0.index).collect();
    let mean = (!pairs.is_empty()).then(|| round(pairs.iter().sum::<f32>() / pairs.len() as f32));
    let least = pairs.iter().copied().min_by(f32::total_cmp).map(round);
    json!({"mean": mean, "least": least, "indices": indices, "matrix": matrix})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(index: i32, embedding: Option<[f32; 2]>) -> Row {
        let row = ProfiledReference {
            index,
            cutout: None,
            size: None,
            confidence: None,
            verdict: if embedding.is_some() { Verdict::Good } else { Verdict::Rejected },
            reasons: vec![],
            measures: json!({}),
            embedding: embedding.map(Vec::from),
        };
        (row, None)
    }

    #[test]
    fn the_stranger_is_flagged_and_what_is_left_out_counts_for_nothing() {
        let mut rows = [row(0, Some([1.0, 0.0])), row(1, None), row(2, Some([1.0, 0.0])), row(3, Some([0.0, 1.0]))];
        let told = self_similarity(&mut rows, |cosine| cosine);
        assert_eq!(told["indices"], json!([0, 2, 3]));
        assert_eq!(told["matrix"][0], json!([1.0, 1.0, 0.0]));
        assert_eq!((told["mean"].as_f64(), told["least"].as_f64()), (Some(0.3333), Some(0.0)));
        let verdicts: Vec<_> = rows.iter().map(|(row, _)| row.verdict).collect();
        assert_eq!(verdicts, [Verdict::Good, Verdict::Rejected, Verdict::Good, Verdict::Flagged]);
    }

    #[test]
    fn one_reference_is_similar_to_nothing() {
        let told = self_similarity(&mut [row(0, Some([1.0, 0.0]))], |cosine| cosine);
        assert_eq!((told["mean"].clone(), told["matrix"].clone()), (Value::Null, json!([[1.0]])));
    }
}
