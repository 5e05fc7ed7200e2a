// The page Rules.
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import type { PageProps } from "../shell/routes";

export function RulesPage(_: PageProps) {
  return (
    <>
      <PageHead title="Rules" />
      <Loading />
    </>
  );
}
