import { specJsonSchema } from '../sdk/jsonSchema.ts';
import { errorsPage } from './errorsPage.ts';
import { specPage } from './specPage.ts';

/** The documents that are made from the code, by their name in docs/. */
export const documents = (): Readonly<Record<string, string>> => ({
  'errors.md': errorsPage(),
  'spec.md': specPage(),
  'release.schema.json': `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`,
});
