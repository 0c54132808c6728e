import { SluiceError } from './errors.ts';
import { type Target, workloadName } from './names.ts';

/** Of names that are none of its containers, which are `there`. `field`: of the spec; `why`: sentences of what they are instead. */
export function containerNotFound(
  target: Target,
  {
    field,
    unknown,
    there,
  }: { readonly field?: string; readonly unknown: readonly string[]; readonly there: readonly string[] },
  why: readonly string[] = [],
): SluiceError {
  const which = `${workloadName(target)} has no container ${unknown.join(', ')}; it has ${there.join(', ')}.`;
  return new SluiceError('CONTAINER_NOT_FOUND', [`${field ? `${field}: ` : ''}${which}`, ...why].join(' '), {
    details: { ...(field && { field }), unknown, there },
  });
}
