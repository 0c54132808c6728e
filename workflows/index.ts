export { batch } from './batch.ts';
export { plan } from './plan.ts';
export { release } from './release.ts';
