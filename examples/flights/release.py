# SPDX-License-Identifier: Apache-2.0
"""Puts the newest version of the model behind the endpoint: as a canary when there is a champion
to compare with, at once when it is the first."""

import argparse
from pathlib import Path

from client import Refused, Slipway

# The challenger gets a share of the traffic until it has answered and been judged often enough.
STEPS = [
    {"weight": 5, "min_requests": 200, "min_labels": 200},
    {"weight": 50, "min_requests": 2000, "min_labels": 1500},
    {"weight": 100, "min_requests": 1000},
]


def newest(slipway: Slipway, model: str) -> str:
    versions = slipway.items(f"/models/{model}/versions")
    return max((v["version"] for v in versions), key=int)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", default="delays")
    parser.add_argument("--model", default="flights")
    args = parser.parse_args()
    slipway = Slipway()
    version = newest(slipway, args.model)
    try:
        slipway.api("GET", f"/endpoints/{args.endpoint}")
    except Refused as refused:
        if refused.status != 404:
            raise
        champion = {"version": version, "reason": "first version, passed the gate"}
        slipway.api("PUT", f"/models/{args.model}/aliases/champion", champion)
        route = {"model": args.model, "alias": "champion", "weight": 100}
        slipway.api("POST", "/endpoints", {"name": args.endpoint, "routes": [route]})
        print(f"{args.endpoint} answers with {args.model} version {version}")
        return
    rollout = slipway.api(
        "POST",
        "/rollouts",
        {
            "endpoint": args.endpoint,
            "model": args.model,
            "version": version,
            "steps": STEPS,
            "policy": Path("policies/production.yaml").read_text(),
            "on_success": "promote",
        },
    )
    print(f"rollout {rollout['id']}: version {version} starts with {STEPS[0]['weight']} %")


if __name__ == "__main__":
    main()
