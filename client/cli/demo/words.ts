import type { StackEnvironment } from '../../../local/types.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { ReleaseStatus } from '../../../workflows/contract/status.ts';
import { type CommandDefaults, commandFor } from '../view/commands.ts';
import type { Look } from '../view/look.ts';
import { phaseWord } from '../view/states.ts';

/** The heading of a step. */
export const stepLines =
  (number: number, text: string) =>
  ({ colours }: Look): string[] => ['', `${colours.cyan(colours.bold(`${number}.`))} ${colours.bold(text)}`];

export interface DemoEnd {
  readonly asPlanned: boolean;
  readonly environment: StackEnvironment;
  readonly target: Target;
  readonly releases: readonly ReleaseStatus[];
  /** One more that could be released. */
  readonly image: string;
  readonly once: boolean;
}

/** Where to look, and what to try now. */
export const endLines =
  ({ asPlanned, environment, target, releases, image, once }: DemoEnd, defaults: CommandDefaults) =>
  (look: Look): string[] => {
    const { colours, glyphs } = look;
    const head = asPlanned
      ? `${colours.green(glyphs.ok)} ${colours.bold('That was Sluice.')}`
      : `${colours.red(glyphs.bad)} ${colours.bold('That did not go as planned.')}`;
    return [
      '',
      `${head}${once ? '' : ' Everything goes on running.'}`,
      '',
      colours.dim('  In the Temporal UI'),
      ...releases.map(
        (status) =>
          `  ${status.fromVersion} ${glyphs.arrow} ${status.version} ${phaseWord(status.phase, look)}: ${workflowUrl(environment, status)}`,
      ),
      ...(once
        ? []
        : [
            '',
            colours.dim('  To try'),
            `  ${commandFor('status', target, defaults)}`,
            `  ${commandFor('release', target, defaults, '--image', `app=${image}`, '--service', target.name, '--watch')}`,
            '  sluice list',
            `  eval "$(sluice env)" && kubectl -n ${target.namespace} get pods`,
            '  sluice down',
          ]),
    ];
  };

/** A release in the Temporal UI. */
const workflowUrl = (
  { SLUICE_TEMPORAL_UI, TEMPORAL_NAMESPACE }: StackEnvironment,
  { id, run }: ReleaseStatus,
): string =>
  `${SLUICE_TEMPORAL_UI}/namespaces/${TEMPORAL_NAMESPACE}/workflows/${encodeURIComponent(id)}/${run}/history`;
