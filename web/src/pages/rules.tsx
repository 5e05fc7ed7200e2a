// Rules: which are loaded and why others are not, what they found, and a place to try them.
import type { PageProps } from "../shell/routes";
import { RuleList } from "./rules/rule_list";
import { RuleView } from "./rules/rule_view";
import { TesterView } from "./rules/tester_view";
import "./detections/detections.css";
import "./rules/rules.css";

/** The list; behind the path the id of a rule, or `test`. */
export function RulesPage({ rest }: PageProps) {
  const [first] = rest;
  if (first === undefined) return <RuleList />;
  if (first === "test") return <TesterView />;
  return <RuleView id={first} key={first} />;
}
