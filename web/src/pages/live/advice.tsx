// What to do when nothing moves: the page's figures alone would not tell.
import type { Live } from "../../api/types";
import { Icon } from "../../components/icon";

/** A sentence and a command where something is missing; nothing where all runs. */
export function Advice({ live }: { live: Live }) {
  const found = advice(live);
  if (!found) return null;
  return (
    <div class="notice warn" role="status">
      <Icon name="warning" />
      <div>
        <div>{found.what}</div>
        <p>
          {found.then} {found.command ? <code class="live-command">{found.command}</code> : null}
        </p>
      </div>
    </div>
  );
}

interface Found {
  what: string;
  then: string;
  command?: string;
}

function advice(live: Live): Found | null {
  if (live.kafka.state === "away") {
    return { what: `Kafka is away: ${live.kafka.detail}`, then: "What is stored is shown all the same." };
  }
  if (live.kafka.state === "not_asked") return null;
  if (live.lag.total === null && live.lag.partitions.length === 0) {
    return {
      what: "The topic is not there yet.",
      then: "It comes with the first event:",
      command: "tocsin produce",
    };
  }
  if (live.workers.length === 0) {
    const waits = (live.lag.total ?? 0) > 0;
    return {
      what: waits ? "Events wait, and no worker reads them." : "No worker is running.",
      then: "Start one, or as many as the topic has partitions:",
      command: "tocsin detect",
    };
  }
  if (live.events.total === 0 && !live.lag.total) {
    return {
      what: "A worker waits, and no event has come.",
      then: "To send some:",
      command: "tocsin produce --rate 50",
    };
  }
  return live.results.state === "missing"
    ? { what: "There are no results yet.", then: live.results.detail }
    : null;
}
