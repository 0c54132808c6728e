import { kwokRuntime } from './kwok/runtime.ts';
import type { Runtime, RuntimeName } from './types.ts';

const loaders: Readonly<Record<RuntimeName, () => Promise<Runtime>>> = {
  kwok: async () => kwokRuntime,
  containerd: async () => (await import('./containerd/runtime.ts')).containerdRuntime,
};

/** Loads a runtime; the ones not asked for cost nothing. */
export function loadRuntime(name: RuntimeName): Promise<Runtime> {
  return loaders[name]();
}
