import { generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { describeKubectl, itSince } from './kubectl/kubectl.ts';

type Json = Readonly<Record<string, unknown>>;

describeKubectl('kubectl, making and setting', (k) => {
  const json = async (args: string): Promise<Json> => JSON.parse(await k().ok(`get ${args} -o json`)) as Json;
  const at = (object: unknown, path: string): unknown =>
    path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], object);

  it.each([
    {
      name: 'cluster IP',
      args: 'clusterip ip --tcp=80:8080 --tcp=443',
      holds: {
        'spec.type': 'ClusterIP',
        'spec.ports.0': { name: '80-8080', port: 80, protocol: 'TCP', targetPort: 8080 },
        'spec.ports.1.targetPort': 443,
        'spec.selector.app': 'ip',
      },
    },
    { name: 'cluster IP None', args: 'clusterip headless --clusterip=None', holds: { 'spec.clusterIP': 'None', 'spec.clusterIPs.0': 'None' } },
    {
      name: 'port of the nodes',
      args: 'nodeport np --tcp=80:8080 --node-port=30123',
      holds: { 'spec.type': 'NodePort', 'spec.ports.0.nodePort': 30_123, 'spec.externalTrafficPolicy': 'Cluster' },
    },
    {
      name: 'load balancer',
      args: 'loadbalancer lb --tcp=80:8080',
      holds: { 'spec.type': 'LoadBalancer', 'spec.allocateLoadBalancerNodePorts': true, 'spec.ports.0.port': 80 },
    },
    {
      name: 'name of another',
      args: 'externalname en --external-name=example.com --tcp=80',
      holds: { 'spec.type': 'ExternalName', 'spec.externalName': 'example.com', 'spec.clusterIP': undefined, 'spec.ports.0.port': 80 },
    },
  ])('makes a Service with a $name', async ({ args, holds }) => {
    const [, name = ''] = args.split(' ');
    expect(await k().ok(`create service ${args}`)).toBe(`service/${name} created\n`);
    const service = await json(`service ${name}`);
    for (const [path, value] of Object.entries(holds)) expect(at(service, path), path).toEqual(value);
  });

  it('refuses a port of the nodes that is taken, or that there is not', async () => {
    await k().ok('create service nodeport first --tcp=80 --node-port=30500');
    expect(await k().fails('create service nodeport second --tcp=80 --node-port=30500')).toMatch(/Invalid value: 30500: provided port is already allocated/);
    expect(await k().fails('create service nodeport third --tcp=80 --node-port=80')).toMatch(/provided port is not in the valid range/);
  });

  it('gives a load balancer an address, which tables show', async () => {
    await k().ok('create service loadbalancer balanced --tcp=80');
    await k().ok(['wait', '--for=jsonpath={.status.loadBalancer.ingress[0].ip}', 'service/balanced', '--timeout=25s']);
    expect(await k().ok('get service balanced')).toMatch(/^balanced +LoadBalancer +[\d.]+ +[\d.]+ +80:3\d+\/TCP/m);
  });

  it('makes Secrets of keys and of files', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = await k().file('tls.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expect(await k().fails(`create secret tls keys --cert=${key} --key=${key}`)).toMatch(/tls|certificate/i);
    const file = await k().file('settings.env', 'COLOR=blue\nSIZE=big\n');
    await k().ok(`create configmap from-env --from-env-file=${file}`);
    expect(at(await json('configmap from-env'), 'data')).toEqual({ COLOR: 'blue', SIZE: 'big' });
    await k().ok(`create secret generic from-file --from-file=settings=${file} --type=example.com/kind`);
    const secret = await json('secret from-file');
    expect([at(secret, 'type'), Buffer.from(String(at(secret, 'data.settings')), 'base64').toString()]).toEqual(['example.com/kind', 'COLOR=blue\nSIZE=big\n']);
  });

  it('makes a Job of a CronJob', async () => {
    await k().ok(['create', 'cronjob', 'nightly', '--image=busybox', '--schedule=0 4 * * *', '--', 'date']);
    expect(await k().ok('create job now --from=cronjob/nightly')).toBe('job.batch/now created\n');
    const job = await json('job now');
    expect(at(job, 'metadata.annotations')).toEqual({ 'cronjob.kubernetes.io/instantiate': 'manual' });
    expect(at(job, 'metadata.ownerReferences.0.name')).toBe('nightly');
  });

  it('runs a Pod with a port, labels, environment and a command', async () => {
    expect(
      await k().ok(['run', 'one', '--image=busybox', '--port=80', '--labels=a=b', '--env=COLOR=blue', '--restart=Never', '--command', '--', 'sleep', '9']),
    ).toBe('pod/one created\n');
    const pod = await json('pod one');
    expect(at(pod, 'metadata.labels')).toEqual({ a: 'b' });
    expect(at(pod, 'spec.restartPolicy')).toBe('Never');
    expect(at(pod, 'spec.containers.0')).toMatchObject({ command: ['sleep', '9'], env: [{ name: 'COLOR', value: 'blue' }], ports: [{ containerPort: 80 }] });
    expect(await k().ok('run two --image=nginx --expose --port=80 --dry-run=server')).toMatch(/service\/two created.*\npod\/two created/);
    expect(await k().fails('get pod two')).toMatch(/NotFound/);
  });

  it('sets who is bound, the account of a workload and the selector of a Service', async () => {
    await k().ok('create role watcher --verb=get,list,watch --resource=pods');
    await k().ok('create rolebinding watchers --role=watcher --user=anna');
    expect(await k().ok('set subject rolebinding watchers --user=berta --group=staff --serviceaccount=default:robot')).toMatch(/subjects updated/);
    expect(at(await json('rolebinding watchers'), 'subjects')).toMatchObject([
      { kind: 'User', name: 'anna' },
      { kind: 'User', name: 'berta' },
      { kind: 'Group', name: 'staff' },
      { kind: 'ServiceAccount', namespace: 'default', name: 'robot' },
    ]);
    expect((await k().run('auth can-i watch pods --as=berta')).out).toBe('yes\n');
    await k().ok('create deployment with-account --image=nginx --replicas=0');
    await k().ok('create serviceaccount robot');
    await k().ok('set serviceaccount deployment with-account robot');
    expect(at(await json('deployment with-account'), 'spec.template.spec.serviceAccountName')).toBe('robot');
    await k().ok('create service clusterip selecting --tcp=80');
    await k().ok('set selector service selecting app=web,tier=front');
    expect(at(await json('service selecting'), 'spec.selector')).toEqual({ app: 'web', tier: 'front' });
  });

  it('reconciles roles and bindings', async () => {
    const role = (verbs: string): string =>
      `---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: grown, namespace: default}, rules: [{apiGroups: [""], resources: [pods], verbs: [${verbs}]}]}\n`;
    const binding = (user: string): string =>
      `---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: grown, namespace: default}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: grown}, subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: ${user}}]}\n`;
    const said = await k().ok('auth reconcile -f -', { input: role('get') + binding('anna') });
    expect(said).toMatch(/^role\.rbac\.authorization\.k8s\.io\/grown reconciled$/m);
    expect(said).toMatch(/^rolebinding\.rbac\.authorization\.k8s\.io\/grown reconciled$/m);
    await k().ok('auth reconcile -f -', { input: role('list') + binding('berta') });
    expect((await json('role grown'))['rules']).toHaveLength(2);
    expect(at(await json('rolebinding grown'), 'subjects')).toHaveLength(2);
    await k().ok('auth reconcile -f - --remove-extra-permissions --remove-extra-subjects', { input: role('list') + binding('berta') });
    expect(at(await json('role grown'), 'rules')).toEqual([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]);
    expect(at(await json('rolebinding grown'), 'subjects')).toMatchObject([{ name: 'berta' }]);
    await k().ok('auth reconcile -f -', {
      input: (role('list') + binding('berta')).replaceAll('kind: Role, name: grown}, subjects', 'kind: Role, name: watcher}, subjects'),
    });
    expect(at(await json('rolebinding grown'), 'roleRef.name')).toBe('watcher');
  });

  itSince(24, 'edits, patches, replaces and gets subresources', async () => {
    await k().ok('create deployment parts --image=nginx --replicas=1');
    await k().ok('create ingress parts --class=nobody --rule=example.com/*=parts:80');
    await k().ok(['patch', 'ingress', 'parts', '--subresource=status', '--type=merge', '-p', '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}']);
    const editor = await k().file('editor.sh', '#!/bin/sh\nsed -i "s/192.0.2.1/192.0.2.2/; s/nobody/somebody/" "$1"\n');
    expect(await k().ok('edit ingress parts --subresource=status', { env: { KUBE_EDITOR: `sh ${editor}` } })).toMatch(/parts edited/);
    const ingress = await json('ingress parts');
    expect([at(ingress, 'status.loadBalancer.ingress.0.ip'), at(ingress, 'spec.ingressClassName')]).toEqual(['192.0.2.2', 'nobody']);
    await k().ok(['patch', 'deployment', 'parts', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":0}}']);
    expect(await k().ok('get deployment parts --subresource=scale -o jsonpath={.kind}/{.spec.replicas}')).toBe('Scale/0');
    await k().ok(['patch', 'node', 'node-1', '--subresource=status', '--type=merge', '-p', '{"status":{"capacity":{"example.com/fish":"3"}}}']);
    expect(await k().ok('get node node-1 --subresource=status -o jsonpath={.status.capacity.example\\.com/fish}')).toBe('3');
  });

  it('reads lists in chunks', async () => {
    for (const n of [1, 2, 3, 4, 5]) await k().ok(`create configmap chunk-${String(n)} --from-literal=a=b`);
    const verbose = await k().run('get configmaps --chunk-size=2 -o name -v=6');
    expect(verbose.out.split('\n').filter((line) => line.startsWith('configmap/chunk-'))).toHaveLength(5);
    expect(verbose.err.match(/continue=/g)?.length ?? 0).toBeGreaterThanOrEqual(2);
  });
});
