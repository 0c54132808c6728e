import { workloadName } from '../../../workflows/contract/names.ts';
import type { PodInTraffic, Standing } from '../../../workflows/contract/trafficLook.ts';
import type { TrafficFinding, TrafficView } from '../../sdk/traffic.ts';
import { type CommandDefaults, commandFor } from './commands.ts';
import type { Look } from './look.ts';
import { table } from './table.ts';
import { ends, fit, harmlessDeep, wrap } from './text.ts';
import { since } from './time.ts';

const words: Readonly<Record<Standing['is'], string>> = {
  in: 'in',
  taken: 'out, by sluice',
  disabled: 'out, by others',
  notReady: 'not ready',
  absent: 'not there',
  off: 'off',
  unknown: '?',
};

/** Who is in and who is out, a line a pod, a column a source; then what is not as it should be, and what mends it. */
export function trafficLines(
  given: TrafficView,
  look: Look,
  { wide = false, ...defaults }: CommandDefaults & { readonly wide?: boolean },
): string[] {
  const view = harmlessDeep(given);
  const { target, sources, pods, running } = view;
  const { colours, glyphs, width, now } = look;
  const everywhere = pods.filter(({ stands }) => stands.length > 0 && stands.every(({ is }) => is === 'in')).length;
  const where = [target.namespace, target.cluster].join(` ${glyphs.dot} `);
  const head = ` ${colours.bold(workloadName(target))}  ${everywhere} of ${pods.length} pods in traffic`;
  const rows = pods.map((pod) => [pod.name, pod.node, pod.ready ? 'yes' : colours.yellow('no'), ...cells(pod, look)]);
  const headers = ['POD', 'NODE', 'READY', ...sources.map((source) => (wide ? source : short(source)))];
  const [titles = '', ...lines] = table(headers, rows);
  const by =
    running === undefined
      ? []
      : [
          '',
          ...wrap(`${running.text} (by ${running.initiator}, ${since(running.startedAt, now)})`, width - 2).map(
            (line) => ` ${line}`,
          ),
        ];
  return [
    ends(head, colours.dim(where), width),
    '',
    ...[colours.bold(titles), ...lines].map((line) => (wide ? ` ${line}` : fit(` ${line}`, width))),
    ...(sources.length === 0 ? ['', ' No Service selects the pods, and no other way to them is known.'] : []),
    ...by,
    ...problems(view, look, defaults),
  ];
}

/** `eureka CHECKOUT at http://…` → `eureka CHECKOUT`. */
const short = (source: string): string => source.replace(/ at \S+$/, '');

const cells = ({ stands }: PodInTraffic, { colours }: Look): string[] =>
  stands.map(({ is, text }) =>
    is === 'in' ? colours.green([words[is], text].filter(Boolean).join(', ')) : colours.yellow(words[is]),
  );

function problems({ findings, target, openServices, running }: TrafficView, look: Look, defaults: CommandDefaults) {
  const { colours, glyphs, width } = look;
  const room = Math.max(30, width - 4);
  const restore = commandFor('restore', target, defaults);
  const told = findings.flatMap((finding) => [
    ...wrap(`${finding.pod}, ${short(finding.source)}: ${finding.text}`, room).map(
      (line, at) => ` ${colours.yellow(at === 0 ? glyphs.warn : ' ')} ${line}`,
    ),
    ...wrap(mend(finding, restore, target.namespace), room).map((line) => `   ${colours.dim(line)}`),
  ]);
  const open =
    running === undefined && openServices.length > 0
      ? [
          ` ${colours.yellow(glyphs.warn)} Service ${openServices.join(', ')} still asks for a label of a release that runs no more`,
          `   ${colours.dim(restore)}`,
        ]
      : [];
  return told.length + open.length === 0 ? [] : ['', ...told, ...open];
}

/** The command that mends it, or where to look. */
function mend({ is, pod, source }: TrafficFinding, restore: string, namespace: string): string {
  switch (is) {
    case 'left':
      return restore;
    case 'disabled':
      return source.startsWith('service ')
        ? `kubectl label pod ${pod} -n ${namespace} sluice.dev/serving=true --overwrite`
        : `enable it in ${source}; a release leaves it as it is`;
    case 'off':
    case 'absent':
      return `kubectl logs ${pod} -n ${namespace}`;
    case 'unknown':
      return `kubectl describe pod ${pod} -n ${namespace}`;
  }
}
