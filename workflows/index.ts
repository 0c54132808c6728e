export { batch } from './batch.ts';
export { history } from './history.ts';
export { plan } from './plan.ts';
export { release } from './release.ts';
export { scale } from './scale.ts';
