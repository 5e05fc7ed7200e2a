// The topics to choose from, those of the pipeline first, and the dead letters below.
import type { Topic } from "../../api/types";
import { Badge } from "../../components/tag";
import { plural, short } from "../../format";

const ROLES: Record<Topic["role"], string | null> = {
  events: "events",
  detections: "detections",
  classified: "verdicts",
  dead_letters: "dead letters",
  other: null,
};

export function TopicList({
  topics,
  current,
  dead,
}: {
  topics: readonly Topic[];
  current: string | null;
  dead: boolean;
}) {
  return (
    <ul class="topics">
      {topics.map((topic) => (
        <li key={topic.name}>
          <a
            href={`/events?topic=${encodeURIComponent(topic.name)}`}
            aria-current={topic.name === current ? "page" : undefined}
            title={topic.about}
          >
            <span class="topic-name">{topic.name}</span>
            <span class="topic-facts">
              {ROLES[topic.role] ? <Badge tone="accent">{ROLES[topic.role]}</Badge> : null}
              <span title={plural(topic.partitions, "partition")}>{short(topic.records)} records</span>
            </span>
          </a>
        </li>
      ))}
      <li>
        <a href="/events?view=dead-letters" aria-current={dead ? "page" : undefined}>
          <span class="topic-name">Dead letters</span>
          <span class="topic-facts">stored with their reason</span>
        </a>
      </li>
    </ul>
  );
}
