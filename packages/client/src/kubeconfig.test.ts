import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKubeconfig } from './kubeconfig.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');

const config = (over: { server?: string; user?: object; cluster?: object; current?: string } = {}): string =>
  JSON.stringify({
    'current-context': over.current ?? 'dev',
    clusters: [{ name: 'c', cluster: { server: over.server ?? 'https://10.0.0.1:6443/', 'certificate-authority-data': encode('CA'), ...over.cluster } }],
    users: [{ name: 'u', user: over.user ?? { token: 'secret' } }],
    contexts: [
      { name: 'dev', context: { cluster: 'c', user: 'u', namespace: 'team' } },
      { name: 'bare', context: { cluster: 'c' } },
    ],
  });

describe('loadKubeconfig', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const load = async (text: string, options: { context?: string } = {}): ReturnType<typeof loadKubeconfig> => {
    const file = join(folder, 'config');
    await writeFile(file, text);
    return loadKubeconfig({ file, ...options });
  };

  it('reads the current context, decoding inline data', async () => {
    expect(await load(config())).toEqual({ server: 'https://10.0.0.1:6443', certificateAuthority: 'CA', token: 'secret', namespace: 'team' });
  });

  it('reads another context, without a user and with the default namespace', async () => {
    expect(await load(config(), { context: 'bare' })).toEqual({ server: 'https://10.0.0.1:6443', certificateAuthority: 'CA', namespace: 'default' });
  });

  it('reads files relative to the kubeconfig, inline data wins', async () => {
    await writeFile(join(folder, 'client.crt'), 'CERT');
    await writeFile(join(folder, 'client.key'), 'KEY');
    const access = await load(
      config({ cluster: { 'certificate-authority': 'missing.crt' }, user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }),
    );
    expect(access).toMatchObject({ certificateAuthority: 'CA', clientCertificate: 'CERT', clientKey: 'KEY' });
  });

  it('takes the first file of $KUBECONFIG', async () => {
    const file = join(folder, 'first');
    await writeFile(file, config());
    expect(await loadKubeconfig({ env: { KUBECONFIG: `${file}:/nowhere` } })).toMatchObject({ token: 'secret' });
  });

  it('puts all files of $KUBECONFIG together: the first that has an entry wins, and its names are relative to it', async () => {
    const [first, second] = [join(folder, 'one'), join(folder, 'two')];
    await writeFile(join(folder, 'jwt'), 'x');
    await writeFile(
      first,
      JSON.stringify({
        'current-context': 'mixed',
        contexts: [{ name: 'mixed', context: { cluster: 'c', user: 'own' } }],
        users: [{ name: 'own', user: { tokenFile: 'jwt' } }],
      }),
    );
    await writeFile(second, config());
    expect(await loadKubeconfig({ env: { KUBECONFIG: `${first}:${second}` } })).toEqual({
      server: 'https://10.0.0.1:6443',
      certificateAuthority: 'CA',
      tokenFile: join(folder, 'jwt'),
      namespace: 'default',
    });
    expect(await loadKubeconfig({ env: { KUBECONFIG: `${first}:${second}` }, context: 'dev' })).toMatchObject({ token: 'secret' });
  });

  it('reads exec plugins, proxies and whom to be', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'bin/login',
      args: ['a'],
      env: [{ name: 'A', value: 'b' }],
      provideClusterInfo: true,
    };
    const access = await load(
      config({ user: { exec, as: 'anna', 'as-groups': ['g'] }, cluster: { 'proxy-url': 'http://proxy:3128', 'tls-server-name': 'api' } }),
    );
    expect(access).toMatchObject({
      proxyUrl: 'http://proxy:3128',
      tlsServerName: 'api',
      impersonate: { username: 'anna', groups: ['g'] },
      exec: { command: join(folder, 'bin/login'), args: ['a'], env: { A: 'b' }, cluster: { server: 'https://10.0.0.1:6443/', 'tls-server-name': 'api' } },
    });
  });

  it.each([
    { name: 'a text that is not YAML', text: '{', message: /is not YAML/ },
    { name: 'no current context', text: '{}', message: /has no current-context/ },
    { name: 'a context that is not there', text: config({ current: 'prod' }), message: /has no context "prod"/ },
    { name: 'a server that is no URL', text: config({ server: 'nonsense' }), message: /cluster "c": server must be a URL/ },
    { name: 'an auth provider', text: config({ user: { 'auth-provider': { name: 'gcp' } } }), message: /user "u": auth-provider is not supported/ },
    { name: 'an exec plugin without a command', text: config({ user: { exec: { apiVersion: 'v1' } } }), message: /exec: command must be specified/ },
    { name: 'a proxy of another kind', text: config({ cluster: { 'proxy-url': 'socks5://127.0.0.1:1' } }), message: /proxy-url must be an http or https URL/ },
    { name: 'a certificate file that is missing', text: config({ user: { 'client-certificate': 'gone.crt' } }), message: /cannot read .*gone\.crt/ },
  ])('refuses $name, naming the file', async ({ text, message }) => {
    await expect(load(text)).rejects.toThrow(message);
    await expect(load(text)).rejects.toMatchObject({ name: 'KubeconfigError', file: join(folder, 'config') });
  });

  it('says what to do when there is no file', async () => {
    await expect(loadKubeconfig({ file: join(folder, 'nowhere') })).rejects.toThrow(/nowhere: cannot be read; is the cluster up\?/);
  });
});
