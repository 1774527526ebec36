// SPDX-License-Identifier: Apache-2.0
// Every page in a real browser against the mock server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startMock } from "../mock/server.mjs";
import { launch, open, overflows } from "./harness.mjs";

let browser;
let mock;

before(async () => {
  browser = await launch();
  mock = await startMock({ runCount: 40 });
});

after(async () => {
  await browser?.close();
  await mock?.close();
});

function pages() {
  const [a, b] = mock.state.data.runs;
  return {
    "#/": "Overview",
    "#/experiments": "Experiments",
    "#/experiments/1": "flight-delays",
    [`#/runs/${a.id}`]: a.name,
    [`#/runs/${a.id}?tab=metrics`]: a.name,
    [`#/runs/${a.id}?tab=artifacts`]: a.name,
    [`#/compare?runs=${a.id},${b.id}`]: "Compare 2 runs",
    "#/models": "Registry",
    "#/models/flights": "flights",
    "#/models/flights/versions/2": "flights v2",
    "#/endpoints": "Endpoints",
    "#/endpoints/delays": "delays",
    "#/endpoints/delays?tab=drift&column=temp": "delays",
    "#/endpoints/delays?tab=quality": "delays",
    "#/endpoints/delays?tab=predictions": "delays",
    "#/endpoints/delays?tab=rollouts": "delays",
    "#/endpoints/delays?tab=alerts": "delays",
    "#/endpoints/delays?tab=settings": "delays",
    "#/rollouts/ro_0003": "flights v2 → v3",
    "#/pipelines": "Pipelines",
    "#/executions/ex_0002": "retrain",
    "#/alerts": "Alerts",
  };
}

for (const [colorScheme, width] of [
  ["light", 1440],
  ["dark", 420],
]) {
  test(`every page renders without an error, ${colorScheme} at ${width} px`, async () => {
    const page = await open(browser, mock.url, { colorScheme, viewport: { width, height: 860 } });
    for (const [hash, title] of Object.entries(pages())) {
      await page.show(hash);
      assert.equal((await page.textContent("h1")).trim(), title, hash);
      assert.equal(await page.locator(".trouble").count(), 0, `${hash} shows an error`);
      assert.equal(await overflows(page), false, `${hash} is wider than the window`);
    }
    assert.deepEqual(page.troubles, []);
    await page.context().close();
  });
}

test("the overview says what is in production, why, and what was decided", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/");
  const card = page.locator(".endpoint-card").first();
  await card.waitFor();
  assert.match(await card.textContent(), /delays.*Needs a look.*flights v2.*Drift was found/s);
  assert.match(await card.textContent(), /v3 takes 50 % of the traffic/);
  await card.locator(".threshold").waitFor({ state: "attached" });
  await page.click(".timeline a:has-text('Gate allowed flights v3')");
  await page.waitForSelector("h1:has-text('flights v3')");
  assert.match(await page.textContent(".timeline"), /roc_auc at least 0.65/);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("an event changes what is shown, without a reload", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/alerts");
  await page.waitForSelector(".live.is-live");
  const before = await page.locator("tbody tr").count();
  await page.evaluate(() => {
    window.untouched = true;
  });
  mock.state.data.alerts.unshift({
    ...mock.state.data.alerts[0],
    id: "al_new",
    state: "open",
    message: "a new alert arrived",
  });
  mock.emit("alert.opened", "delays");
  await page.waitForSelector("text=a new alert arrived", { timeout: 3000 });
  assert.equal(await page.locator("tbody tr").count(), before + 1);
  assert.equal(await page.evaluate(() => window.untouched), true);
  mock.state.data.alerts.shift();
  await page.context().close();
});

test("a lost connection is shown, and what was missed is fetched when it is back", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/alerts");
  await page.waitForSelector(".live.is-live");
  mock.state.failing = true;
  mock.cut();
  await page.waitForSelector(".live.is-disconnected");
  mock.state.data.alerts.unshift({
    ...mock.state.data.alerts[0],
    id: "al_missed",
    message: "opened while away",
  });
  mock.state.failing = false;
  await page.waitForSelector(".live.is-live", { timeout: 15_000 });
  await page.waitForSelector("text=opened while away");
  mock.state.data.alerts.shift();
  await page.context().close();
});

