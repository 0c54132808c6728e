import type { ScaleSpecInput } from '../../../workflows/contract/scale/spec.schema.ts';
import { validateScale } from '../../../workflows/contract/scale/validate.schema.ts';
import type { World } from '../../support/world.ts';
import { podKeys } from './podKeys.ts';

/** What a test says and asks of scales, on kwok. `world`: the one that is open by then. */
export function scalesIn(world: () => World) {
  const spec = (name: string, to: number, change: Partial<ScaleSpecInput> = {}): ScaleSpecInput => ({
    metadata: { name, namespace: world().namespace },
    target: { cluster: world().cluster, workload: `${world().target(name).kind}/${name}` },
    ...change,
    scale: { to, ...change.scale },
  });
  return {
    scale: async (name: string, to: number, change: Partial<ScaleSpecInput> = {}): Promise<void> => {
      await world().sluice.scale(validateScale(spec(name, to, change)), { initiator: 'test' });
    },
    planScale: (name: string, to: number, change: Partial<ScaleSpecInput> = {}) =>
      world().sluice.plan(validateScale(spec(name, to, change))),
    /** Names of the pods that live, and are not told to end. */
    names: async (name: string): Promise<readonly string[]> => [...(await world().pods(name)).keys()].toSorted(),
    /** Annotations of ours and costs on its pods. */
    marks: async (name: string): Promise<readonly string[]> => podKeys(world(), name),
  };
}
