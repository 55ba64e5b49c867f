import { readFileSync } from 'node:fs';
import { findKind } from '@kybern/core/kinds';
import type { Kind } from '@kybern/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startServer } from './fixtures.ts';
import { openDoor, type Door } from './wire.ts';

interface Row {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly {
    readonly name: string;
    readonly group: string;
    readonly version: string;
    readonly kind: string;
    readonly verbs: readonly string[];
  }[];
  readonly aggregated?: boolean;
}

/** What Kubernetes 1.36 serves. */
const DATA = JSON.parse(readFileSync(new URL('../../core/data/resources.json', import.meta.url), 'utf8')) as { readonly resources: readonly Row[] };
const rows = DATA.resources.filter(({ aggregated }) => aggregated !== true);
const groupVersions = [...new Set(rows.map(({ group, version }) => (group === '' ? `api/${version}` : `apis/${group}/${version}`)))];

describe('discovery', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor({ betaVersions: true });
    return () => door[Symbol.asyncDispose]();
  });

  it.each(groupVersions)('of %s is what Kubernetes says', async (path) => {
    const list = (await door.http2(`/${path}`)).json() as unknown as { resources: { name: string; verbs: string[] }[] };
    const expected = rows
      .filter(({ group, version }) => path === (group === '' ? `api/${version}` : `apis/${group}/${version}`))
      .flatMap(({ plural, singular, kind, namespaced, verbs, shortNames, categories, subresources, group, version }) => [
        {
          name: plural,
          singularName: singular,
          kind,
          namespaced,
          verbs: [...verbs].sort(),
          ...(shortNames.length === 0 ? {} : { shortNames }),
          ...(categories.length === 0 ? {} : { categories }),
        },
        ...subresources.map((sub) => ({
          name: `${plural}/${sub.name}`,
          kind: sub.kind,
          namespaced,
          verbs: [...sub.verbs].sort(),
          ...(sub.group === group && sub.version === version ? {} : { group: sub.group, version: sub.version }),
        })),
      ]);
    const served = new Map(list.resources.map((resource) => [resource.name, { ...resource, verbs: [...resource.verbs].sort() }]));
    expect([...served.keys()].sort()).toEqual(expected.map(({ name }) => name).sort());
    for (const each of expected) expect(served.get(each.name)).toMatchObject(each);
  });
});

it('beta versions are served when they are asked for, and are views of what is stable', async () => {
  await using server = await startServer({ betaVersions: true });
  const { client } = server;
  const beta = (version: string, kind: string): Kind => findKind(`resource.k8s.io/${version}`, kind) as Kind;
  const claim = { metadata: { name: 'a' }, spec: { devices: { requests: [{ name: 'gpu', deviceClassName: 'gpu.example.com' }] } } };
  const created = await client.create(beta('v1beta1', 'ResourceClaim'), claim as never);
  expect(created).toMatchObject({
    apiVersion: 'resource.k8s.io/v1beta1',
    spec: { devices: { requests: [{ name: 'gpu', deviceClassName: 'gpu.example.com' }] } },
  });
  for (const version of ['v1', 'v1beta2'])
    expect(await client.get(beta(version, 'ResourceClaim'), 'a')).toMatchObject({
      apiVersion: `resource.k8s.io/${version}`,
      metadata: { uid: created.metadata.uid },
      spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', allocationMode: 'ExactCount', count: 1 } }] } },
    });
  const slice = {
    metadata: { name: 's' },
    spec: {
      driver: 'd.example.com',
      nodeName: 'n',
      pool: { name: 'n', generation: 1, resourceSliceCount: 1 },
      devices: [{ name: 'd0', basic: { attributes: { a: { int: 1 } } } }],
    },
  };
  await client.create(beta('v1beta1', 'ResourceSlice'), slice as never);
  expect(await client.get(beta('v1', 'ResourceSlice'), 's')).toMatchObject({ spec: { devices: [{ name: 'd0', attributes: { a: { int: 1 } } }] } });
  expect(await client.get(beta('v1beta1', 'ResourceSlice'), 's')).toMatchObject({
    spec: { devices: [{ name: 'd0', basic: { attributes: { a: { int: 1 } } } }] },
  });
});
