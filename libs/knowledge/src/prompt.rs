use crate::{Known, Thing, words};

/// What makes the words before it a ground to stand on and no thing: an orange background.
const GROUNDS: [&str; 6] = ["background", "backdrop", "wall", "ground", "studio", "surface"];

/// A thing in a prompt, from one word to another.
struct Mention<'a> {
    thing: &'a Thing,
    count: usize,
    from: usize,
    to: usize,
}

impl Known {
    /// The known things that a prompt names, each as often as it is counted, from left to right; empty when it names
    /// none, or more than `most`.
    ///
    /// "an owl to the right of two cups" is cup, cup, owl. The longest name wins; what only colours a background is no
    /// thing.
    #[must_use]
    pub fn recall(&self, prompt: &str, most: usize) -> Vec<&Thing> {
        let words = words::split(prompt);
        let mut row: Vec<Mention<'_>> = vec![];
        for mention in self.mentions(&words) {
            let right_of = row.last().is_some_and(|left| says_right_of(&words[left.to..mention.from]));
            let place = row.len() - usize::from(right_of);
            row.insert(place, mention);
        }
        let all: usize = row.iter().map(|mention| mention.count).sum();
        if all > most {
            return vec![];
        }
        row.iter().flat_map(|mention| std::iter::repeat_n(mention.thing, mention.count)).collect()
    }

    /// In the order of the words.
    fn mentions(&self, words: &[String]) -> Vec<Mention<'_>> {
        let (mut found, mut at) = (vec![], 0);
        while at < words.len() {
            match self.mention(words, at) {
                Some(mention) => {
                    at = mention.to;
                    found.push(mention);
                }
                None => at += 1,
            }
        }
        found
    }

    /// What is named from this word on.
    fn mention(&self, words: &[String], from: usize) -> Option<Mention<'_>> {
        let longest = self.longest.min(words.len() - from);
        let (to, thing) = (1..=longest).rev().find_map(|length| {
            let to = from + length;
            Some((to, self.called(&words[from..to])?))
        })?;
        let ground = words.get(to).is_some_and(|next| GROUNDS.contains(&next.as_str()));
        let count = from.checked_sub(1).map_or(1, |before| words::number(&words[before]));
        (!ground).then_some(Mention { thing, count, from, to })
    }
}

/// Whether what stands to the left in the text stands to the right in the picture.
fn says_right_of(between: &[String]) -> bool {
    between.windows(2).any(|pair| pair[0] == "right" && pair[1] == "of")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let folder = tempfile::tempdir().unwrap();
        let list = r#"
            owl = { file = "owl.webp" }
            "red apple" = { file = "apple.webp", also = ["apple"] }
            "teddy bear" = { file = "teddy.webp" }
            bear = { file = "bear.webp" }
            cherries = { file = "cherries.webp" }
            tangerine = { file = "tangerine.webp", also = ["orange"] }
        "#;
        std::fs::write(folder.path().join(crate::LIST), list).unwrap();
        Known::open(folder.path()).unwrap()
    }

    fn recalled(prompt: &str) -> String {
        let known = known();
        known.recall(prompt, 5).into_iter().map(|thing| thing.name.clone()).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_longest_names_are_found() {
        assert_eq!(recalled("A Teddy Bear on a teal background"), "teddy bear");
        assert_eq!(recalled("the bear and an apple"), "bear, red apple");
        assert_eq!(recalled("a brass key on linen"), "");
    }

    #[test]
    fn things_stand_where_the_prompt_says() {
        assert_eq!(recalled("an owl to the left of a red apple"), "owl, red apple");
        assert_eq!(recalled("an owl to the right of a red apple"), "red apple, owl");
        assert_eq!(recalled("cherries, an owl right of a bear"), "cherries, bear, owl");
    }

    #[test]
    fn what_is_counted_comes_so_often() {
        assert_eq!(recalled("three red apples on white"), "red apple, red apple, red apple");
        assert_eq!(recalled("2 owls and cherries"), "owl, owl, cherries");
        assert_eq!(recalled("six owls"), "", "more than are drawn");
    }

    #[test]
    fn a_ground_is_no_thing() {
        assert_eq!(recalled("an owl on an orange background"), "owl");
        assert_eq!(recalled("an orange on an orange backdrop"), "tangerine");
    }

    #[test]
    fn lists_that_cannot_be_meant_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = |list: &str| {
            std::fs::write(folder.path().join(crate::LIST), list).unwrap();
            Known::open(folder.path()).unwrap_err().to_string()
        };
        assert!(open("owl = { file = '../owl.webp' }").contains("not a plain file name"));
        assert!(
            open("owl = { file = 'a' }\ncat = { file = 'b', also = ['owl'] }").contains("two things are called owl")
        );
        assert!(Known::open(&folder.path().join("none")).is_err());
    }
}
