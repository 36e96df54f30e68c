//! Qwen3 against transformers and diffusers, and what its generation promises. `tests/reference/qwen3.py` made the fixtures.

use crate::support::{Fixture, relative_error};
use cavendish_engine::ErrorKind;
use cavendish_engine::qwen3::{
    Depth, End, Goal, JsonSchema, LanguageModel, Padded, PromptShape, Qwen3, Qwen3PromptEncoder, Qwen3Tokenizer,
    Request, Sampling, chat, chat_with_system,
};
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::PathBuf;
use tch::{Device, Kind, Tensor};

/// What may be the relative error in a number type.
const KINDS: [(Kind, f64); 2] = [(Kind::Float, 1e-4), (Kind::BFloat16, 2e-2)];
const SAMPLED: Sampling = Sampling::TopP { temperature: 1.0, top_p: 0.95 };

fn dir() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/qwen3"].iter().collect()
}

fn tensors() -> Fixture {
    Fixture::open("qwen3.safetensors")
}

fn expected() -> Value {
    serde_json::from_str(&std::fs::read_to_string(dir().with_extension("json")).unwrap()).unwrap()
}

fn prompts() -> Vec<String> {
    expected()["prompts"].as_array().unwrap().iter().map(|p| p["prompt"].as_str().unwrap().to_owned()).collect()
}

