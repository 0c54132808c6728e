import type { RouterKind } from '../../workflows/contract/canary/plan.ts';
import { httpRoute } from './httpRoute.ts';
import type { Router } from './router.ts';

/** By what splits callers, as a spec names it. */
export const routers: Readonly<Record<RouterKind, Router>> = { HTTPRoute: httpRoute };
