import { describe, expect, it } from 'vitest';
import { cliKinds, displayName, parseResourceArguments } from './resource-argument.ts';

describe('parseResourceArguments', () => {
  const kinds = cliKinds();
  it.each([
    { args: ['pods'], expected: ['pod/*'] },
    { args: ['po', 'a', 'b'], expected: ['pod/a', 'pod/b'] },
    { args: ['deploy/web', 'svc/web'], expected: ['deployment.apps/web', 'service/web'] },
    { args: ['Deployment', 'web'], expected: ['deployment.apps/web'] },
    { args: ['deployments.apps', 'web'], expected: ['deployment.apps/web'] },
    { args: ['pods,services'], expected: ['pod/*', 'service/*'] },
  ])('reads $args', ({ args, expected }) => {
    expect(parseResourceArguments(args, kinds).map(({ kind, name }) => displayName(kind, name ?? '*'))).toEqual(expected);
  });

  it.each([
    { args: [], message: /you must say what/ },
    { args: ['nonsense'], message: /the server doesn't have a resource type "nonsense"/ },
    { args: ['pod/a', 'b'], message: /"b" does not name an object/ },
    { args: ['pod/a/b'], message: /"pod\/a\/b" does not name an object/ },
  ])('refuses $args', ({ args, message }) => {
    expect(() => parseResourceArguments(args, kinds)).toThrow(message);
  });
});
