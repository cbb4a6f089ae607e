// What blocks of the documents find in browsers and in WeChat, for Node.
import { createRequire } from 'node:module';
import path from 'node:path';

const { EventSource } = createRequire(path.resolve('package.json'))('eventsource');
const memory = new Map();
const { log } = console;
let hide = () => {};

globalThis.EventSource = EventSource;
globalThis.wx = {
  getStorageSync: (key) => memory.get(key) ?? '',
  setStorageSync: (key, value) => memory.set(key, value),
  request({ url, method, data, header, success, fail }) {
    fetch(url, { method, body: data, headers: header }).then(async (answer) => {
      success({ statusCode: answer.status, data: await answer.json(), header: Object.fromEntries(answer.headers) });
    }).catch(fail);
  },
};
// The app is shown, and hidden again once it has said something; a page is left then, too.
globalThis.App = ({ onShow, onHide }) => { hide = onHide; onShow(); };
console.log = (...said) => { log(...said); setTimeout(() => hide(), 0); setTimeout(() => process.exit(), 500).unref(); };
