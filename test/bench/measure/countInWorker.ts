// Loaded into the worker by --import: answers its parent's questions with the counts, and changes nothing else.
import { countRequests } from './requests.ts';

const counts = countRequests();
process.on('message', () => process.send?.(counts()));
// The parent's channel must not keep a worker alive that has been told to stop.
process.channel?.unref();
