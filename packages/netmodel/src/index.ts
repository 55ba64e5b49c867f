// Addresses
export { addressBits, cidrContains, cidrSize, formatCidr, formatIp, parseCidr, parseIp } from './ip.ts';
export type { Cidr, IpAddress, IpFamily } from './ip.ts';
// Allocation
export { createIpAllocator } from './ip-allocator.ts';
export type { IpAllocator, IpAllocatorOptions } from './ip-allocator.ts';
export { createPortAllocator } from './port-allocator.ts';
export type { PortAllocator, PortAllocatorOptions } from './port-allocator.ts';
export { allocatePodCidr, createCidrAllocator } from './cidr-allocator.ts';
export type { CidrAllocator, CidrAllocatorOptions } from './cidr-allocator.ts';
export { createAddressPool } from './address-pool.ts';
export type { AddressPool, AddressPoolOptions } from './address-pool.ts';
// Errors
export { AllocationError, UnknownEndError, isAllocationError } from './errors.ts';
export type { AllocationErrorCode, AllocationErrorDetails } from './errors.ts';
// Services
export { addressTypes, computeEndpoints, isHeadless, targetPort } from './endpoints.ts';
export type { EndpointGroup, EndpointOptions } from './endpoints.ts';
export { serviceRules } from './services/service-rules.ts';
export type { Destination, Frontend, FrontendKind, NoEndpoints, ServiceRule } from './services/service-rules.ts';
export { serviceBackends } from './services/service-endpoints.ts';
export type { Backend, Place } from './services/service-endpoints.ts';
export { groupSlices, serviceKeyOf } from './services/slice-index.ts';
// Names
export { createDnsZone } from './dns/zone.ts';
export type { DnsAnswer, DnsQuestion, DnsZone, DnsZoneOptions } from './dns/zone.ts';
export { CLUSTER_DOMAIN, parseReverseName, reverseName, serviceRecords } from './dns/records.ts';
export type { DnsRecord, DnsRecordType } from './dns/records.ts';
export { podResolverConfig, resolveName } from './dns/resolve.ts';
export type { Resolution, ResolverConfig, ResolverFacts } from './dns/resolve.ts';
// Policies
export { createPolicySet, verdict } from './policy/verdict.ts';
export type { DirectionVerdict, PolicyCause, PolicySet, PolicyVerdict } from './policy/verdict.ts';
export { reachability } from './policy/reachability.ts';
export type { ReachabilityInput, ReachabilityMatrix } from './policy/reachability.ts';
export { compilePolicy } from './policy/compile.ts';
export type { CompiledPeer, CompiledPolicy, CompiledPort, CompiledRule, Direction } from './policy/compile.ts';
export { resolveEnd } from './policy/ends.ts';
export type { AddressEnd, ConnectionEnd, ConnectionPort, NodeEnd, PodEnd, Protocol, ResolvedEnd } from './policy/ends.ts';
// Routes
export { compileIngresses } from './ingress/ingress-routes.ts';
export type { IngressSelection } from './ingress/ingress-routes.ts';
export { createRoutingTable, hostMatches, normalizeHost } from './ingress/routing-table.ts';
export type { RoutedRequest, RoutingTable } from './ingress/routing-table.ts';
export type {
  CompiledRoutes,
  HeaderChanges,
  HostPattern,
  PathPattern,
  PathRewrite,
  Route,
  RouteBackend,
  RouteCertificate,
  RouteFilter,
  RouteSource,
  ValueMatch,
} from './ingress/route.ts';
// Gateways
export { compileGateways } from './gateway/compile.ts';
export type { CompiledGateways, GatewayObjects, GatewayVerdict, HttpRouteVerdict } from './gateway/compile.ts';
export type { GatewayCondition } from './gateway/conditions.ts';
export { GATEWAY_GROUP, Gateway, GatewayClass, HTTPRoute, ReferenceGrant } from './gateway/kinds.ts';
export type {
  BackendRef,
  GatewayListener,
  HeaderModifier,
  HttpRouteFilter,
  HttpRouteMatch,
  HttpRouteRule,
  ObjectRef,
  ParentRef,
  PathModifier,
} from './gateway/kinds.ts';
// The model of a whole cluster
export { createNetworkModel } from './model.ts';
export type { ConnectionQuestion, NetworkModel, NetworkModelOptions } from './model.ts';
export type { Asker, EndName } from './facts.ts';
export type { NetworkInput, NetworkObjects } from './objects.ts';
export type { ConnectionExplanation, ConnectionStep } from './explain-connection.ts';
