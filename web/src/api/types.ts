// SPDX-License-Identifier: Apache-2.0
// The JSON of /api/v1, as the server sends it. Names are the server's (snake_case). What may be
// missing or unknown is `null` or optional; nothing here is ever trusted as HTML.

export interface List<T> {
  items: T[];
  next_page_token?: string;
}

export interface Problem {
  type?: string;
  title?: string;
  status: number;
  detail?: string;
  code?: string;
  hint?: string;
  request_id?: string;
}

export type Health = "green" | "amber" | "red";

export interface OverviewEndpoint {
  name: string;
  model: string;
  champion_version: string;
  health: Health;
  reason: string;
  requests_per_s: number | null;
  p99_ms: number | null;
  drift_share: number | null;
  drift_threshold: number | null;
  open_alerts: number;
  rollout: { id: string; challenger: string; weight: number } | null;
}

export interface TimelineEntry {
  at: string;
  kind: string;
  subject: string;
  text: string;
  link: string;
}

export interface Overview {
  endpoints: OverviewEndpoint[];
  timeline: TimelineEntry[];
}

export interface Experiment {
  id: string;
  name: string;
  created?: string | null;
  updated?: string | null;
  runs?: number | null;
  tags?: Record<string, string>;
}

// What the newest runs of an experiment report.
export interface RunKeys {
  metrics: string[];
  params: string[];
}

export type RunStatus = "scheduled" | "running" | "finished" | "failed" | "killed";

export interface RunDataset {
  name: string;
  digest: string;
  context?: string;
  source?: string;
}

// A metric's number; NaN and the infinities arrive as text.
export type Num = number | string | null;

export interface Run {
  id: string;
  experiment_id: string;
  name: string;
  status: RunStatus;
  started: string | null;
  ended: string | null;
  params: Record<string, string>;
  metrics: Record<string, Num>;
  tags: Record<string, string>;
  datasets: RunDataset[];
}

export type SeriesKind = "image" | "table" | "histogram" | "audio" | "text" | "file";

export interface Series {
  key: string;
  kind: SeriesKind;
  entries: number;
  first_step: number;
  last_step: number;
  last_at: string;
}

export interface SeriesEntry {
  step: number;
  at: string;
  path: string | null; // of a file of the run
  content: unknown; // JSON by the kind
}

export interface ConsoleLine {
  line: number;
  stream: "stdout" | "stderr";
  at: string;
  text: string;
}

export interface ConsolePage {
  items: ConsoleLine[];
  next: number;
  total: number;
  ended: boolean;
}

export interface MetricPoint {
  step: number;
  at: string;
  value: Num;
}

export interface Artifact {
  path: string;
  is_dir: boolean;
  size: number | null;
}

export interface Model {
  name: string;
  description?: string;
  created: string | null;
  updated?: string | null;
  aliases: Record<string, string>;
  latest_version?: string | null;
  versions?: number | null;
  tags?: Record<string, string>;
}

export interface Lineage {
  run_id: string | null;
  experiment_id: string | null;
  git_commit: string | null;
  datasets: RunDataset[];
  params: Record<string, string>;
  metrics: Record<string, Num>;
  git_branch?: string;
  entry_point?: string;
  user?: string;
  started?: string | null;
  training_seconds?: number | null;
  data_hash?: string | null;
  recorded?: Record<string, string>;
}

export interface Environment {
  python: string;
  mlflow: string;
  requirements: string[];
}

export interface PromotionRequest {
  id: string;
  model: string;
  version: string;
  state: string;
  asked: string;
  actor: string;
  reason: string;
  policy: string;
  approvals: number;
  approvals_needed: number;
  approvers: string[];
}

export interface ModelVersion {
  model: string;
  version: string;
  stage: string;
  aliases: string[];
  run_id: string | null;
  source: string;
  created: string | null;
  tags: Record<string, string>;
  lineage?: Lineage | null;
  signature?: unknown;
  has_reference?: boolean;
  environment?: Environment | null;
  registered_by?: string;
}

export interface HistoryEntry {
  at: string;
  actor: string;
  action: string;
  version: string;
  from: string;
  to: string;
  reason: string;
}

export interface WhyEntry {
  at: string;
  kind: string;
  text: string;
  verdict?: string;
  actor?: string;
  reason?: string;
  decision_id?: string;
  rollout_id?: string;
  rules?: DecisionRule[];
  link?: string;
}

export interface Route {
  model: string;
  version: string | null;
  alias?: string | null;
  weight: number;
  shadow: boolean;
  state?: "loading" | "ready" | "failed";
  error?: string | null;
}

export interface VersionStats {
  model?: string;
  version: string;
  requests: number;
  errors: number;
  requests_per_s?: number;
  p50_ms: number | null;
  p99_ms: number | null;
}

export interface Endpoint {
  name: string;
  routes: Route[];
  stats: {
    requests: number;
    errors: number;
    p50_ms: number | null;
    p99_ms: number | null;
    per_version: VersionStats[];
  };
  created: string | null;
  updated: string | null;
}

