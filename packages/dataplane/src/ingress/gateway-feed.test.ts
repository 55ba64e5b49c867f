import { createApiServer, type ApiServer } from '@kybern/apiserver';
import { systemClock, type Kind, type KubernetesObject } from '@kybern/core';
import { Namespace, Secret, Service } from '@kybern/core/kinds';
import { createRoutingTable, Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from '@kybern/netmodel';
import { createInformer, type Informer } from '@kybern/reconcile';
import { afterEach, expect, it, vi } from 'vitest';
import { feedGateways, type RouteSource } from './gateway-feed.ts';

const CONTROLLER = 'example.com/proxy';
const closers: (() => PromiseLike<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(): Promise<{ readonly api: ApiServer; readonly source: RouteSource }> {
  const api = await createApiServer({ kinds: [GatewayClass, Gateway, HTTPRoute, ReferenceGrant] });
  closers.push(() => api[Symbol.asyncDispose]());
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const cacheOf = <T extends KubernetesObject>(kind: Kind<T>): Informer<T> => {
    const informer = createInformer<T>({ client: api.client, kind });
    running.push(informer.run(stop.signal));
    return informer;
  };
  const informers = {
    gatewayClasses: cacheOf(GatewayClass),
    gateways: cacheOf(Gateway),
    httpRoutes: cacheOf(HTTPRoute),
    referenceGrants: cacheOf(ReferenceGrant),
    services: cacheOf(Service),
    secrets: cacheOf(Secret),
    namespaces: cacheOf(Namespace),
  };
  await Promise.all(Object.values(informers).map(({ synced }) => synced));
  const source = feedGateways(informers, { client: api.client, controller: CONTROLLER, address: '127.0.0.1', clock: systemClock() });
  closers.push(async () => {
    source.end();
    stop.abort();
    await Promise.all(running);
  });
  return { api, source };
}

const named = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });
const create = (api: ApiServer, kind: Kind, object: object): Promise<KubernetesObject> => api.client.create(kind, object as never);
const statusOf = async (api: ApiServer, kind: Kind, key: string): Promise<unknown> => ((await api.client.get(kind, key)) as { status?: unknown }).status;
const condition = (type: string, status: string): object => expect.objectContaining({ type, status }) as object;

it('turns Gateways and HTTPRoutes into routes, and says in their status what came of them', async () => {
  const { api, source } = await start();
  let changes = 0;
  source.onChange(() => (changes += 1));
  await create(api, GatewayClass, { metadata: { name: 'ours' }, spec: { controllerName: CONTROLLER } });
  await create(api, Gateway, { metadata: named('door'), spec: { gatewayClassName: 'ours', listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] } });
  await create(api, Service, { metadata: named('shop'), spec: { ports: [{ port: 80 }] } });
  const rules = [{ matches: [{ path: { type: 'PathPrefix', value: '/shop' } }], backendRefs: [{ name: 'shop', port: 80 }] }];
  await create(api, HTTPRoute, { metadata: named('shop'), spec: { parentRefs: [{ name: 'door' }], hostnames: ['shop.example'], rules } });

  const request = { host: 'shop.example', path: '/shop/cart', listenerPort: 80 };
  await vi.waitFor(() =>
    expect(createRoutingTable(source.current()).match(request)?.backends).toMatchObject([{ namespace: 'default', service: 'shop', port: 80 }]),
  );
  expect(createRoutingTable(source.current()).match({ ...request, listenerPort: 443 })).toBeUndefined();
  expect(changes).toBeGreaterThan(0);
  await vi.waitFor(async () => {
    expect(await statusOf(api, GatewayClass, 'ours')).toMatchObject({ conditions: [condition('Accepted', 'True')] });
    expect(await statusOf(api, Gateway, 'default/door')).toMatchObject({
      addresses: [{ type: 'IPAddress', value: '127.0.0.1' }],
      conditions: expect.arrayContaining([condition('Accepted', 'True'), condition('Programmed', 'True')]) as unknown,
      listeners: [{ name: 'web', attachedRoutes: 1 }],
    });
    expect(await statusOf(api, HTTPRoute, 'default/shop')).toMatchObject({
      parents: [{ controllerName: CONTROLLER, parentRef: { name: 'door' }, conditions: [condition('Accepted', 'True'), condition('ResolvedRefs', 'True')] }],
    });
  });

  const versionOf = async (): Promise<unknown> => (await api.client.get(Gateway, 'default/door')).metadata.resourceVersion;
  const settled = await versionOf();
  await new Promise((resolve) => setImmediate(resolve));
  expect(await versionOf()).toBe(settled); // its own writes do not wake it to write again

  await api.client.delete(Service, 'default/shop');
  await vi.waitFor(async () =>
    expect(await statusOf(api, HTTPRoute, 'default/shop')).toMatchObject({
      parents: [{ conditions: [condition('Accepted', 'True'), condition('ResolvedRefs', 'False')] }],
    }),
  );
});

it('leaves alone what is somebody else’s, and what others wrote', async () => {
  const { api } = await start();
  await create(api, GatewayClass, { metadata: { name: 'theirs' }, spec: { controllerName: 'example.org/other' } });
  await create(api, GatewayClass, { metadata: { name: 'ours' }, spec: { controllerName: CONTROLLER } });
  for (const name of ['ours', 'theirs'])
    await create(api, Gateway, { metadata: named(name), spec: { gatewayClassName: name, listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] } });
  const route = await create(api, HTTPRoute, { metadata: named('both'), spec: { parentRefs: [{ name: 'ours' }, { name: 'theirs' }], rules: [{}] } });
  const theirs = { parentRef: { name: 'theirs' }, controllerName: 'example.org/other', conditions: [] };
  await api.client.patch(HTTPRoute, route as HTTPRoute, { type: 'merge', patch: { status: { parents: [theirs] } } as never }, { subresource: 'status' });
  await vi.waitFor(async () => {
    const { parents } = (await statusOf(api, HTTPRoute, 'default/both')) as { parents: readonly { controllerName: string }[] };
    expect(parents.map(({ controllerName }) => controllerName).sort()).toEqual([CONTROLLER, 'example.org/other']);
  });
  expect(await statusOf(api, GatewayClass, 'theirs')).toBeUndefined();
  expect(await statusOf(api, Gateway, 'default/theirs')).toBeUndefined();
});
