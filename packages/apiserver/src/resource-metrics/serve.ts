import {
  compileFieldSelector,
  compileLabelSelector,
  formatTime,
  toObjectList,
  type Kind,
  type KubernetesObject,
  type NodeUsage,
  type PodUsage,
} from '@kybern/core';
import { Node, Pod } from '@kybern/core/kinds';
import { checkAccess } from '../authorization.ts';
import { methodNotAllowed, objectNotFound } from '../errors.ts';
import { NO_WARNINGS, type ApiRequest, type ApiResponse, type RequestOptions } from '../request.ts';
import { listPrefix } from '../resource.ts';
import type { ConnectEnvironment } from '../subresources/connect-environment.ts';
import { nodesOf } from '../subresources/pod-container.ts';

/**
 * Answers what is asked of `metrics.k8s.io`, from what the nodes say at this moment. A node that does not answer is left out, with its Pods.
 *
 * @throws {ApiError}
 * @see kubernetes-sigs/metrics-server v0.8 pkg/api/pod.go, node.go
 */
export async function serveResourceMetrics(env: ConnectEnvironment, request: ApiRequest): Promise<ApiResponse> {
  await checkAccess(env.authorizer, request);
  const { verb, kind, name } = request;
  if ((verb !== 'get' && verb !== 'list') || request.subresource !== undefined) throw methodNotAllowed(verb);
  const found = kind.plural === 'nodes' ? await nodeMetrics(env, request) : await podMetrics(env, request);
  if (verb === 'list')
    return { type: 'list', code: 200, list: toObjectList(kind, found.filter(selection(request.options)), { resourceVersion: '' }), warnings: NO_WARNINGS };
  const [object] = found;
  if (object === undefined) throw objectNotFound(kind, name ?? '');
  return { type: 'object', code: 200, object, warnings: NO_WARNINGS, deleted: false };
}

function selection({ labels, labelSelector, fieldSelector }: RequestOptions = {}): (object: KubernetesObject) => boolean {
  const byLabels = compileLabelSelector(labelSelector ?? '');
  const byEqual = compileLabelSelector({ matchLabels: labels ?? {} });
  const byFields = compileFieldSelector(fieldSelector ?? '');
  return (object) => byLabels(object.metadata.labels) && byEqual(object.metadata.labels) && byFields(object);
}

async function nodeMetrics(env: ConnectEnvironment, { name, kind, options }: ApiRequest): Promise<readonly KubernetesObject[]> {
  const nodes = await stored(env, Node as Kind, { namespace: undefined, name });
  const usages = await usageOf(
    env,
    nodes.map(({ metadata }) => metadata.name),
    options,
  );
  return nodes.flatMap((node) => {
    const usage = usages.get(node.metadata.name);
    return usage === undefined ? [] : [{ ...envelope(kind, node, usage), usage: quantities(usage) } as unknown as KubernetesObject];
  });
}

async function podMetrics(env: ConnectEnvironment, { namespace, name, kind, options }: ApiRequest): Promise<readonly KubernetesObject[]> {
  const pods = (await stored(env, Pod as Kind, { namespace, name })) as unknown as readonly Pod[];
  const names = new Set(pods.flatMap(({ spec }) => spec.nodeName ?? []));
  const usages = await usageOf(env, [...names], options);
  const byUid = new Map<string, PodUsage>();
  for (const usage of usages.values()) for (const pod of usage.pods) byUid.set(pod.uid, pod);
  return pods.flatMap((pod) => {
    const node = usages.get(pod.spec.nodeName ?? '');
    const usage = byUid.get(pod.metadata.uid ?? '');
    if (node === undefined || usage === undefined) return [];
    const containers = usage.containers.map((each) => ({ name: each.name, usage: quantities(each) }));
    return [{ ...envelope(kind, pod, node), containers } as unknown as KubernetesObject];
  });
}

/** The objects that are asked about: one, or all of a namespace. */
async function stored(env: ConnectEnvironment, kind: Kind, { namespace, name }: Pick<ApiRequest, 'namespace' | 'name'>): Promise<readonly KubernetesObject[]> {
  if (name !== undefined) {
    const object = await env.lookup(kind, namespace, name);
    return object === undefined ? [] : [object];
  }
  const { records } = await env.state.range(listPrefix(env.resource(kind), namespace));
  return records.map(({ value }) => value);
}

async function usageOf(env: ConnectEnvironment, names: readonly string[], options: RequestOptions | undefined): Promise<ReadonlyMap<string, NodeUsage>> {
  const nodes = nodesOf(env);
  const callOptions = options?.signal === undefined ? {} : { signal: options.signal };
  const usages = await Promise.allSettled(names.map((name) => nodes.usage(name, callOptions)));
  return new Map(usages.flatMap((usage, i) => (usage.status === 'fulfilled' ? [[names[i] ?? '', usage.value] as const] : [])));
}

function envelope({ group, version, kind }: Kind, { metadata }: KubernetesObject, { timeMs, windowMs }: NodeUsage): object {
  const { namespace, name, labels } = metadata;
  const time = formatTime(timeMs);
  return {
    kind,
    apiVersion: `${group}/${version}`,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(labels === undefined ? {} : { labels }), creationTimestamp: time },
    timestamp: time,
    window: `${String(windowMs / 1000)}s`,
  };
}

function quantities({ cpuNanoCores, memoryBytes }: { readonly cpuNanoCores: number; readonly memoryBytes: number }): object {
  return { cpu: `${String(Math.round(cpuNanoCores))}n`, memory: `${String(Math.round(memoryBytes / 1024))}Ki` };
}
