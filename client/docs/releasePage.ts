import { lifecycle } from '../../workflows/contract/lifecycle.ts';
import { messageDescriptions, messageNames } from '../../workflows/contract/messages.ts';
import { isOver, phases } from '../../workflows/contract/status.ts';
import { commandName } from '../cli/view/commands.ts';
import { markdownTable } from './markdownTable.ts';

/** docs/release.md: the life of a release, from the table of its phases. */
export function releasePage(): string {
  const rows = phases.map((phase) => [`\`${phase}\``, lifecycle[phase].does, lifecycle[phase].waitsFor]);
  const messages = messageNames.map((name) => [
    `\`${name}\``,
    `\`sluice ${commandName(name)}\``,
    messageDescriptions[name],
  ]);
  return [
    '# The life of a release',
    '',
    '<!-- Made by `npm run docs` from workflows/contract/lifecycle.ts; changes here are lost. -->',
    '',
    'A release is one workflow in Temporal. Its phase is in the status, in the search attribute `SluicePhase` and in the',
    'details of the workflow in the Temporal UI. How to use it step by step: [releasing.md](releasing.md).',
    '',
    ...diagram(),
    '',
    ...markdownTable(['phase', 'what happens', 'what it waits for'], rows),
    '',
    '## What it can be told',
    '',
    'Each is an update (answered, refused with the reason) and a signal (for bots and the Temporal UI). Every phase takes',
    'every message: what makes no sense there changes nothing and says why. A rollback wins over everything else, in every',
    'phase, paused or not; a pause lets the pods in flight finish and starts none.',
    '',
    ...markdownTable(['message', 'command', 'what it does'], messages),
    '',
  ].join('\n');
}

/** A picture that GitHub and most editors draw. Edges that leave almost every phase are drawn thin of words. */
function diagram(): string[] {
  const edges = phases.flatMap((from) =>
    Object.entries(lifecycle[from].next).map(([to, when]) => `  ${from} --> ${to}: ${when}`),
  );
  const ends = phases.filter(isOver).map((phase) => `  ${phase} --> [*]`);
  return ['```mermaid', 'stateDiagram-v2', '  [*] --> planning', ...edges, ...ends, '```'];
}
