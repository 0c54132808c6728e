import type { SampleTag } from '../sample.ts';

/** How an image of the sample application differs from the others. */
export interface Recipe {
  /** Environment of the image; local/go/sample/main.go says what each variable does. */
  readonly env: Readonly<Record<string, string>>;
  /** Without any other program in it: no shell, no cat. */
  readonly bare?: boolean;
}

/**
 * The images of the sample by tag. Equal recipes are equal images, with one imageID. The tags ask for the same failures where kwok plays them (it
 * reads "crash" and "notready"). A tag with "missing" is in neither place.
 */
export const recipes: Readonly<Record<SampleTag, Recipe>> = {
  v1: { env: { VERSION: 'v1' } },
  v2: { env: { VERSION: 'v2' } },
  'v2-again': { env: { VERSION: 'v2' } },
  v3: { env: { VERSION: 'v3' } },
  'v3-crash': { env: { VERSION: 'v3', FAIL: 'crash' } },
  'v4-notready': { env: { VERSION: 'v4', FAIL: 'unready' } },
  'v5-errors': { env: { VERSION: 'v5', FAIL: 'errors' } },
  'v6-slow': { env: { VERSION: 'v6', START_DELAY: '5s' } },
  empty: { env: { VERSION: 'empty', EMPTY: '1' } },
  'v1-bare': { env: { VERSION: 'v1' }, bare: true },
  'v2-bare': { env: { VERSION: 'v2' }, bare: true },
};
