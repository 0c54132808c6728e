import { workloadName } from '../../../workflows/contract/names.ts';
import type { ReleaseSummary } from '../../sdk/list.ts';
import type { Look } from './look.ts';
import { phaseWord } from './states.ts';
import { table } from './table.ts';
import { fit, harmless, harmlessDeep } from './text.ts';
import { age, since } from './time.ts';

/** One line a release, newest first. */
export function listLines(
  given: readonly ReleaseSummary[],
  look: Look,
  { wide = false }: { readonly wide?: boolean } = {},
): string[] {
  const { colours, now } = look;
  const rows = harmlessDeep(given).map((release) => {
    const { target, phase, waiting } = release;
    const ended = release.endedAt === undefined ? now : Date.parse(release.endedAt);
    return [
      workloadName(target),
      target.namespace,
      target.cluster,
      release.version,
      phaseWord(phase, look) + (waiting ? colours.yellow(' (waits)') : ''),
      harmless(release.initiator),
      age(release.startedAt, now),
      since(release.startedAt, ended),
      ...(wide ? [release.run] : []),
    ];
  });
  const headers = [
    'WORKLOAD',
    'NAMESPACE',
    'CLUSTER',
    'VERSION',
    'PHASE',
    'BY',
    'AGE',
    'TOOK',
    ...(wide ? ['RUN'] : []),
  ];
  const [head = '', ...lines] = table(headers, rows);
  return [colours.bold(head), ...lines].map((line) => (wide ? line : fit(line, look.width)));
}
