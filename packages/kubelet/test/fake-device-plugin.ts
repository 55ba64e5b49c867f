/**
 * A device plugin, as a process of its own:
 *
 *   node --conditions=@kybern/source fake-device-plugin.ts FOLDER RESOURCE IDS
 *
 * It registers in FOLDER, again whenever the agent starts anew, and gives out devices that are /dev/null. Lines on its input change the health of a device (`gpu-1 Unhealthy`); lines on its output
 * say what it was asked.
 */
import { existsSync, watch } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '@kybern/core';
import { createGrpcClient, serveGrpc, type GrpcHandler, type GrpcServer } from '@kybern/runtime-cri/grpc-kit';
import { devicePluginProtocol as protocol, KUBELET_SOCKET } from '../src/devices/device-plugin-protocol.ts';

const [folder = '', resource = '', ids = ''] = process.argv.slice(2);
const endpoint = `${resource.replace('/', '-')}.sock`;
const options = { preStartRequired: true, getPreferredAllocationAvailable: true };
const health = new Map(ids.split(',').map((id) => [id, 'Healthy']));
const listeners = new Set<() => void>();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface ContainerRequest {
  readonly devicesIds: readonly string[];
}
interface PreferredRequest {
  readonly availableDeviceIDs: readonly string[];
  readonly allocationSize: number;
}

const handlers: Readonly<Record<string, GrpcHandler>> = {
  'DevicePlugin/GetDevicePluginOptions': () => Promise.resolve(options),
  'DevicePlugin/ListAndWatch': async function* (_request, { signal }) {
    while (!signal.aborted) {
      yield { devices: [...health].map(([ID, state]) => ({ ID, health: state })) };
      await new Promise<void>((resolve) => {
        listeners.add(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  },
  // The last ones, so that it shows.
  'DevicePlugin/GetPreferredAllocation': ({ containerRequests }: { containerRequests: readonly PreferredRequest[] }) =>
    Promise.resolve({
      containerResponses: containerRequests.map(({ availableDeviceIDs, allocationSize }) => ({
        deviceIDs: [...availableDeviceIDs].sort().slice(-allocationSize),
      })),
    }),
  'DevicePlugin/Allocate': ({ containerRequests }: { containerRequests: readonly ContainerRequest[] }) => {
    for (const { devicesIds } of containerRequests) say(`allocate ${devicesIds.join(',')}`);
    const answer = ({ devicesIds }: ContainerRequest): object => ({
      envs: { FAKE_DEVICES: devicesIds.join(',') },
      devices: devicesIds.map((id) => ({ containerPath: `/dev/${id}`, hostPath: '/dev/null', permissions: 'rw' })),
      mounts: [{ containerPath: '/fake-driver', hostPath: folder, readOnly: true }],
      annotations: { 'fake.example.com/devices': devicesIds.join(',') },
    });
    return Promise.resolve({ containerResponses: containerRequests.map(answer) });
  },
  'DevicePlugin/PreStartContainer': ({ devicesIds }: ContainerRequest) => {
    say(`prestart ${devicesIds.join(',')}`);
    return Promise.resolve({});
  },
};

let server: GrpcServer | undefined;
let serving: Promise<void> = Promise.resolve();

async function register(): Promise<void> {
  if (!existsSync(join(folder, KUBELET_SOCKET))) return;
  await server?.[Symbol.asyncDispose]();
  await rm(join(folder, endpoint), { force: true });
  server = await serveGrpc({ path: join(folder, endpoint), protocol, handlers });
  using agent = createGrpcClient({ endpoint: join(folder, KUBELET_SOCKET), protocol, clock: systemClock() });
  await agent.call('Registration/Register', { version: 'v1beta1', endpoint, resourceName: resource, options });
  say('registered');
}

const registerInTurn = (): void => {
  serving = serving.then(register).catch((error: unknown) => say(`failed: ${String(error)}`));
};
watch(folder, (_event, name) => {
  if (name === KUBELET_SOCKET) registerInTurn();
});
registerInTurn();
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [id = '', state = ''] = line.split(' ');
    health.set(id, state);
    for (const listener of listeners) listener();
    listeners.clear();
  })
  // Whoever started it is gone.
  .on('close', () => process.exit(0));
