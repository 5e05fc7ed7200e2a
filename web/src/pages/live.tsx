// The page Live.
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import type { PageProps } from "../shell/routes";

export function LivePage(_: PageProps) {
  return (
    <>
      <PageHead title="Live" />
      <Loading />
    </>
  );
}
