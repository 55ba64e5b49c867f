import { describe, expect, it } from 'vitest';
import { Deployment, Pod } from '@kybern/core/kinds';
import { createMemoryStore } from '@kybern/state';
import type { AdmissionPlugin } from '../admission/admission.ts';
import { createApiServer } from '../api-server.ts';

const template = {
  metadata: { labels: { app: 'a' } },
  spec: { containers: [{ name: 'a', image: 'b', resources: { limits: { memory: '1234567890', cpu: '1500m' } } }] },
};
const deployment = { metadata: { name: 'd', namespace: 'default' }, spec: { selector: { matchLabels: { app: 'a' } }, template } };

const annotated = <T extends { readonly metadata: object }>(object: T): T => ({ ...object, metadata: { ...object.metadata, annotations: { turn: '1' } } });

const writing = (replacesParts: boolean): AdmissionPlugin => ({
  name: 'Writing',
  replacesParts,
  handles: ({ kind }, operation) => kind.kind === 'Deployment' && operation === 'UPDATE',
  mutate({ object }) {
    if (replacesParts) object.spec = { ...object.spec, paused: true };
    else {
      object.spec.template.spec.containers[0].image = 'written';
      object.metadata.annotations.written = 'yes';
    }
  },
});

describe('an update', () => {
  it('keeps the parts that the caller has from the object itself', async () => {
    await using api = await createApiServer();
    const created = await api.client.create(Deployment, deployment as never);
    const updated = await api.client.update(Deployment, annotated(created));
    expect(updated.metadata).toMatchObject({ annotations: { turn: '1' }, generation: 2 });
    expect(updated.spec).toBe(created.spec);
    const scaled = await api.client.update(Deployment, { ...updated, spec: { ...updated.spec, replicas: 3 } });
    expect(scaled.metadata.generation).toBe(3);
    expect(scaled.spec.template).toBe(created.spec.template);
    expect(Object.isFrozen(scaled.spec)).toBe(true);
  });

  it('does not take over parts of another object', async () => {
    await using api = await createApiServer();
    await api.client.create(Deployment, deployment as never);
    const other = await api.client.create(Deployment, { ...deployment, metadata: { name: 'other', namespace: 'default' } } as never);
    const { spec } = await api.client.get(Deployment, 'd');
    const mixed = { ...other, spec: { ...spec, template: { ...spec.template, unknown: 1 } } };
    const updated = await api.client.update(Deployment, mixed as never);
    expect(updated.spec.template).not.toHaveProperty('unknown');
  });

  it('gives copies to a plugin that changes parts in place', async () => {
    await using api = await createApiServer({ admission: [writing(false)] });
    const created = await api.client.create(Deployment, deployment as never);
    const updated = await api.client.update(Deployment, annotated(created));
    expect(updated.spec.template.spec?.containers[0]?.image).toBe('written');
    expect(updated.metadata.annotations).toEqual({ turn: '1', written: 'yes' });
    expect(created.spec.template.spec?.containers[0]?.image).toBe('b');
    expect(updated.spec.selector).toBe(created.spec.selector);
  });

  it('gives the parts themselves to a plugin that replaces what it changes', async () => {
    await using api = await createApiServer({ admission: [writing(true)] });
    const created = await api.client.create(Deployment, deployment as never);
    const updated = await api.client.update(Deployment, annotated(created));
    expect(updated.spec.paused).toBe(true);
    expect(updated.spec.template).toBe(created.spec.template);
  });

  it('of a Pod without tolerations gets them, although its spec is frozen', async () => {
    await using state = createMemoryStore();
    await using api = await createApiServer({ state, admission: [] });
    await api.client.create(Pod, { metadata: { name: 'p', namespace: 'default' }, spec: template.spec } as never);
    await using strict = await createApiServer({ state });
    const updated = await strict.client.update(Pod, annotated(await strict.client.get(Pod, 'p')));
    expect(updated.spec.tolerations?.map(({ key }) => key)).toEqual(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);
  });
});
