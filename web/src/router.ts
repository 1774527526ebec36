// SPDX-License-Identifier: Apache-2.0
// Addresses of pages. They live behind the hash, so the server has to know one file only and no
// page name can collide with a path of a wire protocol.
import { useEffect, useState } from "preact/hooks";

export interface Place {
  path: string; // "/endpoints/delays"
  query: URLSearchParams;
}

export function parseHash(hash: string): Place {
  const text = hash.replace(/^#/, "");
  const cut = text.indexOf("?");
  const path = cut < 0 ? text : text.slice(0, cut);
  return {
    path: path.startsWith("/") ? path.replace(/\/+$/, "") || "/" : "/",
    query: new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1)),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Values of `{}` segments when `path` has the shape of `pattern`, else null.
export function match(pattern: string, path: string): string[] | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const values: string[] = [];
  for (let i = 0; i < wanted.length; ++i) {
    if (wanted[i] === "{}") values.push(decode(given[i] ?? ""));
    else if (wanted[i] !== given[i]) return null;
  }
  return values;
}

// The address of a page: to`/models/${name}` with every value encoded.
export function to(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  let text = parts[0] ?? "";
  values.forEach((value, i) => {
    text += encodeURIComponent(String(value)) + (parts[i + 1] ?? "");
  });
  return `#${text}`;
}

export function withQuery(place: Place, changes: Record<string, string | null>): string {
  const query = new URLSearchParams(place.query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  return `#${place.path}${text ? `?${text}` : ""}`;
}

// A link that came in data: only pages of our own are followed, never another scheme or host.
export function safeLink(link: string | null | undefined): string | null {
  if (!link) return null;
  if (link.startsWith("#/")) return link;
  if (link.startsWith("/#/")) return link.slice(1);
  if (/^\/(?![/\\])/.test(link) && !link.startsWith("/api/")) return `#${link}`;
  return null;
}

export function go(hash: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", hash);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = hash;
  }
}

export function usePlace(): Place {
  const [place, setPlace] = useState(() => parseHash(location.hash));
  useEffect(() => {
    const update = () => setPlace(parseHash(location.hash));
    window.addEventListener("hashchange", update);
    return () => window.removeEventListener("hashchange", update);
  }, []);
  return place;
}
