import { expect, it } from 'vitest';
import { at, pod, replicaSet } from '../test/objects.ts';
import { computeClaims } from './claims.ts';

const owner = replicaSet('mine');
const names = (objects: readonly { metadata: { name: string } }[]): string[] => objects.map((object) => object.metadata.name);

it('keeps, adopts and releases', () => {
  const candidates = [
    pod('owned', { owner }),
    pod('owned but no longer selected', { owner, metadata: { labels: {} } }),
    pod('orphan'),
    pod('orphan that is going', { metadata: { deletionTimestamp: at(0) } }),
    pod('orphan of another kind', { metadata: { labels: { app: 'db' } } }),
    pod('somebody else’s', { owner: replicaSet('other') }),
  ];
  const selects = (labels?: Readonly<Record<string, string>>): boolean => labels?.['app'] === 'web';
  const claims = computeClaims({ owner, selects, candidates });
  expect([names(claims.owned), names(claims.adopt), names(claims.release)]).toEqual([['owned'], ['orphan'], ['owned but no longer selected']]);
  const leaving = computeClaims({ owner: replicaSet('mine', { metadata: { deletionTimestamp: at(0) } }), selects, candidates });
  expect([names(leaving.owned), leaving.adopt, leaving.release]).toEqual([['owned', 'owned but no longer selected'], [], []]);
});
