//! What Qwen3's chat template makes of the few dialogues that are had with it, written out.
//!
//! Source: `chat_template` in `tokenizer_config.json` of Qwen3-4B (Apache-2.0), rendered with `add_generation_prompt=True` and
//! `enable_thinking=False` and without tools. It takes contents as they are: no trimming, and no escaping of the special
//! tokens' names, which a tokenizer then reads as these tokens. `tests/reference/qwen3.py` renders the same branches with jinja.

/// What an answer without thinking begins with: an empty thought.
const ANSWER: &str = "<|im_start|>assistant\n<think>\n\n</think>\n\n";

/// A user's message, up to where the answer begins. This is how diffusers' `Flux2KleinPipeline` (0.42) wraps a prompt.
#[must_use]
pub fn chat(user: &str) -> String {
    format!("{}{ANSWER}", turn("user", user))
}

/// The same with instructions before it.
#[must_use]
pub fn chat_with_system(system: &str, user: &str) -> String {
    format!("{}{}", turn("system", system), chat(user))
}

fn turn(role: &str, content: &str) -> String {
    format!("<|im_start|>{role}\n{content}<|im_end|>\n")
}
