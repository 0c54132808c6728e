import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import type { Contender, Place } from './contender.ts';
import { measured } from './sluice.ts';

/** The spec of a release of the bench: all pods in the gray group, as the others know no groups; no approval. */
export const releaseSpec = (place: Place, drains: boolean): ReleaseSpecInput => ({
  metadata: { name: place.app.name, namespace: place.app.namespace },
  target: { cluster: place.cluster, workload: `deployment/${place.app.name}` },
  // The others do not pull images before they begin.
  change: { images: { app: place.app.to }, prePull: 'Off' },
  strategy: { gray: { pods: '100%' }, maxUnavailable: place.maxUnavailable },
  gates: { afterGray: { approval: false } },
  // One look that sees nobody is silence; a kwok pod cannot be looked into.
  ...(drains && { traffic: { through: [{ service: place.app.name }], quiet: '0s' } }),
});

/** Sluice, with a release of that spec. */
export const release = (
  name: string,
  title: string,
  spec: (place: Place) => ReleaseSpecInput | Promise<ReleaseSpecInput>,
  more: Pick<Contender, 'beside' | 'paired' | 'kubeletOnly'> = {},
): Contender => ({
  name,
  title,
  ...more,
  async run(place) {
    const valid = validateSpec(await spec(place));
    return measured(place, () => place.stack.sluice.start(valid, { initiator: 'bench' }));
  },
});

export const releasePlain = release('sluice', 'Sluice', (place) => releaseSpec(place, false));
export const releaseDraining = release('sluice-drain', 'Sluice, Service drain', (place) => releaseSpec(place, true));
