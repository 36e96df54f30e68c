"""Writes photographs of every kind as others write them into the folder that is named, each with what others see in it:
Pillow, libvips, pillow-heif, tifffile and LittleCMS (by Pillow). The second argument is a CMYK profile. Tells, a line each,
file, picture of what is to be seen, and by whom."""

import io
import json
import sys

import numpy as np
import pillow_heif
import pyvips
import tifffile
from PIL import Image, ImageCms

folder, coated = sys.argv[1:3]
pillow_heif.register_heif_opener()
SRGB = ImageCms.createProfile("sRGB")
y, x = np.mgrid[0:120, 0:160]
photo = np.stack(
    [60 + x * 150 // 160, 50 + y * 150 // 120, 90 + 60 * np.sin(x / 13) * np.cos(y / 11)], -1
).astype(np.uint8)
image = Image.fromarray(photo)
disc = (255 * np.clip(50.5 - np.hypot(x - 80, y - 60), 0, 1)).astype(np.uint8)
cut_out = np.dstack([photo, disc])


def tell(name, seen, by):
    seen = seen if isinstance(seen, Image.Image) else Image.fromarray(seen)
    expected = f"{folder}/{name}.seen.png"
    seen.save(expected)
    print(json.dumps({"file": f"{folder}/{name}", "seen": expected, "by": by}))


def own(name, by="Pillow"):
    """What Pillow sees, converted by LittleCMS where there is a profile."""
    seen = Image.open(f"{folder}/{name}")
    profile = seen.info.get("icc_profile")
    if profile:
        seen = ImageCms.profileToProfile(seen, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB, outputMode="RGB")
    tell(name, seen.convert("RGBA" if "A" in seen.getbands() else "RGB"), by)


def by_vips(name):
    """What libvips sees."""
    seen = pyvips.Image.new_from_file(f"{folder}/{name}")
    if seen.get_typeof("icc-profile-data"):
        seen = seen.icc_transform("srgb", black_point_compensation=True)
    seen = seen.colourspace("srgb").cast("uchar")
    tell(name, seen.numpy(), "libvips")


for name, options in {
    "plain.jpg": {"quality": 92},
    "progressive.jpg": {"quality": 92, "progressive": True},
    "full.jpg": {"quality": 92, "subsampling": 0},
    "plain.webp": {"quality": 90},
    "lossless.webp": {"lossless": True},
    "plain.avif": {"quality": 90},
    "plain.heic": {"quality": 90},
    "plain.png": {},
    "plain.bmp": {},
    "lzw.tif": {"compression": "tiff_lzw"},
    "packbits.tif": {"compression": "packbits"},
    "jpeg.tif": {"compression": "jpeg", "quality": 92},
}.items():
    image.save(f"{folder}/{name}", **options)
    own(name, "pillow-heif" if name.endswith("heic") else "Pillow")
image.convert("L").save(f"{folder}/grey.jpg")
own("grey.jpg")
image.quantize(64).save(f"{folder}/palette.tif")
own("palette.tif")
image.convert("1").save(f"{folder}/fax.tif", compression="group4")
own("fax.tif")

inks = ImageCms.profileToProfile(image, SRGB, coated, outputMode="CMYK")
press = open(coated, "rb").read()
inks.save(f"{folder}/inks.jpg", quality=95, icc_profile=press)
inks.save(f"{folder}/inks.tif", compression="tiff_lzw", icc_profile=press)
own("inks.jpg", "LittleCMS")
own("inks.tif", "LittleCMS")
raw = pyvips.Image.new_from_memory(np.asarray(inks).tobytes(), 160, 120, 4, "uchar").copy(interpretation="cmyk")
raw.jpegsave(f"{folder}/ycck.jpg", Q=95, profile=coated)
raw.tiffsave(f"{folder}/tiled-inks.tif", tile=True, compression="deflate", profile=coated)
by_vips("ycck.jpg")
by_vips("tiled-inks.tif")

wide = pyvips.Image.new_from_array(photo).copy(interpretation="srgb").icc_export(output_profile="p3")
wide.pngsave(f"{folder}/p3.png")
wide.jpegsave(f"{folder}/p3.jpg", Q=95)
own("p3.png", "LittleCMS")
by_vips("p3.jpg")
pyvips.Image.new_from_array(photo).heifsave(f"{folder}/ten.avif", bitdepth=10, Q=90, compression="av1")
by_vips("ten.avif")
pillow_heif.from_bytes("RGB;16", (160, 120), (photo.astype(np.uint16) * 257).tobytes()).save(f"{folder}/ten.heic", quality=95)
own("ten.heic", "pillow-heif")

deep = photo.astype(np.uint16) * 257
multiplied = cut_out.copy()
multiplied[..., :3] = np.round(cut_out[..., :3] * (disc[..., None] / 255.0))
for name, data, seen, options in [
    ("planar.tif", np.moveaxis(photo, 2, 0), photo, {"planarconfig": "separate"}),
    ("deep-planar.tif", np.moveaxis(deep, 2, 0), photo, {"planarconfig": "separate", "tile": (64, 64)}),
    ("big.tif", photo, photo, {"bigtiff": True}),
    ("deep.tif", deep, photo, {"byteorder": ">", "compression": "zlib"}),
    ("tiles.tif", photo, photo, {"tile": (32, 48), "compression": "zlib", "predictor": True}),
    ("straight.tif", cut_out, cut_out, {"extrasamples": ["unassalpha"]}),
    ("multiplied.tif", multiplied, cut_out, {"extrasamples": ["assocalpha"]}),
    ("unspecified.tif", cut_out, cut_out, {"extrasamples": ["unspecified"]}),
]:
    tifffile.imwrite(f"{folder}/{name}", data, photometric="rgb", **options)
    tell(name, seen, "tifffile")
with tifffile.TiffWriter(f"{folder}/pages.tif") as writer:
    writer.write(photo[::8, ::8].copy(), photometric="rgb", subfiletype=1)
    writer.write(photo, photometric="rgb", subfiletype=0)
    writer.write(photo[::2, ::2].copy(), photometric="rgb", subfiletype=0)
tell("pages.tif", photo, "tifffile")

red = Image.new("RGBA", (160, 120), (255, 0, 0, 255))
first = Image.fromarray(cut_out)
first.save(f"{folder}/moving.webp", save_all=True, append_images=[red], background=(255, 255, 255, 255), lossless=True)
first.save(f"{folder}/moving.png", save_all=True, append_images=[red], default_image=True)
for name in ["moving.webp", "moving.png"]:
    tell(name, first, "Pillow")
image.quantize(128).save(f"{folder}/moving.gif", save_all=True, append_images=[red.convert("P")])
tell("moving.gif", image.quantize(128).convert("RGB"), "Pillow")
