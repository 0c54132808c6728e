import type { NativeConnection } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { registerSearchAttributes } from '../../worker/searchAttributes.ts';

/** A connection whose operator service refuses everybody, as Temporal Cloud does; there is none to be had for a test. */
const refusing = (code: number): NativeConnection => {
  const error = Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} });
  const operatorService = { listSearchAttributes: () => Promise.reject(error) };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one service that is asked
  return { operatorService } as unknown as NativeConnection;
};

test.each([
  ['PERMISSION_DENIED', 7],
  ['UNIMPLEMENTED', 12],
])('%s is left to the operators', async (_, code) => {
  expect(await registerSearchAttributes(refusing(code), 'default')).toBe(false);
});

test('any other failure stops the worker', async () => {
  await expect(registerSearchAttributes(refusing(14), 'default')).rejects.toMatchObject({ code: 14 });
});
