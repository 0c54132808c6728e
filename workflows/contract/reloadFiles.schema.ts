import { z } from 'zod';

/** All texts together, in bytes: they travel with every call of an activity. */
const mostText = 32 * 1024;

const fileSchema = z
  .strictObject({
    path: z
      .string()
      .regex(/^(\/(?!\.{1,2}(\/|$))[^/\p{Cc}]{1,200})+$/u)
      .refine((path) => path.length <= 1_000)
      .describe(
        'Where it is put in the container. Its directory must be there, and the container must be able to write to it.',
      )
      .meta({ title: 'an absolute path of a file, without . and ..' }),
    text: z.string().optional().describe('What it holds. Up to 32 KiB in all files together; more comes by `url`.'),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Where the worker gets it from, up to 16 MiB. With `sha256`.')
      .meta({ title: 'an http(s) URL' }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe('Checksum of what is at `url`: anything else is refused in the plan.')
      .meta({ title: '64 hexadecimal digits, in lower case' }),
  })
  .superRefine(oneSource);

/** Files of `change.reload`. */
export const reloadFilesSchema = z
  .array(fileSchema)
  .min(1)
  .max(50)
  .superRefine(pathsDiffer)
  .superRefine(textsFit)
  .describe('Put into each container before the command, and what was there before kept beside them for a rollback.')
  .meta({ title: 'a list of files' });

type File = z.output<typeof fileSchema>;

function oneSource({ text, url, sha256 }: Pick<File, 'text' | 'url' | 'sha256'>, context: z.RefinementCtx): void {
  const issue = (message: string, found: string) => context.addIssue({ code: 'custom', message, params: { found } });
  if ((text === undefined) === (url === undefined)) {
    issue('one of text and url', text === undefined ? 'neither' : 'both');
  } else if ((url === undefined) !== (sha256 === undefined)) {
    issue('url with sha256', url === undefined ? 'sha256 of a text' : 'url without sha256');
  }
}

function pathsDiffer(files: readonly File[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { path }] of files.entries()) {
    if (seen.has(path)) context.addIssue({ code: 'custom', path: [index, 'path'], message: 'each path once' });
    seen.add(path);
  }
}

function textsFit(files: readonly File[], context: z.RefinementCtx): void {
  const bytes = files.reduce((sum, { text = '' }) => sum + new TextEncoder().encode(text).length, 0);
  if (bytes <= mostText) return;
  const params = {
    found: `${bytes} bytes of text`,
    hint: 'put them where the worker can get them, and name `url` and `sha256`',
  };
  context.addIssue({ code: 'custom', message: `at most ${mostText} bytes of text in all files together`, params });
}
