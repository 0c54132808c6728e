import { basePorts } from './types.ts';

/** Port name → number tried first; 0 is any. The well-known numbers come first, so that other tools' defaults work too. */
export const preferredPorts: Readonly<Record<string, number>> = {
  ...Object.fromEntries(basePorts.map((name) => [name, 0])),
  temporal: 7233,
  temporalUi: 8233,
};
