// The way of the event through the pipeline, in the drawer of a detection.
import { get } from "../../api/client";
import { useResource } from "../../api/resource";
import { Badge } from "../../components/tag";
import { CopyButton } from "../../components/copy_button";
import { Icon } from "../../components/icon";
import { Answer, Empty } from "../../components/states";
import type { Trace } from "./types";
import { Waterfall } from "./waterfall";

/** Show the event's trace, or say plainly that none was kept. */
export function TracePart({ eventId }: { eventId: string }) {
  const address = `/api/events/${encodeURIComponent(eventId)}/trace`;
  const trace = useResource(address, (abort) => get<Trace>(address, {}, abort));
  return <Answer of={trace}>{(found) => <Found trace={found} />}</Answer>;
}

function Found({ trace }: { trace: Trace }) {
  if (trace.source === null || trace.spans.length === 0) {
    return (
      <Empty title="No trace was kept of this event">
        A worker keeps the traces of a sample of the events, and of all in which something was found, when it
        runs with <code>--trace-store</code> or sends them to Jaeger.
      </Empty>
    );
  }
  return (
    <div class="stack">
      <div class="row">
        <span class="muted">Trace</span>
        <code class="trace-id">{trace.trace_id}</code>
        <CopyButton text={trace.trace_id} label="the trace id" />
        {trace.source === "times" && <Badge>from stored times</Badge>}
        {trace.jaeger_url && (
          <a class="button" href={trace.jaeger_url} target="_blank" rel="noreferrer">
            Open in Jaeger <Icon name="external" />
          </a>
        )}
      </div>
      {trace.source === "times" && (
        <p class="muted">
          No spans were kept of this event: this is what its times in the results tell, by the clocks of those
          who set them.
        </p>
      )}
      <Waterfall spans={trace.spans} />
    </div>
  );
}
