import type { Access } from '../ports.ts';

/** What the pull before a release needs beside what every release does. */
export const prePullAccess: readonly Access[] = ['create', 'delete'].map((verb) => ({
  group: '',
  resource: 'pods',
  verb,
}));
