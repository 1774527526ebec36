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

before(async () => {
  if (skip) return;
  browser = await launch();
  await start();
  experiment = (await mlflow("experiments/create", { name: `flights ${kEvil}` })).experiment_id;
  for (let i = 0; i < kRuns; i += 40) {
    runs.push(...(await Promise.all(Array.from({ length: 40 }, (_, k) => logRun(i + k, false)))));
  }
  runs.push(await logRun(kRuns, true));
  await mlflow("registered-models/create", { name: "flights" });
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
