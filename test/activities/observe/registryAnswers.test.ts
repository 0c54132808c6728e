import { expect, it } from 'vitest';
import { askedWithoutLogin, logsIn } from '../../../activities/observe/registryAnswers.ts';

it.each<[string, Parameters<typeof logsIn>[0], boolean]>([
  [
    'no secrets',
    [{ spec: { containers: [] } }, { spec: { containers: [], imagePullSecrets: [] } }, {}, undefined],
    false,
  ],
  [
    'those of its service account, which a pod has',
    [{ spec: { containers: [] } }, { spec: { containers: [], imagePullSecrets: [{ name: 'a' }] } }],
    true,
  ],
])('whether pods log in: %s', (_, specs, expected) => {
  expect(logsIn(specs)).toBe(expected);
});

it('without a login it is believed that an image is there, not that it is missing', () => {
  const answers = { app: { missing: 'r has no a:2' }, web: { digest: 'sha256:1' }, db: { silent: 'r wants a login' } };
  expect(askedWithoutLogin(answers)).toEqual({
    ...answers,
    app: { silent: expect.stringMatching(/^r has no a:2, .*imagePullSecrets$/) },
  });
});
