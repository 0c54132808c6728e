import { SluiceError } from '../errors.ts';
import type { Kind } from '../kinds/kind.ts';
import { marks, workloadName } from '../names.ts';
import type { Findings, Observation } from '../observation.ts';
import type { PlannedTraffic } from '../plan.ts';
import type { TrafficSource } from '../traffic.schema.ts';
import { sourceText } from '../traffic.ts';

type Through = readonly TrafficSource[];
type Seen = Pick<Observation, 'target' | 'readinessGates'> & {
  readonly findings: Pick<Findings, 'openServices' | 'leftOut'>;
};

/** The Services among ways out of traffic, as they are named. */
export const servicesOf = (through: Through): readonly string[] =>
  through.flatMap((source) => ('service' in source ? [source.service] : []));

/** What is written before pods can be drained through these Services, one sentence each. */
export const openingWrites = ({ births, opening }: Kind, services: readonly string[]): readonly string[] => [
  `Label ${births} and all its pods ${marks.serving}=true, and add that to the selector of Service ${services.join(', ')}.`,
  ...(opening === undefined ? [] : [opening]),
];

/** What is written where a pod does not show its connections, one sentence each. */
export const lookWrites = ({ silence }: Pick<PlannedTraffic, 'silence'>): readonly string[] =>
  silence === undefined || !('ephemeralContainer' in silence)
    ? []
    : [
        `In each pod whose containers cannot run cat: add an ephemeral container of ${silence.ephemeralContainer.image} that sees its connections. It ends by itself; nobody can take it out of the pod again.`,
      ];

/**
 * That pods can be taken out of traffic `through` these, and that nothing else was left open.
 * @throws WORKLOAD_UNFIT
 */
export function requireTraffic(through: Through, observation: Seen): void {
  requireGates(through, observation);
  requireClosed(through, observation);
  requireNobodyOut(through, observation);
}

function requireGates(through: Through, { target, readinessGates }: Seen): void {
  const asked = through.flatMap((source) => ('readinessGate' in source ? [source.readinessGate] : []));
  const missing = asked.filter((gate) => !readinessGates.includes(gate));
  if (missing.length === 0) return;
  const declared = readinessGates.length === 0 ? 'it declares none' : `it declares ${readinessGates.join(', ')}`;
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `The pod template of ${workloadName(target)} does not declare the readiness gate ${missing.join(', ')}; ${declared}.`,
    {
      next: 'Use `service: <name>` in traffic.through, which needs no gate; or declare the gate in the template and see that somebody sets it on every new pod.',
    },
  );
}

/** A Service that a terminated release left open is closed by the next one, if that goes through it. */
function requireClosed(sources: Through, { target, findings }: Seen): void {
  const through = new Set(servicesOf(sources));
  const left = findings.openServices.filter((name) => !through.has(name));
  if (left.length === 0) return;
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `Service ${left.join(', ')} still has in its selector what a release of ${workloadName(target)} put there that was terminated.`,
    {
      next: `Add ${left.map((name) => `\`service: ${name}\``).join(', ')} to traffic.through: this release then cleans up after it. Or take \`${marks.serving}\` out of the selector by hand.`,
    },
  );
}

/** A pod that a terminated release left out of a registry is put back by the next one, if that goes through it. */
function requireNobodyOut(sources: Through, { target, findings: { leftOut = [] } }: Seen): void {
  const through = new Set(sources.map(sourceText));
  const left = leftOut.find(({ source }) => !through.has(source));
  if (left === undefined) return;
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `${left.pods.slice(0, 5).join(', ')} of ${workloadName(target)}: still out of ${left.source}, or there with less than its own weight, where a release that was terminated left ${left.pods.length === 1 ? 'it' : 'them'}.`,
    {
      next: `Add that source to traffic.through, with the same address and service: this release then puts ${left.pods.length === 1 ? 'it' : 'them'} back. Or put back by hand, then take the annotation \`${marks.outOf}\` off.`,
    },
  );
}
