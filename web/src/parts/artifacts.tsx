// SPDX-License-Identifier: Apache-2.0
// The files of a run, folder by folder.
import { address } from "../api/client";
import { useGet } from "../api/query";
import type { Artifact, List } from "../api/types";
import { bytes } from "../format";
import { type Place, withQuery } from "../router";
import { Card, Empty, Ready } from "./basics";
import { Icon } from "./icons";

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

export function Artifacts({ run, place }: { run: string; place: Place }) {
  const path = place.query.get("path") ?? "";
  const files = useGet<List<Artifact>>(address("/runs/{}/artifacts", [run], { path }), {
    on: ["run."],
  });
  const steps = path.split("/").filter(Boolean);
  return (
    <Card
      title={
        <nav class="crumbs" aria-label="Folder">
          <a href={withQuery(place, { path: null })}>artifacts</a>
          {steps.map((step, i) => (
            <span key={step}>
              / <a href={withQuery(place, { path: steps.slice(0, i + 1).join("/") })}>{step}</a>
            </span>
          ))}
        </nav>
      }
      flush
    >
      <Ready of={files}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty icon="folder" title="No files here" command='mlflow.log_artifact("report.html")'>
              Files that the run logs are listed here.
            </Empty>
          ) : (
            <div class="scroll">
              <table class="table" aria-label="Artifacts">
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col" class="n">
                      Size
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {data.items.map((file) => (
                    <tr key={file.path}>
                      <td>
                        <span class="row file">
                          <Icon name={file.is_dir ? "folder" : "file"} />
                          {file.is_dir ? (
                            <a class="name" href={withQuery(place, { path: file.path })}>
                              {baseName(file.path)}
                            </a>
                          ) : (
                            <a
                              class="name"
                              href={fileAddress(run, file.path)}
                              download={baseName(file.path)}
                            >
                              {baseName(file.path)}
                            </a>
                          )}
                        </span>
                      </td>
                      <td class="n">{file.is_dir ? "" : bytes(file.size)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Ready>
    </Card>
  );
}

// The bytes come through the tracking client's own door.
export function fileAddress(run: string, path: string): string {
  return `/get-artifact?${new URLSearchParams({ path, run_uuid: run })}`;
}