test("names from strangers are text, never markup", async () => {
  const evil = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
  const hostile = await startMock({ runCount: 3 });
  const { data } = hostile.state;
  Object.assign(data.runs[0], {
    name: evil,
    params: { [evil]: evil },
    metrics: { [evil]: 1 },
    tags: { [evil]: evil, "mlflow.user": evil },
    datasets: [{ name: evil, digest: evil }],
  });
  Object.assign(data.alerts[0], { message: evil });
  Object.assign(data.timeline[0], { text: evil, subject: evil, link: "javascript:alert(3)" });
  Object.assign(data.versions[1], { tags: { [evil]: evil }, source: evil });
  Object.assign(data.executions[1].steps[0], { name: evil, error: evil });
  const page = await open(browser, hostile.url);
  const id = data.runs[0].id;
  const hashes = [
    "#/",
    "#/experiments/1",
    `#/runs/${id}`,
    `#/runs/${id}?tab=metrics`,
    `#/compare?runs=${id},${data.runs[1].id}`,
    "#/models/flights/versions/2",
    "#/alerts",
    "#/executions/ex_0002",
    `#/models/${encodeURIComponent(evil)}`,
    `#/${evil}`,
  ];
  for (const hash of hashes) {
    await page.show(hash);
    assert.equal(await page.locator("img, .page script").count(), 0, hash);
  }
  await page.show("#/");
  await page.waitForSelector(".timeline");
  assert.equal(await page.locator("a[href^='javascript']").count(), 0);
  assert.ok((await page.textContent(".timeline")).includes(evil), "the text itself is shown");
  assert.equal(page.alarms, 0);
  assert.ok(!page.troubles.some((t) => /Content.Security/i.test(t)), page.troubles.join("\n"));
  await page.context().close();
  await hostile.close();
});

test("the theme follows the system until one is chosen, and the choice is kept", async () => {
  const page = await open(browser, mock.url, { colorScheme: "dark" });
  const background = () =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await page.show("#/");
  const dark = await background();
  await page.click("button[aria-label='Light']");
  const light = await background();
  assert.notEqual(dark, light);
  await page.reload();
  await page.waitForSelector("h1");
  assert.equal(await background(), light);
  await page.click("button[aria-label='As the system']");
  assert.equal(await background(), dark);
  await page.context().close();
});

test("thousands of runs stay quick: few rows in the page, all of them reachable", async () => {
  const many = await startMock({ runCount: 5000 });
  const page = await open(browser, many.url);
  const started = Date.now();
  await page.show("#/experiments/1");
  await page.waitForSelector("tbody tr[aria-rowindex]");
  const took = Date.now() - started;
  assert.ok(took < 4000, `first rows after ${took} ms`);
  const box = page.locator(".card .scroll");
  let last = "";
  for (let i = 0; i < 60; ++i) {
    await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await page.waitForTimeout(60);
    last = await page.locator("tbody tr[aria-rowindex] a.name").last().textContent();
    if (last.endsWith("-1")) break;
  }
  assert.match(last, /-1$/, "the oldest run can be scrolled to");
  assert.ok((await page.locator("tbody tr").count()) < 80, "only what is seen is in the page");
  assert.match(await page.textContent(".head"), /5000 runs/);
  await page.context().close();
  await many.close();
});

test("runs are filtered and sorted by the server, and compared", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/experiments/1");
  await page.click("th button:has-text('auc')");
  await page.waitForSelector("th[aria-sort]:has-text('auc')");
  await page.waitForFunction(() => {
    const column = [...document.querySelectorAll("th")].findIndex((th) => th.textContent === "auc");
    const cells = [...document.querySelectorAll("tbody tr[aria-rowindex]")];
    const values = cells.map((tr) => Number(tr.children[column].textContent)).filter((v) => v > 0);
    return values.length > 10 && values.every((v, i) => i === 0 || v <= values[i - 1]);
  });
  assert.ok(mock.state.requests.some((r) => decodeURIComponent(r).includes("metrics.`auc`+DESC")));
  await page.fill("input[placeholder^='A name']", "tern");
  await page.press("input[placeholder^='A name']", "Enter");
  await page.waitForFunction(() =>
    [...document.querySelectorAll("tbody a.name")].every((a) => a.textContent.includes("tern")),
  );
  const boxes = page.locator("tbody input[type=checkbox]");
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.click("text=Compare 2 runs");
  await page.waitForSelector("h1:has-text('Compare 2 runs')");
  await page.waitForSelector("tr.diff");
  assert.equal(await page.locator(".parallel .line").count(), 2);
  await page.selectOption("select[aria-label=Metric]", "auc");
  await page.waitForSelector("svg[aria-label^='auc of 2 runs'] path.series");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
});

