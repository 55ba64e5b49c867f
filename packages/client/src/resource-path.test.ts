import { Deployment, Namespace, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { resourcePath, type ResourceTarget } from './resource-path.ts';

describe('resourcePath', () => {
  const rows: readonly { readonly name: string; readonly kind: Parameters<typeof resourcePath>[0]; readonly target: ResourceTarget; readonly path: string }[] =
    [
      { name: 'the core group', kind: Pod, target: { namespace: 'web', name: 'a' }, path: '/api/v1/namespaces/web/pods/a' },
      {
        name: 'another group',
        kind: Deployment,
        target: { namespace: 'web', name: 'a', subresource: 'scale' },
        path: '/apis/apps/v1/namespaces/web/deployments/a/scale',
      },
      { name: 'all namespaces', kind: Pod, target: {}, path: '/api/v1/pods' },
      { name: 'a kind of Cluster scope, whatever the namespace', kind: Namespace, target: { namespace: 'x', name: 'web' }, path: '/api/v1/namespaces/web' },
      { name: 'names that would change the path', kind: Pod, target: { namespace: '../..', name: 'a/b?c' }, path: '/api/v1/namespaces/..%2F../pods/a%2Fb%3Fc' },
    ];
  it.each(rows)('$name', ({ kind, target, path }) => {
    expect(resourcePath(kind, target)).toBe(path);
  });
});
