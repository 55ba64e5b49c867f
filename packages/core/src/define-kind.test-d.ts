import { condition, defineKind, type Client, type Condition, type InferSchema, type Kind, type ObjectInput, type ObjectOf } from '@kybern/core';
import { Deployment, Pod } from '@kybern/core/kinds';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only when `T` is exactly the type of `value`. */
function expectType<T>() {
  return <U>(_value: U, ..._same: Equal<T, U> extends true ? [] : [never]): void => undefined;
}
declare const client: Client;

export const Site = defineKind({
  group: 'tools.example.com',
  version: 'v1',
  kind: 'Site',
  scope: 'Namespaced',
  spec: { type: 'object', required: ['domain'], properties: { domain: { type: 'string' }, replicas: { type: 'integer', default: 1 } } },
  status: { type: 'object', properties: { url: { type: 'string' } } },
});
type Site = ObjectOf<typeof Site>;
declare const site: Site;

// What is read: defaults are there, status and what is not required may be absent.
expectType<string>()(site.spec.domain);
expectType<number>()(site.spec.replicas);
expectType<string | undefined>()(site.status?.url);
expectType<readonly Condition[] | undefined>()(site.status?.conditions);
expectType<string>()(site.metadata.name);
expectType<'tools.example.com/v1'>()(site.apiVersion);
expectType<'Site'>()(site.kind);
// @ts-expect-error objects are read-only
site.spec.domain = 'x';
// @ts-expect-error there is no such field
void site.spec.domian;

// What is written: what has a default may be left out.
void client.create(Site, { metadata: { generateName: 'a-' }, spec: { domain: 'a' } });
void client.create(Site, { metadata: { name: 'a' }, spec: { domain: 'a', replicas: 2 } });
void client.update(Site, site);
void client.update(Site, { ...site, spec: { ...site.spec, replicas: 3 } });
// @ts-expect-error domain is required
void client.create(Site, { metadata: { name: 'a' }, spec: { replicas: 2 } });
// @ts-expect-error domain is a text
void client.create(Site, { metadata: { name: 'a' }, spec: { domain: 1 } });
// @ts-expect-error spec is required
void client.create(Site, { metadata: { name: 'a' } });
// @ts-expect-error metadata is required
void client.create(Pod, { spec: { containers: [] } });
void client.create(Pod, { metadata: { name: 'a' }, spec: { containers: [{ name: 'a', image: 'b' }] } });

// A spec in which nothing has to be written need not be there.
const Gauge = defineKind({
  group: 'x.example.com',
  version: 'v1',
  kind: 'Gauge',
  scope: 'Cluster',
  spec: { type: 'object', properties: { level: { type: 'integer', default: 5 }, unit: { type: 'string' } } },
});
void client.create(Gauge, { metadata: { name: 'a' } }).then((gauge) => expectType<number>()(gauge.spec.level));

// Drafts.
void client.mutateStatus(Site, site, (draft) => {
  draft.status.url = 'https://example.com';
  condition(draft, 'Ready', true, { reason: 'Published' });
});
void client.mutate(Site, 'default/a', (draft) => {
  draft.spec.replicas += 1;
  condition(draft, 'Ready', false);
});
void client.mutateStatus(Deployment, 'default/a', (draft) => condition(draft, 'Available', true));
void client.get(Site, 'a').then((object) => expectType<Site>()(object));

// Generic code may pass on what it has read.
export async function touch<T extends Site | Pod>(kind: Kind<T>, object: T): Promise<T> {
  const input: ObjectInput<T> = object;
  void input.metadata.name;
  return client.update(kind, object);
}

// Schemas.
type Everything = InferSchema<{
  type: 'object';
  required: ['level', 'port'];
  properties: {
    level: { type: 'string'; enum: ['low', 'high'] };
    port: { 'x-kubernetes-int-or-string': true };
    note: { type: 'string'; nullable: true };
    tags: { type: 'array'; items: { type: 'string' } };
    weights: { type: 'object'; additionalProperties: { type: 'number' } };
    free: { type: 'object'; 'x-kubernetes-preserve-unknown-fields': true };
    nested: { type: 'object'; required: ['on']; properties: { on: { type: 'boolean' } } };
    list: { type: 'array'; items: { type: 'object'; properties: { a: { type: 'integer'; default: 1 } } } };
  };
}>;
declare const everything: Everything;
expectType<'low' | 'high'>()(everything.level);
expectType<number | string>()(everything.port);
expectType<string | null | undefined>()(everything.note);
expectType<readonly string[] | undefined>()(everything.tags);
expectType<Readonly<Record<string, number>> | undefined>()(everything.weights);
expectType<Readonly<Record<string, unknown>> | undefined>()(everything.free);
expectType<boolean | undefined>()(everything.nested?.on);
expectType<number | undefined>()(everything.list?.[0]?.a);

// Kinds without spec and status.
export const Note = defineKind({
  group: 'x.example.com',
  version: 'v1',
  kind: 'Note',
  scope: 'Cluster',
  schema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
});
declare const note: ObjectOf<typeof Note>;
expectType<string>()(note.text);
// @ts-expect-error there is no status to have conditions
condition(note, 'Ready', true);
