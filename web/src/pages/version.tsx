// SPDX-License-Identifier: Apache-2.0
// One version of a model: where it came from, and everything that was decided about it.
import { address, call } from "../api/client";
import { useGet } from "../api/query";
import type { DecisionRule, List, ModelVersion, PromotionRequest, WhyEntry } from "../api/types";
import { moment, number, shortId } from "../format";
import { Ago, Badge, Card, Empty, Facts, Head, Ready, Stage } from "../parts/basics";
import { Confirm } from "../parts/confirm";
import { Icon, type IconName } from "../parts/icons";
import { lookOf } from "../parts/timeline";
import { safeLink, to } from "../router";
import { Hash } from "./run";

export function VersionPage({ name, version }: { name: string; version: string }) {
  const found = useGet<ModelVersion>(address("/models/{}/versions/{}", [name, version]), {
    on: ["model."],
  });
  const why = useGet<List<WhyEntry>>(address("/models/{}/versions/{}/why", [name, version]), {
    on: ["model.", "gate.", "rollout."],
  });
  const requests = useGet<List<PromotionRequest>>(
    address("/promotions", [], { model: name, version, state: "requested" }),
    { on: ["model."] },
  );
  const data = found.data;
  const request = requests.data?.items[0];
  const promote = async (reason: string) => {
    await call("POST", address("/models/{}/versions/{}/promote", [name, version]), { reason });
    found.refresh();
    requests.refresh();
  };
  const answer = (verb: "approve" | "reject") => async (reason: string) => {
    if (!request) return;
    await call("POST", address(`/promotions/{}/${verb}`, [request.id]), { reason });
    found.refresh();
    requests.refresh();
  };
  return (
    <>
      <Head
        title={
          <>
            {name} <span class="num">v{version}</span>
          </>
        }
        crumbs={[
          { text: "Registry", href: "#/models" },
          { text: name, href: to`/models/${name}` },
        ]}
        sub={
          data && (
            <>
              {data.aliases.map((alias) => (
                <Badge key={alias} tone={alias === "champion" ? "good" : "accent"}>
                  {alias}
                </Badge>
              ))}
              <Stage stage={data.stage} />
              <span class="muted">
                registered <Ago at={data.created} />
              </span>
            </>
          )
        }
        actions={
          data &&
          !request &&
          !data.aliases.includes("champion") && (
            <Confirm
              button="Make champion"
              icon="up"
              title={`Make v${version} the champion of ${name}?`}
              confirm="Make champion"
              ask="Reason (kept in the history)"
              run={promote}
            >
              Endpoints that route to the alias switch at once, without a canary. A rollout is the
              careful way. If the model is protected, this asks for the approval that its policy
              wants.
            </Confirm>
          )
        }
      />
      <Ready of={found} lines={6}>
        {(v) => (
          <>
            {request && <RequestCard request={request} answer={answer} />}
            <LineageCard version={v} />
            <div class="grid">
              <Card
                class="span-7"
                title="Why"
                note="everything that was decided about this version, in order"
                flush
              >
                <Ready of={why}>
                  {(list) => <Why items={list.items} model={name} version={version} />}
                </Ready>
              </Card>
              <div class="span-5 stack">
                <Card title="Metrics of its run">
                  <FactsOf
                    values={Object.entries(v.lineage?.metrics ?? {}).map(([key, value]) => [
                      key,
                      number(value),
                    ])}
                    empty="Its run logged no metrics."
                  />
                </Card>
                <Card title="Params of its run">
                  <FactsOf
                    values={Object.entries(v.lineage?.params ?? {})}
                    empty="Its run logged no params."
                  />
                </Card>
                <Card title="Package">
                  <Facts
                    rows={[
                      ...factsOf(v),
                      ["Source", <span class="mono small">{v.source || "–"}</span>],
                      [
                        "Reference",
                        v.has_reference ? (
                          <Badge tone="good" icon="check">
                            stored
                          </Badge>
                        ) : (
                          <span class="muted">none: drift can't be tested</span>
                        ),
                      ],
                      ...Object.entries(v.tags ?? {}).map(([key, value]): [string, string] => [
                        key,
                        value,
                      ]),
                    ]}
                  />
                  {v.signature !== undefined && v.signature !== null && (
                    <details class="chart-table">
                      <summary>Signature</summary>
                      <pre class="code">
                        {typeof v.signature === "string"
                          ? v.signature
                          : JSON.stringify(v.signature, null, 2)}
                      </pre>
                    </details>
                  )}
                </Card>
              </div>
            </div>
          </>
        )}
      </Ready>
    </>
  );
}

function FactsOf({ values, empty }: { values: [string, string][]; empty: string }) {
  if (values.length === 0) return <p class="faint">{empty}</p>;
  return (
    <Facts
      rows={values
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([key, value]) => [key, <span class="num">{value}</span>])}
    />
  );
}

// What is known about how it was made, each line only when it is.
function factsOf(v: ModelVersion): [string, string][] {
  const lines: [string, string | null | undefined][] = [
    ["Registered by", v.registered_by],
    ["Trained by", v.lineage?.user],
    ["Training began", v.lineage?.started && moment(v.lineage.started)],
    [
      "Training took",
      typeof v.lineage?.training_seconds === "number"
        ? `${number(v.lineage.training_seconds)} s`
        : null,
    ],
    ["Entry point", v.lineage?.entry_point],
    ["Git branch", v.lineage?.git_branch],
    ["Data hash", v.lineage?.data_hash],
    ["Python", v.environment?.python],
    ["Requirements", v.environment?.requirements.join(", ")],
    ...Object.entries(v.lineage?.recorded ?? {}),
  ];
  return lines.filter((line): line is [string, string] => !!line[1]);
}

