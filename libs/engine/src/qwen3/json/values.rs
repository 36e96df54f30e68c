//! What a byte does to a value of each kind.

use super::rules::{DECIMALS, DIGITS};

/// Where a string is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Inside {
    Opening,
    Plain,
    Escape,
    /// A character of which `left` bytes must follow, the next one within `low..=high`.
    Character {
        left: u8,
        low: u8,
        high: u8,
    },
}

/// Where a number is; `left` digits may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Digits {
    Start,
    Minus,
    Zero,
    Whole { left: u8 },
    Point,
    Decimal { left: u8 },
}

/// Where a list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Between {
    Opening,
    First,
    AfterItem,
    AfterComma,
    BeforeItem,
}

/// What a byte did to a value.
pub(super) enum Fed {
    /// It belongs to the value, which goes on.
    Taken,
    /// It was the value's last.
    Last,
    /// The value had ended before it.
    Beyond,
    /// It belongs to an inner value that begins with it.
    Inner(usize),
    /// It cannot come here.
    Refused,
}

/// One of the sorted `texts`: `from..to` are those that begin as the value did.
pub(super) fn feed_one_of(texts: &[Box<[u8]>], from: &mut usize, to: &mut usize, at: &mut usize, byte: u8) -> Fed {
    let next = |text: &[u8]| text.get(*at).copied();
    let possible = &texts[*from..*to];
    let first = possible.partition_point(|text| next(text) < Some(byte));
    let beyond = possible.partition_point(|text| next(text) <= Some(byte));
    if first == beyond {
        return Fed::Refused;
    }
    (*from, *to, *at) = (*from + first, *from + beyond, *at + 1);
    if texts[*from].len() == *at { Fed::Last } else { Fed::Taken }
}

/// UTF-8 as RFC 3629 bounds it, and JSON's escapes without `\u`, which nothing here needs.
pub(super) fn feed_text(left: &mut u32, inside: &mut Inside, byte: u8) -> Fed {
    let character = |left, low, high| Inside::Character { left, low, high };
    let next = match (*inside, byte) {
        (Inside::Opening, b'"') => Inside::Plain,
        (Inside::Plain, b'"') => return Fed::Last,
        (Inside::Plain, _) if *left == 0 => return Fed::Refused,
        (Inside::Plain, b'\\') => Inside::Escape,
        (Inside::Plain, b' '..=b'~') => Inside::Plain,
        (Inside::Plain, 0xC2..=0xDF) => character(1, 0x80, 0xBF),
        (Inside::Plain, 0xE0) => character(2, 0xA0, 0xBF),
        (Inside::Plain, 0xED) => character(2, 0x80, 0x9F),
        (Inside::Plain, 0xE1..=0xEF) => character(2, 0x80, 0xBF),
        (Inside::Plain, 0xF0) => character(3, 0x90, 0xBF),
        (Inside::Plain, 0xF1..=0xF3) => character(3, 0x80, 0xBF),
        (Inside::Plain, 0xF4) => character(3, 0x80, 0x8F),
        (Inside::Escape, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Inside::Plain,
        (Inside::Character { left, low, high }, _) if (low..=high).contains(&byte) => match left {
            1 => Inside::Plain,
            _ => character(left - 1, 0x80, 0xBF),
        },
        _ => return Fed::Refused,
    };
    // A character is counted where it begins.
    *left -= u32::from(*inside == Inside::Plain);
    *inside = next;
    Fed::Taken
}

pub(super) fn feed_number(digits: &mut Digits, whole: bool, byte: u8) -> Fed {
    let next = match (*digits, byte) {
        (Digits::Start, b'-') => Digits::Minus,
        (Digits::Start, b'0') if whole => return Fed::Last,
        (Digits::Start, b'0') => Digits::Zero,
        // Minus zero is no integer to parsers.
        (Digits::Minus, b'0') if !whole => Digits::Zero,
        (Digits::Start | Digits::Minus, b'1'..=b'9') => Digits::Whole { left: DIGITS - 1 },
        (Digits::Whole { left: 1 }, b'0'..=b'9') if whole => return Fed::Last,
        (Digits::Whole { left: 1.. }, b'0'..=b'9') => digits_less(*digits),
        (Digits::Zero | Digits::Whole { .. }, b'.') if !whole => Digits::Point,
        (Digits::Zero | Digits::Whole { .. }, _) => return Fed::Beyond,
        (Digits::Point, b'0'..=b'9') => Digits::Decimal { left: DECIMALS - 1 },
        (Digits::Decimal { left: 1 }, b'0'..=b'9') => return Fed::Last,
        (Digits::Decimal { .. }, b'0'..=b'9') => digits_less(*digits),
        (Digits::Decimal { .. }, _) => return Fed::Beyond,
        _ => return Fed::Refused,
    };
    *digits = next;
    Fed::Taken
}

fn digits_less(digits: Digits) -> Digits {
    match digits {
        Digits::Whole { left } => Digits::Whole { left: left - 1 },
        Digits::Decimal { left } => Digits::Decimal { left: left - 1 },
        other => other,
    }
}

pub(super) fn feed_list(item: usize, due: &mut u32, left: &mut u32, between: &mut Between, byte: u8) -> Fed {
    *between = match (*between, byte) {
        (Between::Opening, b'[') => Between::First,
        (Between::First | Between::AfterItem, b']') if *due == 0 => return Fed::Last,
        (Between::AfterItem, b',') if *left > 0 => Between::AfterComma,
        (Between::AfterComma, b' ') => Between::BeforeItem,
        (Between::First | Between::BeforeItem, _) if *left > 0 => {
            (*due, *left) = (due.saturating_sub(1), *left - 1);
            *between = Between::AfterItem;
            return Fed::Inner(item);
        }
        _ => return Fed::Refused,
    };
    Fed::Taken
}
