// One official JavaScript SDK, watched: prints a line of JSON whenever what it says changes.
//
//     node sdks.mjs <kind> <base> <token> <context as JSON>       (in examples/, where the SDKs are)
//
// A line holds what it says of each flag, and how often it was answered with which status.
import { createRequire } from 'node:module';
import http from 'node:http';
import path from 'node:path';

const require = createRequire(path.resolve('package.json'));
const [kind, base, token, context] = [...process.argv.slice(2, 5), JSON.parse(process.argv[5])];
const statuses = {};
const count = (status) => { statuses[status] = (statuses[status] ?? 0) + 1; };
const FLAGS = ['chat', 'home', 'pay'];
const EVERY_MS = 300;

const { request } = http;
http.request = (...given) => request(...given).once('response', (answer) => count(answer.statusCode));
const { fetch } = globalThis;
const counting = async (...given) => {
  const answer = await fetch(...given);
  count(answer.status);
  return answer;
};

async function unleashClient(experimentalMode) {
  const { InMemStorageProvider, Unleash } = require('unleash-client');
  const client = new Unleash({
    url: `${base}/api`, appName: kind, customHeaders: { Authorization: token }, refreshInterval: EVERY_MS,
    metricsInterval: EVERY_MS, storageProvider: new InMemStorageProvider(), experimentalMode,
    skipInstanceCountWarning: true,
  });
  client.on('error', (error) => console.error(error));
  await new Promise((resolve) => { client.once('synchronized', resolve); });
  return (flag) => (flag === 'home' ? client.getVariant(flag, context).payload?.value : client.isEnabled(flag, context));
}

async function unleashProxyClient(usePOSTrequests) {
  const { InMemoryStorageProvider, UnleashClient } = require('unleash-proxy-client');
  const client = new UnleashClient({
    url: `${base}/api/frontend`, clientKey: token, appName: kind, refreshInterval: EVERY_MS / 1000, metricsInterval: 1,
    metricsIntervalInitial: 1, context, usePOSTrequests, storageProvider: new InMemoryStorageProvider(), fetch: counting,
  });
  await client.start();
  return (flag) => (flag === 'home' ? client.getVariant(flag).payload?.value : client.isEnabled(flag));
}

async function ofrepWeb(changeDetection) {
  const { OpenFeature } = require('@openfeature/web-sdk');
  const { OFREPWebProvider } = require('@openfeature/ofrep-web-provider');
  globalThis.EventSource = require('eventsource').EventSource;
  await OpenFeature.setContext(context);
  await OpenFeature.setProviderAndWait(new OFREPWebProvider({
    baseUrl: base, headers: [['Authorization', `Bearer ${token}`]], fetchImplementation: counting, changeDetection,
    pollInterval: changeDetection === 'sse' ? 0 : EVERY_MS, cacheMode: 'disabled',
  }));
  const client = OpenFeature.getClient();
  return (flag) => (flag === 'home' ? client.getStringValue(flag, 'none') : client.getBooleanValue(flag, false));
}

async function ofrepServer() {
  const { OpenFeature } = require('@openfeature/server-sdk');
  const { OFREPProvider } = require('@openfeature/ofrep-provider');
  await OpenFeature.setProviderAndWait(new OFREPProvider({
    baseUrl: base, headers: [['X-API-Key', token]], fetchImplementation: counting,
  }));
  const client = OpenFeature.getClient();
  return (flag) => (flag === 'home' ? client.getStringValue(flag, 'none', context) : client.getBooleanValue(flag, false, context));
}

const START = {
  'unleash-client polling': () => unleashClient({ type: 'polling', format: 'full' }),
  'unleash-client delta': () => unleashClient({ type: 'polling', format: 'delta' }),
  'unleash-client streaming': () => unleashClient({ type: 'streaming' }),
  'unleash-proxy-client GET': () => unleashProxyClient(false),
  'unleash-proxy-client POST': () => unleashProxyClient(true),
  'ofrep-web-provider polling': () => ofrepWeb('polling'),
  'ofrep-web-provider sse': () => ofrepWeb('sse'),
  'ofrep-provider': ofrepServer,
};

const say = await START[kind]();
for (let last = ''; ; await new Promise((resolve) => { setTimeout(resolve, 50); })) {
  const flags = Object.fromEntries(await Promise.all(FLAGS.map(async (flag) => [flag, await say(flag)])));
  const line = JSON.stringify({ flags, statuses });
  if (line !== last) process.stdout.write(`${line}\n`);
  last = line;
}
