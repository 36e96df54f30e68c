"""Adds real photographs and their reference masks to the pictures that `cargo xtask bench cutout` cuts out.

Takes pairs of folders, of pictures and of masks with the same names (white is subject). A photograph that came before
under another name is left out.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from PIL import Image

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


def found(pictures, masks):
    """Pictures that have a mask, with it."""
    for picture in sorted(pictures.iterdir()):
        mask = masks / f"{picture.stem}.png"
        if picture.suffix.lower() in ENDINGS and mask.exists():
            yield picture, mask


def taken(picture, mask, out):
    """Copies a photograph and its mask; what is written down of them."""
    name = f"photo-{picture.stem}"
    copy, alpha = out / f"{name}{picture.suffix.lower()}", out / f"{name}.alpha.png"
    shutil.copyfile(picture, copy)
    shutil.copyfile(mask, alpha)
    sizes = [Image.open(file).size for file in (copy, alpha)]
    if sizes[0] != sizes[1]:
        raise SystemExit(f"{picture} is {sizes[0]}, its mask {sizes[1]}")
    return {"name": name, "class": "photograph", "picture": copy.name, "alpha": alpha.name}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder that holds set.json")
    parser.add_argument(
        "--from", dest="pairs", nargs=2, type=Path, action="append", required=True, metavar=("PICTURES", "MASKS")
    )
    args = parser.parse_args()
    listed = args.out / "set.json"
    rows, seen = json.loads(listed.read_text()), set()
    for picture, mask in (pair for folders in args.pairs for pair in found(*folders)):
        digest = hashlib.sha256(Image.open(picture).convert("RGB").tobytes()).digest()
        if digest not in seen:
            seen.add(digest)
            rows.append(taken(picture, mask, args.out))
    listed.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
