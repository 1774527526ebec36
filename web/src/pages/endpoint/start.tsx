// SPDX-License-Identifier: Apache-2.0
// The form that starts a rollout: a version, its steps, and the policy that it must pass.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { call } from "../../api/client";
import type { Endpoint } from "../../api/types";
import { Confirm } from "../../parts/confirm";

// "shadow:500, 5:200, 50:2000" as the API has it; nothing for an empty text: the server's steps.
export function stepsOf(
  text: string,
): { weight?: number; shadow?: number; min_requests?: number }[] {
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((word) => {
      const [share = "", requests, ...rest] = word.split(":");
      const shadow = /^shadow(?:=(.+))?$/.exec(share);
      const percent = Number(shadow ? (shadow[1] ?? 100) : share);
      const min_requests = Number(requests ?? 100);
      if (rest.length > 0 || !share || Number.isNaN(percent + min_requests)) {
        throw new Error(
          `'${word}' is no step: write WEIGHT or WEIGHT:REQUESTS, for example 5:200, or shadow:500`,
        );
      }
      return shadow ? { shadow: percent, min_requests } : { weight: percent, min_requests };
    });
}

function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="col">
      <span class="label">{label}</span>
      {children}
    </div>
  );
}

export function StartRollout({ endpoint, done }: { endpoint: Endpoint; done: () => void }) {
  const [version, setVersion] = useState("");
  const [steps, setSteps] = useState("shadow:500, 5:200, 50:2000, 100:1000");
  const [policy, setPolicy] = useState("");
  const model = endpoint.routes.find((route) => !route.shadow)?.model ?? "";
  const start = async () => {
    if (!version.trim()) throw new Error("Which version?");
    const body = { endpoint: endpoint.name, model, version: version.trim(), steps: stepsOf(steps) };
    await call("POST", "/api/v1/rollouts", policy.trim() ? { ...body, policy } : body);
    done();
  };
  return (
    <Confirm
      button="Start rollout"
      icon="rollout"
      title={`Roll out a version of ${model}`}
      confirm="Start it"
      run={start}
    >
      It gets a growing share of the traffic while the numbers agree, and loses it when they do not.
      <Field label="Version">
        <input
          class="input"
          aria-label="Version"
          inputMode="numeric"
          value={version}
          onInput={(event) => setVersion(event.currentTarget.value)}
        />
      </Field>
      <Field label="Steps: percent, and the requests to see in each">
        <input
          class="input"
          aria-label="Steps"
          value={steps}
          onInput={(event) => setSteps(event.currentTarget.value)}
        />
      </Field>
      <Field label="Policy (YAML, may be empty)">
        <textarea
          class="input"
          aria-label="Policy"
          rows={4}
          value={policy}
          onInput={(event) => setPolicy(event.currentTarget.value)}
        />
      </Field>
    </Confirm>
  );
}
