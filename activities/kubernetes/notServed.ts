import type { Location } from './resources.ts';

/** That the API server has no such resource, in one sentence. `kind`: as objects of it call themselves. */
export const notServed = ({ group, version, name }: Location, kind: string): string =>
  `The cluster has no ${name}.${group}/${version}: the CRD of ${kind} is not installed.`;
