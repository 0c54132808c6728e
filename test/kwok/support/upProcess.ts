/** `up` in a process of its own, that can be interrupted like the command: `node upProcess.js <state directory>`. One line per step. */
import { up } from '../../../local/up.ts';

const [, , stateDir = ''] = process.argv;

await up({ stateDir }, (progress) => {
  if (progress.kind === 'part') console.log(`${progress.name} ${progress.step}`);
});
