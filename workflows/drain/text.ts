import type { PlannedDrain } from '../contract/drain/plan.ts';
import { countOf, someOf } from '../contract/quantity.ts';
import type { ReleaseState } from '../state.ts';

/** The sentence of a status where a drain has other words than a release; undefined where it has not. Pure. */
export function drainText(state: ReleaseState, { restores }: PlannedDrain, cause: string): string | undefined {
  const { phase, paused, gate, batches } = state;
  const pods = batches.flatMap((batch) => batch.pods);
  const gone = pods.filter((pod) => pod.state === 'gone').length;
  const who = someOf(pods.filter((pod) => pod.state !== 'gone').map(({ name }) => name));
  const died = gone === 0 ? '' : ` ${countOf(gone, 'pod')} died meanwhile.`;
  switch (phase) {
    case 'batch':
      if (paused) return `Paused by ${paused.by}; pods in flight finish.`;
      return `Taking ${who} out of traffic.`;
    case 'gate': {
      if (gate === undefined) return undefined;
      const until = Date.parse(gate.bakedAt) > Date.parse(gate.since) ? `until ${gate.bakedAt}, or ` : '';
      return `Out of traffic since ${gate.since}: ${who}; ${until}until somebody says \`sluice restore\`.${died}`;
    }
    case 'committing':
      return restores ? 'Putting back whoever was left out.' : `Putting ${who} back into traffic.`;
    case 'rollingBack':
      return `Putting back into traffic${cause}`;
    case 'succeeded':
      if (restores) return 'Nobody is left out of traffic.';
      return who === '' ? `All ${countOf(gone, 'pod')} died while out of traffic.` : `Back in traffic: ${who}.${died}`;
    case 'rolledBack':
      return `Back in traffic${cause}${died}`;
    case 'planning':
    case 'pulling':
    case 'acquiring':
    case 'held':
    case 'manual':
    case 'handedOver':
    case 'superseded':
    case 'failed':
      return undefined;
  }
}
