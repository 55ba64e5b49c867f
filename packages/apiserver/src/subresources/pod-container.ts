import type { ContainerOnNode, NodeConnections, PodOnNode } from '@kybern/core';
import type { Pod } from '@kybern/core/kinds';
import type { ConnectEnvironment } from './connect-environment.ts';
import { badRequest, internalError, objectNotFound } from '../errors.ts';
import type { ConnectRequest } from './connect.ts';

/** @throws {ApiError} `NotFound` */
export async function podOf(env: ConnectEnvironment, { kind, namespace, name }: Pick<ConnectRequest, 'kind' | 'namespace' | 'name'>): Promise<Pod> {
  const pod = (await env.lookup(kind, namespace, name)) as Pod | undefined;
  if (pod === undefined) throw objectNotFound(kind, name);
  return pod;
}

/** The way to the nodes. @throws {ApiError} `InternalError` when this server has none */
export function nodesOf(env: ConnectEnvironment): NodeConnections {
  if (env.nodes === undefined) throw internalError('this API server has no way to the kubelets of its nodes');
  return env.nodes;
}

/** A Pod where it runs. @throws {ApiError} `BadRequest` while it is on no node */
export function onNode(pod: Pod): PodOnNode {
  const { metadata, spec } = pod;
  if (spec.nodeName === undefined || spec.nodeName === '') throw badRequest(`pod ${metadata.name} does not have a host assigned`);
  return { node: spec.nodeName, namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid ?? '' };
}

/** A container of a Pod where it runs. */
export function containerOnNode(pod: Pod, container: string): ContainerOnNode {
  return { ...onNode(pod), container };
}

/**
 * The name of the container that is meant: of a Pod with one, that one.
 *
 * @throws {ApiError} `BadRequest` when it has several, or none of that name
 * @see kubernetes v1.36 pkg/registry/core/pod/strategy.go (validateContainer)
 */
export function chooseContainer(pod: Pod, wanted: string | null): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const names = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
  if (wanted !== null && wanted !== '') {
    if (!names.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
    return wanted;
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only.name;
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names.join(' ')}]`);
}
