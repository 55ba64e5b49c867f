import { noopLogger, systemClock, systemRandom } from '@kybern/core';
import { freePorts, startEtcdCluster, startRelay, type EtcdServer, type Relay } from '@kybern/state/etcd/testing';
import { etcdMethods } from '../../../src/etcd/generated/etcd.ts';
import { EtcdClient } from '../../../src/etcd/internal/etcd-client.ts';

/** A member behind relays: one for its clients, one for the other members. */
export interface Member {
  readonly name: string;
  readonly server: EtcdServer;
  readonly clients: Relay;
  readonly peers: Relay;
  /** In hexadecimal, as it tells the others. */
  readonly id: string;
  /** Where clients reach it, through the relay. */
  readonly endpoint: string;
}

/** An etcd with three members whose network can be cut. */
export interface Members extends AsyncDisposable {
  readonly members: readonly Member[];
  /** Cuts a member off from the others, in both directions. Clients still reach it. */
  isolate(member: Member): void;
  /** Mends everything. */
  mend(): void;
  /** A client that goes past the relays. */
  client(): EtcdClient;
}

/** Starts {@link Members}. */
export async function startMembers(): Promise<Members> {
  const stack = new AsyncDisposableStack();
  const ports = await freePorts(6);
  const plans = [0, 1, 2].map((index) => ({ name: `m${index}`, client: ports[index * 2] as number, peer: ports[index * 2 + 1] as number }));
  const relays = await Promise.all(
    plans.map(async ({ client, peer }) => ({ clients: stack.use(await startRelay(() => client)), peers: stack.use(await startRelay(() => peer)) })),
  );
  const servers = await startEtcdCluster(
    plans.map(({ name, client, peer }, index) => ({
      name,
      client: `http://127.0.0.1:${client}`,
      peer: `http://127.0.0.1:${peer}`,
      advertised: `http://127.0.0.1:${relays[index]?.peers.port ?? 0}`,
    })),
  );
  for (const server of servers) stack.use(server);
  const members = await Promise.all(
    servers.map(async (server, index): Promise<Member> => {
      const { clients, peers } = relays[index] as { clients: Relay; peers: Relay };
      return { name: `m${index}`, server, clients, peers, id: await memberId(server.endpoint), endpoint: `http://127.0.0.1:${clients.port}` };
    }),
  );
  return {
    members,
    isolate(member) {
      for (const each of members) each.peers.cut(each === member ? undefined : (from) => from === member.id);
    },
    mend() {
      for (const { clients, peers } of members) {
        clients.mend();
        peers.mend();
      }
    },
    client: () => rawClient(members.map(({ server }) => server.endpoint)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function memberId(endpoint: string): Promise<string> {
  const client = rawClient([endpoint]);
  try {
    const { header } = await client.call(etcdMethods.status, {}, { repeatable: true });
    return (header?.memberId ?? 0n).toString(16);
  } finally {
    client.close();
  }
}

function rawClient(endpoints: readonly string[]): EtcdClient {
  const parts = { tls: {}, user: undefined, clock: systemClock(), random: systemRandom(), logger: noopLogger };
  return new EtcdClient({ ...parts, endpoints, requestTimeoutMs: 30_000, dialTimeoutMs: 5_000, check: () => Promise.resolve() });
}