function RequestCard({
  request,
  answer,
}: {
  request: PromotionRequest;
  answer: (verb: "approve" | "reject") => (reason: string) => Promise<void>;
}) {
  const people = request.approvers.length ? ` by one of ${request.approvers.join(", ")}` : "";
  return (
    <Card
      title="Promotion requested"
      note={`${request.approvals} of ${request.approvals_needed} approvals${people}`}
    >
      <div class="row">
        <span>
          {request.actor} asks to put v{request.version} into Production
          {request.reason && `: ${request.reason}`} <Ago at={request.asked} />
        </span>
        <span class="row push">
          <Confirm
            button="Approve"
            icon="check"
            small
            title={`Approve v${request.version} for Production?`}
            confirm="Approve"
            ask="Reason (kept in the history)"
            run={answer("approve")}
          >
            The last approval that is missing promotes the version at once.
          </Confirm>
          <Confirm
            button="Reject"
            icon="cross"
            small
            danger
            title={`Reject the promotion of v${request.version}?`}
            confirm="Reject"
            ask="Reason (kept in the history)"
            run={answer("reject")}
          >
            The request is closed; another one may be made.
          </Confirm>
        </span>
      </div>
    </Card>
  );
}

// version <- run <- data, commit
function LineageCard({ version: v }: { version: ModelVersion }) {
  const lineage = v.lineage;
  return (
    <Card title="Lineage" note="from the data to what serves">
      <ol class="lineage">
        <Node icon="data" title="Data">
          {lineage?.datasets?.length ? (
            lineage.datasets.map((d) => (
              <div key={d.name + d.digest} class="col">
                <span class="clip">{d.name}</span>
                <Hash text={d.digest} />
              </div>
            ))
          ) : (
            <span class="faint">not recorded</span>
          )}
        </Node>
        <Node icon="commit" title="Code">
          {lineage?.git_commit ? (
            <Hash text={lineage.git_commit} />
          ) : (
            <span class="faint">not recorded</span>
          )}
        </Node>
        <Node icon="experiments" title="Run">
          {v.run_id ? (
            <a class="mono" href={to`/runs/${v.run_id}`}>
              {shortId(v.run_id, 10)}
            </a>
          ) : (
            <span class="faint">not recorded</span>
          )}
        </Node>
        <Node icon="models" title="Version" last>
          <b>
            {v.model} v{v.version}
          </b>
          <span class="faint small num">{moment(v.created)}</span>
        </Node>
      </ol>
    </Card>
  );
}

function Node({
  icon,
  title,
  children,
  last,
}: {
  icon: IconName;
  title: string;
  children: preact.ComponentChildren;
  last?: boolean;
}) {
  return (
    <li class={last ? "last" : ""}>
      <span class="bead accent">
        <Icon name={icon} />
      </span>
      <div class="col grow">
        <span class="label">{title}</span>
        {children}
      </div>
    </li>
  );
}

function Why({ items, model, version }: { items: WhyEntry[]; model: string; version: string }) {
  if (items.length === 0) {
    return (
      <Empty
        icon="gate"
        title="Nothing was decided yet"
        command={`slipway policy check --policy policies/production.yaml --model ${model} --version ${version}`}
      >
        Gate decisions, rollout steps and promotions are listed here with the numbers they were
        taken on.
      </Empty>
    );
  }
  return (
    <ol class="timeline">
      {items.map((entry, i) => {
        const look = lookOf(`${entry.kind} ${entry.verdict ?? ""}`);
        const link = entry.rollout_id ? to`/rollouts/${entry.rollout_id}` : safeLink(entry.link);
        return (
          <li key={`${entry.at}${i}`}>
            <div>
              <span class={`bead ${look.tone}`}>
                <Icon name={look.icon} />
              </span>
              <div class="grow">
                <span class="what">
                  {entry.text}{" "}
                  {entry.verdict && (
                    <Badge tone={look.tone}>{entry.verdict.replace(/_/g, " ")}</Badge>
                  )}
                </span>
                {entry.reason && <p class="muted small">{entry.reason}</p>}
                {entry.rules && entry.rules.length > 0 && <Rules rules={entry.rules} />}
                <span class="row small faint">
                  {entry.actor && <span>by {entry.actor}</span>}
                  {link && <a href={link}>evidence</a>}
                  <span class="push">
                    <Ago at={entry.at} />
                  </span>
                </span>
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

export function Rules({ rules }: { rules: DecisionRule[] }) {
  const text = (value: DecisionRule["wanted"]) =>
    typeof value === "number" ? number(value) : (value ?? "–");
  return (
    <div class="scroll rules">
      <table class="table" aria-label="Rules">
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col" class="n">
              Wanted
            </th>
            <th scope="col" class="n">
              Actual
            </th>
            <th scope="col">Verdict</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.rule} title={rule.reason}>
              <td>{rule.rule}</td>
              <td class="n">{text(rule.wanted)}</td>
              <td class="n">{text(rule.actual)}</td>
              <td>
                <Badge tone={rule.passed ? "good" : "bad"} icon={rule.passed ? "check" : "cross"}>
                  {rule.passed ? "passed" : "failed"}
                </Badge>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
