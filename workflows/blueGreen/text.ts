import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import { countOf } from '../contract/quantity.ts';
import type { ReleaseState } from '../state.ts';
import { besideText, namesOf, switchText } from './besideText.ts';

/** The sentence of a status where blue/green has other words than a release in batches; undefined where it has not. Pure. */
export function blueGreenText(state: ReleaseState, { services }: PlannedBlueGreen, cause: string): string | undefined {
  const { phase, paused, index, batches, gate } = state;
  const named = namesOf(state, services);
  const pods = countOf(batches[0]?.pods.length ?? 0, 'pod');
  if (phase === 'batch') {
    if (paused) return `Paused by ${paused.by}.`;
    if (index > 0) return switchText(state, named);
    return `Bringing ${pods} of ${named.version} beside the old ones; nobody calls them yet.`;
  }
  if (phase === 'gate') {
    if (paused || gate?.early !== true) return undefined;
    return `${named.services} calls ${named.version}. The old pods stay until ${gate.bakedAt}: rollback is one write until then, approve lets them go at once.`;
  }
  if (phase === 'succeeded') return `${named.services} calls ${named.version}: ${pods}.`;
  return besideText(state, named, cause);
}
