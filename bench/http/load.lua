-- Ask one request after the other from a file: method, path, ETag and body, parted by tabs.
-- With BENCH_LEARN a new ETag is taken over, as the one client would that asks here.
local requests, fields, at = {}, {}, 0
local threads = {}
unchanged = 0

local function format(method, path, etag, body)
  local headers = { ["Authorization"] = os.getenv("BENCH_TOKEN"), ["Accept"] = "application/json" }
  if etag ~= "" then headers["If-None-Match"] = etag end
  if body ~= "" then headers["Content-Type"] = "application/json" end
  return wrk.format(method, path, headers, body ~= "" and body or nil)
end

function setup(thread)
  threads[#threads + 1] = thread
end

function init()
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    local method, path, etag, body = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$")
    fields = { method, path, etag, body }
    requests[#requests + 1] = format(method, path, etag, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

if os.getenv("BENCH_LEARN") == "1" then
  function response(status, headers)
    if status == 304 then
      unchanged = unchanged + 1
    elseif status == 200 then
      requests[1] = format(fields[1], fields[2], headers["ETag"] or headers["etag"], fields[4])
    end
  end
end

function done(summary, latency)
  local broken = summary.errors
  io.write(string.format(
    "FIGURES %d %d %d %.0f %.0f %d %d\n", summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    broken.connect + broken.read + broken.write + broken.timeout + broken.status,
    threads[1]:get("unchanged")))
end
