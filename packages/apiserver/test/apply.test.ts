import type { ApplyOptions, Kind, KubernetesObject, MutableJson } from '@kybern/core';
import { ConfigMap, Deployment, Node, Pod, PodDisruptionBudget, Service, ServiceAccount } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { changed, rejection, startServer } from './fixtures.ts';

type Json = Readonly<Record<string, unknown>>;

/** One write: an apply of all that `by` wants, or an update of what is there. */
type Step = { readonly by: string; readonly options?: Partial<ApplyOptions> } & ({ readonly apply: Json } | { readonly update: Json });

interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly steps: readonly Step[];
  /** What the object holds in the end, at paths. */
  readonly holds: Json;
  /** `manager operation[/subresource]` → the fields that it owns. */
  readonly owners: Json;
}

/** Carries out the steps; the object with its managedFields as it is in the end. */
async function run(kind: Kind, steps: readonly Step[]): Promise<KubernetesObject> {
  await using server = await startServer();
  const { client } = server;
  let last: KubernetesObject | undefined;
  for (const step of steps) {
    const options = { fieldManager: step.by, ...step.options };
    if ('apply' in step) {
      last = await client.apply(kind, { metadata: { name: 'web' }, ...step.apply } as never, options as ApplyOptions);
    } else {
      const now = await client.get(kind, 'web');
      last = await client.update(kind, changed(now, step.update), options as never);
    }
    // An apply that changes nothing in the store is not what is there.
    if (step.options?.dryRun === true) last = undefined;
  }
  return last !== undefined && last.metadata.managedFields !== undefined ? last : client.get(kind, 'web', { managedFields: true } as never);
}

const ownersOf = ({ metadata }: KubernetesObject): Json =>
  Object.fromEntries(
    (metadata.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) => [
      `${manager ?? ''} ${operation ?? ''}${subresource === undefined ? '' : `/${subresource}`}`,
      fieldsV1,
    ]),
  );

const at = (object: unknown, path: string): unknown => path.split('.').reduce<unknown>((value, step) => (value as MutableJson | undefined)?.[step], object);

const pod = (...containers: readonly Json[]): Json => ({ spec: { containers } });
const service = (...ports: readonly Json[]): Json => ({ spec: { ports } });
const data = (values: Json): Json => ({ data: values });
const deployment = (more: Json = {}): Json => ({
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'x' }] } },
    ...more,
  },
});

