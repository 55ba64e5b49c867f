import type { ConfigMap, Container, Pod, Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { computeEnvironment, environmentReferences, expandVariables } from './environment.ts';

const pod = {
  metadata: { name: 'web-0', namespace: 'shop', uid: 'u1', labels: { app: 'web' }, annotations: { note: 'x' } },
  spec: { nodeName: 'node-1', serviceAccountName: 'robot', containers: [{ name: 'other', resources: { limits: { memory: '64Mi' } } }] },
} as unknown as Pod;
const objects = {
  configMaps: new Map([['settings', { data: { COLOR: 'blue', SIZE: 'big' } } as unknown as ConfigMap]]),
  secrets: new Map([['login', { data: { PASSWORD: Buffer.from('s3cret').toString('base64') } } as unknown as Secret]]),
};
const compute = (container: Partial<Container>): Record<string, string> =>
  Object.fromEntries(
    computeEnvironment({
      pod,
      container: { name: 'app', ...container } as Container,
      objects,
      podIPs: ['10.0.0.7', 'fd00::7'],
      hostIPs: ['192.168.0.1'],
      allocatable: { cpu: 4, memory: 1024 ** 3 },
    }),
  );

describe('the environment of a container', () => {
  it('takes all keys of ConfigMaps and Secrets, with a prefix, under those that are named', () => {
    const envFrom = [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'login' } }];
    expect(compute({ envFrom, env: [{ name: 'CFG_SIZE', value: 'small' }] })).toEqual({ CFG_COLOR: 'blue', CFG_SIZE: 'small', PASSWORD: 's3cret' });
  });

  it('has what it is given, which its definition may use and replace', () => {
    const given = [['DB_SERVICE_HOST', '10.0.0.1'] as const, ['DB_SERVICE_PORT', '5432'] as const];
    const container = {
      name: 'app',
      env: [
        { name: 'URL', value: '$(DB_SERVICE_HOST):1' },
        { name: 'DB_SERVICE_PORT', value: '1' },
      ],
    } as Container;
    const input = { pod, container, objects, podIPs: [], hostIPs: [], allocatable: {} };
    expect(Object.fromEntries(computeEnvironment({ ...input, given }))).toEqual({ DB_SERVICE_HOST: '10.0.0.1', DB_SERVICE_PORT: '1', URL: '10.0.0.1:1' });
  });

  it.each([
    { name: 'metadata.name', path: 'metadata.name', value: 'web-0' },
    { name: 'metadata.namespace', path: 'metadata.namespace', value: 'shop' },
    { name: 'a label', path: "metadata.labels['app']", value: 'web' },
    { name: 'a label that is not there', path: "metadata.labels['none']", value: '' },
    { name: 'all labels', path: 'metadata.labels', value: 'app="web"' },
    { name: 'spec.nodeName', path: 'spec.nodeName', value: 'node-1' },
    { name: 'spec.serviceAccountName', path: 'spec.serviceAccountName', value: 'robot' },
    { name: 'status.podIP', path: 'status.podIP', value: '10.0.0.7' },
    { name: 'status.podIPs', path: 'status.podIPs', value: '10.0.0.7,fd00::7' },
    { name: 'status.hostIP', path: 'status.hostIP', value: '192.168.0.1' },
  ])('gives $name', ({ path, value }) => {
    expect(compute({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: path } } }] })).toEqual({ X: value });
  });

  it.each([
    { name: 'a limit, rounded up to whole units', ref: { resource: 'limits.cpu' }, value: '2' },
    { name: 'a limit in units of its own', ref: { resource: 'limits.cpu', divisor: '1m' }, value: '1500' },
    { name: 'a request', ref: { resource: 'requests.memory', divisor: '1Mi' }, value: '32' },
    { name: 'what the node has, without a limit', ref: { resource: 'limits.memory', divisor: '1Mi' }, value: '1024' },
    { name: "another container's", ref: { resource: 'limits.memory', containerName: 'other', divisor: '1Mi' }, value: '64' },
  ])('gives $name', ({ ref, value }) => {
    const resources = { limits: { cpu: '1500m' }, requests: { memory: '32Mi' } };
    expect(compute({ resources, env: [{ name: 'X', valueFrom: { resourceFieldRef: ref } }] })).toEqual({ X: value });
  });

  it.each([
    { name: 'a ConfigMap', container: { envFrom: [{ configMapRef: { name: 'none' } }] }, message: 'configmap "none" not found' },
    { name: 'a Secret', container: { envFrom: [{ secretRef: { name: 'none' } }] }, message: 'secret "none" not found' },
    {
      name: 'a key of a ConfigMap',
      container: { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'none' } } }] },
      message: "couldn't find key none in ConfigMap shop/settings",
    },
    {
      name: 'a key of a Secret',
      container: { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'login', key: 'none' } } }] },
      message: "couldn't find key none in Secret shop/login",
    },
  ])('says in Kubernetes’ words that $name is not there', ({ container, message }) => {
    expect(() => compute(container)).toThrow(message);
  });

  it('leaves out what is optional and not there', () => {
    const optional = true;
    expect(
      compute({
        envFrom: [{ configMapRef: { name: 'none', optional } }, { secretRef: { name: 'none', optional } }],
        env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'login', key: 'none', optional } } }],
      }),
    ).toEqual({});
  });

  it('replaces variables by those before them', () => {
    expect(
      compute({
        env: [
          { name: 'A', value: 'a' },
          { name: 'B', value: '$(A)b $(C)' },
          { name: 'C', value: '$(B)' },
        ],
      }),
    ).toEqual({
      A: 'a',
      B: 'ab $(C)',
      C: 'ab $(C)',
    });
  });

  it('knows which objects it needs, each once', () => {
    const env = [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'COLOR' } } }];
    expect(
      environmentReferences({ name: 'app', env, envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'login' } }] } as Container),
    ).toEqual({
      configMaps: ['settings'],
      secrets: ['login'],
    });
  });

  it.each([
    { text: '$(A) and $(B)', expanded: '1 and $(B)' },
    { text: '$$(A)', expanded: '$(A)' },
    { text: '$A $', expanded: '$A $' },
    { text: '$(A', expanded: '$(A' },
  ])('expands $text', ({ text, expanded }) => {
    expect(expandVariables(text, new Map([['A', '1']]))).toBe(expanded);
  });
});
