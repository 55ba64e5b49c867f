import { compileLabelSelector, type LabelMatcher, type LabelSelector } from '@kybern/core';
import type { NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort } from '@kybern/core/kinds';
import { cidrContains, parseCidr, type Cidr } from '../ip.ts';
import type { Protocol, ResolvedEnd } from './ends.ts';

/** Which way a rule looks: `Ingress` rules guard their Pod as a target, `Egress` rules as a source. */
export type Direction = 'Egress' | 'Ingress';

/** A NetworkPolicy with its selectors turned into functions. */
export interface CompiledPolicy {
  readonly namespace: string;
  readonly name: string;
  /** Whether the policy applies to Pods with these labels, in its own namespace. */
  readonly selects: LabelMatcher;
  /** The rules of a direction; undefined when the policy says nothing about it, empty when it allows nothing. */
  readonly rules: Readonly<Record<Direction, readonly CompiledRule[] | undefined>>;
}

/** One rule: it allows what one of its peers and one of its ports match. */
export interface CompiledRule {
  /** undefined: every peer. */
  readonly peers: readonly CompiledPeer[] | undefined;
  /** undefined: every port. */
  readonly ports: readonly CompiledPort[] | undefined;
}

/** Whether the other end of the connection is this peer. */
export type CompiledPeer = (other: ResolvedEnd) => boolean;

/** Whether `port` of the target is allowed. */
export type CompiledPort = (target: ResolvedEnd, port: number, protocol: Protocol) => boolean;

/**
 * Compiles a policy.
 *
 * Without `policyTypes` a policy is about ingress, and about egress if it has egress rules.
 *
 * @throws {ApiError} `BadRequest` on a malformed selector, naming the policy
 * @see kubernetes v1.36 pkg/apis/networking/v1/defaults.go (SetDefaults_NetworkPolicy)
 */
export function compilePolicy(policy: NetworkPolicy): CompiledPolicy {
  const { spec } = policy;
  const namespace = policy.metadata.namespace ?? 'default';
  const types = spec.policyTypes ?? (spec.egress !== undefined && spec.egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
  return {
    namespace,
    name: policy.metadata.name,
    selects: compileLabelSelector(spec.podSelector ?? {}),
    rules: {
      Ingress: types.includes('Ingress') ? (spec.ingress ?? []).map((rule) => compileRule(rule, rule.from, namespace)) : undefined,
      Egress: types.includes('Egress') ? (spec.egress ?? []).map((rule) => compileRule(rule, rule.to, namespace)) : undefined,
    },
  };
}

/** An absent or empty list of peers or ports stands for all of them. */
function compileRule(
  rule: NetworkPolicyEgressRule | NetworkPolicyIngressRule,
  peers: readonly NetworkPolicyPeer[] | undefined,
  namespace: string,
): CompiledRule {
  return {
    peers: peers === undefined || peers.length === 0 ? undefined : peers.map((peer) => compilePeer(peer, namespace)),
    ports: rule.ports === undefined || rule.ports.length === 0 ? undefined : rule.ports.map(compilePort),
  };
}

/**
 * An `ipBlock` matches addresses, whoever has them; selectors match Pods of the Pod network only. Both selectors in one peer must hold.
 *
 * @see kubernetes v1.36 staging/src/k8s.io/api/networking/v1/types.go (NetworkPolicyPeer)
 */
function compilePeer({ ipBlock, namespaceSelector, podSelector }: NetworkPolicyPeer, namespace: string): CompiledPeer {
  if (ipBlock !== undefined) return compileBlock(ipBlock.cidr, ipBlock.except ?? []);
  if (namespaceSelector === undefined && podSelector === undefined) return () => false;
  const pods = matcher(podSelector);
  if (namespaceSelector === undefined) return ({ pod }) => pod !== undefined && pod.namespace === namespace && pods(pod.labels);
  const namespaces = matcher(namespaceSelector);
  return ({ pod }) => pod !== undefined && namespaces(pod.namespaceLabels) && pods(pod.labels);
}

const matcher = (selector: LabelSelector | undefined): LabelMatcher => (selector === undefined ? () => true : compileLabelSelector(selector));

/** An end with an address in each family is in the block if the address of the block's family is. */
function compileBlock(cidr: string, except: readonly string[]): CompiledPeer {
  const block = parseCidr(cidr);
  const holes = except.map(parseCidr).filter((hole): hole is Cidr => hole !== undefined);
  if (block === undefined) return () => false;
  return ({ addresses }) => addresses.some((ip) => cidrContains(block, ip) && !holes.some((hole) => cidrContains(hole, ip)));
}

/** A named port is what the target calls so; a port without number or name is every port of its protocol. */
function compilePort({ port, endPort, protocol = 'TCP' }: NetworkPolicyPort): CompiledPort {
  if (port === undefined) return (_target, _number, asked) => asked === protocol;
  if (typeof port === 'string') return (target, number, asked) => asked === protocol && target.namedPort(port, protocol) === number;
  const last = endPort ?? port;
  return (_target, number, asked) => asked === protocol && number >= port && number <= last;
}
