// The page Events.
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import type { PageProps } from "../shell/routes";

export function EventsPage(_: PageProps) {
  return (
    <>
      <PageHead title="Events" />
      <Loading />
    </>
  );
}
