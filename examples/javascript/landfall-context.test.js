// The vectors that both languages are held to: `npm test` in examples/.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { regionalContext } from './landfall-context.js';

const vectors = JSON.parse(readFileSync(new URL('../context-vectors.json', import.meta.url)));

for (const { why, evidence, unleash, ofrep } of vectors) {
  test(why, () => {
    assert.deepEqual(regionalContext(evidence).unleash(), unleash);
    assert.deepEqual(regionalContext(evidence).ofrep(), ofrep);
  });
}

test('a field that has a name of its own is refused among the others', () => {
  assert.throws(() => regionalContext({ more: { accountCountry: 'SG' } }), /accountCountry/);
});
