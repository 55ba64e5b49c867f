// DNS
export { createDnsServer } from './dns/server.ts';
export type { DnsServer, DnsServerOptions } from './dns/server.ts';
export { feedDnsZone } from './dns/zone-feed.ts';
export type { ZoneInformers } from './dns/zone-feed.ts';
export type { ReplyCacheOptions } from './dns/reply-cache.ts';
export type { ResolverOptions } from './dns/resolver.ts';
export type { Upstream } from './dns/upstream.ts';
// Caches
export { feedServices } from './cluster/service-feed.ts';
export type { ServiceInformers, ServiceSink } from './cluster/service-feed.ts';
// The userspace proxy
export { createUserspaceProxy } from './proxy/userspace-proxy.ts';
export type { FrontendName, UserspaceProxy, UserspaceProxyOptions } from './proxy/userspace-proxy.ts';
export { atOwnAddress, onLoopback } from './proxy/proxy-plan.ts';
export type { ListenAddress, ListenAt } from './proxy/proxy-plan.ts';
// The kernel's tables
export { createNftables } from './nftables/nftables.ts';
export type { Nftables, NftablesOptions } from './nftables/nftables.ts';
export { NftError, nftCommand } from './nftables/run-nft.ts';
export type { NftRunner } from './nftables/run-nft.ts';
export type { PolicyInput } from './nftables/policy-groups.ts';
// The ingress proxy
export { createIngressProxy } from './ingress/ingress-proxy.ts';
export type { AccessEntry, IngressListener, IngressProxy, IngressProxyOptions } from './ingress/ingress-proxy.ts';
export type { Endpoint, EndpointBook } from './ingress/endpoint-book.ts';
export { feedIngress } from './ingress/ingress-feed.ts';
export type { IngressFeedOptions, IngressInformers } from './ingress/ingress-feed.ts';
export { feedGateways } from './ingress/gateway-feed.ts';
export type { GatewayFeedOptions, GatewayInformers, RouteSource } from './ingress/gateway-feed.ts';
