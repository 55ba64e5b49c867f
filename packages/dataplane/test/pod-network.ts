import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createNetns, type Netns } from './netns.ts';
import type { Attempt, AttemptResult } from './pod-agent.ts';

/** Network namespaces of Pods, each with a link to that of their node, which routes between them. */
export interface PodNetwork extends AsyncDisposable {
  readonly node: Netns;
  /** What is answered to a Pod, or to the node under the name `node`, that connects somewhere. */
  readonly ask: (from: string, to: Omit<Attempt, 'id' | 'timeoutMs'>, timeoutMs?: number) => Promise<string>;
}

/** @param pods addresses by name */
export async function createPodNetwork(pods: Readonly<Record<string, string>>): Promise<PodNetwork> {
  const node = await createNetns();
  const spaces: Netns[] = [];
  const agents = new Map<string, Agent>();
  // 192.0.2.0/24 stands for the rest of the world: packets to Services need a way to the node's own hooks, not a way out.
  node.shell(
    'sysctl -qw net.ipv4.ip_forward=1; ip link add out type dummy 2>/dev/null || ip link add out type veth peer name far; ip addr add 192.0.2.1/24 dev out; ip link set out up; ip link set far up 2>/dev/null || true; ip route add default via 192.0.2.254',
  );
  for (const [index, [name, ip]] of Object.entries(pods).entries()) {
    const space = await createNetns();
    spaces.push(space);
    const link = `pod${String(index)}`;
    node.shell(
      `ip link add ${link} type veth peer name eth0 netns ${String(space.pid)}; ip addr add 169.254.1.1/32 dev ${link}; ip link set ${link} up; ip route add ${ip}/32 dev ${link}`,
    );
    space.shell(`ip addr add ${ip}/32 dev eth0; ip link set eth0 up; ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1`);
    agents.set(name, await startAgent(name, space));
  }
  agents.set('node', await startAgent('node', node));
  return {
    node,
    ask: (from, to, timeoutMs = 10_000) => agents.get(from)?.ask(to, timeoutMs) ?? Promise.reject(new Error(`there is no Pod ${from}`)),
    async [Symbol.asyncDispose]() {
      await Promise.all([...agents.values()].map((agent) => agent.end()));
      for (const space of [...spaces, node]) await space[Symbol.asyncDispose]();
    },
  };
}

interface Agent {
  readonly ask: (to: Omit<Attempt, 'id' | 'timeoutMs'>, timeoutMs: number) => Promise<string>;
  readonly end: () => Promise<void>;
}

async function startAgent(name: string, { enter }: Netns): Promise<Agent> {
  const file = fileURLToPath(new URL('./pod-agent.ts', import.meta.url));
  const child: ChildProcess = spawn(enter[0] ?? '', [...enter.slice(1), process.execPath, '--disable-warning=ExperimentalWarning', file, name], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  const waiting = new Map<number, (answer: string) => void>();
  let last = 0;
  child.on('message', ({ id, answer }: AttemptResult) => {
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  return {
    ask: (to, timeoutMs) =>
      new Promise((resolve) => {
        const id = ++last;
        waiting.set(id, resolve);
        child.send({ ...to, id, timeoutMs } satisfies Attempt);
      }),
    end: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
