import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { createApiServer } from '@kybern/apiserver';
import { systemClock, type Kind, type KubernetesObject } from '@kybern/core';
import { EndpointSlice, Ingress, IngressClass, Secret, Service, type HTTPIngressPath } from '@kybern/core/kinds';
import { createInformer, type Informer } from '@kybern/reconcile';
import { expect, it, vi } from 'vitest';
import { feedIngress } from './ingress-feed.ts';
import { createIngressProxy } from './ingress-proxy.ts';

/** An endpoint may have it, and Linux has it without asking. */
const ADDRESS = '127.64.0.1';
const CONTROLLER = 'example.com/proxy';
const named = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });

function certificate(name: string): { readonly 'tls.crt': string; readonly 'tls.key': string } {
  const directory = mkdtempSync(join(tmpdir(), 'kybern-certificate-'));
  const [key, cert] = [join(directory, 'key'), join(directory, 'crt')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const found = { 'tls.crt': readFileSync(cert, 'base64'), 'tls.key': readFileSync(key, 'base64') };
  rmSync(directory, { recursive: true });
  return found;
}

it.skipIf(process.platform !== 'linux')('keeps routes, endpoints and certificates as the cluster is', { timeout: 60_000 }, async () => {
  const backend = createServer((_, response) => response.end('served')).listen(0, ADDRESS);
  await once(backend, 'listening');
  await using api = await createApiServer();
  const { client } = api;
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const cacheOf = <T extends KubernetesObject>(kind: Kind<T>): Informer<T> => {
    const informer = createInformer<T>({ client, kind });
    running.push(informer.run(stop.signal));
    return informer;
  };
  const services = { services: cacheOf(Service), endpointSlices: cacheOf(EndpointSlice) };
  const informers = { ...services, ingresses: cacheOf(Ingress), classes: cacheOf(IngressClass), secrets: cacheOf(Secret) };
  await Promise.all(Object.values(informers).map(({ synced }) => synced));
  const listeners = [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port: 0, tls: true },
  ];
  const proxy = createIngressProxy({ listeners });
  running.push(proxy.run(stop.signal));
  const [plain, secure] = await proxy.addresses;
  const end = feedIngress(proxy, informers, { controller: CONTROLLER, clock: systemClock() });
  const ask = async (): Promise<number | undefined> => {
    const [response] = (await once(get({ host: '127.0.0.1', port: plain?.port, headers: { host: 'shop.example' }, agent: false }), 'response')) as [
      IncomingMessage,
    ];
    return response.resume().statusCode;
  };
  const subject = async (): Promise<unknown> => {
    const socket = connect({ host: '127.0.0.1', port: secure?.port ?? 0, servername: 'shop.example', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const { subject: of } = socket.getPeerCertificate();
    socket.destroy();
    return of.CN;
  };

  expect(await ask()).toBe(404);
  await client.create(IngressClass, { metadata: { name: 'ours' }, spec: { controller: CONTROLLER } });
  await client.create(Service, { metadata: named('shop'), spec: { ports: [{ port: 80 }] } });
  const paths: HTTPIngressPath[] = [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'shop', port: { number: 80 } } } }];
  const spec = { ingressClassName: 'ours', rules: [{ host: 'shop.example', http: { paths } }], tls: [{ hosts: ['shop.example'], secretName: 'shop' }] };
  await client.create(Ingress, { metadata: named('shop'), spec });
  await vi.waitFor(async () => expect(await ask()).toBe(503));
  await client.create(EndpointSlice, {
    metadata: { ...named('shop-1'), labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports: [{ port: (backend.address() as AddressInfo).port }],
    endpoints: [{ addresses: [ADDRESS] }],
  });
  await vi.waitFor(async () => expect(await ask()).toBe(200));

  await expect(subject()).rejects.toThrow();
  await client.create(Secret, { metadata: named('shop'), type: 'kubernetes.io/tls', data: certificate('first') });
  await vi.waitFor(async () => expect(await subject()).toBe('first'));
  await client.patch(Secret, 'default/shop', { type: 'merge', patch: { data: certificate('second') } });
  await vi.waitFor(async () => expect(await subject()).toBe('second'));

  await client.delete(Ingress, 'default/shop');
  await vi.waitFor(async () => expect(await ask()).toBe(404));
  end();
  stop.abort();
  backend.closeAllConnections();
  backend.close();
  await Promise.all(running);
});
