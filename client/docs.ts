import { writeFile } from 'node:fs/promises';
import { documents } from './docs/documents.ts';

// `npm run docs`, from the root of a checkout.
await Promise.all(Object.entries(documents()).map(([name, text]) => writeFile(`docs/${name}`, text)));
