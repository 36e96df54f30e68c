"""Contact sheets of `cargo xtask bench cutout`: each picture beside our cut-out and the peer's, on a checkerboard."""

import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from compose import CLASSES
from progress import counted

CELL, GAP, CAPTION = 300, 8, 44
COLUMNS, ROWS = 2, 10
PEER = "u2netp_matting"
INK, PALE, RED = (32, 32, 32), (110, 110, 110), (190, 30, 30)


def checkerboard(size, square=12):
    board = Image.new("RGB", size, (255, 255, 255))
    pen = ImageDraw.Draw(board)
    for y in range(0, size[1], square):
        for x in range(0, size[0], square):
            if (x // square + y // square) % 2:
                pen.rectangle([x, y, x + square - 1, y + square - 1], fill=(198, 198, 198))
    return board


def cell(file):
    """A picture or a cut-out, within a cell."""
    image = Image.open(file).convert("RGBA")
    image.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
    board = checkerboard(image.size)
    board.paste(image, (0, 0), image)
    return board


def entry(page, row, out, at, font):
    """One picture's three cells and its caption."""
    pen, (x, y) = ImageDraw.Draw(page), at
    files = (out / row["picture"], out / "ours" / f"{row['name']}.png", out / PEER / f"{row['name']}.png")
    for number, file in enumerate(files):
        shown = cell(file)
        left = x + number * (CELL + GAP)
        page.paste(shown, (left + (CELL - shown.width) // 2, y + (CELL - shown.height) // 2))
    ours, peer = (row["sides"][side] for side in ("ours", PEER))
    pen.text((x, y + CELL + 2), f"{row['name']}", INK, font)
    for number, side in ((1, ours), (2, peer)):
        told = f"IoU {side['iou']:.3f}  SAD {side['sad']:.2f}"
        pen.text((x + number * (CELL + GAP), y + CELL + 2), told, RED if side["iou"] < 0.9 else INK, font)
    pen.text((x, y + CELL + 20), "; ".join(row["doubts"])[:130] or "no doubt", PALE, font)


def page_of(rows, out):
    font = ImageFont.load_default(14)
    wide, high = 3 * (CELL + GAP) + 2 * GAP, CELL + CAPTION
    lines = -(-len(rows) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * wide + GAP, lines * high + GAP), (255, 255, 255))
    for number, row in enumerate(rows):
        entry(page, row, out, (GAP + number % COLUMNS * wide, GAP + number // COLUMNS * high), font)
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder that holds scores.json")
    parser.add_argument("--sheet", type=Path, required=True, help="SHEET.png makes SHEET-01.png and so on")
    args = parser.parse_args()
    order = ("photograph", *CLASSES)
    rows = json.loads((args.out / "scores.json").read_text())
    # Photographs first, then class by class; in each, the worst of ours first.
    rows.sort(key=lambda row: (order.index(row["class"]), row["sides"]["ours"]["iou"]))
    pages = [rows[at : at + COLUMNS * ROWS] for at in range(0, len(rows), COLUMNS * ROWS)]
    args.sheet.parent.mkdir(parents=True, exist_ok=True)
    for number, page in enumerate(counted("sheets", pages, len(pages)), 1):
        file = args.sheet.with_name(f"{args.sheet.stem}-{number:02}{args.sheet.suffix or '.png'}")
        page_of(page, args.out).save(file)


if __name__ == "__main__":
    main()
