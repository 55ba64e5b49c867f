import type { Secret } from '@kybern/core/kinds';
import { describe, expect, it } from 'vitest';
import { imageCredentials } from './image-credentials.ts';

const secret = (auths: object): Secret =>
  ({ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') } }) as unknown as Secret;
const robot = { username: 'robot', password: 'a:b' };

describe('who to be at a registry', () => {
  it.each([
    { name: 'the registry', key: 'registry.example.com', image: 'registry.example.com/team/app:1' },
    { name: 'a registry with a port', key: 'localhost:5000', image: 'localhost:5000/app' },
    { name: 'a part of the registry', key: 'registry.example.com/team', image: 'registry.example.com/team/app' },
    { name: 'Docker Hub by its old name', key: 'https://index.docker.io/v1/', image: 'nginx' },
  ])('is found by $name', ({ key, image }) => {
    expect(imageCredentials(image, [secret({ [key]: robot })])).toEqual([robot]);
  });

  it('is nobody at another registry, or in another part of it', () => {
    expect(imageCredentials('nginx', [secret({ 'registry.example.com': robot })])).toEqual([]);
    expect(imageCredentials('registry.example.com/teammate/app', [secret({ 'registry.example.com/team': robot })])).toEqual([]);
  });

  it('takes the most exact match first, and reads what is encoded', () => {
    const auth = Buffer.from('team:x:y').toString('base64');
    const found = imageCredentials('r.example.com/team/app', [secret({ 'r.example.com': robot, 'r.example.com/team': { auth } })]);
    expect(found).toEqual([{ username: 'team', password: 'x:y' }, robot]);
  });

  it('reads the older form, and nothing from what is damaged', () => {
    const data = { '.dockercfg': Buffer.from(JSON.stringify({ 'r.example.com': robot })).toString('base64') };
    expect(imageCredentials('r.example.com/app', [{ type: 'kubernetes.io/dockercfg', data } as unknown as Secret])).toEqual([robot]);
    expect(imageCredentials('nginx', [{ type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e' } } as unknown as Secret])).toEqual([]);
  });
});
