import { writeFileSync } from 'node:fs';
import { bundleWorkflows } from './bundle.ts';

// Run by `npm run build`: a worker that starts need not bundle.
const { code } = await bundleWorkflows();
writeFileSync(new URL('../workflow-bundle.js', import.meta.url), code);
