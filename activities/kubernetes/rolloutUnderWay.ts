import { SluiceError } from '../../workflows/contract/errors.ts';
import { kindOf } from '../../workflows/contract/kinds.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';

/** WORKLOAD_BUSY because its own controller moves pods, and how to go on where that goes well, and where it is stuck. */
export function rolloutUnderWay(target: Target, message: string): SluiceError {
  const { progress, stuck } = kindOf(target);
  const at = `${workloadName(target)} -n ${target.namespace}`;
  return new SluiceError('WORKLOAD_BUSY', message, {
    next: `See ${progress(at)}, and release when it is through. One that is stuck goes back ${stuck(at)}.`,
  });
}
