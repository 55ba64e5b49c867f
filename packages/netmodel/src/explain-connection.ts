import type { Pod, Service } from '@kybern/core/kinds';
import { resolveName, type Resolution } from './dns/resolve.ts';
import type { Asker, EndName, NetworkFacts } from './facts.ts';
import { parseIp } from './ip.ts';
import { resolveEnd, type ConnectionEnd, type Protocol } from './policy/ends.ts';
import { verdict, type PolicySet, type PolicyVerdict } from './policy/verdict.ts';
import type { Backend } from './services/service-endpoints.ts';
import { clusterIps, serviceRules, type Destination, type Frontend, type ServiceRule } from './services/service-rules.ts';

/** One step of a connection's way. */
export type ConnectionStep =
  | { readonly type: 'Name'; readonly ok: boolean; readonly message: string; readonly resolution: Resolution }
  | {
      readonly type: 'Service';
      readonly ok: boolean;
      readonly message: string;
      readonly service: Service;
      readonly rule?: ServiceRule;
      readonly frontend?: Frontend;
    }
  | { readonly type: 'Endpoint'; readonly ok: boolean; readonly message: string; readonly backend?: Backend; readonly pod?: Pod }
  | { readonly type: 'Policy'; readonly ok: boolean; readonly message: string; readonly verdict: PolicyVerdict };

/** The way of a connection, up to where it ends. */
export interface ConnectionExplanation {
  /** Whether it can be opened to at least one endpoint. */
  readonly reachable: boolean;
  /** One sentence: the last step's for a refusal, else what it reaches. */
  readonly reason: string;
  readonly steps: readonly ConnectionStep[];
}

/** A connection to explain; `to` is a DNS name, an address, or a Pod as `namespace/name`. */
export interface ExplainQuestion {
  readonly from: EndName;
  readonly to: string;
  readonly port: number | string;
  readonly protocol: Protocol;
}

/**
 * Follows a connection: the name to an address, the address to a Service, the Service to its endpoints, each endpoint past the policies.
 *
 * @throws {UnknownEndError} when the source or a Pod that is named is not among the objects
 */
export function explainConnection(question: ExplainQuestion, facts: NetworkFacts, policies: PolicySet): ConnectionExplanation {
  const from = facts.end(question.from);
  const steps: ConnectionStep[] = [];
  const end = (reason: string, reachable = false): ConnectionExplanation => ({ reachable, reason, steps });
  const to = target(question, from, facts, steps);
  if (to === undefined) return end(last(steps));

  const service = 'ip' in to ? serviceAt(to.ip, facts) : undefined;
  if (service === undefined) {
    const direct = 'ip' in to ? facts.end(to.ip) : to;
    const allowed = judge(question, from, direct, question.port, { facts, policies, steps });
    return end(allowed ? `${resolveEnd(from).title} reaches ${resolveEnd(direct).title}` : last(steps), allowed);
  }

  const backends = throughService(question, service, 'ip' in to ? to.ip : '', { from, facts, steps });
  if (backends.length === 0) return end(last(steps));
  const allowed = backends.filter((backend) => {
    const pod = backend.pod === undefined ? undefined : facts.pod(backend.pod);
    steps.push({ type: 'Endpoint', ok: true, message: endpointText(backend, pod), backend, ...(pod === undefined ? {} : { pod }) });
    return judge(question, from, facts.end(pod === undefined ? backend.ip : (backend.pod ?? backend.ip)), backend.port, { facts, policies, steps });
  });
  const name = `Service ${service.metadata.namespace ?? 'default'}/${service.metadata.name}`;
  if (allowed.length === 0) return end(last(steps));
  return end(`${resolveEnd(from).title} reaches ${String(allowed.length)} of ${String(backends.length)} endpoints of ${name}`, true);
}

const last = (steps: readonly ConnectionStep[]): string => steps.at(-1)?.message ?? '';

