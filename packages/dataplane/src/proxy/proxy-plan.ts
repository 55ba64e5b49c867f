import type { Destination, Frontend, ServiceRule } from '@kybern/netmodel';

/** A place on this machine. */
export interface ListenAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** Says where a frontend is answered on this machine; undefined leaves it out. */
export type ListenAt = (frontend: Frontend, rule: ServiceRule) => ListenAddress | undefined;

/** A frontend with its place and what stands behind it. */
export interface PlannedListener {
  /** Such as `TCP 10.96.0.7:80`; a NodePort's address is `*`. */
  readonly key: string;
  readonly at: ListenAddress;
  readonly protocol: 'TCP' | 'UDP';
  readonly internal: Destination;
  readonly external: Destination;
  readonly sourceRanges: readonly string[] | undefined;
  readonly affinitySeconds: number | undefined;
}

/** For machines where a Service's addresses cannot be bound: each gets a free port of 127.0.0.1 (see `locate`), and NodePorts are what they are. */
export const onLoopback: ListenAt = ({ kind, port }) => ({ host: '127.0.0.1', port: kind === 'NodePort' ? port : 0 });

/** For machines that have the Services' addresses: every frontend at its own address and port, and NodePorts at all addresses. */
export const atOwnAddress: ListenAt = ({ ip, port }, { family }) => ({ host: ip ?? (family === 'IPv4' ? '0.0.0.0' : '::'), port });

/** How a frontend is named. */
export const frontendKey = ({ ip, port, protocol }: { readonly ip?: string | undefined; readonly port: number; readonly protocol: string }): string =>
  `${protocol} ${ip ?? '*'}:${String(port)}`;

/** What must be listened on for some rules. SCTP is left out: Node has no such sockets. */
export function planListeners(rules: readonly ServiceRule[], listenAt: ListenAt): readonly PlannedListener[] {
  return rules.flatMap((rule) =>
    rule.frontends.flatMap((frontend): readonly PlannedListener[] => {
      const { protocol, affinitySeconds } = rule;
      const at = protocol === 'SCTP' ? undefined : listenAt(frontend, rule);
      if (at === undefined || protocol === 'SCTP') return [];
      const { internal, external, sourceRanges } = frontend;
      return [{ key: frontendKey({ ...frontend, protocol }), at, protocol, internal, external, sourceRanges, affinitySeconds }];
    }),
  );
}
