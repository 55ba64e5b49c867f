import { readFileSync } from 'node:fs';
import type { KubernetesObject } from '@kybern/core';
import type { CSINode, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service } from '@kybern/core/kinds';

/** Pods of one template that are created together. */
interface InitPods {
  readonly template?: string;
  readonly count?: number;
  readonly ns?: string;
  readonly namespaces?: number;
  readonly podsPerNamespace?: number;
  readonly prefix?: string;
  readonly deletePerSecond?: number;
  readonly skipWait?: boolean;
  readonly barrier?: string;
}

/** A workload as the data file has it. */
export interface WorkloadData {
  readonly test: string;
  readonly variant: string;
  readonly nodes: number;
  readonly nodeTemplate: string;
  readonly nodeLabels?: Readonly<Record<string, readonly string[]>>;
  readonly init: readonly InitPods[];
  readonly measure: { readonly template: string; readonly count: number; readonly ns?: string };
  readonly thresholdPodsPerSec: number | null;
  readonly churn?: { readonly mode: string; readonly intervalMs: number; readonly templates: readonly string[] };
  readonly csiLimitPerNode?: number;
  readonly disabledPlugins?: readonly string[];
}

interface Data {
  readonly templates: Readonly<Record<string, KubernetesObject>>;
  readonly workloads: readonly WorkloadData[];
  readonly smallerVariants: Readonly<
    Record<string, readonly { readonly variant: string; readonly nodes: unknown; readonly init: unknown; readonly measure: number }[]>
  >;
}

const data = JSON.parse(readFileSync(new URL('../../data/scheduler-perf-workloads.json', import.meta.url), 'utf8')) as Data;

/** Rows whose shape the data file cannot tell in full, and what the templates it only names are. */
const EXTENDED = 'test.example.com/resource';
const pause = (resources?: object): object => ({
  containers: [{ name: 'pause', image: 'registry.k8s.io/pause:3.10', ports: [{ containerPort: 80 }], ...(resources === undefined ? {} : { resources }) }],
});
const POD_TEMPLATES: Readonly<Record<string, { readonly metadata?: object; readonly spec: object }>> = {
  'pod-with-finalizer': { metadata: { finalizers: ['kybern.example.com/hold'] }, spec: { ...pause(), terminationGracePeriodSeconds: 0 } },
  'pod-with-extended-resource': { spec: pause({ requests: { [EXTENDED]: '1' }, limits: { [EXTENDED]: '1' } }) },
};

/** Batching sizes and gates that this scheduler does not have differ only in name: the first row stands for all. */
export const workloads: readonly WorkloadData[] = data.workloads.filter(
  (each, index, all) =>
    each.variant.split('/batch')[0] !== all[index - 2]?.variant.split('/batch')[0] || each.test !== all[index - 2]?.test || !each.variant.includes('/batch'),
);

/** The smaller variants of the rows that scale by plain numbers. */
export const smallerWorkloads: readonly WorkloadData[] = Object.entries(data.smallerVariants).flatMap(([test, variants]) => {
  const largest = data.workloads.filter((each) => each.test === test).at(-1);
  return largest === undefined ? [] : variants.flatMap((variant) => smaller(largest, variant));
});

function smaller(largest: WorkloadData, { variant, nodes, init, measure }: Data['smallerVariants'][string][number]): readonly WorkloadData[] {
  if (typeof nodes !== 'number') return [];
  const [namespaces, podsPerNamespace] = typeof init === 'string' && /^\d+x\d+$/.test(init) ? init.split('x').map(Number) : [];
  const each = typeof init === 'number' ? init : Number(/^\d+/.exec(String(init))?.[0] ?? 0);
  const batches = largest.init.map((batch) => {
    if (batch.template === undefined || batch.template === 'service') return batch;
    return namespaces === undefined || podsPerNamespace === undefined ? { ...batch, count: each } : { ...batch, namespaces, podsPerNamespace };
  });
  return [{ ...largest, variant, nodes, init: batches, measure: { ...largest.measure, count: measure }, thresholdPodsPerSec: null }];
}

/** A workload as objects, scaled. */
export interface Workload {
  readonly nodes: readonly Node[];
  readonly namespaces: readonly Namespace[];
  readonly services: readonly Service[];
  readonly persistentVolumes: readonly PersistentVolume[];
  readonly persistentVolumeClaims: readonly PersistentVolumeClaim[];
  readonly csiNodes: readonly CSINode[];
  /** To be placed before the measurement. */
  readonly init: readonly Pod[];
  /** There, and never to be placed. */
  readonly gated: readonly Pod[];
  readonly measured: readonly Pod[];
  readonly churn: { readonly intervalMs: number; make(): readonly Pod[] } | undefined;
}

/** @param scale share of the nodes and Pods, for warming up */
export function buildWorkload(row: WorkloadData, scale = 1): Workload {
  const builder = new Builder(row, scale);
  return builder.build();
}

class Builder {
  readonly #row: WorkloadData;
  readonly #scale: number;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #persistentVolumes: PersistentVolume[] = [];
  readonly #claims: PersistentVolumeClaim[] = [];
  readonly #services: Service[] = [];
  #pods = 0;

  constructor(row: WorkloadData, scale: number) {
    this.#row = row;
    this.#scale = scale;
  }

