import type { StackReport } from '../../../local/types.ts';
import type { Look } from './look.ts';
import { table } from './table.ts';
import { harmless } from './text.ts';

/**
 * The local stack: its parts, where to look, and how to use it.
 * @param named the directory that the command line named: the next commands need it too
 */
export function stackLines(report: StackReport, look: Look, named?: string): string[] {
  const { colours, glyphs } = look;
  const { environment, parts } = report;
  const there = named === undefined ? '' : ` --state-dir ${named}`;
  if (report.state === 'none') return [`No local stack in ${report.stateDir}.`];
  if (report.state === 'down') {
    return [
      `${colours.green(glyphs.ok)} The local stack is down. Its state is kept in ${report.stateDir}; \`sluice up${there}\` goes on with it.`,
    ];
  }
  const sick = parts.filter((part) => part.state !== 'running');
  const rows: [string, string][] =
    environment === undefined
      ? []
      : [
          ['Temporal', environment.TEMPORAL_ADDRESS],
          ['Temporal UI', environment.SLUICE_TEMPORAL_UI],
          [
            'Kubernetes',
            `${parts.find(({ name }) => name === 'kube-apiserver')?.address ?? ''}  ${report.runtime ?? ''}, ${report.nodes ?? 0} nodes`.trim(),
          ],
          ['kubeconfig', environment.KUBECONFIG],
        ];
  const [, ...lines] = table(
    ['', ''],
    rows.map(([key, value]) => [colours.dim(key), value]),
  );
  return [
    sick.length === 0
      ? `${colours.green(glyphs.ok)} ${colours.bold('The local stack is up')}`
      : `${colours.red(glyphs.bad)} ${colours.bold('The local stack is not whole')}: ${sick.map(({ name, state }) => `${name} is ${state}`).join(', ')}`,
    ...sick.flatMap((part) => [
      `  ${part.name}: ${harmless(part.detail ?? 'no reason known')}`,
      colours.dim(`  ${part.log}`),
    ]),
    ...lines.map((line) => `  ${line}`),
    '',
    `  eval "$(sluice env${there})"   ${colours.dim('points kubectl and temporal at it')}`,
  ];
}
