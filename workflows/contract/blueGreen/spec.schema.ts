import { z } from 'zod';
import { nameSchema } from '../name.schema.ts';
import { durationSchema } from '../quantity.schema.ts';
import { defaultKeepOld } from './plan.ts';
import { besideServices } from './services.schema.ts';

/** What mode BlueGreen needs to know besides. */
export const blueGreenSchema = z
  .strictObject({
    services: besideServices('are switched to the new version, in this order'),
    previewService: nameSchema
      .optional()
      .describe('A Service that selects the pods, too: it shows the new version from before the switch on.'),
    keepOld: durationSchema
      .default(defaultKeepOld)
      .describe('So long the old version stays after the switch, ready: a rollback is one write to each Service then.'),
  })
  .describe('Of mode BlueGreen: who is switched, and how long there is a way back in one step.');

interface Strategy {
  readonly mode: string;
  readonly blueGreen?: object | undefined;
  readonly gray: { readonly select?: object | undefined };
  readonly failureThreshold?: unknown;
}

/** What has a meaning in that mode only, and what has none in it. */
export function blueGreenFits({ mode, blueGreen, gray, failureThreshold }: Strategy, context: z.RefinementCtx): void {
  const issue = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
  if (mode !== 'BlueGreen') {
    if (blueGreen !== undefined) issue(['blueGreen'], 'this with mode BlueGreen only');
    return;
  }
  if (gray.select !== undefined)
    issue(['gray', 'select'], 'no choice of pods with mode BlueGreen: all are new at once');
  if (failureThreshold !== undefined)
    issue(['failureThreshold'], 'no failed pod with mode BlueGreen: the old ones serve until all are ready');
}
