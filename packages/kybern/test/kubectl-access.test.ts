import { expect, it } from 'vitest';
import { describeKubectl, itSince } from './kubectl/kubectl.ts';

describeKubectl('kubectl, asking who may what', (k) => {
  it('asks for itself and for others', async () => {
    expect(await k().ok('auth can-i create pods')).toBe('yes\n');
    expect((await k().run('auth can-i list pods --as=anna')).out).toBe('no\n');
    expect(await k().ok('auth can-i --list')).toMatch(/^\*\.\* /m);
  });

  it('lets somebody in by a binding', async () => {
    await k().ok('create role reader --verb=get,list --resource=pods');
    await k().ok('create rolebinding anna-reads --role=reader --user=anna');
    expect(await k().ok('auth can-i list pods --as=anna')).toBe('yes\n');
    expect(await k().fails('delete pod nothing --as=anna')).toMatch(
      /Forbidden.*User "anna" cannot delete resource "pods" in API group "" in the namespace "default"/,
    );
    expect((await k().run('get pods --as=anna')).code).toBe(0);
    expect(await k().ok('get rolebinding anna-reads -o wide')).toMatch(/^anna-reads +Role\/reader +\d+s +anna/m);
    expect(await k().ok('describe role reader')).toMatch(/^ +pods +\[\] +\[\] +\[get list\]$/m);
  });

  itSince(28, 'tells who it is', async () => {
    expect(await k().ok('auth whoami')).toMatch(/^Username +kubernetes-admin$/m);
  });

  itSince(24, 'gets tokens of ServiceAccounts, which let in', async () => {
    const token = (await k().ok('create token default')).trim();
    expect(token.split('.')).toHaveLength(3);
    expect(await k().fails(`get pods --token=${token} --kubeconfig=${await withoutUser()}`)).toMatch(/Forbidden.*system:serviceaccount:default:default/);
  });

  /** The kubeconfig without the administrator's certificate. */
  async function withoutUser(): Promise<string> {
    const text = await k().ok('config view --raw -o json');
    const config = JSON.parse(text) as { users: unknown };
    return k().file('nobody', JSON.stringify({ ...config, users: [{ name: 'kybern-admin', user: {} }] }));
  }
});
