use super::rules::{Rule, Rules};
use super::values::{Between, Digits, Fed, Inside, feed_list, feed_number, feed_one_of, feed_text};

/// Where a value is that is being written: the values around it, the innermost last. Empty when all is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State(Vec<Frame>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Frame {
    rule: usize,
    place: Place,
}

/// How far a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// The texts `from..to` are still possible after `at` bytes.
    OneOf {
        from: usize,
        to: usize,
        at: usize,
    },
    /// `left` characters may follow.
    Text {
        left: u32,
        inside: Inside,
    },
    Number(Digits),
    /// The part that comes next.
    Sequence {
        next: usize,
    },
    /// `due` items must follow, `left` may.
    List {
        due: u32,
        left: u32,
        between: Between,
    },
}

impl State {
    pub(super) fn start(rules: &Rules) -> Self {
        Self(vec![Frame::enter(rules, rules.root())])
    }

    /// Whether the value is written.
    pub(super) fn is_complete(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a byte; false, and then of no further use, if it cannot come here.
    pub(super) fn step(&mut self, rules: &Rules, byte: u8) -> bool {
        while let Some(frame) = self.0.last_mut() {
            match frame.feed(rules, byte) {
                Fed::Taken => return true,
                Fed::Refused => return false,
                Fed::Inner(rule) => self.0.push(Frame::enter(rules, rule)),
                Fed::Beyond => drop(self.0.pop()),
                Fed::Last => {
                    self.0.pop();
                    while self.0.last().is_some_and(|frame| frame.is_over(rules)) {
                        self.0.pop();
                    }
                    return true;
                }
            }
        }
        false
    }

    /// The same for all continuations of up to `bytes` bytes: counts that these cannot use up are cut to `bytes`.
    pub(super) fn within(&self, bytes: usize) -> Self {
        let most = u32::try_from(bytes).unwrap_or(u32::MAX);
        let cut = |frame: &Frame| {
            let place = match frame.place {
                Place::Text { left, inside } => Place::Text { left: left.min(most), inside },
                Place::List { due, left, between } => Place::List { due: due.min(most), left: left.min(most), between },
                other => other,
            };
            Frame { place, ..*frame }
        };
        Self(self.0.iter().map(cut).collect())
    }
}

impl Frame {
    fn enter(rules: &Rules, rule: usize) -> Self {
        let place = match *rules.rule(rule) {
            Rule::OneOf(ref texts) => Place::OneOf { from: 0, to: texts.len(), at: 0 },
            Rule::Text { most } => Place::Text { left: most, inside: Inside::Opening },
            Rule::Number { .. } => Place::Number(Digits::Start),
            Rule::Sequence(_) => Place::Sequence { next: 0 },
            Rule::List { least, most, .. } => Place::List { due: least, left: most, between: Between::Opening },
        };
        Self { rule, place }
    }

    /// Whether this is a sequence with no part left.
    fn is_over(&self, rules: &Rules) -> bool {
        matches!((rules.rule(self.rule), self.place), (Rule::Sequence(parts), Place::Sequence { next }) if next == parts.len())
    }

