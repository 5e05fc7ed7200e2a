// A page to try an event: against all rules that are loaded, or against a rule that is being written.
import { Icon } from "../../components/icon";
import { PageHead, Panel } from "../../components/panel";
import { Tester } from "./tester";

/** The page of the tester. */
export function TesterView() {
  return (
    <>
      <p class="crumb">
        <a href="/rules">
          <Icon name="left" size={12} /> Rules
        </a>
      </p>
      <PageHead title="Try an event" about="Nothing of it is kept: neither the event nor what is found." />
      <Panel>
        <Tester />
      </Panel>
    </>
  );
}
