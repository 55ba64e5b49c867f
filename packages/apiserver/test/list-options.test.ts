import type { ApiError, Client, ListOptions } from '@kybern/core';
import { ConfigMap } from '@kybern/core/kinds';
import { createMemoryStore } from '@kybern/state';
import { describe, expect, it } from 'vitest';
import { rejection, startServer } from './fixtures.ts';

const MATCH = 'resourceVersionMatch';
const options = (text: string): string => `ListOptions.meta.k8s.io "" is invalid: ${text}`;
const NAMESPACE = { namespace: 'default', fieldSelector: 'metadata.name!=kube-root-ca.crt' } as const;

async function seed(client: Client, ...names: readonly string[]): Promise<string> {
  let revision = '';
  for (const name of names) revision = (await client.create(ConfigMap, { metadata: { name } })).metadata.resourceVersion ?? '';
  return revision;
}

/** What the lists of one test refer to: revisions by name. */
type Revisions = Readonly<Record<'forgotten' | 'kept' | 'newest' | 'future', string>>;
interface Case {
  readonly name: string;
  readonly options: Partial<ListOptions>;
  /** The revision that the list names. */
  readonly at?: keyof Revisions | '0';
  /** The names that it finds, or the error. */
  readonly finds: readonly string[] | { readonly code: number; readonly message: string | RegExp };
}

/** After `a` the history is forgotten; then come `b` and `c`. */
const CASES: readonly Case[] = [
  { name: 'nothing', options: {}, finds: ['a', 'b', 'c'] },
  { name: 'resourceVersion 0', options: {}, at: '0', finds: ['a', 'b', 'c'] },
  { name: 'a kept revision, at least', options: {}, at: 'kept', finds: ['a', 'b', 'c'] },
  { name: 'a forgotten revision, at least', options: {}, at: 'forgotten', finds: ['a', 'b', 'c'] },
  { name: 'a revision to come', options: {}, at: 'future', finds: { code: 504, message: /^Too large resource version: \d+, current: \d+$/ } },
  { name: 'NotOlderThan a kept revision', options: { [MATCH]: 'NotOlderThan' }, at: 'kept', finds: ['a', 'b', 'c'] },
  { name: 'NotOlderThan 0', options: { [MATCH]: 'NotOlderThan' }, at: '0', finds: ['a', 'b', 'c'] },
  { name: 'NotOlderThan a revision to come', options: { [MATCH]: 'NotOlderThan' }, at: 'future', finds: { code: 504, message: /^Too large/ } },
  { name: 'Exact, a kept revision', options: { [MATCH]: 'Exact' }, at: 'kept', finds: ['a', 'b'] },
  { name: 'Exact, the newest revision', options: { [MATCH]: 'Exact' }, at: 'newest', finds: ['a', 'b', 'c'] },
  {
    name: 'Exact, a forgotten revision',
    options: { [MATCH]: 'Exact' },
    at: 'forgotten',
    finds: { code: 410, message: 'The resourceVersion for the provided list is too old.' },
  },
  { name: 'Exact, a revision to come', options: { [MATCH]: 'Exact' }, at: 'future', finds: { code: 504, message: /^Too large/ } },
  {
    name: 'Exact, revision 0',
    options: { [MATCH]: 'Exact' },
    at: '0',
    finds: { code: 422, message: options(`${MATCH}: Forbidden: ${MATCH} "exact" is forbidden for resourceVersion "0"`) },
  },
  {
    name: 'a match without a revision',
    options: { [MATCH]: 'NotOlderThan' },
    finds: { code: 422, message: options(`${MATCH}: Forbidden: ${MATCH} is forbidden unless resourceVersion is provided`) },
  },
  {
    name: 'a match that there is not',
    options: { [MATCH]: 'Newest' as never },
    at: 'kept',
    finds: { code: 422, message: options(`${MATCH}: Unsupported value: "Newest": supported values: "", "Exact", "NotOlderThan"`) },
  },
  { name: 'a limit', options: { limit: 2 }, finds: ['a', 'b'] },
  { name: 'a limit and a kept revision, Exact', options: { limit: 1, [MATCH]: 'Exact' }, at: 'kept', finds: ['a'] },
  { name: 'no revision at all', options: { resourceVersion: 'x' }, finds: { code: 400, message: /resourceVersion: Invalid value: "x"/ } },
];

describe('a list', () => {
  it.each(CASES)('with $name', async ({ options: given, at, finds }) => {
    const state = createMemoryStore();
    await using server = await startServer({ state });
    const { client } = server;
    const forgotten = await seed(client, 'a');
    const kept = await seed(client, 'b');
    await state.compact(Number(kept));
    const newest = await seed(client, 'c');
    const revisions: Revisions = { forgotten, kept, newest, future: String(Number(newest) + 1000) };
    const resourceVersion = at === undefined ? {} : { resourceVersion: at === '0' ? '0' : revisions[at] };
    const call = client.list(ConfigMap, { ...NAMESPACE, ...resourceVersion, ...given });
    if (Array.isArray(finds)) expect((await call).items.map(({ metadata }) => metadata.name)).toEqual(finds);
    else {
      const { code, message } = finds as { code: number; message: string | RegExp };
      const error = await rejection(call);
      expect(error.code).toBe(code);
      expect(error.message).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
    }
  });

  it('of which one page came before the history was forgotten goes on from what is there now, if the caller wants that', async () => {
    const state = createMemoryStore();
    await using server = await startServer({ state });
    const { client } = server;
    await seed(client, 'a', 'b', 'd');
    const page = async (token?: string): Promise<{ names: readonly string[]; next: string | undefined }> => {
      const { items, metadata } = await client.list(ConfigMap, { namespace: 'default', limit: 1, ...(token === undefined ? {} : { continue: token }) });
      return { names: items.map((item) => item.metadata.name), next: metadata.continue };
    };
    const first = await page();
    await seed(client, 'c');
    await state.compact(state.revision);
    const error: ApiError = await rejection(page(first.next));
    expect(error.toStatus()).toMatchObject({ code: 410, reason: 'Expired', metadata: { continue: error.continueToken } });
    expect(error.message).toContain('use the continue token in this response to retrieve the remainder of the results');
    const names: string[] = [];
    for (let next = error.continueToken; next !== undefined; ) {
      const found = await page(next);
      names.push(...found.names);
      ({ next } = found);
    }
    expect(names).toEqual(['b', 'c', 'd']);
  });

  it('that goes on names no other revision', async () => {
    await using server = await startServer();
    const { client } = server;
    await seed(client, 'a', 'b');
    const { metadata } = await client.list(ConfigMap, { namespace: 'default', limit: 1 });
    const more = { namespace: 'default', limit: 1, continue: metadata.continue ?? '' };
    expect((await client.list(ConfigMap, { ...more, resourceVersion: '0' })).items).toHaveLength(1);
    expect(await rejection(client.list(ConfigMap, { ...more, resourceVersion: '7' }))).toMatchObject({
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    });
    expect(await rejection(client.list(ConfigMap, { ...more, resourceVersion: '7', resourceVersionMatch: 'Exact' }))).toMatchObject({
      code: 422,
      message: options(`${MATCH}: Forbidden: ${MATCH} is forbidden when continue is provided`),
    });
  });
});
