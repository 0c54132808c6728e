import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import { countOf } from '../contract/quantity.ts';
import type { ReleaseState } from '../state.ts';

/** The sentence of a status where blue/green has other words than a release in batches; undefined where it has not. Pure. */
export function blueGreenText(state: ReleaseState, { services }: PlannedBlueGreen, cause: string): string | undefined {
  const { phase, paused, index, batches, plan, gate } = state;
  const { version = 'the new version', fromVersion = 'the old version' } = plan?.change ?? {};
  const named = `Service ${services.join(', ')}`;
  switch (phase) {
    case 'acquiring':
      return `Taking hold of the workload, and keeping ${named} at the old pods.`;
    case 'batch':
      if (paused) return `Paused by ${paused.by}.`;
      if (index === 0)
        return `Bringing ${countOf(batches[0]?.pods.length ?? 0, 'pod')} of ${version} beside the old ones; nobody calls them yet.`;
      return batches[1]?.state === 'running'
        ? `${named} calls ${version}; waiting for silence at the old pods.`
        : `Switching ${named} to ${version}.`;
    case 'gate':
      if (paused || gate?.early !== true) return undefined;
      return `${named} calls ${version}. The old pods stay until ${gate.bakedAt}: rollback is one write until then, approve lets them go at once.`;
    case 'committing':
      return 'Making the new pods the workload’s own; the old ones go.';
    case 'succeeded':
      return `${named} calls ${version}: ${countOf(batches[0]?.pods.length ?? 0, 'pod')}.`;
    case 'rolledBack':
      return `Back to ${fromVersion}${cause}`;
    case 'handedOver':
      return 'Ended with what somebody else made of the workload; its own controller rolls that out.';
    case 'planning':
    case 'pulling':
    case 'held':
    case 'rollingBack':
    case 'superseded':
    case 'failed':
      return undefined;
  }
}
