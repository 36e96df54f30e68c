"""Writes the fixtures that qwen3 is compared with: a tiny Qwen3 with random weights, a small byte-level tokenizer, and what
transformers and diffusers make of them.

Usage: python qwen3.py OUT_DIR

OUT_DIR is libs/engine/tests/fixtures: the model goes into its folder qwen3, what is expected of it beside that. Made with torch
2.11.0, transformers 5.24.0, diffusers 0.42.0 and tokenizers 0.23.3 on a CPU, in f32; also needs safetensors. Weights are rounded to bf16, so that a test in bf16 starts from the same numbers.
"""
import json
import pathlib
import random
import sys

import torch
from diffusers.pipelines.flux2.pipeline_flux2_klein import Flux2KleinPipeline
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

TOKENS, LAYERS, VOCABULARY, NEW_TOKENS = 40, (1, 3, 5), 560, 32
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PLAIN_ADDED = ["<think>", "</think>"]  # known as whole tokens, yet not special: as in the published tokenizer
# How the published tokenizers of Qwen2 and Qwen3 cut a text before merging.
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
# What Qwen3's template does with messages of system and user and without tools.
TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}"
)
PROMPTS = [
    "",
    "a red mug on oak",
    "Crème brûlée, 漢字 & émigré's\n T-Rex <|im_end|> </think>!",
    "a very long prompt that has to be cut, " * 6,
]
SYSTEM, USER = "You write titles.", "a red mug on an oak table, morning light"


def lines():
    """A few hundred lines of product talk and JSON, made of words."""
    draw = random.Random(5)
    things = ["mug", "oak table", "linen sofa", "crème", "brûlée", "watch", "café lamp", "sneaker", "漢字 poster", "émail pot"]
    looks = ["red", "soft", "bright", "naïve", "matte", "glossy", "wooden", "large"]
    for _ in range(400):
        thing, look, other = draw.choice(things), draw.choice(looks), draw.choice(things)
        price, stock = draw.randint(1, 999), draw.choice(["true", "false"])
        yield f"a {look} {thing} beside the {other} in the morning light, {price} pieces"
        yield json.dumps({"title": f"{look} {thing}", "price": price / 10, "stock": stock == "true", "tags": [look, other]},
                         ensure_ascii=False)


def tokenizer():
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    bpe.decoder = decoders.ByteLevel()
    bpe.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    added = len(SPECIAL) + len(PLAIN_ADDED)
    bpe.train_from_iterator(lines(), trainers.BpeTrainer(vocab_size=VOCABULARY - added, initial_alphabet=alphabet, show_progress=False))
    bpe.add_special_tokens(SPECIAL)
    bpe.add_tokens([AddedToken(token, special=False, normalized=False) for token in PLAIN_ADDED])
    return PreTrainedTokenizerFast(tokenizer_object=bpe, pad_token=SPECIAL[0], eos_token=SPECIAL[2], chat_template=TEMPLATE)


def network(vocabulary):
    """The shape of Qwen3-4B in small: grouped heads whose width is not the model's.

    Weights so small that transformers itself in bf16 stays within 1.5e-2 of its f32 (the engine is allowed 2e-2; with the layers'
    weights 1.8 times as large transformers is at 3e-2), and so large that attention matters: without the padding's mask, states
    differ by half of the largest.
    """
    config = Qwen3Config(
        vocab_size=vocabulary, hidden_size=48, intermediate_size=64, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, max_position_embeddings=4096, rms_norm_eps=1e-6, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )
    torch.manual_seed(11)
    model = Qwen3ForCausalLM(config).float().eval()
    for name, weight in model.named_parameters():
        noise = torch.randn_like(weight)
        scaled = 1 + 0.2 * noise if weight.dim() == 1 else noise * (0.05 if "embed" in name else weight.shape[1] ** -0.5 * 0.85)
        weight.data = scaled.bfloat16().float()
    return model


def embeddings(model, text, prompts):
    return Flux2KleinPipeline._get_qwen3_prompt_embeds(
        model, text, prompts, max_sequence_length=TOKENS, hidden_states_layers=list(LAYERS))


def states(model, text):
    """Hidden states after the embedding and all layers but the last for one padded prompt; the logits after its last token."""
    templated = chat(text, [{"role": "user", "content": PROMPTS[1]}])
    padded = text(templated, return_tensors="pt", padding="max_length", truncation=True, max_length=TOKENS)
    out = model(**{key: padded[key] for key in ("input_ids", "attention_mask")}, output_hidden_states=True)
    used = int(padded["attention_mask"].sum())
    named = {f"state.{n}": state[0] for n, state in enumerate(out.hidden_states[:-1])}
    return named | {"logits": out.logits[0, used - 1]}


def chat(text, messages):
    return text.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, enable_thinking=False)


def greedy(model, text, prompt, stop):
    """New tokens of a greedy generation, the same with and without keys and values kept."""
    ids = text(prompt, return_tensors="pt")["input_ids"]
    runs = [
        model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW_TOKENS, use_cache=cached,
                       eos_token_id=stop, pad_token_id=text.pad_token_id)[0, ids.shape[1]:].tolist()
        for cached in (True, False)
    ]
    assert runs[0] == runs[1], runs
    return runs[0]


@torch.no_grad()
def main(out):
    folder = out / "qwen3"
    folder.mkdir(exist_ok=True)
    text = tokenizer()
    model = network(len(text))
    text.backend_tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    (folder / "config.json").write_text(model.config.to_json_string())
    weights = {name: x.bfloat16() for name, x in model.state_dict().items() if name != "lm_head.weight"}
    save_file(weights, folder / "model.safetensors")

    stacked = embeddings(model, text, PROMPTS)
    seen = {f"prompt.{n}": x for n, x in enumerate(stacked)} | states(model, text)
    save_file({name: x.contiguous() for name, x in seen.items()}, out / "qwen3.safetensors")

    alone, with_system = [{"role": "user", "content": USER}], [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    own = [text.convert_tokens_to_ids(token) for token in (SPECIAL[0], SPECIAL[2])]
    free = greedy(model, text, chat(text, with_system), own)
    stop = next(token for n, token in enumerate(free) if n > 6 and token not in free[:n])
    expected = {
        "tokens": TOKENS, "layers": LAYERS, "system": SYSTEM, "user": USER,
        "prompts": [{"prompt": p, "ids": text(chat(text, [{"role": "user", "content": p}]))["input_ids"]} for p in PROMPTS],
        "chat": chat(text, alone), "chat_with_system": chat(text, with_system),
        "greedy": {"tokens": free, "text": text.decode(free, skip_special_tokens=True)},
        "stopped": {"stop": stop, "tokens": greedy(model, text, chat(text, with_system), own + [stop])},
    }
    (out / "qwen3.json").write_text(json.dumps(expected, ensure_ascii=False))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
