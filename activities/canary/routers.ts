import type { RouterKind } from '../../workflows/contract/canary/plan.ts';
import { httpRoute } from './httpRoute.ts';
import { ingress } from './ingress.ts';
import type { Router } from './router.ts';
import { virtualService } from './virtualService.ts';

/** By what splits callers, as a spec names it. */
export const routers: Readonly<Record<RouterKind, Router>> = {
  HTTPRoute: httpRoute,
  VirtualService: virtualService,
  Ingress: ingress,
};
