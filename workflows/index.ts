export { batch } from './batch.ts';
export { drain } from './drain.ts';
export { history } from './history.ts';
export { plan } from './plan.ts';
export { release } from './release.ts';
export { scale } from './scale.ts';
export { traffic } from './traffic.ts';
