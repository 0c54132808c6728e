import { drainSpecJsonSchema, scaleSpecJsonSchema, specJsonSchema } from '../sdk/jsonSchema.ts';
import { errorsPage } from './errorsPage.ts';
import { releasePage } from './releasePage.ts';
import { specPage } from './specPage.ts';
import { webhookApi } from './webhookApi.ts';

/** The documents that are made from the code, by their name in docs/. */
export const documents = (): Readonly<Record<string, string>> => ({
  'errors.md': errorsPage(),
  'release.md': releasePage(),
  'spec.md': specPage(),
  'drain.schema.json': `${JSON.stringify(drainSpecJsonSchema(), undefined, 2)}\n`,
  'scale.schema.json': `${JSON.stringify(scaleSpecJsonSchema(), undefined, 2)}\n`,
  'webhook.openapi.json': `${JSON.stringify(webhookApi(), undefined, 2)}\n`,
  'release.schema.json': `${JSON.stringify(specJsonSchema(), undefined, 2)}\n`,
});