    fn feed(&mut self, rules: &Rules, byte: u8) -> Fed {
        match (rules.rule(self.rule), &mut self.place) {
            (Rule::OneOf(texts), Place::OneOf { from, to, at }) => feed_one_of(texts, from, to, at, byte),
            (Rule::Text { .. }, Place::Text { left, inside }) => feed_text(left, inside, byte),
            (Rule::Number { whole }, Place::Number(digits)) => feed_number(digits, *whole, byte),
            (Rule::Sequence(parts), Place::Sequence { next }) => match parts.get(*next) {
                Some(&part) => {
                    *next += 1;
                    Fed::Inner(part)
                }
                None => Fed::Beyond,
            },
            (Rule::List { item, .. }, Place::List { due, left, between }) => feed_list(*item, due, left, between, byte),
            _ => Fed::Refused, // a place is made by its rule
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::JsonSchema;
    use super::*;

    /// Whether a whole text is taken, and complete at its end and not before.
    fn takes(schema: &JsonSchema, text: impl AsRef<[u8]>) -> bool {
        let rules = Rules::new(schema).unwrap();
        let mut state = State::start(&rules);
        text.as_ref().iter().all(|&byte| !state.is_complete() && state.step(&rules, byte)) && state.is_complete()
    }

    #[track_caller]
    fn check(schema: JsonSchema, good: &[&str], bad: &[&str]) {
        // In a list, as a number alone has no end.
        let schema = JsonSchema::list(schema, 1, 1);
        for text in good {
            let text = format!("[{text}]");
            assert!(takes(&schema, &text), "{text}");
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
        for text in bad {
            assert!(!takes(&schema, format!("[{text}]")), "{text}");
        }
    }

    #[test]
    fn numbers() {
        let fifteen = "-123456789012345";
        check(
            JsonSchema::Integer,
            &["0", "7", "-1", "100", fifteen],
            &["", "-", "-0", "01", "1.0", "1e3", "1234567890123456"],
        );
        check(
            JsonSchema::Number,
            &["0", "-0", "0.5", "-12.25", fifteen, "-123456789012345.123456"],
            &["", "-", ".5", "1.", "00", "01.5", "1e3", "1.1234567", "1234567890123456"],
        );
    }

    #[test]
    fn strings() {
        let good = [r#""""#, r#""abcd""#, r#""\"\\\/\n""#, "\"émail\"", "\"漢字é \"", "\"𝄞🍌ab\""];
        check(
            JsonSchema::Text { most: 5 },
            &good,
            &["abc", r#""abcdef""#, r#""\x""#, r#""\u0041""#, "\"a\nb\"", "\"\u{7f}\""],
        );
        let broken: [&[u8]; 6] =
            [b"\xC0\x80", b"\xE0\x9F\xBF", b"\xED\xA0\x80", b"\xF0\x8F\xBF\xBF", b"\xF4\x90\x80\x80", b"\xE6\xBC"];
        for bytes in broken {
            assert!(!takes(&JsonSchema::Text { most: 5 }, [b"\"", bytes, b"\""].concat()), "{bytes:?}");
        }
    }

    #[test]
    fn choices_and_lists() {
        check(
            JsonSchema::choice(["a", "ab", "b\"c", "é"]),
            &[r#""a""#, r#""ab""#, r#""b\"c""#, "\"é\""],
            &[r#""""#, r#""abc""#, "a"],
        );
        check(JsonSchema::Boolean, &["true", "false"], &["True", "tru", "null"]);
        check(
            JsonSchema::list(JsonSchema::Integer, 0, 2),
            &["[]", "[1]", "[1, 2]"],
            &["[1,2]", "[1, ]", "[1, 2, 3]", "[,]"],
        );
        check(JsonSchema::list(JsonSchema::Integer, 2, 3), &["[1, 2]", "[1, 2, 3]"], &["[]", "[1]", "[1, 2, 3, 4]"]);
        check(JsonSchema::list(JsonSchema::Integer, 0, 0), &["[]"], &["[1]"]);
    }

    #[test]
    fn objects_have_all_fields_in_order() {
        let inner = JsonSchema::object([("x", JsonSchema::Number)]);
        let schema =
            JsonSchema::object([("a \"b\"", JsonSchema::Integer), ("c", inner), ("d", JsonSchema::object::<&str>([]))]);
        check(
            schema,
            &[r#"{"a \"b\"": 1, "c": {"x": -1.5}, "d": {}}"#],
            &[
                "{}",
                r#"{"a \"b\"": 1}"#,
                r#"{"c": {"x": 1}, "a \"b\"": 1, "d": {}}"#,
                r#"{"a \"b\"": 1, "c": {}, "d": {}}"#,
            ],
        );
    }

    #[test]
    fn schemas_that_nothing_fits_are_refused() {
        for schema in [
            JsonSchema::Choice(vec![]),
            JsonSchema::list(JsonSchema::Boolean, 2, 1),
            JsonSchema::object([("a", JsonSchema::Boolean), ("a", JsonSchema::Boolean)]),
            JsonSchema::list(JsonSchema::Choice(vec![]), 0, 1),
        ] {
            assert!(Rules::new(&schema).is_err(), "{schema:?}");
        }
    }

    #[test]
    fn no_text_is_longer_than_said() {
        let longest = |schema| Rules::new(&schema).unwrap().longest();
        assert_eq!(longest(JsonSchema::Boolean), 5);
        assert_eq!(longest(JsonSchema::Text { most: 3 }), "\"𝄞𝄞𝄞\"".len() as u64);
        assert_eq!(longest(JsonSchema::Number), "-123456789012345.123456".len() as u64);
        assert_eq!(
            longest(JsonSchema::object([("a", JsonSchema::Integer)])),
            r#"{"a": -123456789012345}"#.len() as u64
        );
        assert!(longest(JsonSchema::list(JsonSchema::Boolean, 0, 2)) >= "[false, false]".len() as u64);
    }
}
