import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A network cable between clients, or members, and one port: it can be cut. What is sent into a cut one is lost without a word. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** Cuts it for connections that `whose` selects; the default selects all. Connections that are there hang, new ones too. */
  cut(whose?: (from: string | undefined) => boolean): void;
  /** Mends it. What hung is closed. */
  mend(): void;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** The etcd member that the connection is from, in hexadecimal, when it says so. */
  from: string | undefined;
}

/** Starts a relay to a port on loopback. */
export async function startRelay(target: () => number): Promise<Relay> {
  const links = new Set<Link>();
  let isCut: (from: string | undefined) => boolean = () => false;
  const server: Server = createServer((client) => {
    const link: Link = { client, server: connect(target(), '127.0.0.1'), from: undefined };
    links.add(link);
    join(link, { isCut: () => isCut(link.from), onEnd: () => links.delete(link) });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut(whose = () => true) {
      isCut = whose;
    },
    mend() {
      for (const link of links) if (isCut(link.from)) end(link);
      isCut = () => false;
    },
    async [Symbol.asyncDispose]() {
      for (const link of links) end(link);
      server.close();
      await once(server, 'close');
    },
  };
}

function join(link: Link, { isCut, onEnd }: { isCut: () => boolean; onEnd: () => void }): void {
  const { client, server } = link;
  client.on('data', (data) => {
    link.from ??= /x-server-from: ([0-9a-f]+)/i.exec(data.toString('latin1'))?.[1];
    if (!isCut()) server.write(data);
  });
  server.on('data', (data) => {
    if (!isCut()) client.write(data);
  });
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      onEnd();
      if (!isCut()) other.destroy();
    });
  }
}

function end({ client, server }: Link): void {
  client.destroy();
  server.destroy();
}
