import { SluiceError } from '../workflows/contract/errors.ts';
import { kwokRuntime } from './kwok/runtime.ts';
import type { Runtime, RuntimeName } from './types.ts';

const loaders: Readonly<Record<RuntimeName, () => Promise<Runtime>>> = {
  kwok: async () => kwokRuntime,
  containerd: async () => {
    throw new SluiceError('LOCAL_UNSUPPORTED', 'This version of Sluice has no containerd runtime.');
  },
};

/** Loads a runtime; the ones not asked for cost nothing. */
export function loadRuntime(name: RuntimeName): Promise<Runtime> {
  return loaders[name]();
}
