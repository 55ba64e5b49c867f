import { Node, Pod, PodDisruptionBudget } from '../kinds/index.ts';
import { describe, expect, it } from 'vitest';
import { setManifestDefaults } from './index.ts';

describe('defaults of manifests', () => {
  it('are those of the API server', async () => {
    const pod = { spec: { hostNetwork: true, containers: [{ name: 'a', image: 'a', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } }] } };
    const [first, second] = [structuredClone(pod), structuredClone(pod)];
    setManifestDefaults(Pod, first);
    (await Pod.model()).setDefaults(second);
    expect(first).toEqual(second);
    expect(first.spec.containers[0]).toMatchObject({ ports: [{ hostPort: 80, protocol: 'TCP' }], resources: { requests: { cpu: '1' } } });
  });

  it('make allocatable of capacity', () => {
    const node = { status: { capacity: { cpu: '4' } } };
    setManifestDefaults(Node, node);
    expect(node.status).toEqual({ capacity: { cpu: '4' }, allocatable: { cpu: '4' } });
  });

  it('leave kinds of other groups alone', () => {
    const budget = { spec: {} };
    setManifestDefaults(PodDisruptionBudget, budget);
    expect(budget).toEqual({ spec: {} });
  });
});