/** Where the name leads; adds the step of the DNS. Undefined when it leads nowhere. */
function target(
  { from, to }: ExplainQuestion,
  source: ConnectionEnd,
  facts: NetworkFacts,
  steps: ConnectionStep[],
): ConnectionEnd | { readonly ip: string } | undefined {
  if (parseIp(to) !== undefined) return { ip: to };
  if (to.includes('/')) return facts.end(to);
  const asker: Asker =
    'pod' in source && typeof from === 'string' && parseIp(from) === undefined
      ? { pod: from }
      : { namespace: 'pod' in source ? (source.pod.metadata.namespace ?? 'default') : 'default' };
  const resolution = resolveName(facts.zone, to, facts.resolver(asker));
  const [address] = resolution.addresses;
  const ok = address !== undefined;
  steps.push({ type: 'Name', ok, message: nameText(to, resolution), resolution });
  return ok ? { ip: address } : undefined;
}

function nameText(name: string, { name: found, addresses, records, tried }: Resolution): string {
  if (addresses.length > 0) return `${name} is ${found ?? name}: ${addresses.join(', ')}`;
  const alias = records.find((record) => record.type === 'CNAME');
  if (alias !== undefined && 'target' in alias) return `${name} is ${alias.target}, a name outside of the cluster`;
  return `${name} has no address: ${tried.map((each) => `${each.name} ${each.result}`).join(', ')}`;
}

function serviceAt(ip: string, { services }: NetworkFacts): Service | undefined {
  return services.find((service) => {
    const { externalIPs = [] } = service.spec;
    return clusterIps(service).includes(ip) || externalIPs.includes(ip) || (service.status?.loadBalancer?.ingress ?? []).some((each) => each.ip === ip);
  });
}

/** The endpoints that the Service's rule leads to from here; adds the step of the Service. */
function throughService(
  question: ExplainQuestion,
  service: Service,
  ip: string,
  { from, facts, steps }: { from: ConnectionEnd; facts: NetworkFacts; steps: ConnectionStep[] },
): readonly Backend[] {
  const name = `Service ${service.metadata.namespace ?? 'default'}/${service.metadata.name}`;
  const source = resolveEnd(from);
  const rules = serviceRules(service, facts.slices(service), source.node === undefined ? {} : { nodeName: source.node });
  const found = rules
    .filter(({ protocol }) => protocol === question.protocol)
    .flatMap((rule) =>
      rule.frontends
        .filter((frontend) => frontend.ip === ip && (frontend.port === question.port || rule.portName === question.port))
        .map((frontend) => ({ rule, frontend })),
    )[0];
  if (found === undefined) {
    const ports = (service.spec.ports ?? []).map(({ port, protocol = 'TCP' }) => `${String(port)}/${protocol}`).join(', ');
    steps.push({ type: 'Service', ok: false, message: `${name} has no port ${String(question.port)}/${question.protocol}; it has ${ports}`, service });
    return [];
  }
  const outside = !('pod' in from) && !('node' in from);
  const destination = outside ? found.frontend.external : found.frontend.internal;
  const ok = destination.backends.length > 0;
  steps.push({ type: 'Service', ok, message: serviceText(name, ip, found.rule, destination), service, ...found });
  return destination.backends;
}

function serviceText(name: string, ip: string, { protocol, portName }: ServiceRule, { backends, none }: Destination): string {
  const port = `${ip} is ${name}${portName === '' ? '' : `, port ${portName}`} (${protocol})`;
  if (backends.length > 0) return `${port}: ${String(backends.length)} endpoints`;
  return none === 'drop' ? `${port}: no endpoint on this node, and its traffic policy is Local` : `${port}: no endpoint is ready`;
}

function endpointText({ ip, port, nodeName, pod }: Backend, found: Pod | undefined): string {
  const where = nodeName === undefined ? '' : ` on node ${nodeName}`;
  return `${ip}:${String(port)}${pod === undefined ? '' : ` is Pod ${pod}${found === undefined ? ' (not among the objects)' : ''}`}${where}`;
}

/** Asks the policies; adds their step. */
function judge(
  { protocol }: ExplainQuestion,
  from: ConnectionEnd,
  to: ConnectionEnd,
  port: number | string,
  { policies, steps }: { facts: NetworkFacts; policies: PolicySet; steps: ConnectionStep[] },
): boolean {
  const found = verdict(policies, from, to, { port, protocol });
  steps.push({ type: 'Policy', ok: found.allowed, message: found.reason, verdict: found });
  return found.allowed;
}
