//! Where lines may break: by the rules of Unicode (ICU4X, with its networks for scripts without spaces), inside words
//! where the language hyphenates; and where they do: in the fewest lines, as even as can be.

use hypher::Lang;
use icu_locale::Locale;
use icu_segmenter::options::{LineBreakOptions, WordBreakInvariantOptions};
use icu_segmenter::{LineSegmenter, WordSegmenter};
use std::collections::HashSet;

/// Letters of a word that may be hyphenated, and before and after a hyphen, at least.
const LEAST_WORD: usize = 9;
const LEAST_PART: usize = 4;

const SOFT_HYPHEN: char = '\u{ad}';

/// What a break between two pieces costs beside the emptiness of a line (1): between words of a script without spaces
/// (nothing after punctuation), inside one, and inside a word that is hyphenated.
const BETWEEN_WORDS: f32 = 0.1;
const INSIDE_WORD: f32 = 0.3;
const HYPHENATED: f32 = 0.3;

/// Text that stays together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Piece {
    /// Its bytes, without the space behind it.
    start: usize,
    end: usize,
    /// Where the next one begins.
    next: usize,
    after: Break,
}

/// What a line that ends with a piece looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Plain,
    BetweenWords,
    InsideWord,
    Hyphen,
    Forced,
}

/// One text of one language.
#[derive(Debug)]
pub(crate) struct Breaker<'a> {
    text: &'a str,
    pieces: Vec<Piece>,
}

/// Spaces at which no line ends: between the groups of a number, and before its unit.
const HARD_SPACES: [char; 3] = ['\u{a0}', '\u{2007}', '\u{202f}'];

/// Text as it is set, with the places where its writer allows a hyphen: white space is one space, hard spaces and line feeds
/// stay.
pub(crate) fn tidy(text: &str) -> (String, HashSet<usize>) {
    let (mut tidied, mut soft) = (String::with_capacity(text.len()), HashSet::new());
    let soft_space = |c: char| c.is_whitespace() && !HARD_SPACES.contains(&c);
    let words = |line: &str| line.split(soft_space).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    for line in text.split('\n').map(words) {
        if !tidied.is_empty() {
            tidied.push('\n');
        }
        for c in line.chars() {
            if c == SOFT_HYPHEN {
                soft.insert(tidied.len());
            } else {
                tidied.push(c);
            }
        }
    }
    (tidied, soft)
}

impl<'a> Breaker<'a> {
    /// `soft` are the places where a hyphen is allowed; with `hyphenate` the language's own are found as well.
    pub(crate) fn new(text: &'a str, soft: &HashSet<usize>, locale: &Locale, hyphenate: bool) -> Self {
        let mut options = LineBreakOptions::default();
        options.content_locale = Some(&locale.id);
        let words: HashSet<usize> =
            WordSegmenter::new_auto(WordBreakInvariantOptions::default()).segment_str(text).collect();
        let language = Lang::from_iso(iso(locale)).filter(|_| hyphenate);
        let mut pieces = vec![];
        let ends: Vec<usize> = LineSegmenter::new_auto(options).segment_str(text).filter(|end| *end > 0).collect();
        let mut start = 0;
        for next in ends {
            let whole = &text[start..next];
            let end = start + whole.trim_end().len();
            let after = match () {
                () if whole.ends_with('\n') => Break::Forced,
                () if end < next || !whole.ends_with(char::is_alphanumeric) => Break::Plain,
                () if words.contains(&end) => Break::BetweenWords,
                () => Break::InsideWord,
            };
            let mut from = start;
            let mut hyphens: Vec<usize> = soft.iter().copied().filter(|at| (start + 1..end).contains(at)).collect();
            hyphens.extend(
                language.into_iter().flat_map(|language| hyphens_in(&text[start..end], language)).map(|at| start + at),
            );
            hyphens.sort_unstable();
            hyphens.dedup();
            for at in hyphens {
                pieces.push(Piece { start: from, end: at, next: at, after: Break::Hyphen });
                from = at;
            }
            pieces.push(Piece { start: from, end, next, after });
            start = next;
        }
        Self { text, pieces }
    }

    /// The lines of the text where each is at most `most` wide, or None where a piece is wider or more than `lines` are
    /// needed. `width` measures a range of bytes, `hyphen` is the width of a hyphen.
    pub(crate) fn lines(
        &self,
        most: f32,
        lines: usize,
        width: impl Fn(usize, usize) -> f32,
        hyphen: f32,
    ) -> Option<Vec<String>> {
        let count = self.pieces.len();
        // cost[n][at]: the least unevenness of the first `at` pieces in `n` lines, and where the last line begins.
        let mut cost = vec![vec![(f32::INFINITY, 0); count + 1]; lines + 1];
        cost[0][0] = (0.0, 0);
        for n in 1..=lines {
            for at in 1..=count {
                for from in (0..at).rev() {
                    let Some(line) = self.cost(from, at, most, &width, hyphen) else { break };
                    let total = cost[n - 1][from].0 + line;
                    if total < cost[n][at].0 {
                        cost[n][at] = (total, from);
                    }
                }
            }
            if cost[n][count].0.is_finite() {
                return Some(self.traced(&cost, n));
            }
        }
        None
    }

