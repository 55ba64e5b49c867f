import { describe, expect, it } from 'vitest';
import { tokenFileAuthenticator } from './token-file.ts';

describe('tokenFileAuthenticator', () => {
  it.each([
    { name: 'three columns', csv: 't,jane,1', user: { username: 'jane', uid: '1', groups: [] } },
    { name: 'groups', csv: 't,jane,1,"dev, ops"\r\n', user: { username: 'jane', uid: '1', groups: ['dev', 'ops'] } },
    { name: 'quotes and blank lines', csv: '\n"t","ja""ne, d.","1"\n\n', user: { username: 'ja"ne, d.', uid: '1', groups: [] } },
    { name: 'the last of two', csv: 't,joe,2\nt,jane,1', user: { username: 'jane', uid: '1', groups: [] } },
    { name: 'no token', csv: ',jane,1', user: undefined },
  ])('reads $name', async ({ csv, user }) => {
    expect(await tokenFileAuthenticator(csv).authenticate({ token: 't' })).toEqual(user === undefined ? undefined : { user });
    expect(await tokenFileAuthenticator(csv).authenticate({ token: '' })).toBeUndefined();
    expect(await tokenFileAuthenticator(csv).authenticate({})).toBeUndefined();
  });

  it.each([
    { name: 'too few columns', csv: 't,jane', message: 'line 1 of the token file must have at least 3 columns (token, user name, user uid), found 2' },
    { name: 'a quote that is not closed', csv: 't,jane,1\nt,"jane,1', message: 'line 2 of the token file has a quote out of place' },
  ])('refuses $name', ({ csv, message }) => {
    expect(() => tokenFileAuthenticator(csv)).toThrow(message);
  });
});
