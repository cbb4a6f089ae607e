// The same small shop as ../python/shop.py, with the official unleash-client.
//
// Run it beside `make run`, in examples/:    npm run backend
// and ask:                                   curl 'http://127.0.0.1:8411/?user=li' -H 'X-Country: HK'
import { createServer } from 'node:http';
import { Unleash } from 'unleash-client';
import { regionalContext } from '../javascript/landfall-context.js';

const LANDFALL = process.env.LANDFALL_URL ?? 'http://127.0.0.1:8000';
const TOKEN = process.env.LANDFALL_TOKEN ?? 'superapp:production.demo-backend';
const PORT = Number(process.env.SHOP_PORT ?? 8411);
const STALE_MS = Number(process.env.SHOP_STALE_SECONDS ?? 60) * 1000;
const REFRESH_MS = Number(process.env.SHOP_REFRESH_SECONDS ?? 15) * 1000;
// What the SDK fetches: everything on a change, only the change, or the change as it happens.
const MODES = {
  polling: { type: 'polling', format: 'full' },
  delta: { type: 'polling', format: 'delta' },
  streaming: { type: 'streaming' },
};
const MODE = process.env.SHOP_MODE ?? 'polling';
// What the shop knows of its customers; the rest comes with each request.
const CUSTOMERS = {
  ana: { accountCountry: 'SG', age: 34, walletCurrency: 'SGD' },
  li: { accountCountry: 'HKG', age: 29, walletCurrency: 'HKD' },
};
// Better off than wrongly on, when nobody knows what holds now.
const STRICT = new Set(['commerce.checkout', 'wallet.p2p-transfer']);
const ASKED = ['commerce.collections', ...STRICT];

const unleash = new Unleash({
  url: `${LANDFALL}/api/`,
  appName: 'shop',
  customHeaders: { Authorization: TOKEN },
  refreshInterval: REFRESH_MS,
  experimentalMode: MODES[MODE],
});
unleash.on('error', (error) => console.error('landfall:', error.message));
unleash.on('warn', (warning) => console.error('landfall:', warning));

// When Landfall last said what holds. The SDK itself keeps definitions of any age, and a backup on
// disk over restarts; `changed` and `unchanged` are answers, `ready` may be that backup.
let heardAt = -Infinity;
const hear = () => { heardAt = performance.now(); };
const isFresh = () => performance.now() - heardAt <= STALE_MS;
unleash.on('changed', hear);
unleash.on('unchanged', hear);
if (MODE === 'streaming') {
  // A quiet stream looks like a dead one; whether Landfall is there is asked beside it.
  setInterval(() => fetch(`${LANDFALL}/readyz`).then((answer) => answer.ok && hear(), () => {}), REFRESH_MS);
}

// Unknown features are off, strict ones also when nobody knows.
function isOn(feature, person) {
  return (!STRICT.has(feature) || isFresh()) && unleash.isEnabled(feature, person.unleash());
}

const shop = createServer((request, response) => {
  const user = new URL(request.url, LANDFALL).searchParams.get('user') ?? '';
  const { headers } = request;
  const person = regionalContext({
    userId: user,
    ...CUSTOMERS[user],
    // Your load balancer or gateway knows the country of an address.
    ipCountry: headers['x-country'],
    platform: headers['x-platform'] ?? 'ios',
    osVersion: headers['x-os-version'] ?? '18',
    appVersion: headers['x-app-version'] ?? '8.0.70',
  });
  const features = Object.fromEntries(ASKED.map((feature) => [feature, isOn(feature, person)]));
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ fresh: isFresh(), features }));
});
shop.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? `Port ${PORT} is taken; set SHOP_PORT.` : error.message);
  process.exit(1);
});
shop.listen(PORT, '127.0.0.1', () => {
  console.log(`The shop is open on http://127.0.0.1:${PORT}/?user=li (${MODE})`);
});