const CASES: readonly Case[] = [
  {
    name: 'a key that is left out is the one with its default',
    kind: Service,
    steps: [
      { by: 'a', apply: service({ port: 80, name: 'web' }) },
      { by: 'b', apply: service({ port: 80, protocol: 'TCP', targetPort: 8080 }), options: { force: true } },
    ],
    holds: { 'spec.ports': [{ name: 'web', port: 80, protocol: 'TCP', targetPort: 8080 }] },
    owners: {
      'a Apply': { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} } } } },
      'b Apply': { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:protocol': {}, 'f:targetPort': {} } } } },
    },
  },
  {
    name: 'elements that differ in one of their keys are two',
    kind: Service,
    steps: [
      { by: 'a', apply: service({ port: 53, name: 'udp', protocol: 'UDP' }) },
      { by: 'b', apply: service({ port: 53, name: 'tcp' }) },
    ],
    holds: { 'spec.ports.0.name': 'udp', 'spec.ports.0.protocol': 'UDP', 'spec.ports.1.name': 'tcp', 'spec.ports.1.protocol': 'TCP' },
    owners: {
      'a Apply': { 'f:spec': { 'f:ports': { 'k:{"port":53,"protocol":"UDP"}': { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} } } } },
      'b Apply': { 'f:spec': { 'f:ports': { 'k:{"port":53,"protocol":"TCP"}': { '.': {}, 'f:name': {}, 'f:port': {} } } } },
    },
  },
  {
    name: 'an element that two applied stays until both let go of it',
    kind: ServiceAccount,
    steps: [
      { by: 'a', apply: { secrets: [{ name: 'x' }, { name: 'y' }] } },
      { by: 'b', apply: { secrets: [{ name: 'y' }] } },
      { by: 'a', apply: {} },
    ],
    holds: { secrets: [{ name: 'y' }] },
    owners: { 'b Apply': { 'f:secrets': { 'k:{"name":"y"}': {} } } },
  },
  {
    name: 'a list of which nobody wants an element is gone',
    kind: ServiceAccount,
    steps: [
      { by: 'a', apply: { secrets: [{ name: 'y' }] } },
      { by: 'b', apply: { secrets: [{ name: 'y' }] } },
      { by: 'a', apply: {} },
      { by: 'b', apply: { automountServiceAccountToken: true } },
    ],
    holds: { secrets: undefined, automountServiceAccountToken: true },
    owners: { 'b Apply': { 'f:automountServiceAccountToken': {} } },
  },
  {
    name: 'a set keeps what others put into it',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: { metadata: { name: 'web', finalizers: ['example.com/a', 'example.com/b'] } } },
      { by: 'b', apply: { metadata: { name: 'web', finalizers: ['example.com/b', 'example.com/c'] } } },
      { by: 'a', apply: { metadata: { name: 'web', finalizers: ['example.com/a'] } } },
    ],
    holds: { 'metadata.finalizers': ['example.com/a', 'example.com/b', 'example.com/c'] },
    owners: {
      'a Apply': { 'f:metadata': { 'f:finalizers': { 'v:"example.com/a"': {} } } },
      'b Apply': { 'f:metadata': { 'f:finalizers': { 'v:"example.com/b"': {}, 'v:"example.com/c"': {} } } },
    },
  },
  {
    name: 'a struct that is atomic is taken as a whole',
    kind: PodDisruptionBudget,
    steps: [
      { by: 'a', apply: { spec: { selector: { matchLabels: { a: '1', b: '2' } } } } },
      { by: 'b', apply: { spec: { selector: { matchLabels: { a: '1' } } } }, options: { force: true } },
    ],
    holds: { 'spec.selector': { matchLabels: { a: '1' } } },
    owners: { 'b Apply': { 'f:spec': { 'f:selector': {} } } },
  },
  {
    name: 'a map that is atomic is taken as a whole',
    kind: Service,
    steps: [
      { by: 'a', apply: { spec: { ports: [{ port: 80 }], selector: { app: 'a', tier: 'x' } } } },
      { by: 'b', apply: { spec: { selector: { app: 'b' } } }, options: { force: true } },
    ],
    holds: { 'spec.selector': { app: 'b' } },
    owners: {
      'a Apply': { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } } },
      'b Apply': { 'f:spec': { 'f:selector': {} } },
    },
  },
  {
    name: 'a list that is atomic is taken as a whole',
    kind: ServiceAccount,
    steps: [
      { by: 'a', apply: { imagePullSecrets: [{ name: 'x' }, { name: 'y' }] } },
      { by: 'b', apply: { imagePullSecrets: [{ name: 'z' }] }, options: { force: true } },
    ],
    holds: { imagePullSecrets: [{ name: 'z' }] },
    owners: { 'b Apply': { 'f:imagePullSecrets': {} } },
  },
  {
    name: 'keys of a map go one by one',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1', l: '1' }) },
      { by: 'b', apply: data({ m: '1' }) },
      { by: 'a', apply: data({ k: '1' }) },
    ],
    holds: { data: { k: '1', m: '1' } },
    owners: { 'a Apply': { 'f:data': { 'f:k': {} } }, 'b Apply': { 'f:data': { 'f:m': {} } } },
  },
  {
    name: 'what an update changed is no longer removed with what is not applied any more',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1', l: '1' }) },
      { by: 'b', update: { 'data.l': '2' } },
      { by: 'a', apply: data({ k: '1' }) },
    ],
    holds: { data: { k: '1', l: '2' } },
    owners: { 'a Apply': { 'f:data': { 'f:k': {} } }, 'b Update': { 'f:data': { 'f:l': {} } } },
  },
  {
    name: 'an update that says the same takes nothing',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1' }) },
      { by: 'b', update: { 'data.k': '1', 'data.l': '1' } },
    ],
    holds: { data: { k: '1', l: '1' } },
    owners: { 'a Apply': { 'f:data': { 'f:k': {} } }, 'b Update': { 'f:data': { 'f:l': {} } } },
  },
  {
    name: 'one name is two managers when it both applies and updates',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1' }) },
      { by: 'a', update: { 'data.k': '2' } },
      { by: 'a', apply: data({ k: '3' }), options: { force: true } },
    ],
    holds: { data: { k: '3' } },
    owners: { 'a Apply': { 'f:data': { 'f:k': {} } } },
  },
  {
    name: 'the status has books of its own',
    kind: Deployment,
    steps: [
      { by: 'a', apply: deployment({ replicas: 2 }) },
      { by: 'a', apply: { status: { replicas: 2, observedGeneration: 1 } }, options: { subresource: 'status' } },
      { by: 'a', apply: { status: { replicas: 2 } }, options: { subresource: 'status' } },
    ],
    holds: { 'spec.replicas': 2, 'status.replicas': 2, 'status.observedGeneration': undefined },
    owners: {
      'a Apply': {
        'f:spec': {
          'f:replicas': {},
          'f:selector': {},
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
          },
        },
      },
      'a Apply/status': { 'f:status': { 'f:replicas': {} } },
    },
  },
  {
    name: 'a status in an object that is applied is not applied, nor owned',
    kind: Deployment,
    steps: [{ by: 'a', apply: { ...deployment(), status: { replicas: 7 } } }],
    holds: { 'status.replicas': undefined },
    owners: {
      'a Apply': {
        'f:spec': {
          'f:selector': {},
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
          },
        },
      },
    },
  },
  {
    name: 'conditions are told apart by type',
    kind: Node,
    steps: [
      { by: 'k', apply: { spec: {} } },
      { by: 'a', apply: { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, options: { subresource: 'status' } },
      { by: 'b', apply: { status: { conditions: [{ type: 'Full', status: 'False' }] } }, options: { subresource: 'status' } },
      { by: 'a', apply: { status: {} }, options: { subresource: 'status' } },
    ],
    holds: { 'status.conditions.0.type': 'Full', 'status.conditions.1': undefined },
    owners: {
      'k Apply': { 'f:spec': {} },
      'a Apply/status': { 'f:status': {} },
      'b Apply/status': { 'f:status': { 'f:conditions': { 'k:{"type":"Full"}': { '.': {}, 'f:status': {}, 'f:type': {} } } } },
    },
  },
  {
    name: 'elements come in the order in which they are applied, those of others behind what they came after',
    kind: Pod,
    steps: [
      { by: 'a', apply: { metadata: { name: 'web', finalizers: ['a/1', 'a/2', 'a/3'] }, ...pod({ name: 'm', image: 'x' }) } },
      { by: 'b', apply: { metadata: { name: 'web', finalizers: ['b/1'] } } },
      { by: 'a', apply: { metadata: { name: 'web', finalizers: ['a/3', 'a/1', 'a/2'] }, ...pod({ name: 'm', image: 'x' }) } },
    ],
    holds: { 'metadata.finalizers': ['a/3', 'b/1', 'a/1', 'a/2'] },
    owners: {
      'a Apply': {
        'f:metadata': { 'f:finalizers': { 'v:"a/1"': {}, 'v:"a/2"': {}, 'v:"a/3"': {} } },
        'f:spec': { 'f:containers': { 'k:{"name":"m"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
      },
      'b Apply': { 'f:metadata': { 'f:finalizers': { 'v:"b/1"': {} } } },
    },
  },
  {
    name: 'a null is owned, and leaves the default',
    kind: Deployment,
    steps: [{ by: 'a', apply: deployment({ replicas: null }) }],
    holds: { 'spec.replicas': 1 },
    owners: {
      'a Apply': {
        'f:spec': {
          'f:replicas': {},
          'f:selector': {},
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
          },
        },
      },
    },
  },
  {
    name: 'what is no longer applied goes back to its default',
    kind: Deployment,
    steps: [
      { by: 'a', apply: deployment({ replicas: 5 }) },
      { by: 'a', apply: deployment() },
    ],
    holds: { 'spec.replicas': 1 },
    owners: {
      'a Apply': {
        'f:spec': {
          'f:selector': {},
          'f:template': {
            'f:metadata': { 'f:labels': { 'f:app': {} } },
            'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
          },
        },
      },
    },
  },
  {
    name: 'an apply that is only tried leaves everything as it was',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1' }) },
      { by: 'b', apply: data({ k: '2', l: '1' }), options: { force: true, dryRun: true } },
    ],
    holds: { data: { k: '1' } },
    owners: { 'a Apply': { 'f:data': { 'f:k': {} } } },
  },
  {
    name: 'one empty entry forgets who owns what: the next apply finds it there before anybody applied',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1' }) },
      { by: 'x', update: { 'metadata.managedFields': [{}] } },
      { by: 'b', apply: data({ l: '1' }) },
    ],
    holds: { data: { k: '1', l: '1' } },
    owners: { 'b Apply': { 'f:data': { 'f:l': {} } }, 'before-first-apply Update': { 'f:data': { '.': {}, 'f:k': {} } } },
  },
  {
    name: 'no entry at all forgets nothing',
    kind: ConfigMap,
    steps: [
      { by: 'a', apply: data({ k: '1' }) },
      { by: 'x', update: { 'metadata.managedFields': [], 'data.l': '1' } },
    ],
    holds: { data: { k: '1', l: '1' } },
    owners: { 'a Apply': { 'f:data': { 'f:k': {} } }, 'x Update': { 'f:data': { 'f:l': {} } } },
  },
];

