# SPDX-License-Identifier: Apache-2.0
"""Writes the recorded histories beside this file with the real tools: tensorboardX, wandb, numpy.

python make.py tensorboard | wandb
"""

import sys


def tensorboard() -> None:
    import numpy
    from tensorboardX import SummaryWriter

    with SummaryWriter("tensorboard/main", flush_secs=1) as writer:
        for step in range(50):
            writer.add_scalar("loss/train", 1 / (step + 1), step, walltime=1_700_000_000 + step)
        writer.add_scalar("odd", float("nan"), 0, walltime=1_700_000_000)
        writer.add_scalar("odd", float("inf"), 1, walltime=1_700_000_001)
        writer.add_image("pixels", numpy.zeros((3, 4, 4), dtype=numpy.uint8), 3)
        writer.add_histogram("weights", numpy.arange(10), 2)
        writer.add_text("note", "hello", 1)
    with SummaryWriter("tensorboard/trial", flush_secs=1) as writer:
        writer.add_hparams({"lr": 0.1, "net": "deep", "bn": True}, {"accuracy": 0.75}, name="a")


def wandb() -> None:
    import os

    import numpy
    import wandb as client

    settings = client.Settings(
        console="wrap", x_disable_stats=True, x_disable_meta=True, disable_git=True
    )
    run = client.init(
        project="flights",
        name="nice run",
        mode="offline",
        dir=".",
        tags=["a", "b"],
        group="g",
        notes="my notes",
        config={"lr": 0.1, "net": {"depth": 3, "act": "relu"}, "list": [1, 2]},
        settings=settings,
    )
    for i in range(10):
        run.log(
            {
                "loss": 1 / (i + 1),
                "epoch": i / 4,
                "nested": {"x": i, "y": {"z": i * 2}},
                "odd": float("nan") if i % 2 else float("inf"),
                "word": "hello",
            }
        )
    print("a line")
    run.log(
        {
            "pixels": client.Image(numpy.zeros((4, 4, 3), dtype=numpy.uint8)),
            "spread": client.Histogram(numpy.arange(10)),
        }
    )
    run.summary["best"] = 0.99
    with open("weights.txt", "w") as file:
        file.write("weights")
    run.save("weights.txt")
    run.finish()
    os.remove("weights.txt")


if __name__ == "__main__":
    {"tensorboard": tensorboard, "wandb": wandb}[sys.argv[1]]()
