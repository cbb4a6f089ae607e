// The poller on Node: `wx.request` and the storage in a few lines, as a mini-program has them.
//
// Run it beside `make run`, in examples/:    npm run mini-program
import { regionalContext } from '../javascript/landfall-context.js';
import { createPoller } from './poller.js';

const memory = new Map();
const wx = {
  getStorageSync: (key) => structuredClone(memory.get(key)) ?? '',
  setStorageSync: (key, value) => memory.set(key, structuredClone(value)),
  request({ url, method, data, header, success, fail }) {
    fetch(url, { method, body: data, headers: header }).then(async (answer) => {
      const text = await answer.text();
      success({
        statusCode: answer.status,
        data: answer.ok ? JSON.parse(text) : text,
        header: Object.fromEntries(answer.headers),
      });
    }).catch(fail);
  },
};

const poller = createPoller({
  request: wx.request,
  storage: wx,
  url: process.env.LANDFALL_URL ?? 'http://127.0.0.1:8000',
  token: process.env.LANDFALL_TOKEN ?? 'superapp:production.demo-frontend',
  intervalMs: Number(process.env.POLL_SECONDS ?? 10) * 1000,
  onChange({ revision, features }) {
    const on = features.filter((feature) => feature.on).map((feature) => feature.key);
    console.log(JSON.stringify({ revision, on }));
  },
});
const person = regionalContext({
  userId: 'ana',
  accountCountry: 'SG',
  locationCountry: 'SG',
  storefrontCountry: 'SGP',
  platform: 'ios',
  osVersion: '18',
  appVersion: '8.0.70',
  age: 34,
});
poller.start(person.ofrep());
