// Run by process-runtime.test.ts as an agent to be killed: starts a container in the directory of its argument, prints its id, and goes on.
import { join } from 'node:path';
import { createProcessRuntime } from '../process-runtime.ts';

const directory = process.argv[2] ?? '';
const runtime = await createProcessRuntime({ directory });
const sandboxConfig = { metadata: { name: 'killed', namespace: 'default', uid: 'killed', attempt: 0 }, logDirectory: join(directory, 'logs') };
const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
await runtime.pullImage({ image: { image: 'host' } });
const config = { metadata: { name: 'app', attempt: 0 }, image: { image: 'host' }, logPath: 'killed.log', command: ['sleep', '1000'] };
const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
await runtime.startContainer({ containerId });
process.stdout.write(`${containerId}\n`);
await new Promise(() => undefined);
