//! How much a brief asks of one image, read off its words: a sum of six parts, each 0..=1.
//!
//! | part | weight | full at |
//! |---|---|---|
//! | things: what `,`, `and`, `with`, `plus` set apart, and kept subjects | 0.25 | 6 |
//! | relations between things, by [`RELATIONS`] | 0.25 | 3 |
//! | text to be shown, in quotes | 0.20 | 40 characters; half of it for any text |
//! | counts: what numbers ask for beyond one | 0.10 | 6 |
//! | length | 0.10 | 60 words |
//! | size: pixels of the largest deliverable | 0.10 | 2048 × 2048 |

use cavendish_domain::Brief;

/// Words that put one thing in relation to another. `on a` is left out: nearly every prompt names a background.
const RELATIONS: [&str; 24] = [
    "left of",
    "right of",
    "next to",
    "beside",
    "between",
    "behind",
    "in front of",
    "on top of",
    "above",
    "below",
    "under",
    "underneath",
    "inside",
    "holding",
    "wearing",
    "carrying",
    "surrounded by",
    "against",
    "leaning on",
    "around",
    "facing",
    "touching",
    "hanging from",
    "filled with",
];
/// Words that set things apart.
const SEPARATORS: [&str; 5] = [",", "and", "with", "plus", "&"];
/// Numbers in words, from two.
const NUMBERS: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
/// Numbers in digits up to which things are meant, and not a year or a lens.
const MOST_COUNTED: usize = 20;

/// How much a brief asks of one image, and what of it was found.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Complexity {
    /// 0..=1.
    pub(crate) score: f64,
    things: usize,
    relations: usize,
    shown: usize,
    counted: usize,
    words: usize,
}

impl Complexity {
    /// Of a brief whose largest deliverable has that many pixels.
    pub(crate) fn of(brief: &Brief, largest: u64) -> Self {
        let (plain, shown) = split_quotes(&brief.prompt);
        let words = words(&plain);
        let text = format!(" {} ", words.join(" "));
        let plain_words = words.iter().filter(|word| word.as_str() != ",").count();
        let apart = words.iter().filter(|word| SEPARATORS.contains(&word.as_str())).count();
        let named = if plain_words == 0 { 0 } else { apart + 1 };
        let found = Self {
            score: 0.0,
            things: named + brief.subjects.len(),
            relations: RELATIONS.iter().map(|relation| text.matches(&format!(" {relation} ")).count()).sum(),
            shown,
            counted: words.iter().filter_map(|word| number(word)).map(|number| number - 1).sum(),
            words: plain_words,
        };
        Self { score: found.weigh(largest), ..found }
    }

    fn weigh(&self, largest: u64) -> f64 {
        let part = |count: usize, full: f64| (count as f64 / full).min(1.0);
        let text = if self.shown == 0 { 0.0 } else { 0.5 + 0.5 * part(self.shown, 40.0) };
        0.25 * part(self.things.saturating_sub(1), 5.0)
            + 0.25 * part(self.relations, 3.0)
            + 0.20 * text
            + 0.10 * part(self.counted, 6.0)
            + 0.10 * part(self.words, 60.0)
            + 0.10 * (largest as f64 / (2048.0 * 2048.0)).min(1.0)
    }

    /// What was found, for a person.
    pub(crate) fn told(&self) -> String {
        let Self { score, things, relations, shown, words, .. } = self;
        let text = if *shown > 0 { format!(", {shown} characters of text to show") } else { String::new() };
        format!("complexity {score:.2} of 1: {things} things, {relations} relations, {words} words{text}")
    }
}

/// The prompt without what stands in quotes, and how many characters stand in them. A quote that is not closed is none.
fn split_quotes(prompt: &str) -> (String, usize) {
    const PAIRS: [(char, char); 4] = [('"', '"'), ('“', '”'), ('«', '»'), ('„', '“')];
    let (mut plain, mut shown, mut rest) = (String::new(), 0, prompt);
    while let Some((at, open)) = rest.char_indices().find(|(_, c)| PAIRS.iter().any(|(open, _)| open == c)) {
        let inside = &rest[at + open.len_utf8()..];
        let closes = |c: char| PAIRS.iter().any(|(one, other)| *one == open && *other == c);
        plain.push_str(&rest[..at]);
        plain.push(' ');
        match inside.char_indices().find(|(_, c)| closes(*c)) {
            Some((end, close)) => {
                shown += inside[..end].chars().count();
                rest = &inside[end + close.len_utf8()..];
            }
            None => rest = inside,
        }
    }
    plain.push_str(rest);
    (plain, shown)
}

/// Lower-case words; what ends a phrase becomes a word `,` of its own.
fn words(text: &str) -> Vec<String> {
    let spaced: String = text.to_lowercase().chars().flat_map(spaced).collect();
    let mut words: Vec<String> = spaced.split_whitespace().map(str::to_owned).collect();
    while words.last().is_some_and(|word| word == ",") {
        words.pop();
    }
    words
}

fn spaced(c: char) -> impl Iterator<Item = char> {
    let (before, c, after) = match c {
        ',' | ';' | '.' | '!' | '?' | '\n' => (Some(' '), ',', Some(' ')),
        '(' | ')' | ':' => (None, ' ', None),
        c => (None, c, None),
    };
    before.into_iter().chain([c]).chain(after)
}

/// What a word counts, from two.
fn number(word: &str) -> Option<usize> {
    let in_words = NUMBERS.iter().position(|name| *name == word).map(|at| at + 2);
    in_words.or_else(|| word.parse().ok().filter(|number| (2..=MOST_COUNTED).contains(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(prompt: &str) -> Complexity {
        let json = serde_json::json!({"prompt": prompt, "deliverables": ["tiktok-square"]});
        Complexity::of(&serde_json::from_value(json).unwrap(), 640 * 640)
    }

    #[test]
    fn what_is_asked_for_is_found() {
        let found = of("Three cups next to a teapot, a spoon left of it, and a sign that says “Open till 9, daily”.");
        assert_eq!((found.things, found.relations, found.counted, found.shown), (4, 2, 2, 18));
        let plain = of("hamburger on a sky blue background");
        assert_eq!((plain.things, plain.relations, plain.shown, plain.words), (1, 0, 0, 6));
        assert!(plain.score < 0.05 && found.score > 0.4, "{} {}", plain.score, found.score);
        assert_eq!(of("a dog holding a \"SALE\" sign").shown, 4);
        assert_eq!(of("five inches (\"6\" tall), 1999").counted, 4);
    }

    #[test]
    fn the_score_grows_with_every_part_and_ends_at_one() {
        let steps = ["a cup", "a cup and a plate", "a cup and a plate next to a pot", "a cup, two plates behind \"X\""];
        let scores = steps.map(|prompt| of(prompt).score);
        assert!(scores.windows(2).all(|pair| pair[0] < pair[1]), "{scores:?}");
        let everything = format!("{} “{}”", "twelve cups between and behind, under, ".repeat(30), "y".repeat(60));
        let score = of(&everything).score;
        assert!(score > 0.9 && score <= 1.0, "{score}");
        assert_eq!(of("").things, 0);
    }

    #[test]
    fn odd_prompts_are_read_without_harm() {
        for prompt in ["\"", "“”", "«a", ",,,", "  \n ", "„Straße“ neben ß", "🍔 and 🍟", "\"a\"\"b\"\""]
        {
            let found = of(prompt);
            assert!((0.0..=1.0).contains(&found.score), "{prompt}: {found:?}");
        }
        assert_eq!(of("„Straße“").shown, 6);
    }
}
