// SPDX-License-Identifier: Apache-2.0
// What a page shows, kept current: fetched once, again on the server's events, on reconnection, and
// every so often where numbers change without events. The last answer is remembered by address, so
// going back shows it at once while the fresh one loads.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "./client";
import { Live } from "./live";

export const live = new Live("/api/v1/events");

const remembered = new Map<string, unknown>();
const kRemembered = 60;

function remember(url: string, value: unknown): void {
  remembered.delete(url);
  remembered.set(url, value);
  if (remembered.size > kRemembered) {
    const oldest = remembered.keys().next().value;
    if (oldest !== undefined) remembered.delete(oldest);
  }
}

export interface Answer<T> {
  data: T | null;
  error: Error | null;
  loading: boolean;
  refresh: () => void;
}

export interface QueryOptions {
  on?: string[]; // event types by prefix ("alert.", "rollout."); none: only on reconnection
  everyMs?: number; // and also so often while the page is visible
}

// Runs `load` now and whenever something it shows may have changed; several events close together
// cause one call. An answer to an older question never replaces a newer one.
export function useLoad<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
  options: QueryOptions = {},
): Answer<T> {
  const [state, setState] = useState<{
    key: string | null;
    data: T | null;
    error: Error | null;
    loading: boolean;
  }>({
    key,
    data: key === null ? null : ((remembered.get(key) as T | undefined) ?? null),
    error: null,
    loading: key !== null,
  });
  const loader = useRef(load);
  loader.current = load;
  const running = useRef<AbortController | null>(null);
  const run = useCallback(() => {
    if (key === null) return;
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    loader.current(control.signal).then(
      (data) => {
        if (control.signal.aborted) return;
        remember(key, data);
        setState({ key, data, error: null, loading: false });
      },
      (error: Error) => {
        if (control.signal.aborted) return;
        setState((was) => ({
          key,
          data: was.key === key ? was.data : null,
          error,
          loading: false,
        }));
      },
    );
  }, [key]);

  useEffect(() => {
    setState({
      key,
      data: key === null ? null : ((remembered.get(key) as T | undefined) ?? null),
      error: null,
      loading: key !== null,
    });
    run();
    return () => running.current?.abort();
  }, [key, run]);

  const topics = options.on?.join(" ") ?? "";
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        run();
      }, 150);
    };
    const prefixes = topics.split(" ").filter(Boolean);
    const offEvent = live.onEvent((event) => {
      if (prefixes.some((prefix) => event.type.startsWith(prefix))) soon();
    });
    const offState = live.onState((_, reconnected) => {
      if (reconnected) soon();
    });
    return () => {
      offEvent();
      offState();
      if (timer) clearTimeout(timer);
    };
  }, [topics, run]);

  const every = options.everyMs ?? 0;
  useEffect(() => {
    if (!every) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible" && live.state !== "disconnected") run();
    }, every);
    return () => clearInterval(timer);
  }, [every, run]);

  if (state.key !== key)
    return {
      data: key === null ? null : ((remembered.get(key) as T | undefined) ?? null),
      error: null,
      loading: key !== null,
      refresh: run,
    };
  return { data: state.data, error: state.error, loading: state.loading, refresh: run };
}

export function useGet<T>(url: string | null, options: QueryOptions = {}): Answer<T> {
  return useLoad<T>(url, (signal) => get<T>(url ?? "", signal), options);
}