fn ids(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

fn shape() -> PromptShape {
    PromptShape { tokens: 40, layers: vec![1, 3, 5] }
}

fn model() -> LanguageModel {
    LanguageModel::load(&dir(), Device::Cpu, Kind::Float).unwrap()
}

fn network(depth: Depth, kind: Kind) -> Qwen3 {
    Qwen3::load(&dir(), depth, Device::Cpu, kind).unwrap()
}

#[track_caller]
fn assert_close(what: &str, ours: &Tensor, reference: &Tensor, tolerance: f64) {
    let error = relative_error(&ours.to_kind(Kind::Float), reference);
    println!("{what}: relative error {error:.1e}");
    assert!(error <= tolerance, "{what}: relative error {error:e}");
}

/// The prompts of the fixture, cut or padded: (prompts, tokens), with their lengths.
fn padded() -> (Tensor, Vec<i64>) {
    let pad = i64::from(Qwen3Tokenizer::load(&dir()).unwrap().pad());
    let mut all: Vec<Vec<i64>> = expected()["prompts"].as_array().unwrap().iter().map(|p| ids(&p["ids"])).collect();
    all.iter_mut().for_each(|ids| ids.truncate(40));
    let lengths = all.iter().map(|ids| ids.len() as i64).collect();
    all.iter_mut().for_each(|ids| ids.resize(40, pad));
    (Tensor::from_slice2(&all), lengths)
}

#[test]
fn the_template_and_the_tokens() {
    let (expected, tokenizer) = (expected(), Qwen3Tokenizer::load(&dir()).unwrap());
    let [system, user] = ["system", "user"].map(|name| expected[name].as_str().unwrap());
    assert_eq!(chat(user), expected["chat"]);
    assert_eq!(chat_with_system(system, user), expected["chat_with_system"]);
    for prompt in expected["prompts"].as_array().unwrap() {
        let text = prompt["prompt"].as_str().unwrap();
        assert_eq!(tokenizer.encode(&chat(text)).unwrap(), ids(&prompt["ids"]), "{text}");
    }
}

#[test]
fn states_after_every_layer_and_logits() {
    let (tensors, (texts, lengths)) = (tensors(), padded());
    let row = texts.narrow(0, 1, 1);
    for (kind, tolerance) in KINDS {
        let network = network(Depth::Whole, kind);
        let rotary = network.rotary(40);
        let layers: Vec<usize> = (0..6).collect();
        let states = network.states(Padded { ids: &row, lengths: &lengths[1..2] }, &layers, &rotary).unwrap();
        for (layer, state) in layers.iter().zip(&states) {
            let reference = tensors.tensor(&format!("state.{layer}")).unsqueeze(0);
            assert_close(&format!("{kind:?} layer {layer}"), state, &reference, tolerance);
        }
        let text = Vec::<i64>::try_from(row.squeeze().narrow(0, 0, lengths[1])).unwrap();
        let logits = network.extend(&mut network.begin(), &text, &rotary).unwrap();
        assert_close(&format!("{kind:?} logits"), &logits, &tensors.tensor("logits"), tolerance);
    }
}

#[test]
fn encoded_prompts() {
    let tensors = tensors();
    for (kind, tolerance) in KINDS {
        let encoder = Qwen3PromptEncoder::load(&dir(), shape(), Device::Cpu, kind).unwrap();
        for (n, prompt) in prompts().iter().enumerate() {
            let reference = tensors.tensor(&format!("prompt.{n}")).unsqueeze(0);
            let encoded = encoder.encode(prompt).unwrap();
            assert_eq!((encoded.size(), encoded.kind()), (vec![1, encoder.tokens(), encoder.width()], kind));
            assert_close(&format!("{kind:?} prompt {n}"), &encoded, &reference, tolerance);
            assert!(encoder.encode(prompt).unwrap().equal(&encoded), "out of the cache");
        }
    }
}

#[test]
fn a_batch_gives_what_each_text_gives_alone() {
    let (texts, lengths) = padded();
    for (kind, tolerance) in KINDS {
        let network = network(Depth::Layers(5), kind);
        let rotary = network.rotary(40);
        let states =
            |ids: &Tensor, lengths: &[i64]| network.states(Padded { ids, lengths }, &[5], &rotary).unwrap().remove(0);
        let together = states(&texts, &lengths);
        for row in 0..4 {
            let alone = states(&texts.narrow(0, row, 1), &lengths[row as usize..=row as usize]);
            let what = format!("{kind:?} text {row}");
            assert_close(&what, &together.narrow(0, row, 1), &alone.to_kind(Kind::Float), tolerance);
        }
    }
}

#[test]
fn one_network_serves_both_and_part_of_it_encodes_alike() {
    let part = Qwen3PromptEncoder::load(&dir(), shape(), Device::Cpu, Kind::Float).unwrap();
    let whole = model().prompt_encoder(shape()).unwrap();
    assert!(part.encode("a mug").unwrap().equal(&whole.encode("a mug").unwrap()));
    let refused =
        |shape| model().prompt_encoder(shape).and_then(|encoder| encoder.encode("a mug")).err().unwrap().kind();
    for layers in [vec![], vec![6]] {
        assert_eq!(refused(PromptShape { layers, ..shape() }), ErrorKind::Invalid);
    }
    assert_eq!(refused(PromptShape { tokens: 0, ..shape() }), ErrorKind::Invalid);
    let part = network(Depth::Layers(5), Kind::Float);
    let error = part.extend(&mut part.begin(), &[1], &part.rotary(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(Qwen3::load(&dir(), Depth::Layers(7), Device::Cpu, Kind::Float).is_err());
}

fn text_request<'a>(prompt: &'a str, sampling: Sampling, seed: u64, stop: &'a [u32]) -> Request<'a> {
    Request { prompt, goal: Goal::Text { most_tokens: 32, stop }, sampling, seed }
}

#[test]
fn greedy_tokens_are_the_references() {
    let (model, expected) = (model(), expected());
    let prompt = expected["chat_with_system"].as_str().unwrap();
    let mut told = Vec::new();
    let free = model.generate(text_request(prompt, Sampling::Greedy, 0, &[]), &mut |token| {
        told.push(token.id);
        ControlFlow::Continue(())
    });
    let free = free.unwrap();
    assert_eq!(serde_json::json!(free.tokens), expected["greedy"]["tokens"]);
    assert_eq!((serde_json::json!(free.text), free.end), (expected["greedy"]["text"].clone(), End::Length));
    assert_eq!(told, free.tokens);

    let stop = [expected["stopped"]["stop"].as_u64().unwrap() as u32];
    let request = text_request(prompt, Sampling::Greedy, 0, &stop);
    let stopped = model.generate(request, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(serde_json::json!(stopped.tokens), expected["stopped"]["tokens"]);
    assert_eq!(stopped.end, End::Stopped);
    assert!(free.text.starts_with(&stopped.text) && stopped.tokens.ends_with(&stop));
}

/// Across the first growth of the store, too.
#[test]
fn kept_keys_and_values_change_nothing() {
    let text: Vec<i64> = (0..150).map(|n| (n * 37 + 5) % 410).collect();
    for (kind, tolerance) in KINDS {
        let network = network(Depth::Whole, kind);
        let rotary = network.rotary(150);
        let mut keys = network.begin();
        let _logits = network.extend(&mut keys, &text[..100], &rotary).unwrap();
        for n in 100..150 {
            let further = network.extend(&mut keys, &text[n..=n], &rotary).unwrap();
            if n % 16 == 5 || n == 149 {
                let anew = network.extend(&mut network.begin(), &text[..=n], &rotary).unwrap();
                assert_close(&format!("{kind:?} token {n}"), &further, &anew, tolerance);
            }
        }
        assert_eq!(keys.tokens(), 150);
        assert!(network.extend(&mut keys, &[1], &rotary).is_err(), "beyond the rotations");
    }
}

#[test]
fn sampled_texts_follow_their_seed_and_can_be_broken_off() {
    let model = model();
    let prompt = chat("a mug");
    let draw =
        |seed| model.generate(text_request(&prompt, SAMPLED, seed, &[]), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1).tokens, draw(2).tokens);
    let mut left = 3;
    let broken = model.generate(text_request(&prompt, SAMPLED, 1, &[]), &mut |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let broken = broken.unwrap();
    assert_eq!((broken.end, &broken.tokens[..]), (End::Cancelled, &draw(1).tokens[..3]));
}

#[test]
fn requests_that_cannot_be_served_are_refused() {
    let model = model();
    let endless = model.grammar(&JsonSchema::Text { most: 4000 }).unwrap();
    let text = |most_tokens| Goal::Text { most_tokens, stop: &[] };
    let hot = Sampling::TopP { temperature: 0.0, top_p: 1.0 };
    let none = Sampling::TopP { temperature: 1.0, top_p: 0.0 };
    for (prompt, goal, sampling) in [
        ("a", text(4096), Sampling::Greedy),
        ("a", text(0), Sampling::Greedy),
        ("", text(1), Sampling::Greedy),
        ("a", text(1), hot),
        ("a", text(1), none),
        ("a", Goal::Json(&endless), Sampling::Greedy),
    ] {
        let refused = model.generate(Request { prompt, goal, sampling, seed: 0 }, &mut |_| ControlFlow::Continue(()));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert_eq!(model.grammar(&JsonSchema::Choice(vec![])).err().unwrap().kind(), ErrorKind::Invalid);
}

/// Whether a parsed value is what the schema says. Objects' order is checked on the text, as parsing loses it.
fn fits(schema: &JsonSchema, value: &Value) -> bool {
    match schema {
        JsonSchema::Text { most } => value.as_str().is_some_and(|text| text.chars().count() <= *most as usize),
        JsonSchema::Integer => value.is_i64() || value.is_u64(),
        JsonSchema::Number => value.is_number(),
        JsonSchema::Boolean => value.is_boolean(),
        JsonSchema::Choice(strings) => value.as_str().is_some_and(|text| strings.iter().any(|string| string == text)),
        JsonSchema::List { item, least, most } => value.as_array().is_some_and(|items| {
            (*least as usize..=*most as usize).contains(&items.len()) && items.iter().all(|value| fits(item, value))
        }),
        JsonSchema::Object(fields) => value.as_object().is_some_and(|object| {
            object.len() == fields.len()
                && fields.iter().all(|(name, schema)| object.get(name).is_some_and(|v| fits(schema, v)))
        }),
    }
}

fn brief() -> JsonSchema {
    let size = JsonSchema::object([("width", JsonSchema::Integer), ("depth", JsonSchema::Number)]);
    JsonSchema::object([
        ("title", JsonSchema::Text { most: 8 }),
        ("price", JsonSchema::Number),
        ("pieces", JsonSchema::Integer),
        ("stock", JsonSchema::Boolean),
        ("finish \"é\"", JsonSchema::choice(["matte", "matt", "glossy", "émail \"x\""])),
        ("tags", JsonSchema::list(JsonSchema::Text { most: 5 }, 1, 3)),
        ("sizes", JsonSchema::list(size, 0, 2)),
    ])
}

/// A random network would write noise; what it may write is all that makes it JSON.
#[test]
fn json_always_parses_and_fits() {
    let (model, schema) = (model(), brief());
    let grammar = model.grammar(&schema).unwrap();
    let hot = Sampling::TopP { temperature: 3.0, top_p: 1.0 };
    let mut texts = std::collections::BTreeSet::new();
    for seed in 0..24 {
        let prompt = chat_with_system("You answer in JSON.", &format!("a mug, {seed}"));
        let sampling = [Sampling::Greedy, SAMPLED, hot][seed as usize % 3];
        let request = Request { prompt: &prompt, goal: Goal::Json(&grammar), sampling, seed };
        let mut bytes = Vec::new();
        let json = model.generate(request, &mut |token| {
            bytes.extend_from_slice(token.bytes);
            ControlFlow::Continue(())
        });
        let json = json.unwrap();
        let value: Value =
            serde_json::from_str(&json.text).unwrap_or_else(|e| panic!("seed {seed}: {e}: {}", json.text));
        assert!(json.end == End::Complete && fits(&schema, &value), "seed {seed}: {}", json.text);
        assert_eq!(bytes, json.text.as_bytes());
        assert!(json.tokens.len() as u64 <= grammar.longest());
        let places =
            ["{\"title\": ", ", \"price\": ", ", \"pieces\": ", ", \"stock\": "].map(|name| json.text.find(name));
        assert!(places[0] == Some(0) && places.is_sorted() && places[3].is_some(), "fields in order: {}", json.text);
        texts.insert(json.text);
    }
    assert!(texts.len() > 12, "only {} different texts", texts.len());
}
