"""Makes a FLUX.2 [klein] of random weights in the layout that Hugging Face publishes, with a model.toml beside.

Usage: python make_model.py PRESET DIR [DTYPE]      PRESET: tiny, small (8 blocks x 1024) or 4b; DTYPE: float32 or bfloat16

The text encoder has one layer more than are looked at, and a tokenizer trained on a few lines: what it says is noise, what it
costs is not. Needs torch 2.11.0, diffusers 0.42.0, transformers 5.24.0, tokenizers and safetensors.
"""
import pathlib
import sys

import torch
from diffusers import AutoencoderKLFlux2, FlowMatchEulerDiscreteScheduler, Flux2KleinPipeline, Flux2Transformer2DModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Qwen2TokenizerFast, Qwen3Config, Qwen3ForCausalLM

PRESETS = {
    # heads, head, doubles, singles, axes, text width, text layers, text tokens, autoencoder widths, latent channels
    "tiny": dict(heads=2, head=16, double=1, single=2, hidden=32, layers=4, tokens=32, widths=(8, 8, 8, 16), latent=4),
    "small": dict(heads=8, head=128, double=2, single=6, hidden=256, layers=4, tokens=128, widths=(32, 32, 64, 64), latent=32),
    "4b": dict(heads=24, head=128, double=5, single=20, hidden=2560, layers=4, tokens=512, widths=(128, 256, 512, 512), latent=32),
}
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n\n</think>\n\n{% endif %}"
)
LINES = ["a hamburger on a sky blue background", "a coffee cup beside a red apple on a wooden table, soft light",
         "the same product in five scenes", "assistant user system think"] * 50


def tokenizer():
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    inner.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet))
    wrapped = Qwen2TokenizerFast(tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    wrapped.chat_template = TEMPLATE
    return wrapped


def text_encoder(p, vocabulary):
    heads = max(p["hidden"] // 80, 2)
    config = Qwen3Config(
        vocab_size=vocabulary, hidden_size=p["hidden"], intermediate_size=p["hidden"] * 19 // 5, num_hidden_layers=p["layers"],
        num_attention_heads=heads, num_key_value_heads=max(heads // 4, 1), head_dim=128 if p["hidden"] > 1000 else 32,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}, tie_word_embeddings=True,
    )
    return Qwen3ForCausalLM(config)


def main(preset, out, dtype):
    torch.manual_seed(11)
    torch.set_default_dtype(dtype)
    p = PRESETS[preset]
    tokens = tokenizer()
    transformer = Flux2Transformer2DModel(
        in_channels=4 * p["latent"], num_layers=p["double"], num_single_layers=p["single"], attention_head_dim=p["head"],
        num_attention_heads=p["heads"], joint_attention_dim=3 * p["hidden"], axes_dims_rope=(p["head"] // 4,) * 4,
        guidance_embeds=False,
    )
    vae = AutoencoderKLFlux2(block_out_channels=p["widths"], latent_channels=p["latent"], norm_num_groups=4 if preset == "tiny" else 32,
                            layers_per_block=1 if preset == "tiny" else 2)
    encoder = text_encoder(p, max(len(tokens), 400))
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True)
    pipeline = Flux2KleinPipeline(scheduler, vae, encoder, tokens, transformer, is_distilled=True)
    pipeline.save_pretrained(out, max_shard_size="2GB")
    pathlib.Path(out, "model.toml").write_text(f"""\
name = "klein-{preset}"
transformer = "transformer"
codec = "vae"
native_sizes = {{ multiple = 16, most_pixels = 4194304, default = [256, 256] }}
references = {{ mode = "kept" }}

[text_encoder]
kind = "qwen3"
tokens = {p["tokens"]}
dir = "text_encoder"
layers = [1, 2, 3]

[sampling]
steps = 4
guidance = 1.0
shift = "empirical"
""")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], getattr(torch, sys.argv[3] if len(sys.argv) > 3 else "float32"))
