"""Writes tests/fixtures/klein/, a tiny FLUX.2 [klein] of random weights as Hugging Face publishes them, and
tests/fixtures/pipeline.safetensors, what diffusers' pipelines draw with it.

Usage: python pipeline.py OUT_DIR        (OUT_DIR is libs/engine/tests/fixtures)

Made with torch 2.11.0, diffusers 0.42.0 and transformers 5.24.0 on a CPU, in f32 with weights rounded to bf16.
"""
import pathlib
import shutil
import sys

import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench"))
import make_model
from diffusers import Flux2KleinInpaintPipeline, Flux2KleinKVPipeline, Flux2KleinPipeline
from diffusers.pipelines.flux2 import pipeline_flux2_klein_inpaint as inpaint_module

PROMPT, SIZE, STEPS, TOKENS, LAYERS = "a coffee cup beside a red apple", (80, 64), 4, 32, (1, 2, 3)
MASK = (16, 0, 48, 32)  # what is drawn anew: left, top, right, bottom


def picture(n, size):
    image = Image.effect_noise(size, 60).convert("RGB")
    ImageDraw.Draw(image).ellipse((4, 4, size[0] - 8, size[1] - 4), fill=(40 + 60 * n, 200 - 50 * n, 90))
    return image


def u8(image):
    return torch.tensor(list(image.tobytes()), dtype=torch.uint8)


@torch.no_grad()
def main(out):
    folder = out / "klein"
    shutil.rmtree(folder, ignore_errors=True)
    make_model.main("tiny", folder, torch.bfloat16)
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(7)
    plain = Flux2KleinPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    for name in ("transformer", "text_encoder"):  # as they are made, what goes in hardly shows in what comes out
        network = getattr(plain, name)
        for parameter in network.parameters():
            scale = 0.3 if parameter.dim() == 1 else parameter.shape[1] ** -0.5
            parameter.copy_((torch.randn_like(parameter) * scale + (parameter.dim() == 1)).bfloat16())
        network.to(torch.bfloat16).save_pretrained(folder / name)
    # Tables that are no weights lost their last bits on the way through bf16: load all of it anew.
    plain = Flux2KleinPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    rows, columns = SIZE[1] // 16, SIZE[0] // 16
    noise = torch.randn(1, plain.transformer.config.in_channels, rows, columns)
    source, references = picture(0, SIZE), [picture(1, (64, 64)), picture(2, (64, 80))]
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).rectangle((MASK[0], MASK[1], MASK[2] - 1, MASK[3] - 1), fill=255)
    tensors = {"noise": noise.flatten(2).transpose(1, 2), "source": u8(source), "mask": u8(mask)}
    tensors |= {f"reference.{n}": u8(image) for n, image in enumerate(references)}

    last = {}

    def keep(_pipeline, _step, _time, kwargs):
        last["latents"] = kwargs["latents"].clone()
        return kwargs

    def draw(name, pipeline, **options):
        pipeline.set_progress_bar_config(disable=True)
        image = pipeline(prompt=PROMPT, height=SIZE[1], width=SIZE[0], num_inference_steps=STEPS, max_sequence_length=TOKENS,
                         text_encoder_out_layers=LAYERS, output_type="np", callback_on_step_end=keep, **options).images
        tensors[name], tensors[f"{name}.pixels"] = last["latents"], torch.from_numpy(image).permute(0, 3, 1, 2)

    tensors["states"], _ = plain.encode_prompt(PROMPT, max_sequence_length=TOKENS, text_encoder_out_layers=LAYERS)
    draw("text", plain, latents=noise)
    draw("references", plain, latents=noise, image=references)
    plain.register_to_config(is_distilled=False)
    draw("guided", plain, latents=noise, guidance_scale=3.0)
    plain.register_to_config(is_distilled=True)
    inpaint = Flux2KleinInpaintPipeline(**plain.components, is_distilled=True)
    inpaint_module.randn_tensor = lambda *_args, **_kwargs: noise
    draw("inpaint", inpaint, image=source, mask_image=mask, strength=0.8)
    kept = Flux2KleinKVPipeline(**plain.components)
    draw("kept", kept, latents=noise, image=references)
    save_file({name: x.contiguous() for name, x in tensors.items()}, out / "pipeline.safetensors")
    for file in folder.rglob("*"):
        file.chmod(0o755 if file.is_dir() else 0o644)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
