import type { Kind } from '@kybern/core';
import { builtinKinds, CronJob, Deployment, Event, Pod, Service } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { createKindRegistry } from './registry.ts';

describe('a registry of kinds', () => {
  const registry = createKindRegistry(builtinKinds);

  it.each([
    { name: 'po', kind: Pod },
    { name: 'pods', kind: Pod },
    { name: 'Pod', kind: Pod },
    { name: 'POD', kind: Pod },
    { name: 'deploy', kind: Deployment },
    { name: 'deployments.apps', kind: Deployment },
    { name: 'deployments.v1.apps', kind: Deployment },
    { name: 'deploy.apps', kind: Deployment },
    { name: 'svc', kind: Service },
    { name: 'cj', kind: CronJob },
    { name: 'events', kind: Event },
    { name: 'ev', kind: Event },
    { name: 'pods.v1.', kind: Pod },
  ])('knows $name', ({ name, kind }) => {
    expect(registry.resolve(name)).toBe(kind);
  });

  it('tells apart the same name in two groups', () => {
    expect(registry.resolve('events.events.k8s.io')?.group).toBe('events.k8s.io');
  });

  it('finds by what objects and URLs say', () => {
    expect(registry.find('apps/v1', 'Deployment')).toBe(Deployment);
    expect(registry.byResource('', 'v1', 'pods')).toBe(Pod);
    expect(registry.byCategory('all')).toContain(Pod);
    for (const name of ['nope', '', '__proto__', 'constructor']) expect(registry.resolve(name)).toBeUndefined();
  });

  it('lets kinds come and go', () => {
    const own = createKindRegistry([]);
    own.add(Pod as Kind);
    expect(() => own.add(Pod as Kind)).toThrow(RangeError);
    expect(own.resolve('po')).toBe(Pod);
    own.remove(Pod as Kind);
    own.remove(Pod as Kind);
    expect(own.list()).toEqual([]);
    expect(own.resolve('po')).toBeUndefined();
  });
});
