// The page Pipeline.
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import type { PageProps } from "../shell/routes";

export function PipelinePage(_: PageProps) {
  return (
    <>
      <PageHead title="Pipeline" />
      <Loading />
    </>
  );
}
