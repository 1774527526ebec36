// SPDX-License-Identifier: Apache-2.0
// A long list, fetched page by page. On an event only the first page is asked again and laid over
// what is there: a reader who scrolled down keeps the place.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "./client";
import { live } from "./query";
import type { List } from "./types";

interface State<T> {
  first: string;
  items: T[];
  token: string;
  loaded: boolean;
  error: Error | null;
}

// The fresh first page, then what was known behind it. A list that fitted one page is replaced.
export function overlay<T>(
  fresh: T[],
  known: T[],
  complete: boolean,
  idOf: (item: T) => string = (item) => (item as { id: string }).id,
): T[] {
  if (complete) return fresh;
  const ids = new Set(fresh.map(idOf));
  return [...fresh, ...known.filter((item) => !ids.has(idOf(item)))];
}

export function usePages<T>(
  url: (token: string) => string,
  topics: string[],
  idOf: (item: T) => string = (item) => (item as { id: string }).id,
) {
  const first = url("");
  const fresh = (): State<T> => ({ first, items: [], token: "", loaded: false, error: null });
  const [state, setState] = useState<State<T>>(fresh);
  const busy = useRef(false);
  const current = useRef(first);
  const key = useRef(idOf);
  current.current = first;

  const load = useCallback((address: string, token: string) => {
    if (token && busy.current) return;
    busy.current = true;
    get<List<T>>(address)
      .then((page) => {
        const next = page.next_page_token ?? "";
        setState((was) => {
          if (was.first !== current.current && token) return was;
          const same = was.first === current.current;
          if (token) {
            const ids = new Set(was.items.map(key.current));
            return {
              ...was,
              items: [...was.items, ...page.items.filter((item) => !ids.has(key.current(item)))],
              token: next,
              error: null,
            };
          }
          const longer = same && was.items.length > page.items.length && next !== "";
          return {
            first: current.current,
            items: longer ? overlay(page.items, was.items, false, key.current) : page.items,
            token: longer ? was.token : next,
            loaded: true,
            error: null,
          };
        });
      })
      .catch((error: Error) =>
        setState((was) => ({
          ...was,
          first: current.current,
          items: was.first === current.current ? was.items : [],
          error,
        })),
      )
      .finally(() => {
        busy.current = false;
      });
  }, []);

  useEffect(() => load(first, ""), [first, load]);
  const watched = topics.join(" ");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = null;
        load(current.current, "");
      }, 400);
    };
    const prefixes = watched.split(" ");
    const off = [
      live.onEvent((event) => prefixes.some((p) => event.type.startsWith(p)) && soon()),
      live.onState((_, again) => again && soon()),
    ];
    return () => {
      for (const stop of off) stop();
      if (timer) clearTimeout(timer);
    };
  }, [watched, load]);

  const mine = state.first === first;
  return {
    items: state.items,
    loaded: mine ? state.loaded : state.items.length > 0,
    more: state.token !== "",
    error: mine ? state.error : null,
    next: () => {
      if (mine && state.token) load(url(state.token), state.token);
    },
    refresh: () => load(first, ""),
  };
}
