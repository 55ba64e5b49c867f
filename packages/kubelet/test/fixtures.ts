import type { Container, Pod, PodSpec } from '@kybern/core/kinds';
import { containerHash, type ObservedContainer, type ObservedPod, type ObservedSandbox } from '../src/index.ts';

/** Wall time in all pure tests. */
export const NOW_MS = 1_767_225_600_000;

export const container = (name: string, over: Partial<Container> = {}): Container => ({ name, image: `${name}:1`, ...over });

export function pod(spec: Partial<PodSpec> = {}, over: Partial<Pod> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-1', generation: 1 },
    spec: { nodeName: 'node-1', restartPolicy: 'Always', containers: [container('app')], ...spec },
    ...over,
  };
}

export const sandbox = (over: Partial<ObservedSandbox> = {}): ObservedSandbox => ({
  id: 'sandbox-0',
  attempt: 0,
  ready: true,
  createdAtMs: NOW_MS - 100_000,
  ips: ['10.0.0.5'],
  hostNetwork: false,
  ...over,
});

/** A running container, unless told otherwise. */
export function seen(name: string, over: Partial<ObservedContainer> = {}): ObservedContainer {
  const { attempt = 0 } = over;
  const exited = over.state === 'exited';
  return {
    id: `${name}-${attempt}`,
    name,
    attempt,
    state: 'running',
    hash: containerHash(container(name)),
    createdAtMs: NOW_MS - 90_000 + attempt,
    startedAtMs: NOW_MS - 89_000,
    finishedAtMs: exited ? NOW_MS - 1_000 : 0,
    startedAt: '2025-12-31T23:58:31Z',
    finishedAt: exited ? '2025-12-31T23:59:59Z' : '',
    exitCode: 0,
    reason: exited ? (over.exitCode === undefined || over.exitCode === 0 ? 'Completed' : 'Error') : '',
    message: '',
    image: `${name}:1`,
    imageRef: `docker.io/library/${name}@sha256:1`,
    ...over,
  };
}

export const observed = (containers: readonly ObservedContainer[], sandboxes: readonly ObservedSandbox[] = [sandbox()]): ObservedPod => ({
  sandboxes,
  containers,
});
