"""Scores the cut-outs of `cargo xtask bench cutout` against the known alpha, and prints the figures as JSON.

`set.json` lists the pictures; every folder beside it that is named holds one side's cut-outs, `ours/told.json` the
doubts that were told.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from compose import CLASSES
from measures import measures
from progress import counted

# An IoU below this is a bad cut-out.
GOOD = 0.9
PEER = "u2netp_matting"


def alpha_of(file, size):
    """Alpha of a cut-out, or a matte, brought to the picture's size."""
    image = Image.open(file)
    plane = image.getchannel("A") if image.mode == "RGBA" else image.convert("L")
    return plane if plane.size == size else plane.resize(size, Image.Resampling.BILINEAR)


def scored(job):
    """One picture's measures by side."""
    out, row, sides = job
    truth = Image.open(out / row["alpha"]).convert("L")
    planes = {side: alpha_of(out / side / f"{row['name']}.png", truth.size) for side in sides}
    return {**row, "sides": {side: measures(np.asarray(plane), np.asarray(truth)) for side, plane in planes.items()}}


def mean(rows, side, measure):
    return float(np.mean([row["sides"][side][measure] for row in rows]))


def table(rows, sides):
    """Every class: its mean measures by side, and our absolute error beside each peer's."""
    told = {}
    for kind in CLASSES:
        of_kind = [row for row in rows if row["class"] == kind]
        if not of_kind:
            continue
        means = {
            side: {measure: mean(of_kind, side, measure) for measure in ("iou", "sad", "sad_share", "grad")}
            for side in sides
        }
        ratios = {
            f"sad_beside_{side}": means["ours"]["sad"] / max(means[side]["sad"], 1e-9)
            for side in sides
            if side != "ours"
        }
        told[kind] = {"pictures": len(of_kind), **means, **ratios}
    return told


def doubts(photographs):
    """How well doubts go with bad cut-outs; a share of nothing is left out."""
    told = {}
    bad = [bool(row["doubts"]) for row in photographs if row["sides"]["ours"]["iou"] < GOOD]
    good = [bool(row["doubts"]) for row in photographs if row["sides"]["ours"]["iou"] >= GOOD]
    if bad:
        told["doubts_recall"] = float(np.mean(bad))
    if good:
        told["doubts_false"] = float(np.mean(good))
    return told


def summed(rows, sides):
    """The figures of the bench, and what they are made of."""
    photographs = [row for row in rows if row["class"] == "photograph"]
    composites = [row for row in rows if row["class"] != "photograph"]
    classes = table(composites, sides)
    metrics = {
        "iou_photos": mean(photographs, "ours", "iou"),
        "iou_photos_least": min(row["sides"]["ours"]["iou"] for row in photographs),
        "below_0_9": sum(1 for row in photographs if row["sides"]["ours"]["iou"] < GOOD),
        "iou": mean(composites, "ours", "iou"),
        "sad": mean(composites, "ours", "sad"),
        "grad_error": mean(composites, "ours", "grad"),
        "ratio_sad_rembg": max(means[f"sad_beside_{PEER}"] for means in classes.values()),
        **doubts(photographs),
    }
    shown = [
        {"name": row["name"], "doubts": row["doubts"], **{side: row["sides"][side]["iou"] for side in sides}}
        for row in photographs
    ]
    worst = sorted(composites, key=lambda row: row["sides"]["ours"]["iou"])[:20]
    detail = {
        "pictures": {"photographs": len(photographs), "composites": len(composites)},
        "classes": classes,
        "composites": {
            side: {measure: mean(composites, side, measure) for measure in ("iou", "sad", "sad_share", "grad")}
            for side in sides
        },
        "photographs_iou": {side: mean(photographs, side, "iou") for side in sides},
        "photographs": sorted(shown, key=lambda row: row["ours"]),
        "worst_composites": [
            {"name": row["name"], "iou": row["sides"]["ours"]["iou"], "doubts": row["doubts"]} for row in worst
        ],
    }
    return {"metrics": metrics, "detail": detail}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder that holds set.json")
    parser.add_argument("sides", nargs="+", help="folders of cut-outs, `ours` among them")
    args = parser.parse_args()
    rows = json.loads((args.out / "set.json").read_text())
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [(args.out, row, args.sides) for row in rows]
        rows = list(counted("scoring", pool.map(scored, jobs, chunksize=4), len(jobs)))
    told = json.loads((args.out / "ours" / "told.json").read_text())
    rows = [{**row, "doubts": told[row["name"]]["doubts"]} for row in rows]
    (args.out / "scores.json").write_text(json.dumps(rows, indent=1) + "\n")
    print(json.dumps(summed(rows, args.sides)))


if __name__ == "__main__":
    main()
