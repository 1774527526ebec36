// SPDX-License-Identifier: Apache-2.0
// What happened, newest first; every entry leads to its evidence.
import type { TimelineEntry } from "../api/types";
import { safeLink } from "../router";
import { Ago, type Tone } from "./basics";
import { Icon, type IconName } from "./icons";

// The look of an entry by what happened; kinds are dotted ("rollout.promoted") or plain ("alert").
export function lookOf(kind: string): { icon: IconName; tone: Tone } {
  const k = kind.toLowerCase();
  if (/rolled_back|rollback|refused|denied|failed|aborted/.test(k))
    return { icon: k.startsWith("gate") ? "gate" : "back", tone: "bad" };
  if (/alert/.test(k))
    return /clos|resolv/.test(k)
      ? { icon: "check", tone: "good" }
      : { icon: "alerts", tone: "bad" };
  if (/promot/.test(k)) return { icon: "up", tone: "good" };
  if (/gate|decision|policy/.test(k))
    return { icon: "gate", tone: /allow|pass/.test(k) ? "good" : "accent" };
  if (/rollout/.test(k)) return { icon: "rollout", tone: "accent" };
  if (/retrain|execution|pipeline/.test(k)) return { icon: "pipelines", tone: "accent" };
  if (/model|alias|stage|version/.test(k)) return { icon: "models", tone: "plain" };
  if (/drift/.test(k)) return { icon: "warning", tone: "warn" };
  if (/endpoint/.test(k)) return { icon: "endpoints", tone: "plain" };
  return { icon: "commit", tone: "plain" };
}

export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  return (
    <ol class="timeline">
      {entries.map((entry, i) => {
        const look = lookOf(entry.kind);
        const link = safeLink(entry.link);
        const text = (
          <>
            <span class={`bead ${look.tone}`}>
              <Icon name={look.icon} />
            </span>
            <span class="grow">
              <span class="what">{entry.text}</span>
              <span class="row small faint">
                {entry.subject && <span class="clip">{entry.subject}</span>}
                <span class="push" />
                <Ago at={entry.at} />
              </span>
            </span>
          </>
        );
        return (
          <li key={`${entry.at}${entry.kind}${i}`}>
            {link ? <a href={link}>{text}</a> : <div>{text}</div>}
          </li>
        );
      })}
    </ol>
  );
}
