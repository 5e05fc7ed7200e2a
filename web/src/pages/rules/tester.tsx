// The tester: an event goes in, the verdict and why come out.
import { useEffect, useRef, useState } from "preact/hooks";

import { ApiError, post } from "../../api/client";
import { Choices } from "../../components/filter_bar";
import { Failed } from "../../components/states";
import { RULE_TEMPLATE, SAMPLES } from "./samples";
import { Verdict } from "./verdict";
import type { Tried } from "./types";

type Against = "all" | "own";

/** The server takes no more. */
const LIMIT_BYTES = 1_048_576;

/** Fields to fill and the outcome below; with `ruleId` only that rule is tried. */
export function Tester({ ruleId }: { ruleId?: string }) {
  const [event, setEvent] = useState(SAMPLES[0]?.event ?? "");
  const [against, setAgainst] = useState<Against>("all");
  const [rule, setRule] = useState(RULE_TEMPLATE);
  const run = useRun();
  const submit = (): void => {
    const body = { event, ...(ruleId ? { rule_id: ruleId } : against === "own" ? { rule } : {}) };
    void run.start(body);
  };
  const size = new Blob([event, against === "own" ? rule : ""]).size;
  return (
    <form
      class="tester"
      onSubmit={(submitted) => {
        submitted.preventDefault();
        submit();
      }}
      onKeyDown={(pressed) => {
        if (pressed.key !== "Enter" || !(pressed.ctrlKey || pressed.metaKey)) return;
        pressed.preventDefault();
        submit();
      }}
    >
      {ruleId === undefined && (
        <Choices
          label="Try against"
          value={against}
          options={[
            { value: "all", label: "All rules that are loaded" },
            { value: "own", label: "A rule of my own" },
          ]}
          onChoose={setAgainst}
        />
      )}
      <div class={against === "own" ? "tester-fields two" : "tester-fields"}>
        <div class="field">
          <span class="tester-label">
            <label for="tester-event">Event</label>
            <Samples onChoose={setEvent} />
          </span>
          <textarea
            id="tester-event"
            class="input mono"
            rows={12}
            spellcheck={false}
            value={event}
            onInput={(typed) => setEvent(typed.currentTarget.value)}
          />
        </div>
        {against === "own" && ruleId === undefined && (
          <div class="field">
            <span class="tester-label">
              <label for="tester-rule">Sigma rule</label>
            </span>
            <textarea
              id="tester-rule"
              class="input mono"
              rows={12}
              spellcheck={false}
              value={rule}
              onInput={(typed) => setRule(typed.currentTarget.value)}
            />
          </div>
        )}
      </div>
      <div class="row">
        <button
          type="submit"
          class="button primary"
          disabled={run.busy || event.trim() === "" || size > LIMIT_BYTES}
          title="Ctrl+Enter"
        >
          {run.busy ? "Judging…" : "Judge"}
        </button>
        {size > LIMIT_BYTES ? (
          <span role="alert">That is more than 1 MiB: too much for the tester.</span>
        ) : (
          <span class="muted">One event as JSON, of any shape that the decoder knows.</span>
        )}
      </div>
      <div aria-live="polite">
        {run.error && <Failed error={run.error} />}
        {run.tried && <Verdict tried={run.tried} single={ruleId !== undefined || against === "own"} />}
      </div>
    </form>
  );
}

function Samples({ onChoose }: { onChoose: (event: string) => void }) {
  return (
    <select
      class="input"
      aria-label="Put in a sample"
      value=""
      onChange={(chosen) => {
        const sample = SAMPLES.find((one) => one.name === chosen.currentTarget.value);
        chosen.currentTarget.value = "";
        if (sample) onChoose(sample.event);
      }}
    >
      <option value="">Samples…</option>
      {SAMPLES.map((sample) => (
        <option key={sample.name} value={sample.name}>
          {sample.name}
        </option>
      ))}
    </select>
  );
}

/** Asks the server; a newer question drops the one before. */
function useRun() {
  const [state, setState] = useState<{ tried: Tried | null; error: ApiError | null; busy: boolean }>({
    tried: null,
    error: null,
    busy: false,
  });
  const asked = useRef<AbortController | null>(null);
  useEffect(() => () => asked.current?.abort(), []);
  const start = async (body: unknown): Promise<void> => {
    asked.current?.abort();
    const abort = new AbortController();
    asked.current = abort;
    setState((old) => ({ ...old, busy: true }));
    try {
      const tried = await post<Tried>("/api/rules/test", body, abort.signal);
      setState({ tried, error: null, busy: false });
    } catch (failure) {
      if (abort.signal.aborted) return;
      const error = failure instanceof ApiError ? failure : new ApiError(0, "The answer could not be read.");
      setState({ tried: null, error, busy: false });
    }
  };
  return { ...state, start };
}
