import type { SilenceSpec } from '../../workflows/contract/silence.schema.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';
import { lookerAccess, rehearseLooker } from './looker.ts';
import { inspectMeasure } from './measure.ts';

/** What the way of seeing silence that the spec names needs besides. */
export const silenceAccess = (silence: SilenceSpec | undefined): readonly Access[] =>
  silence !== undefined && 'ephemeralContainer' in silence ? lookerAccess : [];

/**
 * Whether silence can be seen so. Touches nothing.
 * @throws PATCH_REFUSED with what the API server says of an ephemeral container, SILENCE_UNUSABLE
 */
export async function inspectSilence(
  kube: Connection,
  pods: readonly Pod[],
  silence: SilenceSpec,
  signal: AbortSignal,
): Promise<void> {
  if ('prometheus' in silence) return inspectMeasure(pods, silence.prometheus, signal);
  const [pod] = pods;
  if (pod !== undefined) await rehearseLooker(kube, pod, silence.ephemeralContainer);
}
