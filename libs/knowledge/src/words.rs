/// What `two` and the like count.
const NUMBERS: [&str; 6] = ["two", "three", "four", "five", "six", "seven"];

/// Words in lower case, without what stands between them.
pub(crate) fn split(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The word for one of what an English plural names; `None` for what is no plural.
pub(crate) fn singular(word: &str) -> Option<String> {
    let stem = |ending| word.strip_suffix(ending).filter(|stem| stem.len() > 1);
    if let Some(stem) = stem("ies") {
        return Some(format!("{stem}y"));
    }
    let hissing = |stem: &&str| ["s", "x", "z", "ch", "sh"].iter().any(|end| stem.ends_with(end));
    if let Some(stem) = stem("es").filter(hissing) {
        return Some(stem.to_owned());
    }
    stem("s").filter(|stem| !stem.ends_with('s')).map(str::to_owned)
}

/// How many a word counts; 1 for one that counts nothing.
pub(crate) fn number(word: &str) -> usize {
    let spelt = NUMBERS.iter().position(|number| *number == word).map(|place| place + 2);
    spelt.or_else(|| word.parse().ok().filter(|number| (1..=99).contains(number))).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_lose_their_ending() {
        let one = |word| singular(word).unwrap_or_default();
        let found = ["apples", "watches", "boxes", "cherries", "glasses", "glass", "bus", "cup"].map(one);
        assert_eq!(found, ["apple", "watch", "box", "cherry", "glass", "", "bu", ""]);
    }

    #[test]
    fn numbers_count() {
        assert_eq!(["two", "7", "a", "0"].map(number), [2, 7, 1, 1]);
    }
}
