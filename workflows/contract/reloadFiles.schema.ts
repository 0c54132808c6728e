import { z } from 'zod';
import { mostText } from './reload.ts';

const pathSchema = z
  .string()
  .regex(/^(\/(?!\.{1,2}(\/|$))[^/\p{Cc}]{1,200})+$/u)
  .refine((path) => path.length <= 1_000)
  .meta({ title: 'an absolute path of a file, without . and ..' });

const fileSchema = z
  .strictObject({
    path: pathSchema.describe(
      'Where it is put in the container. Its directory must be there, and the container must be able to write to it.',
    ),
    text: z
      .string()
      .optional()
      .describe('What it holds. Up to 32 KiB in all files together; more comes by `url` or `image`.'),
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
    image: z
      .string()
      .regex(/^[^\s@]+@sha256:[0-9a-f]{64}$/)
      .optional()
      .describe(
        'An image, or an artifact that a registry keeps like one, by its digest: the file is taken from its layers, up to 16 MiB.',
      )
      .meta({ title: 'an image with its digest, such as registry.example/rules@sha256:…' }),
    from: pathSchema.optional().describe('Where the file is in `image`. Default: `path`.'),
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

function oneSource(file: Omit<File, 'path'>, context: z.RefinementCtx): void {
  const issue = (message: string, found: string) => context.addIssue({ code: 'custom', message, params: { found } });
  const named = (['text', 'url', 'image'] as const).filter((source) => file[source] !== undefined);
  const { sha256, from } = file;
  if (named.length !== 1) issue('one of text, url and image', named.join(' and ') || 'none');
  else if ((named[0] === 'url') !== (sha256 !== undefined)) {
    issue('url with sha256', sha256 === undefined ? 'url without sha256' : `sha256 of a ${named[0]}`);
  } else if (from !== undefined && named[0] !== 'image') issue('from with image', `from with ${named[0]}`);
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
    hint: 'put them where the worker can get them, and name `url` and `sha256`, or `image`',
  };
  context.addIssue({ code: 'custom', message: `at most ${mostText} bytes of text in all files together`, params });
}