export interface Prediction {
  request_id: string;
  row?: number;
  at: string;
  model: string;
  version: string;
  latency_ms: number | null;
  shadow?: boolean;
  features: Record<string, number | string | null>;
  outputs: unknown;
  label?: unknown;
  error?: string | null;
}

export interface DriftColumn {
  name: string;
  type: string;
  method: string | null;
  score: number | null;
  p_value: number | null;
  statistic: number | null;
  threshold: number | null;
  drifted: boolean;
  error: string | null;
  band?: { measure: string; value: number; low: number | null; high: number | null } | null;
}

// A part of the rows in which a column has changed.
export interface Segment {
  column: string;
  conditions: string[];
  effect: number;
  effect_elsewhere: number;
}

export interface DriftReport {
  id: string;
  endpoint: string;
  model: string;
  version: string;
  window_start: string;
  window_end: string;
  rows: number;
  drift_share: number;
  dataset_drift: boolean;
  threshold: number;
  error?: string | null;
  columns: DriftColumn[];
  segments?: Segment[];
}

export interface QualityWindow {
  version: string;
  window_start: string;
  window_end: string;
  labelled: number;
  accuracy: number | null;
  roc_auc: number | null;
  log_loss: number | null;
}

export type AlertState = "open" | "acknowledged" | "closed";

export interface Alert {
  id: string;
  endpoint: string;
  model: string;
  version: string;
  kind:
    | "drift"
    | "quality"
    | "errors"
    | "latency"
    | "outliers"
    | "change"
    | "data"
    | "business"
    | "throughput"
    | "saturation";
  state: AlertState;
  opened: string;
  closed: string | null;
  report_id: string | null;
  message: string;
  value: number | null;
  threshold: number | null;
  execution_id: string | null;
  retrain_note?: string | null;
  closed_by?: string | null;
  severity?: string;
  owner?: string | null;
}

// What came of an alert, as one trace.
export interface ChainSpan {
  span_id: string;
  parent_id: string | null;
  kind: string;
  name: string;
  text: string;
  status: "ok" | "error" | "running";
  link: string | null;
  started: string;
  ended: string | null;
}

export interface Chain {
  trace_id: string;
  alert_id: string;
  endpoint: string;
  model: string;
  state: string;
  spans: ChainSpan[];
}

export interface RolloutStep {
  weight: number;
  shadow?: number | null; // percent of the requests that are mirrored
  min_requests?: number | null;
  min_seconds?: number | null;
  min_labels?: number | null;
}

export interface RolloutEvidence {
  at: string;
  step: number;
  check: string;
  champion: number | null;
  challenger: number | null;
  verdict: string;
  detail: string;
}

export type RolloutState = "running" | "paused" | "promoted" | "rolled_back" | "aborted";

export interface Rollout {
  id: string;
  endpoint: string;
  model: string;
  champion: string;
  challenger: string;
  state: RolloutState;
  step: number;
  weight: number;
  started: string;
  ended: string | null;
  reason: string;
  steps: RolloutStep[];
  evidence: RolloutEvidence[];
}

export interface DecisionRule {
  rule: string;
  wanted: string | number | null;
  actual: string | number | null;
  passed: boolean;
  reason: string;
}

export interface Decision {
  id: string;
  at: string;
  allowed: boolean;
  model?: string;
  version?: string;
  policy?: string;
  rules: DecisionRule[];
}

export interface Pipeline {
  id?: string;
  name: string;
  path?: string;
  folder?: string;
  schedule?: string | null;
  drift_endpoint?: string | null;
  data_path?: string | null;
  push_branch?: string | null;
  next_run?: string | null;
  steps?: { name: string; needs?: string[] }[];
}

export type StepStatus =
  | "waiting"
  | "approval"
  | "running"
  | "succeeded"
  | "failed"
  | "timed_out"
  | "cached"
  | "skipped"
  | "cancelled";

export interface StepExecution {
  name: string;
  index: number | null;
  status: StepStatus;
  attempts: number;
  started: string | null;
  ended: string | null;
  exit_code: number | null;
  error: string | null;
  needs?: string[];
}

export type ExecutionStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

// What started it; an id makes it unique.
export interface Trigger {
  kind: string;
  id: string;
  detail?: string;
}

export interface Execution {
  id: string;
  run_id: string;
  pipeline: string;
  status: ExecutionStatus;
  trigger: Trigger;
  params: Record<string, unknown>;
  started: string | null;
  ended: string | null;
  steps: StepExecution[];
}

export interface ServerEvent {
  type: string;
  subject: string;
  actor: string;
  at: string;
  data: unknown;
}

export interface ProfileColumn {
  name: string;
  type: string;
  count: number;
  nulls?: number;
  histogram?: { from: number; to: number; shares: number[] };
  most_common?: [string, number][];
}

export interface Profile {
  rows?: number;
  columns: ProfileColumn[];
}
