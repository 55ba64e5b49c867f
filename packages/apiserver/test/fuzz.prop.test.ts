import { isApiError, seededRandom, type Kind } from '@kybern/core';
import { builtinKinds } from '@kybern/core/kinds';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApiServer, SYSTEM_USER, type ApiRequest, type ApiServer } from '@kybern/apiserver';
import { randomValue, repair } from './random-object.ts';

const RUNS = 60;

/** A request ends with a result, or with an error that is not the server's own fault; and it leaves its body alone. */
async function expectNoFault(api: ApiServer, request: ApiRequest): Promise<boolean> {
  const before = JSON.stringify(request.body);
  try {
    await api.execute(request);
    return true;
  } catch (error) {
    if (!isApiError(error)) throw error;
    if (error.code >= 500) throw new Error(`${error.message}, for ${request.verb} of ${before}`, { cause: error });
    return false;
  } finally {
    expect(JSON.stringify(request.body)).toBe(before);
  }
}

/** The same body with a name that is allowed, and nothing else in metadata that could stop it early. */
function named(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { apiVersion: _, kind: _kind, ...rest } = body as Record<string, unknown>;
  return { ...rest, metadata: { name: 'web', labels: { app: 'web' } } };
}

async function tryEverything(api: ApiServer, kind: Kind, body: unknown): Promise<void> {
  const about = { kind, user: SYSTEM_USER, namespace: kind.scope === 'Cluster' ? undefined : 'default' };
  const patch = named(body);
  await expectNoFault(api, { ...about, verb: 'create', body });
  await expectNoFault(api, { ...about, verb: 'create', body: patch });
  await expectNoFault(api, { ...about, verb: 'patch', name: 'web', patchType: 'merge', body: patch });
  await expectNoFault(api, {
    ...about,
    verb: 'patch',
    name: 'web',
    patchType: 'json',
    body: [{ op: 'replace', path: '/spec', value: (patch as { spec?: unknown } | null)?.spec ?? null }],
  });
  await expectNoFault(api, { ...about, verb: 'update', name: 'web', body: patch });
  for (const { name, verbs } of kind.subresources) {
    if (verbs.includes('patch')) await expectNoFault(api, { ...about, verb: 'patch', name: 'web', subresource: name, patchType: 'strategic', body: patch });
    if (verbs.includes('create')) await expectNoFault(api, { ...about, verb: 'create', name: 'web', subresource: name, body });
  }
  if (kind.verbs.includes('delete')) await expectNoFault(api, { ...about, verb: 'delete', name: 'web', options: { gracePeriodSeconds: 0 } });
}

describe('whatever the body, the answer is an object or an error of the request', () => {
  const writable = builtinKinds.filter(({ verbs }) => verbs.includes('create'));
  it.each(writable.map((kind) => ({ name: `${kind.kind} ${kind.group}/${kind.version}`, kind })))('$name', async ({ kind }) => {
    const model = await kind.model();
    await using api = await createApiServer();
    const property = fc.asyncProperty(fc.integer(), fc.constantFrom(0, 0.02, 0.2), fc.boolean(), (seed, faults, repaired) => {
      const random = seededRandom(seed);
      const body = randomValue(random, model.schema, { faults });
      if (repaired) repair(random, body, model);
      return tryEverything(api, kind, body);
    });
    await fc.assert(property, { numRuns: RUNS });
  });
});
