import { defineKind, type Kind } from '@kybern/core';
import { builtinKinds, ConfigMap, Event, Pod } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { fixedKinds } from '../kind-source.ts';
import { createKindTable } from './owner-graph.ts';

const Site = defineKind({ group: 'tools.example.com', version: 'v1', kind: 'Site', scope: 'Namespaced', spec: { type: 'object', properties: {} } });

describe('createKindTable', () => {
  it('looks after each resource once, whatever its versions, and not after Events or what cannot be deleted', () => {
    const table = createKindTable(fixedKinds([...builtinKinds, Site]));
    for (const kind of [...builtinKinds, Site]) table.watch(kind);
    const names = [...table.watched].map(({ group, plural }) => `${plural}.${group}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['pods.', 'deployments.apps', 'leases.coordination.k8s.io', 'sites.tools.example.com']));
    expect(names).not.toContain('events.');
    expect(table.watch(Event)).toBe(false);
  });

  it('knows owners of kinds that are not watched, and of kinds that the server has later', () => {
    const served: Kind[] = [ConfigMap];
    const table = createKindTable({ all: () => served, inUse: () => [], onInUse: () => () => undefined });
    expect(table.byGroupKind('', 'ConfigMap')).toBe(ConfigMap);
    expect(table.byGroupKind('', 'Pod')).toBeUndefined();
    served.push(Pod);
    expect(table.byGroupKind('', 'Pod')).toBe(Pod);
    expect(table.watched.size).toBe(0);
  });
});
