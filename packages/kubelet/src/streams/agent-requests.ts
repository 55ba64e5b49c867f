import { ApiError, apiVersionOf, type Client, type Clock, type LogOptions, type NodeConnections, type NodeRequest, type NodeResponse } from '@kybern/core';
import { Pod } from '@kybern/core/kinds';
import { summaryOf } from './usage.ts';

/** What the HTTP endpoints of an agent are made of. */
export interface AgentRequestsDeps {
  readonly name: string;
  readonly client: Client;
  readonly clock: Clock;
  readonly connections: NodeConnections;
}

/**
 * Answers what `nodes/NAME/proxy/PATH` asks of a kubelet: `/healthz`, `/pods`, `/stats/summary`, `/metrics/resource` and `/containerLogs/NAMESPACE/POD/CONTAINER`.
 *
 * @throws {ApiError} `NotFound` for other paths, `MethodNotAllowed` for other methods than GET
 */
export async function answerRequest(deps: AgentRequestsDeps, request: NodeRequest): Promise<NodeResponse> {
  const path = request.path.replace(/(.)\/+$/, '$1');
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new ApiError('MethodNotAllowed', `the kubelet does not allow ${request.method} on ${path}`);
  if (path === '/healthz' || path.startsWith('/healthz/')) return text('ok');
  if (path === '/pods' || path === '/runningpods') return json(await podList(deps, request));
  if (path === '/stats/summary') return json(summaryOf(deps.name, await deps.connections.usage(deps.name, request)));
  if (path === '/metrics/resource') return text(await resourceMetrics(deps, request), 'text/plain; version=0.0.4; charset=utf-8');
  const log = /^\/containerLogs\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path);
  if (log !== null) return { status: 200, contentType: 'text/plain', body: await containerLog(deps, log, request) };
  throw new ApiError('NotFound', `404 page not found: ${path}`);
}

function text(body: string, contentType = 'text/plain; charset=utf-8'): NodeResponse {
  return { status: 200, contentType, body };
}

function json(body: object): NodeResponse {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}

async function podList({ name, client }: AgentRequestsDeps, { signal }: NodeRequest): Promise<object> {
  const { items } = await client.list(Pod, { fieldSelector: `spec.nodeName=${name}`, ...(signal === undefined ? {} : { signal }) });
  return { kind: 'PodList', apiVersion: apiVersionOf(Pod), metadata: {}, items };
}

/** @see kubernetes v1.36 pkg/kubelet/metrics/collectors/resource_metrics.go */
async function resourceMetrics({ name, connections }: AgentRequestsDeps, request: NodeRequest): Promise<string> {
  const usage = await connections.usage(name, request);
  const lines = ['# TYPE node_memory_working_set_bytes gauge', `node_memory_working_set_bytes ${String(usage.memoryBytes)} ${String(usage.timeMs)}`];
  lines.push('# TYPE container_memory_working_set_bytes gauge');
  for (const { namespace, name: pod, containers } of usage.pods) {
    for (const { name: container, memoryBytes } of containers) {
      const labels = `container=${JSON.stringify(container)},namespace=${JSON.stringify(namespace)},pod=${JSON.stringify(pod)}`;
      lines.push(`container_memory_working_set_bytes{${labels}} ${String(memoryBytes)} ${String(usage.timeMs)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function containerLog(
  { name: node, connections }: AgentRequestsDeps,
  found: RegExpExecArray,
  { query, signal }: NodeRequest,
): Promise<ReadableStream<Uint8Array>> {
  const [, namespace = '', name = '', container = ''] = found;
  const number = (key: string): number | undefined => (query.has(key) ? Number(query.get(key)) : undefined);
  const [tailLines, limitBytes, sinceSeconds] = [number('tailLines'), number('limitBytes'), number('sinceSeconds')];
  const [sinceTime, stream] = [query.get('sinceTime'), query.get('stream')];
  const options: LogOptions = {
    follow: query.get('follow') === 'true',
    previous: query.get('previous') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds }),
    ...(sinceTime === null ? {} : { sinceTime }),
    ...(isStream(stream) ? { stream } : {}),
    ...(signal === undefined ? {} : { signal }),
  };
  return connections.logs({ node, namespace, name, uid: '', container }, options);
}

const isStream = (text: string | null): text is 'All' | 'Stdout' | 'Stderr' => text !== null && ['All', 'Stdout', 'Stderr'].includes(text);
