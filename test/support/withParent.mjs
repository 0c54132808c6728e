// Preloaded into a worker process (`node --import`): it ends when the test that started it is gone, however that ended.
import { isMainThread } from 'node:worker_threads';

// Threads are preloaded too, and have a standard input of their own, which is at its end.
if (isMainThread) {
  process.stdin.resume();
  process.stdin.once('end', () => process.exit(1));
  process.stdin.once('error', () => process.exit(1));
  // The pipe alone keeps nobody alive.
  process.stdin.unref?.();
}
