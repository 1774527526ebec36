// SPDX-License-Identifier: Apache-2.0
// Calls of Slipway's own API. Every failure becomes an ApiError that says what and the way out.
import type { Problem } from "./types";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint = "",
    readonly requestId = "",
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

// `path` below /api/v1 with `{}` filled in order, each value encoded.
export function address(path: string, values: string[] = [], query: Query = {}): string {
  let next = 0;
  const filled = path.replace(/\{\}/g, () => encodeURIComponent(values[next++] ?? ""));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return `/api/v1${filled}${text ? `?${text}` : ""}`;
}

export async function toError(response: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Partial<Problem>;
  } catch {
    // Not JSON: a proxy in between, perhaps.
  }
  return new ApiError(
    response.status,
    problem.detail || problem.title || `the server answered ${response.status}`,
    problem.hint ?? "",
    problem.request_id ?? response.headers.get("x-request-id") ?? "",
  );
}

async function send(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (cause) {
    if ((cause as Error).name === "AbortError") throw cause;
    throw new ApiError(0, "the server can't be reached", "is `slipway up` still running?");
  }
  if (!response.ok) throw await toError(response);
  return response;
}

export async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await send(url, { headers: { accept: "application/json" }, signal });
  return (await response.json()) as T;
}

export async function getText(url: string, signal?: AbortSignal): Promise<string> {
  return (await send(url, { signal })).text();
}

export async function call<T>(
  method: "POST" | "PUT" | "DELETE",
  url: string,
  body?: unknown,
): Promise<T | null> {
  const response = await send(url, {
    method,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: body === undefined ? "{}" : JSON.stringify(body),
  });
  const text = await response.text();
  return text ? (JSON.parse(text) as T) : null;
}