    /// What the pieces `from..at` cost as a line; None where they cannot be one.
    fn cost(
        &self,
        from: usize,
        at: usize,
        most: f32,
        width: &impl Fn(usize, usize) -> f32,
        hyphen: f32,
    ) -> Option<f32> {
        let (first, last) = (&self.pieces[from], &self.pieces[at - 1]);
        if self.pieces[from..at - 1].iter().any(|piece| piece.after == Break::Forced) {
            return None;
        }
        let whole = at == self.pieces.len();
        let extra = if last.after == Break::Hyphen && !whole { hyphen } else { 0.0 };
        let taken = width(first.start, last.end) + extra;
        let slack = (1.0 - taken / most).max(0.0);
        let penalty = match last.after {
            Break::Hyphen => HYPHENATED,
            Break::InsideWord if !whole => INSIDE_WORD,
            Break::BetweenWords if !whole => BETWEEN_WORDS,
            _ => 0.0,
        };
        (taken <= most).then_some(slack * slack + penalty)
    }

    fn traced(&self, cost: &[Vec<(f32, usize)>], lines: usize) -> Vec<String> {
        let (mut found, mut at) = (vec![], self.pieces.len());
        for n in (1..=lines).rev() {
            let from = cost[n][at].1;
            let (first, last) = (&self.pieces[from], &self.pieces[at - 1]);
            let hyphen = if last.after == Break::Hyphen { "-" } else { "" };
            found.push(format!("{}{hyphen}", &self.text[first.start..last.end]));
            at = from;
        }
        found.reverse();
        found
    }
}

/// The two letters of the locale's language; languages of three are not hyphenated.
fn iso(locale: &Locale) -> [u8; 2] {
    locale.id.language.as_str().as_bytes().try_into().unwrap_or([b'-'; 2])
}

/// Where the long words of `text` may have a hyphen.
fn hyphens_in(text: &str, language: Lang) -> Vec<usize> {
    let mut found = vec![];
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() >= LEAST_WORD) {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        let mut at = start;
        for part in hypher::hyphenate_bounded(word, language, LEAST_PART, LEAST_PART) {
            at += part.len();
            found.extend((at < start + word.len()).then_some(at));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, tag: &str, hyphenate: bool, most: f32, count: usize) -> Option<Vec<String>> {
        let (text, soft) = tidy(text);
        let locale = Locale::try_from_str(tag).unwrap();
        let wide = |from: usize, to: usize| text[from..to].chars().count() as f32;
        Breaker::new(&text, &soft, &locale, hyphenate).lines(most, count, wide, 1.0)
    }

    #[test]
    fn lines_are_few_and_even() {
        assert_eq!(lines("one two three four", "en", false, 14.0, 3).unwrap(), ["one two", "three four"]);
        assert_eq!(lines("one two\nthree", "en", false, 40.0, 3).unwrap(), ["one two", "three"]);
        assert_eq!(lines("one two three four", "en", false, 4.0, 9), None, "`three` is wider");
        assert_eq!(lines("one two three four", "en", false, 9.0, 1), None, "more lines are needed");
    }

    #[test]
    fn numbers_stay_whole() {
        let price = "nur 1\u{202f}234\u{202f}567 \t Stück, 9,95\u{a0}€";
        let found = lines(price, "fr", false, 12.0, 4).unwrap();
        assert_eq!(found, ["nur", "1\u{202f}234\u{202f}567", "Stück,", "9,95\u{a0}€"]);
    }

    #[test]
    fn long_words_break_where_their_language_says() {
        let long = "Donaudampfschifffahrtsgesellschaft";
        assert_eq!(lines(long, "de-DE", false, 20.0, 3), None);
        assert_eq!(lines(long, "de-DE", true, 20.0, 3).unwrap(), ["Donaudampfschiff-", "fahrtsgesellschaft"]);
        assert_eq!(lines("Kaffee\u{ad}vollautomat", "de-DE", false, 13.0, 2).unwrap(), ["Kaffee-", "vollautomat"]);
        assert_eq!(lines("Kaffee\u{ad}vollautomat", "de-DE", false, 40.0, 2).unwrap(), ["Kaffeevollautomat"]);
    }

    #[test]
    fn scripts_without_spaces_break_between_words() {
        let thai = lines("กาแฟสดใหม่ทุกวัน", "th", false, 10.0, 4).unwrap();
        assert!(thai.len() == 2 && thai.concat() == "กาแฟสดใหม่ทุกวัน", "{thai:?}");
        assert!(thai.iter().any(|line| line.starts_with("กาแฟ")), "{thai:?}");
        let chinese = lines("每个清晨，都从一杯好咖啡开始", "zh", false, 15.0, 2).unwrap();
        assert_eq!(lines("每个清晨，都从一杯", "zh", false, 8.0, 2).unwrap(), ["每个清晨，", "都从一杯"]);
        assert_eq!(chinese, ["每个清晨，都从一杯好咖啡开始"], "one line does");
        let japanese = lines("毎朝の一杯を、もっとおいしく。", "ja", false, 8.0, 4).unwrap();
        assert!(japanese.iter().all(|line| !line.starts_with(['、', '。'])), "{japanese:?}");
    }
}
