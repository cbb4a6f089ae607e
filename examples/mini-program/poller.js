/**
 * Ask for a person's variant now and then: no SDK, one POST, an ETag, a memory of the last answer.
 *
 * Written for WeChat mini-programs (`request: wx.request`, `storage: wx`); whatever has the same
 * two shapes will do. In a page or in app.js:
 *
 *     const poller = createPoller({ request: wx.request, storage: wx, url, token, onChange });
 *     App({ onShow() { poller.start(person.ofrep()); }, onHide() { poller.stop(); } });
 */
const KEY = 'landfall.variant';
const AGAIN_MAX_MS = 15 * 60_000;

export function createPoller({ request, storage, url, token, onChange, intervalMs = 60_000, random = Math.random }) {
  let asked = '';
  let kept = null;
  let failures = 0;
  let timer = null;
  let round = 0;

  // Everybody at the same second would be a storm: 80 to 120 % of the interval, and after a
  // failure twice as long each time.
  function askLater(atLeastMs = 0) {
    const pause = Math.min(intervalMs * 2 ** failures, AGAIN_MAX_MS) * (0.8 + 0.4 * random());
    timer = setTimeout(ask, Math.max(pause, atLeastMs));
  }

  function ask() {
    const mine = round;
    request({
      url: `${url}/api/variant`,
      method: 'POST',
      data: asked,
      header: {
        Authorization: token,
        'Content-Type': 'application/json',
        ...(kept ? { 'If-None-Match': kept.etag } : {}),
      },
      success: (answer) => mine === round && hear(answer),
      fail: () => mine === round && miss(),
    });
  }

  function hear({ statusCode, data, header }) {
    if (statusCode === 200) {
      failures = 0;
      kept = { asked, etag: find(header, 'etag'), variant: data };
      storage.setStorageSync(KEY, kept);
      onChange(data);
      askLater();
    } else if (statusCode === 304) {
      failures = 0;
      askLater();
    } else {
      miss(1000 * Number(find(header, 'retry-after') || 0));
    }
  }

  // What was answered before still holds: a feature never vanishes because a train is in a tunnel.
  function miss(atLeastMs) {
    failures = Math.min(failures + 1, 8);
    askLater(atLeastMs);
  }

  return {
    /** Begin, with what is remembered of this very person; ask at once. */
    start(context) {
      this.stop();
      asked = JSON.stringify({ context });
      const remembered = storage.getStorageSync(KEY);
      kept = remembered && remembered.asked === asked ? remembered : null;
      if (kept) onChange(kept.variant);
      ask();
    },
    /** End; an answer that is still under way is not heard. */
    stop() {
      clearTimeout(timer);
      round += 1;
    },
  };
}

// Names of headers come in any case.
function find(header, name) {
  const found = Object.keys(header ?? {}).find((key) => key.toLowerCase() === name);
  return found ? header[found] : '';
}