describe('server-side apply through the API', () => {
  it.each(CASES)('$name', async ({ kind, steps, holds, owners }) => {
    const object = await run(kind, steps);
    for (const [path, value] of Object.entries(holds)) expect(at(object, path), path).toEqual(value);
    expect(ownersOf(object)).toEqual(owners);
  });

  it.each<{ name: string; kind: Kind; steps: readonly Step[]; error: Json }>([
    {
      name: 'ports that are the same by their defaults',
      kind: Pod,
      steps: [{ by: 'a', apply: pod({ name: 'm', image: 'x', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] }) }],
      error: {
        message:
          'failed to create typed patch object (/web; v1, Kind=Pod): .spec.containers[name="m"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
      },
    },
    {
      name: 'variables of one name, and what else is wrong',
      kind: Pod,
      steps: [{ by: 'a', apply: pod({ name: 'm', image: 'x', env: [{ name: 'E' }, { name: 'E' }], volumeMounts: [{ name: 'v' }] }) }],
      error: {
        message: [
          'failed to create typed patch object (/web; v1, Kind=Pod): errors:',
          '  .spec.containers[name="m"].env: duplicate entries for key [name="E"]',
          '  .spec.containers[name="m"].volumeMounts: element 0: associative list with keys has an element that omits key field "mountPath" (and doesn\'t have default value)',
        ].join('\n'),
      },
    },
    {
      name: 'what others own, with all of it and of whom',
      kind: Service,
      steps: [
        { by: 'a', apply: service({ port: 80, name: 'web', targetPort: 1 }) },
        { by: 'b', update: { 'metadata.labels': { l: '1' } } },
        { by: 'c', apply: { metadata: { name: 'web', labels: { l: '2' } }, ...service({ port: 80, name: 'x', targetPort: 2 }) } },
      ],
      error: {
        code: 409,
        reason: 'Conflict',
        message: [
          'Apply failed with 3 conflicts: conflicts with "a":',
          '- .spec.ports[port=80,protocol="TCP"].name',
          '- .spec.ports[port=80,protocol="TCP"].targetPort',
          'conflicts with "b" using v1:',
          '- .metadata.labels.l',
        ].join('\n'),
        details: {
          causes: [
            { reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.ports[port=80,protocol="TCP"].name' },
            { reason: 'FieldManagerConflict', message: 'conflict with "a"', field: '.spec.ports[port=80,protocol="TCP"].targetPort' },
            { reason: 'FieldManagerConflict', message: 'conflict with "b" using v1', field: '.metadata.labels.l' },
          ],
        },
      },
    },
    {
      name: 'a part of what is one value',
      kind: Service,
      steps: [
        { by: 'a', apply: { spec: { ports: [{ port: 80 }], selector: { app: 'a' } } } },
        { by: 'b', apply: { spec: { selector: { app: 'a', tier: 'b' } } } },
      ],
      error: { code: 409, message: 'Apply failed with 1 conflict: conflict with "a": .spec.selector' },
    },
    {
      name: 'what was set through the status',
      kind: Deployment,
      steps: [
        { by: 'a', apply: deployment() },
        { by: 'a', apply: { status: { replicas: 1 } }, options: { subresource: 'status' } },
        { by: 'b', apply: { status: { replicas: 2 } }, options: { subresource: 'status' } },
      ],
      error: { code: 409, message: 'Apply failed with 1 conflict: conflict with "a" with subresource "status": .status.replicas' },
    },
  ])('refuses $name', async ({ kind, steps, error }) => {
    expect((await rejection(run(kind, steps))).toStatus()).toMatchObject(error);
  });
});
