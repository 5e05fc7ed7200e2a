// The page Detections.
import { PageHead } from "../components/panel";
import { Loading } from "../components/states";
import type { PageProps } from "../shell/routes";

export function DetectionsPage(_: PageProps) {
  return (
    <>
      <PageHead title="Detections" />
      <Loading />
    </>
  );
}
