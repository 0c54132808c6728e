import { defineConfig } from 'vitest/config';

// Temporal's native core does not survive worker threads, hence forks (sdk-typescript#876).
const shared = {
  pool: 'forks' as const,
  // Of a test that hangs: the others wait for what they expect, on a machine of unknown load.
  testTimeout: 300_000,
  hookTimeout: 300_000,
};

/** Of `npm test`: one queue for the three, so that nobody waits for the last file of another. Those of the kwok cluster come first. */
const together = { ...shared, maxWorkers: 2 };
/** Nobody leaves anything in a module behind, and loading our modules anew costs more than most files do. */
const oneProcess = { isolate: false };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...together,
          ...oneProcess,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/e2e/**',
            'test/bench/**',
            'test/compose/**',
            'test/durability/**',
            'test/kwok/**',
            'test/temporal/**',
          ],
        },
      },
      {
        test: {
          ...together,
          ...oneProcess,
          name: 'temporal',
          include: ['test/temporal/**/*.test.ts'],
          globalSetup: 'test/temporal/support/bundle.ts',
        },
      },
      {
        test: {
          // Each file has a namespace and a worker of its own, and waits most of its time.
          ...together,
          name: 'kwok',
          include: ['test/kwok/**/*.test.ts'],
          globalSetup: ['test/support/stack.ts', 'test/support/kruise.ts'],
        },
      },
      {
        // Not part of `npm test`: it builds a Temporal server. docs/production.md says how to run it.
        test: {
          ...shared,
          name: 'compose',
          include: ['test/compose/**/*.test.ts'],
          globalSetup: 'test/support/stack.ts',
          fileParallelism: false,
        },
      },
      {
        // Minutes of waiting for heartbeats that do not come: too long for every `npm test`.
        test: {
          ...shared,
          name: 'durability',
          include: ['test/durability/**/*.test.ts'],
          globalSetup: 'test/support/stack.ts',
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/kubelet.ts', 'test/support/kruise.ts'],
          fileParallelism: false,
        },
      },
    ],
  },
});
