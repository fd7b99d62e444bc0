-- Requests in several support sessions in turn, read from the file SESSIONS: a path and a token on each line.
dofile((debug.getinfo(1, "S").source:match("^@?(.*/)") or "") .. "report.lua")

local requests, at, threads = {}, 0, 0

-- From one to another with a stride that differs from thread to thread, so that no order is everybody's.
function setup(thread)
  threads = threads + 1
  thread:set("stride", 2 * threads - 1)
end

function init()
  for line in io.lines(os.getenv("SESSIONS")) do
    local path, token = line:match("^(%S+) (%S+)$")
    requests[#requests + 1] = wrk.format("GET", path, { Host = wrk.headers["Host"], Authorization = "Bearer " .. token })
  end
end

function request()
  at = (at + stride) % #requests
  return requests[at + 1]
end
