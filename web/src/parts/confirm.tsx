// SPDX-License-Identifier: Apache-2.0
// A question before something that changes what serves traffic.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Trouble } from "./basics";
import type { IconName } from "./icons";
import { Icon } from "./icons";

interface Props {
  button: string;
  icon?: IconName;
  title: string;
  children: ComponentChildren;
  confirm: string;
  danger?: boolean;
  ask?: string; // asks for a text (a reason) and hands it on
  disabled?: boolean;
  small?: boolean;
  run: (text: string) => Promise<unknown>;
}

export function Confirm(props: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = () => {
    dialog.current?.close();
    setOpen(false);
    setError(null);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await props.run(text);
      close();
      setText("");
    } catch (cause) {
      setError(cause as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button
        type="button"
        class={`btn${props.danger ? " danger" : ""}${props.small ? " small" : ""}`}
        disabled={props.disabled}
        onClick={() => setOpen(true)}
      >
        {props.icon && <Icon name={props.icon} />}
        {props.button}
      </button>
      {open && (
        <dialog class="sheet" ref={dialog} onClose={() => setOpen(false)} aria-label={props.title}>
          <form onSubmit={submit}>
            <h2>{props.title}</h2>
            <div class="muted">{props.children}</div>
            {props.ask && (
              <label class="col">
                <span class="label">{props.ask}</span>
                <input
                  class="input"
                  value={text}
                  maxLength={500}
                  onInput={(event) => setText(event.currentTarget.value)}
                />
              </label>
            )}
            {error && <Trouble error={error} />}
            <div class="row push">
              <button type="button" class="btn" onClick={close}>
                Keep as it is
              </button>
              <button
                type="submit"
                class={`btn primary${props.danger ? " danger" : ""}`}
                disabled={busy}
              >
                {busy ? "Working…" : props.confirm}
              </button>
            </div>
          </form>
        </dialog>
      )}
    </>
  );
}
