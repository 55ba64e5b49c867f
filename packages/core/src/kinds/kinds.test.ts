import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { groupResource } from '../kind.ts';
import { aggregatedKinds, betaKinds, builtinKinds, findBodyModel, findKind, Deployment, Event, Namespace, Pod, Service } from './index.ts';
import * as eventsV1 from './events-v1.ts';

interface Row {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly object[];
}

const { resources } = JSON.parse(readFileSync(new URL('../../data/resources.json', import.meta.url), 'utf8')) as { resources: readonly Row[] };
const apiVersion = (row: Row): string => (row.group === '' ? row.version : `${row.group}/${row.version}`);

describe('built-in kinds', () => {
  it.each(resources.map((row) => ({ name: `${apiVersion(row)} ${row.kind}`, row })))('describe $name as the API server does', ({ row }) => {
    const kind = findKind(apiVersion(row), row.kind);
    expect(kind).toMatchObject({
      group: row.group,
      version: row.version,
      kind: row.kind,
      listKind: row.listKind ?? `${row.kind}List`,
      plural: row.plural,
      singular: row.singular,
      shortNames: row.shortNames,
      categories: row.categories,
      scope: row.namespaced ? 'Namespaced' : 'Cluster',
      verbs: row.verbs,
      subresources: row.subresources,
    });
  });

  it('are all there, each once, in one of three lists', () => {
    const all = [...builtinKinds, ...betaKinds, ...aggregatedKinds];
    expect(all).toHaveLength(resources.length);
    expect(new Set(all).size).toBe(resources.length);
    expect(betaKinds.every((kind) => kind.version.includes('beta'))).toBe(true);
    expect(builtinKinds.some((kind) => kind.version.includes('beta'))).toBe(false);
  });

  it('begin with the core group, and give each resource its preferred version first', () => {
    expect(builtinKinds[0]?.group).toBe('');
    const autoscalers = builtinKinds.filter((kind) => groupResource(kind) === 'horizontalpodautoscalers.autoscaling');
    expect(autoscalers.map((kind) => kind.version)).toEqual(['v2', 'v1']);
  });

  it('are frozen', () => {
    expect([...builtinKinds, builtinKinds, Pod.verbs].every((value) => Object.isFrozen(value))).toBe(true);
  });

  it('keep the plain name for the core group where several groups have a kind of that name', () => {
    expect(Event.group).toBe('');
    expect(eventsV1.Event.group).toBe('events.k8s.io');
    expect(findKind('events.k8s.io/v1', 'Event')).toBe(eventsV1.Event);
  });

  it('are not found under another version or name', () => {
    expect(findKind('v1', 'Deployment')).toBeUndefined();
    expect(findKind('apps/v1', 'deployments')).toBeUndefined();
  });

  it('load their model once', async () => {
    expect(Pod.model()).toBe(Pod.model());
    expect((await Deployment.model()).schema.properties?.['spec']?.properties?.['template']?.properties?.['spec']).toBe(
      (await Pod.model()).schema.properties?.['spec'],
    );
  });
});

describe('bodies', () => {
  it.each([
    { name: 'a subresource in its own group', apiVersion: 'autoscaling/v1', kind: 'Scale' },
    { name: 'a subresource of another group', apiVersion: 'policy/v1', kind: 'Eviction' },
    { name: 'a token request', apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
    { name: 'options', apiVersion: 'v1', kind: 'DeleteOptions' },
    { name: 'a table', apiVersion: 'meta.k8s.io/v1', kind: 'Table' },
  ])('$name have a model', async ({ apiVersion: version, kind }) => {
    const model = await findBodyModel(version, kind);
    expect(model?.validate({ apiVersion: version, kind: 7 }).map((error) => error.field)).toContain('kind');
  });

  it('are no kinds', () => {
    expect(findKind('policy/v1', 'Eviction')).toBeUndefined();
    expect(findBodyModel('v1', 'Pod')).toBeUndefined();
  });
});

describe('spec', () => {
  it('is there after the defaults where the type says so', async () => {
    const objects = await Promise.all(
      [Namespace, Service, Pod, Deployment].map(async (kind) => {
        const object: Record<string, unknown> = {};
        (await kind.model()).setDefaults(object);
        return object;
      }),
    );
    expect(objects.every((object) => typeof object['spec'] === 'object')).toBe(true);
  });
});
