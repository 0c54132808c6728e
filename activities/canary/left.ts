import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import type { Connection } from '../kubernetes/types.ts';
import { routers } from './routers.ts';

/** Puts back the routes that a terminated release left split. The Services that they point to are there, whoever they call. */
export async function restoreLeft(kube: Connection, left: HeldRequest): Promise<void> {
  for (const router of Object.values(routers)) {
    for (const sides of await router.left(kube, left)) await router.restore(kube, left, sides);
  }
}

/** Takes away what stood beside them. */
export async function endLeft(kube: Connection, left: HeldRequest): Promise<void> {
  for (const router of Object.values(routers)) {
    if (router.end === undefined) continue;
    for (const sides of await router.left(kube, left)) await router.end(kube, left, sides);
  }
}
