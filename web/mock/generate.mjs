// SPDX-License-Identifier: Apache-2.0
// Pieces of the mock's data: runs, reports and executions from a seeded generator, so that every
// start shows the same.

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const hex = (rand, n) =>
  Array.from({ length: n }, () => Math.floor(rand() * 16).toString(16)).join("");
export const iso = (ms) => new Date(ms).toISOString();
export const kMinute = 60_000;

export const kFeatures = [
  ["temp", "numerical"],
  ["sched_hour", "numerical"],
  ["wind_speed", "numerical"],
  ["visibility", "numerical"],
  ["pressure", "numerical"],
  ["distance", "numerical"],
  ["humid", "numerical"],
  ["precip", "numerical"],
  ["carrier", "categorical"],
  ["origin", "categorical"],
  ["dest_hub", "categorical"],
  ["day_of_week", "categorical"],
];

const kCarriers = ["UA", "B6", "EV", "DL", "AA", "MQ", "US", "9E", "WN", "VX"];
const kOrigins = ["EWR", "JFK", "LGA"];

export function value(rand, name, season) {
  switch (name) {
    case "temp":
      return Math.round((34 + season * 38 + (rand() + rand() - 1) * 14) * 10) / 10;
    case "sched_hour":
      return 5 + Math.floor(rand() * 18);
    case "wind_speed":
      return Math.round(rand() * 24 * 10) / 10;
    case "visibility":
      return rand() < 0.8 ? 10 : Math.round(rand() * 100) / 10;
    case "pressure":
      return Math.round((1017 + (rand() - 0.5) * 30) * 10) / 10;
    case "distance":
      return Math.floor(180 + rand() ** 2 * 2400);
    case "humid":
      return Math.round((60 + season * 8 + (rand() - 0.5) * 50) * 10) / 10;
    case "precip":
      return rand() < 0.9 ? 0 : Math.round(rand() * 30) / 100;
    case "carrier":
      return kCarriers[Math.floor(rand() ** 1.6 * kCarriers.length)];
    case "origin":
      return kOrigins[Math.floor(rand() * 3)];
    case "dest_hub":
      return rand() < 0.7 ? "yes" : "no";
    default:
      return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][Math.floor(rand() * 7)];
  }
}

export function driftReport(rand, i, at, version, season) {
  const columns = kFeatures.map(([name, type]) => {
    const seasonal =
      { temp: 1, humid: 0.35, pressure: 0.2, wind_speed: 0.16, precip: 0.1 }[name] ?? 0.03;
    const score = Math.max(
      0.004,
      seasonal * season * (version === "1" ? 0.62 : 0.16) + rand() * 0.035,
    );
    return {
      name,
      type,
      method: type === "numerical" ? "wasserstein" : "jensenshannon",
      score,
      p_value: null,
      statistic: null,
      threshold: 0.1,
      drifted: score >= 0.1,
      error: null,
    };
  });
  if (i % 9 === 4)
    Object.assign(columns[7], {
      score: null,
      drifted: false,
      error: "all values of the window are null",
    });
  const share = columns.filter((c) => c.drifted).length / columns.length;
  return {
    id: `dr_${String(i).padStart(5, "0")}`,
    endpoint: "delays",
    model: "flights",
    version,
    window_start: iso(at - 4 * kMinute),
    window_end: iso(at),
    rows: 5000,
    drift_share: share,
    dataset_drift: share >= 0.1,
    threshold: 0.1,
    columns,
  };
}

export function runs(rand, now, count) {
  const list = [];
  for (let i = 0; i < count; ++i) {
    const depth = 3 + Math.floor(rand() * 6);
    const rate = [0.02, 0.05, 0.1, 0.2][Math.floor(rand() * 4)];
    const started = now - (count - i) * 7 * kMinute;
    const took = 20_000 + rand() * 90_000;
    const auc = 0.7 + rand() * 0.06 + (depth > 4 ? 0.015 : 0) - (rate > 0.15 ? 0.01 : 0);
    const failed = rand() < 0.03;
    const running = i === count - 1;
    list.push({
      id: hex(rand, 32),
      experiment_id: "1",
      name: `${["brisk", "calm", "keen", "plain", "quiet", "stout"][i % 6]}-${["tern", "heron", "gull", "swift", "crane", "egret", "plover"][i % 7]}-${i + 1}`,
      status: running ? "running" : failed ? "failed" : "finished",
      started: iso(started),
      ended: running ? null : iso(started + took),
      params: {
        model: "gradient_boosting",
        max_depth: String(depth),
        learning_rate: String(rate),
        max_iter: String(100 + 50 * Math.floor(rand() * 5)),
        months: i < count / 2 ? "1-3" : "1-6",
        l2: String([0, 0.1, 1][i % 3]),
      },
      metrics: failed
        ? {}
        : {
            auc,
            accuracy: 0.74 + rand() * 0.05,
            log_loss: 0.52 - (auc - 0.7) * 1.4,
            train_seconds: took / 1000,
          },
      tags: {
        "mlflow.user": "ada",
        "mlflow.source.name": "train.py",
        "mlflow.source.git.commit": hex(rand, 40),
        team: "ops-research",
      },
      datasets: [{ name: "flights-2013-q1", digest: hex(rand, 32), context: "training" }],
    });
  }
  return list;
}

export function history(run, key) {
  const rand = random(key.length * 7919 + Number.parseInt(run.id.slice(0, 6), 16));
  const last = run.metrics[key];
  if (key === "train_seconds") return [{ step: 0, at: run.ended ?? run.started, value: last }];
  const from = key === "log_loss" ? 0.69 : 0.5;
  return Array.from({ length: 100 }, (_, i) => ({
    step: i + 1,
    at: iso(Date.parse(run.started) + i * 400),
    value: i === 99 ? last : last + (from - last) * Math.exp(-i / 18) + (rand() - 0.5) * 0.008,
  }));
}

const kSteps = [
  ["prepare", [], 0, 14],
  ["train", ["prepare"], 14, 41],
  ["evaluate", ["train"], 55, 8],
  ["fairness", ["train"], 55, 6],
  ["gate", ["evaluate", "fairness"], 63, 1.4],
];

export function execution(rand, id, started, status, trigger, pipeline = "retrain") {
  const until = { succeeded: 5, running: 2, failed: 4 }[status];
  const steps = kSteps.flatMap(([name, needs, at, took], i) => {
    const state =
      i < until
        ? "succeeded"
        : i === until && status !== "succeeded"
          ? status
          : status === "running"
            ? "waiting"
            : i > until
              ? "skipped"
              : "succeeded";
    const from = started + at * 1000;
    const one = (index) => ({
      name,
      index,
      status: state,
      attempts:
        state === "skipped" || state === "waiting" ? 0 : name === "train" && index === 1 ? 2 : 1,
      started: state === "skipped" || state === "waiting" ? null : iso(from + (index ?? 0) * 900),
      ended:
        state === "succeeded" || state === "failed"
          ? iso(from + took * 1000 * (index === null ? 1 : 0.6 + rand() * 0.4))
          : null,
      exit_code: state === "succeeded" ? 0 : state === "failed" ? 1 : null,
      error: state === "failed" ? "roc_auc 0.613 is below the minimum 0.65" : null,
      needs,
    });
    return name === "train" ? [one(0), one(1), one(2)] : [one(null)];
  });
  return {
    id,
    run_id: id,
    pipeline,
    status,
    trigger: { kind: trigger, id: "" },
    params: { months: "1-6", rows: 200000 },
    started: iso(started),
    ended: status === "running" ? null : iso(started + 65_000),
    steps,
  };
}