test("a rollback is asked about first, and tells its reason", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/endpoints/delays");
  await page.click("button:has-text('Roll back')");
  await page.waitForSelector("dialog[open]");
  assert.ok(!mock.state.requests.some((r) => r.startsWith("POST") && r.includes("rollback")));
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.click("button:has-text('Roll back')");
  await page.fill("dialog input", "late labels look wrong");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  assert.ok(mock.state.requests.includes("POST /api/v1/endpoints/delays/rollback"));
  await page.context().close();
});

test("an alert's page shows what came of it as one trace", async () => {
  const page = await open(browser, mock.url);
  const { id } = mock.state.data.alerts.find((a) => a.execution_id);
  await page.show(`#/alerts/${id}`);
  await page.waitForSelector(".gantt >> text=version 1 to 2: promoted");
  const bars = await page.$$eval(".gantt .bar-of", (all) => all.map((e) => e.clientWidth));
  assert.equal(bars.length, 8);
  assert.ok(Math.max(...bars) > 100 && bars.every((w) => w > 0), `${bars}`);
  await page.waitForSelector("text=4bf92f3577b34da6a3ce929d0e0e4736");
  await page.show("#/alerts");
  await page.click(`a[href="#/alerts/${id}"]`);
  await page.waitForSelector("h1:has-text('at ')");
  await page.context().close();
});

test("a form starts a rollout, and says which step it cannot read", async () => {
  const own = await startMock({ runCount: 3 });
  const page = await open(browser, own.url);
  await page.show("#/endpoints/delays-eu?tab=rollouts");
  await page.click("button:has-text('Start rollout')");
  await page.fill("dialog input[aria-label=Version]", "3");
  await page.fill("dialog input[aria-label=Steps]", "ten");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog >> text='ten' is no step");
  assert.ok(!own.state.requests.includes("POST /api/v1/rollouts"));
  await page.fill("dialog input[aria-label=Steps]", "10:50, 100:200");
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  assert.ok(own.state.requests.includes("POST /api/v1/rollouts"));
  const begun = own.state.data.rollouts[0];
  assert.deepEqual(
    [begun.endpoint, begun.model, begun.version, begun.steps],
    [
      "delays-eu",
      "flights",
      "3",
      [
        { weight: 10, min_requests: 50 },
        { weight: 100, min_requests: 200 },
      ],
    ],
  );
  await page.context().close();
  await own.close();
});

test("a chart can be read with the keyboard and as a table", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/endpoints/delays?tab=drift");
  const chart = page.locator("svg[aria-label^='Drift share']");
  await chart.focus();
  await page.keyboard.press("Home");
  await page.waitForSelector(".tip");
  const first = await page.textContent(".tip");
  await page.keyboard.press("End");
  await page.waitForFunction((text) => document.querySelector(".tip")?.textContent !== text, first);
  await page.locator(".chart-table summary").first().click();
  await page.waitForSelector(".chart-table tbody tr");
  assert.equal(await page.locator(".chart-table tbody tr").count(), mock.state.data.reports.length);
  await page.context().close();
});

test("an empty server tells what to do next", async () => {
  const nothing = await startMock({
    world: { runs: [], versions: [], alerts: [], rollouts: [], executions: [], timeline: [] },
  });
  const page = await open(browser, nothing.url);
  for (const hash of ["#/", "#/experiments", "#/models", "#/endpoints", "#/pipelines"]) {
    await page.show(hash);
    await page.waitForSelector(".empty .command button[aria-label^='Copy']");
  }
  await page.show("#/alerts");
  await page.waitForSelector(".empty");
  assert.deepEqual(page.troubles, []);
  await page.context().close();
  await nothing.close();
});

test("what does not exist is said, with the way out", async () => {
  const page = await open(browser, mock.url);
  await page.show("#/runs/nothing");
  await page.waitForSelector(".trouble");
  assert.match(await page.textContent(".trouble"), /nothing at .*see \/api\/v1\/openapi.json/s);
  await page.show("#/no/such/page");
  await page.waitForSelector("text=There is no such page");
  await page.context().close();
});
