import type { ReleaseState } from '../state.ts';

interface Named {
  /** `Service a, b`. */
  readonly services: string;
  readonly version: string;
}

/** How the sentences of a status name what callers reach. */
export const namesOf = ({ plan }: Pick<ReleaseState, 'plan'>, services: readonly string[]): Named => ({
  services: `Service ${services.join(', ')}`,
  version: plan?.change.version ?? 'the new version',
});

/** Of the switch, and of what comes after it. */
export const switchText = ({ batches, index }: ReleaseState, { services, version }: Named): string =>
  batches[index]?.state === 'running'
    ? `${services} calls ${version}; waiting for silence at the old pods.`
    : `Switching ${services} to ${version}.`;

/**
 * The sentence of a status of every mode in which new pods stand beside the old, where it has other words than a release in
 * batches; undefined where it has not, or where its own mode knows them. Pure.
 */
export function besideText({ phase, plan }: ReleaseState, { services }: Named, cause: string): string | undefined {
  switch (phase) {
    case 'acquiring':
      return `Taking hold of the workload, and keeping ${services} at the old pods.`;
    case 'committing':
      return 'Making the new pods the workload’s own; the old ones go.';
    case 'rolledBack':
      return `Back to ${plan?.change.fromVersion ?? 'the old version'}${cause}`;
    case 'handedOver':
      return 'Ended with what somebody else made of the workload; its own controller rolls that out.';
    case 'batch':
    case 'gate':
    case 'succeeded':
    case 'planning':
    case 'pulling':
    case 'held':
    case 'manual':
    case 'rollingBack':
    case 'superseded':
    case 'failed':
      return undefined;
  }
}
