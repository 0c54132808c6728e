import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';

/** WORKLOAD_BUSY because its own controller moves pods, and how to go on where that goes well, and where it is stuck. */
export function rolloutUnderWay(target: Target, message: string): SluiceError {
  const at = `${workloadName(target)} -n ${target.namespace}`;
  return new SluiceError('WORKLOAD_BUSY', message, {
    next: `See \`kubectl rollout status ${at}\`, and release when it is through. One that is stuck goes back with \`kubectl rollout undo ${at}\`.`,
  });
}