  build(): Workload {
    const row = this.#row;
    const nodes = this.#nodes();
    const init: Pod[] = [];
    const gated: Pod[] = [];
    row.init.forEach((batch, index) => {
      for (const pod of this.#initPods(batch, `init-${index}`)) ((pod.spec.schedulingGates?.length ?? 0) > 0 ? gated : init).push(pod);
    });
    const { template, count, ns = 'measured' } = row.measure;
    const measured = this.#times(count, () => this.#pod(template, ns, row.test.includes('NSSelector')));
    const csiNodes = row.csiLimitPerNode === undefined ? [] : nodes.map((node) => csiNode(node, row.csiLimitPerNode as number));
    const { churn } = row;
    return {
      nodes,
      namespaces: [...this.#namespaces.values()],
      services: this.#services,
      persistentVolumes: this.#persistentVolumes,
      persistentVolumeClaims: this.#claims,
      csiNodes,
      init,
      gated,
      measured,
      churn:
        churn === undefined
          ? undefined
          : {
              intervalMs: churn.intervalMs,
              make: () => churn.templates.filter((each) => each.startsWith('pod')).map((each) => this.#pod(each, 'churn', false)),
            },
    };
  }

  #times<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: Math.max(1, Math.round(count * this.#scale)) }, (_, index) => make(index));
  }

  #nodes(): Node[] {
    const row = this.#row;
    if (row.nodes === 1) return [this.#node(row.nodeTemplate, 0)];
    const nodes = this.#times(row.nodes, (index) => this.#node(this.#templateOf(index), index));
    return nodes;
  }

  /** Two rows have nodes of two kinds, as their notes say. */
  #templateOf(index: number): string {
    if (this.#row.test === 'SchedulingDaemonset' && index === 0) return 'node-with-name';
    if (this.#row.test === 'SchedulingWithNodeInclusionPolicy' && index % 5 === 4) return 'node-with-taint';
    return this.#row.nodeTemplate;
  }

  #node(name: string, index: number): Node {
    const template = data.templates[name === 'node-with-extended-resource' ? 'node-default' : name] as Node;
    const nodeName = template.metadata.name ?? `${template.metadata.generateName ?? 'node-'}${index}`;
    const labels: Record<string, string> = { 'kubernetes.io/hostname': nodeName };
    for (const [key, values] of Object.entries(this.#row.nodeLabels ?? {})) labels[key] = values[index % values.length] as string;
    const capacity = { ...template.status?.capacity, ...(name === 'node-with-extended-resource' ? { [EXTENDED]: '1' } : {}) };
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: nodeName, labels },
      spec: template.spec ?? {},
      status: { capacity, allocatable: capacity, conditions: template.status?.conditions ?? [] },
    };
  }

  #initPods({ template, count = 0, ns, namespaces, podsPerNamespace = 0, prefix = 'ns' }: InitPods, own: string): readonly Pod[] {
    if (template === undefined) return [];
    if (template === 'service') {
      this.#services.push({ ...(data.templates['service'] as Service), metadata: { name: 'service', namespace: this.#namespace(ns ?? own, false) } });
      return [];
    }
    if (namespaces === undefined) return this.#times(count, () => this.#pod(template, ns ?? own, false));
    return Array.from({ length: namespaces }, (_, index) => this.#times(podsPerNamespace, () => this.#pod(template, `${prefix}-${index}`, true))).flat();
  }

  #namespace(name: string, labelled: boolean): string {
    if (!this.#namespaces.has(name)) {
      const { labels } = (data.templates['namespace-with-labels'] as Namespace).metadata;
      this.#namespaces.set(name, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, ...(labelled && labels !== undefined ? { labels } : {}) },
        spec: {},
      });
    }
    return name;
  }

  #pod(templateName: string, namespace: string, labelled: boolean): Pod {
    const [base = '', ...parts] = templateName.split(' + ');
    const known = base.startsWith('scheduler_perf') || base === 'pod' ? 'pod-default' : base;
    const template = POD_TEMPLATES[known] ?? (data.templates[known] as Pod);
    const name = `pod-${this.#pods++}`;
    const volume = parts.length === 0 ? undefined : this.#volume(parts.includes('pv-aws') || parts.includes('pv') ? 'pv-aws' : 'pv-csi', namespace, name);
    const spec = { ...template.spec, ...(volume === undefined ? {} : { volumes: [{ name: 'vol', persistentVolumeClaim: { claimName: volume } }] }) };
    const { generateName: _generateName, ...metadata } = (template.metadata ?? {}) as Pod['metadata'];
    // Every Pod is an object of its own, as it is when an API server made it.
    return structuredClone({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, name, namespace: this.#namespace(namespace, labelled), uid: `uid-${name}` },
      spec,
    }) as unknown as Pod;
  }

  /** A volume and the claim that is bound to it. */
  #volume(template: string, namespace: string, name: string): string {
    const volume = structuredClone(data.templates[template]) as PersistentVolume;
    const source =
      volume.spec.csi === undefined
        ? { awsElasticBlockStore: { ...volume.spec.awsElasticBlockStore, volumeID: name } }
        : { csi: { ...volume.spec.csi, volumeHandle: name } };
    const claim = structuredClone(data.templates['pvc']) as PersistentVolumeClaim;
    const claimRef = { kind: 'PersistentVolumeClaim', namespace, name, apiVersion: 'v1' };
    this.#persistentVolumes.push({
      ...volume,
      metadata: { name: `pv-${name}` },
      spec: { ...volume.spec, ...source, claimRef },
      status: { phase: 'Bound' },
    } as PersistentVolume);
    const annotations = { ...claim.metadata.annotations, 'pv.kubernetes.io/bind-completed': 'true' };
    this.#claims.push({ ...claim, metadata: { name, namespace, annotations }, spec: { ...claim.spec, volumeName: `pv-${name}` }, status: { phase: 'Bound' } });
    return name;
  }
}

function csiNode(node: Node, limit: number): CSINode {
  const { name } = node.metadata;
  const annotations = { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs' };
  const driver = { name: 'ebs.csi.aws.com', nodeID: name, topologyKeys: [], allocatable: { count: limit } };
  return { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name, annotations }, spec: { drivers: [driver] } };
}
