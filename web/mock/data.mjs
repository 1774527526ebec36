// SPDX-License-Identifier: Apache-2.0
// What the mock server tells: a flights delay model through one year, made from a seeded generator
// so that every start shows the same. Only for development and tests of the pages.
import {
  driftReport,
  execution,
  hex,
  iso,
  kFeatures,
  kMinute,
  random,
  runs,
  value,
} from "./generate.mjs";

export function world({ now = Date.now(), runCount = 120, seed = 7 } = {}) {
  const rand = random(seed);
  const list = runs(rand, now, runCount);
  const [r1, r2, r3] = [
    list[Math.floor(runCount * 0.2)],
    list[Math.floor(runCount * 0.6)],
    list[runCount - 2],
  ];
  const reports = [];
  const kWindows = 54;
  for (let i = 0; i < kWindows; ++i) {
    const season = Math.sin((Math.min(i, 44) / 44) * Math.PI * 0.82);
    reports.push(
      driftReport(
        rand,
        i,
        now - (kWindows - i) * 4 * kMinute,
        i < 30 ? "1" : "2",
        i < 30 ? season : (season - 0.75) * 1.4,
      ),
    );
  }
  const versionOf = (version, run, stage, aliases, created) => ({
    model: "flights",
    version,
    stage,
    aliases,
    run_id: run.id,
    source: `mlflow-artifacts:/1/${run.id}/artifacts/model`,
    created: iso(created),
    tags: { trained_on: run.params.months },
    lineage: {
      run_id: run.id,
      experiment_id: "1",
      git_commit: run.tags["mlflow.source.git.commit"],
      datasets: run.datasets,
      params: run.params,
      metrics: { ...run.metrics, auc: { 1: 0.7803, 2: 0.7641, 3: 0.7718 }[version] ?? 0.61 },
    },
    signature: {
      inputs: kFeatures.map(([name, type]) => ({
        name,
        type: type === "numerical" ? "double" : "string",
      })),
    },
    has_reference: true,
  });
  const t = (minutes) => now - minutes * kMinute;
  const versions = [
    versionOf("1", r1, "archived", [], t(230)),
    versionOf("2", r2, "production", ["champion"], t(108)),
    versionOf("3", r3, "staging", ["challenger"], t(9)),
  ];
  const executions = [
    execution(rand, "ex_0003", t(0.6), "running", "schedule"),
    execution(rand, "ex_0002", t(12), "succeeded", "alert"),
    execution(rand, "ex_0001", t(111), "succeeded", "alert"),
    execution(rand, "ex_0000", t(180), "failed", "by hand"),
  ];
  const alerts = [
    {
      id: "al_0003",
      endpoint: "delays",
      model: "flights",
      version: "2",
      kind: "latency",
      state: "acknowledged",
      opened: iso(t(34)),
      closed: null,
      report_id: null,
      message: "p99 latency 24 ms is over 20 ms for 2 windows",
      value: 24.1,
      threshold: 20,
      execution_id: null,
    },
    {
      id: "al_0002",
      endpoint: "delays",
      model: "flights",
      version: "2",
      kind: "drift",
      state: "open",
      opened: iso(t(13)),
      closed: null,
      report_id: "dr_00051",
      message: "2 of 12 columns drifted (17 %, threshold 10 %): temp, humid",
      value: 0.167,
      threshold: 0.1,
      execution_id: "ex_0002",
    },
    {
      id: "al_0001",
      endpoint: "delays",
      model: "flights",
      version: "1",
      kind: "drift",
      state: "closed",
      opened: iso(t(112)),
      closed: iso(t(100)),
      report_id: "dr_00026",
      message: "4 of 12 columns drifted (33 %, threshold 10 %): temp, humid, pressure, wind_speed",
      value: 0.333,
      threshold: 0.1,
      execution_id: "ex_0001",
    },
  ];
  const rolloutOf = (
    id,
    champion,
    challenger,
    state,
    step,
    weight,
    started,
    ended,
    reason,
    bad,
  ) => ({
    id,
    endpoint: "delays",
    model: "flights",
    champion,
    challenger,
    state,
    step,
    weight,
    started: iso(started),
    ended: ended ? iso(ended) : null,
    reason,
    steps: [
      { weight: 5, min_requests: 500, min_seconds: 20 },
      { weight: 50, min_requests: 2000, min_labels: 500 },
      { weight: 100, min_requests: 2000 },
    ],
    evidence: Array.from({ length: step + 1 }, (_, s) => [
      {
        at: iso(started + (s + 1) * 80_000),
        step: s,
        check: "error_rate",
        champion: 0.0002,
        challenger: bad && s === step ? 0.031 : 0.0002,
        verdict: bad && s === step ? "worse" : "pass",
        detail:
          bad && s === step
            ? "3.1 % errors against 0.02 %: over the allowed difference of 1 %"
            : "not worse than the champion",
      },
      {
        at: iso(started + (s + 1) * 80_000),
        step: s,
        check: "p99_ms",
        champion: 3.9,
        challenger: 4.1,
        verdict: "pass",
        detail: "within 1.5 times the champion's",
      },
      {
        at: iso(started + (s + 1) * 80_000),
        step: s,
        check: "auc",
        champion: 0.681,
        challenger: 0.722,
        verdict: s === 0 ? "waiting" : "pass",
        detail:
          s === 0 ? "212 of 500 labels so far" : "better by 0.041 on 2,310 labelled predictions",
      },
    ]).flat(),
  });
  const rollouts = [
    rolloutOf("ro_0003", "2", "3", "running", 1, 50, t(7), null, ""),
    rolloutOf(
      "ro_0002",
      "2",
      "4",
      "rolled_back",
      0,
      0,
      t(60),
      t(58),
      "error rate 3.1 % of the challenger is worse than 0.02 %",
      true,
    ),
    rolloutOf("ro_0001", "1", "2", "promoted", 2, 100, t(107), t(100), "every step passed"),
  ];
  const rules = [
    {
      rule: "roc_auc at least 0.65",
      wanted: 0.65,
      actual: 0.7641,
      passed: true,
      reason: "0.7641 is at least 0.65",
    },
    {
      rule: "roc_auc against champion",
      wanted: -0.01,
      actual: 0.041,
      passed: true,
      reason: "better than the champion by 0.041",
    },
    {
      rule: "demographic_parity_difference by carrier",
      wanted: 0.5,
      actual: 0.21,
      passed: true,
      reason: "0.21 is at most 0.5",
    },
    {
      rule: "p99_ms at most 20",
      wanted: 20,
      actual: 4.1,
      passed: true,
      reason: "4.1 is at most 20",
    },
  ];
  const why = {
    2: [
      {
        at: iso(t(109)),
        kind: "gate.decided",
        verdict: "allowed",
        text: "Policy production allowed flights v2",
        actor: "slipway",
        rules,
      },
      {
        at: iso(t(107)),
        kind: "rollout.started",
        text: "Rollout against v1 started with 5 %",
        actor: "loop",
        rollout_id: "ro_0001",
      },
      {
        at: iso(t(100)),
        kind: "rollout.promoted",
        text: "Promoted to champion, v1 archived",
        actor: "rollout",
        reason: "AUC 0.722 against 0.681 on 2,310 labelled predictions; errors and latency equal",
        rollout_id: "ro_0001",
      },
    ],
    3: [
      {
        at: iso(t(9)),
        kind: "gate.decided",
        verdict: "allowed",
        text: "Policy production allowed flights v3",
        actor: "slipway",
        rules,
      },
      {
        at: iso(t(7)),
        kind: "rollout.started",
        text: "Rollout against v2 started with 5 %",
        actor: "loop",
        rollout_id: "ro_0003",
      },
    ],
  };
  const timeline = [
    {
      at: iso(t(3)),
      kind: "rollout.step",
      subject: "delays",
      text: "v3 takes 50 % of delays: 5 % passed on 640 requests",
      link: "#/rollouts/ro_0003",
    },
    {
      at: iso(t(7)),
      kind: "rollout.started",
      subject: "delays",
      text: "Rollout of flights v3 started with 5 %",
      link: "#/rollouts/ro_0003",
    },
    {
      at: iso(t(9)),
      kind: "gate.allowed",
      subject: "flights v3",
      text: "Gate allowed flights v3: 4 of 4 rules passed",
      link: "#/models/flights/versions/3",
    },
    {
      at: iso(t(12)),
      kind: "retraining.started",
      subject: "retrain",
      text: "Retraining started by the drift alert",
      link: "#/executions/ex_0002",
    },
    {
      at: iso(t(13)),
      kind: "alert.opened",
      subject: "delays",
      text: "Drift 17 % is over the threshold of 10 %: temp, humid",
      link: "#/endpoints/delays?tab=drift",
    },
    {
      at: iso(t(34)),
      kind: "alert.opened",
      subject: "delays",
      text: "p99 latency 24 ms is over 20 ms",
      link: "#/endpoints/delays?tab=alerts",
    },
    {
      at: iso(t(58)),
      kind: "rollout.rolled_back",
      subject: "delays",
      text: "flights v4 rolled back at 5 %: error rate 3.1 % against 0.02 %",
      link: "#/rollouts/ro_0002",
    },
    {
      at: iso(t(62)),
      kind: "gate.refused",
      subject: "flights v5",
      text: "Gate refused flights v5: roc_auc 0.613 is below 0.65",
      link: "#/models/flights/versions/3",
    },
    {
      at: iso(t(100)),
      kind: "rollout.promoted",
      subject: "flights v2",
      text: "flights v2 promoted to champion, v1 archived",
      link: "#/models/flights/versions/2",
    },
    {
      at: iso(t(100)),
      kind: "alert.closed",
      subject: "delays",
      text: "Drift alert closed: the new champion fits the season",
      link: "#/alerts",
    },
    {
      at: iso(t(111)),
      kind: "retraining.started",
      subject: "retrain",
      text: "Retraining started by the drift alert",
      link: "#/executions/ex_0001",
    },
    {
      at: iso(t(112)),
      kind: "alert.opened",
      subject: "delays",
      text: "Drift 33 % is over the threshold of 10 %",
      link: "#/endpoints/delays?tab=drift",
    },
  ];
  const predictions = Array.from({ length: 400 }, (_, i) => {
    const p = Math.round(rand() ** 2 * 1000) / 1000;
    return {
      request_id: `f${hex(rand, 11)}`,
      row: 0,
      at: iso(now - i * 700),
      model: "flights",
      version: rand() < 0.5 ? "2" : "3",
      latency_ms: 0.6 + rand() * 3.4,
      features: Object.fromEntries(kFeatures.map(([name]) => [name, value(rand, name, 0.8)])),
      outputs: { probability: p },
      label: i > 120 ? Number(rand() < p) : null,
      error: null,
    };
  });
  const reference = {
    rows: 4000,
    columns: kFeatures.map(([name, type]) => {
      const values = Array.from({ length: 4000 }, () => value(rand, name, 0.1));
      const base = { name, type, count: 4000, nulls: 0 };
      if (type === "numerical") {
        const from = Math.min(...values);
        const to = Math.max(...values);
        const shares = new Array(20).fill(0);
        for (const v of values) {
          shares[Math.min(19, Math.floor(((v - from) / (to - from || 1)) * 20))] += 1 / 4000;
        }
        return { ...base, histogram: { from, to, shares } };
      }
      const counts = {};
      for (const v of values) counts[v] = (counts[v] ?? 0) + 1;
      return { ...base, most_common: Object.entries(counts).sort((a, b) => b[1] - a[1]) };
    }),
  };
  const quality = Array.from({ length: 24 }, (_, i) => {
    const auc = i < 14 ? 0.74 - i * 0.006 + rand() * 0.01 : 0.72 - (i - 14) * 0.002 + rand() * 0.01;
    return {
      version: i < 14 ? "1" : "2",
      window_start: iso(t(216 - i * 9)),
      window_end: iso(t(207 - i * 9)),
      labelled: 4200 + Math.floor(rand() * 600),
      accuracy: auc + 0.05,
      roc_auc: auc,
      log_loss: 0.98 - auc * 0.6,
    };
  });
  const changes = [
    {
      at: iso(t(230)),
      actor: "ada",
      action: "version_created",
      version: "1",
      from: "",
      to: "",
      reason: "",
    },
    {
      at: iso(t(229)),
      actor: "ada",
      action: "alias_set",
      version: "1",
      from: "",
      to: "champion",
      reason: "first model",
    },
    {
      at: iso(t(108)),
      actor: "pipeline retrain",
      action: "version_created",
      version: "2",
      from: "",
      to: "",
      reason: "drift alert al_0001",
    },
    {
      at: iso(t(100)),
      actor: "rollout",
      action: "alias_set",
      version: "2",
      from: "champion v1",
      to: "champion v2",
      reason: "rollout ro_0001: AUC 0.722 against 0.681",
    },
    {
      at: iso(t(100)),
      actor: "rollout",
      action: "stage_set",
      version: "1",
      from: "production",
      to: "archived",
      reason: "replaced by v2",
    },
    {
      at: iso(t(9)),
      actor: "pipeline retrain",
      action: "version_created",
      version: "3",
      from: "",
      to: "",
      reason: "drift alert al_0002",
    },
  ];
  const stats = { requests: 214_310, errors: 3, started: now };
  return {
    now,
    runs: list,
    reports,
    versions,
    executions,
    alerts,
    rollouts,
    why,
    timeline,
    predictions,
    reference,
    quality,
    changes,
    stats,
  };
}
