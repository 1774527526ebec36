// SPDX-License-Identifier: Apache-2.0
// Serves /api/v1 with made-up flights data, and web/dist beside it under the same strict policy that
// the binary sends. For development (`npm run mock`) and the browser tests; nothing ships it.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { world } from "./data.mjs";
import { history } from "./generate.mjs";
import { keys, only, search, sorted } from "./runs.mjs";
import { trace } from "./trace.mjs";

export const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const kTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};
const kLog = Array.from(
  { length: 400 },
  (_, i) =>
    `2026-01-12 08:${String(10 + Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")} INFO  iter ${i + 1}/400  train_loss=${(0.69 * Math.exp(-i / 160) + 0.2).toFixed(4)}  val_auc=${(0.78 - 0.28 * Math.exp(-i / 70)).toFixed(4)}`,
).join("\n");

// `options.world` replaces parts of the data; `options.empty` has none at all.
export async function startMock(options = {}) {
  const data = { ...world(options), ...options.world };
  const streams = new Set();
  const state = { data, failing: false, requests: [] };
  const page = (items, query) => {
    const size = Number(query.get("page_size") ?? 100);
    const from = Number(query.get("page_token") || 0);
    return {
      items: items.slice(from, from + size),
      next_page_token: from + size < items.length ? String(from + size) : "",
    };
  };
  const api = table(state, page);
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    state.requests.push(`${request.method} ${url.pathname}${url.search}`);
    const json = (status, body) => {
      response.writeHead(status, {
        "content-type": status >= 400 ? "application/problem+json" : "application/json",
      });
      response.end(JSON.stringify(body));
    };
    if (state.failing) return response.destroy();
    if (url.pathname === "/api/v1/events") {
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": hello\n\n");
      streams.add(response);
      request.on("close", () => streams.delete(response));
      return;
    }
    if (url.pathname === "/version") return json(200, { version: "0.1.0" });
    if (!url.pathname.startsWith("/api/")) return file(url.pathname, response);
    for (const [method, pattern, handler] of api) {
      const found = request.method === method && pattern.exec(url.pathname);
      if (!found) continue;
      const body = await read(request);
      const result = handler(found.slice(1).map(decodeURIComponent), url.searchParams, body);
      if (result === undefined) break;
      if (typeof result === "string") {
        response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
        return response.end(result);
      }
      return json(200, result);
    }
    json(404, {
      title: "not found",
      status: 404,
      detail: `nothing at ${url.pathname}`,
      hint: "see /api/v1/openapi.json",
      code: "not_found",
      request_id: "mock",
    });
  });
  await new Promise((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
  const port = server.address().port;
  return {
    url: `http://127.0.0.1:${port}`,
    state,
    emit: (type, subject = "", body = {}) => {
      for (const s of streams)
        s.write(
          `event: ${type}\ndata: ${JSON.stringify({ type, subject, actor: "mock", at: new Date().toISOString(), data: body })}\n\n`,
        );
    },
    cut: () => {
      for (const s of streams) s.destroy();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}

async function read(request) {
  let text = "";
  for await (const piece of request) text += piece;
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
}

const kDist = fileURLToPath(new URL("../dist", import.meta.url));

function file(path, response) {
  const name = join(kDist, normalize(path === "/" ? "/index.html" : path));
  if (!name.startsWith(kDist) || !existsSync(name) || !statSync(name).isFile()) {
    response.writeHead(404);
    return response.end();
  }
  response.writeHead(200, {
    "content-type": kTypes[extname(name)] ?? "application/octet-stream",
    "content-security-policy": kPolicy,
    "x-content-type-options": "nosniff",
  });
  createReadStream(name).pipe(response);
}

function overview({ data }) {
  const open = data.alerts.filter((a) => a.state === "open").length;
  const running = data.rollouts.find((r) => r.state === "running");
  const latest = data.reports.at(-1);
  if (!data.versions.length) return { endpoints: [], timeline: [] };
  return {
    endpoints: [
      {
        name: "delays",
        model: "flights",
        champion_version: "2",
        health: open ? "amber" : "green",
        reason: open
          ? "Drift was found 13 min ago; a retrained version is being rolled out"
          : "Traffic, latency, drift and quality are within their bounds",
        requests_per_s: 1180 + Math.round(Math.random() * 90),
        p99_ms: 4.2,
        drift_share: latest?.drift_share ?? null,
        drift_threshold: 0.1,
        open_alerts: open,
        rollout: running
          ? { id: running.id, challenger: running.challenger, weight: running.weight }
          : null,
      },
      {
        name: "delays-eu",
        model: "flights",
        champion_version: "1",
        health: "green",
        reason: "Traffic, latency, drift and quality are within their bounds",
        requests_per_s: 36.4,
        p99_ms: 2.9,
        drift_share: 0.083,
        drift_threshold: 0.15,
        open_alerts: 0,
        rollout: null,
      },
    ],
    timeline: data.timeline,
  };
}

function endpoints({ data }) {
  if (!data.versions.length) return [];
  const now = Date.now();
  const total = data.stats.requests + Math.floor(((now - data.stats.started) / 1000) * 1200);
  const part = (version, share, p99) => ({
    model: "flights",
    version,
    requests: Math.floor(total * share),
    errors: version === "2" ? 3 : 0,
    p50_ms: 0.9,
    p99_ms: p99 + Math.random() * 0.4,
  });
  return [
    {
      name: "delays",
      routes: [
        {
          model: "flights",
          version: "2",
          alias: "champion",
          weight: 50,
          shadow: false,
          state: "ready",
          error: null,
        },
        {
          model: "flights",
          version: "3",
          alias: null,
          weight: 50,
          shadow: false,
          state: "ready",
          error: null,
        },
      ],
      stats: {
        requests: total,
        errors: 3,
        p50_ms: 0.9,
        p99_ms: 4.2,
        per_version: [part("2", 0.8, 3.9), part("3", 0.2, 4.1)],
      },
      created: data.changes[1]?.at ?? null,
      updated: data.rollouts[0]?.started ?? null,
    },
    {
      name: "delays-eu",
      routes: [
        {
          model: "flights",
          version: "1",
          alias: null,
          weight: 100,
          shadow: false,
          state: "ready",
          error: null,
        },
      ],
      stats: {
        requests: 61_220,
        errors: 0,
        p50_ms: 0.8,
        p99_ms: 2.9,
        per_version: [part("1", 0.1, 2.9)],
      },
      created: data.changes[1]?.at ?? null,
      updated: data.changes[1]?.at ?? null,
    },
  ];
}

function table(state, page) {
  const data = () => state.data;
  const p = (text) => new RegExp(`^/api/v1${text.replace(/\{\}/g, "([^/]+)")}$`);
  const experiment = () => ({
    id: "1",
    name: "flight-delays",
    created: data().changes[0]?.at ?? null,
    updated: data().runs.at(-1)?.started ?? null,
    runs: data().runs.length,
  });
  const byName = (list, key, value) => list.find((item) => item[key] === value);
  const files = {
    "": [
      ["model", true, null],
      ["plots", true, null],
      ["evaluation.csv", false, 412_331],
      ["reference.csv", false, 1_204_113],
    ],
    model: [
      ["model/MLmodel", false, 812],
      ["model/model.onnx", false, 318_402],
      ["model/requirements.txt", false, 96],
    ],
    plots: [["plots/roc.svg", false, 22_310]],
  };
  return [
    ["GET", p("/overview"), () => overview(state)],
    [
      "GET",
      p("/experiments"),
      () => ({
        items: data().runs.length
          ? [
              experiment(),
              {
                id: "0",
                name: "Default",
                created: experiment().created,
                updated: experiment().created,
                runs: 0,
              },
            ]
          : [],
      }),
    ],
    ["GET", p("/experiments/{}"), ([id]) => (id === "1" ? experiment() : undefined)],
    ["GET", p("/experiments/{}/keys"), ([id]) => (id === "1" ? keys(data().runs) : undefined)],
    [
      "GET",
      p("/runs"),
      (_, q) => {
        const found = page(sorted(search(data().runs, q.get("filter")), q.get("order_by")), q);
        return { ...found, items: found.items.map((run) => only(run, q)) };
      },
    ],
    ["GET", p("/runs/{}"), ([id]) => byName(data().runs, "id", id)],
    [
      "GET",
      p("/runs/{}/metrics/{}"),
      ([id, key]) => {
        const run = byName(data().runs, "id", id);
        return run && key in run.metrics ? { items: history(run, key) } : undefined;
      },
    ],
    [
      "GET",
      p("/runs/{}/artifacts"),
      (_, q) => ({
        items: (files[q.get("path") ?? ""] ?? []).map(([path, is_dir, size]) => ({
          path,
          is_dir,
          size,
        })),
      }),
    ],
    [
      "GET",
      p("/models"),
      () => ({
        items: data().versions.length
          ? [
              {
                name: "flights",
                description: "Arrives a flight more than 15 minutes late?",
                created: data().changes[0]?.at,
                updated: data().changes.at(-1)?.at,
                aliases: { champion: "2", challenger: "3" },
                latest_version: "3",
                tags: {},
              },
            ]
          : [],
      }),
    ],
    [
      "GET",
      p("/models/{}"),
      ([name]) =>
        name === "flights"
          ? {
              name,
              description: "Does a flight arrive more than 15 minutes late?",
              created: null,
              aliases: { champion: "2", challenger: "3" },
            }
          : undefined,
    ],
    ["GET", p("/models/{}/versions"), () => ({ items: data().versions })],
    ["GET", p("/models/{}/versions/{}"), ([, v]) => byName(data().versions, "version", v)],
    ["GET", p("/models/{}/versions/{}/why"), ([, v]) => ({ items: data().why[v] ?? [] })],
    ["GET", p("/models/{}/versions/{}/reference"), () => data().reference],
    ["GET", p("/models/{}/history"), () => ({ items: data().changes })],
    ["PUT", p("/models/{}/aliases/{}"), () => ({})],
    ["POST", p("/models/{}/versions/{}/promote"), () => ({})],
    ["GET", p("/promotions"), () => ({ items: [], next_page_token: "" })],
    ["POST", p("/promotions/{}/approve"), () => ({})],
    ["POST", p("/promotions/{}/reject"), () => ({})],
    ["GET", p("/endpoints"), () => ({ items: endpoints(state) })],
    ["GET", p("/endpoints/{}"), ([name]) => byName(endpoints(state), "name", name)],
    [
      "GET",
      p("/endpoints/{}/drift"),
      ([name]) => ({
        items:
          name === "delays"
            ? data().reports
            : data()
                .reports.slice(0, 14)
                .map((r) => ({ ...r, drift_share: 0.083 })),
      }),
    ],
    ["GET", p("/endpoints/{}/quality"), () => ({ items: data().quality })],
    ["GET", p("/endpoints/{}/predictions"), () => ({ items: data().predictions })],
    [
      "GET",
      p("/endpoints/{}/monitor"),
      () => ({
        window_rows: 5000,
        min_rows: 500,
        drift_threshold: 0.1,
        sample_rate: 1,
        retrain: { pipeline: "retrain", cooldown_s: 600 },
        webhooks: [],
      }),
    ],
    ["POST", p("/endpoints/{}/rollback"), () => ({ champion: "1" })],
    [
      "GET",
      p("/alerts"),
      (_, q) => ({
        items: data().alerts.filter(
          (a) =>
            (!q.get("state") || a.state === q.get("state")) &&
            (!q.get("endpoint") || a.endpoint === q.get("endpoint")),
        ),
      }),
    ],
    ["GET", p("/alerts/{}"), ([id]) => byName(data().alerts, "id", id)],
    ["GET", p("/alerts/{}/trace"), ([id]) => trace(byName(data().alerts, "id", id))],
    [
      "POST",
      p("/alerts/{}/(acknowledge|close)"),
      ([id, verb]) => {
        const alert = byName(data().alerts, "id", id);
        if (alert)
          Object.assign(
            alert,
            verb === "close"
              ? { state: "closed", closed: new Date().toISOString() }
              : { state: "acknowledged" },
          );
        return alert;
      },
    ],
    ["GET", p("/rollouts"), () => ({ items: data().rollouts })],
    [
      "POST",
      p("/rollouts"),
      (_path, _query, asked) => {
        const weight = asked.steps?.[0]?.weight ?? 5;
        const made = { ...data().rollouts[0], ...asked, id: "ro_new", state: "running", weight };
        data().rollouts.unshift({ ...made, challenger: asked.version });
        return made;
      },
    ],
    ["GET", p("/rollouts/{}"), ([id]) => byName(data().rollouts, "id", id)],
    [
      "POST",
      p("/rollouts/{}/(pause|resume|abort)"),
      ([id, verb]) => {
        const r = byName(data().rollouts, "id", id);
        if (r) r.state = { pause: "paused", resume: "running", abort: "aborted" }[verb];
        return r;
      },
    ],
    [
      "GET",
      p("/pipelines"),
      () => ({
        items: data().executions.length
          ? [
              {
                name: "retrain",
                folder: "examples/flights",
                schedule: "0 3 * * *",
                steps: [
                  { name: "prepare" },
                  { name: "train" },
                  { name: "evaluate" },
                  { name: "gate" },
                ],
              },
            ]
          : [],
      }),
    ],
    ["GET", p("/executions"), () => ({ items: data().executions })],
    ["GET", p("/executions/{}"), ([id]) => byName(data().executions, "run_id", id)],
    ["GET", p("/executions/{}/logs/{}"), (_, q) => kLog.slice(Number(q.get("offset") ?? 0))],
    [
      "POST",
      p("/executions/{}/(cancel|resume)"),
      ([id]) => byName(data().executions, "run_id", id),
    ],
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--port");
  const mock = await startMock({
    port: at > 0 ? Number(process.argv[at + 1]) : 5899,
    runCount: 3000,
  });
  console.log(`mock of /api/v1 and web/dist: ${mock.url}`);
}
