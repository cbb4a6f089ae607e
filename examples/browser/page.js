// Two official SDKs in one page, for the same person, and one stream that tells both of changes.
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature } from '@openfeature/web-sdk';
import { InMemoryStorageProvider, UnleashClient } from 'unleash-proxy-client';
import { regionalContext } from '../javascript/landfall-context.js';

const asked = new URLSearchParams(location.search);
const LANDFALL = asked.get('landfall') ?? 'http://127.0.0.1:8000';
const TOKEN = asked.get('token') ?? 'superapp:production.demo-frontend';
const form = document.querySelector('#person');
const state = document.querySelector('#state');

const unleash = new UnleashClient({
  url: `${LANDFALL}/api/frontend`,
  clientKey: TOKEN,
  appName: 'page',
  // The stream tells of changes; asking every two minutes is for when it cannot.
  refreshInterval: 120,
  context: readPerson().unleash(),
  storageProvider: new InMemoryStorageProvider(),
});
const provider = new OFREPWebProvider({
  baseUrl: LANDFALL,
  headers: [['Authorization', `Bearer ${TOKEN}`]],
  pollInterval: 120_000,
  cacheMode: 'disabled',
});
const client = OpenFeature.getClient();

function readPerson() {
  const { age, ...texts } = Object.fromEntries(new FormData(form));
  return regionalContext({ ...texts, age: age === '' ? undefined : Number(age), locale: navigator.language });
}

function show() {
  const on = unleash.getAllToggles().filter((toggle) => toggle.enabled);
  list('#unleash', on.map(({ name, variant }) => [name, variant.enabled ? variant.name : 'on']).sort());
  list('#ofrep', Object.keys(provider.flagCache).sort().map((key) => {
    const { value } = provider.flagCache[key];
    const ask = { boolean: 'getBooleanDetails', string: 'getStringDetails', number: 'getNumberDetails' }[typeof value];
    const details = client[ask ?? 'getObjectDetails'](key, value ?? {});
    return [key, `${JSON.stringify(details.value)} · ${details.flagMetadata.landfallReason ?? details.reason}`];
  }));
}

function list(where, rows) {
  document.querySelector(where).replaceChildren(...rows.map(([name, text]) => {
    const row = document.createElement('li');
    row.dataset.key = name;
    row.append(...[name, text].map((words) => Object.assign(document.createElement('span'), { textContent: words })));
    return row;
  }));
}

// A hint carries no answer: both SDKs ask again, each with the ETag that it has.
async function askAgain() {
  await Promise.all([unleash.updateToggles(), OpenFeature.setContext(readPerson().ofrep())]);
  show();
}

// EventSource sends no token; the manifest names a channel that can do nothing but listen.
async function listen() {
  const headers = { Authorization: TOKEN, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ context: readPerson().ofrep() });
  const answer = await fetch(`${LANDFALL}/api/variant`, { method: 'POST', headers, body });
  const { stream } = await answer.json();
  const source = new EventSource(LANDFALL + stream);
  source.onopen = () => { state.textContent = 'Live: changes come by themselves.'; };
  source.onerror = () => { state.textContent = 'Not connected; asking every two minutes.'; };
  source.onmessage = askAgain;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const person = readPerson();
  await Promise.all([unleash.updateContext(person.unleash()), OpenFeature.setContext(person.ofrep())]);
  show();
});
unleash.on('update', show);
unleash.on('error', (error) => { state.textContent = `Unleash: ${error.message ?? error.code ?? error}`; });
await OpenFeature.setContext(readPerson().ofrep());
await Promise.all([unleash.start(), OpenFeature.setProviderAndWait(provider)]);
show();
await listen();
