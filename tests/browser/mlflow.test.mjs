// SPDX-License-Identifier: Apache-2.0
// MLflow's own compiled page, as its wheel carries it, over our server: the page sees no difference.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "../../web/tests/harness.mjs";
import { bundle, serve } from "./mlflow_ui.mjs";

const kBinary = process.env.SLIPWAY_BIN;
const kFolder = kBinary ? bundle() : undefined;
const skip = kFolder ? false : "SLIPWAY_BIN names no executable, or no mlflow is installed";
// What MLflow's own server answers with 404 too, or what docs/guides/mlflow.md says is not offered.
const kKnown = [
  /\/users\/current/,
  /\/assistant\//,
  /\/3\.0\/mlflow\/gateway\//,
  /\/2\.0\/mlflow\/runs\/create-promptlab-run/,
];

let browser;
let child;
let folder;
let ui;
let url;
let page;
const runs = [];
const troubles = [];

async function call(path, body, method = "POST") {
  const response = await fetch(`${url}/api/2.0/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
  return response.json();
}

async function logRun(experiment_id, i) {
  const at = 1_767_225_600_000 + i * 60_000;
  const made = await call("mlflow/runs/create", {
    experiment_id,
    start_time: at,
    run_name: `tern-${i}`,
  });
  const { run_id, artifact_uri } = made.run.info;
  const metrics = Array.from({ length: 30 }, (_, step) => ({
    key: "auc",
    value: 0.5 + 0.01 * step * (i + 1),
    timestamp: at + step,
    step,
  }));
  const params = [{ key: "depth", value: `depth-${i}` }];
  await call("mlflow/runs/log-batch", { run_id, metrics, params });
  const root = artifact_uri.replace("mlflow-artifacts:/", "");
  const file = (name, text) => call(`mlflow-artifacts/artifacts/${root}/${name}`, text, "PUT");
  await file("notes/weather.txt", `wind from the north, ${i} knots`);
  await file("model/MLmodel", "flavors:\n  python_function:\n    loader_module: nothing\n");
  await call("mlflow/runs/update", { run_id, status: "FINISHED", end_time: at + 5000 });
  return run_id;
}

async function start() {
  folder = mkdtempSync(join(tmpdir(), "slipway-mlflow-"));
  child = spawn(kBinary, ["up", "--port", "0", "--grpc-port", "0", "--data", folder]);
  url = await new Promise((found, failed) => {
    let text = "";
    child.stderr.on("data", (piece) => {
      text += piece;
      const ready = /platform\.ready.*?(http:\/\/[\d.:]+)/.exec(text);
      if (ready) found(ready[1]);
    });
    child.on("exit", (code) => failed(new Error(`slipway up ended with ${code}: ${text}`)));
  });
}

async function fill() {
  const { experiment_id } = await call("mlflow/experiments/create", { name: "harbour" });
  for (let i = 0; i < 3; i += 1) runs.push(await logRun(experiment_id, i));
  await call("mlflow/registered-models/create", { name: "pilot", description: "brings ships in" });
  const source = `runs:/${runs[0]}/model`;
  await call("mlflow/model-versions/create", {
    name: "pilot",
    source,
    run_id: runs[0],
    description: "the first pilot",
    tags: [{ key: "season", value: "autumn" }],
  });
  await call("mlflow/registered-models/alias", { name: "pilot", alias: "champion", version: "1" });
  return experiment_id;
}

let experiment;

before(async () => {
  if (skip) return;
  browser = await launch();
  await start();
  experiment = await fill();
  ui = await serve(kFolder, url);
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 } });
  // The page would load a frame from its vendor's site.
  await context.route(
    (address) => !address.href.startsWith(ui.url),
    (route) => route.abort(),
  );
  page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => troubles.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // A refused request is judged by `answers`, with its address.
    const text = message.text();
    if (message.type() === "error" && !text.startsWith("Failed to load")) troubles.push(text);
  });
});

after(async () => {
  await browser?.close();
  ui?.close();
  child?.removeAllListeners("exit");
  const ended = child && new Promise((done) => child.on("exit", done));
  child?.kill("SIGTERM");
  await ended;
  if (folder) rmSync(folder, { recursive: true, force: true });
});

// Opens a page and waits for every text that must be on it.
async function shows(hash, texts) {
  const from = ui.answers.length;
  await page.goto(`${ui.url}/#/`);
  await page.goto(`${ui.url}/#${hash}`);
  for (const text of texts) {
    await page.getByText(text).first().waitFor({ state: "visible" });
  }
  await ui.settled();
  if (process.env.SCREENSHOTS) {
    const name = hash.replace(/[^a-z0-9]+/gi, "-").slice(0, 60);
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
  }
  const refused = ui.answers.slice(from).filter((answer) => {
    return answer.status >= 400 && !kKnown.some((known) => known.test(answer.url));
  });
  assert.deepEqual(refused, [], hash);
  assert.deepEqual(troubles, [], hash);
}

const asked = (pattern) => ui.answers.some(({ url }) => pattern.test(url));

test("the list of experiments", { skip }, async () => {
  await shows("/experiments", ["harbour", "Default"]);
});

test("an experiment's table of runs", { skip }, async () => {
  await shows(`/experiments/${experiment}/runs`, ["tern-0", "tern-1", "tern-2"]);
  await page.getByText("matching runs").waitFor();
});

test("a run with its params, metrics and model", { skip }, async () => {
  await shows(`/experiments/${experiment}/runs/${runs[0]}`, ["tern-0", "depth-0", "auc", "0.79"]);
  assert.ok(asked(/\/graphql/), "the page asks for a run by GraphQL");
  await page.getByText("pilot").first().waitFor();
});

test("a metric's chart", { skip }, async () => {
  await shows(`/experiments/${experiment}/runs/${runs[1]}/model-metrics`, ["auc"]);
  await page.locator(".js-plotly-plot .scatterlayer .trace path").first().waitFor();
  assert.ok(asked(/get-history-bulk-interval/));
});

test("artifacts, and a file's content", { skip }, async () => {
  await shows(`/experiments/${experiment}/runs/${runs[2]}/artifacts`, ["notes", "model"]);
  await page.getByText("notes").first().click();
  await page.getByText("weather.txt").first().click();
  await page.getByText("wind from the north, 2 knots").waitFor();
});

test("runs compared", { skip }, async () => {
  const list = encodeURIComponent(JSON.stringify(runs));
  const experiments = encodeURIComponent(JSON.stringify([experiment]));
  await shows(`/compare-runs?runs=${list}&experiments=${experiments}`, [
    "tern-0",
    "tern-2",
    "depth-1",
  ]);
});

test("models, a model, and a version of it", { skip }, async () => {
  await shows("/models", ["pilot"]);
  await shows("/models/pilot", ["brings ships in", "Version 1", "champion"]);
  await shows("/models/pilot/versions/1", ["the first pilot", "autumn", "tern-0"]);
  assert.ok(asked(/model-versions\/get-artifact/));
});

test("nothing was asked of another host, and GraphQL was answered", { skip }, () => {
  const graphql = ui.answers.filter(({ url }) => url.startsWith("/graphql"));
  assert.ok(graphql.length > 0);
  assert.ok(graphql.every(({ status }) => status === 200));
});
