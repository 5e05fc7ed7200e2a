// The page Attack.
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import type { PageProps } from "../shell/routes";

export function AttackPage(_: PageProps) {
  return (
    <>
      <PageHead title="Attack" />
      <Loading />
    </>
  );
}
