/** A Deployment with everything that a describer looks at. */
export const deployment = (name: string, replicas = 2, image = 'nginx:1.25'): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, labels: { app: ${name} } }
spec:
  replicas: ${String(replicas)}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: ${image}
          env: [{ name: COLOR, value: blue }]
          ports: [{ containerPort: 80 }]
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 64Mi } }
`;

export const configMap = (name: string, data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}): string =>
  `${JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...(Object.keys(labels).length === 0 ? {} : { labels }) }, data })}\n`;
