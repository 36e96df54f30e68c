use rand::Rng;
use rand::seq::IndexedRandom;

/// `two`, `three`, ...
const NUMBERS: [&str; 6] = ["no", "one", "two", "three", "four", "five"];

/// One of several ways to say that these stand in a row, left to right, before a colour; with `a` and `an` or without.
pub(crate) fn caption(names: &[String], colour: &str, articles: bool, rng: &mut impl Rng) -> String {
    let what = row(names, articles, rng);
    let ground = [
        format!("on a {colour} background"),
        format!("on a {colour} background"),
        format!("against a {colour} backdrop"),
        format!("in front of a {colour} wall"),
        format!("on {colour}"),
    ];
    let ground = ground.choose(rng).cloned().unwrap_or_default();
    match rng.random_range(0..8) {
        0 => format!("a photo of {what} {ground}"),
        1 => format!("studio photograph of {what}, {colour} background"),
        2 => format!("{what}, {colour} background"),
        _ => format!("{what} {ground}"),
    }
}

/// So many of a kind.
pub(crate) fn several(name: &str, count: usize) -> String {
    format!("{} {}", NUMBERS.get(count).unwrap_or(&"many"), plural(name))
}

fn row(names: &[String], articles: bool, rng: &mut impl Rng) -> String {
    let say = |name: &String| if articles && !name.starts_with("the ") { with_article(name) } else { name.clone() };
    match names {
        [] => "nothing".into(),
        [one] => say(one),
        [left, right] => {
            let (left, right) = (say(left), say(right));
            match rng.random_range(0..5) {
                0 => format!("{left} to the left of {right}"),
                1 => format!("{right} to the right of {left}"),
                2 => format!("{left} left of {right}"),
                3 => format!("{left} and {right}"),
                _ => format!("{left} beside {right}"),
            }
        }
        [first @ .., last] => {
            let first: Vec<_> = first.iter().map(say).collect();
            format!("{} and {}", first.join(", "), say(last))
        }
    }
}

fn with_article(name: &str) -> String {
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

fn plural(name: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&["s", "x", "ch", "sh"]) {
        format!("{name}es")
    } else if ends(&["y"]) && !ends(&["ay", "ey", "oy"]) {
        format!("{}ies", &name[..name.len() - 1])
    } else {
        format!("{name}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_english() {
        assert_eq!(several("cherry", 2), "two cherries");
        assert_eq!(several("watch", 3), "three watches");
        assert_eq!(several("toy", 4), "four toys");
    }

    #[test]
    fn captions_name_everything() {
        let names = ["owl".to_owned(), "cup".into(), "pear".into()];
        for index in 0..50 {
            let text = caption(&names, "teal", true, &mut crate::scene::chance(1, index));
            assert!(names.iter().all(|name| text.contains(name.as_str())) && text.contains("teal"), "{text}");
        }
    }
}
