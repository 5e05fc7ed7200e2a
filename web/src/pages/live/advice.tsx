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
          {found.then}{" "}
          {found.commands.map((command) => (
            <code class="live-command">{command}</code>
          ))}
        </p>
      </div>
    </div>
  );
}

interface Found {
  what: string;
  then: string;
  commands: string[];
}

function advice(live: Live): Found | null {
  const waiting = live.lag.total;
  if (live.lag.partitions.length === 0) {
    return {
      what: "Kafka does not answer, or the topic is not there yet.",
      then: live.events.total ? "What is stored is shown all the same." : "To see something on this machine:",
      commands: live.events.total ? [] : ["tocsin demo"],
    };
  }
  if (live.workers.length === 0) {
    return {
      what: waiting ? "Events wait, and no worker reads them." : "No worker is running.",
      then: "Start one, or several:",
      commands: ["tocsin detect"],
    };
  }
  if (live.events.total === 0 && !waiting) {
    return {
      what: "A worker waits, and no event has come.",
      then: "To send some:",
      commands: ["tocsin produce --rate 50"],
    };
  }
  return null;
}
