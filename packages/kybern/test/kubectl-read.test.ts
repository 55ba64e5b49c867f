import { beforeAll, expect, it } from 'vitest';
import { describeKubectl, itSince } from './kubectl/kubectl.ts';
import { configMap, deployment } from './kubectl/manifests.ts';

const lines = (text: string): string[] => text.trimEnd().split('\n');

describeKubectl('kubectl, reading', (k) => {
  beforeAll(async () => {
    const objects = [
      deployment('web', 3),
      '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}',
      configMap('settings', { color: 'blue' }, { tier: 'front' }),
      '{apiVersion: v1, kind: Secret, metadata: {name: keys}, data: {token: YQ==}}',
      ...['a', 'b', 'c', 'd', 'e'].map((name) => configMap(`page-${name}`, {}, { page: 'yes' })),
    ];
    await k().ok('apply -f -', { input: objects.join('\n---\n') });
    await k().ok('rollout status deployment/web --timeout=25s');
  });

  it('tells versions', async () => {
    expect(await k().ok('version --output=json')).toMatch(/"gitVersion": "v1\.36/);
  });

  it('tells where the cluster is', async () => {
    expect(await k().ok('cluster-info')).toMatch(/control plane.* is running at.*https:\/\/127\.0\.0\.1:\d+/);
  });

  it('lists what is served', async () => {
    const resources = await k().ok('api-resources');
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m);
    expect(resources).toMatch(/^nodes +no +v1 +false +Node$/m);
    expect(await k().ok('api-resources --api-group=apps --namespaced -o name')).toContain('statefulsets.apps');
    expect(lines(await k().ok('api-versions'))).toEqual(expect.arrayContaining(['v1', 'apps/v1', 'autoscaling/v2', 'rbac.authorization.k8s.io/v1']));
  });

  it('explains kinds and fields', async () => {
    const containers = await k().ok('explain pod.spec.containers');
    expect(containers).toMatch(/imagePullPolicy\t<string>/);
    expect(containers).toMatch(/name\t<string>.*required/);
    const recursive = await k().ok('explain deployment --recursive');
    expect(recursive).toMatch(/ {2}spec\t<(DeploymentSpec|Object)>/);
    expect(recursive).toMatch(/maxUnavailable\t<(IntOrString|string)>/);
    expect(await k().fails('explain pod.spec.nothing')).toMatch(/field "nothing" does not exist/);
  });

  it('gets tables: short, wide, of all namespaces, with labels', async () => {
    const pods = lines(await k().ok('get pods'));
    expect(pods[0]).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE$/);
    expect(pods.slice(1)).toHaveLength(3);
    for (const pod of pods.slice(1)) expect(pod).toMatch(/^web-[a-z0-9]+-[a-z0-9]{5} +1\/1 +Running +0 +\d+s$/);
    expect(lines(await k().ok('get deployments -o wide'))).toEqual([
      expect.stringMatching(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR$/),
      expect.stringMatching(/^web +3\/3 +3 +3 +\d+s +main +nginx:1\.25 +app=web$/),
    ]);
    expect(await k().ok('get services -A')).toMatch(/^default +kubernetes +ClusterIP +10\.96\.0\.1 +<none> +443\/TCP +\d+s$/m);
    expect(await k().ok('get cm settings --show-labels')).toMatch(/^settings +1 +\d+s +tier=front$/m);
    expect(await k().ok('get cm -L tier')).toMatch(/^settings +1 +\d+s +front$/m);
    expect(lines(await k().ok('get deployment,replicaset,service --no-headers'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^deployment\.apps\/web /)]),
    );
    expect(await k().ok('get all')).toMatch(/^replicaset\.apps\/web-[a-z0-9]+ +3 +3 +3/m);
  });

  it.each([
    { name: 'nodes', kinds: 'nodes', header: /^NAME +STATUS +ROLES +AGE +VERSION/ },
    { name: 'namespaces', kinds: 'namespaces', header: /^NAME +STATUS +AGE/ },
    { name: 'accounts', kinds: 'serviceaccounts', header: /^NAME +AGE/ },
    { name: 'endpoint slices', kinds: 'endpointslices', header: /^NAME +ADDRESSTYPE +PORTS +ENDPOINTS +AGE/ },
    { name: 'leases', kinds: 'leases -n kube-node-lease', header: /^NAME +HOLDER +AGE/ },
    { name: 'priority classes', kinds: 'priorityclasses', header: /^NAME +VALUE +GLOBAL-DEFAULT +AGE/ },
    { name: 'events', kinds: 'events', header: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE/ },
    { name: 'secrets', kinds: 'secrets', header: /^NAME +TYPE +DATA +AGE/ },
  ])('gets $name', async ({ kinds, header }) => {
    expect(lines(await k().ok(`get ${kinds}`))[0]).toMatch(header);
  });

  it("gets objects as JSON, YAML, names and columns of one's own", async () => {
    const parsed = JSON.parse(await k().ok('get deployment web -o json')) as { kind: string; spec: { replicas: number } };
    expect(parsed).toMatchObject({ kind: 'Deployment', apiVersion: 'apps/v1', spec: { replicas: 3 } });
    expect(await k().ok('get cm settings -o yaml')).toMatch(/^data:\n {2}color: blue\nkind: ConfigMap$/m);
    expect(await k().ok('get cm settings -o jsonpath={.data.color}')).toBe('blue');
    expect(await k().ok('get pods -o jsonpath={.items[*].status.phase}')).toBe('Running Running Running');
    expect(await k().ok('get cm settings -o name')).toBe('configmap/settings\n');
    expect(lines(await k().ok('get cm settings -o custom-columns=N:.metadata.name,C:.data.color'))).toEqual([
      expect.stringMatching(/^N +C$/),
      expect.stringMatching(/^settings +blue$/),
    ]);
    expect(await k().ok(['get', 'cm', 'settings', '-o', 'go-template={{.data.color}}'])).toBe('blue');
  });

  it('selects by labels and fields, sorts, and reads in chunks', async () => {
    expect(lines(await k().ok('get cm -l page=yes -o name --chunk-size=2'))).toHaveLength(5);
    expect(await k().ok('get cm -l page!=yes,tier -o name')).toBe('configmap/settings\n');
    expect(await k().ok('get cm --field-selector metadata.name=settings -o name')).toBe('configmap/settings\n');
    const [node = ''] = lines(await k().ok('get pods -o jsonpath={.items[0].spec.nodeName}'));
    for (const pod of lines(await k().ok(`get pods --field-selector spec.nodeName=${node},status.phase=Running -o wide --no-headers`)))
      expect(pod).toContain(node);
    expect(lines(await k().ok('get cm -l page --sort-by=.metadata.name -o name'))).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `configmap/page-${name}`));
    expect(lines(await k().ok('get pods --sort-by=.metadata.creationTimestamp'))).toHaveLength(4);
    expect(await k().fails('get pods --field-selector spec.nothing=a')).toMatch(/BadRequest.*field label not supported: spec\.nothing/);
  });

  it('watches', async () => {
    const watch = k().follow('get configmaps -w -l watched=yes');
    await k().ok('create configmap watched-1 --from-literal=a=b');
    await k().ok('label configmap watched-1 watched=yes');
    await watch.said(/^watched-1 +1 +\d+s$/m);
    await k().ok('delete configmap watched-1');
    expect(await watch.said(/(^watched-1 +1 +\d+s\n){2}/m)).toMatch(/^NAME +DATA +AGE\n/);
    await watch.stop();
    const json = k().follow('get pods --watch -o name');
    await json.said(/^pod\/web-/m);
  });

  it('says what is not there', async () => {
    expect(await k().fails('get pod nothing')).toBe('Error from server (NotFound): pods "nothing" not found\n');
    expect(await k().fails('get nothings')).toMatch(/the server doesn't have a resource type "nothings"/);
    expect((await k().run('get pods -n empty')).err).toBe('No resources found in empty namespace.\n');
  });

  it('describes a Pod with its events', async () => {
    const pod = (await k().ok('get pods -l app=web -o name')).split('\n')[0] ?? '';
    const text = await k().ok(`describe ${pod}`);
    for (const pattern of [
      /^Name: +web-/m,
      /^Node: +node-\d\//m,
      /^Status: +Running$/m,
      /^Controlled By: +ReplicaSet\/web-/m,
      /Image: +nginx:1\.25/,
      /COLOR: +blue/,
      /^QoS Class: +Burstable$/m,
    ])
      expect(text).toMatch(pattern);
    expect(text).toMatch(/Normal +Scheduled/);
    expect(text).toMatch(/Normal +Started/);
  });

  it.each([
    {
      name: 'a Deployment',
      args: 'deployment web',
      patterns: [
        /^Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable$/m,
        /^NewReplicaSet: +web-[a-z0-9]+ \(3\/3 replicas created\)$/m,
        /ScalingReplicaSet/,
      ],
    },
    {
      name: 'a ReplicaSet',
      args: 'replicaset -l app=web',
      patterns: [
        /^Controlled By: +Deployment\/web$/m,
        /^Replicas: +3 current \/ 3 desired$/m,
        /^Pods Status: +3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m,
        /SuccessfulCreate/,
      ],
    },
    { name: 'a Service', args: 'service web', patterns: [/^Selector: +app=web$/m, /^Port: +<unset> +80\/TCP$/m] },
    { name: 'a Node', args: 'node node-1', patterns: [/^ +Ready +True/m, /^Non-terminated Pods:/m, /^Allocated resources:/m] },
    { name: 'a Namespace', args: 'namespace default', patterns: [/^Status: +Active$/m] },
    { name: 'a ConfigMap', args: 'configmap settings', patterns: [/^color:\n----\nblue$/m] },
    { name: 'a Secret', args: 'secret keys', patterns: [/^token: +1 bytes?$/m] },
    { name: 'an account', args: 'serviceaccount default', patterns: [/^Name: +default$/m] },
    { name: 'a priority class', args: 'priorityclass system-cluster-critical', patterns: [/^Value: +2000000000$/m] },
  ])('describes $name', async ({ args, patterns }) => {
    const text = await k().ok(`describe ${args}`);
    for (const pattern of patterns) expect(text).toMatch(pattern);
  });

  itSince(26, 'lists events', async () => {
    expect(await k().ok('events --for deployment/web')).toMatch(/Normal +ScalingReplicaSet +Deployment\/web/);
  });
});
