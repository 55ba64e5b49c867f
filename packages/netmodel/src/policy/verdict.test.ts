import { describe, expect, it } from 'vitest';
import type { NetworkPolicy, NetworkPolicySpec, Pod } from '@kybern/core/kinds';
import type { ConnectionEnd, ConnectionPort } from './ends.ts';
import { verdict } from './verdict.ts';

const TEAMS: Readonly<Record<string, string>> = { x: 'red', y: 'blue', z: 'blue' };

interface PodParts {
  readonly hostNetwork?: boolean;
  readonly nodeName?: string;
  readonly ip?: string;
}

function pod(namespace: string, name: string, { ip = '10.0.0.1', nodeName = 'n1', hostNetwork = false }: PodParts = {}): ConnectionEnd {
  const ports = [
    { name: 'web', containerPort: name === 'b' ? 8081 : 8080 },
    { name: 'dns', containerPort: 53, protocol: 'UDP' as const },
  ];
  const value: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { pod: name } },
    spec: { nodeName, containers: [{ name: 'main', ports }], ...(hostNetwork ? { hostNetwork } : {}) },
    status: { podIP: ip, podIPs: [{ ip }] },
  };
  return { pod: value, namespaceLabels: { 'kubernetes.io/metadata.name': namespace, team: TEAMS[namespace] ?? '' } };
}

const policy = (name: string, spec: NetworkPolicySpec, namespace = 'x'): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
});

const A = { podSelector: { matchLabels: { pod: 'a' } } };
const DENY_ALL = policy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

interface Row {
  readonly name: string;
  readonly spec: NetworkPolicySpec;
  readonly from?: ConnectionEnd;
  readonly to?: ConnectionEnd;
  readonly port?: ConnectionPort;
  readonly allowed: boolean;
  readonly rule?: string;
}

const xa = pod('x', 'a');
const xb = pod('x', 'b', { ip: '10.0.0.2' });
const ya = pod('y', 'a', { ip: '10.0.1.1', nodeName: 'n2' });
const outside = { ip: '192.0.2.7' };

