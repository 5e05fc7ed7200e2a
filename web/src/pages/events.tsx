// The page Events: what lies in the topics and what comes in now, and the records that could be no events.
import { get } from "../api/client";
import { useResource } from "../api/resource";
import type { Topic } from "../api/types";
import { PageHead } from "../components/panel";
import { Answer, Empty } from "../components/states";
import { search } from "../router";
import { DeadLetters } from "./events/dead_letters";
import "./events/events.css";
import { Records } from "./events/records";
import { TopicList } from "./events/topic_list";

const REFRESH_MS = 15_000;

export function EventsPage() {
  const topics = useResource("topics", (abort) => get<Topic[]>("/api/topics", {}, abort), {
    refresh: REFRESH_MS,
  });
  const dead = search.value.get("view") === "dead-letters";
  const asked = search.value.get("topic");
  const topic = dead ? null : (asked ?? topics.data?.[0]?.name ?? null);
  return (
    <>
      <PageHead title="Events" about="Records as they lie in Kafka. Looking at them changes nothing." />
      <div class="events">
        <nav class="panel" aria-label="Topics">
          <Answer of={topics} lines={3}>
            {(found) => <TopicList topics={found} current={topic} dead={dead} />}
          </Answer>
        </nav>
        <div class="events-content">
          {dead ? <DeadLetters /> : null}
          {topic ? (
            <Records key={topic} topic={topic} about={topics.data?.find((one) => one.name === topic)} />
          ) : null}
          {!dead && !topic && topics.data ? (
            <section class="panel">
              <Empty title="There is no topic yet">
                It comes with the first event: <code>tocsin produce</code>
              </Empty>
            </section>
          ) : null}
        </div>
      </div>
    </>
  );
}
