-- Ask /api/frontend with one context after the other; contexts and ETags come from a file.
local requests, at = {}, 0

function init()
  local token = os.getenv("BENCH_TOKEN")
  for line in io.lines(os.getenv("BENCH_CONTEXTS")) do
    local query, etag = line:match("^([^\t]*)\t(.*)$")
    local headers = { ["Authorization"] = token, ["Accept"] = "application/json" }
    if etag ~= "" then headers["If-None-Match"] = etag end
    requests[#requests + 1] = wrk.format("GET", "/api/frontend?" .. query, headers)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
