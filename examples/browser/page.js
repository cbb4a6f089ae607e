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
const client = OpenFeature.getClient();
const LIVE = 'Live: changes come by themselves.';
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
let provider;
let started;
let source;
let heard = '';
let turn = 0;

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
async function ask() {
  started ??= start();
  try {
    await started;
  } catch (error) {
    started = undefined;
    throw error;
  }
  const person = readPerson();
  await Promise.all([unleash.updateContext(person.unleash()), OpenFeature.setContext(person.ofrep())]);
  show();
}

async function start() {
  provider = new OFREPWebProvider({
    baseUrl: LANDFALL,
    headers: [['Authorization', `Bearer ${TOKEN}`]],
    pollInterval: 120_000,
    cacheMode: 'disabled',
  });
  await OpenFeature.setContext(readPerson().ofrep());
  await OpenFeature.setProviderAndWait(provider);
  await unleash.start();
  unleash.on('update', show);
}

// EventSource sends no token; the manifest names a channel that can do nothing but listen. It hears
// of this person's places only: whoever moved listens at the address of their new manifest.
async function listen() {
  const headers = { Authorization: TOKEN, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ context: readPerson().ofrep() });
  const answer = await fetch(`${LANDFALL}/api/variant`, { method: 'POST', headers, body });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.message), { status: answer.status });
  if (told.stream === heard && source.readyState === EventSource.OPEN) {
    say(LIVE);
    return;
  }
  source?.close();
  heard = told.stream;
  source = new EventSource(LANDFALL + heard);
  source.onopen = () => say(LIVE);
  source.onmessage = () => ask().catch(tell);
  source.onerror = ({ target }) => {
    say('Not connected; trying again.');
    // The browser connects again by itself, but for what was answered with an error.
    if (target === source && target.readyState === EventSource.CLOSED) setTimeout(begin, jitter(FIRST_PAUSE_MS));
  };
}

function say(sentence) {
  state.textContent = sentence;
}

function tell(error) {
  if (error.status === 401) say('Landfall does not know this token.');
  else if (error.status) say(`Landfall refuses: ${error.message}`);
  else say('Landfall cannot be reached; trying again.');
}

// Not all pages come back at the same moment.
function jitter(pause) {
  return pause * (0.5 + Math.random());
}

// Ask and listen as the person in the form; pauses double while that cannot be.
async function begin() {
  turn += 1;
  const mine = turn;
  for (let pause = FIRST_PAUSE_MS; mine === turn; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      await listen();
      await ask();
      return;
    } catch (error) {
      if (mine === turn) tell(error);
      if (error.status < 500 && error.status !== 429) return;
    }
    await new Promise((done) => { setTimeout(done, jitter(pause)); });
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  begin();
});
await begin();
