"""The peer of `bench-engine`: PyTorch with diffusers, driven by orders on standard input, one JSON object a line.

  {"load": "nano", "model": DIR, "encoder": DIR, "upscaler": DIR}   or   {"load": "klein", "model": DIR, "tokens": N}
  {"draw": N, "prompt": TEXT, "side": PIXELS, "steps": N, "references": N, "kv": BOOL, "compiled": BOOL}

Every draw answers {"seconds": from prompts to 8-bit pixels, "step_seconds": per denoising step}. Both sides of the bench get the same weights,
prompts, sizes, steps and threads.
"""
import json
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

DEVICE, DTYPE = torch.device(sys.argv[1]), getattr(torch, sys.argv[2])
if len(sys.argv) > 3:
    torch.set_num_threads(int(sys.argv[3]))


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


class Nano:
    """models/nano as its card says: MiniLM, guidance in one forward of both halves, linear codec, compact upscaler."""

    def __init__(self, order):
        from diffusers import Flux2Transformer2DModel
        from transformers import AutoModel, AutoTokenizer

        model = pathlib.Path(order["model"])
        self.tokenizer = AutoTokenizer.from_pretrained(order["encoder"])
        self.encoder = AutoModel.from_pretrained(order["encoder"]).eval().to(DEVICE, DTYPE)
        self.network = Flux2Transformer2DModel.from_pretrained(model / "transformer", torch_dtype=DTYPE).eval().to(DEVICE)
        self.codec = {name: x.to(DEVICE, DTYPE) for name, x in load_file(model / "codec.safetensors").items()}
        self.upscaler = {n: x.to(DEVICE, DTYPE) for n, x in load_file(pathlib.Path(order["upscaler"]) / "model.safetensors").items()}
        self.compiled = None
        grid, text = torch.zeros(64, 4), torch.zeros(16, 4)
        grid[:, 1], grid[:, 2] = torch.arange(8).repeat_interleave(8), torch.arange(8).repeat(8)
        text[:, 3] = torch.arange(16)
        self.ids = {"img_ids": grid.to(DEVICE), "txt_ids": text.to(DEVICE)}

    def encode(self, prompts):
        batch = self.tokenizer(prompts, padding="max_length", truncation=True, max_length=16, return_tensors="pt").to(DEVICE)
        return self.encoder(**batch).last_hidden_state * batch["attention_mask"][..., None]

    def upscale(self, x):
        y = x
        for i in range(35):
            weight = self.upscaler[f"body.{i}.weight"]
            y = F.conv2d(y, weight, self.upscaler[f"body.{i}.bias"], padding=1) if weight.dim() == 4 else F.prelu(y, weight)
        return F.pixel_shuffle(y, 4) + F.interpolate(x, scale_factor=4, mode="nearest")

    def draw(self, order):
        count, steps = order["draw"], order["steps"]
        network = self.network
        if order.get("compiled"):
            self.compiled = self.compiled or torch.compile(self.network)
            network = self.compiled
        begin = time.perf_counter()
        states = self.encode([order["prompt"]] * count + [""])
        text = torch.cat([states[:count], states[count:].expand(count, -1, -1)])
        x, s = torch.randn(count, 64, 128, device=DEVICE, dtype=DTYPE), torch.linspace(1, 0, steps + 1, dtype=torch.float64)
        t = 1.6 * s / (1 + 0.6 * s)
        wait()
        denoise = time.perf_counter()
        for i in range(steps):
            v = network(hidden_states=torch.cat([x, x]), encoder_hidden_states=text, return_dict=False,
                        timestep=t[i].to(DTYPE).repeat(2 * count).to(DEVICE), **self.ids)[0]
            x = x + (t[i + 1] - t[i]).item() * (v[count:] + 3.0 * (v[:count] - v[count:]))
        wait()
        denoise = time.perf_counter() - denoise
        patches = (x * self.codec["scale"]) @ self.codec["basis"].T + self.codec["mean"]
        image = patches.reshape(-1, 8, 8, 3, 8, 8).permute(0, 3, 1, 4, 2, 5).reshape(-1, 3, 64, 64)
        image = (image + 1) / 2
        for _ in range({64: 0, 256: 1, 1024: 2}[order["side"]]):
            image = self.upscale(image.clamp(0, 1))
        (image.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return {"seconds": time.perf_counter() - begin, "step_seconds": denoise / steps}


class Klein:
    """diffusers' own pipelines, with references beside the image or with their keys and values kept from the first step."""

    def __init__(self, order):
        from diffusers import Flux2KleinKVPipeline, Flux2KleinPipeline
        from PIL import Image

        self.plain = Flux2KleinPipeline.from_pretrained(order["model"], torch_dtype=DTYPE).to(DEVICE)
        # The two want different attention processors on the same weights.
        self.stock = {**self.plain.transformer.attn_processors}
        self.kv = Flux2KleinKVPipeline(**{name: part for name, part in self.plain.components.items()})
        self.kept = {**self.kv.transformer.attn_processors}
        for pipeline in (self.plain, self.kv):
            pipeline.set_progress_bar_config(disable=True)
        self.picture = lambda n, side: Image.effect_noise((side, side), 40 + n).convert("RGB")
        self.tokens, self.times = order["tokens"], []
        self.eager = self.plain.transformer
        self.compiled = None

    def tick(self, _pipeline, _step, _time, kwargs):
        wait()
        self.times.append(time.perf_counter())
        return kwargs

    def draw(self, order):
        pipeline = self.kv if order.get("kv") else self.plain
        self.eager.set_attn_processor(dict(self.kept if order.get("kv") else self.stock))
        if order.get("compiled"):
            self.compiled = self.compiled or torch.compile(self.eager)
        pipeline.transformer = self.compiled if order.get("compiled") else self.eager
        pictures = [self.picture(n, order["side"]) for n in range(order.get("references", 0))] or None
        self.times = []
        begin = time.perf_counter()
        pipeline(prompt=[order["prompt"]] * order["draw"], image=pictures, height=order["side"], width=order["side"],
                 num_inference_steps=order["steps"], max_sequence_length=self.tokens, text_encoder_out_layers=(1, 2, 3),
                 output_type="np", callback_on_step_end=self.tick)
        wait()
        end = time.perf_counter()
        gaps = [b - a for a, b in zip(self.times, self.times[1:])]
        return {"seconds": end - begin, "step_seconds": sum(gaps) / len(gaps) if gaps else None}


@torch.inference_mode()
def main():
    loaded = None
    for line in sys.stdin:
        order = json.loads(line)
        if "load" in order:
            loaded = {"nano": Nano, "klein": Klein}[order["load"]](order)
            answer = {"threads": torch.get_num_threads(), "torch": torch.__version__}
        else:
            try:
                answer = loaded.draw(order)
            except Exception as error:  # torch.compile does not work everywhere: the bench says so and goes on
                if not order.get("compiled"):
                    raise
                answer = {"error": str(error).splitlines()[0]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
