import { describe, expect, it } from 'vitest';
import { readManifests } from '@kybern/core/manifests';
import { createNetworkModel } from './model.ts';

const MANIFESTS = `
apiVersion: v1
kind: Namespace
metadata: { name: db, labels: { tier: data } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: frontend, namespace: web }
spec:
  selector: { matchLabels: { app: frontend } }
  template:
    metadata: { labels: { app: frontend } }
    spec: { containers: [{ name: main, image: nginx, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: my-api, namespace: web }
spec: { selector: { app: frontend }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody, namespace: web }
spec: { selector: { app: nobody }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: postgres-0, namespace: db, labels: { app: postgres } }
spec: { containers: [{ name: main, image: postgres, ports: [{ name: pg, containerPort: 5432 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: postgres, namespace: db }
spec: { selector: { app: postgres }, ports: [{ name: pg, port: 5432 }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: db }
spec: { podSelector: {}, policyTypes: [Ingress] }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: web }
spec: { rules: [{ host: shop.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: my-api, port: { name: http } } } }] } }] }
`;

const model = () => createNetworkModel(readManifests(MANIFESTS, { file: 'shop.yaml' }).map(({ object }) => object));

describe('createNetworkModel of a folder of manifests', () => {
  it('tells which policy denies', () => {
    expect(model().verdict({ from: 'web/frontend', to: 'db/postgres-0', port: 5432 })).toMatchObject({
      allowed: false,
      because: { kind: 'NetworkPolicy', namespace: 'db', name: 'default-deny' },
    });
  });

  it('resolves names as a Pod does', () => {
    const found = model().resolve('my-api', { namespace: 'web' });
    expect(found.name).toBe('my-api.web.svc.cluster.local');
    expect(found.addresses).toHaveLength(1);
  });

  it('follows a connection over name, Service, endpoint and policy', () => {
    const found = model().explainConnection({ from: 'web/frontend', to: 'postgres.db', port: 5432 });
    expect(found.reachable).toBe(false);
    expect(found.steps.map(({ type, ok }) => [type, ok])).toEqual([
      ['Name', true],
      ['Service', true],
      ['Endpoint', true],
      ['Policy', false],
    ]);
    expect(found.reason).toContain('NetworkPolicy db/default-deny');
  });

  it.each([
    { name: 'a name that nobody has', to: 'nothing', port: 80, reason: 'nothing has no address' },
    { name: 'a port that the Service has not', to: 'my-api', port: 81, reason: 'Service web/my-api has no port 81/TCP; it has 80/TCP' },
    { name: 'a Service without endpoints', to: 'nobody', port: 80, reason: 'no endpoint is ready' },
  ])('says why for $name', ({ to, port, reason }) => {
    const found = model().explainConnection({ from: 'web/frontend', to, port });
    expect(found.reachable).toBe(false);
    expect(found.reason).toContain(reason);
  });

  it('finds the way of a Pod to itself over its Service, and to an address outside', () => {
    expect(model().explainConnection({ from: 'web/frontend', to: 'my-api', port: 80 })).toMatchObject({
      reachable: true,
      reason: 'Pod web/frontend reaches 1 of 1 endpoints of Service web/my-api',
    });
    expect(model().explainConnection({ from: 'db/postgres-0', to: '192.0.2.1', port: 443 })).toMatchObject({ reachable: true });
  });

  it('has the matrix, the rules and the routes', () => {
    const net = model();
    expect(net.reachability().map(({ port, allowedPairs }) => [port, allowedPairs])).toEqual([
      [5432, 1],
      [8080, 1],
    ]);
    expect(net.serviceRules().map(({ service }) => service)).toEqual(['my-api', 'nobody', 'postgres']);
    expect(net.routes.match({ host: 'shop.example.com', path: '/x' })?.backends).toMatchObject([{ service: 'my-api', port: 'http' }]);
  });

  it('names a Pod that is not there', () => {
    expect(() => model().verdict({ from: 'web/none', to: 'db/postgres-0', port: 1 })).toThrow('Pod web/none is not among the objects');
  });
});
