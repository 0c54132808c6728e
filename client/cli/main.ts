#!/usr/bin/env node
import { processIo } from './io.ts';
import { runCli } from './run.ts';

// A reader that has seen enough (`sluice list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
// However it ends: a live view hides the cursor.
process.on('exit', () => {
  for (const stream of [process.stdout, process.stderr]) if (stream.isTTY) stream.write('\u001B[?25h');
});
process.exitCode = await runCli(process.argv.slice(2), processIo());
