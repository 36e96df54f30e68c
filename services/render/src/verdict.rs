//! What becomes of the best try: its figures are written down, and what the brief would rather not have is refused.

use crate::easel::Drawn;
use crate::score::Score;
use crate::tries::Tried;
use cavendish_conveyor::HandlerError;
use cavendish_domain::{Keeping, OnInconsistent};
use serde_json::json;

/// Writes down what was tried. `late` says that there was no time for all of it.
///
/// # Errors
/// Permanent `below_consistency`, with the figures, where a brief would rather have nothing.
pub(crate) fn judge(
    keeping: &Keeping,
    (mut drawn, score): (Drawn, Score),
    tried: &[Tried],
    late: bool,
    encoder: &str,
) -> Result<Drawn, HandlerError> {
    let below = score.least < keeping.least;
    let stopped = match below {
        false => "reached",
        true if late => "deadline",
        true => "tries",
    };
    if below {
        let each: Vec<_> = tried.iter().map(|tried| format!("{:.2}", tried.consistency)).collect();
        let detail = format!(
            "consistency: {:.2} is below min_consistency {} after {} tries ({}), stopped by {stopped}",
            score.least,
            keeping.least,
            tried.len(),
            each.join(", ")
        );
        if keeping.on_inconsistent == OnInconsistent::Fail {
            return Err(HandlerError::permanent("below_consistency", detail));
        }
        tracing::warn!(detail, "delivered below its consistency");
    }
    drawn.consistency = Some(score.least);
    drawn.report["consistency"] = json!({
        "score": score.least,
        "least": keeping.least,
        "below": below,
        "stopped": stopped,
        "encoder": encoder,
        "subjects": score.subjects,
        "tries": tried,
    });
    Ok(drawn)
}
