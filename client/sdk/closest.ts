export { closest } from '../../workflows/contract/closest.ts';
