// SPDX-License-Identifier: Apache-2.0
// The embedded page of the real executable, fed through the interfaces that clients use.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, open, overflows } from "../../web/tests/harness.mjs";

const kBinary = process.env.SLIPWAY_BIN;
const skip = kBinary ? false : "SLIPWAY_BIN does not name the executable";
const kEvil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
const kRuns = 1200;

let browser;
let child;
let folder;
let url;
let experiment;
let execution;
const runs = [];

async function start() {
  folder = mkdtempSync(join(tmpdir(), "slipway-browser-"));
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

async function mlflow(path, body) {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
  return response.json();
}

async function logRun(i, evil) {
  const at = 1_767_225_600_000 + i * 1000;
  const run_name = evil ? kEvil : `run-${i}`;
  const made = await mlflow("runs/create", { experiment_id: experiment, start_time: at, run_name });
  const run_id = made.run.info.run_id;
  const metrics = Array.from({ length: evil ? 20 : 1 }, (_, step) => ({
    key: "auc",
    value: 0.5 + ((i * 37) % 300) / 1000,
    timestamp: at + step,
    step,
  }));
  const params = [{ key: "depth", value: evil ? kEvil : String(i % 7) }];
  const tags = evil ? [{ key: "note", value: kEvil }] : [];
  await mlflow("runs/log-batch", { run_id, metrics, params, tags });
  await mlflow("runs/update", { run_id, status: "FINISHED", end_time: at + 5000 });
  return run_id;
}

async function api(method, path, body) {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, `${path}: ${await response.clone().text()}`);
  return response.json();
}

// One that its data trigger would start, executed by hand.
async function executePipeline() {
  const yaml = [
    "name: nightly",
    "on: {data: {path: flights.csv}}",
    "steps:",
    "  - {name: greet, run: 'echo hello from the step'}",
    "  - {name: fail, needs: [greet], run: 'echo no good; exit 3'}",
  ].join("\n");
  await api("POST", "/pipelines", { yaml, folder });
  execution = (await api("POST", "/executions", { pipeline: "nightly" })).id;
  for (let i = 0; i < 200; i += 1) {
    if ((await api("GET", `/executions/${execution}`)).status === "failed") return;
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.fail("the execution did not end");
}

before(async () => {
  if (skip) return;
  browser = await launch();
  await start();
  experiment = (await mlflow("experiments/create", { name: `flights ${kEvil}` })).experiment_id;
  for (let i = 0; i < kRuns; i += 40) {
    runs.push(...(await Promise.all(Array.from({ length: 40 }, (_, k) => logRun(i + k, false)))));
  }
  runs.push(await logRun(kRuns, true));
  await executePipeline();
  await mlflow("registered-models/create", { name: "flights" });
  for (let i = 0; i < 230; i += 1) {
    await mlflow("registered-models/create", { name: `model-${String(i).padStart(3, "0")}` });
  }
  const run_id = runs.at(-1);
  await mlflow("model-versions/create", { name: "flights", source: `runs:/${run_id}/m`, run_id });
});

after(async () => {
  await browser?.close();
  child?.removeAllListeners("exit");
  const ended = child && new Promise((done) => child.on("exit", done));
  child?.kill("SIGTERM");
  await ended;
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const pages = () => [
  "#/",
  "#/experiments",
  `#/experiments/${experiment}`,
  `#/runs/${runs.at(-1)}`,
  `#/runs/${runs.at(-1)}?tab=metrics`,
  `#/runs/${runs.at(-1)}?tab=artifacts`,
  `#/compare?runs=${runs[0]},${runs[1]},${runs.at(-1)}`,
  "#/models",
  "#/models/flights",
  "#/models/flights/versions/1",
  "#/endpoints",
  "#/alerts",
  "#/pipelines",
  `#/executions/${execution}`,
];

for (const [colorScheme, width] of [
  ["light", 1440],
  ["dark", 420],
]) {
  test(`pages of the real server render, ${colorScheme} at ${width} px`, { skip }, async () => {
    const page = await open(browser, url, { colorScheme, viewport: { width, height: 860 } });
    for (const hash of pages()) {
      await page.show(hash);
      const trouble = await page.locator(".trouble").allTextContents();
      assert.deepEqual(trouble, [], hash);
      assert.equal(await overflows(page), false, `${hash} is wider than the window`);
      assert.equal(await page.locator("img, .page script").count(), 0, hash);
    }
    assert.equal(page.alarms, 0, "a hostile name was executed");
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });
}

test("pipelines and executions of the real server", { skip }, async () => {
  const page = await open(browser, url);
  await page.show("#/pipelines");
  await page.waitForSelector("text=data flights.csv");
  const row = page.locator("tbody tr", { has: page.locator(`a[href="#/executions/${execution}"]`) });
  assert.match(await row.textContent(), /nightly.*failed.*api/i);
  await page.show(`#/executions/${execution}`);
  await page.waitForSelector("text=no good");
  await page.show(`#/executions/${execution}?step=greet`);
  await page.waitForSelector("text=hello from the step");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a list of the real server goes on behind its first page", { skip }, async () => {
  const page = await open(browser, url);
  await page.show("#/models");
  await page.waitForSelector("text=model-000");
  for (let i = 0; i < 40 && (await page.locator("text=model-229").count()) === 0; i += 1) {
    await page.locator(".scroll").evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await page.waitForTimeout(100);
  }
  assert.equal(await page.locator("text=model-229").count(), 1);
  await page.context().close();
});

test("styles come from files only", { skip }, async () => {
  const policy = (await fetch(url)).headers.get("content-security-policy");
  assert.ok(!policy.includes("unsafe"), policy);
});

test("a run that is logged appears without a reload", { skip }, async () => {
  const page = await open(browser, url);
  await page.show(`#/experiments/${experiment}`);
  await page.waitForSelector(".live.is-live");
  await page.evaluate(() => {
    window.untouched = true;
  });
  await logRun(99_999, false);
  await page.waitForSelector("text=run-99999", { timeout: 5000 });
  assert.equal(await page.evaluate(() => window.untouched), true);
  await page.context().close();
});

test("the real server filters and sorts runs", { skip }, async () => {
  const page = await open(browser, url);
  const filter = encodeURIComponent("metrics.auc > 0.79");
  await page.show(`#/experiments/${experiment}?filter=${filter}&sort=-metrics.auc`);
  await page.waitForSelector("tbody tr[aria-rowindex]");
  const shown = await page.evaluate(() => {
    const at = [...document.querySelectorAll("th")].findIndex((th) => th.textContent === "auc");
    const rows = [...document.querySelectorAll("tbody tr[aria-rowindex]")];
    return rows.map((row) => Number(row.children[at].textContent));
  });
  assert.ok(shown.length > 10);
  assert.ok(
    shown.every((v, i) => v > 0.79 && (i === 0 || v <= shown[i - 1])),
    shown.join(),
  );
  await page.show(`#/experiments/${experiment}?filter=${encodeURIComponent("metrics.auc >")}`);
  await page.waitForSelector(".trouble");
  await page.context().close();
});

test("thousands of real runs stay quick", { skip }, async () => {
  const page = await open(browser, url);
  const started = Date.now();
  await page.show(`#/experiments/${experiment}`);
  await page.waitForSelector("tbody tr[aria-rowindex]");
  assert.ok(Date.now() - started < 6000, `first rows after ${Date.now() - started} ms`);
  assert.ok((await page.locator("tbody tr").count()) < 80);
  await page.context().close();
});
