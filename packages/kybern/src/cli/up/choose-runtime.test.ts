import { describe, expect, it } from 'vitest';
import { chooseRuntime, type RuntimeChoiceInput } from './choose-runtime.ts';

const deploymentOf = (container: object): RuntimeChoiceInput['manifests'][number] =>
  ({ kind: 'Deployment', spec: { template: { spec: { containers: [{ name: 'a', image: 'nginx', ...container }] } } } }) as never;
const choose = (input: Partial<RuntimeChoiceInput>): string =>
  chooseRuntime({ asked: undefined, environment: undefined, nodes: undefined, available: ['process'], before: undefined, manifests: [], ...input }).runtime;

describe('what runs containers', () => {
  it.each([
    { name: 'what was asked for', input: { asked: 'simulated', environment: 'process', available: ['process', 'containerd'] }, runtime: 'simulated' },
    { name: 'what the environment says', input: { environment: 'simulated', available: ['process', 'containerd'] }, runtime: 'simulated' },
    { name: 'the simulation, when there are to be several nodes', input: { nodes: 3, available: ['process', 'containerd'] }, runtime: 'simulated' },
    { name: 'the simulation, when there are to be none', input: { nodes: 0 }, runtime: 'simulated' },
    { name: 'what ran the containers of this state', input: { before: 'simulated://1.0.0', available: ['process', 'containerd'] }, runtime: 'simulated' },
    { name: 'containerd, where it can be used', input: { available: ['process', 'containerd'] }, runtime: 'containerd' },
    { name: 'processes, where there is no containerd', input: {}, runtime: 'process' },
    { name: 'processes, for commands', input: { manifests: [deploymentOf({ command: ['web'] })] }, runtime: 'process' },
    { name: 'the simulation, for images that nobody can run', input: { manifests: [deploymentOf({})] }, runtime: 'simulated' },
    { name: 'the simulation, where processes cannot be', input: { available: [] }, runtime: 'simulated' },
  ] satisfies { name: string; input: Partial<RuntimeChoiceInput>; runtime: string }[])('is $name', ({ input, runtime }) => {
    expect(choose(input)).toBe(runtime);
  });

  it('is nothing that the environment makes up', () => {
    expect(() => choose({ environment: 'docker' })).toThrow('$KYBERN_RUNTIME must be one of');
  });
});
