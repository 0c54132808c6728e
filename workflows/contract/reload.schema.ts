import { z } from 'zod';
import { labelSchema } from './name.schema.ts';
import { someTimeSchema } from './quantity.schema.ts';
import { milliseconds } from './quantity.ts';
import { reloadSignals } from './reload.ts';
import { reloadFilesSchema } from './reloadFiles.schema.ts';

/** A command that takes longer keeps its pod, and the call that it is in, for too long. */
const longestMs = 120_000;

const commandSchema = z
  .array(z.string().min(1))
  .min(1)
  .describe(
    'A program of the image and its arguments, such as [nginx, -s, reload]; there is no shell but the one that is named. `{version}` stands for the version, in a rollback for the one before.',
  )
  .meta({ title: 'a list of a program and its arguments' });

const signalSchema = z
  .enum(reloadSignals)
  .describe('Sent to process 1 of the container, by its own `sh` or `kill`; one that it does not handle is refused.');

const actionSchema = z
  .strictObject({ command: commandSchema.optional(), signal: signalSchema.optional() })
  .superRefine(oneAction);

/** What `change.reload` says: see docs/modes.md. */
export const reloadSchema = z
  .strictObject({
    version: z
      .string()
      .regex(/^[^\s]{1,63}$/)
      .describe('What to call what runs afterwards: in plan, status and history, and recorded on every pod.')
      .meta({ title: 'a name of at most 63 characters, without spaces' }),
    containers: z
      .array(labelSchema)
      .min(1)
      .refine((names) => new Set(names).size === names.length, 'each container once')
      .optional()
      .describe('In which containers, one after another. Default: the one that there is.')
      .meta({ title: 'a list of containers' }),
    files: reloadFilesSchema.optional(),
    command: commandSchema.optional(),
    signal: signalSchema.optional(),
    timeout: someTimeSchema
      .default('30s')
      .refine((timeout) => milliseconds(timeout) <= longestMs, 'at most 2m')
      .describe('How long the command may take in one container, at most 2m; then its pod has failed.'),
    undo: actionSchema
      .optional()
      .describe(
        'What a rollback runs instead: a command, or a signal. Default: the same once more, after the old files are back.',
      ),
  })
  .superRefine(oneAction);

export type ReloadSpec = z.output<typeof reloadSchema>;

function oneAction(
  { command, signal }: { readonly command?: unknown; readonly signal?: unknown },
  context: z.RefinementCtx,
): void {
  if ((command === undefined) !== (signal === undefined)) return;
  context.addIssue({
    code: 'custom',
    message: 'one of command and signal',
    params: { found: command === undefined ? 'neither' : 'both' },
  });
}