describe('verdict of one policy in namespace x', () => {
  it.each<Row>([
    { name: 'an empty Pod selector selects every Pod of the namespace', spec: { podSelector: {} }, allowed: false },
    { name: 'a policy says nothing about other namespaces', spec: { podSelector: {} }, from: xa, to: ya, allowed: true },
    { name: 'without policyTypes and egress rules egress is free', spec: { podSelector: {} }, from: xb, to: ya, allowed: true },
    { name: 'egress rules make a policy one of egress too', spec: { podSelector: {}, egress: [{ to: [A] }] }, from: xb, to: ya, allowed: false },
    { name: 'with policyTypes Egress alone ingress is free', spec: { podSelector: {}, policyTypes: ['Egress'] }, from: ya, to: xa, allowed: true },
    { name: 'an empty list of rules allows nothing', spec: { ...A, ingress: [] }, allowed: false },
    { name: 'an empty rule allows everything', spec: { ...A, ingress: [{}] }, allowed: true, rule: 'ingress[0]' },
    { name: 'an empty list of peers is all peers', spec: { ...A, ingress: [{ from: [] }] }, from: outside, allowed: true },
    { name: 'an empty list of ports is all ports', spec: { ...A, ingress: [{ ports: [] }] }, port: { port: 9, protocol: 'SCTP' }, allowed: true },
    { name: 'an empty peer is nobody', spec: { ...A, ingress: [{ from: [{}] }] }, allowed: false },
    { name: 'a Pod selector looks in its own namespace', spec: { ...A, ingress: [{ from: [{ podSelector: {} }] }] }, from: ya, allowed: false },
    { name: 'a Pod selector finds its own namespace', spec: { ...A, ingress: [{ from: [{ podSelector: {} }] }] }, allowed: true, rule: 'ingress[0].from[0]' },
    {
      name: 'a namespace selector takes all Pods of it',
      spec: { ...A, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }] }] },
      from: ya,
      allowed: true,
    },
    {
      name: 'two selectors in one peer must both hold',
      spec: { ...A, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } }, podSelector: { matchLabels: { pod: 'b' } } }] }] },
      from: ya,
      allowed: false,
    },
    {
      name: 'two peers are one or the other',
      spec: { ...A, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }, { podSelector: { matchLabels: { pod: 'b' } } }] }] },
      allowed: true,
      rule: 'ingress[0].from[1]',
    },
    { name: 'selectors never match what is outside', spec: { ...A, ingress: [{ from: [{ namespaceSelector: {} }] }] }, from: outside, allowed: false },
    { name: 'a block matches addresses', spec: { ...A, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] }, from: outside, allowed: true },
    {
      name: 'except is cut out of a block',
      spec: { ...A, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.0/29'] } }] }] },
      from: outside,
      allowed: false,
    },
    {
      name: 'a block of the other family matches nothing',
      spec: { ...A, ingress: [{ from: [{ ipBlock: { cidr: '::/0' } }] }] },
      from: outside,
      allowed: false,
    },
    { name: 'a port is TCP unless it says so', spec: { ...A, ingress: [{ ports: [{ port: 80 }] }] }, port: { port: 80, protocol: 'UDP' }, allowed: false },
    {
      name: 'a protocol without a port is every port of it',
      spec: { ...A, ingress: [{ ports: [{ protocol: 'UDP' }] }] },
      port: { port: 7, protocol: 'UDP' },
      allowed: true,
    },
    { name: 'a range includes its ends', spec: { ...A, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }, port: { port: 90 }, allowed: true },
    { name: 'a range ends', spec: { ...A, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }, port: { port: 91 }, allowed: false },
    {
      name: 'a named port is the number that the target gives it',
      spec: { ...A, ingress: [{ ports: [{ port: 'web' }] }] },
      port: { port: 8080 },
      allowed: true,
    },
    { name: 'a named port is of its protocol', spec: { ...A, ingress: [{ ports: [{ port: 'dns' }] }] }, port: { port: 53, protocol: 'UDP' }, allowed: false },
    {
      name: 'in egress a named port is looked up on each target',
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'web' }] }] },
      from: xa,
      to: xb,
      port: { port: 8080 },
      allowed: false,
    },
    {
      name: 'a policy for SCTP alone isolates TCP too',
      spec: { ...A, ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] },
      port: { port: 80 },
      allowed: false,
    },
    { name: 'a Pod reaches itself', spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, from: xa, to: xa, allowed: true },
    { name: 'the node of a Pod reaches it', spec: { podSelector: {} }, from: { node: 'n1' }, allowed: true },
    { name: 'another node does not', spec: { podSelector: {} }, from: { node: 'n2' }, allowed: false },
    {
      name: 'a Pod on the network of another node is no Pod to selectors',
      spec: { ...A, ingress: [{ from: [{ podSelector: {} }] }] },
      from: pod('x', 'h', { hostNetwork: true, nodeName: 'n2' }),
      allowed: false,
    },
    {
      name: 'policies do not guard Pods on the network of a node',
      spec: { podSelector: {} },
      from: ya,
      to: pod('x', 'h', { hostNetwork: true }),
      allowed: true,
    },
  ])('$name', ({ spec, from = xb, to = xa, port = { port: 80 }, allowed, rule }) => {
    const found = verdict([policy('p', spec)], from, to, port);
    expect(found.allowed).toBe(allowed);
    if (rule !== undefined) expect(found.because).toMatchObject({ kind: 'NetworkPolicy', namespace: 'x', name: 'p', rule });
  });
});

describe('verdict of several policies', () => {
  it('is the union of what they allow', () => {
    const allow = policy('allow', { ...A, ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'b' } } }] }] });
    const free = policy('out', { podSelector: {}, policyTypes: ['Egress'], egress: [{}] });
    expect(verdict([DENY_ALL, allow, free], xb, xa, { port: 80 })).toMatchObject({ allowed: true, because: { name: 'allow', rule: 'ingress[0].from[0]' } });
  });

  it('needs egress at the source and ingress at the target', () => {
    const found = verdict([DENY_ALL, policy('allow', { ...A, ingress: [{}] })], xb, xa, { port: 80 });
    expect(found).toMatchObject({ allowed: false, because: { name: 'deny', direction: 'Egress' }, egress: { allowed: false }, ingress: { allowed: true } });
    expect(found.reason).toBe('Egress from Pod x/b is isolated by NetworkPolicy x/deny, and no rule allows this');
  });

  it('says so when none has a say, and when the target has no port of the name', () => {
    expect(verdict([], xb, xa, { port: 80 })).toMatchObject({ allowed: true, reason: 'no NetworkPolicy guards Pod x/b or Pod x/a here' });
    expect(verdict([], xb, xa, { port: 'grpc' })).toEqual({ allowed: false, reason: 'Pod x/a has no TCP port named grpc' });
  });
});
